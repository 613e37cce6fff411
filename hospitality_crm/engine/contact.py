"""E-mail addresses and telephone numbers: one form per value, and whether it stands for a person."""

import csv
import re
from functools import cache, lru_cache
from pathlib import Path

import phonenumbers

KINDS = ("real", "relay", "shared", "reception", "junk")
#: Stands for what isn't shown to everybody.
HIDDEN = "•"
_SHORTEST_NUMBER = 7

_ANGLE = re.compile(r"<([^<>]*)>")
_EMAIL = re.compile(r"[^@\s<>,;:\"()\[\]\\]+@(?:[\w-]+\.)+[\w-]{2,}\Z")
_HANDLE = re.compile(r"[a-z0-9][a-z0-9_.-]{0,31}:[^\s:][^\s]{0,199}\Z")
_EXTENSION = re.compile(r"(?:\s*(?:ext|extn|x|доб|внутр|#|;ext=)\.?\s*\d+)\s*\Z", re.IGNORECASE)
_SHORT_LOCAL = re.compile(r"(.)\1*\Z|\d{1,5}\Z")


def _load_lists():
    lists = {}
    with (Path(__file__).parent / "data" / "contact_kinds.csv").open(encoding="utf-8", newline="") as lines:
        for row in csv.DictReader(lines):
            lists.setdefault(row["rule"], {})[row["pattern"]] = row["kind"]
    return lists


_LISTS = _load_lists()
_DOMAINS = _LISTS["domain"]
_LOCALS = _LISTS["local"]
_TLDS = _LISTS["tld"]


def normalise_email(raw):
    """Return the address in lower case without decoration, or None when it is none.

    >>> normalise_email(" Anna.Koval <Anna.Koval@Example-Mail.UA>; ")
    'anna.koval@example-mail.ua'
    >>> normalise_email("anna at mail") is None
    True
    """
    if not raw:
        return None
    text = str(raw)
    angle = _ANGLE.search(text)
    if angle:
        text = angle.group(1)
    text = text.strip(" \t\r\n\f\v\u00a0\u200b\ufeff'\"`,;.").lower()
    text = text.removeprefix("mailto:")
    return text if _EMAIL.match(text) and ".." not in text else None


@cache
def _national_prefix(country_code):
    """Return what may precede a national number of a country code, as a pattern or None."""
    regions = phonenumbers.COUNTRY_CODE_TO_REGION_CODE[country_code]
    metadata = phonenumbers.PhoneMetadata.metadata_for_region_or_calling_code(country_code, regions[0])
    prefix = metadata and metadata.national_prefix_for_parsing
    return re.compile(prefix) if prefix else None


def split_e164(text):
    """Return country code and national number of ``+`` and digits, without parsing.

    None where only a full parse can tell: no country code, a leading zero, a national prefix.

    >>> split_e164("+380441234567"), split_e164("+4407911123456") is None
    ((380, '441234567'), True)
    """
    digits = text[1:]
    if text[:1] != "+" or not (digits.isascii() and digits.isdigit()):
        return None
    for length in (1, 2, 3):
        country_code = int(digits[:length])
        if country_code in phonenumbers.COUNTRY_CODE_TO_REGION_CODE:
            break
    else:
        return None
    national = digits[length:]
    if not 4 <= len(national) <= 14 or national[0] == "0":
        return None
    prefix = _national_prefix(country_code)
    if prefix is not None and prefix.match(national):
        return None
    return country_code, national


@cache
def _possible_lengths(country_code):
    """Return the lengths that national numbers of a country code may have, those for local calls included."""
    regions = phonenumbers.COUNTRY_CODE_TO_REGION_CODE[country_code]
    metadata = phonenumbers.PhoneMetadata.metadata_for_region_or_calling_code(country_code, regions[0])
    general = metadata.general_desc
    return frozenset((*general.possible_length, *general.possible_length_local_only)) - {-1}


_NUMBER_TYPES = (
    "mobile fixed_line toll_free premium_rate shared_cost voip personal_number pager uan voicemail"
).split()


@cache
def _valid_forms(country_code):
    """Return ``(lengths, pattern)`` of all numbers and per type of number, or None where several regions share it."""
    regions = phonenumbers.COUNTRY_CODE_TO_REGION_CODE[country_code]
    if len(regions) > 1:
        return None
    metadata = phonenumbers.PhoneMetadata.metadata_for_region_or_calling_code(country_code, regions[0])
    forms = []
    for name in ("general_desc", *_NUMBER_TYPES):
        description = getattr(metadata, name)
        if description is not None and description.national_number_pattern:
            pattern = re.compile(description.national_number_pattern).fullmatch
            forms.append((frozenset(description.possible_length), pattern))
        elif name == "general_desc":
            return None
    return forms


def is_valid_e164(text):
    """Say whether a number of ``+`` and digits is a valid one, as `phonenumbers.is_valid_number` does, but faster.

    False as well where only a full parse can tell, see :func:`split_e164`.

    >>> is_valid_e164("+380441234567"), is_valid_e164("+380111234567")
    (True, False)
    """
    parts = split_e164(text)
    if parts is None:
        return False
    country_code, national = parts
    forms = _valid_forms(country_code)
    if forms is None:
        number = phonenumbers.PhoneNumber(country_code=country_code, national_number=int(national))
        return phonenumbers.is_valid_number(number)
    matches = ((not lengths or len(national) in lengths) and pattern(national) for lengths, pattern in forms)
    return bool(next(matches)) and any(matches)


@lru_cache(maxsize=1 << 17)
def _phone(text, country):
    parts = split_e164(text)
    if parts is not None:
        return text if len(parts[1]) in _possible_lengths(parts[0]) else None
    text = _EXTENSION.sub("", text)
    if text.startswith("00"):
        text = "+" + text[2:]
    try:
        number = phonenumbers.parse(text, country)
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_possible_number(number):
        return None
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def normalise_phone(raw, country=None):
    """Return the number in E.164, or None when it can't be one.

    :param str raw: as typed
    :param str country: ISO 3166 code of the country of a number without a country code
    :return: for example ``+380441234567``; extensions are dropped

    >>> normalise_phone("044 123-45-67", "UA")
    '+380441234567'
    >>> normalise_phone("044 123-45-67") is None
    True
    """
    if not raw:
        return None
    return _phone(str(raw).strip(), (country or "").upper() or None)


def normalise_handle(raw):
    """Return the handle of a messenger, code of the provider and id there, or None when it is none.

    >>> normalise_handle(" telegram:123 "), normalise_handle("123") is None
    ('telegram:123', True)
    """
    text = str(raw or "").strip()
    return text if _HANDLE.match(text) else None


def kind_of(channel, value, own=frozenset()):
    """Say what a normalised value stands for, by list.

    The lists with their origin are in ``data/contact_kinds.csv``. A sub-domain counts as its
    domain. Private relays of a mailbox provider (Apple, Firefox) are the same for every
    sender of one person and stay *real*.

    :param str channel: ``email``, ``phone`` or ``messenger``
    :param str value: normalised value
    :param own: values of the properties themselves, of any channel
    :return: one of :data:`KINDS`

    >>> kind_of("email", "mvasyl.123456@guest.booking.com")
    'relay'
    >>> kind_of("phone", "+380000000000")
    'junk'
    """
    if value in own:
        return "reception"
    if channel == "email":
        return _email_kind(value)
    if channel == "phone":
        return _phone_kind(value)
    return "real"


def _email_kind(value):
    local, _at, domain = value.partition("@")
    part = domain
    while part:
        kind = _DOMAINS.get(part)
        if kind:
            return kind
        _label, _dot, part = part.partition(".")
    if domain.rpartition(".")[2] in _TLDS:
        return "junk"
    kind = _LOCALS.get(local)
    if kind:
        return kind
    return "junk" if _SHORT_LOCAL.match(local) and len(set(local)) < 3 and len(local) != 1 else "real"


def _phone_kind(value):
    tail = value[-7:]
    if len(set(tail)) == 1 or len(value) < 8:
        return "junk"
    return "junk" if tail in ("1234567", "2345678", "3456789", "4567890", "7654321", "6543210") else "real"


def mask_email(address):
    """Return an e-mail address of which only its owner recognises the rest.

    >>> mask_email("mariam.petrosyan@example.com"), mask_email("")
    ('m•••@example.com', '')
    """
    name, at, domain = (address or "").partition("@")
    return f"{name[:1]}{HIDDEN * 3}{at}{domain}" if name else ""


def mask_phone(number):
    """Return a phone number as it is written with only its country and last two digits left; of a short one nothing.

    >>> mask_phone("+374 91 234 512"), mask_phone("(021) 346 20 01"), mask_phone("112")
    ('+374 •• ••• •12', '(•••) ••• •• 01', '•••')
    """
    text = number or ""
    digits = [place for place, sign in enumerate(text) if sign.isdigit()]
    start = 0
    if text.lstrip().startswith("+"):
        country, _rest = split_e164("+" + "".join(text[place] for place in digits)) or ("", "")
        start = len(str(country))
    hidden = digits[start:-2] if len(digits) >= _SHORTEST_NUMBER else digits
    return "".join(HIDDEN if place in hidden else sign for place, sign in enumerate(text))


def mask_point(channel, value):
    """Return the value of a contact point masked: ``email``, ``phone``, or the handle of a messenger.

    >>> mask_point("email", "anna@koval.ua"), mask_point("messenger", "telegram:anna_k")
    ('a•••@koval.ua', 'telegram:a•••')
    """
    if channel == "email":
        return mask_email(value)
    if channel == "phone":
        return mask_phone(value)
    service, colon, handle = (value or "").rpartition(":")
    return f"{service}{colon}{handle[:1]}{HIDDEN * 3}" if handle else ""
