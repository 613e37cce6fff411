import gzip
import io

import openpyxl

from odoo.tests import TransactionCase
from odoo.tools import SQL

STAYS = """Res;Hotel;Guest;Mail;From;To;State;Total
R1;F-CITY;Ann Lee;ann@sunmail.co;01.02.2025;03.02.2025;Checked out;200,00
R2;F-CITY;Bob Ray;bob@sunmail.co;02.02.2025;05.02.2025;Cancelled;330,50
R3;F-BAY;Ann Lee;ann@sunmail.co;25.03.2025;27.03.2025;Confirmed;180,00
"""
STAY_MAPPING = {
    "rows": "stay",
    "columns": [
        {"column": "Res", "target": "stay.external_id"},
        {"column": "Hotel", "target": "stay.property"},
        {"column": "Guest", "target": "guest.name"},
        {"column": "Mail", "target": "guest.email"},
        {"column": "From", "target": "stay.arrival"},
        {"column": "To", "target": "stay.departure"},
        {"column": "State", "target": "stay.status"},
        {"column": "Total", "target": "stay.amount_total"},
    ],
    "options": {"decimal": ",", "date_order": "dmy"},
}
FACTS = (
    "res_partner",
    "hospitality_profile",
    "hospitality_contact_point",
    "hospitality_contact_link",
    "hospitality_booking",
    "hospitality_stay",
    "hospitality_stay_guest",
    "hospitality_reservation",
    "hospitality_check",
    "hospitality_charge",
    "hospitality_payment",
)


class FileCommon(TransactionCase):
    """Two hotels, and a connector for the files of their property system."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env = cls.env(context={**cls.env.context, "tracking_disable": True})
        cls.euro = cls.env.ref("base.EUR")
        cls.euro.active = True
        Property = cls.env["hospitality.property"]
        common = {"tz": "Europe/Kyiv", "currency_id": cls.euro.id}
        cls.city = Property.create({"name": "City", "code": "F-CITY", **common})
        cls.bay = Property.create({"name": "Bay", "code": "F-BAY", **common})
        cls.source = cls.env["hospitality.source"].create({"name": "PMS Files", "code": "f_files", "kind": "file"})
        cls.connector = cls.env["hospitality.connector"].create(
            {"name": "PMS Files", "source_id": cls.source.id, "adapter": "file", "property_id": cls.city.id}
        )
        cls.Job = cls.env["hospitality.import.job"]

    def setUp(self):
        super().setUp()
        # The steps of an import run on cursors of their own.
        mode = self.enter_registry_test_mode()
        mode.__enter__()
        self.addCleanup(mode.__exit__, None, None, None)

    def _job(self, content=STAYS, mapping=None, name="stays.csv", **options):
        if isinstance(content, str):
            content = content.encode()
        return self.Job._create_from_file(name, self.connector, content=content, mapping=mapping, options=options)

    def _run(self, job, task="import", **kwargs):
        self.env.flush_all()
        self.env["hospitality.import.runner"]._run(job, task, **kwargs)
        self.env.invalidate_all()
        return job.verify_report if task == "import" else job.check_report

    def _work(self):
        """Let the background work on what waits."""
        self.env.flush_all()
        with self.registry.cursor() as cr:
            self.env(cr=cr)["hospitality.import.runner"]._run_waiting()
        self.env.invalidate_all()

    def _import(self, content=STAYS, mapping=STAY_MAPPING, **kwargs):
        return self._run(self._job(content, mapping, **kwargs))

    def _stays(self):
        return self.env["hospitality.stay"].search([("source_id", "=", self.source.id)], order="external_id")

    def _dump(self):
        """Return what the fact tables hold, with the physical place of each row: a rewrite moves it."""
        self.env.flush_all()
        return {
            table: self.env.execute_query(SQL("SELECT ctid::text, id FROM %s ORDER BY id", SQL.identifier(table)))
            for table in FACTS
        }

    def _workbook(self, rows):
        book = openpyxl.Workbook()
        for row in rows:
            book.active.append(row)
        stream = io.BytesIO()
        book.save(stream)
        return stream.getvalue()

    def _packed(self, text):
        return gzip.compress(text.encode())
