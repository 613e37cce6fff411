from bisect import bisect_right
from datetime import datetime

from odoo import api, models, tools
from odoo.tools import SQL

from ...engine.visit.business_date import business_date, daypart

_TABLES = (
    "hospitality_property",
    "hospitality_channel",
    "hospitality_source",
    "hospitality_room_type",
    "hospitality_room",
    "hospitality_outlet",
    "res_currency",
    "res_company",
)


class Place:
    """A property as the bulk writer needs it: plain values."""

    __slots__ = ("code", "id", "company_id", "company_currency_id", "currency_id", "country", "tz", "day_close")

    def __init__(self, code, id_, company_id, company_currency_id, currency_id, country, tz, day_close):
        self.code, self.id, self.company_id, self.company_currency_id = code, id_, company_id, company_currency_id
        self.currency_id, self.country, self.tz, self.day_close = currency_id, country, tz, day_close or 0.0

    def business_date(self, instant):
        """Return the day, as text, that an instant ``YYYY-MM-DD HH:MM:SS`` in UTC belongs to."""
        return business_date(datetime.fromisoformat(instant), self.tz, self.day_close).isoformat()

    def daypart(self, instant):
        return daypart(datetime.fromisoformat(instant), self.tz)


def get_stamp_sql(table, where=None):
    """Return an expression that changes with every insert, update and deletion of rows with a log of access."""
    return SQL(
        "(SELECT count(*) || ' ' || sum(extract(epoch FROM write_date)) FROM %s WHERE %s)",
        SQL.identifier(table),
        where or SQL("TRUE"),
    )


class HospitalityBulkCodes(models.AbstractModel):
    """Codes of places, channels and currencies, and exchange rates, looked up without a query each."""

    _name = "hospitality.bulk.codes"
    _description = "Codes for bulk writes"

    @api.model
    def _get_codes(self):
        """Return the ids of configuration records by code, archived ones included.

        :return: ``{"property": {code: Place}, "place": {id: Place}, "channel": {code: id},
            "room_type"/"room"/"outlet": {(property id, code): id}, "currency": {ISO code: (id,
            decimals)}, "decimals": {currency id: decimals}, "currency_name": {id: ISO code},
            "source": {id: (trust, property id, code, kind)}, "own": ids of the partners of our houses,
            "country_code": {id: code}, "company_country": {company id: code, "" without one}}``
        """
        [[stamp]] = self.env.execute_query(SQL("SELECT %s", self._get_stamp_sql()))
        return self._read_codes(stamp)

    @api.model
    @tools.ormcache("self.env.uid", "tuple(self.env.context.get('allowed_company_ids') or ())")
    def _get_company_id(self):
        """Return the id of the current company, without reading the user each time."""
        return self.env.company.id

    @api.model
    def _get_stamp_sql(self):
        """Return an expression that tells any change of the configuration records.

        It sees what another transaction has committed in between, which the cache signals of the registry can't.
        """
        stamps = [get_stamp_sql(table) for table in _TABLES]
        # The country of a company is that of its contact.
        stamps.append(
            SQL(
                "(SELECT string_agg(concat_ws(':', c.id, p.country_id), ' ' ORDER BY c.id)"
                " FROM res_company c JOIN res_partner p ON p.id = c.partner_id)"
            )
        )
        return SQL("concat_ws(' ', %s)", SQL(", ").join(stamps))

    @api.model
    @tools.ormcache("stamp")
    def _read_codes(self, stamp):
        query = self.env.execute_query
        codes = {
            "property": {
                row[0]: Place(*row)
                for row in query(
                    SQL(
                        "SELECT p.code, p.id, p.company_id, c.currency_id, p.currency_id, country.code, p.tz,"
                        " p.day_close FROM hospitality_property p JOIN res_company c ON c.id = p.company_id"
                        " LEFT JOIN res_country country ON country.id = p.country_id"
                    )
                )
            },
            "channel": dict(query(SQL("SELECT code, id FROM hospitality_channel"))),
            "currency": {
                name: (id_, decimals)
                for name, id_, decimals in query(SQL("SELECT name, id, decimal_places FROM res_currency WHERE active"))
            },
            "source": {
                id_: tuple(values)
                for id_, *values in query(SQL("SELECT id, trust, property_id, code, kind FROM hospitality_source"))
            },
            "own": [row[0] for row in query(self.env["hospitality.contact.point"]._get_own_partners_sql())],
            "country_code": dict(query(SQL("SELECT id, code FROM res_country"))),
        }
        for kind in ("room_type", "room", "outlet"):
            rows = query(SQL("SELECT property_id, code, id FROM %s", SQL.identifier(f"hospitality_{kind}")))
            codes[kind] = {(property_id, code): id_ for property_id, code, id_ in rows}
        companies = self.env["res.company"].browse(row[0] for row in query(SQL("SELECT id FROM res_company")))
        companies = companies.sudo()  # for codes of countries only
        codes["company_country"] = {company.id: company.country_id.code or "" for company in companies}
        codes["place"] = {place.id: place for place in codes["property"].values()}
        codes["decimals"] = dict(codes["currency"].values())
        codes["currency_name"] = {id_: name for name, (id_, _decimals) in codes["currency"].items()}
        return codes

    @api.model
    @tools.ormcache()
    def _get_countries(self):
        """Return ``{ISO code: country id}``."""
        return dict(self.env.execute_query(SQL("SELECT code, id FROM res_country")))

    @api.model
    @tools.ormcache()
    def _get_states(self):
        """Return ``{(country id, lower-case code or name): state id}``; thousands, for those who need one."""
        states = {}
        for country_id, code, name, id_ in self.env.execute_query(
            SQL("SELECT country_id, lower(code), lower(name), id FROM res_country_state ORDER BY id DESC")
        ):
            states[country_id, name] = states[country_id, code] = id_
        return states

    @api.model
    def _get_references(self, goldens):
        """Return what `res.partner._get_golden_columns` needs, without a query where it is cached."""
        countries = {}
        if any("country" in golden or "nationality" in golden for golden in goldens):
            countries = self._get_countries()
        wanted = {
            (golden["country"].value, golden["state"].value)
            for golden in goldens
            if "state" in golden and "country" in golden
        }
        states = self._get_states() if wanted else {}
        return {
            "country": countries,
            "state": {(country, text): states.get((countries.get(country), text.lower())) for country, text in wanted},
            "lang": [code for code, _name in self.env["res.lang"].get_installed()],
        }

    @api.model
    def _get_rates(self, wanted):
        """Return exchange rates into the company's currency.

        :param wanted: set of ``(company_id, company_currency_id, currency_id, day)``
        :return: dict of the same tuples to the factor that turns an amount into the company's
            currency: the rate of the company's currency over that of the other, each the last one
            on or before the day (the first one ever for an older day), as `res.currency` does
        """
        if not wanted:
            return {}
        currency_ids = {one[1] for one in wanted} | {one[2] for one in wanted}
        company_ids = {one[0] for one in wanted}
        roots = {
            company.id: company.root_id.id
            for company in self.env["res.company"].browse(company_ids).sudo()  # rates are kept by the root
        }
        history = {}
        for currency_id, company_id, day, rate in self.env.execute_query(
            SQL(
                "SELECT currency_id, company_id, name, rate FROM res_currency_rate"
                " WHERE currency_id = ANY(%s) AND (company_id IS NULL OR company_id = ANY(%s))"
                " ORDER BY name",
                list(currency_ids),
                list(set(roots.values())),
            )
        ):
            days, rates = history.setdefault((currency_id, company_id), ([], []))
            days.append(day)
            rates.append(float(rate))

        def rate_of(currency_id, company_id, day):
            known = [history[key] for key in ((currency_id, company_id), (currency_id, None)) if key in history]
            for days, rates in known:
                position = bisect_right(days, day)
                if position:
                    return rates[position - 1]
            return known[0][1][0] if known else 1.0

        return {one: rate_of(one[1], roots[one[0]], one[3]) / rate_of(one[2], roots[one[0]], one[3]) for one in wanted}
