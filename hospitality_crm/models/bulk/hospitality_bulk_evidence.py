from odoo import api, models
from odoo.tools import SQL

from ...engine.contact import normalise_email, normalise_phone
from ...tools.arrays import pg_int_array
from ..visit.hospitality_check_guest import CONFIDENCE, Clue

_FIELDS = ("loyalty_number", "phone", "email", "card_fingerprint", "room", "table", "stay", "reservation")
WEAKEST_FIRST = sorted(CONFIDENCE, key=CONFIDENCE.get)


class HospitalityBulkEvidence(models.AbstractModel):
    """Whose the checks of a batch are that name no guest; see `hospitality.check._find_guests`."""

    _name = "hospitality.bulk.evidence"
    _description = "Guests of checks"

    @api.model
    def _attach(self, batch, items, codes):
        """Set the guest of prepared checks, by the strongest evidence that leads to exactly one.

        The number of statements doesn't depend on the number of checks; checks that name their guest cost none.
        """
        clues, unsure, named = [], [], []
        for item in items:
            event = item.event
            if "guest" in event:
                item.row |= {"guest_evidence": "guest", "guest_confidence": CONFIDENCE["guest"]}
                if "card_fingerprint" in event and not self._is_erased(batch, event["guest"]):
                    named.append(item)
            elif any(name in event for name in _FIELDS):
                unsure.append(item)
        if not unsure and not named:
            return
        self._keep(unsure, named, codes)
        Check = self.env["hospitality.check"]
        for nth, item in enumerate(unsure):
            for kind, value, digest in item.evidence:
                if kind != "card" or digest:
                    clues.append(Clue(nth, kind, digest if kind == "card" else value))
            clues += Check._get_place_clues(nth, self._get_place(item.row))
        found = Check._find_guests(clues)
        cards = {}
        for nth, item in enumerate(unsure):
            self._take(item, {kind: found.get((nth, kind), {}) for kind in CONFIDENCE if kind != "card"}, batch)
        for item in (*unsure, *named):
            row = item.row
            digest = next((digest for kind, _value, digest in item.evidence if kind == "card"), None)
            if digest and row.get("partner_id") and row["guest_evidence"] != "table":
                cards.setdefault(digest, {})[row["partner_id"]] = (row["profile_id"], None)
        for nth, item in enumerate(unsure):
            for kind, _value, digest in item.evidence:
                if kind == "card" and item.row.get("guest_confidence", 0.0) < CONFIDENCE["card"]:
                    self._take(item, {"card": {**found.get((nth, "card"), {}), **cards.get(digest, {})}}, batch)

    @api.model
    def _is_erased(self, batch, key):
        stored = batch.stored["guest"].get(key)
        return stored is not None and stored.state == "anonymised"

    @api.model
    def _keep(self, unsure, named, codes):
        """Set the normalised evidence of items, with its keyed hashes.

        Of those that name their guest it is the card: it tells whose the next check is that is paid with it.
        """
        values = {item: [("card", item.event["card_fingerprint"])] for item in named}
        for item in unsure:
            event = item.event
            country = codes["place"][item.row["property_id"]].country or ""
            pairs = (
                ("loyalty", event.get("loyalty_number")),
                ("phone", normalise_phone(event["phone"], country) if "phone" in event else None),
                ("email", normalise_email(event["email"]) if "email" in event else None),
                ("card", event.get("card_fingerprint")),
            )
            values[item] = [(kind, value) for kind, value in pairs if value]
        digests = self.env["hospitality.check.evidence"]._get_digests(
            pair for pairs in values.values() for pair in pairs
        )
        for item, pairs in values.items():
            item.evidence = [(*pair, digests.get(pair)) for pair in pairs]
            if not digests and any(kind == "card" for kind, _value in pairs):
                item.message.warnings.append("no_key")

    @api.model
    def _get_place(self, row):
        place = {name: row.get(name) for name in ("property_id", "room_id", "business_date", "daypart", "table")}
        return {**place, "at": row.get("opened_at") or row.get("closed_at")}

    @api.model
    def _take(self, item, found, batch):
        """Set the guest of a check where the strongest evidence that leads to exactly one is stronger than its own."""
        row = item.row
        found = dict(found)
        for kind in ("stay", "reservation"):
            if kind in item.event:
                _id, profile_id, partner_id = batch.reference(kind, item.event[kind])
                if partner_id:
                    found[kind] = {partner_id: (profile_id, None)}
        for kind in reversed(WEAKEST_FIRST):
            guests = found.get(kind)
            if guests and len(guests) == 1 and CONFIDENCE[kind] > (row.get("guest_confidence") or 0.0):
                [(partner_id, (profile_id, stay_id))] = guests.items()
                row |= {
                    "profile_id": profile_id,
                    "partner_id": partner_id,
                    "guest_evidence": kind,
                    "guest_confidence": CONFIDENCE[kind],
                }
                if stay_id and not row.get("stay_id"):
                    row["stay_id"] = stay_id
                return

    @api.model
    def _store(self, batch, inserted, updated):
        """Keep the evidence of written checks, as keyed hashes."""
        rows = [
            (item.id, kind, digest)
            for item in (*inserted, *updated)
            for kind, _value, digest in item.evidence
            if digest
        ]
        stored = batch.stored["check"]
        rewritten = [item.id for item in updated if stored[item.key].state]
        if rows or rewritten:
            self.env["hospitality.check.evidence"]._replace(rows, rewritten)

    @api.model
    def _forget(self, profile_ids):
        """Forget by what the checks of anonymised profiles are known."""
        self.env.cr.execute(
            SQL(
                "DELETE FROM hospitality_check_evidence e USING hospitality_check k"
                " WHERE k.profile_id = ANY(%s::int[]) AND e.check_id = k.id",
                pg_int_array(sorted(profile_ids)),
            )
        )
        self.env["hospitality.check.evidence"].invalidate_model(flush=False)
