import base64
import hashlib
import json
import logging

from odoo import api, models
from odoo.exceptions import UserError
from odoo.tools import SQL

from ...tools.claim import claim, lane_env, with_retry
from ..message.guest_lock import lock_guests
from .hospitality_eraser import BATCH

_logger = logging.getLogger(__name__)

#: What a person may have corrected by a request: columns of the contact.
CORRECTABLE = (
    "name",
    "email",
    "phone",
    "street",
    "street2",
    "zip",
    "city",
    "country_id",
    "guest_birthdate",
    "guest_given_name",
    "guest_family_name",
    "guest_local_name",
)


class HospitalityPrivacyRequest(models.Model):
    """What is done about a request."""

    _inherit = "hospitality.privacy.request"

    def action_answer(self):
        """Do what was asked for: export, correct, erase, record the objection, restrict."""
        for request in self:
            request._check_ready()
            getattr(request, f"_answer_{request.kind}")()
        return True

    def action_nothing_kept(self):
        """Answer that no data of the person are kept."""
        for request in self:
            request._check_officer()
            if request.partner_id:
                raise UserError(self.env._("A guest is chosen: answer the request itself."))
            if request.state != "open":
                raise UserError(self.env._("%s is closed or waits for its confirmation.", request.name))
            request._prove({"result": "nothing kept"}, self.env._("No data of the person were found."))
            request._close("done", "done", "nothing kept")
        return True

    def _refuse(self, reason):
        """Refuse requests, with a reason that the person is told."""
        self._check_officer()
        if not (reason or "").strip():
            raise UserError(self.env._("Write down why: the person has a right to know."))
        if any(request.state not in ("open", "blocked", "approved") for request in self):
            raise UserError(self.env._("This request is closed. Open a new one."))
        self.sudo().write({"refusal_reason": reason.strip()})  # checked above
        self._close("refused", "refused")

    def action_cancel(self):
        """The person has withdrawn his request."""
        self._check_officer()
        if any(request.state not in ("open", "blocked", "approved", "unconfirmed") for request in self):
            raise UserError(self.env._("This request is closed. Open a new one."))
        self._close("cancelled", "cancelled")
        return True

    def _prove(self, evidence, text):
        """Store evidence: data, text for people, and the hash of both."""
        self.ensure_one()
        payload = json.dumps([evidence, text], sort_keys=True, default=str, ensure_ascii=False)
        self.sudo().write(  # rights were checked; evidence is written by the procedure
            {
                "evidence": evidence,
                "evidence_text": text,
                "evidence_hash": hashlib.sha256(payload.encode()).hexdigest(),
            }
        )

    @api.depends("evidence_hash", "step_ids")
    def _compute_evidence_file(self):
        """Make one file of what was done, for whoever asks for a proof: data, words, log and the hash of it."""
        for request in self:
            request.evidence_name = f"{request.name.replace('/', '-')}.json"
            request.evidence_file = False
            if request.evidence_hash:
                content = {
                    "request": request.name,
                    "kind": request.kind,
                    "received_at": str(request.received_at),
                    "closed_at": str(request.closed_at),
                    "evidence": request.evidence,
                    "text": request.evidence_text,
                    "sha256": request.evidence_hash,
                    "log": request._get_steps_text().splitlines(),
                }
                text = json.dumps(content, ensure_ascii=False, indent=1, default=str)
                request.evidence_file = base64.b64encode(text.encode())

    def _get_steps_text(self):
        """Return the log of a request as a text for people."""
        self.ensure_one()
        labels = dict(self.env["hospitality.privacy.step"]._fields["action"]._description_selection(self.env))
        return "\n".join(
            f"{step.at:%Y-%m-%d %H:%M} UTC  {labels[step.action]}  ({step.actor_uid})  {step.note or ''}".rstrip()
            for step in self.step_ids
        )

    # -- access and portability ------------------------------------------------------------------

    def _answer_access(self):
        link = self.env["hospitality.privacy.file"].sudo()._make(self)  # the officer decides, the export reads all
        self._log("exported")
        self._note_access("request")
        self._send_link(link)
        self._prove(
            {"result": "exported", "rows": self.sudo().file_ids[:1].row_count},  # made just now
            self.env._("The data were exported and a link for one download was sent."),
        )
        self._close("done", "done")

    _answer_portability = _answer_access

    def _send_link(self, link):
        """Send the link for one download to the address that was proven, or else to the guest's own."""
        self.ensure_one()
        address = self.email if self.proof == "email" else self.partner_id.email
        if not address:
            self._log("link_sent", self.env._("by hand: no e-mail address is known"))
            return
        template = self.env.ref("hospitality_crm.mail_template_privacy_file").sudo()  # sent by the system
        lang = self.partner_id.lang
        link = f"{link}?lang={lang}" if lang else link
        template.with_context(hospitality_url=link, lang=lang).send_mail(
            self.id, email_values={"email_to": address, "recipient_ids": []}
        )
        self._log("link_sent")

    # -- correction ------------------------------------------------------------------------------

    def _answer_correction(self):
        """Write the right values as the guest's own words: they outrank what systems have sent."""
        values = {name: value for name, value in (self.correction or {}).items() if name in CORRECTABLE}
        if not values:
            raise UserError(
                self.env._(
                    "The request names no values. Correct the contact by hand, then close the request with Corrected."
                )
            )
        partner = self.partner_id.sudo()  # the officer decides; the values are the guest's
        partner.with_context(hospitality_writer="guest", hospitality_privacy=True).write(values)
        names = ", ".join(partner._fields[name].string for name in sorted(values))
        self._log("corrected", names)
        self._prove({"result": "corrected", "fields": sorted(values)}, self.env._("Corrected: %s.", names))
        self._close("done", "done")

    def action_corrected(self):
        """Close a request whose values were corrected by hand."""
        for request in self:
            request._check_ready()
            request._log("corrected")
            request._prove({"result": "corrected by hand"}, self.env._("The contact was corrected by hand."))
            request._close("done", "done")
        return True

    # -- objection and restriction ---------------------------------------------------------------

    def _answer_objection(self):
        """Record that the guest wants no marketing and no profiling, on any channel, of any brand."""
        purposes = self.env["hospitality.purpose"].sudo().search([("active", "=", True)])  # all, whoever asks
        purposes = purposes.filtered(lambda purpose: purpose.is_marketing or purpose.code == "profiling")
        State = self.env["hospitality.consent.state"].sudo()  # his own
        granted = {
            (row.purpose_id.id, row.channel)
            for row in State.search([("partner_id", "=", self.partner_id.id), ("state", "=", "granted")])
        }
        entries = [
            {
                "partner_id": self.partner_id.id,
                "purpose": purpose,
                "channel": channel,
                "decision": "withdrawn" if (purpose.id, channel) in granted else "denied",
            }
            for purpose in purposes
            for channel in purpose._get_channels()
        ]
        method = {"portal": "portal", "form": "form"}.get(self.channel, "desk")
        Event = self.env["hospitality.consent.event"].sudo()  # the officer decides
        ids = Event._record_many(entries, method=method, reason=self.env._("Objection %s", self.name))
        self._log("objected", str(len(ids)))
        self._prove({"result": "objected", "statements": ids}, self.env._("%s refusals were recorded.", len(ids)))
        self._close("done", "done")

    def _answer_restriction(self):
        """Lock the guest: readable, but nobody changes, merges or writes to him."""
        partner = self.partner_id.sudo()  # the officer decides
        lock_guests(self.env, partner.ids)
        partner.with_context(hospitality_privacy=True).write({"guest_restricted": True})
        self._log("restricted")
        self._prove({"result": "restricted"}, self.env._("Processing is restricted."))
        self._close("done", "done")

    def action_release(self):
        """Lift a restriction."""
        self._check_officer()
        for request in self.filtered(lambda one: one.kind == "restriction" and one.state == "done"):
            request.partner_id.sudo().with_context(  # the officer decides
                hospitality_privacy=True
            ).write({"guest_restricted": False})
            request._log("released")
        return True

    # -- erasure ---------------------------------------------------------------------------------

    def _answer_erasure(self):
        """Approve the erasure: the eraser's job does it within minutes, unless something stands in the way."""
        if self._find_blockers():
            return
        self.sudo().write({"state": "approved", "approved_by_id": self.env.uid})  # rights were checked
        self._log("approved")
        self.env.ref("hospitality_crm.cron_privacy_eraser")._trigger()

    def _find_blockers(self):
        """Remember what stands in the way of the erasure; return whether anything does."""
        blockers = self.env["hospitality.eraser"].sudo()._get_blockers(self.partner_id)  # counts, whoever may see it
        facts = [{**blocker, "until": blocker["until"] and str(blocker["until"])} for blocker in blockers]
        if blockers:
            self.sudo().write({"state": "blocked", "blockers": facts})  # rights were checked
            self._log("blocked", ", ".join(sorted(blocker["code"] for blocker in blockers)))
        elif self.blockers:
            self.sudo().write({"blockers": False})  # rights were checked
        return bool(blockers)

    def _erase_now(self):
        """Erase the guests of approved requests in this transaction."""
        ready = self.filtered(lambda request: request.state == "approved" and not request._find_blockers())
        Eraser = self.env["hospitality.eraser"].sudo()  # the officers have approved it
        results = Eraser._erase_all([(request.partner_id, request) for request in ready])
        for request, evidence in zip(ready, results, strict=True):
            counts = evidence["counts"].values()
            rows = sum(number for what in counts for name, number in what.items() if name != "files")
            request._log("erased", str(rows))
            request._note_access("erasure")
            log = request._get_steps_text()
            request._prove(evidence, f"{Eraser._explain(evidence)}\n\n{log}")
            request._close("done", "done")

    @api.model
    def _run_eraser(self):
        """Erase the guests of approved requests, some at a time. A job."""
        try:
            self.env["hospitality.eraser"]._complete_list()
        except UserError as error:
            _logger.warning("Nobody is erased: %s", error)
            return
        while with_retry(lambda: self._erase_step()):
            if not self.env["ir.cron"]._commit_progress(BATCH):
                return

    @api.model
    def _erase_step(self, limit=BATCH):
        """Erase a batch in a transaction of its own, one by one where the batch fails; return how many there were."""
        with lane_env(self.env) as env:
            ids = claim(env, self._table, SQL("state = 'approved'"), limit=limit)
            if not ids:
                return 0
            requests = env[self._name].browse(ids)
            try:
                with env.cr.savepoint():
                    requests._erase_now()
            except Exception as error:
                if limit > 1:
                    env.cr.rollback()
                    return sum(self._erase_step(1) for _id in ids)
                _logger.exception("Erasure %s failed", requests.name)
                requests.write(
                    {
                        "state": "blocked",
                        "blockers": [
                            {"code": "error", "message": f"{type(error).__name__}: {error}"[:500], "until": None}
                        ],
                    }
                )
                requests._log("blocked", "error")
            return len(ids)

    @api.model
    def _recheck_blocked(self):
        """Look whether what stood in the way of erasures is over. A daily job; an officer approves them again."""
        for request in self.search([("state", "=", "blocked"), ("kind", "=", "erasure")]):
            if request.partner_id and not request._find_blockers():
                request.state = "open"
                request._warn()
