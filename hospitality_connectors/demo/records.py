"""How systems know a person: what the front desk, an agency or the guest himself has typed.

:func:`hotel_record` gives the profile that a hotel's PMS has of somebody, with the spelling, gaps and
errors that such profiles have; ``tags`` say which of them were made, as part of the truth.
"""

from datetime import timedelta
from random import Random
from typing import NamedTuple

from . import countries
from .organisations import RELAY_SHARE, RELAYS
from .persons import FAMILY_FIRST, LOCAL, national
from .scripts import WADE, plain, romanise, script_of

JUNK_MAIL = ("noemail@noemail.com", "na@na.com", "none@none.pt", "test@test.com", "nomail@hotel.internal")
JUNK_PHONE = ("000000000", "+351999999999", "123456789", "0")
JUNK_BIRTH = ("1900-01-01", "1970-01-01")
RECEPTION = {
    "CITY": ("reception@atlantico-lisboa.internal", "+351210000100"),
    "RESORT": ("reception@atlantico-algarve.internal", "+351289000200"),
}
TITLES = {
    "en": ("Mr", "Mrs"), "pt": ("Sr.", "Sra."), "br": ("Sr.", "Sra."), "es": ("D.", "Dña."), "fr": ("M.", "Mme"),
    "de": ("Herr", "Frau"), "it": ("Sig.", "Sig.ra"), "nl": ("Dhr.", "Mevr."), "pl": ("Pan", "Pani"),
}  # fmt: skip
# What clerks with a Russian keyboard or passport in hand make of Ukrainian names.
RUSSIFIED = dict(
    pair.split("=")
    for pair in (
        "Oleksandr=Aleksandr Serhii=Sergey Volodymyr=Vladimir Andrii=Andrey Oleksii=Aleksey Dmytro=Dmitry"
        " Mykola=Nikolay Yevhen=Evgeny Mykhailo=Mikhail Yurii=Yuri Ihor=Igor Pavlo=Pavel Olena=Elena"
        " Nataliia=Natalia Iryna=Irina Tetiana=Tatyana Svitlana=Svetlana Hanna=Anna Kateryna=Ekaterina"
        " Mariia=Maria Yuliia=Yulia Halyna=Galina Nadiia=Nadezhda Viktoriia=Viktoria"
    ).split()
)


class Record(NamedTuple):
    """A profile in a system: canonical guest values (one e-mail, up to two phones) and what was done."""

    values: dict
    script: str
    tags: tuple


def typo(rng, word):
    """Return the word with one slip of the fingers: two letters swapped, one lost, doubled or wrong."""
    if len(word) < 4:
        return word
    at = rng.randrange(1, len(word) - 1)
    kind = rng.randrange(4)
    if kind == 0:
        return word[:at] + word[at + 1] + word[at] + word[at + 2 :]
    if kind == 1:
        return word[:at] + word[at + 1 :]
    if kind == 2:
        return word[:at] + word[at] + word[at:]
    return word[:at] + rng.choice("aeionrst") + word[at + 1 :]


def _written(rng, person, direct):
    """Return ``(given, family, local_name, tags)`` as the names come to be written."""
    tags, local_name = [], ""
    given, family = person.given_latin, person.family_latin
    if person.culture in LOCAL:
        chance = rng.random()
        full = (
            f"{person.family}{person.given}"
            if person.culture in ("zh", "ja", "ko")
            else f"{person.given} {person.family}"
        )
        if chance < (0.22 if direct else 0.05):
            return person.given, person.family, "", ["local"]
        if chance < 0.25:
            local_name = full
        if person.culture == "zh" and (person.country in ("TW", "HK") or rng.random() < 0.08):
            given, family = WADE.get(given, given), WADE.get(family, family)
            tags.append("wade")
        elif rng.random() < 0.22:
            given = romanise(person.given, person.culture, True) if person.culture not in WADE else given
            family = romanise(person.family, person.culture, True)
            if person.culture in ("zh", "ja", "ko", "ar", "he"):
                given, family = person.given_latin.replace("-", " "), person.family_latin.replace("-", " ")
            tags.append("romanised")
        elif person.culture == "uk" and given in RUSSIFIED and rng.random() < 0.3:
            given = RUSSIFIED[given]
            tags.append("russified")
    elif rng.random() < 0.45 and not (given + family).isascii():
        digraphs = person.culture in ("de", "nordic") and rng.random() < 0.6
        given, family = plain(given, digraphs), plain(family, digraphs)
        tags.append("ascii")
    if person.short and rng.random() < 0.05:
        short = romanise(person.short, person.culture) if person.culture in LOCAL else person.short
        given = short
        tags.append("dim")
    if " " in family and person.culture in ("pt", "es", "br") and rng.random() < 0.4:
        parts = family.split(" ")
        family = parts[0] if person.culture == "es" else parts[-1]
        tags.append("one_surname")
    return given, family, local_name, tags


def _spoilt(rng, person, given, family):
    """Return ``(given, family, title, tags)`` with what goes wrong at a busy desk."""
    tags, title = [], ""
    titles = TITLES.get(person.culture, TITLES["en"])
    if rng.random() < 0.3:
        title = titles[person.female]
    if rng.random() < 0.035:
        if rng.random() < 0.6:
            family = typo(rng, family)
        else:
            given = typo(rng, given)
        tags.append("typo")
    if rng.random() < (0.18 if person.culture in FAMILY_FIRST else 0.025):
        given, family = family, given
        tags.append("swap")
    chance = rng.random()
    if chance < 0.015:
        given = f"{given[:1]}."
        tags.append("initial")
    elif chance < 0.025:
        given, title = f"{rng.choice(titles)} {given}", ""
        tags.append("title")
    elif chance < 0.035:
        given, family = "", f"{given} {family}"
        tags.append("one_field")
    elif chance < 0.045:
        given = ""
        tags.append("no_given")
    if rng.random() < 0.18:
        given, family = given.upper(), family.upper()
        tags.append("upper")
    return given, family, title, tags


def _phone(rng, number, country):
    """Return the number in one of the ways in which people write it."""
    chance = rng.random()
    if chance < 0.5:
        return number
    if chance < 0.65:
        return "00" + number[1:]
    local = national(number, country)
    if chance < 0.85 and country == "PT":
        return f"{local[:3]} {local[3:6]} {local[6:]}"
    if chance < 0.95:
        code = (countries.PHONES.get(country) or countries.PHONES["PT"])[0]
        rest = number[1 + len(code) :]
        return f"+{code} {rest[:3]} {rest[3:6]} {rest[6:]}".strip()
    return local if country == "PT" else number


def _contacts(rng, person, booking, organisations, profile):
    """Return ``(emails, phones, company, tags)``, by the way the booking came in."""
    agency = organisations.get(("agency", booking.agent), {})
    company = organisations.get(("company", booking.company), {})
    emails, phones, tags = [], [], []
    personal = person.email2 if person.email2 and rng.random() < 0.25 else person.email
    chance = rng.random()
    if booking.market == "Online TA":
        share = RELAY_SHARE.get(booking.agent, 0.35)
        if chance < share:
            emails.append(
                f"demo.{profile:06d}{booking.number % 1000:03d}@{RELAYS.get(booking.agent, 'guest.booking.com')}"
            )
            tags.append("relay")
        elif chance < share + 0.12:
            emails.append(personal)
    elif booking.market in ("Offline TA/TO", "Groups", "Aviation"):
        if chance < 0.45 and agency:
            emails.append(agency["email"])
            tags.append("agency_mail")
        elif chance < 0.6:
            emails.append(personal)
    elif company and chance < 0.75:
        if chance < 0.35:
            emails.append(company["email"])
            tags.append("company_mail")
        else:
            local = plain(f"{person.given_latin[:1]}.{person.family_latin.split(' ')[-1]}").lower()
            emails.append("".join(c for c in local if c.isascii() and (c.isalnum() or c == "."))
                          + "@" + company["email"].partition("@")[2])  # fmt: skip
    elif chance < 0.78:
        emails.append(personal)
    if not emails and rng.random() < 0.05:
        emails.append(rng.choice(JUNK_MAIL) if rng.random() < 0.7 else RECEPTION[booking.hotel][0])
        tags.append("junk_mail")
    chance = rng.random()
    wanted = {"Direct": 0.75, "Corporate": 0.6, "Online TA": 0.5}.get(booking.market, 0.25)
    if chance < wanted:
        if company and rng.random() < 0.4:
            phones.append(company["phone"])
            tags.append("switchboard")
        else:
            phones.append(_phone(rng, person.phone, person.country))
    elif chance < wanted + 0.03:
        phones.append(rng.choice(JUNK_PHONE) if rng.random() < 0.6 else RECEPTION[booking.hotel][1])
        tags.append("junk_phone")
    elif chance < wanted + 0.06 and agency:
        phones.append(agency["phone"])
        tags.append("agency_phone")
    emails = [email for email in emails if email]
    if emails and "@mail.internal" in emails[0] and rng.random() < 0.03:
        emails[0] = emails[0].replace("@mail.internal", "@mial.internal")
        tags.append("mail_typo")
    return emails, phones, company.get("name", ""), tags


def hotel_record(seed, person, booking, profile, organisations, role="primary"):
    """Return the :class:`Record` that a hotel's PMS has of a person.

    :param person: :class:`.persons.Person`
    :param booking: the booking for which the profile was made
    :param int profile: number of the profile, which decides about spelling and errors
    :param dict organisations: of :func:`.organisations.describe`
    :param str role: a ``companion`` is known from the registration form only
    """
    rng = Random(f"{seed}:{profile}:{person.number}")
    direct = booking.market == "Direct"
    given, family, local_name, tags = _written(rng, person, direct)
    given, family, title, more = _spoilt(rng, person, given, family)
    tags += more
    values = {"salutation": title, "given_name": given, "family_name": family, "local_name": local_name}
    if role == "primary":
        emails, phones, company, more = _contacts(rng, person, booking, organisations, profile)
        tags += more
        values["email"] = emails[0] if emails else ""
        values["phone"] = phones[0] if phones else ""
        values["company_name"] = company
        if rng.random() < (0.3 if direct else 0.12):
            values.update(street=person.street, zip=person.zip, city=person.city)
        if person.loyalty and (direct or booking.repeated or rng.random() < 0.3):
            values["loyalty"] = person.loyalty
    registered = booking.status in ("checked_out", "in_house")
    if rng.random() < (0.95 if role == "companion" else 0.5 if registered else 0.06):
        birthdate = person.birthdate
        if rng.random() < 0.015:
            birthdate, more = rng.choice(JUNK_BIRTH), ["junk_birth"]
        elif rng.random() < 0.01 and birthdate.day <= 12:
            birthdate, more = birthdate.replace(month=birthdate.day, day=birthdate.month), ["birth_swapped"]
        elif rng.random() < 0.01:
            birthdate, more = birthdate + timedelta(rng.choice((-1, 1, 10))), ["birth_typo"]
        else:
            more = []
        tags += more
        values["birthdate"] = str(birthdate)
    if registered or rng.random() < 0.4:
        values["nationality"] = person.country
    values["country"] = person.country
    if direct or rng.random() < 0.35:
        values["lang"] = person.lang
    if registered and rng.random() < 0.5:
        values["gender"] = "female" if person.female else "male"
    return Record(values, script_of(given + family), tuple(tags))


def exact_record(person):
    """Return the :class:`Record` of a guest who has given his data himself, without an error."""
    values = {
        "salutation": TITLES.get(person.culture, TITLES["en"])[person.female],
        "given_name": person.given_latin,
        "family_name": person.family_latin,
        "email": person.email,
        "phone": person.phone,
        "birthdate": str(person.birthdate),
        "nationality": person.country,
        "country": person.country,
        "lang": person.lang,
        "gender": "female" if person.female else "male",
        "loyalty": person.loyalty,
    }
    if person.culture in LOCAL:
        glue = "" if person.culture in ("zh", "ja", "ko") else " "
        first, second = (person.family, person.given) if not glue else (person.given, person.family)
        values["local_name"] = f"{first}{glue}{second}"
    return Record(values, "latin", ())
