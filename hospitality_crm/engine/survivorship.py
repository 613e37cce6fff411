"""Which value of a guest survives when his source profiles disagree.

Profiles and golden values are plain data. A profile is a dict::

    {
        "profile_id": 7,
        "trust": 60,            # of its source, 0 to 100
        "source": 3,            # optional, its source, as ``orders`` of :func:`resolve` names it
        "older": False,         # optional, an older record: comes after a live one of the same source
        "at": 1764000000.0,     # when the source last changed it, seconds since 1970
        "kind": "person",       # person, company, agency or group
        "values": {...},        # canonical values, see FIELDS
        "meta": {...},          # optional, who typed a value and when, see below
        "points": {...},        # optional, {e-mail or phone: (kind, reachable)}
        "own": False,           # optional, the values were typed into our own system
    }

``meta`` holds per canonical key ``{"by": "staff"|"guest"|"system", "at": seconds, "rejects":
[values]}``; ``rejects`` are values that a person removed: they never win again. The members of
a block (name, address) share the entry of the block.

Who typed a value comes before every policy: staff, then the guest, then systems. A blank
never wins. Ties go to the profile with the lowest id, so the result doesn't depend on the order
of the input. Values must be clean (:func:`engine.profile.clean`): stripped, blank ones left out.

This runs for every imported guest record. Values without an entry in ``meta``, nearly all, are
decided along two orders of the profiles (by trust, by time) that are sorted once; only the
others are ranked value by value.
"""

from operator import itemgetter
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
# Policies that a field may have beside its own. Blocks are taken whole, so that counting them means nothing;
# lists of addresses are one value only where one of them is chosen.
CHOICES = {
    key: (policy,)
    if policy in ("reachable_first", "sticky_true", "union")
    else ("most_trusted", "latest")
    if key in BLOCKS
    else ("most_trusted", "latest", "most_frequent")
    for key, policy in POLICIES.items()
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

_CLASSES = {"staff": 2, "guest": 1}
_CLASS_NAMES = {2: "staff", 1: "guest"}
_NO_ENTRY = {}
_GROUPS = frozenset({"company", "agency", "group"})
# An agency's or a property's own address is no person's, unless a person says so.
_OTHERS = frozenset({"shared", "reception"})
_NEVER = frozenset({"relay", "junk"})
_KEYS = frozenset(FIELDS)
_BLOCK_OF = {member: block for block, members in BLOCKS.items() for member in members}
_SINGLES = frozenset(POLICIES) - frozenset(BLOCKS)
_MARK = itemgetter(0)
# More than any source is trusted otherwise.
_ORDERED_TRUST = 1000


class Golden(NamedTuple):
    """A surviving value, the profile it comes from and the code of the reason (:data:`REASONS`)."""

    value: object
    profile_id: int
    reason: str


_new = tuple.__new__


def resolve(profiles, policies=None, orders=None):
    """Decide the golden values of one guest.

    :param list profiles: live profiles of the guest, as described above
    :param dict policies: overrides of :data:`POLICIES` for some keys or blocks
    :param dict orders: for some keys or blocks, which sources are trusted most there: dict of source to
        its place, 0 for the first; sources without a place come after them by their general trust
    :return: dict of canonical key (``email`` and ``phone`` instead of the lists) to
        :class:`Golden`; keys nobody knows are missing

    >>> one = {"profile_id": 1, "trust": 60, "at": 1.0, "values": {"name": "A. Koval", "vip": True}}
    >>> two = {"profile_id": 2, "trust": 50, "at": 2.0, "values": {"name": "Anna Koval"}}
    >>> resolve([two, one])["name"]
    Golden(value='A. Koval', profile_id=1, reason='most_trusted')
    >>> resolve([one | {"source": 8}, two | {"source": 9}], orders={"name": {9: 0}})["name"]
    Golden(value='Anna Koval', profile_id=2, reason='most_trusted')
    """
    if len(profiles) == 1 and not profiles[0].get("meta"):
        return _resolve_one(profiles[0])
    rules = POLICIES if policies is None else POLICIES | policies
    marked = {}
    known = set()
    for profile in profiles:
        known.update(profile["values"])
        for key, entry in (profile.get("meta") or _NO_ENTRY).items():
            marked.setdefault(key, set()).update(entry.get("rejects") or ())
    by_trust = sorted(profiles, key=_by_trust)
    by_time = sorted(profiles, key=_by_time)
    golden = {}
    for block, members in BLOCKS.items():
        if not known.isdisjoint(members):
            ordered = by_time
            if orders and block in orders:
                ordered = sorted(_ordered(profiles, orders[block]), key=_by_time)
            _resolve_block(block, members, ordered, rules[block], marked.get(block), golden)
    general = by_trust, by_time
    for key in known & _SINGLES:
        policy = rules[key]
        if orders:
            by_trust, by_time = general
            if key in orders:
                ours = _ordered(profiles, orders[key])
                by_trust, by_time = sorted(ours, key=_by_trust), sorted(ours, key=_by_time)
        # Two profiles are as frequent as each other.
        if key not in marked and (policy == "most_trusted" or (policy == "most_frequent" and len(profiles) == 2)):
            found = _first(key, by_trust, 0)
        elif policy == "latest" and key not in marked:
            found = _first(key, by_time, 1)
        else:
            candidates = [(profile, profile["values"][key]) for profile in by_time if profile["values"].get(key)]
            found = _decide(key, candidates, policy, marked.get(key))
        if found is not None:
            golden[GOLDEN_KEYS.get(key, key)] = found
    return golden


def _resolve_one(profile):
    profile_id = profile["profile_id"]
    golden = {}
    values = profile["values"]
    for key, value in values.items():
        if not value or key not in _KEYS:
            continue
        if key in GOLDEN_KEYS:
            found = _first_reachable(key, [(profile, value)], None)
            if found is not None:
                golden[GOLDEN_KEYS[key]] = found
        elif key == "vip":
            golden[key] = Golden(True, profile_id, "sticky_true")
        elif key in ("notes", "memberships"):
            golden[key] = _union(key, [(profile, value)])
        else:
            golden[key] = _new(Golden, (value, profile_id, "only"))
    if "name" not in golden:
        name = full_name(values)
        if name:
            golden["name"] = Golden(name, profile_id, "only")
    return golden


def _ordered(profiles, order):
    """Return the profiles with the trust that an order of sources gives them."""
    return [
        profile
        if (place := order.get(profile.get("source"))) is None
        else {**profile, "trust": _ORDERED_TRUST - 2 * place - bool(profile.get("older"))}
        for profile in profiles
    ]


def _by_trust(profile):
    return -profile["trust"], -profile["at"], profile["profile_id"]


def _by_time(profile):
    return -profile["at"], -profile["trust"], profile["profile_id"]


_ORDER_REASONS = (("trust", "most_trusted", "at", "latest"), ("at", "latest", "trust", "most_trusted"))


def _first(key, ordered, order):
    """Return the value of the first profile that knows ``key``, for values without ``meta``."""
    best = value = None
    reason = "only"
    for profile in ordered:
        other = profile["values"].get(key)
        if not other:
            continue
        if best is None:
            best, value = profile, other
        elif other == value:
            reason = "agreed"
        else:
            reason = _order_reason(best, profile, order)
            break
    return None if best is None else _new(Golden, (value, best["profile_id"], reason))


def _order_reason(best, rival, order):
    first, first_reason, second, second_reason = _ORDER_REASONS[order]
    if best[first] != rival[first]:
        return first_reason
    return second_reason if best[second] != rival[second] else "tie"


def _entry(profile, key):
    meta = profile.get("meta")
    return (meta.get(key) or _NO_ENTRY) if meta else _NO_ENTRY


def fingerprint(value):
    """Return what a removed value or block is remembered by in ``rejects``."""
    if isinstance(value, dict):
        value = "\n".join(f"{key}={value[key]}" for key in sorted(value) if value[key])
    return str(value).strip().casefold()


def _decide(key, candidates, policy, removed):
    """Choose among ``(profile, value)`` pairs by any policy; None when none is left."""
    if policy == "reachable_first":
        return _first_reachable(key, candidates, removed)
    if removed:
        candidates = [pair for pair in candidates if fingerprint(pair[1]) not in removed]
    if not candidates:
        return None
    if policy == "sticky_true":
        return _sticky(key, candidates)
    if policy == "union":
        return _union(key, candidates)
    return _pick(key, candidates, policy)


def _pick(key, candidates, policy, fullness=None):
    """Rank ``(profile, value)`` pairs one by one and return the best as :class:`Golden`."""
    if len(candidates) == 1:
        profile, value = candidates[0]
        by = _entry(profile, key).get("by")
        return Golden(value, profile["profile_id"], by if by in _CLASSES else "only")
    counts = {}
    if policy == "most_frequent":
        for _profile, value in candidates:
            counts[value] = counts.get(value, 0) + 1
    ranked = []
    for profile, value in candidates:
        entry = _entry(profile, key)
        at = entry.get("at") or profile["at"]
        if policy == "latest":
            marks = (at, profile["trust"])
        elif policy == "most_frequent":
            marks = (counts[value], profile["trust"], at)
        else:
            marks = (profile["trust"], fullness(value) if fullness else 0, at)
        ranked.append(((_CLASSES.get(entry.get("by"), 0), *marks, -profile["profile_id"]), profile, value))
    ranked.sort(key=_MARK, reverse=True)
    best_marks, best, value = ranked[0]
    rival = next((marks for marks, _profile, other in ranked if other != value), None)
    if rival is not None:
        reason = _reason(policy, best_marks, rival)
    else:
        reason = _CLASS_NAMES.get(best_marks[0]) or ("only" if len(ranked) == 1 else "agreed")
    return Golden(value, best["profile_id"], reason)


_MARK_REASONS = {
    "latest": ("latest", "most_trusted"),
    "most_frequent": ("most_frequent", "most_trusted", "latest"),
    "most_trusted": ("most_trusted", "most_complete", "latest"),
}


def _reason(policy, best, rival):
    if best[0] != rival[0]:
        return _CLASS_NAMES[best[0]]
    for name, ours, theirs in zip(_MARK_REASONS[policy], best[1:], rival[1:], strict=False):
        if ours != theirs:
            return name
    return "tie"


def _resolve_block(block, members, profiles, policy, removed, golden):
    """Take all members of a block from one profile."""
    candidates = []
    for profile in profiles:
        values = profile["values"]
        part = {key: values[key] for key in members if key in values and values[key]}
        if part:
            candidates.append((profile, part))
    if removed:
        candidates = [pair for pair in candidates if fingerprint(pair[1]) not in removed]
    fullness = None
    if block == "name":
        candidates = [(profile, part) for profile, part in candidates if _complete_name(part)]
        fullness = _name_fullness
    elif len(candidates) > 1:
        # A country alone is no address as long as somebody knows a street or a town.
        candidates = [pair for pair in candidates if "street" in pair[1] or "city" in pair[1]] or candidates
    if not candidates:
        return
    part, profile_id, reason = _pick(block, candidates, policy, fullness)
    for key, value in part.items():
        golden[key] = _new(Golden, (value, profile_id, reason))


def _complete_name(part):
    if "name" not in part:
        part["name"] = full_name(part)
    return part["name"]


def full_name(values):
    """Return the name of canonical values, put together from its parts where it is missing.

    >>> full_name({"given_name": "Anna", "family_name": "Koval"})
    'Anna Koval'
    """
    name = values.get("name")
    if name:
        return name
    parts = (values.get(key) for key in ("given_name", "middle_name", "family_name", "suffix"))
    return " ".join(part for part in parts if part)


def _name_fullness(part):
    """2 for two full words or more, 1 for one: "Anna Koval" says more than "A. Koval"."""
    return min(2, sum(len(word.rstrip(".")) > 1 for word in part["name"].split()))


def _first_reachable(key, candidates, removed):
    """Choose an e-mail address or a phone number: reachable before not, real before anything else."""
    ranked = []
    for profile, values in candidates:
        points = profile.get("points") or _NO_ENTRY
        meta = profile.get("meta")
        by, at = 0, profile["at"]
        if meta and key in meta:
            entry = meta[key]
            by, at = _CLASSES.get(entry.get("by"), 0), entry.get("at") or at
        own_others = by or profile.get("own") or profile.get("kind") in _GROUPS
        profile_id, trust, position = profile["profile_id"], profile["trust"], 0
        for value in values:
            kind, reachable = points.get(value) or (_UNREADABLE if key == "phones" and value[0] != "+" else _REAL)
            if kind == "real" or (own_others if kind in _OTHERS else kind not in _NEVER):
                if not removed or fingerprint(value) not in removed:
                    marks = (reachable, by, not position, trust, at, -profile_id, -position)
                    ranked.append((marks, profile_id, value))
                    # Only the first value was typed just now; the others are older.
                    by = 0
            position += 1
    if not ranked:
        return None
    best, profile_id, value = ranked[0] if len(ranked) == 1 else max(ranked, key=_MARK)
    rivals = len(ranked) > 1 and [marks for marks, _profile_id, other in ranked if other != value]
    if rivals:
        reason = _reachable_reason(best, max(rivals))
    else:
        reason = _CLASS_NAMES.get(best[1]) or ("only" if len(ranked) == 1 else "agreed")
    return Golden(value, profile_id, reason)


_REAL = ("real", True)
_UNREADABLE = ("real", False)


def _reachable_reason(best, rival):
    if best[0] != rival[0]:
        return "reachable"
    if best[1] != rival[1]:
        return _CLASS_NAMES[best[1]]
    if best[2:4] != rival[2:4]:
        return "most_trusted"
    return "latest" if best[4] != rival[4] else "tie"


def _sticky(key, candidates):
    """Set once in a profile, set for the guest; a person's word decides where there is one."""
    human = [pair for pair in candidates if _entry(pair[0], key).get("by") in _CLASSES]
    profile = min(human or candidates, key=lambda pair: pair[0]["profile_id"])[0]
    return Golden(True, profile["profile_id"], _entry(profile, key)["by"] if human else "sticky_true")


def _union(key, candidates):
    """Put lists or texts together, newest profile first, each item once."""
    items, seen = [], set()
    for _profile, value in candidates:
        for item in (value,) if isinstance(value, str) else value:
            mark = fingerprint(item)
            if mark not in seen:
                seen.add(mark)
                items.append(item)
    text = all(isinstance(item, str) for item in items)
    reason = "union" if len(candidates) > 1 else "only"
    return Golden("\n".join(items) if text else items, candidates[0][0]["profile_id"], reason)
