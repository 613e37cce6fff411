"""Guests of any number with their truth, made from the demo group's people and the rows of the real bookings file.

Of 1,000,000 records some 470,000 are persons in households of one to four. Who they are comes from ``demo.persons``,
how a front desk has written them (script, romanisation, slips, relay, agency and reception contacts, switchboards) from
``demo.records`` over a random booking of the file each. So that namesakes are as frequent as in life, family names and
half of the given names are made by chains of letters learnt from the real ones. The same size gives the same rows.
"""

import pathlib
import shutil
from collections import defaultdict
from concurrent.futures import ProcessPoolExecutor
from functools import cache
from random import Random

import engine_alone  # noqa: F401  (the next import needs no Odoo then)
import guests_files

from hospitality_connectors.demo import bookings, countries, organisations, persons, records

SEED = 20261121
HOME = dict(UA=20, US=14, GB=10, AM=9, DE=9, RU=9, CN=7, FR=6, PL=4, ES=4, IT=4, PT=2, BR=2, IL=2, GR=2, KR=1, JP=1,
            TR=2, IN=2, EG=1, NL=2, SE=2, HU=1, RO=1)  # fmt: skip
SOURCES = (("pms", 42), ("ota", 24), ("pos", 16), ("web", 14), ("event", 4))
FAMILIES = 7000
BLOCK = 5_000


@cache
def vocabulary(culture):
    """Given names of men, of women and family names of a culture, as (local, Latin), the frequent ones first."""
    known = persons.names()[culture]
    if culture in persons.PAIRED:
        return known.male, known.female, known.family
    rng = Random(f"{SEED}:{culture}")
    return tuple(
        list(real) + [(name, persons.romanise(name, culture)) for name in _made(rng, [n for n, _l in real], size)]
        for real, size in ((known.male, 300), (known.female, 300), (known.family, FAMILIES))
    )


def _made(rng, words, size):
    """New words whose every three letters follow each other in one of ``words``."""
    following = defaultdict(list)
    for word in words:
        text = f"^^{word}$"
        for at in range(2, len(text)):
            following[text[at - 2 : at]].append(text[at])
    found = dict.fromkeys(words)
    for _try in range(size * 20):
        text = "^^"
        while text[-1] != "$" and len(text) < 16:
            text += rng.choice(following[text[-2:]])
        if text[-1] == "$" and 4 <= len(text) - 3:
            found.setdefault(text[2:-1])
        if len(found) >= size + len(words):
            break
    return list(found)[len(words) :]


def _pick(rng, words):
    return words[int(len(words) * rng.random() ** 2.2)]


def _person(number, country, household, role):
    """The demo's person of a number, with names out of :func:`vocabulary`."""
    found = persons.person(SEED, number, country, household, role)
    rng = Random(f"{SEED}:names:{number}")
    men, women, families = vocabulary(found.culture)
    given, given_latin = _pick(rng, women if found.female else men)
    if role == "head" or (role == "partner" and rng.random() < 0.45):
        family, family_latin = _pick(rng, families)
    else:
        head = _person(household, country, household, "head")
        family, family_latin = head.family, head.family_latin
    if found.female and found.culture not in persons.PAIRED:
        family = persons.feminine(family, found.culture)
        family_latin = persons.romanise(family, found.culture)
    code = (countries.PHONES.get(country) or countries.PHONES["PT"])[0]
    shared = role != "head" and found.phone == persons.person(SEED, household, country).phone
    phone = _phone(household if shared else number, code)
    mailbox = persons._mailbox(rng, given_latin, family_latin, found.birthdate.year, number)
    return found._replace(given=given, family=family, given_latin=given_latin, family_latin=family_latin, short="",
                          phone=phone, email=mailbox, email2="")  # fmt: skip


def _phone(number, code):
    return f"+{code}{Random(f'{SEED}:phone:{number}').randrange(6 * 10**8, 10**9)}"


def _records(block):
    """Records of one block of numbers of persons, as (guests row, person, household)."""
    rows = bookings.read()
    described = _organisations()
    rng = Random(f"{SEED}:block:{block}")
    names, weights = zip(*SOURCES, strict=True)
    found, household, country, rest = [], 0, "", []
    for number in range(block * BLOCK + 1, (block + 1) * BLOCK + 1):
        if not rest:
            household, country = number, rng.choices(list(HOME), list(HOME.values()))[0]
            rest = ["head", *rng.choice([[], [], [], ["partner"], ["partner", "child"], ["partner", "child", "child"]])]
        person = _person(number, country, household, rest.pop(0))
        count = min(12, int(rng.expovariate(1 / 1.6)) + 1)
        for copy in range(count):
            source = rng.choices(names, weights)[0]
            booking = rows[rng.randrange(len(rows))]
            record = records.hotel_record(SEED, person, booking, number * 16 + copy, described)
            found.append((_row(rng, person, source, record.values), number, household))
    return found


@cache
def _organisations():
    return organisations.describe(bookings.read(), SEED)


def _row(rng, person, source, values):
    given, family = values["given_name"], values["family_name"]
    full = f"{given} {family}".strip()
    if source in ("pos", "event") and rng.random() < 0.6:
        given = family = ""
    elif source == "pos" and rng.random() < 0.2:
        full, given, family = values["given_name"] or full, "", ""
    document = f"{person.family_latin[:1].upper()}{person.number * 48271 % 10**8:08d}" if rng.random() < 0.17 else ""
    return {
        "source": source,
        "given_name": given,
        "family_name": family,
        "full_name": full,
        "email": values.get("email", ""),
        "phone": values.get("phone", ""),
        "birthdate": values.get("birthdate", "") if rng.random() < 0.8 else "",
        "country": values.get("country", "") if rng.random() < 0.65 else "",
        "city": values.get("city", ""),
        "street": values.get("street", ""),
        "postcode": values.get("zip", ""),
        "loyalty_no": values.get("loyalty", ""),
        "passport_no": document,
    }


def folder(parent, size, processes=4):
    """The folder with ``size`` guests, made when it isn't there yet."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    target = pathlib.Path(parent) / f"guests_{size}"
    if (target / "truth.parquet").is_file():
        return target
    part = target.with_name(f"{target.name}.part")
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir(parents=True)
    blocks = range(int(size / BLOCK / 1.95) + 1)
    with ProcessPoolExecutor(processes) as pool:
        found = [row for rows in pool.map(_records, blocks) for row in rows]
    Random(SEED).shuffle(found)
    found = found[:size]
    if len(found) < size:
        raise ValueError(f"Only {len(found):,} of {size:,} guests were made.")
    guests = {name: [row[0][name] or None for row in found] for name in guests_files.COLUMNS if name != "id"}
    ids = list(range(1, size + 1))
    pq.write_table(pa.table({"id": ids, **guests}), part / "guests.parquet")
    truth = {"id": ids, "person_id": [row[1] for row in found], "household_id": [row[2] for row in found]}
    pq.write_table(pa.table(truth), part / "truth.parquet")
    part.rename(target)
    return target
