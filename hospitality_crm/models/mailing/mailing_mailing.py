import logging

import werkzeug.urls

from odoo import api, fields, models
from odoo.tools import SQL

from ...tools.claim import lane_env, with_retry
from .hospitality_message import WORTH
from .overrides import find_overriding, is_next

_logger = logging.getLogger(__name__)

#: Methods of the core that lanes do without: where another addon has changed one, mailings go the core's way.
STOCK_HOOKS = {
    "mailing.mailing": ("_action_send_mail", "_get_recipients", "_get_seen_list", "_get_opt_out_list"),
    "mail.compose.message": (
        "_action_send_mail",
        "_action_send_mail_mass_mail",
        "_process_mail_values_state",
        "_get_blacklist_record_ids",
        "_get_done_emails",
        "_get_optout_emails",
    ),
}


class MailingMailing(models.Model):
    """Mailings to guests go through the gate and are sent by lanes; all others stay with the core.

    The core's queue starts such a mailing (`_action_send_mail`): everybody meant is considered once, and the lanes of
    `hospitality.mailing.sender` send what was planned. The mailing is done when nothing waits any more.
    """

    _inherit = "mailing.mailing"

    hospitality_planned_at = fields.Datetime(string="Guests Chosen On", readonly=True, copy=False)
    hospitality_considered = fields.Integer(string="Guests Considered", compute="_compute_hospitality_counts")
    hospitality_refused = fields.Integer(string="Guests Left Out", compute="_compute_hospitality_counts")

    def _compute_hospitality_counts(self):
        counts = dict.fromkeys(self.ids, (0, 0))
        if self.ids:
            rows = self.env.execute_query(
                SQL(
                    """SELECT origin_id, count(*), count(*) FILTER (WHERE state = 'refused')
                         FROM hospitality_message
                        WHERE origin_model = 'mailing.mailing' AND origin_id = ANY(%s) GROUP BY 1""",
                    self.ids,
                )
            )
            counts.update({mailing_id: (considered, refused) for mailing_id, considered, refused in rows})
        for mailing in self:
            mailing.hospitality_considered, mailing.hospitality_refused = counts.get(mailing.id, (0, 0))

    def action_view_hospitality_messages(self):
        """List the guests who were considered, by what became of it and why."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "res_model": "hospitality.message",
            "name": self.env._("Guests of %(mailing)s", mailing=self.display_name),
            "view_mode": "list,form",
            "domain": [("origin_model", "=", "mailing.mailing"), ("origin_id", "=", self.id)],
            "context": {"group_by": ["state", "reason"], "create": False},
        }

    # -- which mailings ------------------------------------------------------------------------

    def _goes_to_guests(self):
        """Return whether guests may be among those who get the mailing as e-mail."""
        self.ensure_one()
        return (
            self.mailing_type == "mail"
            and self.mailing_model_real == "res.partner"
            and bool(self.hospitality_purpose_id)
        )

    def _is_sent_by_lanes(self):
        """Return whether lanes send the mailing to its guests.

        They don't when another addon has changed how the core sends: it would be switched off without a word.
        """
        self.ensure_one()
        return self._goes_to_guests() and not self._find_obstacles()

    def _find_obstacles(self):
        """Return why the core must send the mailing, as a list of texts."""
        obstacles = [
            f"{addon} overrides {method} of {model}"
            for model, methods in STOCK_HOOKS.items()
            for method in methods
            for addon in sorted(find_overriding(self.env[model], method))
        ]
        if self.mail_server_id.owner_user_id:
            obstacles.append("its mail server belongs to a user")
        if hasattr(self.env["res.partner"], "_mailing_get_opt_out_list"):
            obstacles.append("contacts have an opt-out list of their own")
        return obstacles

    # -- the core's queue ----------------------------------------------------------------------

    @api.model
    def _process_mass_mailing_queue(self):
        return super(MailingMailing, self.with_context(hospitality_queue=True))._process_mass_mailing_queue()

    def _get_remaining_recipients(self):
        """Tell the queue whether anybody is left; who they are is up to the gate and the lanes."""
        if not (self.env.context.get("hospitality_queue") and self._is_sent_by_lanes()):
            return super()._get_remaining_recipients()
        if self.hospitality_planned_at:
            rows = self.env.execute_query(SQL("SELECT partner_id %s LIMIT 1", self._get_open_sql()))
            return [partner_id for (partner_id,) in rows] or self._get_other_recipients(limit=1)
        return self.env["res.partner"].search(self._get_recipients_domain(), limit=1).ids

    def _action_send_mail(self, res_ids=None):
        if res_ids or not self.env.context.get("hospitality_queue"):
            return super()._action_send_mail(res_ids)
        by_lanes = self.filtered(lambda mailing: mailing._is_sent_by_lanes())
        for mailing in by_lanes:
            mailing._start_lanes()
        stock = self - by_lanes
        for mailing in stock:
            if mailing._goes_to_guests():
                obstacles = ", ".join(mailing._find_obstacles())
                _logger.info("Mailing %s to guests is sent the core's slow way: %s", mailing.id, obstacles)
        return super(MailingMailing, stock)._action_send_mail(res_ids) if stock else True

    def action_put_in_queue(self):
        self.hospitality_planned_at = False
        return super().action_put_in_queue()

    def action_retry_failed(self):
        failed = self._get_messages([("state", "=", "failed")])
        result = super().action_retry_failed()
        failed._plan_again()
        self.env["hospitality.mailing.sender"]._settle(failed.ids)
        return result

    def _get_messages(self, domain):
        return (
            self.env["hospitality.message"]
            .sudo()  # whoever may send the mailing decides about its messages
            .search([("origin_model", "=", "mailing.mailing"), ("origin_id", "in", self.ids), *domain])
        )

    def _get_open_sql(self):
        """Return FROM and WHERE of the messages that aren't finished."""
        return SQL(
            "FROM hospitality_message WHERE origin_model = 'mailing.mailing' AND origin_id = %s AND channel = 'email'"
            " AND origin_ref = '' AND state IN ('planned', 'postponed', 'sending')",
            self.id,
        )

    # -- choosing guests -----------------------------------------------------------------------

    def _start_lanes(self):
        """Consider everybody the mailing is meant for, once, and wake the lanes."""
        self.ensure_one()
        if not self.hospitality_planned_at:
            # What is planned is committed on a connection of its own, which must not wait for this one.
            self.env["ir.cron"]._commit_progress()
            others = with_retry(self._plan_in_lane)
            self.invalidate_recordset()
        else:
            others = self._get_other_recipients()
        if others:
            # Contacts who are no guests have nothing to do with the gate.
            self.with_context(hospitality_queue=False)._action_send_mail(others)
            self.write({"state": "sending"})
        self.env["hospitality.mailing.sender"]._wake()

    def _plan_in_lane(self):
        """Plan the messages to guests in a transaction of its own; return the ids of recipients who are no guests."""
        with lane_env(self.env) as env:
            mailing = self.with_env(env)
            recipients = mailing._get_lane_recipients_sql()
            others = mailing._get_other_recipients(recipients)
            mailing._plan_guests(recipients)
            mailing.hospitality_planned_at = fields.Datetime.now()
        return others

    def _plan_guests(self, recipients):
        gate = self.env["hospitality.gate"]
        spec = gate._spec(
            self.hospitality_purpose_id,
            "email",
            self,
            brand=self.hospitality_brand_id,
            company=(self.user_id or self.env.user).company_id,
            provider="smtp",
            expires_at=fields.Datetime.now() + WORTH,
        )
        report = gate._plan(
            SQL("SELECT r.id FROM (%s) AS r JOIN res_partner p USING (id) WHERE p.is_guest", recipients), spec
        )
        _logger.info("Mailing %s: guests considered: %s", self.id, report)

    def _get_other_recipients(self, recipients=None, limit=None):
        """Return the ids of those who are no guests and to whom the mailing is yet to go.

        A sample is drawn once; who of it is left can't be told later.
        """
        if recipients is None and self.ab_testing_enabled and not self.ab_testing_is_winner_mailing:
            return []
        rows = self.env.execute_query(
            SQL(
                "SELECT r.id FROM (%s) AS r JOIN res_partner p USING (id) WHERE p.is_guest IS NOT TRUE LIMIT %s",
                recipients or self._get_lane_recipients_sql(),
                limit,
            )
        )
        return [partner_id for (partner_id,) in rows]

    def _get_lane_recipients_sql(self):
        """Return the query of the ids of the contacts whom the mailing is meant for and hasn't reached.

        The same as the core's `_get_remaining_recipients`, without reading them.
        """
        Partner = self.env["res.partner"]
        query = Partner._search(self._get_recipients_domain(), order="id")
        Partner.flush_model()
        self.env["mailing.trace"].flush_model()
        candidates = SQL("SELECT id FROM res_partner WHERE id IN (%s)", query.subselect())
        seen = SQL("t.mass_mailing_id = %s", self.id)
        if self.ab_testing_enabled and self.ab_testing_is_winner_mailing:
            seen = SQL("t.mass_mailing_id = ANY(%s)", self._get_ab_testing_siblings_mailings().ids)
        elif self.ab_testing_enabled and self.campaign_id:
            seen = SQL("t.campaign_id = %s", self.campaign_id.id)
        remaining = SQL(
            "SELECT c.id FROM (%s) AS c WHERE NOT EXISTS"
            " (SELECT FROM mailing_trace t WHERE t.model = 'res.partner' AND t.res_id = c.id AND %s)",
            candidates,
            seen,
        )
        if not self.ab_testing_enabled or self.ab_testing_is_winner_mailing:
            return remaining
        [(total,)] = self.env.execute_query(SQL("SELECT count(*) FROM (%s) AS c", candidates))
        size = max(int(total / 100.0 * self.ab_testing_pc), 1) if total else 0
        sample = self.env.execute_query(SQL("SELECT id FROM (%s) AS r ORDER BY random() LIMIT %s", remaining, size))
        return SQL("SELECT unnest(%s::int[]) AS id", [partner_id for (partner_id,) in sample])

    # -- links of a mail -----------------------------------------------------------------------

    def _get_unsubscribe_url(self, email_to, res_id):
        return self._make_link("_get_unsubscribe_url", super()._get_unsubscribe_url, email_to, res_id)

    def _get_unsubscribe_oneclick_url(self, email_to, res_id):
        return self._make_link("_get_unsubscribe_oneclick_url", super()._get_unsubscribe_oneclick_url, email_to, res_id)

    def _get_view_url(self, email_to, res_id):
        return self._make_link("_get_view_url", super()._get_view_url, email_to, res_id)

    def _make_link(self, method, make, email_to, res_id):
        """Put a guest's link together while a lane makes his mail.

        The core's links of a mailing differ in their values alone, and those of a guest have the same: the first link
        of each kind is made by the core, and the others like it.
        """
        links = self.env.context.get("hospitality_links")
        if links is None:
            return make(email_to, res_id)
        if links.get("guest") != (self.id, email_to, res_id):
            token = self._generate_mailing_recipient_token(res_id, email_to)
            values = {"document_id": res_id, "email": email_to, "hash_token": token}
            links.update(guest=(self.id, email_to, res_id), values=werkzeug.urls.url_encode(values))
        start = links.get((self.id, method))
        if start:
            return start + links["values"]
        link = make(email_to, res_id)
        if start is None:
            before, mark, values = link.partition("?")
            is_known = values == links["values"] and is_next(self, MailingMailing, method, "mass_mailing")
            links[self.id, method] = before + mark if is_known else ""
        return link

    # -- the end -------------------------------------------------------------------------------

    def _finish_lanes(self):
        """Mark the mailing as done when nothing waits any more; return when the rest is due, if anything does."""
        self.ensure_one()
        waiting, due_at = self.env.execute_query(
            SQL("SELECT count(*), min(due_at) FILTER (WHERE state = 'postponed') %s", self._get_open_sql())
        )[0]
        if not waiting and self.state == "sending":
            self.env["hospitality.mailing.sender"]._settle_mailing(self)
            self.write(
                {
                    "state": "done",
                    "sent_date": fields.Datetime.now(),
                    "kpi_mail_required": self.kpi_mail_required or not self.sent_date,
                }
            )
        return due_at

    @api.model
    def _get_lane_mailings(self):
        """Return the mailings that lanes work on: those being sent, and those with a message that is to go again."""
        rows = self.env.execute_query(
            SQL(
                """SELECT i.id FROM mailing_mailing i
                    WHERE i.hospitality_planned_at IS NOT NULL AND i.mailing_type = 'mail'
                      AND (i.state = 'sending' OR i.state = 'done' AND EXISTS (
                          SELECT FROM hospitality_message m
                           WHERE m.origin_model = 'mailing.mailing' AND m.origin_id = i.id AND m.channel = 'email'
                             AND m.origin_ref = '' AND m.state IN ('planned', 'postponed')))
                    ORDER BY i.id"""
            )
        )
        return self.browse([mailing_id for (mailing_id,) in rows])
