from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL, verify_hash_signed


class ResPartner(models.Model):
    """The pointer from a contact that was merged away to the one it became."""

    _inherit = "res.partner"

    merged_into_id = fields.Many2one(
        "res.partner",
        string="Merged into",
        readonly=True,
        copy=False,
        ondelete="restrict",
        help="The contact was merged into this one; what may not be changed by law stays here.",
    )
    guest_restricted = fields.Boolean(
        string="Processing Restricted",
        copy=False,
        groups="hospitality_crm.group_hospitality_base",
        help="The data may be kept but not used otherwise: the guest is not merged.",
    )
    merged_target_id = fields.Many2one("res.partner", string="Now", compute="_compute_merged_target_id")

    @api.depends("merged_into_id")
    def _compute_merged_target_id(self):
        targets = self.filtered("merged_into_id")._get_merged_targets()
        for partner in self:
            partner.merged_target_id = targets.get(partner.id, False)

    def _get_merged_targets(self):
        """Return whom each contact has become at last: ``{id: id}``, himself where nobody merged him away."""
        targets = {partner_id: partner_id for partner_id in self.ids}
        if not targets:
            return targets
        self.env["res.partner"].flush_model(["merged_into_id"])
        targets.update(
            self.env.execute_query(
                SQL(
                    """WITH RECURSIVE chain AS (
                           SELECT id AS origin, id, merged_into_id FROM res_partner
                            WHERE id = ANY(%s) AND merged_into_id IS NOT NULL
                            UNION
                           SELECT c.origin, p.id, p.merged_into_id
                             FROM chain c JOIN res_partner p ON p.id = c.merged_into_id)
                       SELECT origin, id FROM chain WHERE merged_into_id IS NULL""",
                    list(targets),
                )
            )
        )
        return targets

    def _get_merged_target(self):
        """Return the contact that each of these has become, following every merge since; without doubles."""
        targets = self._get_merged_targets()
        return self.browse(dict.fromkeys(targets[partner_id] for partner_id in self.ids))

    def _get_merged_chain(self):
        """Return the ids of this contact and of those it was merged into one after the other."""
        self.ensure_one()
        rows = self.env.execute_query(
            SQL(
                """WITH RECURSIVE chain AS (
                       SELECT id, merged_into_id, 0 AS depth FROM res_partner WHERE id = %s
                        UNION ALL
                       SELECT p.id, p.merged_into_id, c.depth + 1
                         FROM chain c JOIN res_partner p ON p.id = c.merged_into_id)
                   SELECT id FROM chain ORDER BY depth""",
                self.id,
            )
        )
        return [row[0] for row in rows]

    def _get_merged_family(self):
        """Return these contacts and all that were merged into them, directly or through others.

        Rows that may not be changed by law stay with the archived ones: who shows a guest's
        invoices or orders searches for the whole family.
        """
        if not self.ids:
            return self
        rows = self.env.execute_query(
            SQL(
                """WITH RECURSIVE family AS (
                       SELECT unnest(%s) AS id
                        UNION
                       SELECT p.id FROM family f JOIN res_partner p ON p.merged_into_id = f.id)
                   SELECT id FROM family""",
                self.ids,
            )
        )
        return self.browse(sorted(row[0] for row in rows))

    def _filter_guests(self):
        """Return those of these contacts that are guests, were merged before, or are known to a source system."""
        profiles = self.env["hospitality.profile"].sudo()  # whether there is one, whoever merges
        odoo = profiles._default_source_id()
        known = profiles.search([("partner_id", "in", self.ids), ("source_id", "!=", odoo.id)]).partner_id
        return self.filtered(lambda partner: partner.is_guest or partner.merged_into_id or partner in known)

    def _merge_guests(self, losers, values=None, reason=None, match_ids=()):
        """Merge other contacts into this one.

        :param losers: ``res.partner``
        :param dict values: field -> id of the profile whose value wins, or the value itself
        :param str reason: why, for people
        :param match_ids: ids of the matches that led here
        :return: ``hospitality.merge``
        :raise UserError: says why the contacts can't be merged
        """
        self.ensure_one()
        options = {"values": values or {}, "reason": reason, "matches": list(match_ids)}
        return self.env["hospitality.merge"]._merge_groups([(self.id, losers.ids, options)])

    def write(self, vals):
        if vals.get("active"):
            merged = self.filtered("merged_into_id")
            if merged:
                raise UserError(
                    self.env._(
                        "%(guest)s was merged into %(winner)s. Take the merge back instead of restoring the contact.",
                        guest=merged[0].display_name,
                        winner=merged[0].merged_into_id.display_name,
                    )
                )
        return super().write(vals)

    def _get_partner_from_token(self, token):
        """Let a sign-up or password link of a contact that was merged away lead to the winner.

        It stays valid only as long as the logins are those that it was made for.
        """
        payload = verify_hash_signed(self.sudo().env, "signup", token)  # the key of the database is no user's
        partner = self.browse(payload[0]).exists() if payload else self.browse()
        target = partner._get_merged_target()
        if target == partner:
            return super()._get_partner_from_token(token)
        _partner_id, user_ids, login_date, signup_type = payload
        valid = (
            target._get_login_date() == login_date
            and target.user_ids.ids == user_ids
            and partner.signup_type == signup_type
        )
        return target if valid else None

    def action_open_merged_target(self):
        """Open the contact that this one has become."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "res_model": "res.partner",
            "res_id": self._get_merged_target().id,
            "view_mode": "form",
            "views": [(False, "form")],
        }
