"""Profiles of OPERA Cloud as canonical events.

Field names are those of Oracle's REST API specifications of OPERA Cloud 25.5 (UPL 1.0). Profiles come in three
wrappers: ``guestDetails``, ``profileDetails`` and ``profiles.profileInfo[].profile``.
"""

import re

from .records import compact, path, utc
from .values import birthdate_of, country_of, dicts_of, is_true, key_of, list_of, present, text_of, whole_mask

KIND = {"company": "company", "agent": "agency", "source": "agency", "travelagent": "agency", "group": "group"}
CONSENTS = (
    ("email", "optInEmail", "allowEmail"),
    ("sms", "optInSms", "allowSMS"),
    ("phone", "optInPhone", "allowPhone"),
    ("post", "optInMailingList", None),
    ("third_party", "optInThirdParty", None),
)
#: What the titles of our own comments begin with; they are no news when they come back.
OUR_TITLE = "CRM "
LANGUAGES = {"e": "en", "f": "fr", "g": "de", "d": "de", "s": "es", "i": "it", "p": "pt", "r": "ru"}


def letters(word):
    """Return the letters of a word in lower case.

    >>> letters("CHECKED OUT"), letters("DueIn"), letters(None)
    ('checkedout', 'duein', '')
    """
    return "".join(char for char in (text_of(word) or "").lower() if char.isalpha())


def profile_of(record):
    """Return the profile in an answer, whichever of the wrappers it has; an empty dict without one."""
    wrapped = dicts_of(record, "profiles", "profileInfo")
    for found in (record.get("guestDetails"), record.get("profileDetails"), path(wrapped, 0, "profile")):
        if isinstance(found, dict):
            return found
    return {}


def parse_profile(record, env, version):
    """Return the events of a profile: the guest, and what he has agreed to."""
    key = key_of(record, "profileId")
    profile = profile_of(record)
    state = letters(path(profile, "customer", "anonymization", "anonymizationStatus"))
    if state == "anonymized":
        return [{"entity": "guest", "op": "anonymise", "external_id": key, "version": version}]
    values = _values(profile, env)
    if not values:
        return []
    event = {
        "entity": "guest",
        "external_id": key,
        "version": version,
        "kind": KIND.get(letters(profile.get("profileType")), "person"),
        "values": values,
        "warnings": ["anonymisation:requested"] if state == "requested" else None,
    }
    return [compact(event), *_consents(profile, env, key, version)]


def _values(profile, env):
    customer = profile.get("customer") if isinstance(profile.get("customer"), dict) else {}
    names = dicts_of(customer, "personName")
    name = first(names, lambda item: letters(item.get("nameType")) in ("primary", ""))
    other = next((item for item in names if letters(item.get("nameType")) == "alternate"), {})
    local = " ".join(filter(None, (whole_mask(other.get(part)) for part in ("givenName", "surname"))))
    address = first([inner(item, "address") for item in dicts_of(profile, "addresses", "addressInfo")])
    lines = [whole_mask(line) for line in list_of(address, "addressLine") if text_of(line)]
    emails = [inner(item, "email") for item in dicts_of(profile, "emails", "emailInfo")]
    phones = [inner(item, "telephone") for item in dicts_of(profile, "telephones", "telephoneInfo")]
    wishes, diet = _preferences(profile, env)
    country = address.get("country")
    return compact(
        {
            "name": whole_mask(path(profile, "company", "companyName")),
            "salutation": whole_mask(name.get("nameTitle")) or whole_mask(name.get("namePrefix")),
            "given_name": whole_mask(name.get("givenName")),
            "middle_name": whole_mask(name.get("middleName")),
            "family_name": whole_mask(name.get("surname")),
            "suffix": whole_mask(name.get("nameSuffix")),
            "local_name": local,
            "gender": {"male": "male", "m": "male", "female": "female", "f": "female"}.get(
                letters(customer.get("gender"))
            ),
            "birthdate": birthdate_of(whole_mask(customer.get("birthDate"))),
            "nationality": country_of(text_of(customer.get("nationality"))),
            "lang": _language(customer.get("language") or name.get("language")),
            "emails": present(*(whole_mask(item.get("emailAddress")) for item in primary_first(emails))),
            "phones": present(
                *(
                    whole_mask(one.get("phoneNumber"))
                    for one in primary_first(phones)
                    if letters(one.get("phoneTechType")) != "fax"
                )
            ),
            "street": lines[0] if lines else None,
            "street2": ", ".join(filter(None, lines[1:])),
            "zip": whole_mask(address.get("postalCode")),
            "city": whole_mask(address.get("cityName")),
            "state": whole_mask(address.get("state")),
            "country": country_of(text_of(path(country, "code"))),
            "company_name": whole_mask(customer.get("legalCompany")),
            "vip": text_of(customer.get("vipStatus")),
            "memberships": _memberships(profile),
            "preferences": wishes,
            "diet": diet,
            "notes": comments_of(dicts_of(profile, "comments", "commentInfo")),
        }
    )


def _memberships(profile):
    found = []
    for item in dicts_of(profile, "profileMemberships", "profileMembership"):
        member = compact(
            {
                "program": text_of(item.get("membershipType")),
                "number": text_of(item.get("membershipId")),
                "level": text_of(item.get("membershipLevel")),
            }
        )
        if member and not is_true(item.get("inactive")):
            found.append(member)
    return found[:50]


def _preferences(profile, env):
    """Return wishes and diets. Which types of preference are about food is a setting."""
    about_food = {word.strip().upper() for word in (env.settings.get("diet_types") or "").split(",")}
    wishes, diet = [], []
    for kind in dicts_of(profile, "preferenceCollection", "preferenceType"):
        name = text_of(kind.get("preferenceType")) or ""
        for item in dicts_of(kind, "preference"):
            code = text_of(item.get("preferenceValue")) or text_of(item.get("preferenceCode"))
            word = compact({"code": code and code[:64], "text": text_of(item.get("description"))})
            if word:
                (diet if name.upper() in about_food else wishes).append(word)
    return wishes[:100], diet[:100]


def comments_of(items):
    """Return the texts of comments, without confidential ones and our own."""
    texts = []
    for item in items:
        comment = inner(item, "comment")
        is_ours = (text_of(comment.get("commentTitle")) or "").startswith(OUR_TITLE)
        if not is_ours and not is_true(comment.get("confidential")):
            texts.append(whole_mask(path(comment, "text", "value")) or whole_mask(comment.get("text")))
    return "\n".join(dict.fromkeys(filter(None, texts)))


def _consents(profile, env, key, version):
    """Return a statement per opt-in.

    Switching *allow* off is a refusal, and so is an opt-in that isn't ticked though the guest was asked. What it means
    where he never was is a setting.
    """
    flags = profile.get("privacyInfo")
    if not isinstance(flags, dict):
        return []
    asked = text_of(flags.get("lastPrivacyPromptDate"))
    unticked = "denied" if asked else env.settings.get("unticked") or "unknown"
    events = []
    for channel, opt_in, allow in CONSENTS:
        if flags.get(opt_in) is None and flags.get(allow) is None:
            continue
        state = unticked
        if allow and flags.get(allow) is not None and not is_true(flags[allow]):
            state = "denied"
        elif is_true(flags.get(opt_in)):
            state = "granted"
        event = {
            "entity": "consent",
            "external_id": f"{key}:{opt_in}",
            "version": version,
            "guest": key,
            "channel": channel,
            "state": state,
            "at": utc(asked, env.tz),
            "source_field": opt_in,
        }
        events.append(compact(event))
    return events


def _language(value):
    word = (text_of(value) or "").lower()
    word = LANGUAGES.get(word, word)
    return word if re.fullmatch(r"[a-z]{2,3}([-_][a-z0-9]{2,8})*", word) else None


def inner(item, name):
    """Return the record under a name, or the item itself: wrappers come and go."""
    inner = item.get(name)
    return inner if isinstance(inner, dict) else item


def first(items, fits=lambda item: True):
    """Return the primary one of the items that fit, else the first, else an empty dict."""
    items = [item for item in items if fits(item)]
    return next((item for item in items if is_true(item.get("primaryInd"))), items[0] if items else {})


def primary_first(items):
    return sorted(items, key=lambda item: not is_true(item.get("primaryInd")))
