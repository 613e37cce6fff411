from datetime import datetime

from odoo import api, fields, models, tools
from odoo.exceptions import UserError
from odoo.fields import Domain
from odoo.tools import SQL

from ...engine.visit import business_date
from ...tools.select_rows import GUESTS, Columns, Statement
from .timeline_source import TimelineSource

PAGE_SIZE = 40
PAGE_LIMIT = 200


class HospitalityTimeline(models.AbstractModel):
    """Everything that happened with a guest, newest first, a page at a time.

    Each kind of entry has a source: a model, an index on guest and time, and the columns that
    its entries show. A page is one SQL statement: the newest rows of every source that the
    user may read, each with its own record rules and limit, merged by (time, kind, id). That
    triple is also the key from which the next page goes on, so that rows that arrive
    meanwhile shift nothing.

    Another addon adds a kind by extending :meth:`_get_sources` and a method that turns its
    columns into words.
    """

    _name = "hospitality.timeline"
    _description = "Guest Timeline"

    @api.model
    def _get_sources(self):
        """Return the sources by kind.

        :return: dict of kind (str) to :class:`TimelineSource`
        """
        room = {"property": "property_id.name", "room": "room_id.code", "room_type": "room_type_id.name"}
        stay = {
            **room,
            "status": "status",
            "departure": "departure",
            "nights": "nights",
            "channel": "channel_id.name",
            "amount": "amount_total",
            "currency_id": "currency_id",
        }
        return {
            "check": TimelineSource(
                model="hospitality.check",
                time="business_date",
                columns={
                    "property": "property_id.name",
                    "outlet": "outlet_id.name",
                    "status": "status",
                    "number": "number",
                    "covers": "covers",
                    "table": "table",
                    "amount": "amount_total",
                    "currency_id": "currency_id",
                },
                render=self._render_check,
            ),
            "reservation": TimelineSource(
                model="hospitality.reservation",
                time="business_date",
                columns={
                    "property": "property_id.name",
                    "outlet": "outlet_id.name",
                    "tz": "property_id.tz",
                    "status": "status",
                    "starts_at": "starts_at",
                    "covers": "covers",
                    "table": "table",
                    "occasion": "occasion",
                },
                render=self._render_reservation,
            ),
            "stay": TimelineSource(model="hospitality.stay", time="arrival", columns=stay, render=self._render_stay),
            # Stays of somebody else where the guest sleeps, books or pays.
            "stay_with": TimelineSource(
                model="hospitality.stay",
                time="arrival",
                columns={**stay, "with_name": "partner_id.name"},
                render=self._render_stay,
                guest_domain=self._get_domain_with,
            ),
        }

    @api.model
    def _get_domain_with(self, partner_ids):
        # The main guest is among the people of his stay too: the role keeps his own stays out, and an
        # array instead of a join spares the planner the search for an order of joins.
        return Domain.custom(
            to_sql=lambda model, alias, query: SQL(
                "%(stay)s = ANY(ARRAY(SELECT stay_id FROM hospitality_stay_guest"
                " WHERE partner_id IN %(guests)s AND role <> 'primary'))",
                stay=SQL.identifier(alias, "id"),
                guests=tuple(partner_ids),
                to_flush=[
                    self.env["hospitality.stay.guest"]._fields[name] for name in ("partner_id", "stay_id", "role")
                ],
            )
        ) & Domain("partner_id", "not in", partner_ids)

    @api.model
    def get_page(self, partner_ids, before=None, limit=PAGE_SIZE):
        """Return one page of the timeline.

        :param list partner_ids: guests whose entries are merged
        :param before: ``next`` of the page before, or None for the newest page
        :param int limit: most entries, 1 to 200
        :return: dict with ``rows`` (time, kind, id, model, res_id, icon, tone, title, subtitle,
            badge, amount, currency_id) and ``next`` (key of the following page, or False)
        :raise UserError: when ``before`` is no key of a page
        :raise AccessError: when the user may not read one of the guests
        """
        partners = self.env["res.partner"].browse(partner_ids)
        partners.check_access("read")
        return self._get_page(partners.ids, before, limit)

    @api.model
    def _get_page(self, partner_ids, before=None, limit=PAGE_SIZE):
        """Same as :meth:`get_page` for guests that the user is known to be allowed to read."""
        limit = max(1, min(int(limit), PAGE_LIMIT))
        key = self._parse_key(before)
        groups = tuple(self.env.user._get_group_ids())
        build = self._build_statement if key else self._get_statement
        statement = build(key, limit + 1, self.env.companies._ids, self.env.lang, groups)
        if not statement or not partner_ids:
            return {"rows": [], "next": False}
        found = statement.fetch(self.env, partner_ids)
        page = found[:limit]
        sources = self._get_sources()
        rows = [
            {
                "time": str(at),
                "kind": kind,
                "id": f"{kind}-{res_id}",
                "model": sources[kind].model,
                "res_id": res_id,
                "amount": data.get("amount"),
                "currency_id": data.get("currency_id"),
                **sources[kind].render(at, data),
            }
            for at, res_id, kind, data in page
        ]
        return {
            "rows": rows,
            "next": [rows[-1]["time"], rows[-1]["kind"], rows[-1]["res_id"]] if len(found) > limit else False,
        }

    @api.model
    @tools.ormcache("self.env.uid", "self.env.su", "limit", "company_ids", "lang", "group_ids")
    def _get_statement(self, key, limit, company_ids, lang, group_ids):
        return self._build_statement(key, limit, company_ids, lang, group_ids)

    @api.model
    def _build_statement(self, key, limit, company_ids, lang, group_ids):
        """Return the statement of a page over the sources that the user may read, or None."""
        branches, columns = [], {}
        for kind, source in self._get_sources().items():
            branch = self._get_branch(kind, source, key, limit)
            if branch:
                columns[kind], select = branch
                branches.append(SQL("(%s)", select))
        if not branches:
            return None
        return Statement(
            SQL(
                "SELECT at, id, kind, data FROM (%s) entries ORDER BY at DESC, kind DESC, id DESC LIMIT %s",
                SQL(" UNION ALL ").join(branches),
                limit,
            ),
            columns,
        )

    @api.model
    def _parse_key(self, before):
        """Return ``before`` as (datetime, kind, id), or None.

        :raise UserError: when it has another shape
        """
        if not before:
            return None
        try:
            at, kind, res_id = before
            return fields.Datetime.to_datetime(at), str(kind), int(res_id)
        except (TypeError, ValueError) as error:
            raise UserError(self.env._("This page of the timeline no longer exists. Reload the guest.")) from error

    @api.model
    def _get_branch(self, kind, source, key, limit):
        """Return the newest rows of one source.

        :return: its columns and a SELECT of (at, id, kind, data), or None when the user may see
            nothing of it
        """
        Model = self.env[source.model]
        if not Model.has_access("read"):
            return None
        domain = source.guest_domain(list(GUESTS)) & source.domain
        if key:
            domain &= self._get_older_domain(kind, source, Model, key)
        query = Model._search(domain, order=f"{source.time} DESC, id DESC", limit=limit)
        if query.is_empty():
            return None
        shown = Columns(Model, query, source.columns)
        return shown, query.select(
            SQL("%s::timestamp AS at", Model._field_to_sql(query.table, source.time, query)),
            SQL("%s AS id", SQL.identifier(query.table, "id")),
            SQL("%s::text AS kind", kind),
            SQL("%s AS data", shown.to_json()),
        )

    @api.model
    def _get_older_domain(self, kind, source, Model, key):
        at, key_kind, key_id = key
        if Model._fields[source.time].type == "date":
            # A date stands for its midnight: any time after it still leaves the date itself older.
            date = at.date()
            earlier = Domain(source.time, "<=" if at > datetime.combine(date, datetime.min.time()) else "<", date)
            same = Domain(source.time, "=", date)
        else:
            earlier = Domain(source.time, "<", at)
            same = Domain(source.time, "=", at)
        if kind == key_kind:
            return earlier | (same & Domain("id", "<", key_id))
        return earlier | same if kind < key_kind else earlier

    @api.model
    def _get_label(self, model, field, value):
        return self.env["hospitality.guest.facts"]._get_labels(model, field).get(value) or ""

    @api.model
    def _render_stay(self, at, data):
        nights = data["nights"] or 0
        where = data["room"] and self.env._("Room %s", data["room"]) or data["room_type"]
        status = data["status"]
        return {
            "icon": "fa-bed",
            "tone": {
                "in_house": "success",
                "reserved": "info",
                "optional": "info",
                "cancelled": "muted",
                "no_show": "danger",
                "unknown": "warning",
            }.get(status, "secondary"),
            "title": data["property"],
            "subtitle": [
                part
                for part in (
                    self.env._("1 night") if nights == 1 else self.env._("%s nights", nights),
                    where,
                    data["channel"],
                    data.get("with_name") and self.env._("with %s", data["with_name"]),
                )
                if part
            ],
            "until": data["departure"],
            "badge": self._get_label("hospitality.stay", "status", status),
        }

    @api.model
    def _render_reservation(self, at, data):
        status = data["status"]
        return {
            "icon": "fa-calendar-check-o",
            "tone": {
                "booked": "info",
                "requested": "info",
                "seated": "success",
                "cancelled": "muted",
                "no_show": "danger",
                "unknown": "warning",
            }.get(status, "secondary"),
            "title": data["outlet"] or data["property"],
            "clock": self._get_local_time(data["starts_at"], data["tz"]),
            "subtitle": [
                part
                for part in (
                    self.env._("1 person") if data["covers"] == 1 else self.env._("%s people", data["covers"]),
                    data["table"] and self.env._("table %s", data["table"]),
                    data["occasion"],
                )
                if part
            ],
            "badge": self._get_label("hospitality.reservation", "status", status),
        }

    @api.model
    def _render_check(self, at, data):
        status = data["status"]
        covers = data["covers"]
        return {
            "icon": "fa-cutlery",
            "tone": {"voided": "muted", "refunded": "danger", "open": "success", "unknown": "warning"}.get(
                status, "secondary"
            ),
            "title": data["outlet"] or data["property"],
            "subtitle": [
                part
                for part in (
                    data["number"] and self.env._("Check %s", data["number"]),
                    covers and (self.env._("1 cover") if covers == 1 else self.env._("%s covers", covers)),
                    data["table"] and self.env._("table %s", data["table"]),
                )
                if part
            ],
            "badge": "" if status == "paid" else self._get_label("hospitality.check", "status", status),
        }

    @api.model
    def _get_local_time(self, instant, tz):
        """Return HH:MM in ``tz`` of a UTC instant in ISO format, or an empty text."""
        if not instant:
            return ""
        return business_date.local_time(datetime.fromisoformat(instant), tz).strftime("%H:%M")
