"""Which of the memberships that sources tell of a guest is the one to show."""


def choose(profiles, programme):
    """Return tier and number of a guest, None where there is none.

    What staff have entered for the house's programme outranks all, also when it says that he has none; then come the
    house's programme as sources tell it, and any other, the latest news first.

    :param profiles: dicts with ``id``, ``memberships`` (list of dicts ``program level number``), ``is_staff`` (entered
        here), ``is_live`` (not outdone by another record of its source) and ``seen_at``
    :param str programme: code of the house's programme

    >>> pms = {"id": 1, "seen_at": "2026-02-01", "is_live": True, "is_staff": False}
    >>> pms["memberships"] = [{"program": "Miles", "level": "Blue"}, {"program": "HOUSE", "level": "Gold"}]
    >>> choose([pms], "HOUSE")
    ('Gold', None)
    >>> choose([pms, {**pms, "id": 2, "is_staff": True, "memberships": [{"program": "HOUSE"}]}], "HOUSE")
    (None, None)
    """
    ranked = [
        ((profile["is_live"], profile["is_staff"] and is_own, is_own, str(profile["seen_at"]), profile["id"]), entry)
        for profile in profiles
        for entry in profile["memberships"] or ()
        for is_own in [entry.get("program") == programme]
    ]
    if not ranked:
        return None, None
    entry = max(ranked, key=lambda one: one[0])[1]
    return entry.get("level") or None, entry.get("number") or None
