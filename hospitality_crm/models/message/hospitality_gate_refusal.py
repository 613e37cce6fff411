from odoo import api, models
from odoo.tools import SQL

from ...engine import gate as engine
from ...tools.arrays import pg_array
from .refusal import Refusal


class HospitalityGate(models.AbstractModel):
    """What refuses a message: the address, lists of blocked addresses, age, consent, repeats."""

    _inherit = "hospitality.gate"

    # -- address -------------------------------------------------------------------------------

    @api.model
    def _join_address(self, spec):
        """Return the join of the contact point ``pt`` to which the message goes."""
        if spec.channel in ("email", "ads"):
            if engine.is_service(spec.purpose.legal_basis, spec.purpose.is_marketing):
                return self._join_any_email()
            return SQL(
                "LEFT JOIN hospitality_contact_point pt ON pt.channel = 'email' AND pt.value = p.email_normalized"
            )
        if spec.channel in ("sms", "phone"):
            return SQL(
                "LEFT JOIN hospitality_contact_point pt ON pt.channel = 'phone' AND pt.value = p.phone_sanitized"
            )
        if spec.channel == "messenger":
            provider = SQL("AND h.value LIKE %s", f"{spec.provider}:%") if spec.provider else SQL()
            return SQL(
                """LEFT JOIN LATERAL (
                       SELECT h.* FROM hospitality_profile o
                         JOIN hospitality_contact_link l ON l.profile_id = o.id
                         JOIN hospitality_contact_point h ON h.id = l.point_id AND h.channel = 'messenger' %s
                        WHERE o.partner_id = p.id AND o.state IN ('live', 'superseded')
                        ORDER BY h.reachable DESC, h.id DESC LIMIT 1) AS pt ON TRUE""",
                provider,
            )
        return SQL("LEFT JOIN hospitality_contact_point pt ON FALSE")

    @api.model
    def _join_any_email(self):
        """Return the join of the guest's own address, else of the relay through which a booking portal reaches him."""
        return SQL(
            """LEFT JOIN LATERAL (
                   SELECT h.*, 0 AS place FROM hospitality_contact_point h
                    WHERE h.channel = 'email' AND h.value = p.email_normalized
                   UNION ALL
                   SELECT h.*, 1 AS place FROM hospitality_profile o
                     JOIN hospitality_contact_link l ON l.profile_id = o.id
                     JOIN hospitality_contact_point h ON h.id = l.point_id AND h.channel = 'email'
                    WHERE o.partner_id = p.id AND o.state IN ('live', 'superseded')
                      AND COALESCE(p.email_normalized, '') = '' AND h.kind = 'relay' AND h.reachable
                    ORDER BY place, id DESC LIMIT 1) AS pt ON TRUE"""
        )

    @api.model
    def _get_address_sql(self, spec):
        """Return the expression of the normalised address."""
        if spec.channel in ("email", "ads"):
            return SQL("COALESCE(NULLIF(p.email_normalized, ''), pt.value)")
        return SQL("p.phone_sanitized") if spec.channel in ("sms", "phone") else SQL("pt.value")

    # -- refusals ------------------------------------------------------------------------------

    @api.model
    def _get_refusals(self, spec, now, gated, message):
        """Return what each guest must pass, as a list of :class:`Refusal`, in the order in which they are told."""
        refusals = [Refusal("gone", SQL("p.active AND p.merged_into_id IS NULL"))]
        refusals += self._get_address_refusals(spec, gated)
        refusals += [Refusal(code, SQL("NOT (%s)", hit)) for code, hit in self._get_refusal_conditions(spec)]
        if gated and spec.purpose.is_marketing:
            age = self.env["res.company"].browse(spec.company_id).sudo().hospitality_consent_age  # a limit for all
            refusals.append(
                Refusal(
                    "minor",
                    SQL("p.guest_birthdate IS NULL OR p.guest_birthdate <= %s - make_interval(years => %s)", now, age),
                )
            )
        if gated:
            refusals += self._get_consent_refusals(spec, now)
        refusals += self._get_repeat_refusals(spec, message)
        if spec.expires_at:
            refusals.append(Refusal("too_late", SQL("%s <= %s::timestamp", now, spec.expires_at)))
        return refusals

    @api.model
    def _get_address_refusals(self, spec, gated):
        if spec.channel == "post":
            return [Refusal("no_address", SQL("p.street <> '' AND (p.zip <> '' OR p.city <> '')"))]
        usable = ["real"] if gated else ["real", "relay", "shared"]
        address = self._get_address_sql(spec)
        # A contact that nobody has written to yet has an address and no contact point.
        refusals = [
            Refusal("no_address", SQL("%s <> ''", address)),
            Refusal(
                "address_kind",
                SQL("COALESCE(pt.kind, 'real') = ANY(%s::varchar[])", pg_array(usable)),
                self._has_no_point(spec, address, SQL("b.kind <> ALL(%s::varchar[])", pg_array(usable))),
            ),
        ]
        if not gated:
            return refusals
        blacklist = {"email": SQL("mail_blacklist b WHERE b.email")}.get(
            spec.channel, SQL("phone_blacklist b WHERE b.number")
        )
        refusals.append(
            Refusal("blacklisted", SQL("NOT EXISTS (SELECT FROM %s = %s AND b.active)", blacklist, address))
        )
        refusals.append(
            Refusal(
                "unreachable",
                SQL("pt.reachable IS NOT FALSE"),
                self._has_no_point(spec, address, SQL("NOT b.reachable")),
            )
        )
        suppressed = self._get_suppressed_query(spec)
        if suppressed:
            refusals.append(
                Refusal("suppressed", SQL("NOT EXISTS (SELECT FROM (%s) AS s(id) WHERE s.id = pt.id)", suppressed))
            )
        return refusals

    @api.model
    def _has_no_point(self, spec, address, condition):
        """Return the condition that an address is no contact point ``b`` of some kind; None for messengers."""
        channel = {"email": "email", "ads": "email", "sms": "phone", "phone": "phone"}.get(spec.channel)
        if not channel:
            return None
        return SQL(
            "NOT EXISTS (SELECT FROM hospitality_contact_point b WHERE b.channel = %s AND b.value = %s AND %s)",
            channel,
            address,
            condition,
        )

    @api.model
    def _get_suppressed_query(self, spec):
        """Return the query of the ids of contact points that must not be written to, None for nobody.

        A subject that keeps such a list extends this.
        """
        return None

    @api.model
    def _get_refusal_conditions(self, spec):
        """Return further reasons to refuse, as a list of ``(code, SQL condition that is true for who is refused)``.

        The conditions may use ``p`` (``res_partner``) and ``pt`` (``hospitality_contact_point``, may be null) and must
        not be null. Words for a code are added in `hospitality.message.texts`.
        """
        return []

    @api.model
    def _join_consent(self, spec):
        """Return the join of what the guest has said, ``consent``: to the brand, else to all of them."""
        channel = spec.channel if spec.purpose.per_channel else "any"
        if not spec.brand_id:
            return SQL(
                "LEFT JOIN hospitality_consent_state consent ON consent.partner_id = p.id AND consent.brand_id IS NULL"
                " AND consent.purpose_id = %s AND consent.channel = %s",
                spec.purpose.id,
                channel,
            )
        return SQL(
            """LEFT JOIN (
                   SELECT %(columns)s FROM hospitality_consent_state s WHERE %(scope)s AND s.brand_id = %(brand)s
                   UNION ALL
                   SELECT %(columns)s FROM hospitality_consent_state s
                    WHERE %(scope)s AND s.brand_id IS NULL AND NOT EXISTS (
                          SELECT FROM hospitality_consent_state b WHERE b.partner_id = s.partner_id
                             AND b.purpose_id = s.purpose_id AND b.channel = s.channel AND b.brand_id = %(brand)s)
               ) AS consent ON consent.partner_id = p.id""",
            columns=SQL("s.partner_id, s.state, s.valid_until, s.event_id"),
            scope=SQL("s.purpose_id = %s AND s.channel = %s", spec.purpose.id, channel),
            brand=spec.brand_id,
        )

    @api.model
    def _get_consent_refusals(self, spec, now):
        denied = SQL("consent.state = 'denied'")
        if spec.purpose.legal_basis == "legitimate_interest":
            return [Refusal("denied", SQL("(%s) IS NOT TRUE", denied))]
        code = SQL(
            "CASE consent.state WHEN 'denied' THEN 'denied' WHEN 'pending' THEN 'pending'"
            " WHEN 'granted' THEN 'expired' ELSE 'no_consent' END"
        )
        valid = SQL("consent.valid_until IS NULL OR consent.valid_until >= %s::date", now)
        return [Refusal(code, SQL("consent.state = 'granted' AND (%s)", valid))]

    @api.model
    def _get_repeat_refusals(self, spec, message):
        """One origin writes to an address and to a guest once."""
        same = SQL(
            "o.origin_model = %s AND o.origin_id = %s AND o.origin_ref = %s AND o.channel = %s",
            spec.origin_model,
            spec.origin_id,
            spec.origin_ref,
            spec.channel,
        )
        if message is None:
            return [
                Refusal(
                    "duplicate",
                    SQL(
                        "NOT EXISTS (SELECT FROM hospitality_message o"
                        " WHERE o.point_id = pt.id AND %s AND o.partner_id <> p.id"
                        " AND o.state NOT IN ('refused', 'cancelled', 'failed'))",
                        same,
                    ),
                )
            ]
        # IS TRUE: the few messages to the address or guest are read, not all of the origin.
        others = SQL(
            "(%s AND o.id <> %s AND o.state = ANY(%s::varchar[])) IS TRUE",
            same,
            message,
            pg_array(list(engine.COUNTED)),
        )
        return [
            Refusal(
                "duplicate",
                SQL("NOT EXISTS (SELECT FROM hospitality_message o WHERE o.point_id = pt.id AND %s)", others),
            ),
            Refusal(
                "already",
                SQL("NOT EXISTS (SELECT FROM hospitality_message o WHERE o.partner_id = p.id AND %s)", others),
            ),
        ]
