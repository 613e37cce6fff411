from odoo import api, fields, models
from odoo.fields import Domain

from ..card.guest_subject import GuestSubject
from ..card.hospitality_guest_tabs import NEWEST


def _merged_into(partner_ids):
    # Who was merged into a guest that was himself merged into this one belongs to this one, too.
    return Domain("merge_id.winner_id", "in", partner_ids) | Domain(
        "merge_id.winner_id.merged_into_id", "in", partner_ids
    )


class HospitalityGuestTabs(models.AbstractModel):
    _inherit = "hospitality.guest.tabs"

    @api.model
    def _get_tabs(self):
        return {**super()._get_tabs(), "merges": ("tab_merges",)}

    @api.model
    def _get_subjects(self):
        return {
            **super()._get_subjects(),
            "tab_merges": GuestSubject(
                model="hospitality.merge.loser",
                guest_domain=_merged_into,
                order="id desc",
                columns={
                    "merge_id": "merge_id",
                    "partner_id": "partner_id",
                    "name": "partner_id.name",
                    "into": "merge_id.winner_id.name",
                    "state": "state",
                    "merged_at": "merge_id.merged_at",
                    "undo_until": "merge_id.undo_until",
                    "automatic": "merge_id.automatic",
                    "reason": "merge_id.reason",
                },
                **NEWEST,
            ),
        }

    @api.model
    def _show_tab_merges(self, rows, partner_id):
        now = fields.Datetime.to_string(fields.Datetime.now())
        labels = self._get_labels("hospitality.merge.loser", "state")
        may_undo = self.env.user.has_group("hospitality_crm.group_hospitality_manager")
        for row in rows:
            until = str(row.pop("undo_until") or "")[:19].replace("T", " ")
            row["state_label"] = labels.get(row["state"], row["state"])
            row["merged_at"] = str(row["merged_at"] or "")[:19].replace("T", " ")
            row["can_undo"] = may_undo and row["state"] == "done" and (not until or until >= now)
        return rows
