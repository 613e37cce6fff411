"""Who has overridden a method: what is left out for speed must not silently switch off another addon."""

STOCK = frozenset({"base", "mail", "link_tracker", "mass_mailing", "mass_mailing_sms", "hospitality_crm"})
"""Addons whose overrides the fast way to send mails takes over, or doesn't need."""


def find_overriding(model, method, known=STOCK):
    """Return the names of the addons that override a method of a model, except known ones.

    Classes outside of addons (of the framework) don't count.

    :param model: recordset
    """
    own, *bases = type(model).__mro__
    found = {_addon_of(cls) for cls in bases if method in vars(cls)} - known - {None}
    if method in vars(own):
        found.add("a patch")  # set on the class of the registry, e.g. by base_automation
    return found


def find_class(model, method, addon):
    """Return the class of an addon that implements a method of a model, None when it has none."""
    return next((c for c in type(model).__mro__ if method in vars(c) and _addon_of(c) == addon), None)


def is_next(model, own_class, method, addon):
    """Whether the next implementation that ``super()`` would call is an addon's own one."""
    mro = type(model).__mro__
    following = (cls for cls in mro[mro.index(own_class) + 1 :] if method in vars(cls))
    return _addon_of(next(following, None)) == addon


def _addon_of(cls):
    """Return the name of the addon that a class belongs to, None for a class of the framework."""
    parts = getattr(cls, "__module__", "").split(".")
    return parts[2] if parts[:2] == ["odoo", "addons"] else None
