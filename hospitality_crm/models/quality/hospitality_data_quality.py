from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import AccessError
from odoo.fields import Domain
from odoo.tools import SQL

# What a record is counted for: a count and, as its share of all records, a rate.
PARTS = ("email", "phone", "birthdate", "language", "country", "relay", "duplicate", "suspect")
COMPLETE = ("email", "phone", "birthdate", "language", "country")
# Every day is kept for so long; before that the first of each month.
DAYS_KEPT = 400
LOCK = 1_919_512_170


class HospitalityDataQuality(models.Model):
    """How good the records of guests are on a day, by source, property and who typed them.

    One row per day and combination, written set-wise once a day. What is counted are *records*
    (source profiles of persons that are live or were merged away), each exactly once, so that
    counts add up over every dimension of one day. A rate of several rows is the sum of its
    counts, never the mean of rates.
    """

    _name = "hospitality.data.quality"
    _description = "Data Quality"
    _order = "date desc, profile_count desc, id"
    _log_access = False
    _rec_name = "date"

    date = fields.Date(required=True, index=True)
    is_latest = fields.Boolean(string="Latest Day", index="btree_not_null")
    source_id = fields.Many2one("hospitality.source", readonly=True, ondelete="cascade")
    property_id = fields.Many2one("hospitality.property", readonly=True, ondelete="cascade")
    company_id = fields.Many2one("res.company", readonly=True, ondelete="cascade")
    user_id = fields.Many2one(
        "res.users",
        string="Typed by",
        readonly=True,
        ondelete="set null",
        help="Employee who typed the record into Odoo. Empty for records that a system has sent.",
    )
    profile_count = fields.Integer(
        string="Records",
        readonly=True,
        help="Records of guests: one per guest and source that knows him, those merged away included.",
    )
    email_count = fields.Integer(string="With E-mail", readonly=True)
    phone_count = fields.Integer(string="With Phone", readonly=True)
    birthdate_count = fields.Integer(string="With Birth Date", readonly=True)
    language_count = fields.Integer(string="With Language", readonly=True)
    country_count = fields.Integer(string="With Country", readonly=True)
    relay_count = fields.Integer(string="Relay E-mail Only", readonly=True)
    duplicate_count = fields.Integer(
        string="Duplicates Found",
        readonly=True,
        help="Records of a guest whom the same source had a record of before.",
    )
    suspect_count = fields.Integer(
        string="Waiting for a Decision", readonly=True, help="Records of guests with an open proposal to merge."
    )
    completeness = fields.Float(
        readonly=True,
        aggregator="avg",
        help="Of e-mail, phone, birth date, language and country: the share that is filled. 100 % means that every"
        " record has all five.",
    )
    email_rate = fields.Float(
        string="E-mail",
        readonly=True,
        aggregator="avg",
        help="Share of records with an e-mail address of the guest. Addresses of booking portals that forward, and"
        " placeholders such as no@mail.com, don't count.",
    )
    phone_rate = fields.Float(
        string="Phone",
        readonly=True,
        aggregator="avg",
        help="Share of records with a telephone number. Our own numbers and placeholders don't count.",
    )
    birthdate_rate = fields.Float(
        string="Birth Date", readonly=True, aggregator="avg", help="Share of records with a date of birth."
    )
    language_rate = fields.Float(
        string="Language", readonly=True, aggregator="avg", help="Share of records that say what the guest speaks."
    )
    country_rate = fields.Float(
        string="Country",
        readonly=True,
        aggregator="avg",
        help="Share of records with a country of residence or a nationality.",
    )
    relay_rate = fields.Float(
        string="Relay Share",
        readonly=True,
        aggregator="avg",
        help="Share of records whose only e-mail address is one of a booking portal that forwards. Such a guest"
        " can't be written to after the stay: ask for his own address at check-in.",
    )
    duplicate_rate = fields.Float(
        readonly=True,
        aggregator="avg",
        help="Share of records of a guest whom the same source had a record of before. A guest known by two"
        " systems, once each, is no duplicate.",
    )
    suspect_rate = fields.Float(
        string="Undecided Share",
        readonly=True,
        aggregator="avg",
        help="Share of records of guests with an open proposal to merge. It falls as the review queue is worked off.",
    )

    def _read_group_select(self, aggregate_spec, query):
        """A rate of several rows is the quotient of their sums."""
        name, _colon, function = aggregate_spec.partition(":")
        if function != "avg" or not (name == "completeness" or name.removesuffix("_rate") in PARTS):
            return super()._read_group_select(aggregate_spec, query)
        parts = COMPLETE if name == "completeness" else (name.removesuffix("_rate"),)
        total = SQL(" + ").join(self._field_to_sql(self._table, f"{part}_count", query) for part in parts)
        records = self._field_to_sql(self._table, "profile_count", query)
        return SQL("SUM(%s)::float / NULLIF(SUM(%s) * %s, 0)", total, records, len(parts))

    @api.model
    def _cron_snapshot(self):
        """Write the rows of today."""
        self._take_snapshot(fields.Date.context_today(self))

    @api.model
    def _take_snapshot(self, date):
        """Count all records and write the rows of a day in place of those it has.

        :return: number of rows
        """
        self.env.flush_all()
        self.env.cr.execute(SQL("SELECT pg_advisory_xact_lock(%s)", LOCK))
        self.env.cr.execute(SQL("DELETE FROM hospitality_data_quality WHERE date = %s", date))
        counts = SQL(", ").join(
            SQL("count(*) FILTER (WHERE %s) AS %s", SQL.identifier(part), SQL.identifier(f"{part}_count"))
            for part in PARTS
        )
        columns = [f"{part}_{what}" for what in ("count", "rate") for part in PARTS]
        rates = SQL(", ").join(SQL("%s::float / profile_count", SQL.identifier(f"{part}_count")) for part in PARTS)
        complete = SQL(" + ").join(SQL.identifier(f"{part}_count") for part in COMPLETE)
        self.env.cr.execute(
            SQL(
                """INSERT INTO hospitality_data_quality
                               (date, is_latest, source_id, property_id, company_id, user_id, profile_count,
                                completeness, %(columns)s)
                   SELECT %(date)s, TRUE, source_id, property_id, company_id, user_id, profile_count,
                          (%(complete)s)::float / (profile_count * %(parts)s), %(count_columns)s, %(rates)s
                     FROM (SELECT source_id, property_id, company_id, user_id, count(*) AS profile_count, %(counts)s
                             FROM (%(records)s) AS record GROUP BY 1, 2, 3, 4) AS counted""",
                columns=SQL(", ").join(SQL.identifier(name) for name in columns),
                date=date,
                complete=complete,
                parts=len(COMPLETE),
                count_columns=SQL(", ").join(SQL.identifier(f"{part}_count") for part in PARTS),
                rates=rates,
                counts=counts,
                records=self._get_records_query(),
            )
        )
        written = self.env.cr.rowcount
        self.env.cr.execute(
            SQL(
                """UPDATE hospitality_data_quality SET is_latest = (hospitality_data_quality.date = newest.date)
                     FROM (SELECT max(date) AS date FROM hospitality_data_quality) AS newest
                    WHERE is_latest OR hospitality_data_quality.date = newest.date"""
            )
        )
        self.invalidate_model()
        return written

    @api.model
    def _get_records_query(self):
        """Return the query over all records with their dimensions and a boolean per part."""
        return SQL(
            """SELECT pr.source_id, prop.id AS property_id, COALESCE(prop.company_id, s.company_id) AS company_id,
                      typist.id AS user_id,
                      COALESCE(po.email, FALSE) AS email,
                      COALESCE(po.phone, FALSE) AS phone,
                      pr.values ? 'birthdate' AS birthdate,
                      pr.values ? 'lang' AS language,
                      pr.values ?| ARRAY['country', 'nationality'] AS country,
                      COALESCE(po.relay AND NOT po.email, FALSE) AS relay,
                      row_number() OVER (PARTITION BY pr.partner_id, pr.source_id ORDER BY pr.id) > 1 AS duplicate,
                      pr.partner_id IN (SELECT unnest(ARRAY[partner_id, other_partner_id])
                                          FROM hospitality_match WHERE state = 'open' AND band <> 'household')
                          AS suspect
                 FROM hospitality_profile pr
                 JOIN res_partner g ON g.id = pr.partner_id AND g.is_guest
                 JOIN hospitality_source s ON s.id = pr.source_id
            LEFT JOIN hospitality_property prop ON prop.id = COALESCE(pr.property_id, s.property_id)
            LEFT JOIN (SELECT l.profile_id,
                              bool_or(p.channel = 'email' AND p.kind IN ('real', 'shared')) AS email,
                              bool_or(p.channel = 'email' AND p.kind = 'relay') AS relay,
                              bool_or(p.channel = 'phone' AND p.kind IN ('real', 'shared')) AS phone
                         FROM hospitality_contact_link l JOIN hospitality_contact_point p ON p.id = l.point_id
                        GROUP BY 1) AS po ON po.profile_id = pr.id
            LEFT JOIN res_users typist
                   ON s.kind = 'odoo'
                  AND typist.id = (SELECT (said.value ->> 'uid')::int FROM jsonb_each(pr.meta) AS said
                                    WHERE said.value ->> 'by' = 'staff'
                                    ORDER BY (said.value ->> 'at')::float LIMIT 1)
                WHERE pr.kind = 'person' AND pr.state IN ('live', 'superseded')"""
        )

    @api.autovacuum
    def _gc_old_days(self):
        """Of what is older than a year keep the first day of each month."""
        before = fields.Date.context_today(self) - timedelta(days=DAYS_KEPT)
        self.env.cr.execute(
            SQL(
                """DELETE FROM hospitality_data_quality
                    WHERE date < %(before)s
                      AND date NOT IN (SELECT min(date) FROM hospitality_data_quality
                                        WHERE date < %(before)s GROUP BY date_trunc('month', date))""",
                before=before,
            )
        )

    @api.model
    def action_refresh(self):
        """Count anew now, for who doesn't want to wait for tomorrow."""
        if not self.env.user.has_group("hospitality_crm.group_hospitality_manager"):
            raise AccessError(self.env._("Only guest relations managers may count the records anew."))
        self.sudo()._cron_snapshot()  # the rows are written by the system alone; the role was checked above
        return True

    @api.model
    @api.readonly
    def get_overview(self, days=90):
        """Return what the data quality page shows.

        :param int days: length of the trend
        :return: dict with ``date`` (of the newest rows, False without any), ``measures`` (name, label,
            help, whether more is better), ``total`` (rates and counts of all records), ``before`` (the same
            on the first day of the trend), ``trend`` (list of ``{"date", <rates>}``), ``source``, ``property``
            and ``user`` (lists of ``{"id", "name", "records", <rates>}``, most records first)
        :raise AccessError: when the user may not read data quality
        """
        self.check_access("read")
        rates = ["completeness", *(f"{part}_rate" for part in PARTS)]
        specs = ["profile_count:sum", *(f"{rate}:avg" for rate in rates)]
        latest = Domain("is_latest", "=", True)
        [total] = self._read_group(latest, [], specs)
        newest = self.search(latest, limit=1).date
        since = newest and newest - timedelta(days=days)
        trend = self._read_group(Domain("date", ">=", since), ["date:day"], specs, order="date:day") if newest else []
        result = {
            "date": fields.Date.to_string(newest) or False,
            "measures": self._get_measures(rates),
            "total": self._show(total, rates),
            "trend": [{"date": fields.Date.to_string(day), **self._show(row, rates)} for day, *row in trend],
        }
        for field in ("source_id", "property_id", "user_id"):
            rows = self._read_group(latest, [field], specs, order="profile_count:sum desc", limit=50)
            result[field.removesuffix("_id")] = [
                {"id": record.id, "name": record.display_name or False, **self._show(row, rates)}
                for record, *row in ((found.sudo(), *rest) for found, *rest in rows)  # names beside their figures
                if record or field == "property_id"
            ]
        return result

    @api.model
    def _show(self, row, rates):
        records, *values = row
        return {"records": records or 0, **dict(zip(rates, (value or 0.0 for value in values), strict=True))}

    @api.model
    def _get_measures(self, rates):
        described = self.fields_get(rates, ["string", "help"])
        lower_is_better = {"relay_rate", "duplicate_rate", "suspect_rate"}
        return [
            {
                "name": rate,
                "label": described[rate]["string"],
                "help": described[rate].get("help") or "",
                "more_is_better": rate not in lower_is_better,
            }
            for rate in rates
        ]
