"""A source profile's canonical values: cleaned once when they are written, trusted afterwards."""

from .contact import normalise_email, normalise_handle, normalise_phone
from .survivorship import FIELDS, full_name

_LISTS = frozenset({"emails", "phones", "emails_invalid", "handles", "memberships"})
_TEXTS = frozenset({"notes"})
_UPPER = frozenset({"nationality", "country"})
_KEYS = frozenset(FIELDS) | {"emails_invalid", "handles"}


def clean(values, country=None):
    """Return canonical values in their stored form, without anything blank.

    Texts are stripped and their blanks collapsed (``notes`` keeps its lines), country codes are
    upper-case, e-mail addresses normalised, telephone numbers in E.164 where they can be read
    and as received where not. What isn't an e-mail address moves to ``emails_invalid``: kept
    and searchable, but never golden; neither are ``handles`` of messengers. A missing ``name`` is
    put together from its parts. Unknown keys are left out.

    :param dict values: canonical guest values, as an adapter or a form gives them
    :param str country: ISO code of the country of numbers without a country code
    :return: new dict; ``clean(clean(v)) == clean(v)``

    >>> clean({"name": "  Anna   Koval ", "emails": ["A@b.UA", "none"], "phones": ["044 1234567"]}, "UA")
    {'name': 'Anna Koval', 'emails': ['a@b.ua'], 'emails_invalid': ['none'], 'phones': ['+380441234567']}
    """
    result = {}
    for key, value in values.items():
        if key not in _KEYS or not value:
            continue
        if key in _LISTS:
            _clean_list(key, value, country, result)
        elif key in _TEXTS:
            value = str(value).replace("\x00", "").strip()
            if value:
                result[key] = value
        elif value.__class__ is str:
            value = " ".join(value.replace("\x00", "").split())
            if value:
                result[key] = value.upper() if key in _UPPER else value
        else:
            result[key] = True if key == "vip" else " ".join(str(value).split())
    if "name" not in result:
        name = full_name(result)
        if name:
            result["name"] = name
    return result


def _clean_list(key, values, country, result):
    if isinstance(values, (str, dict)):
        values = [values]
    for value in values:
        if key == "memberships":
            value = {part: text for part, text in value.items() if text}
            target = key
        else:
            text = " ".join(str(value or "").replace("\x00", "").split())
            target, value = _contact(key, text, country)
        if value:
            kept = result.setdefault(target, [])
            if value not in kept:
                kept.append(value)


def _contact(key, text, country):
    if key == "phones":
        return key, normalise_phone(text, country) or text
    if key == "emails":
        email = normalise_email(text)
        return (key, email) if email else ("emails_invalid", text)
    if key == "handles":
        return key, normalise_handle(text)
    return key, text


def points(values):
    """Return the contact points of clean values as ``(channel, value)``, primary ones first.

    Numbers that could not be brought into E.164 identify nobody and are left out.

    >>> points({"emails": ["a@b.ua"], "phones": ["+380441234567", "12-34"]})
    [('email', 'a@b.ua'), ('phone', '+380441234567')]
    """
    found = [("email", value) for value in values.get("emails", ())]
    found += [("phone", value) for value in values.get("phones", ()) if value[0] == "+" and value[1:].isdigit()]
    found += [("messenger", value) for value in values.get("handles", ())]
    return found
