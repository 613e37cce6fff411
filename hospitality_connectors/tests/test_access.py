from odoo.exceptions import AccessError
from odoo.tests import tagged

from odoo.addons.hospitality_crm.tests.common import HospitalityCommon
from odoo.addons.hospitality_crm.tests.test_access import AccessMatrixMixin


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
        for target in (connector, record):
            with self.assertRaises(AccessError):
                target.with_user(self.users["admin"]).read(["display_name"])
