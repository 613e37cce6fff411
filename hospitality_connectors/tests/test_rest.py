from odoo.exceptions import UserError, ValidationError
from odoo.tests import Form, tagged

from .test_reader import ReaderCommon


@tagged("post_install", "-at_install")
class TestRest(ReaderCommon):
    """A system without an adapter of its own: described on the screen, read as the others are."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.connector.write({"adapter": "rest", "settings": {"url": cls.vendor.url, "auth": "token"}})
        cls.connector._set_secret("token", "token-1")
        cls.entry = cls.env["hospitality.connector.list"].create(
            {
                "connector_id": cls.connector.id,
                "name": "bookings",
                "rows": "stay",
                "path": "/stays?by=modified",
                "items": "stays",
                "version_path": "modified",
                "since_param": "from",
                "until_param": "to",
                "detail_path": "/stays/{id}",
                "paging": "none",
            }
        )

    def _add(self):
        # Names that a person reads at once, so that they can be proposed.
        self.vendor.page_size = 50
        self.addCleanup(setattr, self.vendor, "page_size", 3)
        for number in range(4):
            self.vendor.add(f"s{number}")

    def test_a_list_is_a_stream(self):
        self.assertEqual(self._cursor("bookings").kind, "changes")
        self.entry.unlink()
        self.assertFalse(self.connector.stream_ids.filtered("next_at"))

    def test_sample_proposes_what_columns_mean_and_people_correct_it(self):
        self._add()
        action = self.entry.action_read_sample()
        wizard = self.env[action["res_model"]].browse(action["res_id"])
        found = {line.column: line for line in wizard.line_ids}
        self.assertEqual(found["arrival"].target, "stay.arrival")
        self.assertEqual(found["departure"].target, "stay.departure")
        self.assertEqual(found["name"].sample[:5], "Guest")
        with Form(wizard) as form:
            for index, line in enumerate(wizard.line_ids):
                targets = {"id": "stay.external_id", "guest": "guest.external_id", "name": "guest.name"}
                targets |= {"status": "stay.status", "total": "stay.amount_total", "modified": False}
                if line.column in targets:
                    with form.line_ids.edit(index) as row:
                        row.target = targets[line.column]
        wizard.action_apply()
        self._read("bookings")
        stays = self._stays()
        self.assertEqual(len(stays), 4)
        self.assertEqual(set(stays.mapped("status")), {"reserved"})
        self.assertEqual(set(stays.mapped("amount_total")), {200.0})
        self.assertIn("Guest s1", stays.partner_id.mapped("name"))

    def test_records_wait_until_their_columns_have_a_meaning(self):
        self._add()
        self._read("bookings")
        rows = self.env["hospitality.connector.inbox"].search([("connector_id", "=", self.connector.id)])
        self.assertEqual(set(rows.mapped("state")), {"quarantined"})
        self.assertEqual(set(rows.mapped("error_code")), {"no_mapping"})
        action = self.entry.action_read_sample()
        wizard = self.env[action["res_model"]].browse(action["res_id"])
        wizard.line_ids.filtered(lambda line: line.column == "id").target = "stay.external_id"
        wizard.action_apply()
        self.connector._process()
        self.assertEqual(len(self._stays()), 4)

    def test_nothing_to_show_is_said(self):
        with self.assertRaisesRegex(UserError, "no record"):
            self.entry.action_read_sample()
        self.vendor.script[:] = [403]
        with self.assertRaisesRegex(UserError, "403"):
            self.entry.action_read_sample()

    def test_description_is_checked(self):
        with self.assertRaisesRegex(ValidationError, "letters"):
            self.entry.copy({"name": "my bookings"})
        with self.assertRaisesRegex(ValidationError, "{id}"):
            self.entry.detail_path = "/stays/1"

    def test_test_connection_counts_each_list(self):
        self._add()
        action = self.connector.action_test()
        self.assertEqual(action["params"]["type"], "success")
        self.assertIn("bookings: 4 records", action["params"]["message"])
