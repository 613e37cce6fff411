from odoo.exceptions import AccessError
from odoo.tests import tagged

from odoo.addons.hospitality_crm.tests.common import HospitalityCommon
from odoo.addons.hospitality_crm.tests.test_access import AccessMatrixMixin

from ..engine.adapter import Hint


@tagged("post_install", "-at_install")
class TestConnectorsAccessMatrix(AccessMatrixMixin, HospitalityCommon):
    matrix_path = "hospitality_connectors/tests/access_matrix.csv"
    module = "hospitality_connectors"

    def test_raw_records_are_for_administrators(self):
        """What a source sent may hold anything: a manager sees that it waits and why, not the record."""
        Inbox = self.env["hospitality.connector.inbox"]
        with self.assertRaises(AccessError):
            Inbox.with_user(self.users["manager"]).search_read([], ["body"])
        Inbox.with_user(self.users["manager"]).search_read([], ["error_message"])
        Inbox.with_user(self.users["admin"]).search_read([], ["body"])

    def test_companies_are_separate(self):
        """The inbox of another company's hotel stays closed, also for an administrator of this one."""
        source = self.env["hospitality.source"].create(
            {"name": "Harbour PMS", "code": "t_har", "property_id": self.harbour.id}
        )
        connector = self.env["hospitality.connector"].create(
            {"name": "Harbour", "adapter": "file", "source_id": source.id, "property_id": self.harbour.id}
        )
        record = self.env["hospitality.connector.inbox"].create(
            {"connector_id": connector.id, "event_key": "1", "body": "{}"}
        )
        mapping = self.env["hospitality.connector.mapping"].create(
            {"connector_id": connector.id, "kind": "room", "code": "101"}
        )
        self.env["hospitality.connector.hint"]._note(connector, [Hint("stay", "S1")])
        hint = self.env["hospitality.connector.hint"].search([("connector_id", "=", connector.id)])
        self.env.cr.execute(
            "INSERT INTO hospitality_connector_comparison (connector_id, day) VALUES (%(id)s, now());"
            "INSERT INTO hospitality_connector_difference (connector_id, entity, external_id, kind)"
            " VALUES (%(id)s, 'stay', 'S1', 'missing');"
            "INSERT INTO hospitality_connector_outbox (connector_id, profile_id, kind, topic, state)"
            " VALUES (%(id)s, 0, 'vip', '', 'waiting')",
            {"id": connector.id},
        )
        rows = [
            self.env[f"hospitality.connector.{name}"].search([("connector_id", "=", connector.id)])
            for name in ("comparison", "difference", "outbox")
        ]
        for target in (connector, record, mapping, hint, *rows):
            self.assertTrue(target)
            with self.assertRaises(AccessError, msg=target._name):
                target.with_user(self.users["admin"]).read([target._rec_name])
