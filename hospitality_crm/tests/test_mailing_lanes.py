import re
from unittest.mock import patch

from odoo.tests import tagged
from odoo.tools import SQL

from odoo.addons.mail.models.mail_mail import MailMail

from ..models.mailing import hospitality_mailing_sender, mailing_mailing
from .mailing_common import DOMAIN, MailingCommon


@tagged("post_install", "-at_install")
class TestMailingLanes(MailingCommon):
    def test_each_willing_guest_gets_his_own_mail(self):
        self._add_guests("anna", city="Wien")
        self._add_guests("ben")
        self._add_guests("carla", says="denied")
        self._add_guests("dora", says=None)
        mailing_id = self._send()
        mails = self._get_mails()
        self.assertEqual({name: len(got) for name, got in mails.items()}, {"anna": 1, "ben": 1})
        anna, ben = mails["anna"][0], mails["ben"][0]
        self.assertEqual(anna["Subject"], "Anna Muster, your summer")
        self.assertIn("Dear Anna Muster,", self._get_body(anna))
        self.assertIn("in Wien.", self._get_body(anna))
        self.assertIn("News for Anna Muster", self._get_body(anna))
        self.assertIn("Dear Anna Muster,", self._get_body(anna, "plain"))
        self.assertIn("you warmly.", self._get_body(ben))
        self.assertEqual(anna["To"].addresses[0].addr_spec, f"anna@{DOMAIN}")
        self.assertEqual(anna["To"].addresses[0].display_name, "Anna Muster")
        self.assertEqual(str(anna["From"]), '"House" <news@our-house.at>'.replace('"', ""))
        self.assertEqual(anna["Reply-To"].addresses[0].addr_spec, "reply@our-house.at")
        self.assertEqual(anna["X-Odoo-Objects"], f"res.partner-{self.guest_ids['anna']}")
        self.assertEqual(self._read(mailing_id, "state", "sent", "canceled", "failed"), ("done", 2, 2, 0))
        self.assertTrue(self._read(mailing_id, "sent_date"))
        self.assertEqual(self._read(mailing_id, "hospitality_considered", "hospitality_refused"), (4, 2))
        self.assertEqual(
            self._get_messages(mailing_id),
            {
                "anna": ("sent", None),
                "ben": ("sent", None),
                "carla": ("refused", "denied"),
                "dora": ("refused", "no_consent"),
            },
        )
        with self._session() as env:
            self.assertFalse(env["mail.mail"].search_count([("mailing_id", "=", mailing_id)]), "as in stock")

    def test_links_traces_and_one_click_belong_to_the_guest(self):
        self._add_guests("anna", "ben")
        mailing_id = self._send()
        traces, mails = self._get_traces(mailing_id), self._get_mails()
        codes = set()
        for name in ("anna", "ben"):
            message, trace = mails[name][0], traces[name]
            links = self._get_links(message)
            self.assertEqual({int(number) for _code, number in links}, {trace["id"]})
            codes |= {code for code, _number in links}
            self.assertEqual(message["Message-Id"], trace["message_id"], "bounces and replies find the trace")
            self.assertIn(f"/mail/track/{trace['mail_mail_id_int']}/", self._get_body(message))
            self.assertEqual(
                (trace["trace_status"], trace["failure_type"], trace["email"]), ("sent", None, f"{name}@{DOMAIN}")
            )
            self.assertTrue(trace["sent_datetime"])
            with self._session() as env:
                mailing = env["mailing.mailing"].browse(mailing_id)
                url = mailing._get_unsubscribe_oneclick_url(trace["email"], self.guest_ids[name])
                page = mailing._get_unsubscribe_url(trace["email"], self.guest_ids[name])
            self.assertEqual(message["List-Unsubscribe"], f"<{url}>")
            self.assertEqual(message["List-Unsubscribe-Post"], "List-Unsubscribe=One-Click")
            self.assertIn(page.replace("&", "&"), self._get_body(message))
            self.assertIn(page, self._get_body(message, "plain"))
            self.assertNotIn("/unsubscribe_from_list", self._get_body(message, "plain"))
        self.assertNotEqual(traces["anna"]["mail_mail_id_int"], traces["ben"]["mail_mail_id_int"])
        with self._session() as env:
            trackers = env["link.tracker"].search([("mass_mailing_id", "=", mailing_id)])
            self.assertEqual(set(trackers.mapped("code")), codes)
            self.assertEqual(len(trackers), 2, "once per link, not per mail")
            env["mailing.trace"].set_bounced(domain=[("message_id", "=", traces["anna"]["message_id"])])
        self.assertEqual(self._get_traces(mailing_id)["anna"]["trace_status"], "bounce")

    def test_the_unsubscribe_header_is_one_unbroken_address(self):
        self._add_guests("anna")
        self._send()
        text = self.sink.mails[0][2].decode()
        self.assertRegex(text, r"\r\nList-Unsubscribe: <http[^ \r\n=]+\?[^ \r\n]+>\r\n")

    def test_mail_equals_that_of_the_core(self):
        self._add_guests("anna", city="Žďár")
        self._compare_with_core()

    def test_mail_with_plain_fields_equals_that_of_the_core(self):
        """The core fills such a template without QWeb."""
        self._add_guests("anna", city="<Wien & Graz>")
        self._compare_with_core(
            preview=False,
            body_html="""<p>Dear <t t-out="object.name"/> of <b t-out="object.city">here</b>
<i t-out="object.ref">nobody</i> <a href="/spa?a=1&amp;b=2">Spa</a></p>""",
        )

    def _compare_with_core(self, **values):
        mailing_id = self._send(**values)
        [ours] = self._get_mails()["anna"]
        self.sink.mails.clear()
        anna_id = self.guest_ids["anna"]
        with self._session() as env:
            env.cr.execute(SQL("DELETE FROM hospitality_message WHERE origin_id = %s", mailing_id))
            env["mailing.trace"].search([("mass_mailing_id", "=", mailing_id)]).unlink()
            # A message may be sent at once, in the transaction of the test runner.
            env["mailing.mailing"].browse(mailing_id).action_send_mail([anna_id])
            env.cr.commit()
            env["mail.mail"].search([("mailing_id", "=", mailing_id)]).send()
        [core] = self._get_mails()["anna"]
        self.assertEqual(self._normalise(self._get_body(ours)), self._normalise(self._get_body(core)))
        self.assertEqual(self._normalise(self._get_body(ours, "plain")), self._normalise(self._get_body(core, "plain")))
        for name in ("Subject", "From", "To", "Reply-To", "List-Unsubscribe", "List-Unsubscribe-Post", "Precedence"):
            self.assertEqual(str(ours[name]).replace(" ", ""), str(core[name]).replace(" ", ""), name)
        self.assertEqual(
            {name.lower() for name, _value in ours.items()}, {n.lower() for n, value in core.items() if value}
        )

    @staticmethod
    def _normalise(text):
        text = re.sub(r"/m/\d+", "/m/1", text)
        return re.sub(r"/track/\d+/\w+", "/track/1", text).strip()

    def test_what_the_mail_server_says_decides(self):
        self._add_guests("anna", "refuse-ben", "spam-carla", "drop-dora", "cut-emil", "zoe")
        with self.assertLogs("odoo.addons.hospitality_crm", "WARNING"):
            mailing_id = self._send()
        self.assertEqual(
            {name: state for name, (state, _reason) in self._get_messages(mailing_id).items()},
            {
                "anna": "sent",
                "refuse-ben": "failed",
                "spam-carla": "failed",
                "drop-dora": "uncertain",
                "cut-emil": "planned",
                "zoe": "sent",
            },
        )
        self.assertEqual(self._get_mails().keys(), {"anna", "zoe"})
        traces = self._get_traces(mailing_id)
        self.assertEqual(
            {name: (trace["trace_status"], trace["failure_type"]) for name, trace in traces.items()},
            {
                "anna": ("sent", None),
                "refuse-ben": ("error", "mail_email_invalid"),
                "spam-carla": ("error", "unknown"),
                "drop-dora": ("outgoing", None),
                "cut-emil": ("outgoing", None),
                "zoe": ("sent", None),
            },
        )
        self.assertIn("no such user", traces["refuse-ben"]["failure_reason"])
        self.assertEqual(self._read(mailing_id, "state"), "sending", "one mail is still to go")

    def test_a_server_without_pipelining_decides_as_well(self):
        self.sink.has_pipelining = False
        self.test_what_the_mail_server_says_decides()

    def test_lines_that_begin_with_a_dot_arrive(self):
        self._add_guests("anna")
        self._send(body_html="<p>One</p><pre>\n.two\n..three\n</pre>")
        self.assertIn("\n.two\n..three\n", self._get_body(self._get_mails()["anna"][0]))

    def test_uncertain_mails_never_go_again_by_themselves(self):
        self._add_guests("drop-dora")
        mailing_id = self._send()
        self.sink.is_strict = False
        self._run_queue()
        self._run_lane()
        self.assertEqual(self._get_messages(mailing_id)["drop-dora"][0], "uncertain")
        self.assertFalse(self.sink.mails)
        self.assertEqual(self._read(mailing_id, "state"), "done")
        # A person says that it never went.
        with self._session() as env:
            env.cr.execute(SQL("UPDATE hospitality_message SET state = 'planned' WHERE origin_id = %s", mailing_id))
        self._run_lane()
        self.assertEqual(self._get_mails().keys(), {"drop-dora"})
        self.assertEqual(self._get_traces(mailing_id)["drop-dora"]["trace_status"], "sent")

    def test_retry_sends_what_failed_and_nothing_else(self):
        self._add_guests("anna", "refuse-ben")
        mailing_id = self._send()
        self.assertEqual(self._read(mailing_id, "state", "failed"), ("done", 1))
        self.sink.is_strict = False
        with self._session() as env:
            env["mailing.mailing"].browse(mailing_id).action_retry_failed()
        self._run_queue()
        self._run_lane()
        self.assertEqual({n: len(m) for n, m in self._get_mails().items()}, {"anna": 1, "refuse-ben": 1})
        self.assertEqual(self._read(mailing_id, "state", "failed", "sent"), ("done", 0, 2))

    def test_withdrawal_after_planning_is_heeded(self):
        self._add_guests("anna", "ben")
        mailing_id = self._add_mailing()
        self._run_queue()
        self.assertEqual(self._get_messages(mailing_id)["ben"], ("planned", None))
        self._say("ben", "denied")
        self._run_lane()
        self.assertEqual(self._get_mails().keys(), {"anna"})
        self.assertEqual(self._get_messages(mailing_id)["ben"], ("refused", "denied"))
        trace = self._get_traces(mailing_id)["ben"]
        self.assertEqual((trace["trace_status"], trace["failure_type"]), ("cancel", "mail_optout"))
        self.assertEqual(self._read(mailing_id, "state"), "done")

    def test_contacts_who_are_no_guests_get_it_as_in_the_core(self):
        self._add_guests("anna")
        self._add_guests("supplier", is_guest=False, says=None)
        mailing_id = self._send()
        with self._session() as env:
            env["mail.mail"].search([("mailing_id", "=", mailing_id), ("state", "=", "outgoing")]).send()
        self.assertEqual({n: len(m) for n, m in self._get_mails().items()}, {"anna": 1, "supplier": 1})
        self.assertEqual(self._get_messages(mailing_id).keys(), {"anna"})
        self.assertEqual(self._read(mailing_id, "state", "sent"), ("done", 2))

    def test_a_lost_connection_is_renewed(self):
        self._add_guests("anna", "ben", "carla")
        self.sink.on_mail = lambda: self.sink.mails and len(self.sink.mails) == 1 and self.sink.cut_next()
        mailing_id = self._send()
        self.assertEqual({n: len(m) for n, m in self._get_mails().items()}, {"anna": 1, "ben": 1, "carla": 1})
        self.assertEqual(self.sink.connections, 2)
        self.assertEqual(self._read(mailing_id, "state"), "done")

    def test_without_a_mail_server_nothing_is_lost(self):
        self._add_guests("anna", "ben")
        mailing_id = self._add_mailing()
        self._run_queue()
        with self._session() as env:
            env["ir.mail_server"].browse(self.server_id).smtp_port = 1
        with self.assertLogs("odoo.addons.hospitality_crm", "WARNING"):
            self._run_lane()
        self.assertEqual(set(self._get_messages(mailing_id).values()), {("planned", None)})
        with self._session() as env:
            env["ir.mail_server"].browse(self.server_id).smtp_port = self.sink.port
            env.cr.execute("UPDATE hospitality_message SET due_at = NULL, leased_until = NULL")
        self._run_lane()
        self.assertEqual({n: len(m) for n, m in self._get_mails().items()}, {"anna": 1, "ben": 1})

    def test_what_a_slow_server_leaves_is_given_back(self):
        self._add_guests("anna", "ben")
        mailing_id = self._add_mailing()
        with patch.object(hospitality_mailing_sender, "GRACE_SECONDS", -60):
            self._run_queue()
            with self._session() as env:
                self.assertEqual(env["hospitality.mailing.sender"]._run_turn(mailing_id), 2)
        with self._session() as env:
            rows = env.execute_query(
                SQL("SELECT DISTINCT state, leased_until FROM hospitality_message WHERE origin_id = %s", mailing_id)
            )
        self.assertEqual((rows, self._get_mails()), ([("planned", None)], {}))
        self._run_lane()
        self.assertEqual({name: len(got) for name, got in self._get_mails().items()}, {"anna": 1, "ben": 1})
        self.assertEqual({trace["trace_status"] for trace in self._get_traces(mailing_id).values()}, {"sent"})

    def test_two_lanes_share_the_work(self):
        self._add_guests("anna", "ben")
        mailing_id = self._add_mailing()
        self._run_queue()
        where = SQL("origin_id = %s", mailing_id)
        with self._session() as env, env["hospitality.gate"]._passage() as other:
            self.assertEqual(len(other.claim(where, 1)), 1)
            self._run_lane()
            self.assertEqual(len(self.sink.mails), 1, "the other one is claimed")
        self.assertEqual(self._read(mailing_id, "state"), "sending")

    def test_a_sample_is_drawn_once(self):
        self._add_guests("anna", "ben", "carla", "dora")
        with self._session() as env:
            campaign = env["utm.campaign"].create({"name": "Summer test"})
        try:
            mailing_id = self._add_mailing(ab_testing_enabled=True, ab_testing_pc=50, campaign_id=campaign.id)
            self._run_queue()
            self.assertEqual(len(self._get_messages(mailing_id)), 2)
            self._run_queue()
            self._run_lane()
            self._run_queue()
            self.assertEqual(len(self.sink.mails), 2)
            self.assertEqual(self._read(mailing_id, "state"), "done")
            rest_id = self._send(ab_testing_enabled=True, ab_testing_pc=50, campaign_id=campaign.id)
            self.assertFalse(self._get_messages(rest_id).keys() & self._get_messages(mailing_id).keys())
        finally:
            with self._session() as env:
                env["mailing.mailing"].browse(self.mailing_ids).write(
                    {"ab_testing_enabled": False, "campaign_id": False}
                )
                env["utm.campaign"].browse(campaign.id).unlink()

    def test_archives_are_kept(self):
        self._add_guests("anna")
        mailing_id = self._send(keep_archives=True)
        self.assertEqual(self._get_mails().keys(), {"anna"})
        with self._session() as env:
            mail = env["mail.mail"].search([("mailing_id", "=", mailing_id)])
            self.assertEqual((len(mail), mail.state, mail.failure_type), (1, "sent", False))
            self.assertEqual(mail.mailing_trace_ids.trace_status, "sent")

    def test_attachments_go_along(self):
        self._add_guests("anna")
        with self._session() as env:
            attachment = env["ir.attachment"].create(
                {"name": "menu.pdf", "raw": b"%PDF menu", "mimetype": "application/pdf"}
            )
            attachment_id = attachment.id
        self._send(attachment_ids=[(4, attachment_id)])
        [mail] = self._get_mails()["anna"]
        [file] = mail.iter_attachments()
        self.assertEqual((file.get_filename(), file.get_content()), ("menu.pdf", b"%PDF menu"))
        self.assertIn("Dear Anna Muster", self._get_body(mail))

    # -- other addons --------------------------------------------------------------------------

    def test_overrides_of_what_is_sent_keep_their_effect(self):
        seen = []

        def outgoing(core):
            def _prepare_outgoing_list(mail, *args, **kwargs):
                emails = core(mail, *args, **kwargs)
                seen.append((mail.exists() == mail, mail.subject))
                for values in emails:
                    values["headers"]["X-Hotel"] = f"trace {mail.mailing_trace_ids.id}"
                return emails

            return _prepare_outgoing_list

        def build(core):
            def _build_email__(server, *args, **kwargs):
                message = core(server, *args, **kwargs)
                message["X-Built"] = kwargs["subject"]
                return message

            return _build_email__

        def send(core):
            def send_email(server, message, *args, **kwargs):
                message.replace_header("Precedence", "bulk")
                return core(server, message, *args, **kwargs)

            return send_email

        self._override("mail.mail", "_prepare_outgoing_list", outgoing)
        self._override("ir.mail_server", "_build_email__", build)
        self._override("ir.mail_server", "send_email", send)
        self._add_guests("anna")
        mailing_id = self._send()
        [mail] = self._get_mails()["anna"]
        self.assertEqual(mail["X-Hotel"], f"trace {self._get_traces(mailing_id)['anna']['id']}")
        self.assertEqual(mail["X-Built"], "Anna Muster, your summer")
        self.assertEqual(mail["Precedence"], "bulk")
        self.assertEqual(seen, [(True, "Anna Muster, your summer")], "such an addon gets a mail that exists")
        with self._session() as env:
            self.assertFalse(env["mail.mail"].search_count([("mailing_id", "=", mailing_id)]), "and is deleted again")

    def test_an_unknown_way_of_sending_is_not_left_out(self):
        calls = []

        def composer(core):
            def _action_send_mail(wizard, *args, **kwargs):
                calls.append(wizard.mass_mailing_id.id)
                return core(wizard, *args, **kwargs)

            return _action_send_mail

        self._override("mail.compose.message", "_action_send_mail", composer)
        self._add_guests("anna")
        self._add_guests("carla", says="denied")
        mailing_id = self._add_mailing()
        with patch.object(mailing_mailing._logger, "info") as log:
            self._run_queue()
        log.assert_called_once()
        self.assertIn("overrides _action_send_mail of mail.compose.message", log.call_args.args[-1])
        self.assertEqual(calls, [mailing_id])
        with self._session() as env:
            env["mail.mail"].search([("mailing_id", "=", mailing_id), ("state", "=", "outgoing")]).send()
        self.assertEqual(self._get_mails().keys(), {"anna"}, "the gate holds there, too")
        trace = self._get_traces(mailing_id)["carla"]
        self.assertEqual((trace["trace_status"], trace["failure_type"]), ("cancel", "mail_optout"))

    def test_mails_of_known_addons_need_no_rows(self):
        self._add_guests("anna")
        created = []
        self.patch(MailMail, "create", lambda mails, values: created.append(values))
        self._send()
        self.assertEqual(self._get_mails().keys(), {"anna"})
        self.assertFalse(created)
