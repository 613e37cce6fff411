import email
import email.policy
import re
from unittest.mock import patch

from odoo.tools import SQL

from .lanes_common import LanesCommon
from .smtp_sink import SmtpSink

DOMAIN = "gast-haus.at"
BODY = """<div class="o_layout"><h1>Dear <t t-out="object.name or ''"/>,</h1>
<p>we greet you <t t-if="object.city">in <t t-out="object.city"/></t><t t-else="">warmly</t>.</p>
<p><a href="https://hotel.example.org/offers?a=1">Book your room</a> or <a href="/spa">see the spa</a></p>
<p><a href="/unsubscribe_from_list">Unsubscribe</a> <a href="/view">View online</a></p></div>"""


class MailingCommon(LanesCommon):
    """Mailings that are really sent, over connections of their own to a mail server that keeps what it gets."""

    def setUp(self):
        self.guest_ids = {}
        self.mailing_ids = []
        self.sink = SmtpSink()
        self.sink.__enter__()
        self.addCleanup(self.sink.__exit__)
        super().setUp()
        self.patch(self.registry["ir.mail_server"], "_disable_send", classmethod(lambda cls: False))
        # Titles of web pages would be fetched from the web.
        self.patch(self.registry["link.tracker"], "_get_title_from_url", lambda tracker, url: url)

    def _empty_queue(self, env):
        env.cr.execute("DELETE FROM hospitality_message WHERE origin_model IN ('mailing.mailing', 'mail.mail')")

    def _create_all(self, env):
        self.purpose = env.ref("hospitality_crm.purpose_marketing")
        self.base_url = env["ir.config_parameter"].get_param("web.base.url")
        server = env["ir.mail_server"].create(
            {"name": "Sink", "smtp_host": "127.0.0.1", "smtp_port": self.sink.port, "smtp_encryption": "none"}
        )
        self.server_id = server.id

    def _delete_all(self, env):
        ids = list(self.guest_ids.values())
        points = [
            row[0]
            for row in env.execute_query(
                SQL("SELECT id FROM hospitality_contact_point WHERE value LIKE %s", f"%%@{DOMAIN}")
            )
        ]
        env["mail.mail"].search([("mailing_id", "in", self.mailing_ids)]).unlink()
        env.cr.execute(SQL("DELETE FROM hospitality_message WHERE partner_id = ANY(%s)", ids))
        env["link.tracker"].search([("mass_mailing_id", "in", self.mailing_ids)]).unlink()
        env["mailing.mailing"].browse(self.mailing_ids).unlink()
        env.cr.execute(SQL("DELETE FROM hospitality_consent_state WHERE partner_id = ANY(%s)", ids))
        env.cr.execute(
            SQL(
                "DELETE FROM hospitality_contact_link WHERE profile_id IN"
                " (SELECT id FROM hospitality_profile WHERE partner_id = ANY(%s))",
                ids,
            )
        )
        env.cr.execute(SQL("DELETE FROM hospitality_contact_point WHERE id = ANY(%s)", points))
        env["res.partner"].browse(ids).exists().unlink()
        env["ir.mail_server"].browse(self.server_id).unlink()
        lanes = [env.ref(f"hospitality_crm.cron_mailing_lane_{number}").id for number in range(1, 5)]
        lanes.append(env.ref("mass_mailing.ir_cron_mass_mailing_queue").id)
        env["ir.cron.trigger"].search([("cron_id", "in", lanes)]).unlink()

    # -- the world -----------------------------------------------------------------------------

    def _add_guests(self, *names, says="granted", **values):
        """Commit guests with an address each, who have said something about marketing."""
        with self._session() as env:
            for name in names:
                partner = env["res.partner"].create(
                    {"name": f"{name.title()} Muster", "email": f"{name}@{DOMAIN}", "is_guest": True, **values}
                )
                self.guest_ids[name] = partner.id
                if says and partner.is_guest:
                    self._say(name, says, env)

    def _say(self, name, state, env=None):
        """Commit what a guest has said; the statement itself doesn't matter here."""
        if env is None:
            with self._session() as own:
                return self._say(name, state, own)
        return env.cr.execute(
            SQL(
                """INSERT INTO hospitality_consent_state (partner_id, purpose_id, channel, state, since)
                   VALUES (%s, %s, 'email', %s, now())
                   ON CONFLICT (partner_id, purpose_id, channel, COALESCE(brand_id, 0))
                   DO UPDATE SET state = EXCLUDED.state""",
                self.guest_ids[name],
                self.purpose.id,
                state,
            )
        )

    def _add_mailing(self, **values):
        """Commit a mailing to all guests of the test that waits in the queue; return its id."""
        with self._session() as env:
            mailing = env["mailing.mailing"].create(
                {
                    "subject": "{{ object.name }}, your summer",
                    "preview": "News for {{ object.name }}",
                    "body_html": BODY,
                    "email_from": '"House" <news@our-house.at>',
                    "reply_to": '"House" <reply@our-house.at>',
                    "mailing_model_id": env["ir.model"]._get_id("res.partner"),
                    "mailing_domain": [("id", "in", list(self.guest_ids.values()))],
                    "mail_server_id": self.server_id,
                    "user_id": env.ref("base.user_admin").id,
                    **values,
                }
            )
            self.mailing_ids.append(mailing.id)
            mailing.action_put_in_queue()
            return mailing.id

    # -- what jobs do --------------------------------------------------------------------------

    def _run_queue(self):
        with self._session() as env:
            env["mailing.mailing"]._process_mass_mailing_queue()

    def _run_lane(self):
        with self._session() as env:
            env["hospitality.mailing.sender"]._run_lane()

    def _send(self, **values):
        """Send a mailing; return its id."""
        mailing_id = self._add_mailing(**values)
        self._run_queue()
        self._run_lane()
        return mailing_id

    # -- what has become of it -----------------------------------------------------------------

    def _read(self, mailing_id, *names):
        with self._session() as env:
            mailing = env["mailing.mailing"].browse(mailing_id)
            return mailing[names[0]] if len(names) == 1 else tuple(mailing[name] for name in names)

    def _get_messages(self, mailing_id):
        """Return ``{name: (state, reason)}`` of the gate's rows."""
        names = {partner_id: name for name, partner_id in self.guest_ids.items()}
        with self._session() as env:
            rows = env.execute_query(
                SQL("SELECT partner_id, state, reason FROM hospitality_message WHERE origin_id = %s", mailing_id)
            )
        return {names[partner_id]: (state, reason) for partner_id, state, reason in rows}

    def _get_traces(self, mailing_id):
        """Return ``{name: row}`` of the mailing's traces."""
        names = {partner_id: name for name, partner_id in self.guest_ids.items()}
        with self._session() as env:
            rows = env.execute_query_dict(
                SQL(
                    "SELECT id, res_id, trace_status, failure_type, failure_reason, message_id, mail_mail_id_int,"
                    " email, sent_datetime FROM mailing_trace WHERE mass_mailing_id = %s",
                    mailing_id,
                )
            )
        return {names[row["res_id"]]: row for row in rows}

    def _get_mails(self):
        """Return ``{name of the recipient: list of messages}`` of what the server has taken."""
        mails = {}
        for _sender, recipients, text in self.sink.mails:
            message = email.message_from_bytes(text, policy=email.policy.default)
            for recipient in recipients:
                mails.setdefault(recipient.split("@")[0], []).append(message)
        return mails

    @staticmethod
    def _get_body(message, kind="html"):
        return message.get_body((kind,)).get_content().replace("\r\n", "\n")

    def _get_links(self, message):
        """Return the ``(code, trace id)`` of the tracked links."""
        return re.findall(rf"{re.escape(self.base_url)}/r/(\w+)/m/(\d+)", self._get_body(message))

    def _override(self, model, method, make):
        """Let another addon override a method until the test ends.

        :param make: gets the method so far and returns the new one
        """
        cls = self.registry[model]
        override = patch.object(cls, method, make(getattr(cls, method)))
        override.start()
        self.addCleanup(override.stop)
