"""People of 22 naming traditions and their records, for :mod:`traps`.

Names come from ``data/trap_names.csv``. Nothing here imports the engine or knows its word lists, and the outcome is the
same in every run.
"""

import csv
import random
import unicodedata
from dataclasses import dataclass, field
from datetime import date, timedelta
from itertools import count
from pathlib import Path

NAMES = Path(__file__).parent / "data" / "trap_names.csv"
# Country, start and length of a mobile number after the plus sign, cities.
PLACES = {
    "ge": ("GE", "9955", 12, "Tbilisi Kutaisi Batumi"),
    "tr": ("TR", "9053", 12, "İzmir Bursa Trabzon"),
    "vn": ("VN", "8490", 11, "Huế Hanoi Haiphong"),
    "ng": ("NG", "234803", 13, "Ibadan Enugu Lagos"),
    "is": ("IS", "3546", 10, "Reykjavík Akureyri Selfoss"),
    "hu": ("HU", "3630", 11, "Szeged Pécs Budapest"),
    "in": ("IN", "9198", 12, "Chennai Pune Kolkata"),
    "ar": ("EG", "2010", 12, "Alexandria Cairo Tanta"),
    "kr": ("KR", "82102", 12, "Busan Seoul Daegu"),
    "pt": ("PT", "35191", 12, "Braga Porto Faro"),
    "ua": ("UA", "38067", 12, "Полтава Львів Суми"),
    "am": ("AM", "37491", 11, "Yerevan Գյումրի Dilijan"),
    "cn": ("CN", "86138", 13, "成都 Shanghai Wuhan"),
    "gr": ("GR", "30694", 12, "Πάτρα Athens Volos"),
    "pl": ("PL", "48601", 11, "Łódź Gdańsk Lublin"),
    "lt": ("LT", "3706", 11, "Kaunas Vilnius Klaipėda"),
    "th": ("TH", "6681", 11, "Bangkok Lampang Trang"),
    "il": ("IL", "97254", 12, "Haifa Ashdod Eilat"),
    "ir": ("IR", "98912", 12, "Shiraz Tabriz Isfahan"),
    "jp": ("JP", "8190", 12, "Sapporo Nagoya Kobe"),
    "fi": ("FI", "35840", 12, "Oulu Tampere Turku"),
    "et": ("ET", "2519", 12, "Addis Ababa,Gondar,Mekelle"),
}
STREETS = (
    "Mill Lane,Station Road,Rua Nova,Lindenweg,Rustaveli Ave,Atatürk Cad.,Garden Street,Hauptstr.,Via Verde".split(",")
)
FAMILY_FIRST = frozenset({"hu", "vn", "kr", "cn", "jp"})


@dataclass(frozen=True)
class Person:
    culture: str
    family: tuple
    given: tuple
    sex: str
    born: date


@dataclass(frozen=True)
class Trap:
    """Two records, by index, that are one person's (``same``) or must not be merged."""

    shape: str
    culture: str
    same: bool
    left: int
    right: int


@dataclass
class Population:
    """Records as the engine takes them; ``persons[i]`` is equal for records of one person."""

    records: list = field(default_factory=list)
    persons: list = field(default_factory=list)
    traps: list = field(default_factory=list)


def load_names():
    names = {}
    with NAMES.open(encoding="utf-8", newline="") as lines:
        for row in csv.reader(line for line in lines if not line.startswith("#")):
            names.setdefault(row[0], {}).setdefault(row[1], []).append(tuple(row[2:]))
    return names


def latin(forms):
    """The first form of a name in Latin letters, else the first."""
    return next((f for f in forms if all("LATIN" in unicodedata.name(c, "") for c in f if c.isalpha())), forms[0])


def slug(text):
    folded = unicodedata.normalize("NFKD", text.replace("ı", "i").replace("ł", "l").replace("đ", "d").replace("Đ", "D"))
    return "".join(c for c in folded.lower() if c.isascii() and c.isalnum())


def misspelt(word, rng):
    """A word with one slip of the fingers behind its first letter."""
    if len(word) < 5 or not word.isalpha():
        return word
    at = rng.randrange(1, len(word) - 2)
    kind = rng.randrange(3)
    if kind == 0:
        return word[:at] + word[at + 1] + word[at] + word[at + 2 :]
    if kind == 1:
        return word[:at] + word[at + 1 :]
    return word[:at] + word[at] + word[at:]


class Builder:
    """Makes people and records of one culture, each case with a family and contacts of its own."""

    def __init__(self, population, seed):
        self.population = population
        self.rng = random.Random(seed)
        self.names = load_names()
        self.numbers = count(1)
        self.turn = {}

    def start(self, culture):
        self.culture = culture
        self.country, self.prefix, self.digits, cities = PLACES[culture]
        self.cities = cities.split(",") if "," in cities else cities.split()

    def pick(self, kind):
        """The names of one kind in turn, so that all are used."""
        options = self.names[self.culture][kind]
        at = self.turn[self.culture, kind] = self.turn.get((self.culture, kind), self.rng.randrange(7)) + 1
        return options[at % len(options)]

    def family(self):
        families = self.names[self.culture]["family"]
        at = families.index(self.pick("family"))
        women = self.names[self.culture].get("female", families)
        return families[at], women[at % len(women)]

    def day(self, first=1950, last=2003):
        return date(first, 1, 1) + timedelta(days=self.rng.randrange(365 * (last - first)))

    def man(self, family=None, given=None, born=None):
        return Person(self.culture, (family or self.family())[0], given or self.pick("m"), "m", born or self.day())

    def woman(self, family=None, given=None, born=None):
        return Person(self.culture, (family or self.family())[1], given or self.pick("f"), "f", born or self.day())

    def alike(self, born=None):
        """Two people of one family whose given names look alike."""
        family, _women = self.family()
        one, other = self.pick("close")
        born = born or self.day()
        return tuple(Person(self.culture, family, (given,), "", born) for given in (one, other))

    def phone(self):
        rest = self.digits - len(self.prefix)
        return "+" + self.prefix + "".join(self.rng.choice("0123456789") for _ in range(rest))

    def email(self, person, domain="gmail.com"):
        given, family = slug(latin(person.given)), slug(latin(person.family))
        return f"{given or 'guest'}.{family or 'mail'}{self.rng.randrange(10, 999999)}@{domain}"

    def home(self):
        return {
            "street": f"{self.rng.choice(STREETS)} {self.rng.randrange(1, 180)}",
            "city": self.rng.choice(self.cities),
            "zip": f"{self.rng.randrange(10000, 99999)}",
            "country": self.country,
        }

    def passport(self):
        return f"passport:{self.rng.choice('ABCEKLMP')}{self.rng.choice('ABXZ')}{self.rng.randrange(10**6, 10**7)}"

    def company(self):
        return f"{self.rng.choice(['nordic', 'atlas', 'delta', 'orion'])}{self.rng.randrange(100, 999)}.com"

    def put(self, person, form="plain", owner=None, **values):
        """Add one record and return its index; ``owner`` says whose it is where the person can't be told."""
        names = {
            "plain": self.plain,
            "other": self.other,
            "initial": self.initial,
            "given": self.given_only,
            "family": self.family_only,
        }[form](person)
        index = len(self.population.records)
        self.population.records.append(
            {"id": index + 1, "source": f"s{index % 5}", "kind": "person", **names}
            | {key: value for key, value in values.items() if value}
        )
        self.population.persons.append(owner or person)
        return index

    def full(self, given, family):
        return f"{family} {given}" if self.culture in FAMILY_FIRST else f"{given} {family}"

    def parts(self, given, family):
        return {"given_name": given, "family_name": family, "name": self.full(given, family)}

    def plain(self, person):
        return self.parts(person.given[0], person.family[0])

    def other(self, person):
        """The same name as somebody else types it."""
        rng = self.rng
        given, family = latin(person.given), latin(person.family)
        kind = rng.choice("form form typo capitals order gds".split())
        if kind == "form":
            given = rng.choice(person.given[1:] or person.given)
            family = rng.choice(person.family[1:] or person.family)
            if (given, family) == (person.given[0], person.family[0]):
                kind = "typo"
        if kind == "typo":
            family, given = misspelt(family, rng), given if len(family) > 4 else misspelt(given, rng)
        if kind == "order":
            return {"name": f"{given} {family}" if self.culture in FAMILY_FIRST else f"{family} {given}"}
        if kind == "gds":
            title = {"m": " MR", "f": " MRS"}.get(person.sex, "")
            return {"name": f"{family}/{given}{title}".upper()}
        if kind == "capitals":
            given, family = given.upper(), family.upper()
        return self.parts(given, family)

    def initial(self, person):
        return self.parts(latin(person.given)[0] + self.rng.choice(["", "."]), latin(person.family))

    def given_only(self, person):
        return {"name": person.given[0]}

    def family_only(self, person):
        return {"name": person.family[0], "salutation": "Mr" if person.sex == "m" else "Mrs"}

    def hub(self, *people, size=14, **values):
        """Others who carry the same contact as ``people``, everybody under a name of his own."""
        names = {(person.given, person.family) for person in people}
        while size:
            stranger = self.man() if self.rng.random() < 0.5 else self.woman()
            if (stranger.given, stranger.family) not in names:
                names.add((stranger.given, stranger.family))
                self.put(stranger, **values)
                size -= 1

    def trap(self, shape, same, left, right):
        self.population.traps.append(Trap(shape, self.culture, same, left, right))
