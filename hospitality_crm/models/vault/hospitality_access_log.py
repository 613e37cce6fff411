import hashlib
import secrets

import psycopg2.errors

from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import SQL

from ...tools.arrays import pg_int_array
from ...tools.id_array import IdArray
from ...tools.soft_many2one import SoftMany2one

KINDS = [
    ("document", "Identity Document Revealed"),
    ("document_change", "Identity Document Recorded or Deleted"),
    ("allergy", "Allergies Read"),
    ("contact", "Contact Data Revealed"),
    ("export", "Export"),
    ("merge", "Guests Merged"),
    ("unmerge", "Merge Taken Back"),
    ("erasure", "Erasure"),
    ("request", "Privacy Request"),
    ("retention", "Retention"),
    ("rights", "Rights Changed"),
    ("connector", "Connector Changed"),
]
#: A screen that refreshes by itself is one view: who saw something of a guest so many minutes ago sees it again.
SAME_VIEW_MINUTES = 15
#: More guests than this are counted rather than named on the screen.
NAMES_SHOWN = 3


class HospitalityAccessLog(models.Model):
    """Who saw, exported or changed what must not be seen by everybody: one row per act, whatever the number of guests.

    It answers "who saw this passport in May", so rows name the guests (``guest_ids``, as they were at that time: the
    search follows merges), never values. Conditions of an export are kept without what was searched for. The reason
    that a person gave lies in `hospitality.access.reason`, which may be emptied; the row keeps a salted hash of it.
    Rows aren't sealed: there are too many of them to be read as a whole every day.
    """

    _name = "hospitality.access.log"
    _description = "Access to Sensitive Data"
    _inherit = ["hospitality.ledger"]
    _order = "id desc"
    _rec_name = "kind"

    at = fields.Datetime(string="When", required=True, readonly=True)
    user_id = SoftMany2one("res.users", string="Who", required=True, readonly=True, ondelete="restrict")
    company_id = SoftMany2one("res.company", readonly=True, ondelete="restrict")
    kind = fields.Selection(KINDS, string="What", required=True, readonly=True)
    model = fields.Char(readonly=True)
    record_ids = IdArray(string="Records", readonly=True)
    guest_ids = IdArray(string="Guests", readonly=True)
    count = fields.Integer(string="Number", readonly=True, aggregator="sum")
    field_names = fields.Char(string="Names of the Fields", readonly=True)
    condition = fields.Char(string="Chosen by", readonly=True, help="How the records were chosen, without the values.")
    details = fields.Char(readonly=True)
    reason_hash = fields.Char(readonly=True, size=64)

    guest_id = fields.Many2one(
        "res.partner", string="Guest", compute="_compute_guests", search="_search_guest_id", compute_sudo=True
    )
    guest_names = fields.Char(string="Whose Data", compute="_compute_guests", compute_sudo=True)
    model_label = fields.Char(string="Kind of Record", compute="_compute_labels", compute_sudo=True)
    field_labels = fields.Char(string="Fields", compute="_compute_labels", compute_sudo=True)
    details_text = fields.Char(string="In Detail", compute="_compute_labels", compute_sudo=True)
    reason_ids = fields.One2many("hospitality.access.reason", "log_id", string="Reasons")
    reason = fields.Text(string="Why", related="reason_ids.reason")

    _guests_idx = models.Index("USING gin (guest_ids)")
    _user_idx = models.Index("(user_id, id)")
    _kind_idx = models.Index("(kind, id)")
    _at_idx = models.Index("(at)")

    @api.depends("guest_ids", "record_ids", "details")
    def _compute_guests(self):
        Partner = self.env["res.partner"]
        shown = {row: row.guest_ids[:NAMES_SHOWN] for row in self}
        partners = Partner.browse({id_ for ids in shown.values() for id_ in ids}).exists()
        for row, ids in shown.items():
            known = partners.filtered(lambda partner, ids=ids: partner.id in ids)
            row.guest_id = known if len(row.guest_ids) == 1 else False
            names = ", ".join(known.mapped("display_name"))
            more = len(row.guest_ids) - NAMES_SHOWN
            row.guest_names = self.env._("%(names)s and %(count)s more", names=names, count=more) if more > 0 else names
            if not row.guest_ids and row.kind in ("rights", "connector") and row.model in self.env:
                records = self.env[row.model].with_context(active_test=False).browse(row.record_ids).exists()
                row.guest_names = ", ".join(records.mapped("display_name"))

    @api.depends("model", "field_names", "details", "kind")
    @api.depends_context("lang")
    def _compute_labels(self):
        acts = {
            "created": self.env._("Created"),
            "changed": self.env._("Changed"),
            "deleted": self.env._("Deleted"),
        }
        groups = self._get_group_names() if "rights" in self.mapped("kind") else {}
        for row in self:
            Model = self.env.get(row.model) if row.model else None
            row.model_label = self.env["ir.model"]._get(row.model).name if Model is not None else row.model
            known = {} if Model is None else Model._fields
            row.field_labels = ", ".join(
                known[name]._description_string(self.env) if name in known else name
                for name in (row.field_names or "").split(", ")
                if name
            )
            details = row.details or ""
            if row.kind == "rights":
                # Gained groups begin with a plus, lost ones with a minus.
                row.details_text = ", ".join(f"{part[0]} {groups.get(part[1:], part[1:])}" for part in details.split())
            else:
                row.details_text = acts.get(details, details)

    @api.model
    def _get_group_names(self):
        """Return the names of the product's groups by their external names, in the user's language."""
        external = self.env["res.groups"]._get_hospitality_groups()
        groups = self.env["res.groups"].browse(external)
        return {external[group.id]: group.name.removeprefix("Hospitality: ") for group in groups}

    @api.model
    def _search_guest_id(self, operator, value):
        Partner = self.env["res.partner"].with_context(active_test=False)
        if operator == "in":
            found = Partner.browse(id_ for id_ in value if id_)
        elif operator in ("ilike", "=ilike", "like") and isinstance(value, str):
            found = Partner.search([("display_name", operator, value)], limit=1000)
        elif operator == "any":
            found = Partner.search(value)
        else:
            return NotImplemented
        targets = Partner.browse(set(found._get_merged_targets().values()))
        family = targets._get_merged_family()
        return Domain.custom(
            to_sql=lambda model, alias, query: SQL(
                "%s && %s::int4[]", SQL.identifier(alias, "guest_ids"), pg_int_array(family.ids)
            )
        )

    @api.depends("kind", "at")
    def _compute_display_name(self):
        labels = dict(self._fields["kind"]._description_selection(self.env))
        for row in self:
            row.display_name = f"{labels.get(row.kind, row.kind)} #{row.id}"

    @api.model
    def _log(self, kind, records=None, guests=None, *, once=False, **facts):
        """Write down an act of the current user.

        It is written in the current transaction: what is rolled back was seen by nobody. A request that was meant to
        read only is served again by the primary.

        :param str kind: a key of ``KINDS``
        :param records: records of one model that were seen or changed
        :param guests: whose data these are, ``res.partner`` or ids; by default the guests of the records
        :param bool once: leave out guests whom the user has seen in the same way some minutes ago, and write nothing
            when none are left
        :param facts: ``fields`` (names), ``domain`` (kept without its values), ``count`` (by default that of the
            records), ``details`` (codes, nothing personal), ``reason`` (in words)
        """
        if records is None:
            records = self.env["res.partner"].browse()
        guest_ids = self._get_guest_ids(records) if guests is None else self._to_ids(guests)
        if once:
            seen = self._get_seen(kind, guest_ids)
            guest_ids = [guest_id for guest_id in guest_ids if guest_id not in seen]
            if not guest_ids:
                return
        if self.env.cr.readonly:
            # The framework repeats the request on a connection that may write.
            raise psycopg2.errors.ReadOnlySqlTransaction
        salt = secrets.token_hex(16)
        reason = (facts.get("reason") or "").strip()
        [(log_id,)] = self.env.execute_query(
            SQL(
                """INSERT INTO hospitality_access_log (at, user_id, company_id, kind, model, record_ids, guest_ids,
                                                       count, field_names, condition, details, reason_hash)
                   VALUES (clock_timestamp() AT TIME ZONE 'UTC', %s, %s, %s, %s, %s::int4[], %s::int4[], %s, %s, %s, %s,
                           %s)
                RETURNING id""",
                self.env.uid,
                self._get_company_sql(),
                kind,
                records._name,
                pg_int_array(records.ids),
                pg_int_array(guest_ids),
                facts.get("count", len(records)),
                ", ".join(facts.get("fields") or ()) or None,
                self._mask_domain(facts["domain"]) if facts.get("domain") is not None else None,
                facts.get("details"),
                hashlib.sha256(f"{salt}{reason}".encode()).hexdigest() if reason else None,
            )
        )
        if reason:
            door = self.env["hospitality.access.reason"].sudo()  # the log is written for everybody whose act it notes
            door.create({"log_id": log_id, "salt": salt, "reason": reason})
        self.invalidate_model(flush=False)

    @api.model
    def _get_company_sql(self):
        """Return the id of the current company, without reading all about a user who has not chosen any."""
        if self.env.context.get("allowed_company_ids"):
            return SQL("%s", self.env.company.id)
        return SQL("(SELECT company_id FROM res_users WHERE id = %s)", self.env.uid)

    @api.model
    def _get_seen(self, kind, guest_ids):
        """Return which guests the user has seen in the same way some minutes ago, as a set of ids."""
        rows = self.env.execute_query(
            SQL(
                """SELECT DISTINCT g.id FROM hospitality_access_log l, unnest(l.guest_ids) AS g(id)
                    WHERE l.user_id = %s AND l.kind = %s
                      AND l.at > (now() AT TIME ZONE 'UTC') - make_interval(mins => %s)
                      AND g.id = ANY(%s::int4[])""",
                self.env.uid,
                kind,
                SAME_VIEW_MINUTES,
                pg_int_array(guest_ids),
            )
        )
        return {guest_id for (guest_id,) in rows}

    @api.model
    def _to_ids(self, guests):
        return sorted(set(guests.ids if isinstance(guests, models.BaseModel) else guests))

    @api.model
    def _get_guest_ids(self, records):
        """Return the ids of the contacts that records are about."""
        if records._name == "res.partner":
            return sorted(set(records.ids))
        field = records._fields.get("partner_id")
        if field is None or field.comodel_name != "res.partner":
            return []
        return sorted(set(records.sudo().mapped("partner_id").ids))  # whose they are is written down, not shown

    @api.model
    def _mask_domain(self, domain):
        """Return a domain as text without the values that were searched for: they may be names or numbers.

        >>> self._mask_domain(["&", ("is_guest", "=", True), ("name", "ilike", "Kovalenko")])
        '& is_guest = True, name ilike …'
        """
        parts, operators = [], ""
        for term in domain:
            if isinstance(term, str):
                operators += f"{term} "
                continue
            name, operator, value = term
            shown = value if isinstance(value, bool) or value is None else "…"
            parts.append(f"{operators}{name} {operator} {shown}")
            operators = ""
        return ", ".join(parts)
