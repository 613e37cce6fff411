import logging
import time

from odoo import api, fields, models
from odoo.tools import SQL

from ...tools.arrays import pg_array, pg_int_array
from ...tools.claim import lane_env, with_retry
from .mail_mail import FAILURE_TYPES
from .mailing_job import MailingJob
from .smtp_session import Lost, NoServer, Refused, Uncertain

_logger = logging.getLogger(__name__)

#: Mails that a lane makes at once.
BATCH = 250
#: A lane works on one mailing for so many seconds before it looks at others.
TURN_SECONDS = 15
#: A batch that has begun before may take so much longer; what a slow server leaves of it is given back.
GRACE_SECONDS = 5
#: A mail that has not reached the server is tried again after this time.
AGAIN_SECONDS = 300
TRACED_AT_ONCE = 20_000
LANES = tuple(f"hospitality_crm.cron_mailing_lane_{number}" for number in range(1, 5))


class HospitalityMailingSender(models.AbstractModel):
    """Lanes that send the planned messages of mailings to guests.

    A message is handed over by one lane, inside the gate's passage, so that it is decided about once more. The trace of
    the mailing follows the state of the message: whatever dies where, :meth:`_settle` brings it up to date.
    """

    _name = "hospitality.mailing.sender"
    _description = "Lanes that send mailings to guests"

    @api.model
    def _wake(self, at=None):
        """Let the lanes run soon, or one of them at a later time."""
        for xmlid in LANES[:1] if at else LANES:
            cron = self.env.ref(xmlid, raise_if_not_found=False)
            if cron:
                cron.sudo()._trigger(at)  # jobs are the system's, mailings are their users'

    @api.model
    def _run_lane(self):
        """Send what waits, mailing by mailing, until nothing is left or the time is up."""
        Cron = self.env["ir.cron"]
        more = True
        while more:
            more = False
            for mailing_id in self._get_mailing_ids():
                sent = self._run_turn(mailing_id)
                more = more or bool(sent)
                if not Cron._commit_progress(sent, remaining=1):
                    return
        for mailing_id in self._get_mailing_ids():
            with_retry(lambda mailing_id=mailing_id: self._finish(mailing_id))
        Cron._commit_progress(remaining=0)

    @api.model
    def _get_mailing_ids(self):
        with lane_env(self.env) as env:
            return env["mailing.mailing"]._get_lane_mailings().ids

    @api.model
    def _finish(self, mailing_id):
        with lane_env(self.env) as env:
            mailing = env["mailing.mailing"].browse(mailing_id).try_lock_for_update()
            due_at = mailing and mailing._finish_lanes()
            if due_at:
                env[self._name]._wake(max(due_at, fields.Datetime.now()))

    # -- sending -------------------------------------------------------------------------------

    @api.model
    def _run_turn(self, mailing_id, seconds=TURN_SECONDS):
        """Send messages of one mailing for a while.

        :return: number of messages looked at; 0 when there is nothing to do
        """
        with_retry(lambda: self._add_traces(mailing_id))
        until = time.monotonic() + seconds
        done = 0
        where = SQL(
            "origin_model = 'mailing.mailing' AND origin_id = %s AND channel = 'email' AND origin_ref = ''", mailing_id
        )
        with lane_env(self.env) as env:
            mailing = env["mailing.mailing"].browse(mailing_id)
            job = MailingJob(env, mailing)
            try:
                with env["hospitality.gate"]._passage() as passage:
                    while time.monotonic() < until and self._is_sending(env, mailing_id):
                        message_ids = passage.claim(where, BATCH)
                        if not message_ids:
                            break
                        done += len(message_ids)
                        if not self._send_batch(job, passage, message_ids, until + GRACE_SECONDS):
                            break
            finally:
                job.close()
        return done

    @api.model
    def _is_sending(self, env, mailing_id):
        return bool(
            env.execute_query(
                SQL(
                    "SELECT FROM mailing_mailing WHERE id = %s AND state IN ('sending', 'done')"
                    " AND hospitality_planned_at IS NOT NULL",
                    mailing_id,
                )
            )
        )

    @api.model
    def _send_batch(self, job, passage, message_ids, until):
        """Make and send the mails of claimed messages.

        :param float until: value of ``time.monotonic`` at which no further mail is begun
        :return: False when there is no mail server to send them, or no time
        """
        env = job.env
        guests = {
            message_id: (partner_id, trace_id)
            for message_id, partner_id, trace_id in env.execute_query(
                SQL(
                    "SELECT m.id, m.partner_id, t.id"
                    " FROM hospitality_message m JOIN mailing_trace t ON t.id = m.trace_id"
                    " WHERE m.id = ANY(%s) AND m.state IN ('planned', 'postponed')"
                    " ORDER BY array_position(%s::int[], m.id)",
                    message_ids,
                    pg_int_array(message_ids),
                )
            )
        }
        letters = job.make_letters(guests)
        self._note_letters(env, letters.values())
        env.cr.commit()
        failures = {}
        waiting = list(letters)
        goes_on = True
        while waiting and goes_on and time.monotonic() < until:
            message_id = waiting.pop(0)
            if passage.enter(message_id):
                goes_on = self._hand_over(passage, message_id, letters[message_id], failures)
        passage.give_back(waiting if goes_on else [])
        self._finish_letters(env, letters, failures)
        env.cr.commit()
        env.invalidate_all(flush=False)
        return goes_on and not waiting

    @api.model
    def _hand_over(self, passage, message_id, letter, failures):
        """Hand a letter over and say what became of it; return False when there is no mail server."""
        mail_id = letter.mail.id if letter.mail else None
        try:
            if letter.error:
                raise letter.error
            for message, context in letter.parts:
                letter.message_id = letter.session.send(message, context) or letter.message_id
        except Refused as error:
            failures[message_id] = error.failure_type
            passage.leave("failed", error=str(error)[:500], trace_id=letter.trace_id, mail_id=mail_id)
        except Uncertain as error:
            passage.leave("uncertain", error=str(error)[:500], trace_id=letter.trace_id, mail_id=mail_id)
        except Lost as error:
            _logger.warning("Message %s has not reached the mail server: %s", message_id, error)
            again = fields.Datetime.add(fields.Datetime.now(), seconds=AGAIN_SECONDS)
            passage.leave("planned", due_at=again)
            return not isinstance(error, NoServer)
        else:
            passage.leave("sent", trace_id=letter.trace_id, mail_id=mail_id, external_ref=letter.message_id)
        return True

    # -- traces --------------------------------------------------------------------------------

    @api.model
    def _add_traces(self, mailing_id):
        """Make the traces of messages that have none: of those who were left out as well, as the core has it."""
        while True:
            with lane_env(self.env) as env:
                rows = env.execute_query(
                    SQL(
                        """SELECT id FROM hospitality_message
                            WHERE origin_model = 'mailing.mailing' AND origin_id = %s AND channel = 'email'
                              AND origin_ref = '' AND trace_id IS NULL
                            LIMIT %s FOR NO KEY UPDATE SKIP LOCKED""",
                        mailing_id,
                        TRACED_AT_ONCE,
                    )
                )
                if not rows:
                    return
                env[self._name]._insert_traces([row[0] for row in rows])

    @api.model
    def _insert_traces(self, message_ids):
        known = {**FAILURE_TYPES}
        self.env.cr.execute(
            SQL(
                """
                WITH message AS (
                    SELECT m.id, m.partner_id, m.state, m.reason, m.origin_id, pt.value AS email, i.campaign_id,
                           nextval('mailing_trace_id_seq') AS trace_id
                      FROM hospitality_message m
                      JOIN mailing_mailing i ON i.id = m.origin_id
                      LEFT JOIN hospitality_contact_point pt ON pt.id = m.point_id
                     WHERE m.id = ANY(%(ids)s::int[])),
                trace AS (
                    INSERT INTO mailing_trace (
                           id, trace_type, email, model, res_id, mass_mailing_id, campaign_id, trace_status,
                           failure_type, create_uid, create_date, write_uid, write_date)
                    SELECT trace_id, 'mail', email, 'res.partner', partner_id, origin_id, campaign_id,
                           CASE WHEN state = 'refused' THEN 'cancel' ELSE 'outgoing' END,
                           CASE WHEN state = 'refused' THEN COALESCE(known.type, 'mail_optout') END,
                           %(uid)s, now() AT TIME ZONE 'UTC', %(uid)s, now() AT TIME ZONE 'UTC'
                      FROM message
                      LEFT JOIN unnest(%(reasons)s::varchar[], %(types)s::varchar[]) AS known(reason, type)
                             ON known.reason = message.reason)
                UPDATE hospitality_message m SET trace_id = message.trace_id FROM message WHERE m.id = message.id
                """,
                ids=pg_int_array(message_ids),
                reasons=pg_array(list(known)),
                types=pg_array(list(known.values())),
                uid=self.env.uid,
            )
        )

    @api.model
    def _note_letters(self, env, letters):
        """Write into the traces what links and bounces refer to, before any mail goes."""
        made = [letter for letter in letters if letter.mail]
        if made:
            env.cr.execute(
                SQL(
                    """UPDATE mailing_trace t SET message_id = n.message_id, mail_mail_id_int = n.mail_id
                         FROM unnest(%s::int[], %s::varchar[], %s::int[]) AS n(id, message_id, mail_id)
                        WHERE t.id = n.id""",
                    pg_int_array([letter.trace_id for letter in made]),
                    pg_array([letter.message_id for letter in made]),
                    pg_int_array([letter.mail.id for letter in made]),
                )
            )

    @api.model
    def _finish_letters(self, env, letters, failures):
        """Bring traces and mails up to date with what became of the messages."""
        env[self._name]._settle(list(letters), failures)
        mails = {letter.mail.id: letter.mail for letter in letters.values() if letter.mail}
        if not mails or not env["mail.mail"].browse(list(mails)[:1]).exists():
            return
        env[self._name]._settle_mails(list(mails))

    @api.model
    def _settle(self, message_ids, failures=None):
        """Let traces follow their messages.

        :param dict failures: ``{message id: failure type}`` of those that were refused by the mail server
        """
        failures = failures or {}
        self.env.cr.execute(
            SQL(
                """
                UPDATE mailing_trace t
                   SET trace_status = n.status, failure_type = n.failure_type,
                       failure_reason = CASE WHEN n.status = 'error' THEN n.error END,
                       sent_datetime = COALESCE(t.sent_datetime, n.sent_at), write_date = now() AT TIME ZONE 'UTC'
                  FROM (SELECT m.trace_id, m.error, m.sent_at,
                               CASE m.state WHEN 'sent' THEN 'sent' WHEN 'delivered' THEN 'sent'
                                    WHEN 'failed' THEN 'error' WHEN 'refused' THEN 'cancel'
                                    WHEN 'cancelled' THEN 'cancel' ELSE 'outgoing' END AS status,
                               CASE m.state WHEN 'failed' THEN COALESCE(f.type, 'unknown')
                                    WHEN 'refused' THEN COALESCE(known.type, 'mail_optout') END AS failure_type
                          FROM hospitality_message m
                          LEFT JOIN unnest(%(failed)s::int[], %(kinds)s::varchar[]) AS f(id, type) ON f.id = m.id
                          LEFT JOIN unnest(%(reasons)s::varchar[], %(types)s::varchar[]) AS known(reason, type)
                                 ON known.reason = m.reason
                         WHERE m.id = ANY(%(ids)s::int[]) AND m.state <> 'bounced') AS n
                 WHERE t.id = n.trace_id AND t.trace_status IN ('outgoing', 'error', 'cancel')
                   AND t.trace_status IS DISTINCT FROM n.status
                """,
                ids=pg_int_array(message_ids),
                failed=pg_int_array(list(failures)),
                kinds=pg_array(list(failures.values())),
                reasons=pg_array(list(FAILURE_TYPES)),
                types=pg_array(list(FAILURE_TYPES.values())),
            )
        )
        self.env["mailing.trace"].invalidate_model(flush=False)

    @api.model
    def _settle_mails(self, mail_ids):
        """Let mails that have rows follow their messages, as the core does after sending."""
        rows = self.env.execute_query(
            SQL(
                """SELECT l.id, m.state, m.error, t.failure_type FROM mail_mail l
                     JOIN hospitality_message m ON m.mail_id = l.id
                     LEFT JOIN mailing_trace t ON t.id = m.trace_id
                    WHERE l.id = ANY(%s::int[]) AND l.state = 'exception' AND l.failure_type = 'unknown'""",
                pg_int_array(mail_ids),
            )
        )
        Mail = self.env["mail.mail"].sudo()  # mails are technical, as in the core
        sent = Mail.browse([mail_id for mail_id, state, _error, _type in rows if state in ("sent", "delivered")])
        if sent:
            sent.write({"state": "sent", "failure_type": False, "failure_reason": False})
            sent._postprocess_sent_message(success_pids=sent.recipient_ids, success_emails=[])
        for mail_id, state, error, failure_type in rows:
            if state == "failed":
                mail = Mail.browse(mail_id)
                mail.write({"failure_type": failure_type or "unknown", "failure_reason": error})
                mail._postprocess_sent_message(
                    success_pids=[], success_emails=[], failure_reason=error, failure_type=failure_type or "unknown"
                )
        # Mails of messages that didn't go are made anew when their time comes.
        Mail.browse(mail_ids).exists().filtered(
            lambda mail: mail.state == "exception"
            and mail.failure_type == "unknown"
            and mail.id not in {r[0] for r in rows}
        ).unlink()

    @api.model
    def _settle_mailing(self, mailing):
        """Do for the whole mailing what a lane that died has left undone."""
        rows = self.env.execute_query(
            SQL(
                """SELECT m.id FROM hospitality_message m JOIN mailing_trace t ON t.id = m.trace_id
                    WHERE m.origin_model = 'mailing.mailing' AND m.origin_id = %s AND m.origin_ref = ''
                      AND t.trace_status = 'outgoing'
                      AND m.state NOT IN ('uncertain', 'planned', 'postponed', 'sending')""",
                mailing.id,
            )
        )
        self._settle([row[0] for row in rows])
        Mail = self.env["mail.mail"].sudo()  # all of the mailing, whoever made them
        self._settle_mails(Mail.search([("mailing_id", "=", mailing.id), ("state", "=", "exception")]).ids)
