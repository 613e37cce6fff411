import logging

from dateutil.relativedelta import relativedelta

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL
from odoo.tools.misc import split_every

_logger = logging.getLogger(__name__)

DATA_CLASSES = [
    ("guest", "Guests without Contact"),
    ("document", "Identity Documents"),
    ("stay", "Persons on Stays"),
    ("message", "Messages of Guests"),
    ("decision", "Details of Decisions on Messages"),
    ("log", "Reasons in the Access Log"),
    ("server_log", "Server Log in the Database"),
]
SAMPLE = 20
#: Rows that are treated in one transaction; guests are searched for in every table.
BATCH = {"guest": 20}
DEFAULT_BATCH = 500


class HospitalityRetentionRule(models.Model):
    """How long a company keeps a class of data, why, and what happens then.

    Each class has two methods: ``_get_due_<class>(cutoff)`` returns the query of what is due, ``_treat_<class>(ids)``
    carries it out. A dry run counts and shows what a job would do at night. Nothing is treated of a guest with a legal
    hold. A shared guest falls under the company with the longest term, and under none as long as he has visited one
    that has no rule.
    """

    _name = "hospitality.retention.rule"
    _description = "Retention Rule"
    _order = "company_id, data_class, id"
    _rec_name = "data_class"

    company_id = fields.Many2one("res.company", required=True, index=True, default=lambda self: self.env.company)
    data_class = fields.Selection(DATA_CLASSES, string="Data", required=True)
    term = fields.Integer(required=True, default=3)
    unit = fields.Selection(
        [("days", "Days"), ("months", "Months"), ("years", "Years")], required=True, default="years"
    )
    document_days = fields.Integer(related="company_id.hospitality_document_days", readonly=False)
    term_text = fields.Char(string="Kept for", compute="_compute_term_text")
    basis = fields.Text(required=True, help="Why so long and not longer: law, claims, legitimate interest.")
    active = fields.Boolean(default=True)
    last_run = fields.Datetime(readonly=True, copy=False)
    last_count = fields.Integer(string="Treated Then", readonly=True, copy=False)

    _term_positive = models.Constraint("CHECK (term > 0)", "The term is at least one day, month or year.")
    _class_uniq = models.UniqueIndex("(company_id, data_class) WHERE active", "A company has one rule for each class.")

    @api.depends("term", "unit", "data_class", "document_days")
    @api.depends_context("lang")
    def _compute_term_text(self):
        units = dict(self._fields["unit"]._description_selection(self.env))
        for rule in self:
            if rule.data_class == "document":
                rule.term_text = self.env._("%(days)s days after the departure", days=rule.document_days)
            else:
                rule.term_text = f"{rule.term} {units.get(rule.unit, '')}"

    @api.depends("data_class")
    @api.depends_context("lang")
    def _compute_display_name(self):
        labels = dict(self._fields["data_class"]._description_selection(self.env))
        for rule in self:
            rule.display_name = labels.get(rule.data_class, "")

    def _get_cutoff(self):
        """Return the first day that isn't due: what happened before it has outlived the term."""
        self.ensure_one()
        return fields.Date.today() - relativedelta(**{self.unit: self.term})

    # -- what is due ---------------------------------------------------------------------------

    def _get_due(self, limit=None):
        """Return the ids of what is due, in their order."""
        self.ensure_one()
        self.env.flush_all()
        query = getattr(self, f"_get_due_{self.data_class}")(self._get_cutoff())
        rows = self.env.execute_query(SQL("SELECT id FROM (%s) due ORDER BY id LIMIT %s", query, limit))
        return [row[0] for row in rows]

    def _count_due(self):
        self.ensure_one()
        self.env.flush_all()
        query = getattr(self, f"_get_due_{self.data_class}")(self._get_cutoff())
        return self.env.execute_query(SQL("SELECT count(*) FROM (%s) due", query))[0][0]

    def _get_model(self):
        """Return the model of what is due."""
        self.ensure_one()
        models_ = {
            "guest": "res.partner",
            "document": "hospitality.identity.document",
            "stay": "hospitality.stay",
            "message": "mail.message",
            "decision": "hospitality.message",
            "log": "hospitality.access.reason",
            "server_log": "ir.logging",
        }
        return self.env[models_[self.data_class]].with_context(active_test=False)

    def _get_sample(self):
        """Return some of what is due in words, with a reason where it is left alone."""
        self.ensure_one()
        records = self._get_model().sudo().browse(self._get_due(limit=SAMPLE))  # officers check what will be treated
        if self.data_class != "guest":
            return records.mapped("display_name")
        contacts = self.env["hospitality.last.contact"]._get_last(records.ids)
        lines = []
        for guest in records:
            last = contacts.get(guest.id)
            line = self.env._(
                "%(guest)s, last contact %(day)s",
                guest=guest.display_name,
                day=fields.Date.to_string(last) if last else self.env._("never"),
            )
            blockers = self.env["hospitality.eraser"]._get_blockers(guest)
            lines.append(" – ".join([line, *(blocker["message"] for blocker in blockers)]))
        return lines

    def _get_guest_condition(self, partner):
        """Return the condition that a contact falls under this rule and isn't held.

        :param SQL partner: alias of ``res_partner``
        """
        rules = self.search([("data_class", "=", self.data_class)])
        today = fields.Date.today()
        longest = max(rules | self, key=lambda rule: (today - rule._get_cutoff(), -rule.id))
        company = SQL("%s.company_id = %s", partner, self.company_id.id)
        if longest == self:
            others = SQL(" UNION ALL ").join(
                SQL("SELECT partner_id, company_id FROM %s", SQL.identifier(self.env[model]._table))
                for model in ("hospitality.stay", "hospitality.reservation", "hospitality.check")
            )
            company = SQL(
                "(%(company)s OR (%(partner)s.company_id IS NULL AND NOT EXISTS (SELECT FROM (%(others)s) v"
                " WHERE v.partner_id = %(partner)s.id AND v.company_id <> ALL(%(ruled)s))))",
                company=company,
                partner=partner,
                others=others,
                ruled=(rules | self).company_id.ids,
            )
        return SQL("%s AND %s", company, self._get_hold_condition(SQL("%s.id", partner)))

    @api.model
    def _get_hold_condition(self, partner_id):
        """Return the condition that a contact isn't under a legal hold."""
        return SQL(
            """NOT EXISTS (SELECT FROM hospitality_legal_hold h
                            WHERE h.partner_id = %s AND h.active AND h.date_from <= %s
                              AND (h.date_to IS NULL OR h.date_to >= %s))""",
            partner_id,
            fields.Date.today(),
            fields.Date.today(),
        )

    @api.model
    def _is_alone(self):
        """Whether this rule decides for data that belong to no company: the one with the longest term does."""
        rules = self.search([("data_class", "=", self.data_class)])
        today = fields.Date.today()
        return self == max(rules | self, key=lambda rule: (today - rule._get_cutoff(), -rule.id))

    # -- running -------------------------------------------------------------------------------

    def action_dry_run(self):
        """Show what would be treated today, without doing it."""
        self.ensure_one()
        self.check_access("read")
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Dry Run"),
            "res_model": "hospitality.retention.preview",
            "view_mode": "form",
            "target": "new",
            "context": {"default_rule_id": self.id, "dialog_size": "medium"},
        }

    @api.model
    def _run_all(self):
        """Carry out all rules in small steps. Called by a job every night."""
        for rule in self.search([("active", "=", True)]):
            try:
                if not rule._run():
                    return
            except Exception:  # one rule that fails keeps none of the others from being carried out
                self.env.cr.rollback()
                _logger.exception("Retention rule %s failed", rule.id)

    def _run(self):
        """Carry out one rule, committing each step; return False when the time of the job is over.

        What is due is looked for once; each step makes sure that it still is.
        """
        self._prepare()
        treated = 0
        for ids in split_every(BATCH.get(self.data_class, DEFAULT_BATCH), self._get_due()):
            treated += self._treat(list(ids))
            self.write({"last_run": fields.Datetime.now(), "last_count": treated})
            if not self.env["ir.cron"]._commit_progress(len(ids)):
                return False
        self.write({"last_run": fields.Datetime.now(), "last_count": treated})
        return True

    def _prepare(self):
        """Bring up to date what decides what is due."""
        if self.data_class == "document":
            documents = self.env["hospitality.identity.document"].sudo()  # the job's
            documents.search([("company_id", "=", self.company_id.id)])._refresh_due_dates()

    def _treat(self, ids):
        """Carry out the rule on some rows; return how many were treated."""
        self.ensure_one()
        treated = getattr(self, f"_treat_{self.data_class}")(ids)
        if treated:
            _logger.info("Retention: %s of %s, rule %s", treated, self.data_class, self.id)
        return treated

    @api.constrains("data_class", "company_id")
    def _check_class(self):
        for rule in self:
            if not hasattr(rule, f"_get_due_{rule.data_class}"):
                raise UserError(self.env._("Nothing is known about how data of this class are kept."))
