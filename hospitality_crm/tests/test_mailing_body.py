from odoo.tests import TransactionCase, tagged

from ..models.mailing.mailing_job import MailingJob

LINKS = (
    'href="https://go.example/r/Xy1"',
    "href='https://go.example/r/Xy1'",
    'href="http://go.example/r/Zz9?utm_source=a#there"',
    'href="HTTPS://go.example/rest/r/Zz9"',
    'href="//go.example/r/Ab2"',
    'href="https://go.example?next=/r/Ab2"',
    'href="https://go.example#/r/Ab2"',
    'href="mailto:guest@go.example/r/Ab2"',
    'data-href="https://go.example/r/Cd3"',
    'xhref="https://go.example/r/Cd4"',
    'href=""',
    'src="https://go.example/r/Ef4"',
)


@tagged("post_install", "-at_install")
class TestMailingBody(TransactionCase):
    def test_lanes_track_links_as_the_core_does(self):
        mailing = self.env["mailing.mailing"].create(
            {"subject": "News", "mailing_model_id": self.env["ir.model"]._get_id("res.partner"), "mailing_type": "mail"}
        )
        mail = self.env["mail.mail"].create(
            {
                "body_html": "".join(f"<p>Dear <a {link}>guest</a></p>" for link in LINKS),
                "mailing_id": mailing.id,
                "mailing_trace_ids": [(0, 0, {"model": "res.partner", "res_id": self.env.user.partner_id.id})],
            }
        )
        known = MailingJob._find_body_class(mail)
        self.assertTrue(known, "no addon of the core has changed how the body is made")
        stock = mail._prepare_outgoing_body()
        fast = mail.with_context(hospitality_body_class=known)._prepare_outgoing_body()
        self.assertEqual(fast, stock)
        self.assertEqual(type(fast), type(stock))
        self.assertEqual(fast.count(f"/m/{mail.mailing_trace_ids.id}"), 5)
        mail.body_html = "<p><br></p>"
        self.assertEqual(mail.with_context(hospitality_body_class=known)._prepare_outgoing_body(), "")
