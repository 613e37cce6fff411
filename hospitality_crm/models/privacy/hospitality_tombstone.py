import hashlib
import hmac

from odoo import api, fields, models, tools
from odoo.exceptions import UserError
from odoo.tools import SQL

#: What stands in place of the key that a source gave to an erased guest.
PREFIX = "erased:"
#: What people have written about a guest in events of his visits.
PRIVATE = {
    "guest": (),
    "stay": ("requests", "eta", "warnings"),
    "reservation": ("wishes", "occasion", "warnings"),
    "booking": ("warnings",),
    "check": ("warnings",),
}


class HospitalityTombstone(models.Model):
    """The key of an erased guest in a source system, as a keyed hash: the next delivery doesn't bring him back.

    Visits that the source delivers again stay with the anonymised record, without what was written in them about him.
    """

    _name = "hospitality.tombstone"
    _description = "Erased Key"
    _order = "id desc"
    _log_access = False
    _rec_name = "source_id"

    source_id = fields.Many2one("hospitality.source", required=True, readonly=True, ondelete="restrict")
    digest = fields.Char(required=True, readonly=True, size=64, groups="base.group_system")
    erased_at = fields.Datetime(required=True, readonly=True, default=fields.Datetime.now)

    _digest_uniq = models.Constraint("UNIQUE (source_id, digest)", "This key is erased already.")

    @api.model
    def _digest(self, source_code, external_ids):
        """Return ``{external id: digest}``.

        :raise UserError: there is no usable key
        """
        secret = self.env["hospitality.privacy"]._get_secret("tombstone")
        return {
            key: hmac.new(secret, f"{source_code}:{key}".encode(), hashlib.sha256).hexdigest() for key in external_ids
        }

    @api.model
    @tools.ormcache(cache="stable")
    def _is_used(self):
        """Tell whether any guest was ever erased: no key is hashed before."""
        return bool(self.env.execute_query(SQL("SELECT FROM hospitality_tombstone LIMIT 1")))

    @api.model
    def _bury(self, profile_ids):
        """Give profiles a key that names nobody and remember theirs as hashes.

        :return: number of keys
        """
        rows = self.env.execute_query(
            SQL(
                """SELECT p.id, s.id, s.code, p.external_id FROM hospitality_profile p
                     JOIN hospitality_source s ON s.id = p.source_id
                    WHERE p.id = ANY(%s) AND s.kind <> 'odoo' AND NOT starts_with(p.external_id, %s)""",
                list(profile_ids),
                PREFIX,
            )
        )
        if not rows:
            return 0
        digests = [self._digest(code, [key])[key] for _id, _source, code, key in rows]
        self.env.cr.execute(
            SQL(
                """WITH dead AS (
                       SELECT * FROM unnest(%s::int[], %s::int[], %s::text[]) AS d(profile_id, source_id, digest)),
                   buried AS (
                       INSERT INTO hospitality_tombstone (source_id, digest, erased_at)
                       SELECT source_id, digest, now() AT TIME ZONE 'UTC' FROM dead ON CONFLICT DO NOTHING)
                   UPDATE hospitality_profile p SET external_id = %s || d.digest
                     FROM dead d WHERE p.id = d.profile_id""",
                [row[0] for row in rows],
                [row[1] for row in rows],
                digests,
                PREFIX,
            )
        )
        self.env["hospitality.profile"].invalidate_model(["external_id"], flush=False)
        self.env.registry.clear_cache("stable")
        return len(rows)

    @api.model
    def _find(self, source, external_ids):
        """Return the keys of a source that are erased: ``{external id: key that the profile has now}``."""
        external_ids = [key for key in external_ids if key]
        if not external_ids or not self._is_used():
            return {}
        digests = self._digest(source.code, external_ids)
        found = {
            row[0]
            for row in self.env.execute_query(
                SQL(
                    "SELECT digest FROM hospitality_tombstone WHERE source_id = %s AND digest = ANY(%s)",
                    source.id,
                    list(digests.values()),
                )
            )
        }
        return {key: PREFIX + digest for key, digest in digests.items() if digest in found}

    @api.model
    def _translate_events(self, source, messages):
        """Let events about erased guests name their anonymised records, and forget what they say about them.

        The records refuse new values by themselves: they are anonymised.
        """
        if not self._is_used():
            return
        references = ("guest", "booker", "company", "agency", "into")
        wanted = set()
        for message in messages:
            for event in message.events:
                if event["entity"] == "guest":
                    wanted.add(event["external_id"])
                wanted.update(event.get(name) for name in references)
                wanted.update(one["guest"] for one in event.get("guests") or ())
        dead = self._find(source, sorted(key for key in wanted if key))
        if not dead:
            return
        for message in messages:
            # The raw record is emptied like those that came before the erasure.
            if any([self._translate_event(event, dead, references) for event in message.events]):
                message.warnings.append("anonymised")

    @api.model
    def _translate_event(self, event, dead, references):
        if event["entity"] == "guest" and event["external_id"] in dead:
            event["external_id"] = dead[event["external_id"]]
        about = False
        for name in references:
            if event.get(name) in dead:
                event[name] = dead[event[name]]
                about = about or name == "guest"
        for one in event.get("guests") or ():
            if one["guest"] in dead:
                one["guest"] = dead[one["guest"]]
                about = about or one.get("role") == "primary"
        if about:
            for name in PRIVATE.get(event["entity"], ()):
                event.pop(name, None)
        return about

    @api.model
    def _refuse(self, source, external_ids):
        """Refuse keys of erased guests.

        :raise UserError: one of them is
        """
        if self._find(source, external_ids):
            raise UserError(
                self.env._(
                    "%(system)s delivers a guest who was erased here. He isn't created again: ask for his deletion in"
                    " %(system)s too (Privacy > Erasure Notices).",
                    system=source.display_name,
                )
            )
