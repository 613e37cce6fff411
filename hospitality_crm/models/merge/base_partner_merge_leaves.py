"""The base methods of the core's merge give way while a merge of guests runs.

They stand below the overrides of every addon, wherever it was loaded, so nothing short of the class
itself is below them all. Without a plan in the context they are what they were.
"""

from functools import wraps

from odoo.addons.base.wizard.base_partner_merge import BasePartnerMergeAutomaticWizard

PLAN = "hospitality_merge_plan"


def _give_way(name, action=None):
    original = getattr(BasePartnerMergeAutomaticWizard, name)
    if hasattr(original, "hospitality_original"):
        return

    @wraps(original)
    def method(self, *args, **kwargs):
        plan = self.env.context.get(PLAN)
        if plan is None:
            return original(self, *args, **kwargs)
        return action(self, plan, *args, **kwargs) if action else None

    method.hospitality_original = original
    setattr(BasePartnerMergeAutomaticWizard, name, method)


def _move_rows(self, plan, model, src_records, dst_record):
    if model == "res.partner":
        self.env.flush_all()
        self.env["hospitality.merge"]._move_rows(plan)
        self.env.invalidate_all(flush=False)
        return None
    # Doubles below a contact (bank accounts, by another addon) follow the core; their rows are journalled as changed.
    wizard = self.with_context(**{PLAN: None})
    return wizard._update_foreign_keys_generic(model, src_records, dst_record)


def _keep_references(self, plan, model, src_records, dst_record, additional_update_records=None):
    if model == "res.partner":
        return None
    wizard = self.with_context(**{PLAN: None})
    return wizard._update_reference_fields_generic(model, src_records, dst_record, additional_update_records)


_give_way("_update_foreign_keys_generic", _move_rows)
_give_way("_update_reference_fields_generic", _keep_references)
_give_way("_update_values")
_give_way("_merge_bank_accounts")
