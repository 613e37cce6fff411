from contextlib import contextmanager

from odoo import api, fields, models, tools
from odoo.exceptions import ValidationError
from odoo.tools import SQL

from ...engine import survivorship
from ..guest.golden_fields import COLUMNS

# What stands on a contact. The other keys live on the profiles alone, and nobody reads their golden value.
DECIDED = tuple(key for key in survivorship.POLICIES if key in survivorship.BLOCKS or key in COLUMNS)


class HospitalitySurvivorshipPolicy(models.Model):
    """How it is decided which value of a golden field survives when the sources of a guest disagree.

    One row per field or group of fields, the same for all companies. What staff or the guest typed comes
    before every policy. A change is applied to all guests in the background, see
    ``hospitality.survivorship.range``.
    """

    _name = "hospitality.survivorship.policy"
    _description = "Policy for Golden Values"
    _inherit = ["hospitality.cached"]
    _order = "sequence, id"
    _rec_name = "field"

    sequence = fields.Integer(required=True, readonly=True)
    field = fields.Selection(selection="_select_field", required=True, readonly=True)
    policy = fields.Selection(
        [
            ("most_trusted", "Most Trusted Source"),
            ("latest", "Latest"),
            ("most_frequent", "Said by Most Sources"),
            ("reachable_first", "Reachable First"),
        ],
        required=True,
        help="Most trusted source: the one highest in the order below, then the one with the highest trust. "
        "Latest: what was said last. Said by most sources: the value that most records agree on. Reachable first: "
        "an address that messages arrive at comes before one that bounces.",
    )
    choices = fields.Json(compute="_compute_choices")
    order_ids = fields.One2many(
        "hospitality.survivorship.order",
        "policy_id",
        string="Order of Trust",
        help="Sources that are trusted most for this field, the first one most of all. The others come after them, by "
        "their general trust.",
    )
    order_text = fields.Char(string="Sources Trusted First", compute="_compute_order_text")
    is_default = fields.Boolean(string="As Delivered", compute="_compute_is_default")
    progress = fields.Integer(
        compute="_compute_progress",
        help="How many of the guests have been decided anew since the last change, in percent.",
    )
    is_running = fields.Boolean(compute="_compute_progress")

    _field_uniq = models.Constraint("UNIQUE (field)", "There is a policy for this field already.")

    @api.model
    def _select_field(self):
        return [
            ("name", self.env._("Name")),
            ("salutation", self.env._("Form of Address")),
            ("local_name", self.env._("Name in Local Script")),
            ("gender", self.env._("Gender")),
            ("birthdate", self.env._("Birth Date")),
            ("nationality", self.env._("Nationality")),
            ("lang", self.env._("Language")),
            ("emails", self.env._("E-mail")),
            ("phones", self.env._("Phone")),
            ("address", self.env._("Address")),
            ("company_name", self.env._("Company Name")),
            ("vat", self.env._("Tax ID")),
        ]

    @api.depends("field")
    @api.depends_context("lang")
    def _compute_display_name(self):
        labels = dict(self._select_field())
        for policy in self:
            policy.display_name = labels.get(policy.field)

    @api.depends("field")
    def _compute_choices(self):
        for policy in self:
            policy.choices = list(survivorship.CHOICES.get(policy.field, ()))

    @api.depends("order_ids.sequence", "order_ids.source_id")
    def _compute_order_text(self):
        for policy in self:
            policy.order_text = ", ".join(policy.order_ids.sorted("sequence").source_id.mapped("name"))

    @api.depends("field", "policy", "order_ids")
    def _compute_is_default(self):
        for policy in self:
            policy.is_default = policy.policy == survivorship.POLICIES.get(policy.field) and not policy.order_ids

    def _compute_progress(self):
        shares = self.env["hospitality.survivorship.range"]._get_progress()
        for policy in self:
            share = min((shares[key] for key in (policy.field, None) if key in shares), default=None)
            policy.is_running = share is not None
            policy.progress = 100 if share is None else share

    @api.constrains("field", "policy")
    def _check_policy(self):
        for policy in self:
            if policy.policy not in survivorship.CHOICES.get(policy.field, ()):
                raise ValidationError(
                    self.env._(
                        "“%(policy)s” can't decide about “%(field)s”. Choose one of: %(choices)s.",
                        policy=self._get_policy_label(policy.policy),
                        field=policy.display_name,
                        choices=", ".join(
                            self._get_policy_label(choice) for choice in survivorship.CHOICES.get(policy.field, ())
                        ),
                    )
                )

    @api.model
    def _get_policy_label(self, code):
        return dict(self._fields["policy"]._description_selection(self.env)).get(code, code)

    @api.model
    def _seed(self):
        """Create the rows that are missing, as the engine decides by itself; those that exist stay as they are."""
        door = self.sudo()  # called when the addon is installed or updated
        known = {key for (key,) in door._read_group([], ["field"])}
        door.create(
            [
                {"field": key, "policy": survivorship.POLICIES[key], "sequence": place}
                for place, key in enumerate(DECIDED, 1)
                if key not in known
            ]
        )

    # -- rules ---------------------------------------------------------------------------------

    @api.model
    @tools.ormcache()
    def _get_rules(self):
        """Return what the policies say in the form that ``engine.survivorship.resolve`` takes.

        :return: ``(policies, orders)``, each None where nothing differs from what the engine does by itself
        """
        return self._read_rules()

    @api.model
    def _read_rules(self):
        self.flush_model()
        self.env["hospitality.survivorship.order"].flush_model()
        rows = self.env.execute_query(
            SQL(
                """SELECT p.field, p.policy, array_agg(o.source_id ORDER BY o.sequence, o.id)
                     FROM hospitality_survivorship_policy p
                     LEFT JOIN hospitality_survivorship_order o ON o.policy_id = p.id
                    GROUP BY p.id"""
            )
        )
        policies = {key: policy for key, policy, _order in rows if survivorship.POLICIES.get(key) != policy}
        orders = {
            key: {source_id: place for place, source_id in enumerate(order)} for key, _policy, order in rows if order[0]
        }
        return policies or None, orders or None

    @contextmanager
    def _follow_rules(self):
        """Have guests decided anew where the rules have changed when the block ends."""
        if self.env.context.get("hospitality_rules_followed"):
            yield
            return
        before = self._read_rules()
        yield
        self._forget_rules()
        after = self._read_rules()
        changed = {
            key
            for was, now in zip(before, after, strict=True)
            for key in {*(was or ()), *(now or ())}
            if (was or {}).get(key) != (now or {}).get(key)
        }
        if changed:
            self.env["hospitality.survivorship.range"]._queue(sorted(changed))

    @api.model
    def _forget_rules(self):
        registry = self.env.registry
        registry.clear_cache()
        # Another thread may have read the old ones again before this transaction is committed.
        self.env.cr.postcommit.add(registry.clear_cache)

    @api.model_create_multi
    def create(self, vals_list):
        with self._follow_rules():
            return super(HospitalitySurvivorshipPolicy, self.with_context(hospitality_rules_followed=True)).create(
                vals_list
            )

    def write(self, vals):
        with self._follow_rules():
            return super(HospitalitySurvivorshipPolicy, self.with_context(hospitality_rules_followed=True)).write(vals)

    def action_reset(self):
        """Go back to what the policy of the field was when the addon was installed."""
        for policy in self:
            policy.write({"policy": survivorship.POLICIES[policy.field], "order_ids": [fields.Command.clear()]})
        return True
