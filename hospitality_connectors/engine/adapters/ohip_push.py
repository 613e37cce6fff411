"""What OPERA Cloud is told about a guest."""

import urllib.parse

from ..adapter import Pushed
from . import ohip_profile
from .records import compact, path
from .values import dicts_of, is_true, text_of

#: The opt-in of each channel that the vendor knows.
OPT_INS = {channel: opt_in for channel, opt_in, _allow in ohip_profile.CONSENTS}
#: Where a text for staff is shown.
LABELS = {"alert": "ALERT", "note": "CRM"}


def push(adapter, ctx, command):
    """Carry out a command; see :meth:`engine.adapter.Adapter.push`.

    The profile is read first: what says so already is not written again, and where ``known`` is given and the profile
    says something else than that, somebody else has changed it.
    """
    rest = f"/crm/v1/profiles/{urllib.parse.quote(command.external_id, safe='')}"
    params = {
        "hotelId": ctx.settings["hotel_id"],
        "fetchInstructions": ["Profile", "Comment", "Membership", "Preference", "Correspondence"],
    }
    answer = adapter.get(ctx, rest, params)
    profile = ohip_profile.profile_of(answer or {})
    if not profile:
        return Pushed("gone")
    state = ohip_profile.letters(path(profile, "customer", "anonymization", "anonymizationStatus"))
    if state == "anonymized":
        return Pushed("same" if command.kind == "erasure" else "gone")
    write = {
        "vip": _vip,
        "tier": _tier,
        "allergy": _allergies,
        "preference": _preference,
        "consent": _consent,
        "erasure": _erase,
    }.get(command.kind, _comment)
    return write(adapter, ctx, command, rest, profile)


def _put(adapter, ctx, command, rest, details):
    ids = [{"id": command.external_id, "type": "Profile"}]
    ctx.put(adapter.url(ctx, rest), json={"profileIdList": ids, "profileDetails": details})
    return Pushed("done")


def _compare(command, current, wanted):
    if current == wanted:
        return Pushed("same")
    if "known" in command.values and current != (text_of(command.values["known"]) or ""):
        return Pushed("conflict", f"OPERA says {current!r} now.")
    return None


def _vip(adapter, ctx, command, rest, profile):
    wanted = text_of(command.values.get("code")) or ""
    settled = _compare(command, text_of(path(profile, "customer", "vipStatus")) or "", wanted)
    return settled or _put(adapter, ctx, command, rest, {"customer": {"vipStatus": wanted}})


def _tier(adapter, ctx, command, rest, profile):
    program, number, level = (text_of(command.values.get(name)) for name in ("program", "number", "level"))
    if not program or not number:
        return Pushed("refused", "OPERA needs the programme and the number of a membership.")
    member = next(
        (
            item
            for item in dicts_of(profile, "profileMemberships", "profileMembership")
            if text_of(item.get("membershipType")) == program and not is_true(item.get("inactive"))
        ),
        None,
    )
    wanted = compact({"membershipType": program, "membershipId": number, "membershipLevel": level})
    body = {"profileIdList": [{"id": command.external_id, "type": "Profile"}], "profileMemberships": [wanted]}
    if member is None:
        ctx.post(adapter.url(ctx, f"{rest}/memberships"), json=body)
        return Pushed("done")
    if text_of(member.get("membershipId")) != number:
        return Pushed("conflict", f"The guest has another number of {program} in OPERA.")
    settled = _compare(command, text_of(member.get("membershipLevel")) or "", level or "")
    if settled:
        return settled
    # What is told is the member that was read, with another level.
    body["profileMemberships"] = [{**_own(member), "membershipLevel": level or ""}]
    parts = [urllib.parse.quote(part, safe="") for part in (program, number)]
    ctx.put(adapter.url(ctx, f"{rest}/membershipType/{parts[0]}/membershipId/{parts[1]}"), json=body)
    return Pushed("done")


def _own(member):
    names = ("membershipType", "membershipId", "membershipIdNo", "nameOnCard", "effectiveDate", "expireDate")
    return {name: member[name] for name in names if member.get(name) not in (None, "")}


def _present(profile):
    """Return the preferences of a profile, ``{(type, value)}``."""
    return {
        (
            text_of(kind.get("preferenceType")),
            text_of(item.get("preferenceValue")) or text_of(item.get("preferenceCode")),
        )
        for kind in dicts_of(profile, "preferenceCollection", "preferenceType")
        for item in dicts_of(kind, "preference")
    }


def _preference(adapter, ctx, command, rest, profile):
    kind, code = ctx.settings.get("preference_type") or "SPECIALS", text_of(command.values.get("code"))
    if not code:
        return _comment(adapter, ctx, command, rest, profile)
    found = next((one for one in sorted(_present(profile), key=str) if one[1] == code), None)
    if command.values.get("active") is False:
        if not found:
            return Pushed("same")
        parts = [urllib.parse.quote(part or "", safe="") for part in found]
        ctx.call("DELETE", adapter.url(ctx, f"{rest}/preferenceType/{parts[0]}/preferences/{parts[1]}"))
        return Pushed("done")
    if found:
        return Pushed("same")
    return _add_preferences(adapter, ctx, command, rest, kind, [(code, text_of(command.values.get("text")))])


def _allergies(adapter, ctx, command, rest, profile):
    """Make the preferences about food those of the command: missing ones are added, others of the type removed."""
    kind = (ctx.settings.get("diet_types") or "").split(",")[-1].strip()
    if not kind:
        return Pushed("refused", "Enter the types of preference about food in the connector.")
    wanted = [text_of(code) for code in command.values.get("codes") or () if text_of(code)]
    have = {code for found, code in _present(profile) if found == kind}
    if have == set(wanted):
        return Pushed("same")
    if "known" in command.values and have != set(command.values["known"] or ()):
        return Pushed("conflict", "The preferences about food were changed in OPERA.")
    for code in sorted(have.difference(wanted), key=str):
        parts = [urllib.parse.quote(part or "", safe="") for part in (kind, code)]
        ctx.call("DELETE", adapter.url(ctx, f"{rest}/preferenceType/{parts[0]}/preferences/{parts[1]}"), accept=(404,))
    missing = [(code, None) for code in wanted if code not in have]
    return _add_preferences(adapter, ctx, command, rest, kind, missing) if missing else Pushed("done")


def _add_preferences(adapter, ctx, command, rest, kind, items):
    preferences = [
        compact({"preferenceValue": code, "description": text, "global": True, "hotels": [ctx.settings["hotel_id"]]})
        for code, text in items
    ]
    body = {
        "preferenceCollections": [{"preferenceType": kind, "preference": preferences}],
        "profileIdList": [{"id": command.external_id, "type": "Profile"}],
    }
    ctx.post(adapter.url(ctx, f"{rest}/preferences"), json=body)
    return Pushed("done")


def _consent(adapter, ctx, command, rest, profile):
    name = OPT_INS.get(command.values.get("channel"))
    state = command.values.get("state")
    if not name or state not in ("granted", "denied"):
        return Pushed("refused", "OPERA has no opt-in for this channel.")
    wanted, current = state == "granted", path(profile, "privacyInfo", name)
    if current is not None and is_true(current) == wanted:
        return Pushed("same")
    return _put(adapter, ctx, command, rest, {"privacyInfo": {name: wanted}})


def _comment(adapter, ctx, command, rest, profile):
    """Add a comment for staff; one of the same text is not written twice, and none is changed."""
    if command.values.get("active") is False:
        return Pushed("same", "A comment of OPERA is not taken back from here.")
    kind = text_of(command.values.get("kind")) if command.kind == "alert" else None
    text = f"{kind}: {text_of(command.values.get('text'))}" if kind else text_of(command.values.get("text"))
    if not text:
        return Pushed("refused", "There is no text.")
    comments = dicts_of(profile, "comments", "commentInfo")
    if any(text_of(path(ohip_profile.inner(item, "comment"), "text", "value")) == text for item in comments):
        return Pushed("same")
    comment = {
        "text": {"value": text},
        "type": "GEN",
        "internal": True,
        "commentTitle": LABELS.get(command.kind, "CRM"),
    }
    return _put(adapter, ctx, command, rest, {"comments": {"commentInfo": [{"comment": comment}]}})


def _erase(adapter, ctx, command, rest, profile):
    """Ask first whether the profile can be forgotten: the vendor gives the reasons why not."""
    criteria = {"validateForgetProfilesCriteria": {"profiles": [{"id": command.external_id, "type": "Profile"}]}}
    answer = ctx.json(ctx.put(adapter.url(ctx, "/crm/v1/validateForgetProfiles"), json=criteria))
    result = next(iter(dicts_of(answer, "validateForgetProfilesResults")), {})
    if result.get("status") in ("Requested", "Anonymized"):
        return Pushed("same")
    if result.get("canBeForgotten") is False:
        reasons = [text_of(item.get("reasonDescription")) for item in dicts_of(result, "failureReasons")]
        return Pushed("refused", "; ".join(filter(None, reasons)) or "OPERA does not forget this profile now.")
    response = ctx.call("DELETE", adapter.url(ctx, rest), accept=(404,))
    return Pushed("gone" if response.status == 404 else "done")
