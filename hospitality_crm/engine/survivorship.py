"""Which value of a guest survives when his source profiles disagree.

Profiles and golden values are plain data. A profile is a dict::

    {
        "profile_id": 7,
        "trust": 60,            # of its source, 0 to 100
        "at": 1764000000.0,     # when the source last changed it, seconds since 1970
        "kind": "person",       # person, company, agency or group
        "values": {...},        # canonical values, see FIELDS
        "meta": {...},          # optional, who typed a value and when, see below
        "points": {...},        # optional, {e-mail or phone: (kind, reachable)}
    }

``meta`` holds per canonical key ``{"by": "staff"|"guest"|"system", "at": seconds, "rejects":
[values]}``; ``rejects`` are values that a person removed: they never win again. The members of
a block (name, address) share the entry of the block.

Who typed a value comes before every policy: staff, then the guest, then systems. A blank
never wins. Ties go to the profile with the lowest id, so the result doesn't depend on the order
of the input.
"""

from typing import NamedTuple

FIELDS = (
    "name salutation given_name middle_name family_name suffix local_name gender birthdate nationality lang emails"
    " phones street street2 zip city state country company_name vat vip notes memberships"
).split()

BLOCKS = {
    "name": ("name", "given_name", "middle_name", "family_name", "suffix"),
    "address": ("street", "street2", "zip", "city", "state", "country"),
}
POLICIES = {
    "name": "most_trusted",
    "salutation": "most_trusted",
    "local_name": "most_trusted",
    "gender": "most_frequent",
    "birthdate": "most_trusted",
    "nationality": "most_frequent",
    "lang": "latest",
    "emails": "reachable_first",
    "phones": "reachable_first",
    "address": "latest",
    "company_name": "latest",
    "vat": "most_trusted",
    "vip": "sticky_true",
    "notes": "union",
    "memberships": "union",
}
# Reason codes and what they mean; the screens translate them.
REASONS = {
    "only": "The only profile that knows it.",
    "agreed": "All profiles that know it agree.",
    "staff": "Typed by staff.",
    "guest": "Entered by the guest.",
    "most_trusted": "From the most trusted source.",
    "most_complete": "The most complete one of equally trusted sources.",
    "latest": "The latest one.",
    "most_frequent": "Most profiles say so.",
    "reachable": "The address can be reached, the others can't.",
    "sticky_true": "Set once in one of the profiles; it stays.",
    "union": "Put together from all profiles.",
    "tie": "As good as the others; the oldest profile wins.",
}
GOLDEN_KEYS = {"emails": "email", "phones": "phone"}

_BLOCK_OF = {member: block for block, members in BLOCKS.items() for member in members}
_CLASSES = {"staff": 2, "guest": 1}
_CLASS_NAMES = {2: "staff", 1: "guest"}
_NO_META = {}
# An agency's or a property's own address is no person's, unless a person says so.
_OTHERS = frozenset({"shared", "reception"})
_NEVER = frozenset({"relay", "junk"})
_SINGLE_POLICIES = tuple((key, policy) for key, policy in POLICIES.items() if key not in BLOCKS)


class Golden(NamedTuple):
    """A surviving value, the profile it comes from and the code of the reason (:data:`REASONS`)."""

    value: object
    profile_id: int
    reason: str


def resolve(profiles, policies=None):
    """Decide the golden values of one guest.

    :param list profiles: live profiles of the guest, as described above
    :param dict policies: overrides of :data:`POLICIES` for some keys or blocks
    :return: dict of canonical key (``email`` and ``phone`` instead of the lists) to
        :class:`Golden`; keys nobody knows are missing

    >>> one = {"profile_id": 1, "trust": 60, "at": 1.0, "values": {"name": "A. Koval", "vip": True}}
    >>> two = {"profile_id": 2, "trust": 50, "at": 2.0, "values": {"name": "Anna Koval"}}
    >>> resolve([two, one])["name"]
    Golden(value='A. Koval', profile_id=1, reason='most_trusted')
    """
    golden = {}
    rules = POLICIES if policies is None else POLICIES | policies
    for block, members in BLOCKS.items():
        _resolve_block(block, members, profiles, rules[block], golden)
    for key, _policy in _SINGLE_POLICIES:
        candidates = None
        for profile in profiles:
            value = profile["values"].get(key)
            if value:
                if candidates is None:
                    candidates = []
                candidates.append((profile, value))
        if candidates is None:
            continue
        policy = rules[key]
        if policy == "reachable_first":
            found = _first_reachable(key, candidates)
        elif policy == "union":
            found = _union(candidates)
        elif policy == "sticky_true":
            found = _sticky(key, candidates)
        else:
            found = _pick(key, candidates, policy)
        if found is not None:
            golden[GOLDEN_KEYS.get(key, key)] = found
    return golden


def _text(value):
    return value.strip() if isinstance(value, str) else value


def _entry(profile, key):
    meta = profile.get("meta")
    return (meta.get(key) or _NO_META) if meta else _NO_META


def rejected(profiles, key):
    """Return the values of a key or block that people removed, as a set (empty mostly)."""
    found = set()
    for profile in profiles:
        meta = profile.get("meta")
        if meta:
            found.update((meta.get(key) or _NO_META).get("rejects") or ())
    return found


def fingerprint(value):
    """Return what a removed value or block is remembered by in ``rejects``."""
    if isinstance(value, dict):
        value = "\n".join(str(value[key]) for key in sorted(value) if value[key])
    return str(value).strip().casefold()


def _pick(key, candidates, policy, fullness=None):
    """Choose among ``(profile, value)`` pairs with values that are not blank."""
    live = [(profile, _text(value)) for profile, value in candidates]
    removed = rejected([profile for profile, _value in candidates], key)
    if removed:
        live = [(profile, value) for profile, value in live if fingerprint(value) not in removed]
    live = [(profile, value) for profile, value in live if value]
    if not live:
        return None
    if len(live) == 1:
        profile, value = live[0]
        by = _entry(profile, key).get("by")
        return Golden(value, profile["profile_id"], by if by in _CLASSES else "only")
    return _rank(key, live, policy, fullness)


def _rank(key, live, policy, fullness):
    counts = {}
    if policy == "most_frequent":
        for _profile, value in live:
            counts[value] = counts.get(value, 0) + 1
    ranked = []
    for profile, value in live:
        entry = _entry(profile, key)
        full = fullness(value) if fullness else 0
        at = entry.get("at") or profile["at"]
        trust = profile["trust"]
        if policy == "latest":
            marks = (at, trust)
        elif policy == "most_frequent":
            marks = (counts[value], trust, at)
        else:
            marks = (trust, full, at)
        ranked.append(((_CLASSES.get(entry.get("by"), 0), *marks, -profile["profile_id"]), profile, value))
    ranked.sort(key=_mark, reverse=True)
    best_marks, best, value = ranked[0]
    if all(other == value for _marks, _profile, other in ranked):
        reason = _CLASS_NAMES.get(best_marks[0], "agreed")
    else:
        rival = next(marks for marks, _profile, other in ranked if other != value)
        reason = _reason(policy, best_marks, rival)
    return Golden(value, best["profile_id"], reason)


def _mark(row):
    return row[0]


_MARK_NAMES = {
    "latest": ("latest", "most_trusted"),
    "most_frequent": ("most_frequent", "most_trusted", "latest"),
    "most_trusted": ("most_trusted", "most_complete", "latest"),
}


def _reason(policy, best, rival):
    if best[0] != rival[0]:
        return _CLASS_NAMES[best[0]]
    for name, ours, theirs in zip(_MARK_NAMES[policy], best[1:], rival[1:], strict=False):
        if ours != theirs:
            return name
    return "tie"


def _resolve_block(block, members, profiles, policy, golden):
    candidates = []
    for profile in profiles:
        values = profile["values"]
        part = {key: values[key] for key in members if values.get(key)}
        if part:
            candidates.append((profile, part))
    if not candidates:
        return
    found = _pick_name(candidates, policy) if block == "name" else _pick_address(candidates, policy)
    if found is not None:
        part, profile_id, reason = found
        for key, value in part.items():
            golden[key] = Golden(_text(value), profile_id, reason)


def full_name(values):
    """Return the name of canonical values, put together from its parts where it is missing."""
    name = _text(values.get("name"))
    if name:
        return name
    parts = (_text(values.get(key)) for key in ("given_name", "middle_name", "family_name", "suffix"))
    return " ".join(part for part in parts if part)


def _pick_name(candidates, policy):
    named = []
    for profile, part in candidates:
        name = full_name(part)
        if name:
            named.append((profile, part if part.get("name") == name else {**part, "name": name}))
    return _pick_part("name", named, policy, _name_fullness)


def _name_fullness(part):
    """2 for two full words or more, 1 for one: "Anna Koval" says more than "A. Koval"."""
    return min(2, sum(len(word.strip(".")) > 1 for word in part["name"].split()))


def _pick_address(candidates, policy):
    complete = [(profile, part) for profile, part in candidates if part.get("street") or part.get("city")]
    return _pick_part("address", complete or candidates, policy, None)


def _pick_part(block, candidates, policy, fullness):
    return _pick(block, candidates, policy, fullness) if candidates else None


def _first_reachable(key, candidates):
    """Choose an e-mail address or a phone number: reachable before not, real before anything else."""
    ranked = []
    removed = rejected([profile for profile, _values in candidates], key)
    for profile, values in candidates:
        points = profile.get("points") or _NO_META
        entry = _entry(profile, key)
        by = _CLASSES.get(entry.get("by"), 0)
        for position, value in enumerate(values if isinstance(values, (list, tuple)) else (values,)):
            kind, reachable = points.get(value, ("real", True))
            if not value or kind in _NEVER or (kind in _OTHERS and not by and profile.get("kind") not in _GROUPS):
                continue
            if removed and fingerprint(value) in removed:
                continue
            # Only the first value of a list was typed just now; the others are older.
            marks = (reachable, by if not position else 0, not position, profile["trust"])
            ranked.append(((*marks, entry.get("at") or profile["at"], -profile["profile_id"], -position), profile, value))
    if not ranked:
        return None
    best_marks, best, value = max(ranked, key=_mark)
    if len(ranked) == 1:
        reason = _CLASS_NAMES.get(best_marks[1], "only")
    else:
        rivals = [marks for marks, _profile, other in ranked if other != value]
        reason = _reachable_reason(best_marks, max(rivals)) if rivals else _CLASS_NAMES.get(best_marks[1], "agreed")
    return Golden(value, best["profile_id"], reason)


_GROUPS = frozenset({"company", "agency", "group"})


def _reachable_reason(best, rival):
    if best[0] != rival[0]:
        return "reachable"
    if best[1] != rival[1]:
        return _CLASS_NAMES[best[1]]
    if best[2] != rival[2] or best[3] != rival[3]:
        return "most_trusted"
    return "latest" if best[4] != rival[4] else "tie"


def _sticky(key, candidates):
    human = [(profile, value) for profile, value in candidates if _entry(profile, key).get("by") in _CLASSES]
    profile, _value = min(human or candidates, key=lambda pair: pair[0]["profile_id"])
    by = _entry(profile, key).get("by")
    return Golden(True, profile["profile_id"], by if by in _CLASSES else "sticky_true")


def _union(candidates):
    """Put lists or texts together, newest profile first, each item once."""
    ordered = sorted(candidates, key=lambda pair: (-pair[0]["at"], pair[0]["profile_id"]))
    items, seen = [], set()
    texts = True
    for _profile, value in ordered:
        if isinstance(value, str):
            value = [value.strip()]
        else:
            texts = False
        for item in value:
            mark = fingerprint(item)
            if mark and mark not in seen:
                seen.add(mark)
                items.append(item)
    if not items:
        return None
    profile_id = ordered[0][0]["profile_id"]
    reason = "union" if len(ordered) > 1 else "only"
    return Golden("\n".join(items) if texts else items, profile_id, reason)
