import datetime

from odoo import api, fields, models
from odoo.tools import SQL

from ...engine import gate as engine
from ...tools.arrays import pg_int_array
from ...tools.claim import forbid_jit
from .passage import Passage


class HospitalityGate(models.AbstractModel):
    """The one door for messages to guests: decides at selection and again at the moment of sending.

    A sender makes a :meth:`_spec`, plans its messages (:meth:`_plan`), and sends them through a :meth:`_passage`. It
    never looks at consents, caps or hours itself. Callers check rights: what is called here is the system's.
    """

    _name = "hospitality.gate"
    _description = "Gate for messages to guests"

    @api.model
    def _spec(self, purpose, channel, origin, *, brand=None, company=None, **values):
        """Return what is to be sent, as `engine.gate.Spec`.

        :param purpose: ``hospitality.purpose``
        :param str channel: code of the channel
        :param origin: record that sends, e.g. a mailing
        :param brand: ``hospitality.brand``, None for the company as a whole
        :param company: ``res.company``, by default the current one
        :param values: ``origin_ref provider priority due_at expires_at``; the priority of a service message is 100
            where none is given
        """
        if engine.is_service(purpose.legal_basis, purpose.is_marketing):
            values.setdefault("priority", 100)
        return engine.Spec(
            company_id=(company or self.env.company).id,
            brand_id=brand.id if brand else None,
            purpose=purpose.sudo(),  # its legal basis decides, whoever sends
            channel=channel,
            origin_model=origin._name,
            origin_id=origin.id,
            **values,
        )

    @api.model
    def _select(self, candidates, spec):
        """Return the query of who may get a message now, without writing anything.

        :param SQL candidates: query of partner ids, in a column ``id``
        :return: SQL, columns as in :meth:`_decide`
        """
        self._flush_for_decision()
        self._prefer_many()
        return self._decide(candidates, spec, fields.Datetime.now(), only_allowed=True)

    @api.model
    def _prefer_many(self):
        """Let PostgreSQL plan the rest of the transaction for decisions about many guests.

        So many conditions make it believe that few rows are left, and look up each of a million of them on its own.
        """
        self.env.cr.execute(SQL("SET LOCAL enable_nestloop = off"))
        self.env.cr.execute(SQL("SET LOCAL work_mem = '64MB'"))
        forbid_jit(self.env)

    @api.model
    def _plan(self, candidates, spec):
        """Consider a message for guests: each gets a row that says what will become of it, and why.

        Who was considered for this origin before is left as he is.

        :param candidates: ``SQL`` query of partner ids in a column ``id``, or a list of ids
        :return: dict ``{"planned": n, "postponed": n, "refused": {reason: n}}`` of the rows that are new
        """
        report = {"planned": 0, "postponed": 0, "refused": {}}
        for state, reason, count in self._insert_plan(candidates, spec):
            if state == "refused":
                report["refused"][reason] = count
            else:
                report[state] += count
        return report

    @api.model
    def _plan_one(self, partner, spec):
        """Consider a message for one guest.

        :return: its ``hospitality.message``, which was there before when the origin had considered him already; empty
            for a contact that is no guest
        """
        self._insert_plan(partner.ids, spec)
        return (
            self.env["hospitality.message"]
            .sudo()  # the sender learns what became of his own message
            .search(
                [
                    ("planned_partner_id", "=", partner.id),
                    ("origin_model", "=", spec.origin_model),
                    ("origin_id", "=", spec.origin_id),
                    ("origin_ref", "=", spec.origin_ref),
                    ("channel", "=", spec.channel),
                ]
            )
        )

    @api.model
    def _insert_plan(self, candidates, spec):
        self._flush_for_decision()
        now = fields.Datetime.now()
        policy = self.env["hospitality.message.policy"]._get(spec.company_id, spec.brand_id or 0)
        expires_at = spec.expires_at or (spec.due_at or now) + datetime.timedelta(hours=policy.give_up_hours)
        spec = spec._replace(expires_at=expires_at)
        if isinstance(candidates, SQL):
            self._prefer_many()
        else:
            candidates = SQL("SELECT unnest(%s::int[]) AS id", pg_int_array(candidates))
        # A message for later is decided about when it is due; only what can't change is looked at now.
        rows = self.env.execute_query(
            SQL(
                """
                WITH planned AS (
                    INSERT INTO hospitality_message (
                           partner_id, planned_partner_id, company_id, brand_id, purpose_id, is_gated, channel,
                           provider, point_id, origin_model, origin_id, origin_ref, priority, state, reason, details,
                           consent_event_id, considered_at, decided_at, due_at, expires_at)
                    SELECT d.partner_id, d.partner_id, %(company)s, %(brand)s, %(purpose)s, %(gated)s, %(channel)s,
                           %(provider)s, d.point_id, %(origin_model)s, %(origin_id)s, %(origin_ref)s, %(priority)s,
                           CASE d.verdict WHEN 'allowed' THEN 'planned' ELSE d.verdict END, d.reason, d.details,
                           d.consent_event_id, %(now)s, %(now)s, GREATEST(d.due_at, %(due)s), %(expires)s
                      FROM (%(decisions)s) AS d
                     ORDER BY d.partner_id
                    ON CONFLICT (origin_id, planned_partner_id, origin_model, channel, origin_ref) DO NOTHING
                    RETURNING state, reason)
                SELECT state, CASE WHEN state = 'refused' THEN reason END, count(*) FROM planned GROUP BY 1, 2
                """,
                company=spec.company_id,
                brand=spec.brand_id,
                purpose=spec.purpose.id,
                gated=not engine.is_service(spec.purpose.legal_basis, spec.purpose.is_marketing),
                channel=spec.channel,
                provider=spec.provider or None,
                origin_model=spec.origin_model,
                origin_id=spec.origin_id,
                origin_ref=spec.origin_ref,
                priority=spec.priority,
                now=now,
                due=SQL("%s::timestamp", spec.due_at),
                expires=expires_at,
                decisions=self._decide(candidates, spec, now),
            )
        )
        self.env["hospitality.message"].invalidate_model(flush=False)
        return rows

    @api.model
    def _flush_for_decision(self):
        """Write what the decision reads from tables."""
        self.env["res.partner"].flush_model()
        for name in ("hospitality.contact.point", "hospitality.message.hold", "mail.blacklist", "phone.blacklist"):
            self.env[name].flush_model()

    @api.model
    def _passage(self):
        """Return the context in which messages are handed over; see :class:`Passage`."""
        return Passage(self.env)
