from odoo.tests import new_test_user, tagged

from .common import ConnectorCommon


@tagged("post_install", "-at_install")
class TestConnectorLog(ConnectorCommon):
    """Who makes, changes or stops a connector is written down, without its settings."""

    def test_changes_are_logged_without_values(self):
        admin = new_test_user(self.env, login="t_log_admin", groups="hospitality_crm.group_hospitality_admin")
        connector = self.connector.with_user(admin)
        Log = self.env["hospitality.access.log"]
        last = Log.search([], limit=1).id or 0
        connector.write({"settings": {"token": "top-secret"}})
        connector.action_pause()
        connector.write({"sequence": 3})
        copy = connector.create({"name": "Other", "source_id": self.source.id, "adapter": "canonical"})
        copy.unlink()
        rows = Log.search([("id", ">", last), ("kind", "=", "connector")], order="id")
        self.assertEqual(
            [(row.details, row.field_names) for row in rows],
            [
                ("changed", "settings"),
                ("settings changed", "token"),
                ("changed", "state"),
                ("created", False),
                ("deleted", False),
            ],
        )
        self.assertEqual(rows.user_id, admin)
        self.assertFalse(rows.filtered(lambda row: "top-secret" in str(row.read())))
