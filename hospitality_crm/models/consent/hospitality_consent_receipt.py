import json

from odoo import api, fields, models

SCHEMA = "https://w3id.org/kantara/consent-receipt/27560"


class HospitalityConsentEvent(models.Model):
    """Receipts: what a guest gets in his hand, and what an authority is shown."""

    _inherit = "hospitality.consent.event"

    summary = fields.Char(compute="_compute_summary")

    @api.depends("decision", "purpose_id", "channel", "brand_id")
    @api.depends_context("lang")
    def _compute_summary(self):
        decisions = dict(self._fields["decision"]._description_selection(self.env))
        channels = dict(self._fields["channel"]._description_selection(self.env))
        for event in self:
            event.summary = self.env._(
                "%(decision)s: %(purpose)s, %(channel)s, %(brand)s",
                decision=decisions.get(event.decision, ""),
                purpose=event.purpose_id.name or event.purpose_code,
                channel=channels.get(event.channel, ""),
                brand=event.brand_id.name or self.env._("all brands"),
            )

    @api.depends("summary", "decided_at")
    @api.depends_context("lang", "tz")
    def _compute_display_name(self):
        for event in self:
            at = event.decided_at and fields.Datetime.context_timestamp(event, event.decided_at)
            event.display_name = f"{event.summary} ({at:%Y-%m-%d})" if at else event.summary

    def _get_receipt(self):
        """Return the receipt of a statement: plain data in the structure of ISO/IEC TS 27560:2023.

        :return: dict of header, processing and event; the guest is named by the key of his record alone
        """
        self.ensure_one()
        profile = self.profile_id.sudo()  # the key of the guest's record, not its values
        return {
            "schema": SCHEMA,
            "record_id": self.uid,
            "pii_principal_id": f"{profile.source_id.code}:{profile.external_id}",
            "pii_controller": {
                "name": self.company_id.name,
                "country": self.company_id.country_id.code or None,
                "contact": self.company_id.email or None,
            },
            "processing": {
                "purpose": self.purpose_code,
                "description": self.purpose_id.name,
                "channel": self.channel,
                "brand": self.brand_id.code or None,
                "lawful_basis": self.legal_basis,
                "notice": {
                    "id": self.notice_version_id.id or None,
                    "version": self.notice_version_id.number or None,
                    "sha256": self.notice_hash or None,
                    "language": self.lang or None,
                },
                "valid_until": fields.Date.to_string(self.valid_until) if self.valid_until else None,
            },
            "event": {
                "state": self.decision,
                "method": self.method,
                "actor": self.actor,
                "actor_user": self.actor_uid or None,
                "guardian_record": self.guardian_profile_id or None,
                "source": self.source_id.code or None,
                "decided_at": f"{self.decided_at.isoformat()}Z",
                "recorded_at": f"{self.recorded_at.isoformat()}Z",
                "takes_back": self.browse(self.void_of_id).uid if self.void_of_id else None,
                "confirms": self.browse(self.confirms_id).uid if self.confirms_id else None,
                "details_sha256": self.payload_hash or None,
            },
        }

    def _get_receipt_text(self):
        return json.dumps(self._get_receipt(), indent=2, ensure_ascii=False)

    def action_open_receipt(self):
        """Show the receipt of a statement, ready to be printed."""
        self.ensure_one()
        return self.env.ref("hospitality_crm.report_consent_receipt").report_action(self)
