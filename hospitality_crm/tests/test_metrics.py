import datetime

from freezegun import freeze_time

from odoo.tests import tagged

from .metrics_common import TODAY, MetricsCase


@tagged("post_install", "-at_install")
class TestMetricsOfStays(MetricsCase):
    def test_sharers_share_nights_and_the_payer_has_the_spend(self):
        self._stay(
            self.anna,
            nights=3,
            amount_room=300,
            amount_fb=50,
            people=[
                (self.anna, {"role": "primary", "pays": False}),
                (self.ben, {"role": "sharer", "pays": True}),
            ],
        )
        self.assertMetrics(self.anna, stay_count=1, night_count=3, revenue_total=0)
        self.assertMetrics(self.ben, stay_count=1, night_count=3, revenue_room=300, revenue_fb=50, adr=100)

    def test_of_several_payers_one_has_the_spend(self):
        for roles, payer in (
            ([("primary", 5), ("sharer", 1)], 0),
            ([("primary", 0), ("payer", 1)], 1),
            ([("sharer", 2), ("companion", 1)], 1),
            ([("sharer", 1), ("companion", 1)], 0),
        ):
            with self.subTest(roles=roles):
                people = (self.anna, self.ben)
                stay = self._stay(
                    self.anna,
                    amount_room=200,
                    people=[
                        (person, {"role": role, "sequence": sequence, "pays": True})
                        for person, (role, sequence) in zip(people, roles, strict=True)
                    ],
                )
                self.assertMetrics(people[payer], stay_count=1, revenue_room=200)
                self.assertMetrics(people[1 - payer], stay_count=1, revenue_room=0)
                stay.unlink()

    def test_nobody_marked_as_payer(self):
        self._stay(self.anna, amount_room=200, people=[(self.ben, {"role": "sharer", "pays": False})])
        self.assertMetrics(self.anna, stay_count=0, night_count=0, revenue_room=200, adr=100)
        self.assertMetrics(self.ben, stay_count=1, night_count=2, revenue_room=0)

    def test_stay_without_people_counts_for_its_guest(self):
        self._stay(self.anna, nights=4, amount_room=400)
        self.assertMetrics(self.anna, stay_count=1, night_count=4, revenue_room=400)

    def test_one_person_in_two_roles_counts_once(self):
        self._stay(
            self.anna,
            nights=2,
            amount_room=200,
            people=[(self.anna, {"role": "primary"}), (self.anna, {"role": "payer"})],
        )
        self.assertMetrics(self.anna, stay_count=1, night_count=2, revenue_room=200, adr=100)

    def test_one_person_in_two_roles_that_do_not_pay(self):
        self._stay(
            self.anna,
            amount_room=200,
            people=[(self.anna, {"role": "primary", "pays": False}), (self.anna, {"role": "booker", "pays": False})],
        )
        self.assertMetrics(self.anna, stay_count=1, revenue_room=200)

    def test_booker_who_does_not_sleep(self):
        self._stay(
            self.anna,
            people=[
                (self.anna, {"role": "primary", "pays": False}),
                (self.ben, {"role": "booker", "sleeps": False, "pays": False}),
            ],
        )
        self.assertMetrics(self.anna, stay_count=1)
        self.assertFalse(self._metrics(self.ben))

    def test_statuses(self):
        for status, days in (
            ("checked_out", -10),
            ("in_house", -1),
            ("cancelled", 5),
            ("cancelled", -5),
            ("no_show", -7),
            ("reserved", 0),
            ("reserved", 30),
            ("optional", 20),
            ("reserved", -1),
            ("enquiry", 10),
            ("waitlist", 11),
            ("unknown", -20),
        ):
            self._stay(self.anna, days=days, status=status)
        self.assertMetrics(
            self.anna,
            stay_count=2,
            cancel_count=2,
            no_show_count=1,
            upcoming_count=3,
            next_visit=TODAY,
            first_visit=TODAY - datetime.timedelta(days=10),
            last_visit=TODAY - datetime.timedelta(days=1),
        )

    def test_unknown_status_alone_makes_no_row(self):
        self._stay(self.anna, status="unknown", amount_room=100)
        self.assertFalse(self._metrics(self.anna))

    def test_reinstated_no_show(self):
        stay = self._stay(self.anna, status="no_show")
        self.assertMetrics(self.anna, no_show_count=1, stay_count=0)
        stay.status = "checked_out"
        self.assertMetrics(self.anna, no_show_count=0, stay_count=1)

    def test_posting_master_earns_without_nights(self):
        self._stay(self.anna, amount_other=500, is_pseudo=True)
        self.assertMetrics(self.anna, stay_count=0, night_count=0, revenue_other=500, adr=0, last_visit=False)

    def test_revenue_of_stays_that_did_not_take_place(self):
        self._stay(self.anna, status="cancelled", amount_room=80, revenue_basis="lines")
        self._stay(self.anna, status="no_show", amount_room=300, revenue_basis="rate")
        self._stay(self.anna, status="cancelled", amount_room=300, revenue_basis="source")
        self._stay(self.anna, status="reserved", days=9, amount_room=300, revenue_basis="lines")
        self.assertMetrics(self.anna, revenue_room=80, adr=0)

    def test_amounts_are_converted_at_the_rate_of_the_stay(self):
        other = self.env["res.currency"].create({"name": "TTT", "symbol": "t"})
        self._stay(self.anna, amount_room=100, amount_fb=10, currency_id=other.id, currency_rate=1.5)
        self._stay(self.anna, amount_room=100, amount_fb=10)
        self.assertMetrics(self.anna, revenue_room=250, revenue_fb=25, revenue_total=275)

    def test_companies_are_kept_apart(self):
        self._stay(self.anna, amount_room=100)
        self._create_stay(self.anna, self.harbour, arrival=TODAY - datetime.timedelta(days=3), amount_room=70)
        self.assertMetrics(self.anna, stay_count=1, revenue_room=100)
        self.assertMetrics(self.anna, self.company_2, stay_count=1, revenue_room=70)

    def test_amounts_are_rounded_to_the_currency_of_the_company(self):
        whole = self.env["res.currency"].create({"name": "WWW", "symbol": "w", "rounding": 1})
        self.company_2.currency_id = whole
        self._create_stay(
            self.anna, self.harbour, TODAY - datetime.timedelta(days=9), amount_room=100, currency_rate=0.3333
        )
        self.assertMetrics(self.anna, self.company_2, revenue_room=33, adr=17)

    def test_channels_lead_time_and_room_types(self):
        for days, channel, room_type, booked in (
            (-30, self.ota, self.suite, -40),
            (-20, self.own_site, self.single, -20),
            (-10, self.own_site, self.suite, None),
            (-5, self.ota, self.single, -10),
        ):
            self._stay(
                self.anna,
                days=days,
                channel_id=channel.id,
                room_type_id=self.single.id,
                room_type_charged_id=room_type.id,
                booked_on=booked and TODAY + datetime.timedelta(days=booked),
            )
        self._stay(self.anna, days=5, status="reserved", channel_id=self.own_site.id)
        self.assertMetrics(
            self.anna,
            direct_count=2,
            direct_share=0.5,
            lead_time_avg=5,
            channel_id=self.ota,
            room_type_id=self.single,
        )

    def test_equal_favourites_of_the_same_day(self):
        self._stay(self.anna, room_type_id=self.suite.id)
        self._stay(self.anna, room_type_id=self.single.id)
        self.assertMetrics(self.anna, room_type_id=self.single)

    def test_overdue_visit_is_forgotten(self):
        self._stay(self.anna, days=0, status="reserved")
        self.assertMetrics(self.anna, upcoming_count=1)
        with freeze_time("2026-06-16 12:00:00"):
            self.Metrics._mark_overdue()
            self.assertFalse(self._metrics(self.anna))

    def test_business_day_decides_what_is_upcoming(self):
        self._stay(self.anna, days=0, status="reserved")
        with freeze_time("2026-06-16 00:30:00"):  # 03:30 on the 16th in the property, whose day ends at 4
            self.Metrics._mark_overdue()
            self.assertMetrics(self.anna, upcoming_count=1)
