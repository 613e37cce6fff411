"""What OPERA Cloud is told about a guest."""

import urllib.parse

from ..adapter import Pushed
from . import ohip_profile
from .records import compact, path
from .values import dicts_of, is_true, text_of

#: The opt-in of each channel that the vendor knows.
OPT_INS = {channel: opt_in for channel, opt_in, _allow in ohip_profile.CONSENTS}
LABELS = {"alert": "alert", "note": "note", "preference": "preference", "allergy": "allergies"}
NO_LONGER = "(no longer) "


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


def codes_of(ctx, codes):
    """Return ``(theirs, unknown)`` of our codes, by the setting ``codes`` (``nuts=NUT milk=MLK``, ``*``: the same)."""
    known = dict(part.partition("=")[::2] for part in (ctx.settings.get("codes") or "").replace(",", " ").split())
    theirs, unknown = [], []
    for code in codes:
        if code in known:
            theirs.append(known[code])
        elif "*" in known:
            theirs.append(code)
        else:
            unknown.append(code)
    return theirs, unknown


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
    """Add or remove a preference; one whose code OPERA does not know is a comment."""
    kind, ours = ctx.settings.get("preference_type") or "SPECIALS", text_of(command.values.get("code"))
    theirs, _unknown = codes_of(ctx, [ours] if ours else [])
    if not theirs:
        return _comment(adapter, ctx, command, rest, profile)
    found = next((one for one in sorted(_present(profile), key=str) if one[1] == theirs[0]), None)
    if command.values.get("active") is False:
        if found:
            _remove_preference(adapter, ctx, rest, *found)
        return Pushed("done" if found else "same")
    if found:
        return Pushed("same")
    _add_preferences(adapter, ctx, command, rest, kind, [(theirs[0], text_of(command.values.get("text")))])
    return Pushed("done")


def _allergies(adapter, ctx, command, rest, profile):
    """Add the preferences about food that are missing; remove what the profile has told and the guest no longer has.

    The whole list stands in a comment as well, where OPERA does not know some of them.
    """
    kind = (ctx.settings.get("diet_types") or "").split(",")[-1].strip()
    codes = [text_of(code) for code in command.values.get("codes") or () if text_of(code)]
    wanted, unknown = codes_of(ctx, codes)
    have = {code for found, code in _present(profile) if found == kind}
    # What OPERA hasn't told us, nobody here has taken back: it stays.
    known, _unknown = codes_of(ctx, command.values.get("known") or ())
    gone = have.intersection(known).difference(wanted)
    text = text_of(command.values.get("text")) or ", ".join(codes)
    values = {"text": text, "active": bool(unknown or (text and not codes))}
    outcome = _comment(adapter, ctx, command._replace(values=values), rest, profile)
    missing = [(code, None) for code in wanted if code not in have]
    if not kind or not (gone or missing) or not (ctx.settings.get("codes") or ""):
        return outcome
    for code in sorted(gone, key=str):
        _remove_preference(adapter, ctx, rest, kind, code)
    if missing:
        _add_preferences(adapter, ctx, command, rest, kind, missing)
    return Pushed("done")


def _remove_preference(adapter, ctx, rest, kind, code):
    parts = [urllib.parse.quote(part or "", safe="") for part in (kind, code)]
    ctx.call("DELETE", adapter.url(ctx, f"{rest}/preferenceType/{parts[0]}/preferences/{parts[1]}"), accept=(404,))


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
    """Write a comment for staff under a title that says what it is about, or change the one that has it.

    Notes are added, each once; comments of staff are never touched.
    """
    topic = text_of(command.values.get("kind") or command.values.get("code"))
    title = ohip_profile.OUR_TITLE + " ".join(filter(None, (LABELS[command.kind], topic)))[:76]
    text = (text_of(command.values.get("text")) or "")[:2000]
    comments = dicts_of(profile, "comments", "commentInfo")
    same = [item for item in comments if _title(item) == title]
    if any(_comment_text(item) == text for item in same if command.values.get("active") is not False):
        return Pushed("same")
    own = same[-1] if same and command.kind != "note" else None
    if command.values.get("active") is False:
        text = f"{NO_LONGER}{_comment_text(own)}"[:2000] if own else ""
        if not own or _comment_text(own).startswith(NO_LONGER):
            return Pushed("same")
    if not text:
        return Pushed("refused", "There is no text.")
    comment = {"text": {"value": text}, "commentTitle": title, "type": "GEN", "internal": True}
    item = {"comment": comment, **({"id": own["id"], "type": "Comment"} if own and own.get("id") else {})}
    return _put(adapter, ctx, command, rest, {"comments": {"commentInfo": [item]}})


def _title(item):
    return text_of(ohip_profile.inner(item, "comment").get("commentTitle"))


def _comment_text(item):
    return text_of(path(ohip_profile.inner(item, "comment"), "text", "value")) or ""


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
