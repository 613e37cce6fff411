"""Made-up people: who somebody is, before any system has written him down.

Everything about a person follows from the seed, his number and where he lives, so that a part of
the group can be made without making the whole.
"""

from datetime import date, timedelta
from functools import cache, lru_cache
from pathlib import Path
from random import Random
from typing import NamedTuple

from . import countries
from .scripts import plain, romanise

NAMES = Path(__file__).parent / "data" / "names.txt"
PAIRED = ("zh", "ja", "ko", "ar", "he")
LOCAL = ("ru", "uk", "hy", "el", *PAIRED)
FAMILY_FIRST = ("zh", "ja", "ko", "hu")
LANGUAGE = {"br": "pt-BR", "pt": "pt-PT", "nordic": "sv", "in": "en", "cs": "cs"}
BIRTH_BASE = date(1940, 1, 1)


class Names(NamedTuple):
    """Names of a culture, as ``(local, latin)`` pairs; ``dim`` maps a local given name to its short form."""

    male: list
    female: list
    family: list
    dim: dict


class Person(NamedTuple):
    """Who somebody is. ``role`` in the household is ``head``, ``partner`` or ``child``."""

    number: int
    household: int
    role: str
    country: str
    culture: str
    female: bool
    given: str
    family: str
    given_latin: str
    family_latin: str
    short: str
    birthdate: date
    lang: str
    email: str
    email2: str
    phone: str
    street: str
    city: str
    zip: str
    loyalty: str


@cache
def names():
    """Return ``{culture: Names}`` of ``data/names.txt``."""
    lists, culture = {}, None
    for line in NAMES.read_text(encoding="utf-8").splitlines():
        if line.startswith("["):
            culture = line.strip("[]")
            lists[culture] = {"male": [], "female": [], "family": [], "dim": {}}
        elif culture and ": " in line:
            kind, words = line.split(": ", 1)
            words = [word.replace("_", " ") for word in words.split()]
            if kind == "dim":
                lists[culture]["dim"] = dict(word.split("=") for word in words)
            else:
                lists[culture][kind] = [_pair(word, culture) for word in dict.fromkeys(words)]
    return {culture: Names(**found) for culture, found in lists.items()}


def _pair(word, culture):
    if culture in PAIRED:
        local, _slash, latin = word.partition("/")
        return local, latin
    return word, romanise(word, culture)


def feminine(family, culture):
    """Return the form of a family name that a woman bears."""
    if culture in ("ru", "uk"):
        for ending, form in (
            ("ский", "ская"), ("ський", "ська"), ("цький", "цька"), ("ний", "на"), ("ов", "ова"), ("ёв", "ёва"),
            ("ев", "ева"), ("ин", "ина"), ("ын", "ына"),
        ):  # fmt: skip
            if family.endswith(ending):
                return family[: -len(ending)] + form
    elif culture == "pl" and family.endswith(("ski", "cki", "dzki")):
        return family[:-1] + "a"
    elif culture == "cs":
        if family.endswith("ý"):
            return family[:-1] + "á"
        if family.endswith("ć"):
            return family
        return (family[:-2] + "k" if family.endswith("ek") else family.rstrip("a")) + "ová"
    elif culture == "el":
        for ending, form in (("όπουλος", "οπούλου"), ("ος", "ου"), ("ης", "η"), ("άς", "ά"), ("ής", "ή")):
            if family.endswith(ending):
                return family[: -len(ending)] + form
    return family


def _skewed(rng, words):
    """Pick a word, those in front several times as often as those at the end."""
    return words[int(len(words) * rng.random() ** 1.7)]


@lru_cache(maxsize=200_000)
def person(seed, number, country, household=0, role="head", year=2026):
    """Return the person of a number.

    :param int household: number of the head of the household, who gives culture, family name,
        address and often telephone; 0: the person himself
    :param str role: ``head partner child``
    :param int year: children are between two and 17 years old when it begins
    """
    rng = Random(f"{seed}:{number}")
    head = person(seed, household, country) if household and role != "head" else None
    culture = head.culture if head else rng.choices(*countries.cultures(country))[0]
    vocabulary = names()[culture]
    female = not head.female if role == "partner" and rng.random() < 0.94 else rng.random() < 0.45
    given, given_latin = _skewed(rng, vocabulary.female if female else vocabulary.male)
    family, family_latin = _family(rng, vocabulary, culture, female, head, role)
    if role == "child":
        birthdate = date(year, 1, 1) - timedelta(rng.randrange(800, 16 * 365))
    else:
        birthdate = BIRTH_BASE + timedelta(int(rng.triangular(0, 66 * 365, 40 * 365)))
    lives_at = countries.CITIES.get(country) or [("", "")]
    city, zip_code = lives_at[rng.randrange(len(lives_at))]
    street = rng.choice(countries.STREETS.get(culture, countries.STREETS["en"]).split("|"))
    street = f"{street} {rng.randrange(1, 140)}" if culture != "en" else f"{rng.randrange(1, 140)} {street}"
    shares_phone = head and rng.random() < (0.9 if role == "child" else 0.3)
    found = Person(
        number,
        household or number,
        role,
        country,
        culture,
        female,
        given,
        family,
        given_latin,
        family_latin,
        vocabulary.dim.get(given, ""),
        birthdate,
        LANGUAGE.get(culture, culture) if culture != "en" else {"US": "en-US", "GB": "en-GB"}.get(country, "en"),
        "" if role == "child" else _mailbox(rng, given_latin, family_latin, birthdate.year, number),
        "" if role == "child" or rng.random() > 0.2 else f"{plain(given_latin[:1]).lower()}{number}@post.internal",
        head.phone if shares_phone else phone_number(rng, country),
        head.street if head else street,
        head.city if head else city,
        head.zip if head else zip_code,
        f"HR{number * 7919 % 90000000 + 10000000}" if rng.random() < 0.12 else "",
    )
    return found


def _family(rng, vocabulary, culture, female, head, role):
    """Return the family name, local and Latin, of a person in or outside a household."""
    if head and (role == "child" or rng.random() < 0.55):
        family = _base_family(vocabulary, head, culture)
    elif culture == "pt" or culture == "br" or (culture == "es" and rng.random() < 0.9):
        first, second = _skewed(rng, vocabulary.family), _skewed(rng, vocabulary.family)
        joiner = " e " if culture == "pt" and rng.random() < 0.03 else " "
        both = (
            first[0] if first == second or (culture == "br" and rng.random() < 0.5) else first[0] + joiner + second[0]
        )
        family = both, both
    elif culture in ("en", "fr", "de") and rng.random() < 0.03:
        both = "-".join(_skewed(rng, vocabulary.family)[0] for _i in range(2))
        family = both, both
    else:
        family = _skewed(rng, vocabulary.family)
    if not female or culture in PAIRED:
        return family
    form = feminine(family[0], culture)
    return form, romanise(form, culture)


def _base_family(vocabulary, head, culture):
    """Return the form of the head's family name that is not bound to a gender."""
    if not head.female:
        return head.family, head.family_latin
    for pair in vocabulary.family:
        if culture not in PAIRED and feminine(pair[0], culture) == head.family:
            return pair
    return head.family, head.family_latin


# ICANN has reserved .internal for private use (2024): nobody's mail can be reached by accident. The
# domains of RFC 2606 (.example) are the placeholders that people type, and recognised as such.
MAIL_HOSTS = ("mail", "postbox", "post", "inbox", "webmail", "correio", "netmail", "home")


def _mailbox(rng, given, family, year, number):
    given = plain(given).lower().replace(" ", "").replace("'", "").replace("-", "")
    family = plain(family).lower().split(" ")[-1].replace("'", "")
    form = rng.randrange(6)
    local = (
        f"{given}.{family}",
        f"{given}{family}{year % 100:02d}",
        f"{given[:1]}{family}",
        f"{family}.{given}",
        f"{given}_{number % 1000}",
        f"{family}{year}",
    )[form]
    # The number keeps namesakes apart; a few share an address by the form alone, as in life.
    local = f"{local}{number}" if form in (0, 2, 3, 5) and rng.random() < 0.93 else local
    ascii_local = "".join(letter for letter in local if letter.isascii() and (letter.isalnum() or letter in "._"))
    return f"{ascii_local.strip('.') or 'guest'}@{rng.choice(MAIL_HOSTS)}.internal"


def phone_number(rng, country, landline=False):
    """Return a telephone number of a country in E.164.

    Numbers are made up; any of them may belong to somebody by chance.
    """
    code, _trunk, mobile, fixed = countries.PHONES.get(country) or countries.PHONES[countries.DEFAULT_PHONE]
    pattern = fixed if landline else mobile
    digits = pattern.count("x")
    return f"+{code}{pattern.rstrip('x')}{rng.randrange(10**digits):0{digits}d}"


def national(phone, country):
    """Return a number of :func:`phone_number` as it is dialled inside its country."""
    code, trunk, _mobile, _fixed = countries.PHONES.get(country) or countries.PHONES[countries.DEFAULT_PHONE]
    return f"{trunk}{phone[1 + len(code) :]}"
