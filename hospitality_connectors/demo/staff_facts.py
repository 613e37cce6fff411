"""What staff know about the guests of the live book, written to a database."""

from datetime import timedelta

from .facts import ALLERGENS, PREFERENCE_TYPES, facts
from .place_records import ensure

SOURCE = "pms_live"


def load(env, cast, today, seed):
    """Create preferences, allergies, alerts, special dates and relations that are not there yet.

    :param cast: guest rows of the live book
    :param date today: anniversaries fall on days around it
    """
    found = facts(cast, seed)
    source = env["hospitality.source"].search([("code", "=", SOURCE)])
    profiles = {
        profile.external_id: profile for profile in env["hospitality.profile"].search([("source_id", "=", source.id)])
    }
    writer = _Writer(env, source, profiles, today)
    writer.preferences(found.preferences)
    writer.allergies(found.allergies)
    writer.alerts(found.alerts)
    writer.dates(found.dates)
    writer.relations(found.relations)
    writer.notes(found.notes)


class _Writer:
    def __init__(self, env, source, profiles, today):
        self.env = env
        self.source = source
        self.profiles = profiles
        self.today = today

    def _create(self, model, prefix, rows, prepare):
        """Create a record per row whose guest exists and which is not there yet."""
        known = set(
            self.env[model]
            .with_context(active_test=False)
            .search([("source_id", "=", self.source.id)])
            .mapped("external_id")
        )
        values = []
        for row in rows:
            key = f"{prefix}:{row['key']}"
            profile = self.profiles.get(row["profile"])
            if profile and key not in known:
                known.add(key)
                base = {"source_id": self.source.id, "external_id": key, "profile_id": profile.id}
                values.append({**base, "partner_id": profile.partner_id.id, **prepare(row)})
        return self.env[model].create(values)

    def preferences(self, rows):
        types = {
            code: ensure(
                self.env,
                "hospitality.preference.type",
                {"code": code},
                {"name": name, "category": category, "validity_months": months},
            )
            for code, (name, category, months, _values) in PREFERENCE_TYPES.items()
        }
        self._create(
            "hospitality.preference",
            "preference",
            rows,
            lambda row: {
                **{name: row[name] for name in ("value", "attitude", "confidence")},
                "type_id": types[row["type"]].id,
                "confirmed_on": self.today - timedelta(row["days_ago"]),
            },
        )

    def allergies(self, rows):
        allergens = {
            code: ensure(self.env, "hospitality.allergen", {"code": code}, {"name": name, "is_eu14": True})
            for code, name in ALLERGENS.items()
        }
        # Two records of one guest may contradict each other: what is known outranks "none".
        known = self.env["hospitality.allergy"].search([]).mapped("partner_id").ids
        named = {self._guest(row) for row in rows if row["kind"] in ("allergy", "intolerance")} | set(known)
        self._create(
            "hospitality.allergy",
            "allergy",
            [row for row in rows if row["kind"] != "none" or self._guest(row) not in named],
            lambda row: {
                **{"kind": row["kind"], "severity": row["severity"], "detail": row["detail"] or False},
                "allergen_id": allergens[row["allergen"]].id if row["allergen"] else False,
                "confirmed_on": self.today,
            },
        )

    def _guest(self, row):
        profile = self.profiles.get(row["profile"])
        return profile.partner_id.id if profile else 0

    def alerts(self, rows):
        self._create(
            "hospitality.alert",
            "alert",
            rows,
            lambda row: {name: row[name] for name in ("kind", "level", "message")},
        )

    def dates(self, rows):
        def prepare(row):
            day = self.today + timedelta(row["on"])
            return {"kind": row["kind"], "day": day.day, "month": day.month, "year": day.year - row["years"]}

        self._create("hospitality.special.date", "date", rows, prepare)

    def relations(self, rows):
        Relation = self.env["hospitality.relation"]
        known = {
            (relation.partner_id.id, relation.related_id.id, relation.kind)
            for relation in Relation.search([("profile_id.source_id", "=", self.source.id)])
        }
        values = []
        for row in rows:
            one, other = self.profiles.get(row["profile"]), self.profiles.get(row["related"])
            if not one or not other or one.partner_id == other.partner_id:
                continue
            key = (one.partner_id.id, other.partner_id.id, row["kind"])
            if key not in known:
                known.add(key)
                values.append({"partner_id": key[0], "related_id": key[1], "kind": key[2], "profile_id": one.id})
        Relation.create(values)

    def notes(self, rows):
        for row in rows:
            profile = self.profiles.get(row["profile"])
            if profile and not profile.partner_id.comment:
                profile.partner_id.comment = row["text"]
