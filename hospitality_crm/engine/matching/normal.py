"""What matching needs of one record, in the form in which it is compared."""

import json
import re
from functools import lru_cache
from typing import NamedTuple

from .. import contact, names
from . import person

KINDS = ("person", "company", "agency", "group")
GENDERS = {"": 0, "female": 1, "male": 2}

_DOTLESS = frozenset("gmail.com googlemail.com".split())
_UNTAGGED = frozenset(
    "gmail.com googlemail.com outlook.com hotmail.com live.com icloud.com me.com fastmail.com proton.me protonmail.com"
    " yandex.ru yandex.com ya.ru".split()
)
_DATE = re.compile(r"(\d{4})\D(\d{1,2})\D(\d{1,2})\b|(\d{1,2})\D(\d{1,2})\D(\d{4})\b|(\d{4})(\d\d)(\d\d)\Z")
_PLACEHOLDERS = frozenset((19000101, 19700101, 18000101, 20000101, 19010101, 18991230, 19111111, 19800101, 11110101))
_NOT_ALNUM = re.compile(r"[\W_]+")
_HOUSE = re.compile(r"\d+")
_STREET_WORDS = frozenset(
    "street str st strasse road rd avenue ave av rue via calle c ul ulitsa ulica vul vulytsia vulytsya prospekt prosp"
    " pereulok per lane ln drive dr boulevard blvd bul bulvar place pl plac square sq platz weg allee corso viale"
    " piazza pr plaza poghots p d dom bud budynok kv apt flat".split()
)
_ALIAS_TAIL = re.compile(r"[.\-_+]?[a-z]*\d[\w.\-]*\Z|-[a-z]{6,}\Z")


class Normal(NamedTuple):
    """One record, normalised. Texts are folded to Latin, numbers are whole; what is missing is empty or 0.

    :param emails: addresses of the person's own, canonical
    :param aliases: letters that a booking site put into its alias of the address
    :param phones: digits without leading zeros, as whole numbers
    :param birth: yyyymmdd
    :param documents: ``type:number`` or any keyed hash
    :param street: folded words without "street", with the house number last
    """

    id: int
    source: str = ""
    kind: int = 0
    name: person.Name = person.Name()  # noqa: RUF009
    emails: tuple = ()
    aliases: tuple = ()
    phones: tuple = ()
    birth: int = 0
    documents: tuple = ()
    loyalty: tuple = ()
    street: str = ""
    zip: str = ""
    city: str = ""
    country: str = ""
    gender: int = 0
    company: str = ""

    @property
    def keys(self):
        """Block keys: signed 64-bit numbers; records without a common key are never compared."""
        from .table import Table

        return Table.of([self]).record_keys()[0]

    def pack(self):
        """Return the record as bytes for :meth:`unpack`."""
        return json.dumps(self, ensure_ascii=False, separators=(",", ":")).encode()

    @classmethod
    def unpack(cls, data):
        """Return what :meth:`pack` packed.

        >>> normal = prepare({"id": 1, "name": "Анна Коваль", "phones": ["+380441234567"]})
        >>> Normal.unpack(normal.pack()) == normal
        True
        """
        values = [tuple(value) if value.__class__ is list else value for value in json.loads(data)]
        values[3] = person.Name(*values[3])
        return cls(*values)


def prepare(record):
    """Normalise a record (see docs/matching.md) for comparison.

    >>> prepare({"id": 7, "name": "KOVAL/ANNA MRS", "emails": ["A.Koval+x@gmail.com"]}).emails
    ('akoval@gmail.com',)
    """
    get = record.get
    kind = KINDS.index(get("kind") or "person")
    if kind:
        company = get("name") or get("company_name") or ""
        name = person.Name()
    else:
        company = get("company_name") or ""
        given, middle, family = (get(part) or "" for part in ("given_name", "middle_name", "family_name"))
        full = get("name") or get("local_name") or ""
        if "M" in (given[:1], full[:1]) or ", M" in full:
            if speaks_french(record):
                given, middle, family, full = person.without_monsieur(given, middle, family, full)
        name = person.parse(given, middle, family, get("suffix") or "", full)
    emails, aliases = [], []
    for raw in get("emails") or ():
        email, alias = canonical_email(raw) if not kind else (company_email(raw), "")
        if email and email not in emails:
            emails.append(email)
        if alias and alias not in aliases:
            aliases.append(alias)
    phones = []
    for raw in get("phones") or ():
        number = canonical_phone(raw)
        if number and number not in phones:
            phones.append(number)
    documents = tuple(dict.fromkeys(filter(None, map(canonical_document, get("documents") or ()))))
    if get("vat"):
        documents += (canonical_document(f"vat:{get('vat')}"),)
    return Normal(
        get("id") or 0,
        get("source") or "",
        kind,
        name,
        tuple(emails[:4]),
        tuple(aliases[:2]),
        tuple(phones[:4]),
        canonical_date(get("birthdate")),
        documents[:4],
        tuple(dict.fromkeys(filter(None, map(canonical_membership, get("memberships") or ()))))[:4],
        canonical_street(get("street") or "", get("street2") or ""),
        _NOT_ALNUM.sub("", str(get("zip") or "")).lower(),
        canonical_city(get("city") or ""),
        (get("country") or get("nationality") or "")[:2].upper(),
        GENDERS.get(get("gender") or "", 0) or gender_of_title(get("salutation"), get("name")),
        canonical_company(company) if company else "",
    )


# Where people write to each other in French for the most part.
_FRENCH = frozenset(
    "FR MC GP MQ GF RE YT PM NC PF WF BL MF SN CI ML BF NE TG BJ GA CG CD CF CM TD GN DJ KM MG HT".split()
)


def speaks_french(record):
    """Whether a record's language, else its country, else its numbers say that its titles are French ones.

    >>> speaks_french({"lang": "fr_BE"}), speaks_french({"lang": "en", "country": "FR"}), speaks_french({})
    (True, False, False)
    """
    if record.get("lang"):
        return record["lang"][:2].lower() == "fr"
    country = record.get("country") or record.get("nationality")
    if country:
        return country[:2].upper() in _FRENCH
    return any(str(phone).startswith("+33") for phone in record.get("phones") or ())


_TITLES = {
    **dict.fromkeys("mr mister herr hr monsieur sr senor sig signor dhr pan pane gospodin".split(), 2),
    **dict.fromkeys(
        "mrs ms miss frau fr mme madame mlle sra senora srta dna sigra signora mevr pani pi gospozha fru rouva".split(),
        1,
    ),
}
_TITLE_SIGNS = str.maketrans("", "", ".,")


def gender_of_title(salutation, name=""):
    """Return the position in :data:`GENDERS` that a salutation, or else a title in a name, tells.

    >>> gender_of_title("Frau"), gender_of_title("", "KOVAL/IVAN MR"), gender_of_title(None, "Anna Koval")
    (1, 2, 0)
    """
    if salutation:
        return _TITLES.get(names.fold(salutation).replace(" ", ""), 0)
    if not name:
        return 0
    first, _blank, rest = name.partition(" ")
    last = rest.rpartition(" ")[2]
    found = _TITLES.get(first.translate(_TITLE_SIGNS).lower(), 0)
    found = found if found and first.lower() not in _NAMES_TOO else 0
    return found or (_TITLES.get(last.translate(_TITLE_SIGNS).lower(), 0) if last.isupper() and "/" in name else 0)


_NAMES_TOO = frozenset("pan fr hr pi ms sr sig dna".split())


@lru_cache(maxsize=1 << 12)
def canonical_email(raw):
    """Return ``(address, alias)``: the address of a person's own, or the text of a relay's alias; else empty.

    >>> canonical_email("mvasyl.123456@guest.booking.com")
    ('', 'mvasyl')
    """
    email = contact.normalise_email(raw)
    if not email:
        return "", ""
    kind = contact.kind_of("email", email)
    local, _at, domain = email.partition("@")
    if kind == "relay":
        alias = names.fold(_ALIAS_TAIL.sub("", local)).replace(" ", "")
        return "", alias if len(alias) > 3 else ""
    if kind != "real":
        return "", ""
    if domain in _UNTAGGED or domain in _DOTLESS:
        local = local.partition("+")[0]
    if domain in _DOTLESS:
        local, domain = local.replace(".", ""), "gmail.com"
    return f"{local}@{domain}", ""


def company_email(raw):
    """Return an organisation's address: one that people share is its own.

    >>> company_email("Info@Hotel-Dnipro.ua")
    'info@hotel-dnipro.ua'
    """
    email = contact.normalise_email(raw)
    return email if email and contact.kind_of("email", email) in ("real", "shared") else ""


@lru_cache(maxsize=1 << 15)
def canonical_phone(raw):
    """Return the digits of a number without leading zeros as a whole number, 0 for none or an invented one.

    With or without country code and trunk prefix the last digits are the same, so these are what is compared.

    >>> canonical_phone("00380 44 123-98-67"), canonical_phone("+1 111 111 11 11")
    (380441239867, 0)
    """
    digits = "".join(filter(str.isdigit, str(raw).split("ext")[0])).lstrip("0")
    if not 7 <= len(digits) <= 15 or len(set(digits[-7:])) < 2 or digits[-7:] in _JUNK_TAILS:
        return 0
    return int(digits)


_JUNK_TAILS = frozenset("1234567 2345678 3456789 4567890 7654321 6543210 0000001".split())


@lru_cache(maxsize=1 << 15)
def canonical_date(raw):
    """Return a birth date as yyyymmdd, 0 for none, a placeholder or an impossible one.

    >>> canonical_date("1984-10-17"), canonical_date("1900-01-01")
    (19841017, 0)
    """
    match = _DATE.match(str(raw or ""))
    if not match:
        return 0
    year, month, day, day2, month2, year2, year3, month3, day3 = match.groups()
    year, month, day = int(year or year2 or year3), int(month or month2 or month3), int(day or day2 or day3)
    if month > 12 >= day:
        month, day = day, month
    value = year * 10000 + month * 100 + day
    valid = 1880 <= year <= 2100 and 1 <= month <= 12 and 1 <= day <= 31
    return value if valid and value not in _PLACEHOLDERS else 0


def canonical_document(raw):
    """Return ``type:NUMBER`` in capitals without blanks.

    >>> canonical_document("passport: ab 123-456")
    'passport:AB123456'
    """
    kind, colon, number = str(raw).partition(":")
    if not colon:
        kind, number = "", kind
    number = _NOT_ALNUM.sub("", number).upper()
    return f"{kind.strip().lower()}:{number}" if number and not is_invented(number) else ""


def is_invented(number):
    """Whether somebody typed a number for want of one: one sign only, or the digits in a row.

    >>> is_invented("XXXXXXX"), is_invented("123456789"), is_invented("FH100001")
    (True, True, False)
    """
    return len(set(number)) == 1 or number in "01234567890123456789" or number in "98765432109876543210"


def canonical_membership(value):
    """Return ``program:NUMBER`` of a membership dict, or an empty text."""
    if value.__class__ is not dict:
        value = {"number": value}
    number = _NOT_ALNUM.sub("", str(value.get("number") or "")).upper()
    return f"{names.fold(value.get('program') or '')}:{number}" if number else ""


@lru_cache(maxsize=1 << 15)
def canonical_street(street, street2=""):
    """Return the folded words without "street" and the like, the house number last.

    >>> canonical_street("12 Main St."), canonical_street("Main Street 12")
    ('main 12', 'main 12')
    """
    text = names.fold(f"{street} {street2}" if street2 else street)
    words = [word for word in text.split() if word not in _STREET_WORDS] or text.split()
    numbers = [word for word in words if _HOUSE.match(word)]
    return " ".join([names.sound(word) for word in words if word not in numbers] + numbers)


@lru_cache(maxsize=1 << 14)
def canonical_city(city):
    """Return a city's sound in Latin letters.

    >>> canonical_city("Одеса") == canonical_city("Odesa")
    True
    """
    return names.sound(names.fold(city).replace(" ", ""))


_LEGAL = frozenset(
    "ltd llc inc gmbh ag kg sa sas sarl spa srl oy ab bv nv plc co corp company limited tov too ooo oao zao pat prat ao"
    " fop chp sp zoo".split()
)


@lru_cache(maxsize=1 << 13)
def canonical_company(name):
    """Return a company's name folded, without its legal form.

    >>> canonical_company('ТОВ "Мандри"') == canonical_company("Mandry LLC")
    True
    """
    words = [names.sound(word) for word in names.fold(name).split() if word not in _LEGAL]
    return " ".join(words) or names.fold(name)
