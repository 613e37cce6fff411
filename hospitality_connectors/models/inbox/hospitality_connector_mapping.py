import json

from odoo import api, fields, models
from odoo.exceptions import ValidationError
from odoo.tools import SQL

from odoo.addons.hospitality_crm.tools.arrays import pg_array

from ...engine import canonical

RECORD_KINDS = {
    "property": "hospitality.property",
    "room_type": "hospitality.room.type",
    "room": "hospitality.room",
    "channel": "hospitality.channel",
    "outlet": "hospitality.outlet",
    "currency": "res.currency",
    "consent_purpose": "hospitality.purpose",
    "preference": "hospitality.preference.type",
    "diet": "hospitality.allergen",
}
VALUE_KINDS = {
    "stay_status": canonical.STAY_STATUS,
    "reservation_status": canonical.RESERVATION_STATUS,
    "check_status": canonical.CHECK_STATUS,
    "department": canonical.DEPARTMENT,
    "method": canonical.PAYMENT_METHOD,
    "purpose": canonical.PURPOSE,
    "market": None,
}


class HospitalityConnectorMapping(models.Model):
    """What a word or code of the source means here.

    A code that nobody has mapped yet becomes a row *to map*, with the number of times it was seen:
    the list of these rows is the to-do list of whoever looks after the connector. Only confirmed
    rows are used.
    """

    _name = "hospitality.connector.mapping"
    _description = "Connector Mapping"
    _inherit = ["hospitality.cached"]
    _order = "connector_id, kind, code"
    _rec_name = "code"

    connector_id = fields.Many2one("hospitality.connector", required=True, ondelete="cascade")
    kind = fields.Selection(
        [
            ("stay_status", "Status of Stays and Bookings"),
            ("reservation_status", "Status of Table Reservations"),
            ("check_status", "Status of Checks"),
            ("property", "Property"),
            ("room_type", "Room Type"),
            ("room", "Room"),
            ("channel", "Channel"),
            ("outlet", "Outlet"),
            ("currency", "Currency"),
            ("market", "Market Segment"),
            ("department", "Department"),
            ("method", "Payment Method"),
            ("purpose", "Purpose of the Stay"),
            ("consent_purpose", "Purpose of a Consent"),
            ("preference", "Preference"),
            ("diet", "Allergen or Diet"),
        ],
        required=True,
    )
    code = fields.Char(string="In the Source", required=True)
    target = fields.Char(string="Means", help="Code of the record, or the value, that it stands for here.")
    state = fields.Selection(
        [("unmapped", "To Map"), ("proposed", "Proposed"), ("confirmed", "Confirmed")],
        required=True,
        default="unmapped",
        index=True,
    )
    seen_count = fields.Integer(string="Times Seen", readonly=True)
    company_id = fields.Many2one(related="connector_id.company_id", store=True, index=True)

    _code_uniq = models.Constraint(
        "UNIQUE (connector_id, kind, code)", "This code has a mapping already in the connector."
    )

    @api.constrains("kind", "target", "state")
    def _check_target(self):
        for mapping in self.filtered(lambda m: m.state == "confirmed"):
            values = VALUE_KINDS.get(mapping.kind)
            if not mapping.target:
                raise ValidationError(self.env._("Say what “%s” means before you confirm it.", mapping.code))
            if values and mapping.target not in values:
                raise ValidationError(
                    self.env._(
                        "“%(target)s” is no value for %(code)s. Choose one of: %(values)s.",
                        target=mapping.target,
                        code=mapping.code,
                        values=", ".join(values),
                    )
                )
            model = RECORD_KINDS.get(mapping.kind)
            field = "name" if mapping.kind == "currency" else "code"
            if model and not self.env[model].search_count([(field, "=", mapping.target)], limit=1):
                raise ValidationError(
                    self.env._(
                        "There is no %(model)s with the code “%(code)s”. Create it first.",
                        model=self.env[model]._description,
                        code=mapping.target,
                    )
                )

    def action_confirm(self):
        """Use the meaning from now on, and have the records that had to do without it applied again."""
        self.write({"state": "confirmed"})
        for mapping in self:
            mapping._replay_records()

    def _replay_records(self):
        self.ensure_one()
        self.env.flush_all()
        rows = self.env.execute_query(
            SQL(
                "SELECT id FROM hospitality_connector_inbox WHERE connector_id = %s AND warnings IS NOT NULL"
                " AND warnings @> %s::jsonb AND state IN ('done', 'quarantined')",
                self.connector_id.id,
                json.dumps([f"{self.kind}:{self.code}"[:255]]),
            )
        )
        Inbox = self.env["hospitality.connector.inbox"].sudo()  # whoever may say what a code means may apply it
        Inbox.browse([row[0] for row in rows])._replay(force=True)

    @api.model
    def _note_unmapped(self, connector, unmapped):
        """Add a row *to map* per unknown code, or count it up.

        :param dict unmapped: ``{(kind, code): times seen}``
        """
        keys = sorted(unmapped)
        self.env.cr.execute(
            SQL(
                "INSERT INTO hospitality_connector_mapping AS m (connector_id, company_id, kind, code, state,"
                " seen_count, create_uid, write_uid, create_date, write_date)"
                " SELECT %(connector)s, %(company)s, v.kind, v.code, 'unmapped', v.seen, %(uid)s, %(uid)s,"
                " now() AT TIME ZONE 'UTC', now() AT TIME ZONE 'UTC'"
                " FROM unnest(%(kinds)s::varchar[], %(codes)s::varchar[], %(seen)s::int[]) AS v(kind, code, seen)"
                " ON CONFLICT (connector_id, kind, code) DO UPDATE SET seen_count = coalesce(m.seen_count, 0)"
                " + excluded.seen_count",
                connector=connector.id,
                company=connector.company_id.id or None,
                uid=self.env.uid,
                kinds=pg_array([kind for kind, _code in keys]),
                codes=pg_array([code for _kind, code in keys]),
                seen=pg_array([unmapped[key] for key in keys]),
            )
        )
        self.invalidate_model(flush=False)
