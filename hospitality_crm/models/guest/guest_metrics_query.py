"""The SQL behind `hospitality.guest.metrics`: one query for the rebuild of a range and the refresh of a few guests.

The two paths differ in the condition that picks the guests and in nothing else, so they can't drift apart. The rules
are described in the docstring of the model. What a visit counts for is decided when it is written
(`models/visit/visit_tally.py`): the query adds integers up in the order of the indexes, which hold all it reads.
"""

from collections.abc import Callable
from typing import NamedTuple

from odoo.tools import SQL

from ...tools.arrays import pg_int_array
from ..visit.visit_tally import (
    CANCELLED,
    CHECK_REFUNDED,
    CHECK_VISIT,
    EARNS,
    EXPECTED,
    FOLIO_HAS_FB,
    NO_SHOW,
    PAID_NIGHTS,
    STAYED,
    dish_key,
)

DAYPARTS = ["breakfast", "lunch", "afternoon", "dinner", "late"]

COLUMNS = (
    "stay_count",
    "night_count",
    "check_count",
    "cover_count",
    "reservation_count",
    "cancel_count",
    "no_show_count",
    "upcoming_count",
    "direct_count",
    "direct_share",
    "lead_time_avg",
    "first_visit",
    "last_visit",
    "next_visit",
    "channel_id",
    "room_type_id",
    "outlet_id",
    "favourite_dish",
    "favourite_daypart",
    "revenue_room",
    "revenue_fb",
    "revenue_other",
    "revenue_total",
    "check_average",
    "adr",
)


CHUNK = 1000
"""Guests of a range that are computed at once: few enough for their hash tables to stay in the processor's cache."""


class Scope(NamedTuple):
    """Which guests a query is about.

    :ivar all: function from the SQL of a column to the condition that picks all of them
    :ivar some: the same for those that are computed at once, given the row ``chunk``
    :ivar chunks: SQL of the rows ``chunk``
    """

    all: Callable[[SQL], SQL]
    some: Callable[[SQL], SQL]
    chunks: SQL


def guests_in(partner_ids):
    """Scope of the given guests, for :func:`metrics_query`."""
    ids = pg_int_array(partner_ids)

    def condition(column):
        return SQL("%s = ANY(%s::int[])", column, ids)

    return Scope(condition, condition, SQL("(VALUES (0)) AS chunk(first)"))


def guests_between(first, last):
    """Scope of the guests with ids from ``first`` to ``last``, for :func:`metrics_query`."""
    return Scope(
        lambda column: SQL("%s BETWEEN %s AND %s", column, first, last),
        lambda column: SQL("%s BETWEEN chunk.first AND LEAST(chunk.first + %s, %s)", column, CHUNK - 1, last),
        SQL("generate_series(%s, %s, %s) AS chunk(first)", first, last, CHUNK),
    )


def _favourite(key):
    """Pack how often (``n``), when last (``last``) and an id into one bigint: the largest is the favourite.

    16 bits of frequency, 16 of the day since 1950, 31 of the id inverted, so that the smallest id wins a tie. An
    aggregate is several times cheaper than sorting.
    """
    return SQL(
        "((LEAST(n, 65535)::bigint << 47)"
        " | (LEAST(GREATEST(last - DATE '1950-01-01', 0), 65535)::bigint << 31)"
        " | (2147483647 - %s))",
        key,
    )


def _favourite_id(packed):
    return SQL("(2147483647 - (%s & 2147483647))::int", packed)


def _due(day):
    """Whether a day is not over at the property of the row ``v``.

    Only the days on which properties disagree need to ask which one it is.
    """
    return SQL(
        "(%(day)s >= (SELECT min(today) FROM today) AND (%(day)s > (SELECT max(today) FROM today)"
        " OR %(day)s >= (SELECT t.today FROM today t WHERE t.property_id = v.property_id)))",
        day=day,
    )


def _stays(scope):
    """What the stays of each guest add up to."""
    return SQL(
        """
        SELECT guest,
               count(*) FILTER (WHERE counts & %(stayed)s > 0) AS stays,
               sum(nights) FILTER (WHERE counts & %(stayed)s > 0) AS nights,
               count(*) FILTER (WHERE counts & %(stayed)s > 0 AND channel_id IN (
                    SELECT id FROM hospitality_channel WHERE is_direct)) AS direct,
               count(*) FILTER (WHERE counts & %(cancelled)s > 0) AS cancelled,
               count(*) FILTER (WHERE counts & %(no_show)s > 0) AS no_show,
               count(*) FILTER (WHERE counts & %(expected)s > 0 AND %(due)s) AS upcoming,
               min(arrival) FILTER (WHERE counts & %(expected)s > 0 AND %(due)s) AS next,
               min(arrival) FILTER (WHERE counts & %(stayed)s > 0) AS first,
               max(seen) FILTER (WHERE counts & %(stayed)s > 0) AS last,
               sum(lead) FILTER (WHERE counts & %(stayed)s > 0) AS lead_sum,
               count(lead) FILTER (WHERE counts & %(stayed)s > 0) AS lead_count,
               sum(nights) FILTER (WHERE counts & %(paid)s > 0) AS paid_nights,
               sum(room) FILTER (WHERE counts & %(paid)s > 0) AS paid_room,
               sum(room) FILTER (WHERE counts & %(earns)s > 0) AS room,
               sum(fb) FILTER (WHERE counts & %(earns)s > 0) AS fb,
               sum(other) FILTER (WHERE counts & %(earns)s > 0) AS other
          FROM (%(rows)s) AS v
         GROUP BY guest
        """,
        rows=_stay_rows(scope),
        due=_due(SQL("arrival")),
        stayed=STAYED,
        cancelled=CANCELLED,
        no_show=NO_SHOW,
        expected=EXPECTED,
        paid=PAID_NIGHTS,
        earns=EARNS,
    )


STAY_COLUMNS = SQL(
    """
    s.property_id, s.channel_id, s.arrival, s.metric_nights AS nights, s.metric_seen AS seen, s.metric_lead AS lead,
    s.metric_room_type AS room_type, s.metric_room AS room, s.metric_fb AS fb, s.metric_other AS other
    """
)


def _stay_rows(scope):
    """One row per stay and person it counts for; ``counts`` are the bits that the stay and the person share."""
    return SQL(
        """
        SELECT s.partner_id::bigint << 32 | s.company_id AS guest, s.metric_tally & s.metric_share AS counts,
               %(columns)s
          FROM hospitality_stay s
         WHERE %(guest)s AND s.metric_tally & s.metric_share > 0
        UNION ALL
        SELECT * FROM other
        """,
        columns=STAY_COLUMNS,
        guest=scope.some(SQL("s.partner_id")),
    )


def _other_rows(scope):
    """The rows of :func:`_stay_rows` of guests who aren't the guest of the stay."""
    return SQL(
        """
        SELECT p.partner_id::bigint << 32 | s.company_id AS guest, s.metric_tally & p.metric_share AS counts,
               %(columns)s
          FROM (SELECT p.partner_id, p.stay_id, p.metric_share FROM hospitality_stay_guest p
                 WHERE %(guest)s AND p.metric_share > 0 ORDER BY p.stay_id + 0 OFFSET 0) AS p
         CROSS JOIN LATERAL (SELECT s.* FROM hospitality_stay s
                              WHERE s.id = p.stay_id AND s.metric_tally & p.metric_share > 0 OFFSET 0) AS s
        """,
        columns=STAY_COLUMNS,
        guest=scope.some(SQL("p.partner_id")),
    )


def _meals(scope):
    """What the checks of each guest, and the tables he sat at without a check, add up to."""
    return SQL(
        """
        SELECT guest,
               count(id) FILTER (WHERE visited) AS checks,
               sum(covers) FILTER (WHERE visited) AS covers,
               min(day) FILTER (WHERE visited) AS first,
               max(day) FILTER (WHERE visited) AS last,
               sum(money) AS billed,
               sum(money) FILTER (WHERE in_folio IS NOT TRUE AND is_other IS NOT TRUE) AS fb,
               sum(money) FILTER (WHERE in_folio IS NOT TRUE AND is_other) AS other
          FROM (SELECT c.partner_id::bigint << 32 | c.company_id AS guest, c.id, c.covers, c.business_date AS day,
                       c.metric_tally & %(visit)s > 0 AS visited,
                       CASE WHEN c.metric_tally & %(refunded)s > 0 AND (
                                 SELECT b.id FROM hospitality_check b
                                  WHERE b.refund_of_id = c.id AND b.metric_tally > 0 LIMIT 1) IS NULL THEN 0
                            ELSE c.metric_money END AS money,
                       c.outlet_id IN (SELECT id FROM hospitality_outlet WHERE kind IN ('spa', 'shop', 'other'))
                           AS is_other,
                       CASE WHEN c.stay_id IS NOT NULL THEN (
                            SELECT s.metric_tally & %(folio)s > 0 FROM hospitality_stay s WHERE s.id = c.stay_id)
                       END AS in_folio
                  FROM hospitality_check c
                 WHERE %(check_guest)s AND c.metric_tally > 0
                UNION ALL
                SELECT guest, NULL, covers, day, true, 0, NULL, NULL FROM sat) AS v
         GROUP BY guest
        """,
        visit=CHECK_VISIT,
        refunded=CHECK_REFUNDED,
        folio=FOLIO_HAS_FB,
        check_guest=scope.some(SQL("c.partner_id")),
    )


def _sat(scope):
    """One row per table reservation that was honoured and that no check belongs to."""
    return SQL(
        """
        SELECT r.partner_id::bigint << 32 | r.company_id AS guest, r.outlet_id, r.business_date AS day, r.covers
          FROM hospitality_reservation r
         WHERE %(guest)s AND r.company_id IS NOT NULL AND r.status IN ('seated', 'finished')
           AND (SELECT b.id FROM hospitality_check b WHERE b.reservation_id = r.id LIMIT 1) IS NULL
        """,
        guest=scope.some(SQL("r.partner_id")),
    )


def _tables(scope):
    """What the table reservations of each guest add up to."""
    return SQL(
        """
        SELECT v.partner_id::bigint << 32 | v.company_id AS guest,
               count(*) FILTER (WHERE status IN ('seated', 'finished')) AS honoured,
               count(*) FILTER (WHERE status = 'cancelled') AS cancelled,
               count(*) FILTER (WHERE status = 'no_show') AS no_show,
               count(*) FILTER (WHERE status = 'booked' AND %(due)s) AS upcoming,
               min(business_date) FILTER (WHERE status = 'booked' AND %(due)s) AS next
          FROM hospitality_reservation v
         WHERE %(guest)s AND v.company_id IS NOT NULL
         GROUP BY 1
        """,
        due=_due(SQL("business_date")),
        guest=scope.some(SQL("v.partner_id")),
    )


def _dishes(scope):
    """One row per guest with his favourite dish: packed, the id being that of the first line with it, and its key."""
    return SQL(
        """
        SELECT guest, max(ARRAY[%(line)s, dish_key]) AS best
          FROM (SELECT t.guest, l.dish_key, count(*) AS n, max(t.day) AS last, min(l.id) AS id
                  FROM (SELECT c.id, c.partner_id::bigint << 32 | c.company_id AS guest, c.business_date AS day
                          FROM hospitality_check c
                         WHERE %(guest)s AND c.metric_tally & %(visit)s > 0 ORDER BY c.id + 0 OFFSET 0) AS t
                 CROSS JOIN LATERAL (SELECT l.id, l.dish_key FROM hospitality_charge l
                                      WHERE l.check_id = t.id AND l.dish_key IS NOT NULL OFFSET 0) AS l
                 GROUP BY t.guest, l.dish_key) AS d
         GROUP BY guest
        """,
        line=_favourite(SQL("id")),
        visit=CHECK_VISIT,
        guest=scope.some(SQL("c.partner_id")),
    )


def _stay_favourites(scope):
    """One row per guest with the packed favourites among his stays."""
    return SQL(
        """
        SELECT guest,
               max(%(channel)s) FILTER (WHERE channel_id IS NOT NULL) AS channel,
               max(%(room_type)s) FILTER (WHERE room_type IS NOT NULL) AS room_type
          FROM (SELECT guest, channel_id, room_type, count(*) AS n, max(arrival) AS last
                  FROM (%(rows)s) AS v
                 WHERE counts & %(stayed)s > 0
                 GROUP BY GROUPING SETS ((guest, channel_id), (guest, room_type))) AS v
         GROUP BY guest
        """,
        rows=_stay_rows(scope),
        channel=_favourite(SQL("channel_id")),
        room_type=_favourite(SQL("room_type")),
        stayed=STAYED,
    )


def _meal_favourites(scope):
    """One row per guest with the packed favourites among his checks and tables."""
    return SQL(
        """
        SELECT guest,
               max(%(outlet)s) FILTER (WHERE outlet_id IS NOT NULL) AS outlet,
               max(%(daypart)s) FILTER (WHERE daypart IS NOT NULL) AS daypart
          FROM (SELECT guest, outlet_id, daypart, count(*) AS n, max(day) AS last
                  FROM (SELECT c.partner_id::bigint << 32 | c.company_id AS guest, c.outlet_id, c.daypart,
                               c.business_date AS day
                          FROM hospitality_check c
                         WHERE %(check_guest)s AND c.metric_tally & %(visit)s > 0
                        UNION ALL
                        SELECT guest, outlet_id, NULL, day FROM sat) AS v
                 GROUP BY GROUPING SETS ((guest, outlet_id), (guest, daypart))) AS v
         GROUP BY guest
        """,
        outlet=_favourite(SQL("outlet_id")),
        daypart=_favourite(SQL("array_position(%s::varchar[], daypart)", DAYPARTS)),
        visit=CHECK_VISIT,
        check_guest=scope.some(SQL("c.partner_id")),
    )


def _money(millionths):
    """Millionths of the company's currency as a rounded amount."""
    return SQL("round(%s * 0.000001, decimals)", millionths)


def _figures(scope):
    """The metrics of the guests of a chunk, with the key of the favourite dish in place of its name."""
    return SQL(
        """
        WITH other AS MATERIALIZED (%(others)s),
        sat AS MATERIALIZED (%(sat)s),
        stay AS (%(stays)s),
        meal AS (%(meals)s),
        booked AS (%(tables)s),
        dish AS (%(dishes)s),
        stay_best AS (%(stay_favourites)s),
        meal_best AS (%(meal_favourites)s)
        SELECT (guest >> 32)::int AS partner_id, company_id,
               COALESCE(stay.stays, 0)::int AS stay_count,
               COALESCE(stay.nights, 0)::int AS night_count,
               COALESCE(meal.checks, 0)::int AS check_count,
               COALESCE(meal.covers, 0)::int AS cover_count,
               COALESCE(booked.honoured, 0)::int AS reservation_count,
               (COALESCE(stay.cancelled, 0) + COALESCE(booked.cancelled, 0))::int AS cancel_count,
               (COALESCE(stay.no_show, 0) + COALESCE(booked.no_show, 0))::int AS no_show_count,
               (COALESCE(stay.upcoming, 0) + COALESCE(booked.upcoming, 0))::int AS upcoming_count,
               COALESCE(stay.direct, 0)::int AS direct_count,
               stay.direct::float8 / NULLIF(stay.stays, 0) AS direct_share,
               stay.lead_sum::float8 / NULLIF(stay.lead_count, 0) AS lead_time_avg,
               LEAST(stay.first, meal.first) AS first_visit,
               GREATEST(stay.last, meal.last) AS last_visit,
               LEAST(stay.next, booked.next) AS next_visit,
               %(channel_id)s AS channel_id,
               %(room_type_id)s AS room_type_id,
               %(outlet_id)s AS outlet_id,
               (%(dayparts)s::varchar[])[%(daypart_id)s] AS favourite_daypart,
               earned.room AS revenue_room, earned.fb AS revenue_fb, earned.other AS revenue_other,
               earned.room + earned.fb + earned.other AS revenue_total,
               round(meal.billed * 0.000001 / NULLIF(meal.checks, 0), decimals) AS check_average,
               round(stay.paid_room * 0.000001 / NULLIF(stay.paid_nights, 0), decimals) AS adr,
               dish.best[2] AS dish_key, %(dish_line_id)s AS dish_line_id
          FROM stay
          FULL JOIN meal USING (guest)
          FULL JOIN booked USING (guest)
          LEFT JOIN stay_best USING (guest)
          LEFT JOIN meal_best USING (guest)
          LEFT JOIN dish USING (guest)
          JOIN company ON company_id = (guest & 4294967295)::int
         CROSS JOIN LATERAL (
               SELECT %(room)s AS room, %(fb)s AS fb, %(other)s AS other OFFSET 0) AS earned
         WHERE stay.stays > 0 OR stay.cancelled > 0 OR stay.no_show > 0 OR stay.upcoming > 0 OR meal.checks > 0
            OR booked.honoured > 0 OR booked.cancelled > 0 OR booked.no_show > 0 OR booked.upcoming > 0
            OR meal.billed <> 0 OR earned.room <> 0 OR earned.fb <> 0 OR earned.other <> 0
        """,
        dayparts=DAYPARTS,
        others=_other_rows(scope),
        sat=_sat(scope),
        stays=_stays(scope),
        meals=_meals(scope),
        tables=_tables(scope),
        dishes=_dishes(scope),
        stay_favourites=_stay_favourites(scope),
        meal_favourites=_meal_favourites(scope),
        channel_id=_favourite_id(SQL("stay_best.channel")),
        room_type_id=_favourite_id(SQL("stay_best.room_type")),
        outlet_id=_favourite_id(SQL("meal_best.outlet")),
        daypart_id=_favourite_id(SQL("meal_best.daypart")),
        dish_line_id=_favourite_id(SQL("dish.best[1]")),
        room=_money(SQL("COALESCE(stay.room, 0)")),
        fb=_money(SQL("(COALESCE(stay.fb, 0) + COALESCE(meal.fb, 0))")),
        other=_money(SQL("(COALESCE(stay.other, 0) + COALESCE(meal.other, 0))")),
    )


def metrics_query(scope, days):
    """Return the SELECT of the metrics of the guests in scope.

    Inside, a guest in a company is one bigint: joins and groups over one key are cheaper than over two. ``OFFSET 0``
    and scalar subqueries keep the planner from reading whole fact tables for a few thousand guests. Keys are looked up
    in ascending order (``+ 0``: sorted here, not by walking a whole index), so that a page is read once per chunk.
    Reading an index twice costs less than keeping what was read. Names of dishes that the guests in scope have already
    are taken from there: a line is read only for a new one.

    :param Scope scope: :func:`guests_in` or :func:`guests_between`
    :param dict days: current business date per property id
    :return: SQL with the columns ``partner_id``, ``company_id`` and :data:`COLUMNS`; one row per guest and company
        for which anything counts
    """
    return SQL(
        """
        WITH today AS (SELECT * FROM unnest(%(property_ids)s::int[], %(days)s::date[]) AS d(property_id, today)),
        company AS (SELECT c.id AS company_id, u.decimal_places AS decimals
                      FROM res_company c JOIN res_currency u ON u.id = c.currency_id),
        figure AS MATERIALIZED (SELECT f.* FROM %(chunks)s CROSS JOIN LATERAL (%(figures)s) AS f),
        dish_name AS (
            SELECT d.dish_key, COALESCE(k.name, (SELECT name FROM hospitality_charge l WHERE l.id = d.id)) AS name
              FROM (SELECT dish_key, min(dish_line_id) AS id FROM figure WHERE dish_key IS NOT NULL
                     GROUP BY dish_key) AS d
              LEFT JOIN (SELECT %(known)s AS dish_key, name
                           FROM (SELECT DISTINCT m.favourite_dish AS name FROM hospitality_guest_metrics m
                                  WHERE %(guest)s) AS m) AS k USING (dish_key))
        SELECT figure.*, dish_name.name AS favourite_dish FROM figure LEFT JOIN dish_name USING (dish_key)
        """,
        property_ids=list(days),
        days=list(days.values()),
        chunks=scope.chunks,
        figures=_figures(scope),
        known=dish_key(SQL("name")),
        guest=scope.all(SQL("m.partner_id")),
    )
