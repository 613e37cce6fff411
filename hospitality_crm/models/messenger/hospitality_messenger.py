import datetime
import json
import logging
import time
from functools import partial

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL

from ...engine.messenger import Outcome, Outgoing
from ...tools import http
from ...tools.arrays import pg_int_array
from ...tools.claim import lane_env, with_retry

_logger = logging.getLogger(__name__)

CLAIMED_AT_ONCE = 100
#: Places in the rate of a provider that a lane reserves at a time.
TURNS_AT_ONCE = 20
LANE_SECONDS = 15
#: A message that the provider could not take so often is given up.
MAX_TRIES = 12
#: Pauses longer than this end a step instead of being slept through.
LONGEST_SLEEP = 5.0
#: Channels that are served here; the others have senders of their own.
CHANNELS = ("messenger", "sms", "phone", "post")
KEY = "hm-%s"


class Batch:
    """What a lane keeps while it hands over a few messages.

    :ivar client: `tools.http.Client`
    :ivar failed: ids of contact points that don't work -> kind of failure
    :ivar credentials: provider -> its credentials, read once
    """

    def __init__(self, client):
        self.client = client
        self.failed = {}
        self.credentials = {}
        self._turns = {}

    def get_credentials(self, provider):
        """Return the credentials of a provider.

        :raise UserError: they are incomplete, or can't be read
        """
        if provider.id not in self.credentials:
            credentials = provider._get_credentials()
            missing = provider._get_missing(credentials)
            if missing:
                raise UserError(", ".join(missing))
            self.credentials[provider.id] = credentials
        return self.credentials[provider.id]

    def get_wait(self, provider):
        """Return the seconds until the next message may go to a provider, whose rate all lanes share."""
        if not provider:
            return 0.0
        turns = self._turns.setdefault(provider.id, [])
        if not turns:
            turns += provider._take_turns(TURNS_AT_ONCE)
        return max(turns.pop(0) - time.monotonic(), 0.0)


class HospitalityMessenger(models.AbstractModel):
    """Sends messages by messengers, gateways and people: plans them at the gate, keeps their text, hands them over.

    Whoever sends calls `_send`; lanes do the rest, each message through `hospitality.gate._passage`.
    """

    _name = "hospitality.messenger"
    _description = "Sender of messengers and calls"

    # -- planning ------------------------------------------------------------------------------

    @api.model
    def _send(
        self,
        partners,
        purpose,
        channel,
        texts,
        origin,
        *,
        provider=None,
        brand=None,
        company=None,
        buttons=(),
        template=None,
        **values,
    ):
        """Consider a message for guests and keep its text until it goes. Callers check rights.

        :param purpose: ``hospitality.purpose``
        :param str channel: ``messenger``, ``phone``, ``sms`` or ``post``
        :param texts: plain text, or dict partner id -> plain text
        :param origin: record that sends; it writes to a guest once, unless ``origin_ref`` differs
        :param provider: ``hospitality.message.provider``; None: for messengers the one of the guest's handle, for other
            channels the first of brand and company
        :param buttons: ``(label, https address)`` pairs
        :param template: ``{"name", "lang", "params"}`` of a template that WhatsApp has approved, for guests who haven't
            written lately
        :param values: further ones of `engine.gate.Spec`
        :return: what `hospitality.gate._plan` reports
        """
        company = company or self.env.company
        if provider is None and channel != "messenger":
            provider = self.env["hospitality.message.provider"]._find(channel, company, brand)
            if not provider:
                raise UserError(
                    self.env._("No message channel carries this. Add one in Configuration > Message Channels.")
                )
        Gate = self.env["hospitality.gate"]
        spec = Gate._spec(
            purpose,
            channel,
            origin,
            brand=brand,
            company=company,
            provider=provider.code if provider and channel == "messenger" else "",
            **values,
        )
        report = Gate._plan(partners.ids, spec)
        if isinstance(texts, str):
            texts = dict.fromkeys(partners.ids, texts)
        self.env["hospitality.message"].flush_model()
        self.env.cr.execute(
            SQL(
                """INSERT INTO hospitality_message_content (message_id, provider_id, text, buttons, template, tries)
                   SELECT m.id, %(provider)s, t.text, %(buttons)s, %(template)s, 0
                     FROM hospitality_message m
                     JOIN unnest(%(ids)s::int[], %(texts)s::text[]) AS t(id, text) ON t.id = m.planned_partner_id
                    WHERE m.origin_model = %(model)s AND m.origin_id = %(origin)s AND m.origin_ref = %(ref)s
                      AND m.channel = %(channel)s AND m.state IN ('planned', 'postponed')
                       ON CONFLICT (message_id) DO NOTHING""",
                provider=provider.id if provider else None,
                buttons=json.dumps(list(buttons)) if buttons else None,
                template=json.dumps(template) if template else None,
                ids=pg_int_array(texts),
                texts=list(texts.values()),
                model=spec.origin_model,
                origin=spec.origin_id,
                ref=spec.origin_ref,
                channel=channel,
            )
        )
        self.env["hospitality.message.content"].invalidate_model(flush=False)
        self._wake()
        return report

    @api.model
    def _reply(self, partner, provider, text, origin):
        """Answer a guest in the messenger that he has just used; an answer is no advertising."""
        purpose = self.env.ref("hospitality_crm.purpose_service").sudo()  # answers are of this kind for everybody
        return self._send(
            partner,
            purpose,
            provider.channel,
            text,
            origin,
            provider=provider,
            brand=provider.brand_id or None,
            company=provider.company_id,
        )

    @api.model
    def _wake(self):
        self.env.ref("hospitality_crm.cron_messenger_1")._trigger()

    # -- lanes ---------------------------------------------------------------------------------

    @api.model
    def _run_lane(self):
        """Job: hand over what is due. Several lanes share the work."""
        ends = time.monotonic() + LANE_SECONDS
        client = http.from_config()
        try:
            while time.monotonic() < ends:
                done = self._send_step(client, ends)
                if not done or not self.env["ir.cron"]._commit_progress(done):
                    break
        finally:
            client.close()

    @api.model
    def _send_step(self, client, ends):
        """Hand over some messages.

        :return: how many were taken
        """
        batch = Batch(client)
        with self.env["hospitality.gate"]._passage() as passage:
            ids = passage.claim(self._get_due(), CLAIMED_AT_ONCE)
            providers = self._get_providers(passage.env, ids)
            rest = list(ids)
            while rest and time.monotonic() < ends:
                wait = batch.get_wait(providers.get(rest[0]))
                if wait > LONGEST_SLEEP:
                    break
                if wait:
                    # Nobody waits for a guest, nor is a message in doubt, while this lane does nothing.
                    passage.settle()
                    time.sleep(wait)
                message_id = rest.pop(0)
                if passage.enter(message_id) and self._hand_over(passage, batch, message_id):
                    break  # a provider rests: the others of the batch go on with the next step
            passage.give_back(rest)
        self._note_unreachable(batch.failed)
        return len(ids) - len(rest)

    @api.model
    def _get_due(self):
        """Return the condition of messages that a lane may take: with a text, and a provider that isn't resting."""
        return SQL(
            """channel = ANY(%s) AND EXISTS (
                   SELECT FROM hospitality_message_content c
                     LEFT JOIN hospitality_message_provider v ON v.id = c.provider_id
                    WHERE c.message_id = hospitality_message.id AND c.activity_id IS NULL
                      AND (v.id IS NULL OR v.active AND (v.paused_until IS NULL OR v.paused_until <= %s)))""",
            list(CHANNELS),
            fields.Datetime.now(),
        )

    @api.model
    def _get_providers(self, env, ids):
        """Return who carries messages, as far as it is known before the gate chooses the address."""
        rows = env.execute_query(
            SQL(
                """SELECT m.id, COALESCE(c.provider_id, v.id)
                     FROM hospitality_message m
                     JOIN hospitality_message_content c ON c.message_id = m.id
                     LEFT JOIN hospitality_contact_point p ON p.id = m.point_id
                     LEFT JOIN hospitality_message_provider v ON v.code = split_part(p.value, ':', 1)
                    WHERE m.id = ANY(%s)""",
                ids,
            )
        )
        Provider = env["hospitality.message.provider"].sudo()  # senders needn't see the configuration
        return {message_id: Provider.browse(provider_id) for message_id, provider_id in rows if provider_id}

    @api.model
    def _hand_over(self, passage, batch, message_id):
        """Hand over the message that was entered, and leave it.

        :return: until when its provider rests, None when it doesn't
        """
        job = self._read_job(passage.env, message_id)
        provider = job["provider"]
        if provider.kind == "task":
            self._assign_call(passage, job)
            return None
        if not provider:
            self._leave(passage, job, Outcome("failed", error="no channel"))
            return None
        if job["rests"]:  # noted since the message was claimed
            passage.leave("planned", due_at=job["rests"])
            return job["rests"]
        outcome, answered = self._call(batch, job)
        if outcome.unreachable:
            batch.failed[job["point_id"]] = "hard"
        if outcome.broken or outcome.state == "later":
            wait = outcome.wait if outcome.state == "later" else None
            rests = provider._note_result(answered, wait=wait, problem=outcome.error if outcome.broken else None)
            self._leave(passage, job, outcome, rests)
            return rests
        self._leave(passage, job, outcome)  # first of all: nothing that fails later makes it uncertain
        return provider._note_result(answered) if job["is_ailing"] or not answered else None

    @api.model
    def _read_job(self, env, message_id):
        """Return what is to be handed over, to whom, and how its provider is."""
        row = env.execute_query_dict(
            SQL(
                """SELECT m.id, m.partner_id, m.channel, m.point_id, r.lang, p.heard_at, c.text, c.buttons, c.template,
                          c.tries, v.id AS provider_id,
                          COALESCE(v.failures, 0) > 0 OR v.problem IS NOT NULL AS is_ailing,
                          CASE WHEN v.paused_until > %s THEN v.paused_until END AS rests,
                          CASE WHEN m.channel = 'messenger' THEN substring(p.value FROM position(':' IN p.value) + 1)
                               ELSE p.value END AS value
                     FROM hospitality_message m
                     JOIN hospitality_message_content c ON c.message_id = m.id
                     JOIN res_partner r ON r.id = m.partner_id
                     LEFT JOIN hospitality_contact_point p ON p.id = m.point_id
                     LEFT JOIN hospitality_message_provider v ON v.active
                           AND CASE WHEN m.channel = 'messenger' THEN v.code = split_part(p.value, ':', 1)
                                    ELSE v.id = c.provider_id END
                    WHERE m.id = %s""",
                fields.Datetime.now(),
                message_id,
            )
        )[0]
        Provider = env["hospitality.message.provider"].sudo()  # senders needn't see the configuration
        return {**row, "provider": Provider.browse(row["provider_id"] or ())}

    @api.model
    def _call(self, batch, job):
        """Make the call to the provider.

        :return: ``(Outcome, whether the provider has said anything)``
        """
        carrier = job["provider"]._get_engine()
        try:
            credentials = batch.get_credentials(job["provider"])
        except UserError as error:
            return Outcome("failed", error=str(error), broken=True), True
        try:
            request = carrier.prepare(credentials, self._get_outgoing(job))
        except (AttributeError, LookupError, TypeError, ValueError):  # what is stored isn't what the provider expects
            _logger.exception("Message %s can't be prepared", job["id"])
            return Outcome("failed", error="the message can't be prepared"), True
        if isinstance(request, Outcome):
            return request, True
        try:
            response = batch.client.request(
                request.method, request.url, headers=request.headers, body=request.body, secrets=request.secrets
            )
        except http.Forbidden as error:
            return Outcome("failed", error=str(error), broken=True), True
        except http.Unreachable as error:
            return Outcome("later", error=str(error)), False
        except http.HttpError as error:
            return Outcome("uncertain", error=str(error)), False
        outcome = carrier.read_answer(response.status, response.json(), response.retry_after())
        if outcome.error:
            outcome = outcome._replace(error=http.mask(outcome.error, request.secrets))
        return outcome, response.status < 500

    @api.model
    def _get_outgoing(self, job):
        now = fields.Datetime.now()
        heard = job["heard_at"]
        extra = {"channel": job["channel"], "lang": job["lang"] or ""}
        if job["channel"] == "post":
            Partner = job["provider"].env["res.partner"].sudo()  # the gate has let the message to him pass
            partner = Partner.browse(job["partner_id"])
            extra["recipient"] = {"name": partner.name, "address": partner._display_address(without_company=True)}
        return Outgoing(
            key=KEY % job["id"],
            address=job["value"] or "",
            text=job["text"],
            buttons=tuple((label, url) for label, url in job["buttons"] or ()),
            template=job["template"],
            heard_seconds=(now - heard).total_seconds() if heard else None,
            at=int(now.replace(tzinfo=datetime.timezone.utc).timestamp()),
            extra=extra,
        )

    @api.model
    def _leave(self, passage, job, outcome, pause=None):
        """Write what became of a message."""
        state, error = outcome.state, (outcome.error or "")[:500] or None
        if outcome.broken or state == "later":
            # Not the message's fault: it waits until the provider takes messages again.
            tries = job["tries"] + (state == "later")
            passage.env.cr.execute(
                SQL("UPDATE hospitality_message_content SET tries = %s WHERE message_id = %s", tries, job["id"])
            )
            if tries < MAX_TRIES:
                seconds = outcome.wait or http.backoff(tries)
                due = fields.Datetime.now() + datetime.timedelta(seconds=seconds)
                passage.leave("planned", error=error, due_at=max(due, pause or due))
                return
            state = "failed"
        values = {"error": error}
        if job["provider"]:
            values["provider"] = job["provider"].code
        if outcome.external_ref:
            values["external_ref"] = outcome.external_ref
        passage.leave(state, **values)

    @api.model
    def _note_unreachable(self, failed):
        """Mark addresses at which a provider has found nobody, each alone: other lanes may find out as well."""
        for point_id, kind in failed.items():
            if point_id:
                with_retry(partial(self._note_unreachable_point, point_id, kind))
        self.env["hospitality.contact.point"].invalidate_model(flush=False)

    @api.model
    def _note_unreachable_point(self, point_id, kind):
        with lane_env(self.env) as env:
            env.execute_query(
                SQL("SELECT FROM hospitality_contact_point WHERE id = %s FOR NO KEY UPDATE", point_id)  # it is counted
            )
            env["hospitality.contact.point"].browse(point_id).exists()._note_bounce(kind)
