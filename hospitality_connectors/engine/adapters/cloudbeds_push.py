"""What Cloudbeds is told about a guest: custom fields, notes, his opt-in, and that he is to be forgotten."""

from ..adapter import Pushed
from .records import path
from .values import dicts_of, is_true, text_of

#: Why the vendor doesn't anonymise a guest, by status of his answer.
REFUSALS = {
    400: "The anonymisation has failed at Cloudbeds.",
    403: "The key may not anonymise guests.",
    405: "Cloudbeds does not anonymise this guest.",
    409: "The guest can't be anonymised now: he has a stay that isn't over, or a balance that isn't settled.",
    428: "Anonymisation is switched off in the settings of the property.",
}
WORDS = {"alert": "Alert", "allergy": "Allergies", "preference": "Preference", "note": "Note"}


def push(adapter, ctx, command):
    """Carry out a command; see :meth:`engine.adapter.Adapter.push`."""
    guest = adapter.guest(ctx, command.external_id)
    if guest is None:
        return Pushed("gone")
    target = text_of(guest.get("newGuestID"))
    if is_true(guest.get("isMerged")) and target and target != command.external_id:
        return Pushed("gone", moved=target)
    if is_true(guest.get("isAnonymized")):
        return Pushed("same") if command.kind == "erasure" else Pushed("gone")
    if command.kind in ("vip", "tier"):
        return _set_field(adapter, ctx, command, guest)
    if command.kind == "consent":
        return _set_opt_in(adapter, ctx, command, guest)
    if command.kind == "erasure":
        return _erase(adapter, ctx, command, guest)
    return _set_note(adapter, ctx, command)


def _set_field(adapter, ctx, command, guest):
    """Write a custom field, unless somebody has changed it since it was read (``known``)."""
    name = ctx.settings.get(f"{command.kind}_field")
    if not name:
        return Pushed("refused", f"Enter the custom field of the {command.kind} in the connector.")
    wanted = text_of(command.values.get("code" if command.kind == "vip" else "level")) or ""
    fields = {text_of(item.get("customFieldName")): item for item in dicts_of(guest, "customFields")}
    current = text_of(path(fields, name, "customFieldValue")) or ""
    if current == wanted:
        return Pushed("same")
    if "known" in command.values and current != (text_of(command.values["known"]) or ""):
        return Pushed("conflict", f"The field says {current!r} now.")
    form = {
        **_whose(ctx, command),
        "guestCustomFields[0][customFieldName]": name,
        "guestCustomFields[0][customFieldValue]": wanted,
    }
    adapter.pms(ctx, "putGuest", form=form, method="PUT")
    return Pushed("done")


def _whose(ctx, command):
    return {"propertyID": ctx.settings["property_id"], "guestID": command.external_id}


def _set_note(adapter, ctx, command):
    """Write a note that begins with what it is about, or change the one that does.

    A note of the same text is not written twice: the command may be tried again after an answer was lost. A note of
    staff is never touched.
    """
    label = WORDS[command.kind]
    kind = text_of(command.values.get("kind") or command.values.get("code"))
    head = f"{label} ({kind}): " if kind else f"{label}: "
    text = text_of(command.values.get("text")) or ", ".join(map(str, command.values.get("codes") or ()))
    if command.values.get("active") is False:
        text = f"(no longer) {text}"
    notes = dicts_of(adapter.pms(ctx, "getGuestNotes", _whose(ctx, command)), "data")
    if any(note.get("guestNote") == head + text for note in notes):
        return Pushed("same")
    own = (
        [note for note in notes if str(note.get("guestNote") or "").startswith(head)] if command.kind != "note" else []
    )
    if own:
        form = {**_whose(ctx, command), "noteID": own[-1].get("guestNoteID"), "guestNote": head + text}
        adapter.pms(ctx, "putGuestNote", form=form, method="PUT")
    elif command.values.get("active") is False or not text:
        return Pushed("same")
    else:
        adapter.pms(ctx, "postGuestNote", form={**_whose(ctx, command), "guestNote": head + text}, method="POST")
    return Pushed("done")


def _profile(adapter, ctx, command, guest):
    """Return the guest's profile, None where there is none.

    The vendor's two APIs number guests alike; a profile of another name is not taken for his.
    """
    if not ctx.settings.get("organization"):
        return None
    answer = adapter.profiles(ctx, f"profiles/{command.external_id}", accept=(404,))
    profile = ctx.json(answer) if answer.status == 200 else {}
    names = [(text_of(one.get("firstName")), text_of(one.get("lastName"))) for one in (guest, profile)]
    return profile if profile and names[0] == names[1] else None


def _set_opt_in(adapter, ctx, command, guest):
    """Set the one opt-in that the vendor knows: to messages of marketing."""
    if command.values.get("channel") != "email" or command.values.get("state") not in ("granted", "denied"):
        return Pushed("refused", "Cloudbeds knows one opt-in, to e-mail.")
    wanted = command.values["state"] == "granted"
    profile = _profile(adapter, ctx, command, guest)
    if profile is None:
        return Pushed("refused", "The guest's profile can't be reached. Check the organization ID in the connector.")
    if is_true(profile.get("isOptIn")) == wanted:
        return Pushed("same")
    adapter.profiles(ctx, f"profiles/{command.external_id}", json={"isOptIn": wanted}, method="PATCH")
    return Pushed("done")


def _erase(adapter, ctx, command, guest):
    profile = _profile(adapter, ctx, command, guest)
    if profile is None:
        return Pushed("refused", "The guest's profile can't be reached. Anonymise him in Cloudbeds by hand.")
    if profile.get("dateAnonymized"):
        return Pushed("same")
    name = f"profiles/{command.external_id}/anonymize"
    answer = adapter.profiles(ctx, name, method="POST", accept=(404, 422, *REFUSALS))
    if answer.status == 404:
        return Pushed("gone")
    if answer.status == 422:
        return Pushed("same")
    if answer.status in REFUSALS:
        return Pushed("refused", REFUSALS[answer.status])
    return Pushed("done")
