from odoo import api, models, tools

# Overrides that the set-wise path knows and does itself: addon -> methods.
KNOWN_OVERRIDES = {
    "base": None,
    "hospitality_crm": None,
    "mail": {"_log_merge_operation"},
    "account": {"_get_summable_fields", "_update_reference_fields"},
    "loyalty": {"_update_foreign_keys", "_merge_loyalty_cards"},
    "website": {"_update_foreign_keys"},
}
HOOKS = (
    "_merge",
    "_merge_bank_accounts",
    "_merge_loyalty_cards",
    "_update_foreign_keys",
    "_update_foreign_keys_generic",
    "_update_reference_fields",
    "_update_reference_fields_generic",
    "_update_values",
    "_log_merge_operation",
)


class BasePartnerMergeAutomaticWizard(models.TransientModel):
    """The core's merge of contacts goes our way as soon as a guest is among them."""

    _inherit = "base.partner.merge.automatic.wizard"

    @api.model
    @tools.ormcache(cache="stable")
    def _get_unknown_overrides(self):
        """Return the overrides of merge methods by addons that the set-wise path knows nothing of.

        :return: list of ``(addon, method)``
        """
        unknown = []
        for cls in type(self).__mro__:
            addon = _get_addon(cls)
            known = KNOWN_OVERRIDES.get(addon, ())
            if addon and known is not None:
                unknown += [(addon, name) for name in HOOKS if name in vars(cls) and name not in known]
        return unknown

    def _merge(self, partner_ids, dst_partner=None, extra_checks=True):
        """Merge guests the reversible way; contacts that are no guests go the way of the core."""
        partners = self.env["res.partner"].browse(partner_ids).exists()
        if len(partners) < 2 or not partners._filter_guests():
            return super()._merge(partner_ids, dst_partner=dst_partner, extra_checks=extra_checks)
        if not dst_partner or dst_partner not in partners:
            dst_partner = self._get_ordered_partner(partners.ids)[-1]
        dst_partner._merge_guests(partners - dst_partner, reason=self.env._("Merge of contacts"))
        return None


def _get_addon(cls):
    """Return the addon that a class was written in, None for classes that the registry builds."""
    parts = cls.__module__.split(".")
    return parts[2] if parts[:2] == ["odoo", "addons"] and len(parts) > 2 else None
