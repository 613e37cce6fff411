import uuid

from ..models.bulk.batch import Message
from .common import HospitalityCommon

OBSERVED = 1_700_000_000.0


class MatchCommon(HospitalityCommon):
    """Guests that arrive through the bulk writer, as from a source system."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.ota = cls.env["hospitality.source"].create({"name": "OTA", "code": "t_ota", "kind": "ota"})
        cls.Match = cls.env["hospitality.match"]
        cls.Queue = cls.env["hospitality.match.queue"]
        cls.env["hospitality.matcher"]._flush_marked()
        cls.Queue.search([]).unlink()

    def _event(self, key, kind="person", version=1, **values):
        return {
            "entity": "guest",
            "op": "upsert",
            "external_id": key,
            "version": float(version),
            "payload_hash": uuid.uuid4().hex,
            "observed": OBSERVED,
            "kind": kind,
            "values": values,
        }

    def _arrive(self, *events, source=None):
        """Write guest events in one batch; return their guests in the order of the events."""
        source = source or self.source
        messages = [Message(number, [dict(event)]) for number, event in enumerate(events)]
        self.env["hospitality.bulk"]._apply(source, messages)
        self.assertEqual({message.state for message in messages}, {"done"})
        self.env.invalidate_all()
        return [self._profile(event["external_id"], source).partner_id for event in events]

    def _guest(self, key, source=None, **values):
        """Let one guest arrive."""
        return self._arrive(self._event(key, **values), source=source)[0]

    def _profile(self, key, source=None):
        return self.env["hospitality.profile"].search(
            [("source_id", "=", (source or self.source).id), ("external_id", "=", key)]
        )

    def _compare(self):
        """Let a lane compare what is waiting."""
        self.env["hospitality.matcher"]._flush_marked()
        while self.Queue._take():
            continue
        self.env.invalidate_all()

    def _get_or_create_pair(self, one, other):
        """Return the pair of two profiles; where matching has found none, one to be asked about."""
        left, right = self._profile(one), self._profile(other)
        return self._pairs(one, other) or self.Match.create(
            {
                "profile_id": left.id,
                "other_profile_id": right.id,
                "partner_id": left.partner_id.id,
                "other_partner_id": right.partner_id.id,
                "score": 0.5,
                "band": "ask",
            }
        )

    def _pairs(self, *keys):
        profiles = self.env["hospitality.profile"].union(*(self._profile(key) for key in keys))
        return self.Match.search(
            [("profile_id", "in", profiles.ids), ("other_profile_id", "in", profiles.ids)], order="id"
        )
