from unittest.mock import patch

from odoo.tests import tagged
from odoo.tools import SQL

from odoo.addons.hospitality_crm.models.bulk import hospitality_bulk_profile
from odoo.addons.hospitality_crm.models.bulk.batch import Message

from .bulk_orm import OrmWriter
from .bulk_world import BulkWorld

TABLES = (
    "res.partner",
    "hospitality.profile",
    "hospitality.contact.point",
    "hospitality.contact.link",
    "hospitality.booking",
    "hospitality.reservation",
    "hospitality.stay",
    "hospitality.stay.guest",
    "hospitality.check",
    "hospitality.charge",
    "hospitality.payment",
)
# Who wrote a row and when is no business of the data; ids are compared through business keys.
IGNORED = {"id", "create_date", "write_date", "create_uid", "write_uid", "calendar_last_notif_ack"}


@tagged("post_install", "-at_install")
class TestBulkEquality(OrmWriter, BulkWorld):
    """Rows written set-wise equal rows written by the ORM in every stored column."""

    def _write_in_bulk(self):
        messages = [Message(number, [dict(event)]) for number, event in enumerate(self.events)]
        # The ORM compares each profile in full; so does this batch, whatever its size.
        with patch.object(hospitality_bulk_profile, "MATCH_AT_ONCE", len(messages)):
            self.env["hospitality.bulk"]._apply(self.source, messages, {"property_id": self.palace.id})
        self.assertEqual({message.state for message in messages}, {"done"}, [m.problem for m in messages])

    def _dump(self):
        """Return ``{model: {business key: {column: value}}}`` of all rows but those of the common world."""
        self.env.flush_all()
        keys = {model: self._get_keys(model) for model in TABLES}
        dump = {}
        for model in TABLES:
            rows = dump[model] = {}
            for row in self.env.execute_query_dict(
                SQL("SELECT * FROM %s WHERE id > %s", SQL.identifier(self.env[model]._table), self.last_ids[model])
            ):
                key = keys[model][row["id"]]
                self.assertNotIn(key, rows, f"two rows of {model} have the key {key}")
                rows[key] = {
                    name: self._comparable(model, name, value, keys)
                    for name, value in row.items()
                    if name not in IGNORED
                }
        return dump

    def _comparable(self, model, name, value, keys):
        field = self.env[model]._fields.get(name)
        if field is None:  # a column that PostgreSQL generates
            return value
        if value is not None and field.type == "many2one" and field.comodel_name in keys:
            return keys[field.comodel_name][value]
        if value is not None and field.type in ("float", "monetary"):
            return round(float(value), 6)
        return value

    def _get_keys(self, model):
        if model == "res.partner":
            query = SQL(
                "SELECT g.id, coalesce(min(p.external_id), g.id::text) FROM res_partner g"
                " LEFT JOIN hospitality_profile p ON p.partner_id = g.id GROUP BY g.id"
            )
        elif model == "hospitality.contact.point":
            query = SQL("SELECT id, channel || value FROM hospitality_contact_point")
        elif model == "hospitality.contact.link":
            query = SQL(
                "SELECT l.id, p.external_id || ' ' || c.value FROM hospitality_contact_link l"
                " JOIN hospitality_profile p ON p.id = l.profile_id"
                " JOIN hospitality_contact_point c ON c.id = l.point_id"
            )
        elif model == "hospitality.stay.guest":
            query = SQL(
                "SELECT g.id, s.external_id || ' ' || p.external_id || ' ' || g.role FROM hospitality_stay_guest g"
                " JOIN hospitality_profile p ON p.id = g.profile_id JOIN hospitality_stay s ON s.id = g.stay_id"
            )
        else:
            query = SQL("SELECT id, source_id || external_id FROM %s", SQL.identifier(self.env[model]._table))
        return dict(self.env.execute_query(query))

    def _run(self, write):
        with self.env.cr.savepoint() as savepoint:
            write()
            dump = self._dump()
            savepoint.rollback()
        self.env.invalidate_all(flush=False)
        return dump

    def test_rows_equal_those_of_the_orm(self):
        self.maxDiff = None
        self.last_ids = {
            model: self.env.execute_query(
                SQL("SELECT coalesce(max(id), 0) FROM %s", SQL.identifier(self.env[model]._table))
            )[0][0]
            for model in TABLES
        }
        ours = self._run(self._write_in_bulk)
        orm = self._run(self._write_by_orm)
        self.assertEqual(len(self.events), 1000)
        for model in TABLES:
            self.assertEqual(sorted(ours[model]), sorted(orm[model]), model)
            self.assertTrue(ours[model], model)
            for key, row in orm[model].items():
                self.assertEqual(ours[model][key], row, f"{model} {key}")
