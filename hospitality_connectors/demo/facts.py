"""What staff know about the guests of the live book: wishes, allergies, alerts, dates, relations."""

from random import Random
from typing import NamedTuple

ALLERGENS = {
    # The 14 of Regulation (EU) No 1169/2011, Annex II.
    "gluten": "Cereals containing gluten",
    "crustaceans": "Crustaceans",
    "eggs": "Eggs",
    "fish": "Fish",
    "peanuts": "Peanuts",
    "soy": "Soybeans",
    "milk": "Milk",
    "nuts": "Nuts",
    "celery": "Celery",
    "mustard": "Mustard",
    "sesame": "Sesame seeds",
    "sulphites": "Sulphur dioxide and sulphites",
    "lupin": "Lupin",
    "molluscs": "Molluscs",
}
PREFERENCE_TYPES = {
    # code: (name, category, months of validity, values)
    "bed": ("Bed", "room", 0, ("Twin beds", "King-size bed", "Extra-long bed")),
    "pillow": ("Pillow", "room", 0, ("Feather", "Anti-allergic", "Memory foam", "Two pillows")),
    "location": (
        "Room location",
        "room",
        0,
        ("High floor", "Away from the lift", "Sea view", "Ground floor"),
    ),
    "temperature": ("Room temperature", "room", 24, ("19 °C on arrival", "22 °C on arrival")),
    "newspaper": (
        "Newspaper",
        "service",
        24,
        ("Público", "Le Monde", "Financial Times", "El País", "Die Zeit"),
    ),
    "housekeeping": ("Housekeeping", "service", 12, ("After 11:00", "Early, before 9:00", "Not daily")),
    "table": ("Table", "table", 24, ("By the window", "Quiet corner", "On the terrace")),
    "drink": ("Drink", "food", 24, ("Espresso", "Green tea", "Vinho verde", "Sparkling water", "Oat milk")),
    "dish": ("Dish", "food", 24, ("Pastel de nata", "Arroz de marisco", "Bacalhau à Brás")),
    "contact": ("Contact", "contact", 24, ("WhatsApp", "E-mail only", "No calls to the room")),
}
DETAILS = {
    "nuts": "carries an adrenaline pen",
    "peanuts": "even traces",
    "milk": "lactose",
    "gluten": "coeliac",
}
NOTES = (
    "Prefers to be addressed in his or her own language.",
    "Late check-out was promised at the last stay.",
    "Travels with a small dog.",
    "Complained about noise from the street last time; give a room to the courtyard.",
    "Collects our ceramic tiles; one more on departure.",
)


class Facts(NamedTuple):
    """Rows by kind; ``profile`` is the key of a profile of the live book, ``key`` unique within a kind."""

    preferences: list
    allergies: list
    alerts: list
    dates: list
    relations: list
    notes: list


# story: (alert kind, level, message)
_ALERTS = {
    "vip": ("vip", "1_warn", "Welcome drink and general manager at arrival"),
    "vip_birthday": ("vip", "1_warn", "Prefers the corner suite; flowers and a card today"),
    "do_not_rent": (
        "do_not_rent",
        "2_block",
        "Damage unpaid since the last stay; only the duty manager may check in",
    ),
    "incognito": ("incognito", "1_warn", "Incognito: never name the guest in public, no calls put through"),
    "payment": ("payment", "1_warn", "Card was declined; ask for a deposit"),
    "safety": ("safety", "1_warn", "Uses a wheelchair: accessible room, help in an evacuation"),
}


def facts(cast, seed):
    """Return the :class:`Facts` of the live guests.

    :param cast: guest rows of :func:`.livebook.live`
    """
    out = Facts([], [], [], [], [], [])
    for row in cast:
        rng = Random(f"{seed}:facts:{row['profile']}")
        profile = row["profile"]
        if row["role"] == "companion":
            kind = {"partner": "spouse", "child": "child"}.get(row["relation"])
            if kind and row["head"] != profile:
                out.relations.append({"profile": row["head"], "related": profile, "kind": kind})
            if row["relation"] == "child":
                continue
        present = row["status"] in ("in_house", "reserved")
        _wishes(out, rng, profile, 0.45 if present else 0.12)
        _allergies(out, rng, row)
        _alert(out, rng, row)
        if row["story"] in ("anniversary", "honeymoon"):
            out.dates.append(
                {
                    "profile": profile,
                    "key": profile,
                    "kind": "wedding",
                    "on": 0,
                    "years": 25 if row["story"] == "anniversary" else 0,
                }
            )
        elif rng.random() < 0.04:
            out.dates.append(
                {
                    "profile": profile,
                    "key": profile,
                    "kind": "wedding",
                    "on": rng.randrange(-120, 120),
                    "years": rng.randrange(1, 40),
                }
            )
        if rng.random() < 0.03:
            out.notes.append({"profile": profile, "text": rng.choice(NOTES)})
    return out


def _wishes(out, rng, profile, chance):
    if rng.random() >= chance:
        return
    for code in rng.sample(list(PREFERENCE_TYPES), rng.choice((1, 1, 2, 3))):
        out.preferences.append(
            {
                "profile": profile,
                "key": f"{profile}:{code}",
                "type": code,
                "value": rng.choice(PREFERENCE_TYPES[code][3]),
                "attitude": "avoids" if rng.random() < 0.08 else "likes",
                "confidence": rng.choice(("stated", "stated", "observed", "derived")),
                "days_ago": rng.randrange(0, 900),
            }
        )


def _allergies(out, rng, row):
    def add(key, kind, severity, allergen="", detail=""):
        out.allergies.append(
            {
                **{"profile": row["profile"], "key": f"{row['profile']}:{key}", "kind": kind},
                **{"allergen": allergen, "detail": detail, "severity": severity},
            }
        )

    chance = rng.random()
    if row["story"] == "allergy":
        add("nuts", "allergy", "3", "nuts", DETAILS["nuts"])
    elif chance < 0.05:
        code = rng.choice(("gluten", "milk", "nuts", "peanuts", "crustaceans", "molluscs", "eggs", "fish", "sesame"))
        if code in ("gluten", "milk"):
            add(code, "intolerance", "1", code, DETAILS[code])
        else:
            add(code, "allergy", rng.choice(("1", "2", "2", "3")), code, DETAILS.get(code, ""))
    elif chance < 0.08:
        add("diet", "diet", "1", detail=rng.choice(("Vegetarian", "Vegan", "Halal", "Kosher")))
    elif chance < 0.12:
        add("none", "none", "1")


def _alert(out, rng, row):
    found = _ALERTS.get(row["story"])
    if not found and row["role"] == "primary" and rng.random() < 0.02:
        found = rng.choice((_ALERTS["vip"], _ALERTS["payment"], ("info", "1_warn", "Parcel waits at the concierge")))
    if found:
        kind, level, message = found
        out.alerts.append(
            {
                "profile": row["profile"],
                "key": f"{row['profile']}:{kind}",
                "kind": kind,
                "level": level,
                "message": message,
            }
        )
