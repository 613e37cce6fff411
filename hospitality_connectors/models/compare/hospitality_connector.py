from odoo import api, fields, models
from odoo.tools import SQL

from odoo.addons.hospitality_crm.tools.claim import lane_env, with_retry

from ...engine import adapter as adapters
from ...engine.canonical import validate
from ...engine.mapping import translate

#: Amounts that differ by less are the same: vendors round per night.
TOLERANCE = 0.01
#: A comparison that shows more differences than this has them fetched by the next full reading, not one by one.
MOST_HINTS = 2000


class HospitalityConnector(models.Model):
    """Whether what is known here is what the source says: counts, sums and single records per day of arrival."""

    _inherit = "hospitality.connector"

    compare_from = fields.Date(readonly=True, help="A comparison of the arrivals from this day is due.")
    compare_to = fields.Date(readonly=True)
    compare_at = fields.Datetime(readonly=True, help="When the source began to list them: what came later isn't there.")
    compared_at = fields.Datetime(string="Last Comparison", compute="_compute_difference_count")
    difference_count = fields.Integer(string="Differences", compute="_compute_difference_count")

    def _compute_difference_count(self):
        counts = dict(
            self.env["hospitality.connector.difference"]
            .sudo()  # a number
            ._read_group([("connector_id", "in", self.ids)], ["connector_id"], ["__count"])
        )
        latest = dict(
            self.env["hospitality.connector.comparison"]
            .sudo()  # a time
            ._read_group([("connector_id", "in", self.ids)], ["connector_id"], ["compared_at:max"])
        )
        for connector in self:
            connector.difference_count = counts.get(connector, 0)
            connector.compared_at = latest.get(connector, False)

    def action_open_differences(self):
        """Show the records that differ."""
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "hospitality_connectors.hospitality_connector_difference_action"
        )
        return {**action, "domain": [("connector_id", "in", self.ids)]}

    def action_open_comparison(self):
        """Show the days that were compared."""
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "hospitality_connectors.hospitality_connector_comparison_action"
        )
        return {**action, "domain": [("connector_id", "in", self.ids)]}

    def _after_page(self, stream, window, page, done, is_first):
        super()._after_page(stream, window, page, done, is_first)
        if stream.kind != "sweep" or stream.entity != "stay":
            return
        Census = self.env["hospitality.connector.census"]
        if is_first:
            Census._clear(self)
            self.write({"compare_from": window.start, "compare_to": False, "compare_at": fields.Datetime.now()})
        Census._add(self, self._list_stays(page.records))
        if done:
            self.write({"compare_to": fields.Date.subtract(window.end, days=1)})

    def _list_stays(self, records):
        """Return the stays that raw records tell of: key, day, status, currency, amount, version, key of the booking.

        A record that can't be read is in quarantine already.
        """
        adapter, env, codes = self._get_adapter(), self._get_adapter_env(), self._get_code_map()
        rows = []
        for record in records:
            try:
                events = [
                    validate(translate(event, codes, {}, strict=False)) for event in self._parse(adapter, record, env)
                ]
            except Exception:  # also of an adapter with a mistake: the page is stored all the same
                continue
            rows += [
                (
                    event["external_id"],
                    event["arrival"],
                    event.get("status"),
                    event.get("currency") or env.currency or None,
                    event.get("amount_total"),
                    record.version if event["version"] is None else event["version"],
                    event.get("booking"),
                )
                for event in events
                if event["entity"] == "stay" and event["op"] == "upsert" and not event.get("is_pseudo")
            ]
        return rows

    @api.model
    def _parse(self, adapter, record, env):
        body = record.body.decode("utf-8", "replace") if isinstance(record.body, bytes) else record.body
        return adapter.parse(adapters.Raw(record.entity, record.external_id, body, record.content_type), env)

    @api.model
    def _cron_watch(self):
        for connector in self.search([("compare_from", "!=", False), ("compare_to", "!=", False)]):
            if not connector.new_count:
                with_retry(connector._compare_step)
        return super()._cron_watch()

    def _compare_step(self):
        with lane_env(self.env) as env:
            self.with_env(env)._compare()

    def _compare(self):
        """Compare what the source has listed with what is known, day by day, and fetch what differs once more."""
        self.ensure_one()
        self.env.flush_all()
        first, last = self.compare_from, self.compare_to
        self.env.cr.execute(
            SQL("DELETE FROM hospitality_connector_difference WHERE connector_id = %s AND NOT is_sampled", self.id),
        )
        found = self._insert_differences(first, last)
        self._insert_comparison(first, last)
        hints = [adapters.Hint(entity, key, "difference") for entity, key in found[:MOST_HINTS]]
        self.env["hospitality.connector.hint"]._note(self, hints)
        self.write({"compare_from": False, "compare_to": False})
        self.env["hospitality.connector.census"]._clear(self)
        self.env["hospitality.connector.comparison"].invalidate_model(flush=False)
        self.env["hospitality.connector.difference"].invalidate_model(flush=False)
        if hints:
            self._wake_readers()

    def _get_our_stays(self, first, last):
        """Return the query of the stays that the source should have listed; later ones only if it has."""
        place = SQL("AND s.property_id = %s", self.property_id.id) if self.property_id else SQL("")
        return SQL(
            "SELECT s.id, s.external_id, b.external_id AS booking, s.arrival AS day, s.status, c.name AS currency,"
            " s.amount_total AS amount,"
            " s.version, s.revenue_basis = 'source' AS is_told"
            " FROM hospitality_stay s LEFT JOIN res_currency c ON c.id = s.currency_id"
            " LEFT JOIN hospitality_booking b ON b.id = s.booking_id"
            " WHERE s.source_id = %s AND s.arrival BETWEEN %s AND %s AND s.is_pseudo IS NOT TRUE %s"
            " AND (coalesce(s.version, 0) < extract(epoch FROM %s::timestamp) OR EXISTS ("
            "SELECT FROM hospitality_connector_census t WHERE t.connector_id = %s AND t.external_id = s.external_id))",
            self.source_id.id,
            first,
            last,
            place,
            self.compare_at,
            self.id,
        )

    def _insert_differences(self, first, last):
        """List what differs.

        :return: ``(entity, key)`` of what is to be fetched, for `adapter.fetch_one`
        """
        fetchable = self._get_adapter().fetchable(self._get_settings())
        rows = self.env.execute_query(
            SQL(
                """
                WITH ours AS (%(ours)s),
                     theirs AS (SELECT * FROM hospitality_connector_census
                                 WHERE connector_id = %(connector)s AND day BETWEEN %(first)s AND %(last)s),
                     known AS (SELECT t.external_id, s.id, s.arrival AS day,
                                      t.version IS NULL OR s.version <= t.version AS is_same_version
                                 FROM theirs t JOIN hospitality_stay s
                                   ON s.source_id = %(source)s AND s.external_id = t.external_id),
                     found AS (
                        SELECT t.external_id, t.day, 'missing' AS kind, t.status AS theirs, NULL AS ours,
                               NULL::int AS stay
                          FROM theirs t WHERE NOT EXISTS (SELECT FROM known k WHERE k.external_id = t.external_id)
                     UNION ALL
                        SELECT k.external_id, t.day, 'day', t.day::text, k.day::text, k.id
                          FROM known k JOIN theirs t USING (external_id)
                         WHERE t.day <> k.day AND k.is_same_version
                     UNION ALL
                        SELECT o.external_id, o.day, 'extra', NULL, o.status, o.id FROM ours o
                         WHERE o.status NOT IN ('cancelled', 'no_show') AND NOT EXISTS (
                               SELECT FROM hospitality_connector_census t
                                WHERE t.connector_id = %(connector)s AND t.external_id = o.external_id)
                     UNION ALL
                        SELECT o.external_id, o.day, 'status', t.status, o.status, o.id
                          FROM ours o JOIN theirs t USING (external_id)
                         WHERE t.status IS NOT NULL AND t.status <> o.status
                           AND (t.version IS NULL OR o.version <= t.version)
                     UNION ALL
                        SELECT o.external_id, o.day, 'amount', concat_ws(' ', t.amount, t.currency),
                               concat_ws(' ', o.amount, o.currency), o.id
                          FROM ours o JOIN theirs t USING (external_id)
                         WHERE o.is_told AND t.amount IS NOT NULL AND (t.version IS NULL OR o.version <= t.version)
                           AND (abs(t.amount - o.amount) > %(tolerance)s OR t.currency <> o.currency))
                INSERT INTO hospitality_connector_difference (connector_id, entity, external_id, day, kind, theirs,
                                                              ours, stay_id, found_at, is_sampled, fetch_entity,
                                                              fetch_key)
                SELECT %(connector)s, 'stay', f.external_id, f.day, kind, theirs, ours, stay,
                       now() AT TIME ZONE 'UTC', FALSE, %(fetched)s,
                       CASE WHEN %(with_booking)s THEN coalesce(t.booking, o.booking) ELSE f.external_id END
                  FROM found f LEFT JOIN theirs t USING (external_id) LEFT JOIN ours o USING (external_id)
                RETURNING fetch_entity, fetch_key
                """,
                ours=self._get_our_stays(first, last),
                connector=self.id,
                source=self.source_id.id,
                first=first,
                last=last,
                tolerance=TOLERANCE,
                fetched=fetchable.get("stay") or fetchable.get("booking"),
                with_booking="stay" not in fetchable,
            )
        )
        return sorted({row for row in rows if all(row)})

    def _insert_comparison(self, first, last):
        self.env.cr.execute(
            SQL(
                "DELETE FROM hospitality_connector_comparison WHERE connector_id = %s AND day BETWEEN %s AND %s",
                self.id,
                first,
                last,
            )
        )
        self.env.cr.execute(
            SQL(
                """
                WITH ours AS (%(ours)s),
                     theirs AS (SELECT * FROM hospitality_connector_census
                                 WHERE connector_id = %(connector)s AND day BETWEEN %(first)s AND %(last)s),
                     told AS (SELECT day, currency, count(*) AS count, coalesce(sum(amount), 0) AS amount
                                FROM theirs GROUP BY day, currency),
                     known AS (SELECT o.day, o.currency, count(*) AS count,
                                      coalesce(sum(o.amount) FILTER (WHERE t.amount IS NOT NULL), 0) AS amount
                                 FROM ours o LEFT JOIN theirs t USING (external_id) GROUP BY o.day, o.currency),
                     wrong AS (SELECT day, count(DISTINCT external_id) AS count
                                 FROM hospitality_connector_difference WHERE connector_id = %(connector)s GROUP BY day)
                INSERT INTO hospitality_connector_comparison (connector_id, day, currency, their_count, our_count,
                                                              their_amount, our_amount, difference_count, compared_at)
                SELECT %(connector)s, day, currency, coalesce(t.count, 0), coalesce(k.count, 0), coalesce(t.amount, 0),
                       coalesce(k.amount, 0), coalesce(w.count, 0), now() AT TIME ZONE 'UTC'
                  FROM told t FULL JOIN known k USING (day, currency) LEFT JOIN wrong w USING (day)
                """,
                ours=self._get_our_stays(first, last),
                connector=self.id,
                first=first,
                last=last,
            )
        )
