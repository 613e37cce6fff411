"""The SQL behind `hospitality.guest.metrics`: one query for the rebuild of a range and the refresh of a few guests.

The two paths differ in the condition that picks the guests and in nothing else, so they can't drift apart. The rules
are described in the docstring of the model. What a visit counts for is decided when it is written (`models/visit/visit_tally.py`):
the query adds integers up in the order of the indexes, which hold all it reads.
"""

from odoo.tools import SQL

from ...tools.arrays import pg_int_array
from ..visit.visit_tally import (
    CANCELLED,
    CHECK_MONEY,
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


def guests_in(partner_ids):
    """Scope of the given guests, for :func:`metrics_query`."""
    ids = pg_int_array(partner_ids)
    return lambda column: SQL("%s = ANY(%s::int[])", column, ids)


def guests_between(first, last):
    """Scope of the guests with ids from ``first`` to ``last``, for :func:`metrics_query`."""
    return lambda column: SQL("%s BETWEEN %s AND %s", column, first, last)


def _favourite(key):
    """Pack how often (``n``), when last (``last``) and an id into one bigint: the largest is the favourite.

    16 bits of frequency, 16 of the day since 1950, 31 of the id inverted, so that the smallest id wins a tie. An
    aggregate over bigint is several times cheaper than sorting or comparing arrays.
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
        guest=scope(SQL("s.partner_id")),
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
        guest=scope(SQL("p.partner_id")),
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
        check_guest=scope(SQL("c.partner_id")),
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
        guest=scope(SQL("r.partner_id")),
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
        guest=scope(SQL("v.partner_id")),
    )


def _dishes(scope):
    """One row per guest and dish. The id is that of the first line with the dish."""
    return SQL(
        """
        SELECT guest, dish_key, id, %(packed)s AS best
          FROM (SELECT t.guest, l.dish_key, count(*) AS n, max(t.day) AS last, min(l.id) AS id
                  FROM (SELECT c.id, c.partner_id::bigint << 32 | c.company_id AS guest, c.business_date AS day
                          FROM hospitality_check c
                         WHERE %(guest)s AND c.metric_tally & %(visit)s > 0 ORDER BY c.id + 0 OFFSET 0) AS t
                 CROSS JOIN LATERAL (SELECT l.id, l.dish_key FROM hospitality_charge l
                                      WHERE l.check_id = t.id AND l.dish_key IS NOT NULL OFFSET 0) AS l
                 GROUP BY t.guest, l.dish_key) AS d
        """,
        packed=_favourite(SQL("id")),
        visit=CHECK_VISIT,
        guest=scope(SQL("c.partner_id")),
    )


def _favourites(scope):
    """One row per guest with the packed favourite of each kind."""
    return SQL(
        """
        SELECT guest,
               max(best) FILTER (WHERE kind = 1) AS channel,
               max(best) FILTER (WHERE kind = 2) AS room_type,
               max(best) FILTER (WHERE kind = 3) AS outlet,
               max(best) FILTER (WHERE kind = 4) AS daypart,
               max(best) FILTER (WHERE kind = 5) AS dish
          FROM (SELECT guest, CASE WHEN channel_id IS NULL THEN 2 ELSE 1 END AS kind, %(stay_packed)s AS best
                  FROM (SELECT guest, channel_id, room_type, count(*) AS n, max(arrival) AS last
                          FROM (%(stay_rows)s) AS v
                         WHERE counts & %(stayed)s > 0
                         GROUP BY GROUPING SETS ((guest, channel_id), (guest, room_type))) AS v
                 WHERE COALESCE(channel_id, room_type) IS NOT NULL
                UNION ALL
                SELECT guest, CASE WHEN outlet_id IS NULL THEN 4 ELSE 3 END, %(table_packed)s
                  FROM (SELECT guest, outlet_id, array_position(%(dayparts)s::varchar[], daypart) AS daypart_id, n, last
                          FROM (SELECT guest, outlet_id, daypart, count(*) AS n, max(day) AS last
                                  FROM (SELECT c.partner_id::bigint << 32 | c.company_id AS guest, c.outlet_id,
                                               c.daypart, c.business_date AS day
                                          FROM hospitality_check c
                                         WHERE %(check_guest)s AND c.metric_tally & %(visit)s > 0
                                        UNION ALL
                                        SELECT guest, outlet_id, NULL, day FROM sat) AS v
                                 GROUP BY GROUPING SETS ((guest, outlet_id), (guest, daypart))) AS v) AS v
                 WHERE COALESCE(outlet_id, daypart_id) IS NOT NULL
                UNION ALL
                SELECT guest, 5, best FROM dish) AS f
         GROUP BY guest
        """,
        stay_rows=_stay_rows(scope),
        stay_packed=_favourite(SQL("COALESCE(channel_id, room_type)")),
        table_packed=_favourite(SQL("COALESCE(outlet_id, daypart_id)")),
        dayparts=DAYPARTS,
        stayed=STAYED,
        visit=CHECK_VISIT,
        check_guest=scope(SQL("c.partner_id")),
    )


def _dish_names(scope):
    """One row per guest with the name of his favourite dish.

    Names that the guests in scope have already are taken from there: a line is read only for a new one.
    """
    return SQL(
        """
        SELECT f.guest, n.name
          FROM (SELECT f.guest, d.dish_key FROM favourite f JOIN dish d ON d.id = %(dish_id)s) AS f
          JOIN (SELECT d.dish_key,
                       COALESCE(k.name, (SELECT name FROM hospitality_charge l WHERE l.id = d.id)) AS name
                  FROM (SELECT dish_key, min(d.id) AS id FROM favourite f JOIN dish d ON d.id = %(dish_id)s
                         GROUP BY dish_key) AS d
                  LEFT JOIN (SELECT %(known)s AS dish_key, name
                               FROM (SELECT DISTINCT m.favourite_dish AS name FROM hospitality_guest_metrics m
                                      WHERE %(guest)s) AS m) AS k USING (dish_key)) AS n USING (dish_key)
        """,
        dish_id=_favourite_id(SQL("f.dish")),
        known=dish_key(SQL("name")),
        guest=scope(SQL("m.partner_id")),
    )


def _money(millionths):
    """Millionths of the company's currency as a rounded amount."""
    return SQL("round(%s * 0.000001, decimals)", millionths)


def metrics_query(scope, days):
    """Return the SELECT of the metrics of the guests in scope.

    Inside, a guest in a company is one bigint: joins and groups over one key are cheaper than over two. ``OFFSET 0``
    and scalar subqueries keep the planner from reading whole fact tables for a few thousand guests. Keys are looked up
    in ascending order (``+ 0``: sorted here, not by walking a whole index), so that a page is read once per batch.
    Reading an index twice costs less than keeping what was read.

    :param scope: :func:`guests_in` or :func:`guests_between`
    :param dict days: current business date per property id
    :return: SQL with the columns ``partner_id``, ``company_id`` and :data:`COLUMNS`; one row per guest and company
        for which anything counts
    """
    return SQL(
        """
        WITH today AS (SELECT * FROM unnest(%(property_ids)s::int[], %(days)s::date[]) AS d(property_id, today)),
        other AS MATERIALIZED (%(others)s),
        sat AS MATERIALIZED (%(sat)s),
        stay AS (%(stays)s),
        meal AS (%(meals)s),
        booked AS (%(tables)s),
        dish AS MATERIALIZED (%(dishes)s),
        favourite AS MATERIALIZED (%(favourites)s),
        dish_name AS (%(dish_names)s)
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
               dish_name.name AS favourite_dish,
               (%(dayparts)s::varchar[])[%(daypart_id)s] AS favourite_daypart,
               earned.room AS revenue_room, earned.fb AS revenue_fb, earned.other AS revenue_other,
               earned.room + earned.fb + earned.other AS revenue_total,
               round(meal.billed * 0.000001 / NULLIF(meal.checks, 0), decimals) AS check_average,
               round(stay.paid_room * 0.000001 / NULLIF(stay.paid_nights, 0), decimals) AS adr
          FROM stay
          FULL JOIN meal USING (guest)
          FULL JOIN booked USING (guest)
          LEFT JOIN favourite USING (guest)
          LEFT JOIN dish_name USING (guest)
          JOIN (SELECT c.id AS company_id, u.decimal_places AS decimals
                  FROM res_company c JOIN res_currency u ON u.id = c.currency_id) AS company
            ON company_id = (guest & 4294967295)::int
         CROSS JOIN LATERAL (
               SELECT %(room)s AS room, %(fb)s AS fb, %(other)s AS other OFFSET 0) AS earned
         WHERE stay.stays > 0 OR stay.cancelled > 0 OR stay.no_show > 0 OR stay.upcoming > 0 OR meal.checks > 0
            OR booked.honoured > 0 OR booked.cancelled > 0 OR booked.no_show > 0 OR booked.upcoming > 0
            OR meal.billed <> 0 OR earned.room <> 0 OR earned.fb <> 0 OR earned.other <> 0
        """,
        property_ids=list(days),
        days=list(days.values()),
        dayparts=DAYPARTS,
        others=_other_rows(scope),
        sat=_sat(scope),
        stays=_stays(scope),
        meals=_meals(scope),
        tables=_tables(scope),
        dishes=_dishes(scope),
        favourites=_favourites(scope),
        dish_names=_dish_names(scope),
        channel_id=_favourite_id(SQL("favourite.channel")),
        room_type_id=_favourite_id(SQL("favourite.room_type")),
        outlet_id=_favourite_id(SQL("favourite.outlet")),
        daypart_id=_favourite_id(SQL("favourite.daypart")),
        room=_money(SQL("COALESCE(stay.room, 0)")),
        fb=_money(SQL("(COALESCE(stay.fb, 0) + COALESCE(meal.fb, 0))")),
        other=_money(SQL("(COALESCE(stay.other, 0) + COALESCE(meal.other, 0))")),
    )
