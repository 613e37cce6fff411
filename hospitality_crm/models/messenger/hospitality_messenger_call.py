import datetime

from odoo import api, fields, models
from odoo.tools import SQL, plaintext2html

RECHECKED_AT_ONCE = 200
NOBODY_SECONDS = 900


class HospitalityMessenger(models.AbstractModel):
    """Calls by people: a task with the script for one of the callers, done when the guest was called.

    The message stays *planned* until then, so that a withdrawal, a hold or the hours still end or postpone it: the task
    goes with it.
    """

    _inherit = "hospitality.messenger"

    @api.model
    def _assign_call(self, passage, job):
        """Give the call to one of the callers, and leave the message as planned."""
        env, provider = passage.env, job["provider"]
        user = self._get_caller(env, provider)
        if not user:
            due = fields.Datetime.now() + datetime.timedelta(seconds=NOBODY_SECONDS)
            passage.leave("planned", due_at=due, error="no callers")
            return
        kind = provider.activity_type_id or env.ref("mail.mail_activity_data_call", raise_if_not_found=False)
        activity = (
            env["mail.activity"]
            .with_context(mail_activity_quick_update=True)
            .sudo()  # tasks are given by the system
            .create(
                {
                    "res_model_id": env["ir.model"]._get_id("res.partner"),
                    "res_id": job["partner_id"],
                    "activity_type_id": kind.id if kind else False,
                    "summary": env["hospitality.message"].browse(job["id"]).sudo().purpose_id.name,  # shown to callers
                    "note": plaintext2html(job["text"]),
                    "user_id": user.id,
                    "hospitality_message_id": job["id"],
                }
            )
        )
        env.flush_all()
        env.cr.execute(
            SQL(
                "UPDATE hospitality_message_content SET activity_id = %s, provider_id = %s WHERE message_id = %s",
                activity.id,
                provider.id,
                job["id"],
            )
        )
        passage.leave("planned", provider=provider.code, error=None)

    @api.model
    def _get_caller(self, env, provider):
        """Return the caller with the fewest open calls."""
        users = provider.user_ids.filtered("active")
        counts = dict(
            env["mail.activity"]
            .sudo()  # how many there are, whoever may see them
            ._read_group(
                [("user_id", "in", users.ids), ("hospitality_message_id", "!=", False)], ["user_id"], ["__count"]
            )
        )
        return users.sorted(lambda user: (counts.get(user, 0), user.id))[:1]

    @api.model
    def _run_call_check(self):
        """Job: take calls back that the guest doesn't want any more, or that have to wait."""
        with self.env["hospitality.gate"]._passage() as passage:
            rows = passage.env.execute_query(
                SQL(
                    "SELECT message_id, activity_id FROM hospitality_message_content"
                    " WHERE activity_id IS NOT NULL AND outcome IS NULL ORDER BY id LIMIT %s",
                    RECHECKED_AT_ONCE,
                )
            )
            for message_id, activity_id in rows:
                if passage.enter(message_id):
                    passage.leave("planned")
                    continue
                passage.env["hospitality.message.content"]._forget_tasks([activity_id])
                activity = passage.env["mail.activity"].sudo().browse(activity_id)  # tasks are the system's
                activity.exists().unlink()
                passage.env.flush_all()

    @api.model
    def _record_call(self, message, outcome, feedback=""):
        """Write how a call went.

        :param message: ``hospitality.message``
        :param str outcome: a value of ``hospitality.message.content.outcome``
        """
        now = fields.Datetime.now()
        reached = outcome in ("reached", "do_not_call")
        Content = self.env["hospitality.message.content"].sudo()  # the system's
        content = Content.search([("message_id", "=", message.id)])
        content.write({"outcome": outcome, "activity_id": False})
        label = dict(content._fields["outcome"].selection)[outcome]
        self.env["hospitality.message"].flush_model()
        self.env.cr.execute(
            SQL(
                """UPDATE hospitality_message
                      SET state = %(state)s, decided_at = %(now)s, error = %(error)s, handed_at = %(handed)s,
                          sent_at = %(handed)s
                    WHERE id = %(id)s AND state IN ('planned', 'postponed', 'refused')""",
                state="delivered" if reached else "failed",
                now=now,
                error=None if reached else label,
                handed=SQL("%s::timestamp", now if reached else None),
                id=message.id,
            )
        )
        message.invalidate_recordset()
        point = message.sudo().point_id  # its reader needn't see addresses
        if outcome == "wrong_number":
            point._note_bounce("hard")
        elif reached:
            point._note_heard()
        if outcome == "do_not_call":
            self.env["hospitality.message.reply"]._record(
                message.partner_id,
                "phone",
                "withdrawn",
                message.sudo().brand_id,  # as above
                ("denied",),
                method="phone",
                reason=(feedback or "").strip() or self.env._("Said in a call that he wants no more calls."),
            )
