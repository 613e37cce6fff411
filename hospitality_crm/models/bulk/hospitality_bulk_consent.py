from datetime import datetime

from odoo import api, models
from odoo.exceptions import UserError

ENVELOPE = ("source_id", "external_id", "version", "payload_hash")
COLUMNS = (*ENVELOPE, "profile_id", "state", "said_at", "property_id")
# Purposes that the product brings, by channel of the event.
WHOLE = {"third_party": "partner_offers", "profiling": "profiling"}
DEFAULT = "marketing"


class HospitalityBulkConsent(models.AbstractModel):
    """Consents that sources deliver, recorded by `hospitality.consent.event._record_many` alone.

    The newest version of a source's record counts. Nothing is recorded for a flag without a time that says what it
    said before, and for what the source has said at the same time already. A state *unknown* is no statement, but where
    the record was *granted* before, somebody has taken the tick away: that is a withdrawal.
    """

    _name = "hospitality.bulk.consent"
    _description = "Bulk records of consents"

    @api.model
    def _prepare_rows(self, batch, _entity, items, codes):
        """Set ``item.row`` and, in ``item.extra``, what it is about: a list of ``(purpose, channel)``."""
        visit = self.env["hospitality.bulk.visit"]
        purposes = self._get_purposes()
        stored = batch.stored["guest"]
        for item in items:
            event = item.event
            guest = event["guest"]
            if guest in stored and stored[guest].state == "anonymised":
                item.message.warnings.append("anonymised")
                continue
            if guest not in stored and guest not in batch.items["guest"]:
                item.message.wait("guest", guest)
                continue
            place = None
            if "property" in event or batch.options.get("property_id"):
                place = visit._get_place(batch, "consent", item, codes)
                if place is None:
                    continue
            item.extra = self._get_subjects(batch, item, purposes)
            item.message.warnings.extend(event.get("warnings", ()))
            item.row = {
                "source_id": batch.source_id,
                "external_id": item.key,
                "version": item.version,
                "payload_hash": event["payload_hash"],
                "state": event["state"],
                "said_at": event.get("at"),
                "property_id": place and place.id,
            }

    @api.model
    def _get_purposes(self):
        return {
            purpose.code: purpose
            for purpose in self.env["hospitality.purpose"].with_context(active_test=False).search([])
        }

    @api.model
    def _get_subjects(self, batch, item, purposes):
        """Return the purposes and channels that an event is about.

        A purpose is named by its code here or by a mapping of the connector. Without one the channel decides. Under a
        code that nobody has mapped a refusal counts for marketing on the channel; an agreement waits for the mapping,
        because it was given to something that is not known.
        """
        event = item.event
        channel, code = event["channel"], event.get("purpose")
        purpose = None
        if code is not None:
            purpose = purposes.get(batch.options["codes"].get(("consent_purpose", code), code))
            if purpose is None:
                self.env["hospitality.bulk.visit"]._note_unmapped(batch, item, "consent_purpose", code)
                if event["state"] == "granted":
                    return []
        if purpose is None:
            purpose = purposes.get(WHOLE.get(channel, DEFAULT))
        if purpose is None:
            return []
        if channel in WHOLE or not purpose.per_channel:
            return [(purpose, one) for one in purpose._get_channels()]
        return [(purpose, channel)]

    @api.model
    def _settle(self, batch, parts):
        """Write what the source says now; what is to be recorded is in ``batch.consents``."""
        parts = tuple([item for item in group if self._link(batch, item, group is parts[2])] for group in parts)
        inserted, updated = self.env["hospitality.bulk.fact"]._upsert(
            batch, "consent", "hospitality.consent.delivery", parts, COLUMNS
        )
        batch.consents = [
            item for item in (*inserted, *updated) if item.extra and self._get_decision(batch, item) is not None
        ]

    @api.model
    def _get_decision(self, batch, item):
        """Return the decision that an event tells, None where it tells none."""
        state = item.event["state"]
        if state != "unknown":
            return state
        stored = batch.stored["consent"].get(item.key)
        return "withdrawn" if stored and stored.state == "granted" else None

    @api.model
    def _link(self, batch, item, is_touched):
        if is_touched:
            return True
        profile_id = batch.reference("guest", item.event["guest"])[0]
        if profile_id is None:
            # The guest came in this batch, but was refused or waits himself.
            item.message.wait("guest", item.event["guest"])
            return False
        item.row["profile_id"] = profile_id
        return True

    # Statements

    @api.model
    def _record(self, batch):
        """Record what the written rows of a batch say; refuse the messages of statements that can't be proven."""
        items = sorted(batch.consents, key=lambda item: (item.version, item.key))
        entries = [self._prepare_entries(batch, item) for item in items]
        Event = self.env["hospitality.consent.event"]
        try:
            with self.env.cr.savepoint():
                Event._record_many([entry for group in entries for entry in group])
            return
        except UserError:
            self.env.invalidate_all(flush=False)
        refused = []
        for item, group in zip(items, entries, strict=True):
            try:
                with self.env.cr.savepoint():
                    Event._record_many(group)
            except UserError as error:
                refusal = self.env["hospitality.bulk.visit"]._get_refusal("consent_refused", "state", reason=str(error))
                item.message.refuse(*refusal)
                refused.append(item)
        if refused:
            # A replay finds something new, and the version still says what is older.
            self.env["hospitality.bulk.fact"]._update(
                "hospitality.consent.delivery", [item.id for item in refused], [{"payload_hash": None}] * len(refused)
            )

    @api.model
    def _prepare_entries(self, batch, item):
        event, row = item.event, item.row
        brand = self.env["hospitality.property"].browse(row["property_id"]).brand_id if row["property_id"] else None
        at = event.get("at")
        facts = {
            "profile_id": row["profile_id"],
            "decision": self._get_decision(batch, item),
            "method": "import",
            "source": batch.source,
            "brand": brand or None,
            "evidence": self._get_evidence(batch, item),
        }
        if at:
            facts["decided_at"] = datetime.fromisoformat(at)
            facts["external_ref"] = f"{item.key} {at} {event['state']}"
        return [{**facts, "purpose": purpose, "channel": channel} for purpose, channel in item.extra]

    @api.model
    def _get_evidence(self, batch, item):
        """Return where the statement stands in the source, and which delivery has brought it."""
        parts = [f"{batch.source.name}: {item.key}", item.event.get("source_field")]
        if isinstance(item.message.key, int):
            parts.append(f"#{item.message.key}")
        return " · ".join(filter(None, (*parts, item.event["payload_hash"])))
