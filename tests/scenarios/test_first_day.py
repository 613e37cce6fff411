import datetime
import json
from unittest.mock import patch

from odoo import fields
from odoo.tests import tagged

from odoo.addons.hospitality_crm.tests.common import HospitalityCommon


@tagged("post_install", "-at_install")
class TestFirstDay(HospitalityCommon):
    """A house imports its files on the first day and works with them (S1, S5, S6, S17, S18, S25, S127)."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.registry_enter_test_mode_cls()
        cls.manager = cls._create_role_user("manager")
        cls.reception = cls._create_role_user("reception")
        cls.today = cls.palace._get_business_dates()[cls.palace.id]
        cls.env["hospitality.room"].create({"name": "101", "code": "101", "property_id": cls.palace.id})
        cls.connector = cls.env["hospitality.connector"].create(
            {"name": "Front desk", "adapter": "file", "source_id": cls.source.id, "property_id": cls.palace.id}
        )

    def _import(self, name, records, **mapping):
        content = json.dumps(records, default=str).encode()
        job = self.env["hospitality.import.job"]._create_from_file(
            name, self.connector, content=content, mapping=mapping
        )
        # The other cursors of the test mode share this one's transaction: there is nothing to commit.
        with patch.object(self.cr, "commit", self.cr.flush):
            return job._run_now()

    def _import_stays(self):
        day = datetime.timedelta(days=1)
        rows = [
            {
                "no": "S1", "guest": "G1", "name": "Тарас Шевченко", "mail": "taras@postbox.internal",
                "room": "101", "from": self.today, "to": self.today + 2 * day, "status": "reserved",
            },
            {
                "no": "S0", "guest": "G0", "name": "Taras Shevchenko", "mail": "Taras@Postbox.Internal",
                "room": "101", "from": self.today - 40 * day, "to": self.today - 38 * day, "status": "checked_out",
            },
        ]  # fmt: skip
        targets = {
            "no": "stay.external_id", "guest": "guest.external_id", "name": "guest.name", "mail": "guest.email",
            "room": "stay.room", "from": "stay.arrival", "to": "stay.departure", "status": "stay.status",
        }  # fmt: skip
        return self._import(
            "stays.json",
            rows,
            rows="stay",
            columns=[{"column": column, "target": target} for column, target in targets.items()],
        )

    def test_first_day(self):
        report = self._import_stays()
        self.assertEqual((report["rows"], report["loaded"], report["quarantined"]), (2, 2, 0))
        self.assertFalse(report["differences"])
        stays = self.env["hospitality.stay"].search([("source_id", "=", self.source.id)], order="arrival")
        guest = stays.partner_id
        self.assertEqual(len(guest), 1, "two bookings with one address and one name are one guest")
        self.assertEqual(len(guest.profile_ids), 2)

        found = self.env["res.partner"].with_user(self.reception)
        for words in ("Шевченко", "shevch", "taras@postbox.internal"):
            self.assertIn(guest.id, [partner_id for partner_id, _name in found.name_search(words)], words)

        self.env["hospitality.alert"].with_user(self.reception).create(
            {"partner_id": guest.id, "kind": "vip", "message": "Fruit basket"}
        )
        board = self.env["hospitality.board"].with_user(self.reception)
        data = board.get_board(self.palace.id, fields.Date.to_string(self.today))
        self.assertIn("Fruit basket", json.dumps(data, ensure_ascii=False))

        arriving = stays[-1].with_user(self.reception)
        arriving.action_check_in()
        self.assertEqual(arriving.status, "in_house")

        self.env["hospitality.guest.metrics"]._refresh(guest.ids)
        metrics = guest.metrics_ids.filtered(lambda row: row.company_id == self.company)
        self.assertEqual((metrics.stay_count, metrics.first_visit), (2, self.today - datetime.timedelta(days=40)))

        again = self._import_stays()
        self.assertEqual(again["quarantined"], 0)
        self.assertEqual(arriving.status, "in_house", "an old file does not undo what staff did since")
        delivered = guest.profile_ids.filtered(lambda profile: profile.source_id == self.source)
        self.assertEqual(delivered, stays.profile_id, "nobody is made twice")
