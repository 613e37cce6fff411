from datetime import datetime, timezone
from hashlib import blake2b

from odoo import api, fields, models
from odoo.tools import SQL

from ...engine import diet
from ...tools.arrays import pg_array, pg_int_array

OTHER = "other"


class HospitalityBulkWish(models.AbstractModel):
    """Preferences, allergies and diets that sources tell of their guests.

    Preferences of a profile are those of its newest snapshot. Allergies add up: every snapshot counts, also one that
    arrives late, and what the newest one does not say any more is marked for a person to confirm or withdraw.
    """

    _name = "hospitality.bulk.wish"
    _description = "Bulk writes of preferences and allergies"

    @api.model
    def _record(self, batch):
        """Write what the guests of a batch prefer and must not eat, after their profiles."""
        newest = {item.key: item for item in batch.wishes}
        if newest:
            self._write_preferences(batch, newest)
        told = [item for item in batch.diets if self._is_told(batch, item)]
        if told:
            self._write_diets(batch, told)
        dropping = [item for item in newest.values() if item.key in batch.stored["guest"]]
        if dropping:
            self._mark_dropped(batch, dropping)

    @api.model
    def _is_told(self, batch, item):
        stored = batch.stored["guest"].get(item.key)
        return (
            item.message.problem is None
            and (stored is None or stored.state != "anonymised")
            and batch.reference("guest", item.key)[0] is not None
        )

    @api.model
    def _get_day(self, item):
        """Return the day on which the source has said so."""
        version = item.version
        seconds = version if 1e8 < version < 1e11 else item.event["observed"]
        return f"{datetime.fromtimestamp(seconds, timezone.utc):%Y-%m-%d}"

    @api.model
    def _prepare_row(self, batch, item, key):
        _id, profile_id, partner_id = batch.reference("guest", item.key)
        return {
            "source_id": batch.source_id,
            "external_id": f"{item.key}#{key}",
            "version": item.version,
            "profile_id": profile_id,
            "partner_id": partner_id,
            "confirmed_on": self._get_day(item),
        }

    @api.model
    def _upsert(self, model_name, rows, known, kept=()):
        """Insert new rows and update those of an older version.

        :param dict rows: external id -> row
        :param dict known: external id -> ``(id, version)`` of stored rows
        :param kept: columns that stay as they are where a row is updated
        :return: ids of the written rows
        """
        fact = self.env["hospitality.bulk.fact"]
        stamp = {"write_uid": self.env.uid, "write_date": fields.Datetime.to_string(self.env.cr.now())}
        new = [
            {**row, **stamp, "create_uid": self.env.uid, "create_date": stamp["write_date"]}
            for key, row in sorted(rows.items())
            if key not in known
        ]
        ids = [row[0] for row in fact._insert(model_name, new)]
        changed = [key for key in sorted(rows) if key in known and (known[key][1] or 0.0) <= rows[key]["version"]]
        names = dict.fromkeys(name for key in changed for name in rows[key] if name not in kept)
        ids += fact._update(
            model_name,
            [known[key][0] for key in changed],
            [{**{name: rows[key].get(name) for name in names}, **stamp} for key in changed],
        )
        self.env[model_name].invalidate_model(flush=False)
        fact._recompute_foreign(model_name, ids, frozenset())
        return ids

    @api.model
    def _forget(self, profile_ids):
        """Delete what anonymised profiles have told."""
        for model_name in ("hospitality.preference", "hospitality.allergy"):
            self.env.cr.execute(
                SQL(
                    "DELETE FROM %s f USING hospitality_profile p WHERE p.id = ANY(%s::int[]) AND p.has_wishes"
                    " AND f.profile_id = p.id AND f.source_id = p.source_id",
                    SQL.identifier(self.env[model_name]._table),
                    pg_int_array(sorted(profile_ids)),
                )
            )
            self.env[model_name].invalidate_model(flush=False)

    # Preferences

    @api.model
    def _write_preferences(self, batch, newest):
        types = self._get_ids("hospitality.preference.type")
        rows = {}
        for item in newest.values():
            for word in item.event["values"].get("preferences", ()):
                row = self._prepare_row(batch, item, _digest(word))
                row["type_id"] = self._get_type(batch, item, word, types)
                row["value"] = word.get("text") or word["code"]
                rows[row["external_id"]] = row
        profile_ids = [batch.reference("guest", item.key)[0] for item in newest.values()]
        stored = self.env.execute_query(
            SQL(
                "SELECT external_id, id, version FROM hospitality_preference"
                " WHERE source_id = %s AND profile_id = ANY(%s::int[])",
                batch.source_id,
                pg_int_array(profile_ids),
            )
        )
        gone = [row[1] for row in stored if row[0] not in rows]
        if gone:
            self.env.cr.execute(SQL("DELETE FROM hospitality_preference WHERE id = ANY(%s::int[])", pg_int_array(gone)))
            self.env["hospitality.preference"].invalidate_model(flush=False)
        if rows:
            for row in rows.values():
                row |= {"attitude": "likes", "confidence": "stated"}
            known = {row[0]: row[1:] for row in stored}
            batch.count(
                "hospitality.preference", self._upsert("hospitality.preference", rows, known, kept=("attitude",))
            )

    @api.model
    def _get_type(self, batch, item, word, types):
        """Return the type of a preference: by mapping, by its code here, else *other* and a row *to map*."""
        code = word.get("code")
        if code is None:
            return types[OTHER]
        found = types.get(batch.options["codes"].get(("preference", code), code))
        if found is None:
            self.env["hospitality.bulk.visit"]._note_unmapped(batch, item, "preference", code)
        return found or types[OTHER]

    @api.model
    def _get_ids(self, model_name):
        """Return the ids of a small table by code, archived records included."""
        return dict(self.env.execute_query(SQL("SELECT code, id FROM %s", SQL.identifier(self.env[model_name]._table))))

    # Allergies and diets

    @api.model
    def _write_diets(self, batch, told):
        allergens = self._get_ids("hospitality.allergen")
        rows, loose = {}, {}
        for item in sorted(told, key=lambda one: (one.version, one.key)):
            for word in item.event["values"]["diet"]:
                for found in self._recognise(batch, item, word, allergens):
                    key = found.code or _digest(word)
                    row = self._prepare_row(batch, item, key)
                    row |= {
                        "kind": found.kind,
                        "allergen_id": found.code and allergens[found.code],
                        "detail": word.get("text") or word["code"],
                        "severity": "3" if found.severe else "2",
                        "is_dropped": False,
                    }
                    rows[row["external_id"]] = row
                    if found.code:
                        loose[f"{item.key}#{_digest(word)}"] = row["external_id"]
        if not rows:
            return
        stored = self._read_diets(batch, {*rows, *loose})
        known = {key: row[:2] for key, row in stored.items()}
        for key, target in loose.items():
            # What was mere text has got a meaning.
            if key in known and target not in known:
                known[target] = known.pop(key)
        self._keep_worse(rows, stored)
        batch.count("hospitality.allergy", self._upsert("hospitality.allergy", rows, known))
        partner_ids = {row["partner_id"] for row in rows.values() if row["kind"] != "diet"}
        self._withdraw_none(partner_ids)
        self._mark_late(batch, rows)

    @api.model
    def _recognise(self, batch, item, word, allergens):
        """Return what a word of a source means (`engine.diet.Word`): by mapping, by code, by its text."""
        code, text = word.get("code"), word.get("text", "")
        if code is not None:
            target = batch.options["codes"].get(("diet", code), code.lower())
            if target in allergens:
                kind = next(
                    (one.kind for one in diet.recognise(target.replace("_", " ")) if one.code == target), "allergy"
                )
                return [diet.Word(target, kind, any(one.severe for one in diet.recognise(text)))]
        found = diet.recognise(" ".join(filter(None, (code, text))))
        if not found:
            item.message.warnings.append("diet_none")
        elif code is not None and found[0].code is None:
            self.env["hospitality.bulk.visit"]._note_unmapped(batch, item, "diet", code)
        return found

    @api.model
    def _read_diets(self, batch, keys):
        return {
            row[0]: row[1:]
            for row in self.env.execute_query(
                SQL(
                    "SELECT external_id, id, version, severity FROM hospitality_allergy"
                    " WHERE source_id = %s AND external_id = ANY(%s::varchar[])",
                    batch.source_id,
                    pg_array(sorted(keys)),
                )
            )
        }

    @api.model
    def _keep_worse(self, rows, stored):
        """Never make an allergy that is known harmless by itself: that takes a person."""
        for key, row in rows.items():
            if key in stored:
                row["severity"] = max(row["severity"], stored[key][2])

    @api.model
    def _withdraw_none(self, partner_ids):
        """Withdraw the statement of guests that they have no allergies where a source names one."""
        if partner_ids:
            self.env.cr.execute(
                SQL(
                    "UPDATE hospitality_allergy SET active = FALSE, withdrawn_by_id = %s,"
                    " withdrawn_on = now() AT TIME ZONE 'UTC', withdrawn_reason = %s"
                    " WHERE partner_id = ANY(%s::int[]) AND active AND kind = 'none'",
                    self.env.uid,
                    self.env._("A source system names an allergy."),
                    pg_int_array(sorted(partner_ids)),
                )
            )
            self.env["hospitality.allergy"].invalidate_model(flush=False)

    @api.model
    def _mark_late(self, batch, rows):
        """Mark what only an older snapshot than the newest has said."""
        self.env.cr.execute(
            SQL(
                "UPDATE hospitality_allergy a SET is_dropped = TRUE FROM hospitality_profile p"
                " WHERE a.source_id = %s AND a.external_id = ANY(%s::varchar[]) AND p.id = a.profile_id"
                " AND a.version < p.version",
                batch.source_id,
                pg_array(sorted(rows)),
            )
        )

    @api.model
    def _mark_dropped(self, batch, items):
        """Mark what the snapshots before have said and these do not say any more."""
        self.env.cr.execute(
            SQL(
                "UPDATE hospitality_allergy a SET is_dropped = TRUE"
                " FROM unnest(%s::int[], %s::float8[], %s::float8[]) AS n(profile_id, before, version)"
                " WHERE a.profile_id = n.profile_id AND a.source_id = %s AND a.version >= n.before"
                " AND a.version < n.version AND a.is_dropped IS NOT TRUE",
                pg_int_array([batch.stored["guest"][item.key].id for item in items]),
                pg_array([batch.stored["guest"][item.key].version or 0.0 for item in items], "float8"),
                pg_array([item.version for item in items], "float8"),
                batch.source_id,
            )
        )
        self.env["hospitality.allergy"].invalidate_model(["is_dropped"], flush=False)


def _digest(word):
    """Return a short key of a word of a source, the same however often it says it."""
    text = f"{word.get('code', '')}\n{' '.join(word.get('text', '').casefold().split())}"
    return blake2b(text.encode(), digest_size=8).hexdigest()
