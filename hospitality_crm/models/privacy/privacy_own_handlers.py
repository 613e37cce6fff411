"""What our own models say about erasing and exporting a guest."""

from .privacy_handler import ALL, PrivacyHandler, Via

_FACT = ("external_id", "payload_hash")
_LEDGER_REASON = "Proof of what the guest has agreed to and refused, under a key that names nobody any more."
_VISIT_REASON = "What was consumed and paid stays for accounts and statistics, without the person."

# Configuration and machinery: nothing in them is about a guest.
PLAIN = (
    "hospitality.allergen",
    "hospitality.brand",
    "hospitality.channel",
    "hospitality.notice",
    "hospitality.notice.version",
    "hospitality.outlet",
    "hospitality.preference.type",
    "hospitality.property",
    "hospitality.purpose",
    "hospitality.room",
    "hospitality.room.type",
    "hospitality.source",
    "hospitality.survivorship.order",
    "hospitality.survivorship.policy",
    "hospitality.survivorship.range",
    "hospitality.zone",
    "hospitality.data.quality",
    "hospitality.ledger.seal",
    "hospitality.ledger.pending",
    "hospitality.match.bulk",
    "hospitality.match.run",
    "hospitality.match.task",
    "hospitality.match.weights",
    "hospitality.message.policy",
    "hospitality.message.cap",
    "hospitality.message.quiet",
    "hospitality.message.provider",
    "hospitality.message.secret",
    "hospitality.retention.rule",
)
# Made from other rows and rebuilt from them, or forgotten by the matcher.
DERIVED = (
    "hospitality.golden.queue",
    "hospitality.guest.dirty",
    "hospitality.guest.rebuild",
    "hospitality.match.normal",
    "hospitality.match.part",
    "hospitality.match.queue",
)


def _via(table, *columns):
    return tuple(Via(table, column) for column in columns)


def get_own_handlers():
    """Return ``{model: PrivacyHandler}`` of the models of this addon."""
    handlers = {name: PrivacyHandler(erase="none", plain=ALL, export=False, own=False) for name in PLAIN}
    handlers |= {name: PrivacyHandler(erase="none", export=False, own=False) for name in DERIVED}
    handlers |= _get_guest_handlers() | _get_visit_handlers() | _get_identity_handlers()
    return handlers | _get_privacy_handlers() | _get_message_handlers()


def _get_guest_handlers():
    return {
        "hospitality.profile": PrivacyHandler(
            method="_erase_profiles", portable=True, hide=("payload_hash", "name_key")
        ),
        "hospitality.contact.link": PrivacyHandler(
            erase="none", via=_via("hospitality_profile", "profile_id"), export=False, own=False
        ),
        # Unlinked, and deleted where nobody else uses them, with the profiles.
        "hospitality.contact.point": PrivacyHandler(
            erase="none", via=(Via("hospitality_contact_link", "point_id", up=True),), own=False, hide=("suppression",)
        ),
        "hospitality.guest.metrics": PrivacyHandler(erase="delete", own=False),
        # Deleted with the contact.
        "hospitality.guest.search": PrivacyHandler(erase="none", export=False, own=False),
        "hospitality.preference": PrivacyHandler(erase="delete", portable=True, hide=("payload_hash",)),
        "hospitality.allergy": PrivacyHandler(erase="delete", portable=True, hide=("payload_hash",)),
        "hospitality.alert": PrivacyHandler(erase="delete", hide=("payload_hash",)),
        "hospitality.special.date": PrivacyHandler(erase="delete", portable=True, hide=("payload_hash",)),
        "hospitality.relation": PrivacyHandler(erase="delete"),
    }


def _get_visit_handlers():
    visit = {"reason": _VISIT_REASON, "portable": True, "hide": ("payload_hash",)}
    return {
        "hospitality.stay": PrivacyHandler(
            blank=("requests", "eta", "warnings"),
            plain=(
                *_FACT,
                *("status_raw", "rate_plan", "meal_plan", "market", "purpose", "deposit_kind"),
            ),
            text=("sharer_group",),
            **visit,
        ),
        "hospitality.stay.guest": PrivacyHandler(
            erase="keep", reason=_VISIT_REASON, via=_via("hospitality_profile", "profile_id"), portable=True
        ),
        "hospitality.booking": PrivacyHandler(
            blank=("warnings", "stay_keys"),
            mentions=("agency_partner_id", "company_partner_id"),
            plain=(*_FACT, "status_raw", "confirmation", "channel_ref"),
            text=("group_code",),
            **visit,
        ),
        "hospitality.reservation": PrivacyHandler(
            blank=("wishes", "occasion", "warnings"), plain=(*_FACT, "status_raw"), text=("table",), **visit
        ),
        "hospitality.check": PrivacyHandler(
            blank=("warnings", "line_keys", "payment_keys"),
            plain=(*_FACT, "status_raw", "number", "waiter"),
            text=("table",),
            **{**visit, "hide": ("payload_hash", "waiter")},
        ),
        "hospitality.check.evidence": PrivacyHandler(
            erase="delete", via=_via("hospitality_check", "check_id"), export=False, own=False
        ),
        "hospitality.charge": PrivacyHandler(
            erase="keep",
            via=(*_via("hospitality_stay", "stay_id"), *_via("hospitality_check", "check_id")),
            plain=(*_FACT, "code", "name", "category", "reverses"),
            **visit,
        ),
        "hospitality.payment": PrivacyHandler(
            blank=("card_last4",),
            via=(*_via("hospitality_stay", "stay_id"), *_via("hospitality_check", "check_id")),
            plain=(*_FACT, "method", "card_brand"),
            **visit,
        ),
        "hospitality.pending.ref": PrivacyHandler(
            erase="none", export=False, own=False, plain=("entity", "external_id", "waiter", "reference", "detail")
        ),
    }


def _get_identity_handlers():
    return {
        "hospitality.match": PrivacyHandler(
            blank=("evidence", "reason"),
            via=_via("hospitality_profile", "profile_id", "other_profile_id"),
            plain=("band",),
            export=False,
            own=False,
            reason="That two records were compared and what was decided, without what they said.",
        ),
        "hospitality.match.veto": PrivacyHandler(
            blank=("reason",), via=_via("hospitality_profile", "profile_id", "other_profile_id"), export=False
        ),
        "hospitality.merge": PrivacyHandler(
            blank=("reason", "winner_digest"),
            via=(Via("hospitality_merge_loser", "merge_id", up=True),),
            hide=("winner_digest",),
            plain=("match_ids",),
            reason="That contacts were merged; their values are gone, so that only links can be restored.",
        ),
        "hospitality.merge.loser": PrivacyHandler(
            blank=("payload", "digest", "report"), plain=("profile_ids",), export=False
        ),
        "hospitality.merge.line": PrivacyHandler(
            blank=("payload",),
            via=_via("hospitality_merge", "merge_id"),
            plain=("table_name", "column_name", "key_name", "row_ids"),
            export=False,
            own=False,
        ),
        "hospitality.consent.event": PrivacyHandler(
            erase="keep",
            via=_via("hospitality_profile", "profile_id"),
            plain=ALL,
            portable=True,
            hide=("payload_hash", "guardian_profile_id", "actor_uid"),
            reason=_LEDGER_REASON,
        ),
        "hospitality.consent.payload": PrivacyHandler(
            blank=("salt", "ip", "reason", "evidence", "guardian_name"),
            via=_via("hospitality_consent_event", "event_id"),
            hide=("salt", "guardian_name"),
            reason=_LEDGER_REASON,
        ),
        "hospitality.consent.delivery": PrivacyHandler(
            erase="delete", via=_via("hospitality_profile", "profile_id"), export=False, own=False
        ),
        "hospitality.consent.state": PrivacyHandler(erase="keep", plain=ALL, own=False, reason=_LEDGER_REASON),
    }


def _get_privacy_handlers():
    return {
        "hospitality.privacy.request": PrivacyHandler(
            blank=("requester_name", "email", "details", "proof_note", "correction", "address_hash"),
            plain=(*("name", "evidence", "evidence_text", "evidence_hash"),),
            text=("refusal_reason", "extension_reason", "blockers"),
            hide=("evidence", "evidence_text", "evidence_hash", "address_hash"),
            reason="That the request was made and how it was answered.",
        ),
        "hospitality.privacy.step": PrivacyHandler(
            erase="keep",
            via=_via("hospitality_privacy_request", "request_id"),
            plain=ALL,
            hide=("facts_hash",),
            reason="The log of requests only grows and names nobody.",
        ),
        "hospitality.privacy.file": PrivacyHandler(
            erase="delete", via=_via("hospitality_privacy_request", "request_id"), export=False
        ),
        "hospitality.privacy.limit": PrivacyHandler(erase="none", plain=ALL, export=False, own=False),
        "hospitality.legal.hold": PrivacyHandler(
            blank=("reason",), reason="That something stood in the way of an erasure, and until when."
        ),
        "hospitality.suppression": PrivacyHandler(erase="none", plain=ALL, export=False, own=False),
        "hospitality.tombstone": PrivacyHandler(erase="none", plain=ALL, export=False, own=False),
        "hospitality.erasure.notice": PrivacyHandler(
            erase="none", method="_keep_notices", export=False, own=False, plain=ALL
        ),
    }


def _get_message_handlers():
    return {
        # Of the gate: what was considered for the guest, under codes.
        "hospitality.message": PrivacyHandler(
            blank=("error", "external_ref", "details", "history"),
            plain=("origin_model", "origin_ref", "provider", "reason", "res_model"),
            hide=("external_ref", "history"),
            reason="That a message was considered for a guest and what was decided.",
        ),
        "hospitality.message.hold": PrivacyHandler(erase="delete"),
        # Of messengers: what was written, and what providers have delivered.
        "hospitality.message.content": PrivacyHandler(
            erase="delete", via=(Via("hospitality_message", "message_id"),), own=False
        ),
        "hospitality.message.event": PrivacyHandler(erase="none", export=False, own=False),
    }
