import datetime

from odoo import api, fields, models
from odoo.tools import SQL, plaintext2html

from ...engine.consent import is_minor
from ...engine.contact import normalise_phone
from ...engine.messenger import words
from .hospitality_messenger import KEY

#: What a receipt may still change.
OPEN = ("sending", "sent", "uncertain")


class HospitalityMessageReply(models.AbstractModel):
    """What guests and providers answer: receipts, opt-out words, connected and blocked messengers.

    *Stop* is a withdrawal of everything but service messages on that channel, for the brand of the bot, and is
    confirmed in the messenger. *Start* never makes a guest agree: his agreement is *to be confirmed*, and he gets the
    link to the page where he confirms it.
    """

    _name = "hospitality.message.reply"
    _description = "Answers of guests"

    @api.model
    def _apply(self, event):
        """Act on an event.

        :param event: ``hospitality.message.event``
        :return: *done*, *ignored*, or *later*
        """
        said = {**(event.sudo().payload or {}), "kind": event.kind}  # the system reads what the web-hook stored
        if said["kind"] == "status":
            return self._apply_status(event, said)
        handle = self._get_handle(event, said.get("address") or "")
        if not handle:
            return "ignored"
        if said["kind"] == "start" and said.get("token"):
            return self._connect(event, said, handle)
        point, guests = self._find_guests(event, said, handle)
        if said["kind"] == "blocked":
            point._note_bounce("hard")
            return "done" if point else "ignored"
        point._note_heard(self._get_time(event, said))
        channel = "messenger" if event.provider_id else "sms"
        meaning = {"stop": "stop", "resume": "start", "start": "start"}.get(said["kind"]) or words.meaning(
            said.get("text"), channel
        )
        if meaning == "stop":
            return self._stop(event, guests, handle, said)
        if meaning == "start":
            return self._start(event, guests)
        return self._forward(event, guests, said)

    @api.model
    def _get_time(self, event, said):
        at = said.get("at")
        if not at:
            return event.received_at
        said_at = datetime.datetime.fromtimestamp(at, datetime.timezone.utc).replace(tzinfo=None, microsecond=0)
        return min(said_at, event.received_at)

    # -- who -----------------------------------------------------------------------------------

    @api.model
    def _get_handle(self, event, address):
        """Return channel and value of the contact point that an event comes from."""
        if event.provider_id.channel == "messenger":
            return ("messenger", f"{event.provider_id.code}:{address}") if address else None
        number = normalise_phone(address)
        return ("phone", number) if number else None

    @api.model
    def _find_guests(self, event, said, handle):
        """Return the contact point and the guests who use it; a number on WhatsApp leads to its owner."""
        Point = self.env["hospitality.contact.point"]
        point = Point._find_points(handle[0], [handle[1]])
        guests = point._get_guests()
        if not guests and event.provider_id.kind == "whatsapp":
            guests = self._find_by_token(event, said)
            if not guests:
                owners = Point._find_points("phone", [handle[1].partition(":")[2]])
                guests = owners.filtered(lambda p: p.kind == "real")._get_guests()
            if len(guests) == 1:
                guests._add_handle(handle[1])
                point = Point._find_points(handle[0], [handle[1]])
        return point, guests

    @api.model
    def _find_by_token(self, event, said):
        token = (said.get("token") or said.get("text") or "").strip()
        return self.env["res.partner"]._find_by_start_token(event.provider_id, token)

    @api.model
    def _connect(self, event, said, handle):
        """Connect a messenger to the guest whose link was followed."""
        guest = self.env["res.partner"]._find_by_start_token(event.provider_id, said["token"])
        if not guest:
            # An old link of a guest who is connected already is a greeting.
            _point, guests = self._find_guests(event, {}, handle)
            return self._start(event, guests) if guests else "ignored"
        guest._add_handle(handle[1])
        self.env["hospitality.contact.point"]._find_points(handle[0], [handle[1]])._note_heard(event.received_at)
        self._answer(event, guest, "connected")
        return "done"

    # -- receipts ------------------------------------------------------------------------------

    @api.model
    def _apply_status(self, event, said):
        """Write what the provider says about a message."""
        code = event.provider_id.code
        prefix = KEY.partition("%")[0]
        key = (said.get("key") or "").removeprefix(prefix)
        rows = self.env.execute_query(
            SQL(
                """UPDATE hospitality_message
                      SET state = %(state)s, error = COALESCE(%(error)s, error),
                          external_ref = COALESCE(external_ref, %(ref)s), sent_at = COALESCE(sent_at, handed_at)
                    WHERE state = ANY(%(open)s)
                      AND (external_ref = %(ref)s AND provider = %(provider)s
                           OR id = %(key)s AND state IN ('sending', 'uncertain'))
                RETURNING point_id""",
                state=said["state"],
                error=(said.get("error") or "")[:500] or None,
                ref=said.get("external_ref") or None,
                provider=code,
                key=int(key) if key.isdecimal() and len(key) < 10 else None,
                open=list(OPEN),
            )
        )
        if not rows:
            Message = self.env["hospitality.message"].sudo()  # whether it is ours, whoever may see it
            known = Message.search_count(
                [("external_ref", "=", said.get("external_ref") or ""), ("provider", "=", code)], limit=1
            )
            return "ignored" if known else "later"
        self.env["hospitality.message"].invalidate_model(flush=False)
        points = self.env["hospitality.contact.point"].browse(filter(None, (row[0] for row in rows)))
        if said.get("unreachable"):
            points._note_bounce("hard")
        return "done"

    # -- words ---------------------------------------------------------------------------------

    @api.model
    def _get_purposes(self):
        """Return the purposes that a word on a channel is about: all but service messages."""
        Purpose = self.env["hospitality.purpose"].sudo()  # for the system's ledger
        return Purpose._get_asked().filtered("per_channel")

    @api.model
    def _record(self, guests, channel, decision, brand, unless, **facts):
        """Record what guests say about everything on a channel, where it is new.

        :param unless: states that already say so
        :return: number of statements
        """
        State = self.env["hospitality.consent.state"]
        entries = []
        for purpose in self._get_purposes():
            states = State._get(guests.ids, purpose, channel, brand)
            entries += [
                {"partner_id": guest.id, "purpose": purpose, "channel": channel, "lang": guest.lang or None}
                for guest in guests
                if states.get(guest.id, ("unknown", None))[0] not in unless
            ]
        if entries:
            self.env["hospitality.consent.event"]._record_many(entries, decision, brand=brand or None, **facts)
        return len(entries)

    @api.model
    def _stop(self, event, guests, handle, said):
        """Withdraw what the guests have agreed to on the channel."""
        provider = event.provider_id
        channel = "messenger" if handle[0] == "messenger" else "sms"
        if not guests:
            if channel == "sms":
                self.env["phone.blacklist"].sudo()._add([handle[1]])  # as the core does for contacts that are no guests
                return "done"
            return "ignored"
        evidence = (said.get("text") or event.kind)[: words.LONGEST]
        self._record(guests, channel, "withdrawn", provider.brand_id, ("denied",), method="reply", evidence=evidence)
        for guest in guests if provider else ():
            self._answer(event, guest, "stopped")
        return "done"

    @api.model
    def _start(self, event, guests):
        """Ask guests to confirm that they agree again."""
        if not guests:
            return "ignored"
        provider = event.provider_id
        channel = "messenger" if provider else "sms"
        for guest in guests:
            if not self._is_minor(guest, event.company_id or provider.company_id):
                self._record(guest, channel, "pending", provider.brand_id, ("granted", "pending"), method="reply")
        for guest in guests if provider else ():
            self._answer(event, guest, "asked")
        return "done"

    @api.model
    def _is_minor(self, guest, company):
        age = (company or self.env.company).hospitality_consent_age
        return is_minor(guest.guest_birthdate or None, fields.Date.today(), age)

    @api.model
    def _answer(self, event, guest, kind):
        """Answer in the guest's language with his personal link.

        :param str kind: what has happened: *connected*, *stopped*, or *asked* to confirm
        """
        provider = event.provider_id
        link = self.env["hospitality.preference.centre"]._get_url(guest, provider.brand_id)
        text = self.with_context(lang=guest.lang or self.env.lang)._get_answer(kind, link)
        self.env["hospitality.messenger"]._reply(guest, provider, text, event)

    @api.model
    def _get_answer(self, kind, link):
        if kind == "connected":
            return self.env._("You are connected. Choose here what you would like to hear from us: %(link)s", link=link)
        if kind == "stopped":
            return self.env._(
                "You won't get offers here any more. We still write about your bookings. Your choices: %(link)s",
                link=link,
            )
        return self.env._("Choose here what you would like to hear from us, and confirm it: %(link)s", link=link)

    @api.model
    def _forward(self, event, guests, said):
        """Show what a guest has written to those who look after him."""
        text = said.get("text")
        if not text or not guests:
            return "ignored"
        for guest in guests:
            guest.message_post(
                body=plaintext2html(text),
                author_id=guest.id,
                message_type="comment",
                subtype_xmlid="mail.mt_comment",
            )
        return "done"
