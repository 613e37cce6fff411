from datetime import datetime, timezone

from odoo import api, fields, models
from odoo.tools import SQL, format_date, format_datetime

from ...engine import survivorship
from ..guest.golden_fields import COLUMNS

# So many records are looked through for a guest about whom sources disagree.
LOOKED_AT = 20_000


class HospitalitySurvivorshipPolicy(models.Model):
    """What the rules on the screen would make of one guest, before they are saved."""

    _inherit = "hospitality.survivorship.policy"

    preview_partner_id = fields.Many2one(
        "res.partner",
        string="Try on a Guest",
        compute="_compute_preview_partner_id",
        readonly=False,
        domain=[("is_guest", "=", True)],
    )
    preview = fields.Html(compute="_compute_preview", sanitize=False)

    @api.depends("field")
    def _compute_preview_partner_id(self):
        for policy in self:
            policy.preview_partner_id = policy._find_example() if len(self) == 1 else False

    def _find_example(self):
        """Return a guest about whom sources disagree in this field."""
        names = list(survivorship.BLOCKS.get(self.field, (self.field,)))
        rows = self.env.execute_query(
            SQL(
                """SELECT partner_id FROM (
                       SELECT partner_id, values FROM hospitality_profile
                        WHERE state = 'live' AND values ?| %(names)s::text[] ORDER BY id DESC LIMIT %(most)s) AS p
                    GROUP BY partner_id
                   HAVING count(DISTINCT (SELECT jsonb_agg(values -> name) FROM unnest(%(names)s::text[]) AS name)) > 1
                    ORDER BY count(*) DESC, partner_id LIMIT 20""",
                names=names,
                most=LOOKED_AT,
            )
        )
        # The first one that the user may see.
        return self.env["res.partner"].search([("id", "in", [row[0] for row in rows])], limit=1)

    @api.depends("field", "policy", "order_ids.sequence", "order_ids.source_id", "preview_partner_id")
    @api.depends_context("lang", "uid")
    def _compute_preview(self):
        for policy in self:
            guest = policy.preview_partner_id._origin
            policy.preview = (
                guest
                and policy.field
                and self.env["ir.qweb"]._render("hospitality_crm.survivorship_preview", policy._get_preview(guest))
            )

    def _get_preview(self, guest):
        """Return what the saved rules make of a guest, and what those on the screen would.

        :return: dict with ``rows``: list of ``{"label", "now", "then", "changed"}``, where *now* and *then* are
            ``{"value", "source", "reason"}``; ``says``: list of ``{"source", "at", "value"}``, what each record says
        :raise AccessError: when the user may not read the guest or his source profiles
        """
        self.ensure_one()
        guest.check_access("read")
        Profile = self.env["hospitality.profile"]
        Profile.check_access("read")
        profiles = guest._load_golden_profiles(guest.ids).get(guest.id, [])
        sources = {
            profile.id: profile.source_id.sudo().name  # the name alone
            for profile in Profile.browse([profile["profile_id"] for profile in profiles])
        }
        policies, orders = self._get_rules()
        key = self.field
        order = [source.id for source in self.order_ids.sorted("sequence").source_id._origin]
        tried = (
            {**(policies or {}), key: self.policy},
            {**(orders or {}), key: {source_id: place for place, source_id in enumerate(order)}},
        )
        goldens = [survivorship.resolve(profiles, *rules) for rules in ((policies, orders), tried)]
        references = guest._get_golden_references(goldens)
        shown = [guest._get_golden_columns(golden, references) for golden in goldens]
        reasons = guest._get_reason_texts()
        rows = []
        for member in survivorship.BLOCKS.get(key, (key,)):
            column = COLUMNS.get("language" if member == "lang" else member)
            if not column or not any(column in columns for columns in shown):
                continue
            sides = []
            for golden, columns in zip(goldens, shown, strict=True):
                found = golden.get(survivorship.GOLDEN_KEYS.get(member, member)) if column in columns else None
                sides.append(
                    {
                        "value": self._show_value(guest._fields[column], columns.get(column)),
                        "source": sources[found.profile_id] if found else "",
                        "reason": reasons[found.reason] if found else "",
                    }
                )
            now, then = sides
            label = guest._fields[column]._description_string(self.env)
            rows.append({"label": label, "now": now, "then": then, "changed": now["value"] != then["value"]})
        return {"rows": rows, "says": self._get_sayings(key, profiles, sources)}

    @api.model
    def _get_sayings(self, key, profiles, sources):
        says = []
        for profile in sorted(profiles, key=lambda profile: -profile["at"]):
            values = [profile["values"].get(member) for member in survivorship.BLOCKS.get(key, (key,))]
            texts = [", ".join(value) if isinstance(value, list) else str(value) for value in values if value]
            if key == "birthdate":
                texts = [self._show_date(value) for value in texts]
            if texts:
                at = datetime.fromtimestamp(profile["at"], timezone.utc).replace(tzinfo=None)
                says.append(
                    {
                        "source": sources[profile["profile_id"]],
                        "at": format_datetime(self.env, at, dt_format="short"),
                        "value": ", ".join(texts),
                    }
                )
        return says

    @api.model
    def _show_date(self, text):
        try:
            return format_date(self.env, text)
        except ValueError:
            return text

    @api.model
    def _show_value(self, field, value):
        if not value:
            return ""
        if field.type == "many2one":
            return self.env[field.comodel_name].browse(value).display_name
        if field.type == "selection":
            return dict(field._description_selection(self.env)).get(value, value)
        if field.name == COLUMNS["language"]:
            return self.env["hospitality.guest.facts"]._get_language_name(value)
        return format_date(self.env, value) if field.type == "date" else str(value)
