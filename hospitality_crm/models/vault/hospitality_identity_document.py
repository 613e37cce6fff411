import datetime
import logging

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.fields import Domain
from odoo.tools import SQL

from ...tools import keys, sealed_text

KINDS = [
    ("passport", "Passport"),
    ("id_card", "Identity Card"),
    ("driving_licence", "Driving Licence"),
    ("residence_permit", "Residence Permit"),
    ("visa", "Visa"),
    ("other", "Other"),
]
_logger = logging.getLogger(__name__)

REVEALERS = "hospitality_crm.group_hospitality_document_reveal"
SHOWN = 3
#: So early before the arrival a document may be recorded for a stay.
AHEAD_DAYS = 30
#: Cipher texts that a rotation writes anew in one transaction.
ROTATED = 500


class HospitalityIdentityDocument(models.Model):
    """A passport or identity card that a guest has shown.

    The number is stored encrypted with a key outside the database (`tools.keys`); its last characters are shown, the
    whole by :meth:`_reveal` alone, to people of a group of its own, with a reason, and written to the access log. A
    keyed hash finds a number again. Documents are deleted some days after the departure (:meth:`_get_due_dates`).
    Numbers are typed here: source systems don't deliver them, and neither messages nor exports hold them.
    """

    _name = "hospitality.identity.document"
    _description = "Identity Document"
    _inherit = ["hospitality.fact"]
    _order = "partner_id, id desc"
    _rec_name = "masked_number"

    partner_id = fields.Many2one(required=True)
    company_id = fields.Many2one("res.company", required=True, index=True, default=lambda self: self.env.company)
    property_id = fields.Many2one(
        "hospitality.property", index=True, ondelete="restrict", domain="[('company_id', '=', company_id)]"
    )
    kind = fields.Selection(KINDS, required=True, default="passport")
    country_id = fields.Many2one("res.country", string="Issued by", ondelete="restrict")
    expires_on = fields.Date()
    number = fields.Char(
        compute="_compute_number",
        inverse="_inverse_number",
        search="_search_number",
        exportable=False,
        copy=False,
        help="It can be typed, and found again, but not read: reveal it with a reason.",
    )
    masked_number = fields.Char(compute="_compute_masked_number")
    number_end = fields.Char(string="Last Characters", readonly=True, size=SHOWN, copy=False)
    cipher = fields.Char(readonly=True, copy=False, groups=fields.NO_ACCESS)
    key_id = fields.Char(readonly=True, copy=False, groups=fields.NO_ACCESS)
    number_hash = fields.Char(readonly=True, copy=False, size=64, index=True, groups=fields.NO_ACCESS)
    delete_on = fields.Date(readonly=True, copy=False, index=True, help="Computed every day from the departure.")
    scan = fields.Binary(compute="_compute_number", inverse="_inverse_scan", exportable=False, copy=False)
    scan_cipher = fields.Binary(attachment=True, readonly=True, copy=False, groups=fields.NO_ACCESS)
    scan_key_id = fields.Char(readonly=True, copy=False, groups=fields.NO_ACCESS)
    has_scan = fields.Boolean(compute="_compute_has_scan", compute_sudo=True)
    scan_allowed = fields.Boolean(related="company_id.hospitality_document_scan")
    same_number_ids = fields.Many2many(
        "res.partner", string="Other Guests with This Number", compute="_compute_same_number_ids", compute_sudo=True
    )

    @api.model_create_multi
    def create(self, vals_list):
        if any(not vals.get("number") for vals in vals_list):
            raise UserError(self.env._("Type the number of the document."))
        documents = super().create(vals_list)
        documents._refresh_due_dates()
        self.env["hospitality.access.log"]._log("document_change", documents, details="created")
        return documents

    def write(self, vals):
        result = super().write(vals)
        if vals.keys() & {"number", "scan", "partner_id", "kind", "country_id", "expires_on"}:
            self.env["hospitality.access.log"]._log("document_change", self, details="changed", fields=sorted(vals))
        return result

    def unlink(self):
        if self:
            self.env["hospitality.access.log"]._log("document_change", self, details="deleted")
        return super().unlink()

    # -- the number ----------------------------------------------------------------------------

    @api.depends("number_end")
    def _compute_number(self):
        for document in self:
            document.number = False
            document.scan = False

    @api.depends("number_end")
    def _compute_masked_number(self):
        for document in self:
            document.masked_number = f"•••• {document.number_end}" if document.number_end else ""

    @api.depends("kind", "number_end")
    def _compute_display_name(self):
        labels = dict(self._fields["kind"]._description_selection(self.env))
        for document in self:
            document.display_name = f"{labels.get(document.kind, '')} {document.masked_number}".strip()

    def _inverse_number(self):
        ring, index = self._load_keys("document"), self._load_keys("document-index")
        for document in self:
            number = (document.number or "").strip()
            if not sealed_text.normalise(number):
                raise ValidationError(self.env._("The number of a document holds letters or digits."))
            key_id, cipher = sealed_text.encrypt(ring, number.encode(), document._get_place("number"))
            # Short numbers are hidden as a whole: most of one would be no secret.
            end = sealed_text.normalise(number)[-SHOWN:] if len(sealed_text.normalise(number)) > 2 * SHOWN else "?"
            document.sudo().write(  # nobody writes these columns by hand
                {
                    "cipher": cipher,
                    "key_id": key_id,
                    "number_end": end,
                    "number_hash": sealed_text.blind_index(index, number),
                }
            )
        self.invalidate_recordset(["number"])

    def _inverse_scan(self):
        for document in self:
            if not document.scan:
                document.sudo().write({"scan_cipher": False, "scan_key_id": False})  # see above
                continue
            if not document.company_id.sudo().hospitality_document_scan:  # a setting, no secret
                raise UserError(
                    self.env._(
                        "Copies of documents aren't kept: the law of many countries forbids it. An administrator may"
                        " allow it in the settings."
                    )
                )
            key_id, cipher = sealed_text.encrypt(
                self._load_keys("document"), document.scan, document._get_place("scan")
            )
            document.sudo().write({"scan_cipher": cipher.encode(), "scan_key_id": key_id})  # see above
        self.invalidate_recordset(["scan"])

    @api.depends("scan_key_id")
    def _compute_has_scan(self):
        for document in self:
            document.has_scan = bool(document.scan_key_id)

    @api.model
    def _search_number(self, operator, value):
        if operator not in ("in", "=", "ilike"):
            return NotImplemented
        ring = self._load_keys("document-index")
        values = [value] if isinstance(value, str) else value
        hashes = [sealed_text.blind_index(ring, number) for number in values if number]
        return Domain.custom(
            to_sql=lambda model, alias, query: SQL(
                "%s = ANY(%s::varchar[])", SQL.identifier(alias, "number_hash"), [hash_ for hash_ in hashes if hash_]
            )
        )

    @api.depends("number_hash", "partner_id")
    def _compute_same_number_ids(self):
        by_hash = {}
        found = self.search([("number_hash", "in", [hash_ for hash_ in self.mapped("number_hash") if hash_])])
        for document in found:
            by_hash.setdefault(document.number_hash, self.env["res.partner"])
            by_hash[document.number_hash] |= document.partner_id
        for document in self:
            document.same_number_ids = by_hash.get(document.number_hash, self.env["res.partner"]) - document.partner_id

    def action_reveal(self):
        """Ask for the reason and show the number."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Reveal %(document)s", document=self.display_name),
            "res_model": "hospitality.identity.document.reveal",
            "view_mode": "form",
            "target": "new",
            "context": {"default_document_id": self.id, "dialog_size": "medium"},
        }

    def _reveal(self, reason, what="number"):
        """Return the number, or the copy, of a document and write down who saw it and why.

        :param str reason: in words
        :param str what: ``number`` or ``scan``
        :return: text; of a copy the base64 of its file; False where there is none
        :raise AccessError: the user may not see numbers
        :raise UserError: no reason is given, or the key is missing
        """
        self.ensure_one()
        if not self.env.user.has_group(REVEALERS):
            raise AccessError(self.env._("Your role does not let you see whole numbers of identity documents."))
        self.check_access("read")
        if not (reason or "").strip():
            raise UserError(self.env._("Say why you need the number: it is kept in the access log."))
        hidden = self.sudo().with_context(bin_size=False)  # rights were checked, and the view is written down
        self.env["hospitality.access.log"]._log("document", self, fields=[what], reason=reason)
        if what == "scan":
            return hidden._decrypt(hidden.scan_key_id, (hidden.scan_cipher or b"").decode(), "scan")
        number = hidden._decrypt(hidden.key_id, hidden.cipher, "number")
        return number.decode() if number else False

    def _decrypt(self, key_id, cipher, what):
        if not cipher:
            return False
        try:
            return sealed_text.decrypt(keys.load("document"), key_id, cipher, self._get_place(what))
        except keys.KeyringError as error:
            raise UserError(self._explain_key(error)) from error

    def _get_place(self, what):
        # A cipher text that is moved to another row is worth nothing there.
        return f"{self._table}:{self.id}:{what}"

    @api.model
    def _load_keys(self, purpose):
        try:
            return keys.load(purpose)
        except keys.KeyringError as error:
            raise UserError(self._explain_key(error)) from error

    @api.model
    def _explain_key(self, error):
        if error.code == "missing" and error.detail:
            return self.env._(
                "The key %(key)s with which this document was encrypted isn't in the key file: put it back.",
                key=error.detail,
            )
        if error.code == "invalid" and error.detail.startswith(self._table):
            return self.env._("This document was changed in the database past Odoo and can't be read any more.")
        return self.env["hospitality.ledger.anchor"]._explain_key(error)

    # -- upkeep --------------------------------------------------------------------------------

    def _refresh_due_dates(self):
        """Compute anew when the documents are to be deleted."""
        due = self._get_due_dates()
        for document in self.sudo():  # a date that nobody types
            if document.delete_on != due[document.id]:
                document.delete_on = due[document.id]

    def _get_due_dates(self):
        """Return when each document is to be deleted: ``{id: date}``.

        That is so many days after the guest's last departure from the company as the term of the property's country
        says, else the company. Stays count from a month before their arrival on (guests check in online before they
        come), and without any stay the day of the record counts.
        """
        if not self:
            return {}
        self.env.flush_all()
        rows = self.env.execute_query(
            SQL(
                """SELECT d.id, GREATEST(d.create_date::date, MAX(s.departure)) + t.days
                     FROM hospitality_identity_document d
                     JOIN LATERAL (SELECT COALESCE((SELECT n.days FROM hospitality_document_term n
                                                      JOIN hospitality_property p ON p.id = d.property_id
                                                     WHERE n.country_id = p.country_id AND n.active LIMIT 1),
                                                   c.hospitality_document_days) AS days
                                     FROM res_company c WHERE c.id = d.company_id) t ON true
                     LEFT JOIN hospitality_stay s
                            ON s.partner_id = d.partner_id AND s.company_id = d.company_id
                           AND s.status NOT IN ('cancelled', 'no_show') AND s.arrival <= %s
                    WHERE d.id = ANY(%s)
                    GROUP BY d.id, t.days""",
                fields.Date.today() + datetime.timedelta(days=AHEAD_DAYS),
                self.ids,
            )
        )
        return dict(rows)

    @api.model
    def _run_upkeep(self):
        """Refresh the dates, delete what is due, encrypt anew what an old key has encrypted. Called by a job."""
        for step in (self._refresh_step, self._delete_step, self._rotate_step):
            done, after = step(0)
            while done:
                if not self.env["ir.cron"]._commit_progress(done):
                    return
                done, after = step(after)

    @api.model
    def _refresh_step(self, after):
        documents = self.sudo().search([("id", ">", after)], order="id", limit=ROTATED)  # a nightly job of the system
        documents._refresh_due_dates()
        return len(documents), documents[-1:].id

    @api.model
    def _delete_step(self, after):
        documents = self.sudo().search(self._get_due_domain(), order="id", limit=ROTATED)  # a nightly job of the system
        done = len(documents)
        documents.unlink()
        return done, 0

    @api.model
    def _get_due_domain(self):
        return Domain("delete_on", "<=", fields.Date.today())

    @api.model
    def _rotate_step(self, after):
        try:
            ring = keys.load("document")
        except keys.KeyringError:
            return 0, after
        old = Domain("key_id", "!=", ring.current) & Domain("key_id", "in", list(ring.keys))
        old |= Domain("scan_key_id", "!=", ring.current) & Domain("scan_key_id", "in", list(ring.keys))
        later = old & Domain("id", ">", after)
        documents = self.sudo().search(later, order="id", limit=ROTATED)  # a nightly job of the system
        for document in documents.with_context(bin_size=False):
            try:
                document._encrypt_anew(ring)
            except keys.KeyringError as error:
                _logger.error("Identity document %s can't be decrypted: %s", document.id, error)
        return len(documents), documents[-1:].id

    def _encrypt_anew(self, ring):
        values = {}
        if self.key_id in ring.keys and self.key_id != ring.current:
            number = sealed_text.decrypt(ring, self.key_id, self.cipher, self._get_place("number"))
            values["key_id"], values["cipher"] = sealed_text.encrypt(ring, number, self._get_place("number"))
        if self.scan_key_id in ring.keys and self.scan_key_id != ring.current:
            place = self._get_place("scan")
            scan = sealed_text.decrypt(ring, self.scan_key_id, self.scan_cipher.decode(), place)
            values["scan_key_id"], cipher = sealed_text.encrypt(ring, scan, place)
            values["scan_cipher"] = cipher.encode()
        self.write(values)
