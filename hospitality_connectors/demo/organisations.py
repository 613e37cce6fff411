"""Travel agencies and companies behind the numbers of the bookings file."""

from collections import Counter
from random import Random

from . import countries
from .persons import names, phone_number
from .scripts import plain

# Relay addresses of the two agencies that dominate are of the real form, so that they are recognised.
RELAYS = {"9": "guest.booking.com", "240": "m.expediapartnercentral.com"}
RELAY_SHARE = {"9": 0.85, "240": 0.8}

_OTA = "Bookwell Staymore Roomly Tripnest Hotelier24 Sleepwise Getaway Nightly Voyagia Roamo".split()
_SITE = ("{} Online", "{}.travel", "{} Rooms")
_OFFLINE = ("{} Viagens", "{} Travel", "{} Tours", "Viagens {}", "{} Voyages", "{} Reisen", "Agência {}")
_GROUPS = ("{} Events", "{} Congressos", "{} Incoming", "{} Group Travel")
_COMPANY = (
    "{} Lda",
    "{} S.A.",
    "{} & Filhos",
    "Grupo {}",
    "{} GmbH",
    "{} Consulting",
    "{} Engenharia",
    "{} Ltd",
)


def describe(bookings, seed):
    """Return what a hotel knows about its agencies and companies.

    :param bookings: all bookings of the file
    :return: ``{("agency"|"company", code): values}``, canonical guest values with ``country`` by the
        guests they send
    """
    markets, homes = {}, {}
    for booking in bookings:
        for kind, code in (("agency", booking.agent), ("company", booking.company)):
            if code:
                markets.setdefault((kind, code), Counter())[booking.market] += 1
                homes.setdefault((kind, code), Counter())[booking.country] += 1
    found = {}
    for kind, code in sorted(markets):
        rng = Random(f"{seed}:{kind}:{code}")
        country = homes[kind, code].most_common(1)[0][0] or "PT"
        if country not in countries.PHONES:
            country = "PT"
        name = _name(rng, kind, code, markets[kind, code].most_common(1)[0][0], country)
        host = "".join(c for c in plain(name).lower() if c.isascii() and c.isalnum()) + ".internal"
        city, zip_code = rng.choice(countries.CITIES.get(country, countries.CITIES["PT"]))
        found[kind, code] = {
            "name": name,
            "email": f"{'reservations' if kind == 'agency' else 'travel'}@{host}",
            "phone": phone_number(rng, country, landline=True),
            "vat": f"PT5{rng.randrange(10**7):07d}0" if country == "PT" and rng.random() < 0.6 else "",
            "city": city,
            "zip": zip_code,
            "country": country,
        }
    return found


def _name(rng, kind, code, market, country):
    culture = countries.cultures(country)[0][0]
    vocabulary = names().get(culture) or names()["pt"]
    word = rng.choice(vocabulary.family)[1].split(" ")[-1]
    if kind == "company":
        return rng.choice(_COMPANY).format(word)
    if code == "9":
        return "Bookwell.com"
    if code == "240":
        return "Staymore"
    if market == "Online TA":
        return rng.choice(_SITE).format(rng.choice(_OTA) + code)
    if market == "Direct":
        return f"Own reservations desk {code}"
    return rng.choice(_GROUPS if market == "Groups" else _OFFLINE).format(word)
