from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import ValidationError
from odoo.tools import SQL

from ...engine.visit.rating import get_score
from ...tools.arrays import pg_int_array
from ...tools.soft_many2one import SoftMany2one

# How long after the departure people write, and how many stays are proposed.
SUGGEST_DAYS = 30
SUGGEST_COUNT = 20
VISITS = ("stay_id", "check_id", "reservation_id")
"""What leads from a review to its guest; the first that is known counts."""


class HospitalityReview(models.Model):
    """What somebody has written about a visit on a portal or in a survey.

    It belongs to the guest of the stay, bill or table that its source refers to, or that a person has chosen; never
    to whoever bears the name under which it was written. ``score`` is the rating of 0 to 100, comparable over sources.
    """

    _name = "hospitality.review"
    _description = "Guest Review"
    _inherit = ["hospitality.visit"]
    _order = "at desc, id desc"
    _rec_name = "title"

    profile_id = fields.Many2one(string="Guest Profile", index="btree_not_null")
    partner_id = SoftMany2one(index=False)
    status = fields.Selection(
        [("published", "Published"), ("removed", "Removed in the Source")], required=True, default="published"
    )
    rating = fields.Float(aggregator=None)
    scale = fields.Float(string="Best Rating", default=5.0, aggregator=None)
    score = fields.Float(
        compute="_compute_score", store=True, precompute=True, aggregator="avg", help="The rating of 0 to 100."
    )
    has_rating = fields.Boolean(string="Rated", default=True)
    title = fields.Char()
    text = fields.Text()
    language = fields.Char()
    author = fields.Char(help="The name under which it was written. It identifies nobody.")
    url = fields.Char(string="Address")
    at = fields.Datetime(string="Written on", required=True, default=fields.Datetime.now)
    updated_at = fields.Datetime(string="Changed on")
    reply = fields.Text()
    replied_at = fields.Datetime(string="Replied on")
    stay_id = fields.Many2one("hospitality.stay", index="btree_not_null", ondelete="set null")
    check_id = fields.Many2one("hospitality.check", index="btree_not_null", ondelete="set null")
    reservation_id = fields.Many2one("hospitality.reservation", index="btree_not_null", ondelete="set null")
    linked_by = fields.Selection(
        [("reference", "The System"), ("person", "A Person")], string="Visit Named by", readonly=True
    )
    suggested_stay_ids = fields.Many2many(
        "hospitality.stay", compute="_compute_suggested_stay_ids", string="Stays That It May Be About"
    )

    _partner_at_idx = models.Index("(partner_id, at) WHERE partner_id IS NOT NULL")
    _property_at_idx = models.Index("(property_id, at)")
    _scale_positive = models.Constraint("CHECK (scale > 0)", "The best rating is above zero.")

    @api.depends("rating", "scale", "has_rating")
    def _compute_score(self):
        for review in self:
            review.score = get_score(review.rating if review.has_rating else None, review.scale or 5.0)

    @api.depends("title", "property_id", "at")
    def _compute_display_name(self):
        for review in self:
            review.display_name = review.title or self.env._(
                "%(property)s, %(day)s",
                property=review.property_id.name or "",
                day=fields.Date.to_string(review.at),
            )

    def _compute_suggested_stay_ids(self):
        """Propose the stays that ended shortly before a review without a guest was written, the latest first.

        Guests who speak its language come first. The name of the author is not looked at.
        """
        Stay = self.env["hospitality.stay"]
        for review in self:
            review.suggested_stay_ids = Stay
            if review.partner_id or not review.at:
                continue
            day = review.at.date()
            found = Stay.search(
                [
                    ("property_id", "=", review.property_id.id),
                    ("status", "in", ["in_house", "checked_out"]),
                    ("partner_id", "!=", False),
                    ("departure", ">=", day - timedelta(days=SUGGEST_DAYS)),
                    ("arrival", "<=", day),
                ],
                order="departure desc, id desc",
                limit=10 * SUGGEST_COUNT,
            )
            language = (review.language or "")[:2].lower()
            own = found.filtered_domain([("partner_id.lang", "=like", f"{language}%")]) if language else Stay
            review.suggested_stay_ids = (own + (found - own))[:SUGGEST_COUNT]

    @api.constrains("rating", "scale")
    def _check_rating(self):
        for review in self:
            if not 0 <= review.rating <= review.scale:
                raise ValidationError(
                    self.env._("A rating lies between 0 and the best rating, which is %s.", review.scale)
                )

    @api.model_create_multi
    def create(self, vals_list):
        return super().create([self._complete_visit(dict(vals), "reference") for vals in vals_list])

    def write(self, vals):
        """Whoever names the visit through the ORM is a person: a later delivery leaves it alone."""
        if not vals.keys().isdisjoint(VISITS) and "linked_by" not in vals:
            for review in self:
                super(HospitalityReview, review).write(review._complete_visit(dict(vals), "person"))
            return True
        return super().write(vals)

    def _complete_visit(self, vals, by):
        """Add the guest of the visit that values name, and who has named it."""
        named = {name: vals.get(name, self[name].id if self else False) for name in VISITS}
        if not any(named.values()):
            return {"linked_by": False, "profile_id": False, "partner_id": False, **vals} if self else vals
        vals.setdefault("linked_by", by)
        for name, id_ in named.items():
            visit = self.env[self._fields[name].comodel_name].browse(id_ or ())
            if visit.profile_id:
                vals |= {"profile_id": visit.profile_id.id, "partner_id": visit.partner_id.id}
                break
        return vals

    def action_open_source(self):
        """Show the review where it was written."""
        self.ensure_one()
        return {"type": "ir.actions.act_url", "url": self.url, "target": "new"}

    @api.model
    def _follow_visits(self, partner_ids):
        """Give reviews the guests of their visits, after something has changed about these guests.

        :return: ids of the reviews that have changed
        """
        rows = self.env.execute_query(
            SQL(
                """
                WITH seen AS (
                    SELECT r.id FROM hospitality_stay v JOIN hospitality_review r ON r.stay_id = v.id
                     WHERE v.partner_id = ANY(%(ids)s::int[])
                     UNION
                    SELECT r.id FROM hospitality_check v JOIN hospitality_review r ON r.check_id = v.id
                     WHERE v.partner_id = ANY(%(ids)s::int[])
                     UNION
                    SELECT r.id FROM hospitality_reservation v JOIN hospitality_review r ON r.reservation_id = v.id
                     WHERE v.partner_id = ANY(%(ids)s::int[])
                     UNION
                    SELECT id FROM hospitality_review WHERE partner_id = ANY(%(ids)s::int[]))
                UPDATE hospitality_review r SET profile_id = n.profile_id, partner_id = p.partner_id
                  FROM (SELECT r.id, coalesce(s.profile_id, k.profile_id, t.profile_id) AS profile_id
                          FROM seen JOIN hospitality_review r ON r.id = seen.id
                          LEFT JOIN hospitality_stay s ON s.id = r.stay_id
                          LEFT JOIN hospitality_check k ON k.id = r.check_id
                          LEFT JOIN hospitality_reservation t ON t.id = r.reservation_id
                         WHERE coalesce(r.stay_id, r.check_id, r.reservation_id) IS NOT NULL) AS n
                  LEFT JOIN hospitality_profile p ON p.id = n.profile_id
                 WHERE r.id = n.id AND r.profile_id IS DISTINCT FROM n.profile_id
                RETURNING r.id
                """,
                ids=pg_int_array(partner_ids),
            )
        )
        self.invalidate_model(["profile_id", "partner_id"], flush=False)
        return [row[0] for row in rows]
