import datetime

from freezegun import freeze_time

from .common import HospitalityCommon

TODAY = datetime.date(2026, 6, 15)


class MetricsCase(HospitalityCommon):
    """The world without its stays, on a fixed day."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.enterClassContext(freeze_time("2026-06-15 12:00:00"))
        (cls.stay_anna | cls.stay_ben | cls.stay_carla).unlink()
        cls.env["hospitality.guest.dirty"].search([]).unlink()
        cls.Metrics = cls.env["hospitality.guest.metrics"]
        cls.restaurant, cls.bar, cls.spa = cls.env["hospitality.outlet"].create(
            [
                {"name": name, "code": name, "kind": kind, "property_id": cls.palace.id}
                for name, kind in (("Garden", "restaurant"), ("Bar", "bar"), ("Spa", "spa"))
            ]
        )
        cls.own_site, cls.ota = cls.env["hospitality.channel"].create(
            [
                {"name": "Own Site", "code": "t_own", "kind": "direct"},
                {"name": "OTA", "code": "t_ota", "kind": "ota"},
            ]
        )
        cls.single, cls.suite = cls.env["hospitality.room.type"].create(
            [{"name": code, "code": code, "property_id": cls.palace.id} for code in ("SGL", "STE")]
        )

    @classmethod
    def _stay(cls, guest, days=-10, nights=2, people=None, **values):
        stay = cls._create_stay(
            guest, cls.palace, arrival=TODAY + datetime.timedelta(days=days), nights=nights, **values
        )
        for person, more in people or []:
            cls.env["hospitality.stay.guest"].create({"stay_id": stay.id, "partner_id": person.id, **more})
        return stay

    @classmethod
    def _check(cls, guest, days=-5, total=100, outlet=None, dishes=(), **values):
        outlet = outlet or cls.restaurant
        check = cls.env["hospitality.check"].create(
            {
                "partner_id": guest.id,
                "property_id": outlet.property_id.id,
                "outlet_id": outlet.id,
                "currency_id": outlet.property_id.currency_id.id,
                "business_date": TODAY + datetime.timedelta(days=days),
                "amount_total": total,
                "covers": 2,
                **values,
            }
        )
        cls.env["hospitality.charge"].create(
            [
                {
                    "check_id": check.id,
                    "name": dish,
                    "department": "fb",
                    "currency_id": check.currency_id.id,
                    "business_date": check.business_date,
                }
                for dish in dishes
            ]
        )
        return check

    @classmethod
    def _table(cls, guest, days=-5, **values):
        day = TODAY + datetime.timedelta(days=days)
        return cls.env["hospitality.reservation"].create(
            {
                "partner_id": guest.id,
                "property_id": cls.palace.id,
                "outlet_id": cls.restaurant.id,
                "starts_at": datetime.datetime.combine(day, datetime.time(17)),
                "business_date": day,
                "covers": 4,
                "status": "finished",
                **values,
            }
        )

    def _refresh(self):
        """Let a lane take the queue; everything that was touched must be in it."""
        while self.env["hospitality.guest.dirty"]._take(1000):
            pass

    def _metrics(self, guest, company=None):
        self._refresh()
        self.Metrics.invalidate_model()
        return self.Metrics.search([("partner_id", "=", guest.id), ("company_id", "=", (company or self.company).id)])

    def assertMetrics(self, guest, company=None, **expected):
        row = self._metrics(guest, company)
        self.assertEqual(len(row), 1)
        self.assertEqual({name: row[name] for name in expected}, expected)
