from typing import NamedTuple

from odoo import api, models
from odoo.tools import SQL


class Mailed(NamedTuple):
    """Mails that we have sent.

    :ivar addresses: normalised e-mail addresses to which they went
    :ivar brands: ``hospitality.brand`` records that wrote; an empty one for the company as a whole
    :ivar message_ids: ids of ``hospitality.message``
    """

    addresses: frozenset
    brands: list
    message_ids: list


class HospitalityMessage(models.Model):
    """Finding messages by what mail servers say about them."""

    _inherit = "hospitality.message"

    @api.model
    def _find_mailed(self, references):
        """Return what we know of mails by the ``Message-Id`` that they went out with.

        :param references: ids with their angle brackets
        """
        references = [reference for reference in references if reference]
        if not references:
            return Mailed(frozenset(), [], [])
        self.env["mailing.trace"].flush_model()
        rows = self.env.execute_query(
            SQL(
                """SELECT lower(t.email), g.hospitality_brand_id, m.id
                     FROM mailing_trace t
                     LEFT JOIN mailing_mailing g ON g.id = t.mass_mailing_id
                     LEFT JOIN hospitality_message m ON m.trace_id = t.id
                    WHERE t.message_id = ANY(%(refs)s)
                    UNION
                   SELECT p.value, m.brand_id, m.id
                     FROM mail_message s
                     JOIN mail_mail l ON l.mail_message_id = s.id
                     JOIN hospitality_message m ON m.mail_id = l.id
                     JOIN hospitality_contact_point p ON p.id = m.point_id
                    WHERE s.message_id = ANY(%(refs)s)
                    UNION
                   SELECT p.value, m.brand_id, m.id
                     FROM hospitality_message m
                     JOIN hospitality_contact_point p ON p.id = m.point_id
                    WHERE m.external_ref = ANY(%(refs)s) AND m.channel = 'email'
                    UNION
                   SELECT lower(n.mail_email_address), NULL, NULL
                     FROM mail_message s JOIN mail_notification n ON n.mail_message_id = s.id
                    WHERE s.message_id = ANY(%(refs)s)
                    UNION
                   SELECT r.email_normalized, NULL, NULL
                     FROM mail_message s JOIN mail_notification n ON n.mail_message_id = s.id
                     JOIN res_partner r ON r.id = n.res_partner_id
                    WHERE s.message_id = ANY(%(refs)s)""",
                refs=list(references),
            )
        )
        Brand = self.env["hospitality.brand"].sudo()  # for the system's ledger
        brands = sorted({brand for _address, brand, _id in rows if brand})
        return Mailed(
            frozenset(address for address, _brand, _id in rows if address),
            [Brand.browse(brand_id) for brand_id in brands] or [Brand.browse()],
            sorted({message_id for _address, _brand, message_id in rows if message_id}),
        )

    @api.model
    def _mark_bounced(self, mailed, points, status):
        """Write that messages have come back from addresses."""
        self.env.cr.execute(
            SQL(
                """UPDATE hospitality_message SET state = 'bounced', error = %s
                    WHERE id = ANY(%s) AND point_id = ANY(%s) AND state IN ('sent', 'delivered', 'uncertain')""",
                status or None,
                mailed.message_ids,
                points.ids,
            )
        )
        self.invalidate_model(flush=False)
