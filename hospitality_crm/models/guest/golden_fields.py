"""Where each canonical guest value lives on ``res.partner``: the only place that says so."""

from odoo.tools import email_normalize_all

from ...engine import survivorship

# Canonical key -> column of res.partner. ``lang`` fills two: Odoo's own, which knows installed
# languages only, and (under the name ``language``) the one that the guest speaks. ``suffix`` is
# part of the name; ``vip``, ``notes`` and ``memberships`` live on the profiles alone.
COLUMNS = {
    "name": "name",
    "salutation": "guest_salutation",
    "given_name": "guest_given_name",
    "middle_name": "guest_middle_name",
    "family_name": "guest_family_name",
    "local_name": "guest_local_name",
    "gender": "guest_gender",
    "birthdate": "guest_birthdate",
    "nationality": "guest_nationality_id",
    "lang": "lang",
    "language": "guest_language",
    "emails": "email",
    "phones": "phone",
    "street": "street",
    "street2": "street2",
    "zip": "zip",
    "city": "city",
    "state": "state_id",
    "country": "country_id",
    "company_name": "company_name",
    "vat": "vat",
}
KEYS = {column: key for key, column in COLUMNS.items()} | {COLUMNS["language"]: "lang"}
BLOCK_OF = {key: block for block, members in survivorship.BLOCKS.items() for key in members}
ADDRESS_COLUMNS = frozenset(COLUMNS[key] for key in survivorship.BLOCKS["address"])
# Never made blank: a contact needs a name, and nobody's language becomes unknown.
KEPT_COLUMNS = frozenset({"name", "lang"})
# A contact keeps so many older e-mail addresses or numbers that were typed into it.
MAX_OLDER = 10
# What the law keeps as it was invoiced.
INVOICED_COLUMNS = ADDRESS_COLUMNS | {"name", "vat", "company_name"}


def canonical_values(row):
    """Turn columns of a contact into canonical values (not cleaned yet).

    :param dict row: values by column name; many2one columns carry the ISO code of the country
        and the code of the state, dates may be date objects
    """
    values = {}
    for column, value in row.items():
        key = KEYS.get(column)
        if not key or not value:
            continue
        if key == "emails":
            value = email_normalize_all(value) or [value]
        elif key == "phones":
            value = [value]
        elif key == "lang":
            if column == "lang" and row.get(COLUMNS["language"]):
                continue
            value = value.partition("@")[0].replace("_", "-")
        elif key == "birthdate":
            value = str(value)
        values[key] = value
    return values


def record_typed(values, meta, before, after, entry, known):
    """Record in an ``odoo`` profile what somebody typed into a contact, in place.

    A member of a block brings its whole block. A new e-mail address or number goes before the
    ones known so far. Where the field was emptied, the values that are known become rejected.

    :param dict values: canonical values of the profile
    :param dict meta: its ``meta``
    :param dict before: clean canonical values of the changed keys (and blocks) before
    :param dict after: the same after
    :param dict entry: who and when: ``{"by", "at", "uid"}``
    :param known: callable that returns the values of a key or block in all live profiles
    """
    for group in sorted({BLOCK_OF.get(key, key) for key in before.keys() | after.keys()}):
        members = survivorship.BLOCKS.get(group, (group,))
        was = {key: before[key] for key in members if before.get(key)}
        now = {key: after[key] for key in members if after.get(key)}
        if was == now:
            continue
        rejects = set((meta.get(group) or {}).get("rejects") or ())
        if group in survivorship.GOLDEN_KEYS:
            typed = now.get(group, [])
            older = [value for value in values.get(group, []) if value not in typed]
            values[group] = (typed + older)[:MAX_OLDER]
            rejects -= {survivorship.fingerprint(value) for value in typed}
        else:
            for key in members:
                values.pop(key, None)
            values.update(now)
            rejects.discard(survivorship.fingerprint(now if group in survivorship.BLOCKS else now.get(group)))
        if not now:
            rejects.update(survivorship.fingerprint(value) for value in [*known(group), *_items(group, was)])
        meta[group] = {**entry, "rejects": sorted(rejects)} if rejects else entry


def _items(group, part):
    """Return the single values of a key or block as ``rejects`` counts them."""
    if group in survivorship.BLOCKS:
        return [part] if part else []
    value = part.get(group)
    return list(value) if isinstance(value, (list, tuple)) else [value] if value else []


def known_items(group, values):
    """Return the single values of a key or block in one profile's canonical values."""
    members = survivorship.BLOCKS.get(group, (group,))
    return _items(group, {key: values[key] for key in members if values.get(key)})
