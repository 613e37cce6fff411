"""What Mews can be told about a guest: the lists of a customer are read, changed and written back."""

from ..adapter import Pushed
from .mews_parse import CONSENTS, VIP
from .values import list_of, text_of

#: Longest text of a note, and of dietary requirements.
NOTE, DIET = 1000, 255


def push(adapter, ctx, command):
    """Carry out a :class:`Command`, see :meth:`Adapter.push`."""
    extent = {"Extent": {"Customers": True}, "ActivityStates": ["Active", "Deleted"]}
    found = adapter.list_all(
        ctx, "customers/getAll", "Customers", {**extent, "CustomerIds": [command.external_id]}, most=1
    )
    if not found:
        return Pushed("gone")
    customer = found[0]
    if text_of(customer.get("MergeTargetId")):
        return Pushed("gone", moved=text_of(customer["MergeTargetId"]))
    if customer.get("IsActive") is False:
        return Pushed("gone")
    return PUSHES[command.kind](adapter, ctx, customer, command.values)


def _vip(adapter, ctx, customer, values):
    classes = [text_of(item) for item in list_of(customer, "Classifications")]
    wanted = [item for item in classes if item not in VIP]
    if values.get("code"):
        wanted.append(values["code"] if values["code"] in VIP else VIP[0])
    return _update(adapter, ctx, customer, "Classifications", classes, wanted)


def _consent(adapter, ctx, customer, values):
    option = next((name for name, channel in CONSENTS.items() if channel == values.get("channel")), None)
    if option is None:
        return Pushed("refused", "Mews keeps no consent for this channel.")
    options = [text_of(item) for item in list_of(customer, "Options")]
    wanted = [item for item in options if item != option] + ([option] if values.get("state") == "granted" else [])
    return _update(adapter, ctx, customer, "Options", options, wanted)


def _allergy(adapter, ctx, customer, values):
    known = text_of(customer.get("DietaryRequirements")) or ""
    words = [*values.get("codes", ()), *filter(None, [values.get("text")])]
    wanted = ", ".join(words)[:DIET]
    if all(word.lower() in known.lower() for word in words):
        return Pushed("same")
    if known and known.lower() not in wanted.lower():
        return Pushed("conflict", "Mews has other dietary requirements of this guest.")
    return _update(adapter, ctx, customer, "DietaryRequirements", known, wanted)


def _update(adapter, ctx, customer, name, known, wanted):
    if (sorted(known) == sorted(wanted)) if isinstance(known, list) else known == wanted:
        return Pushed("same")
    response = adapter.call(
        ctx, "customers/update", {"CustomerId": customer["Id"], name: wanted}, accept=(400, 403, 409)
    )
    if response.status == 409:
        return Pushed("conflict", "Mews says that the guest was changed meanwhile.")
    answer = response.json()
    if response.status != 200 or not isinstance(answer, dict):
        return Pushed("refused", f"Mews refuses the change with status {response.status}.")
    now = answer.get(name)
    if isinstance(wanted, list) and isinstance(now, list) and set(now) - {"None"} != set(wanted):
        # An empty list may count as one that wasn't given.
        return Pushed("refused", f"Mews has kept {name} as they were; change them there.")
    return Pushed("done")


def _note(adapter, ctx, customer, values):
    return _set_note(adapter, ctx, customer, values.get("text"), "General", True)


def _alert(adapter, ctx, customer, values):
    return _set_note(adapter, ctx, customer, values.get("text"), "FrontOffice", values.get("active", True))


def _set_note(adapter, ctx, customer, text, kind, is_wanted):
    """Add a note that isn't there, or delete one that is: telling twice does it once."""
    text = (text or "")[:NOTE]
    if not text:
        return Pushed("refused", "There is nothing to write.")
    notes = adapter.list_all(ctx, "accountNotes/getAll", "AccountNotes", {"AccountIds": [customer["Id"]]})
    same = [item["Id"] for item in notes if item.get("Content") == text and item.get("IsActive") is not False]
    if bool(same) == bool(is_wanted):
        return Pushed("same")
    if is_wanted:
        note = {"AccountId": customer["Id"], "Content": text, "Classifications": [kind]}
        response = adapter.call(ctx, "accountNotes/add", {"AccountNotes": [note]}, accept=(400, 403))
    else:
        response = adapter.call(ctx, "accountNotes/delete", {"AccountNoteIds": same}, accept=(400, 403))
    return Pushed("done") if response.status == 200 else Pushed("refused", f"Mews answers {response.status}.")


def _tier(adapter, ctx, customer, values):
    """Set number and tier of a membership; programme and tier are found by their names in Mews."""
    programs = adapter.list_all(ctx, "loyaltyPrograms/getAll", "LoyaltyPrograms", {})
    program = _named(programs, values.get("program")) or (programs[0] if len(programs) == 1 else None)
    if program is None:
        return Pushed("refused", "Mews has no loyalty programme of this name; create it there.")
    tiers = adapter.list_all(ctx, "loyaltyTiers/getAll", "LoyaltyTiers", {"LoyaltyProgramIds": [program["Id"]]})
    tier = _named(tiers, values.get("level"))
    if values.get("level") and tier is None:
        return Pushed("refused", "Mews has no tier of this name in the programme; create it there.")
    wanted = {"MembershipNumber": values.get("number") or None, "LoyaltyTierId": tier["Id"] if tier else None}
    chosen = {"AccountIds": [customer["Id"]], "LoyaltyProgramIds": [program["Id"]], "ActivityStates": ["Active"]}
    known = adapter.list_all(ctx, "loyaltyMemberships/getAll", "LoyaltyMemberships", chosen)
    if known:
        if all(known[0].get(name) == value for name, value in wanted.items()):
            return Pushed("same")
        update = {"LoyaltyMembershipId": known[0]["Id"], **{name: {"Value": value} for name, value in wanted.items()}}
        operation, body = "loyaltyMemberships/update", {"LoyaltyMembershipUpdates": [update]}
    else:
        given = {name: value for name, value in wanted.items() if value}
        member = {"AccountId": customer["Id"], "LoyaltyProgramId": program["Id"], "IsPrimary": True, **given}
        operation, body = "loyaltyMemberships/add", {"LoyaltyMemberships": [member]}
    response = adapter.call(ctx, operation, body, accept=(400, 403, 409))
    if response.status == 409:
        return Pushed("conflict", "Mews says that the membership was changed meanwhile.")
    return Pushed("done") if response.status == 200 else Pushed("refused", f"Mews answers {response.status}.")


def _named(records, name):
    name = (name or "").casefold()
    return next((one for one in records if name and (text_of(one.get("Name")) or "").casefold() == name), None)


PUSHES = {"vip": _vip, "consent": _consent, "allergy": _allergy, "note": _note, "alert": _alert, "tier": _tier}
