from odoo import api, fields, models
from odoo.tools import SQL

from ...engine import consent as engine
from ...tools.soft_many2one import SoftMany2one
from .hospitality_purpose import ALL_CHANNELS, LEGAL_BASES

DECISIONS = [
    ("granted", "Granted"),
    ("denied", "Refused"),
    ("withdrawn", "Withdrawn"),
    ("pending", "To Be Confirmed"),
    ("void", "Taken Back as Wrong"),
]
METHODS = [
    ("preference_centre", "Preference Centre"),
    ("portal", "Portal"),
    ("form", "Web Form"),
    ("confirmation", "Confirmation Link"),
    ("one_click", "One-click Unsubscribe"),
    ("reply", "Reply"),
    ("complaint", "Complaint to the Mail Provider"),
    ("desk", "At the Desk"),
    ("phone", "By Phone"),
    ("paper", "On Paper"),
    ("import", "Delivered by a System"),
    ("merge", "Merge of Guests"),
    ("request", "Privacy Request"),
]
ACTORS = [("guest", "Guest"), ("guardian", "Guardian"), ("staff", "Staff"), ("system", "System")]


class HospitalityConsentEvent(models.Model):
    """One statement of a guest about one purpose on one channel: granted, refused, withdrawn, pending, or a correction.

    The fields are those of a consent record by ISO/IEC TS 27560:2023. A statement belongs to a source profile for
    ever, so merges and un-merges don't touch it. What is personal lies in `hospitality.consent.payload`;
    ``payload_hash`` is over it and a salt. Statements are written by `_record` and `_record_many` alone, which keep
    `hospitality.consent.state` up to date.

    ``decided_at`` is when the guest spoke, ``recorded_at`` when the house learnt of it. ``copy_of_id`` marks what was
    said by one record of a merged guest and holds for another; ``void_of_id`` names a statement that is taken back as
    wrong.
    """

    _name = "hospitality.consent.event"
    _description = "Consent Statement"
    _inherit = ["hospitality.ledger"]
    _order = "id desc"
    _rec_name = "uid"

    _sealed = True
    _seal_columns = (
        "uid",
        "profile_id",
        "company_id",
        "brand_id",
        "purpose_id",
        "purpose_code",
        "channel",
        "decision",
        "legal_basis",
        "notice_version_id",
        "notice_hash",
        "lang",
        "method",
        "source_id",
        "actor",
        "actor_uid",
        "guardian_profile_id",
        "decided_at",
        "recorded_at",
        "valid_until",
        "void_of_id",
        "copy_of_id",
        "confirms_id",
        "external_ref",
        "payload_hash",
    )

    uid = fields.Char(string="Receipt", required=True, readonly=True, size=36)
    profile_id = fields.Many2one(
        "hospitality.profile", required=True, readonly=True, index=True, ondelete="restrict", string="Source Profile"
    )
    company_id = SoftMany2one("res.company", required=True, readonly=True, string="Controller")
    brand_id = SoftMany2one("hospitality.brand", readonly=True, help="Empty: towards all brands.")
    purpose_id = SoftMany2one("hospitality.purpose", required=True, readonly=True)
    purpose_code = fields.Char(required=True, readonly=True)
    channel = fields.Selection(ALL_CHANNELS, required=True, readonly=True)
    decision = fields.Selection(DECISIONS, required=True, readonly=True)
    legal_basis = fields.Selection(LEGAL_BASES, required=True, readonly=True)
    notice_version_id = SoftMany2one("hospitality.notice.version", readonly=True, string="Wording Shown")
    notice_hash = fields.Char(string="SHA-256 of the Wording", readonly=True, size=64)
    lang = fields.Char(string="Language", readonly=True)
    method = fields.Selection(METHODS, required=True, readonly=True)
    source_id = SoftMany2one("hospitality.source", readonly=True)
    actor = fields.Selection(ACTORS, string="By", required=True, readonly=True)
    actor_uid = fields.Integer(string="User", readonly=True, aggregator=None)
    guardian_profile_id = fields.Integer(readonly=True, aggregator=None)
    decided_at = fields.Datetime(required=True, readonly=True)
    recorded_at = fields.Datetime(required=True, readonly=True)
    valid_until = fields.Date(readonly=True)
    void_of_id = fields.Integer(readonly=True, aggregator=None)
    copy_of_id = fields.Integer(readonly=True, aggregator=None)
    confirms_id = fields.Integer(readonly=True, aggregator=None)
    external_ref = fields.Char(string="Key in the Source", readonly=True)
    payload_hash = fields.Char(readonly=True, size=64)

    is_void = fields.Boolean(string="Was Taken Back", compute="_compute_is_void")

    _uid_uniq = models.Constraint("UNIQUE (uid)", "Each statement has its own receipt.")
    _external_ref_uniq = models.UniqueIndex(
        "(profile_id, purpose_id, channel, external_ref) WHERE external_ref IS NOT NULL",
        "This statement of the source is recorded already.",
    )
    _void_of_idx = models.Index("(void_of_id) WHERE void_of_id IS NOT NULL")
    _copy_of_idx = models.Index("(copy_of_id) WHERE copy_of_id IS NOT NULL")

    def _compute_is_void(self):
        voids = self.sudo().search([("void_of_id", "in", self.ids)])  # corrections of what the user may see
        gone = set(voids.mapped("void_of_id"))
        for event in self:
            event.is_void = event.id in gone

    @api.model
    def _load(self, partner_ids):
        """Return all statements of guests, for the engine.

        :return: dict ``(partner id, purpose id, channel) -> [engine.consent.Event]``
        """
        rows = self.env.execute_query(
            SQL(
                """SELECT p.partner_id, e.purpose_id, e.channel, e.id, e.profile_id, e.brand_id, e.decision,
                          e.decided_at, e.recorded_at, e.valid_until, e.void_of_id
                     FROM hospitality_profile p
                     JOIN hospitality_consent_event e ON e.profile_id = p.id
                    WHERE p.partner_id = ANY(%s)
                    ORDER BY e.id""",
                list(partner_ids),
            )
        )
        events = {}
        for partner_id, purpose_id, channel, *row in rows:
            events.setdefault((partner_id, purpose_id, channel), []).append(engine.Event(*row))
        return events

    @api.model
    def _get_states_at(self, partner, at, brand=None):
        """Return what was known of a guest's choices at a moment, computed from the ledger.

        The guest is taken with the source profiles that he has now.

        :param at: UTC
        :param brand: ``hospitality.brand``; None: statements towards all brands
        :return: dict ``(purpose id, channel) -> engine.consent.State``
        """
        return {
            (purpose_id, channel): engine.decide(events, brand.id if brand else None, at)
            for (_partner, purpose_id, channel), events in self._load(partner.ids).items()
        }
