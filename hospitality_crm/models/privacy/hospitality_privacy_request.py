import datetime

from dateutil.relativedelta import relativedelta

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError

from ...tools.soft_many2one import SoftMany2one

KINDS = [
    ("access", "Access"),
    ("portability", "Portability"),
    ("correction", "Correction"),
    ("erasure", "Erasure"),
    ("objection", "Objection"),
    ("restriction", "Restriction"),
]
CHANNELS = [("portal", "Portal"), ("form", "Public Form"), ("desk", "Desk")]
PROOFS = [
    ("none", "Not Proven"),
    ("email", "Link in His Mailbox"),
    ("portal", "Portal Login"),
    ("document", "Identity Document Seen"),
    ("known", "Known in Person"),
]
STATES = [
    ("unconfirmed", "Waits for Confirmation"),
    ("open", "Open"),
    ("approved", "Approved, Waits for the Eraser"),
    ("blocked", "Blocked"),
    ("done", "Answered"),
    ("refused", "Refused"),
    ("cancelled", "Withdrawn"),
]
#: Reminders are sent when so many days are left: days 20 and 27 of 30.
REMIND = (10, 3)
#: So long after the answer a note about the proof of identity is kept, and what the person wrote.
PROOF_KEPT, REQUEST_KEPT = datetime.timedelta(days=30), datetime.timedelta(days=3 * 365)
RUNNING = ("open", "approved", "blocked")
DPO = "hospitality_crm.group_hospitality_dpo"


class HospitalityPrivacyRequest(models.Model):
    """A person asks for his rights: access, portability, correction, erasure, objection, restriction.

    States: *unconfirmed* came by the public form and waits for the link in the mailbox; *open* waits for the data
    protection officer; *approved* waits for the eraser; *blocked* something stands in the way of the erasure, with
    reason and date; *done*, *refused* with a reason, *cancelled*. The clock runs from the day it was received. Every
    step is in a log that only grows; evidence of the result names nobody.
    """

    _name = "hospitality.privacy.request"
    _description = "Privacy Request"
    _inherit = ["mail.thread", "mail.activity.mixin"]
    _order = "due_at, id"

    name = fields.Char(string="Reference", required=True, readonly=True, copy=False, default="/")
    kind = fields.Selection(KINDS, required=True)
    channel = fields.Selection(CHANNELS, required=True, readonly=True, default="desk")
    state = fields.Selection(STATES, required=True, readonly=True, copy=False, default="open")
    company_id = fields.Many2one("res.company", required=True, default=lambda self: self.env.company)
    partner_id = fields.Many2one("res.partner", string="Guest", index="btree_not_null", ondelete="restrict")
    requester_name = fields.Char(string="Name Given", copy=False)
    email = fields.Char(string="E-mail Given", copy=False)
    address_hash = fields.Char(readonly=True, copy=False, size=64, groups="base.group_system")
    details = fields.Text(string="What the Person Writes", copy=False)
    correction = fields.Json(readonly=True, copy=False, help="Columns of the contact and the values that are right.")
    proof = fields.Selection(PROOFS, string="Identity", required=True, default="none", copy=False)
    proof_note = fields.Char(copy=False)
    proof_by_id = SoftMany2one("res.users", readonly=True, copy=False)
    received_at = fields.Datetime(required=True, readonly=True, copy=False, default=fields.Datetime.now)
    due_at = fields.Date(string="Deadline", compute="_compute_due_at", store=True, index=True)
    extended_at = fields.Datetime(readonly=True, copy=False)
    extension_reason = fields.Char(readonly=True, copy=False)
    warned = fields.Integer(readonly=True, copy=False, aggregator=None, help="Reminders sent so far.")
    days_left = fields.Integer(compute="_compute_days_left", aggregator=None)
    is_overdue = fields.Boolean(compute="_compute_days_left", search="_search_is_overdue")
    approved_by_id = SoftMany2one("res.users", readonly=True, copy=False)
    closed_at = fields.Datetime(readonly=True, copy=False)
    closed_by_id = SoftMany2one("res.users", readonly=True, copy=False)
    refusal_reason = fields.Text(readonly=True, copy=False)
    blockers = fields.Json(readonly=True, copy=False)
    blocker_text = fields.Text(compute="_compute_blocker_text", string="What Stands in the Way")
    evidence = fields.Json(string="Evidence as Data", readonly=True, copy=False)
    evidence_text = fields.Text(string="Evidence", readonly=True, copy=False)
    evidence_hash = fields.Char(string="SHA-256 of the Evidence", readonly=True, copy=False, size=64)
    evidence_file = fields.Binary(compute="_compute_evidence_file", string="Evidence File")
    evidence_name = fields.Char(compute="_compute_evidence_file")
    step_ids = fields.One2many("hospitality.privacy.step", "request_id", string="Log", readonly=True)
    file_ids = fields.One2many("hospitality.privacy.file", "request_id", string="Export", readonly=True, groups=DPO)
    notice_ids = fields.One2many(
        "hospitality.erasure.notice", "request_id", string="Recipients", readonly=True, groups=DPO
    )

    @api.depends("received_at", "extended_at", "company_id")
    def _compute_due_at(self):
        for request in self:
            company = request.company_id
            days = company.hospitality_privacy_days
            if request.extended_at:
                days += company.hospitality_privacy_extension_days
            request.due_at = request.received_at and request.received_at.date() + relativedelta(days=days)

    @api.depends("due_at", "state")
    def _compute_days_left(self):
        today = fields.Date.context_today(self)
        for request in self:
            running = request.state in RUNNING and request.due_at
            request.days_left = (request.due_at - today).days if running else 0
            request.is_overdue = bool(running and request.due_at < today)

    def _search_is_overdue(self, operator, value):
        if operator != "in":
            return NotImplemented
        domain = [("state", "in", RUNNING), ("due_at", "<", fields.Date.context_today(self))]
        return domain if True in value else ["!", "&", *domain]

    @api.depends("blockers")
    def _compute_blocker_text(self):
        for request in self:
            request.blocker_text = "\n".join(blocker["message"] for blocker in request.blockers or [])

    @api.model_create_multi
    def create(self, vals_list):
        for vals in vals_list:
            if not self.env.su:
                self._check_desk_values(vals)
            sequence = self.env["ir.sequence"].sudo()  # a number, no secret
            vals["name"] = sequence.next_by_code("hospitality.privacy.request") or "/"
        requests = super().create(vals_list)
        requests._log("received")
        return requests

    @api.model
    def _check_desk_values(self, vals):
        """Staff write down what a person asks for; what follows is decided by its procedure."""
        extra = vals.keys() - DESK_FIELDS
        if extra:
            raise UserError(self.env._("These values are set by the procedure: %s.", ", ".join(sorted(extra))))
        if not vals.get("partner_id") and not vals.get("email"):
            raise UserError(self.env._("Choose the guest, or write down the e-mail address the person gives."))
        if vals.get("proof") in ("email", "portal"):
            raise UserError(self.env._("This proof is given by the person, not at the desk: choose another one."))

    def write(self, vals):
        if not self.env.su:
            extra = vals.keys() - DESK_FIELDS - {"activity_ids"}
            if extra:
                raise UserError(self.env._("These values are set by the procedure: %s.", ", ".join(sorted(extra))))
            if any(request.state not in RUNNING for request in self):
                raise UserError(self.env._("This request is closed. Open a new one."))
            if vals.keys() & {"kind", "company_id"}:
                raise UserError(
                    self.env._("What was asked for can't be changed. Withdraw this request, open a new one.")
                )
        identified = "proof" in vals and vals["proof"] != "none"
        linked = vals.get("partner_id")
        if identified and not self.env.su:
            vals = {**vals, "proof_by_id": self.env.uid}
        result = super().write(vals)
        if identified:
            self._log("identified", dict(PROOFS)[vals["proof"]])
        if linked:
            self._log("linked")
        return result

    @api.ondelete(at_uninstall=False)
    def _unlink_never(self):
        if any(request.state != "unconfirmed" for request in self):
            raise UserError(self.env._("Requests are kept as proof of how they were answered."))

    def _log(self, action, note=None):
        """Append a step to the log of each request."""
        self.flush_recordset()
        self.env["hospitality.privacy.step"].sudo()._append(  # the log is written by the procedure alone
            [
                {
                    "request_id": request.id,
                    "company_id": request.company_id.id,
                    "action": action,
                    "at": fields.Datetime.now(),
                    "actor_uid": self.env.uid,
                    "note": note and note[:500],
                }
                for request in self
            ]
        )
        self.invalidate_recordset(["step_ids"])

    def _note_access(self, kind):
        """Write into the log of accesses whose data were exported, downloaded or erased."""
        if "hospitality.access.log" in self.env:
            for request in self:
                self.env["hospitality.access.log"].sudo()._log(  # the log notes what the procedure does
                    kind, request, guests=request.partner_id, details=request.name
                )

    def _check_officer(self):
        """Only data protection officers decide.

        :raise AccessError: for everybody else
        """
        if not self.env.su and not self.env.user.has_group(DPO):
            raise AccessError(self.env._("Only data protection officers decide on privacy requests."))

    def _check_ready(self):
        """Refuse to act on a request that is closed, or of a person who hasn't proven who he is."""
        self._check_officer()
        self.check_access("write")
        for request in self:
            if request.state not in RUNNING:
                raise UserError(self.env._("%s is closed or waits for its confirmation.", request.name))
            if request.proof == "none":
                raise UserError(
                    self.env._("First find out whether the person is who he says (%s): set Identity.", request.name)
                )
            if not request.partner_id:
                raise UserError(
                    self.env._("Choose the guest of %s, or answer that no data are kept (Nothing Kept).", request.name)
                )

    def _close(self, state, action, note=None):
        self.sudo().write(  # rights were checked; closed requests are written by the procedure
            {"state": state, "closed_at": fields.Datetime.now(), "closed_by_id": self.env.uid}
        )
        self._log(action, note)
        self.activity_ids.unlink()

    # -- the clock -----------------------------------------------------------------------------

    def _extend(self, reason):
        """Extend the deadline, once, and with a reason that the person is told.

        :raise UserError: it was extended before, the law allows none, or it is too late
        """
        self.ensure_one()
        self._check_officer()
        if not (reason or "").strip():
            raise UserError(self.env._("Write down why: the person has a right to know."))
        if self.extended_at:
            raise UserError(self.env._("The deadline was extended already. The law allows it once."))
        if not self.company_id.hospitality_privacy_extension_days:
            raise UserError(self.env._("The law that applies here allows no extension (see the settings)."))
        if self.is_overdue or self.state not in RUNNING:
            raise UserError(self.env._("The deadline can be extended only while it runs."))
        values = {"extended_at": fields.Datetime.now(), "extension_reason": reason.strip(), "warned": 0}
        self.sudo().write(values)  # who may extend was checked above
        self._log("extended", reason.strip())

    @api.model
    def _run_clock(self):
        """Remind the officers of requests that are near their deadline; forget unconfirmed ones. A daily job."""
        for request in self.search([("state", "in", RUNNING)]):
            stage = sum(request.days_left <= days for days in REMIND)
            if stage > request.warned:
                request._warn()
                request.warned = stage
        old = fields.Datetime.now() - datetime.timedelta(days=7)
        unconfirmed = self.search([("state", "=", "unconfirmed"), ("received_at", "<", old)])
        unconfirmed._forget_unconfirmed()
        self._forget_proofs()

    @api.model
    def _forget_proofs(self):
        """Empty what proved who the person was soon after the answer, and what he wrote when nobody asks any more."""
        now = fields.Datetime.now()
        proven = self.search([("closed_at", "<", now - PROOF_KEPT), ("proof_note", "!=", False)])
        proven.write({"proof_note": False})
        old = self.search([("closed_at", "<", now - REQUEST_KEPT), ("email", "!=", False)])
        old |= self.search([("closed_at", "<", now - REQUEST_KEPT), ("details", "!=", False)])
        old.write({"requester_name": False, "email": False, "details": False, "correction": False})

    def _warn(self):
        """Give every officer who may see the request an activity."""
        self.ensure_one()
        officers = self.env.ref(DPO).user_ids.filtered(lambda user: self.company_id in user.company_ids)
        for officer in officers:
            self.activity_schedule(
                "mail.mail_activity_data_warning",
                date_deadline=self.due_at,
                user_id=officer.id,
                summary=self.with_context(lang=officer.lang).env._(
                    "%(request)s must be answered by %(day)s", request=self.name, day=self.due_at
                ),
            )
        self._log("warned", str(self.days_left))

    def _forget_unconfirmed(self):
        """Empty requests that nobody has confirmed: there is no proof that the person wrote them."""
        self.write(
            {
                "state": "cancelled",
                "requester_name": False,
                "email": False,
                "details": False,
                "correction": False,
                "closed_at": fields.Datetime.now(),
            }
        )
        for request in self:
            request._log("cancelled")


DESK_FIELDS = frozenset(
    {"kind", "company_id", "partner_id", "requester_name", "email", "details", "proof", "proof_note", "correction"}
)
