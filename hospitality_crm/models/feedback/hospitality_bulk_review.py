import json

from odoo import api, models
from odoo.tools import SQL

from ...tools.arrays import pg_int_array
from .hospitality_review import VISITS

PERSONAL = ("title", "text", "author", "url", "reply")


class HospitalityBulkReview(models.AbstractModel):
    """Reviews of a batch, linked to the guests of the visits that they refer to."""

    _name = "hospitality.bulk.review"
    _description = "Bulk writes of reviews"

    @api.model
    def _attach(self, batch, items):
        """Give reviews the guest of the visit that they name; forget what is written about an erased one."""
        for item in items:
            row = item.row
            for name in VISITS:
                reference = name.removesuffix("_id")
                if reference in item.event:
                    row["linked_by"] = "reference"
                    _id, profile_id, partner_id = batch.reference(reference, item.event[reference])
                    if profile_id and not row.get("profile_id"):
                        row |= {"profile_id": profile_id, "partner_id": partner_id}
        profile_ids = {item.row["profile_id"] for item in items if item.row.get("profile_id")}
        if not profile_ids:
            return
        rows = self.env.execute_query(
            SQL(
                "SELECT id FROM hospitality_profile WHERE state = 'anonymised' AND id = ANY(%s::int[])",
                pg_int_array(sorted(profile_ids)),
            )
        )
        erased = {row[0] for row in rows}
        for item in items:
            if item.row.get("profile_id") in erased:
                for name in PERSONAL:
                    item.row.pop(name, None)
                item.row["warnings"] = json.dumps(["anonymised"])
                item.message.warnings.append("anonymised")

    @api.model
    def _forget(self, profile_ids):
        """Empty what anonymised profiles have written in their source."""
        self.env.cr.execute(
            SQL(
                "UPDATE hospitality_review r SET %s FROM hospitality_profile p"
                " WHERE p.id = ANY(%s::int[]) AND r.profile_id = p.id AND r.source_id = p.source_id",
                SQL(", ").join(SQL("%s = NULL", SQL.identifier(name)) for name in PERSONAL),
                pg_int_array(sorted(profile_ids)),
            )
        )
        self.env["hospitality.review"].invalidate_model(flush=False)
