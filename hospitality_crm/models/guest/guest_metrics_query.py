"""The SQL behind `hospitality.guest.metrics`: one query for the rebuild of a range and the refresh of a few guests.

The two paths differ in the condition that picks the guests and in nothing else, so they can't drift apart. The rules
are described in the docstring of the model.
"""

from odoo.tools import SQL

from ...tools.arrays import pg_int_array

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


def dish_key(name):
    """Number that stands for the name of a dish: equal names have equal ones, and in practice only they."""
    return SQL("('x' || substr(md5(%s), 1, 16))::bit(64)::bigint", name)


def guests_in(partner_ids):
    """Scope of the given guests, for :func:`metrics_query`."""
    ids = pg_int_array(partner_ids)
    return lambda column: SQL("%s = ANY(%s::int[])", column, ids)


def guests_between(first, last):
    """Scope of the guests with ids from ``first`` to ``last``, for :func:`metrics_query`."""
    return lambda column: SQL("%s BETWEEN %s AND %s", column, first, last)


def _favourite(count, last, number):
    """Pack how often, when last and an id into one bigint: the largest is the favourite.

    16 bits of frequency, 16 of the day since 1950, 31 of the id inverted, so that the smallest id wins a tie. An
    aggregate over bigint is several times cheaper than sorting or comparing arrays.
    """
    return SQL(
        "((LEAST(%s, 65535)::bigint << 47)"
        " | (LEAST(GREATEST(%s - DATE '1950-01-01', 0), 65535)::bigint << 31)"
        " | (2147483647 - %s))",
        count,
        last,
        number,
    )


def _favourite_id(packed):
    return SQL("(2147483647 - (%s & 2147483647))::int", packed)


def _favourites():
    """One row per guest with the packed favourite of each kind, from the CTEs ``stay_row``, ``table_row``, ``dish``."""
    return SQL(
        """
        SELECT guest,
               max(best) FILTER (WHERE kind = 1) AS channel,
               max(best) FILTER (WHERE kind = 2) AS room_type,
               max(best) FILTER (WHERE kind = 3) AS outlet,
               max(best) FILTER (WHERE kind = 4) AS daypart,
               max(best) FILTER (WHERE kind = 5) AS dish
          FROM (SELECT guest, kind, %(packed)s AS best
                  FROM (SELECT guest, kind, key, count(*) AS n, max(day) AS last
                          FROM (SELECT guest, 1 AS kind, channel_id AS key, arrival AS day FROM stay_row WHERE slept
                                UNION ALL
                                SELECT guest, 2, room_type_id, arrival FROM stay_row WHERE slept
                                UNION ALL
                                SELECT guest, 3, outlet_id, day FROM table_row WHERE visited
                                UNION ALL
                                SELECT guest, 4, array_position(%(dayparts)s::varchar[], daypart), day
                                  FROM table_row WHERE visited) AS vote
                         WHERE key IS NOT NULL
                         GROUP BY guest, kind, key) AS v
                UNION ALL
                SELECT guest, 5, best FROM dish) AS f
         GROUP BY guest
        """,
        dayparts=DAYPARTS,
        packed=_favourite(SQL("n"), SQL("last"), SQL("key")),
    )


def _dishes():
    """One row per guest and dish, from the CTE ``table_row``. The id is that of the first line with the dish."""
    return SQL(
        """
        SELECT guest, dish_key, id, %(packed)s AS best
          FROM (SELECT t.guest, l.dish_key, count(*) AS n, max(t.day) AS last, min(l.id) AS id
                  FROM (SELECT guest, day, check_id FROM table_row
                         WHERE visited AND check_id IS NOT NULL ORDER BY check_id OFFSET 0) AS t
                 CROSS JOIN LATERAL (SELECT l.id, l.dish_key FROM hospitality_charge l
                                      WHERE l.check_id = t.check_id AND l.dish_key IS NOT NULL OFFSET 0) AS l
                 GROUP BY t.guest, l.dish_key) AS d
        """,
        packed=_favourite(SQL("n"), SQL("last"), SQL("id")),
    )


def _rank(alias):
    """Who pays when several people of a stay are marked: the lowest rank."""
    return SQL(
        "(%(o)s.role <> 'payer', %(o)s.role <> 'primary', COALESCE(%(o)s.sequence, 0), %(o)s.id)",
        o=SQL.identifier(alias),
    )


def _person(scope):
    """People rows of the guests in scope. A guest may have two on a stay, but only one sleeps or pays."""
    return SQL(
        """
        SELECT stay_id, partner_id, sleeps AND others & 1 = 0 AS sleeps, pays AND others & 2 = 0 AS pays,
               others & 4 = 0 AS is_first
          FROM (SELECT sg.stay_id, sg.partner_id, sg.sleeps, sg.pays,
                       COALESCE((SELECT bit_or((o.sleeps AND o.partner_id = sg.partner_id AND o.id < sg.id)::int
                                             | ((o.pays AND %(rank_o)s < %(rank_sg)s)::int << 1)
                                             | ((o.partner_id = sg.partner_id AND o.id < sg.id)::int << 2))
                                   FROM hospitality_stay_guest o
                                  WHERE o.stay_id = sg.stay_id AND o.id <> sg.id), 0) AS others
                  FROM (SELECT sg.id, sg.stay_id, sg.partner_id, sg.role, sg.sequence, sg.sleeps, sg.pays
                          FROM hospitality_stay_guest sg WHERE %(guest)s ORDER BY sg.stay_id + 0 OFFSET 0) AS sg
                OFFSET 0) AS p
        """,
        rank_o=_rank("o"),
        rank_sg=_rank("sg"),
        guest=scope(SQL("sg.partner_id")),
    )


def _money(alias, column):
    """An amount in company currency. Most rows are in it already and skip the multiplication."""
    return SQL(
        "CASE WHEN %(a)s.currency_rate = 1 THEN COALESCE(%(a)s.%(c)s, 0)"
        " ELSE COALESCE(%(a)s.%(c)s * %(a)s.currency_rate::numeric, 0) END",
        a=SQL.identifier(alias),
        c=SQL.identifier(column),
    )


STAY_COLUMNS = SQL(
    """
    s.company_id, s.property_id, s.status, s.arrival, s.departure, s.booked_on, s.lead_time, s.room_type_id,
    s.room_type_charged_id, s.channel_id, s.is_pseudo, s.revenue_basis, s.currency_rate, s.amount_room, s.amount_fb,
    s.amount_other
    """
)


def _stay_rows(scope):
    """One row per stay and person: what it counts for."""
    return SQL(
        """
        WITH person AS MATERIALIZED (%(person)s),
        own AS MATERIALIZED (
            SELECT p.stay_id, p.partner_id AS person_id, p.sleeps, p.pays, p.is_first, s.*
              FROM person p
              FULL JOIN (SELECT s.id, s.partner_id, %(columns)s FROM hospitality_stay s WHERE %(main)s) AS s
                     ON s.id = p.stay_id AND s.partner_id = p.partner_id)
        SELECT s.partner_id::bigint << 32 | s.company_id AS guest, s.property_id, s.channel_id, s.arrival,
               s.departure - s.arrival AS nights,
               CASE WHEN s.status = 'checked_out' THEN s.departure ELSE s.arrival END AS seen,
               COALESCE(s.room_type_charged_id, s.room_type_id) AS room_type_id,
               COALESCE(s.arrival - s.booked_on, s.lead_time) AS lead_time,
               CASE WHEN s.sleeps AND s.is_pseudo IS NOT TRUE THEN s.status END AS status,
               s.sleeps AND here AS slept,
               s.pays AND here AS paid_nights,
               CASE WHEN earns THEN %(room)s END AS room,
               CASE WHEN earns THEN %(fb)s END AS fb,
               CASE WHEN earns THEN %(other)s END AS other
          FROM (SELECT s.partner_id,
                       COALESCE(s.sleeps, crew IS NULL) AS sleeps,
                       s.pays IS TRUE OR s.is_first IS NOT FALSE AND crew IS NOT TRUE AS pays,
                       %(columns)s
                  FROM (SELECT own.*,
                               CASE WHEN own.pays THEN true
                                    ELSE (SELECT bool_or(o.pays) IS TRUE FROM hospitality_stay_guest o
                                           WHERE o.stay_id = own.id HAVING count(*) > 0) END AS crew
                          FROM own WHERE own.id IS NOT NULL OFFSET 0) AS s
                UNION ALL
                SELECT p.person_id, p.sleeps, p.pays, s.*
                  FROM (SELECT * FROM own WHERE id IS NULL AND (sleeps OR pays) ORDER BY stay_id OFFSET 0) AS p
                 CROSS JOIN LATERAL (SELECT %(columns)s FROM hospitality_stay s WHERE s.id = p.stay_id OFFSET 0) AS s
                 ) AS s
         CROSS JOIN LATERAL (
               SELECT s.is_pseudo IS NOT TRUE AND s.status IN ('in_house', 'checked_out') AS here,
                      s.pays AND (s.status IN ('in_house', 'checked_out')
                      OR s.revenue_basis = 'lines' AND s.status IN ('cancelled', 'no_show')) AS earns) AS e
         WHERE (s.sleeps OR s.pays) AND s.company_id IS NOT NULL
           AND s.status IN ('in_house', 'checked_out', 'cancelled', 'no_show', 'reserved', 'optional')
        """,
        person=_person(scope),
        columns=STAY_COLUMNS,
        main=scope(SQL("s.partner_id")),
        room=_money("s", "amount_room"),
        fb=_money("s", "amount_fb"),
        other=_money("s", "amount_other"),
    )


def _table_rows(scope):
    """One row per check, and per table reservation that no check belongs to: what it counts for."""
    return SQL(
        """
        SELECT c.partner_id::bigint << 32 | c.company_id AS guest, c.id AS check_id, c.outlet_id,
               c.business_date AS day, c.covers, c.daypart, NOT is_refund AS visited,
               CASE WHEN is_refund THEN -abs(total)
                    WHEN c.status = 'refunded' AND (
                         SELECT b.id FROM hospitality_check b
                          WHERE b.refund_of_id = c.id AND b.status IN ('open', 'paid', 'refunded') LIMIT 1) IS NULL
                    THEN 0
                    ELSE total END AS money,
               o.kind IN ('spa', 'shop', 'other') AS is_other,
               CASE WHEN c.stay_id IS NOT NULL THEN (
                    SELECT s.revenue_basis = 'lines' OR s.revenue_basis = 'source' AND s.amount_fb <> 0
                      FROM hospitality_stay s WHERE s.id = c.stay_id) END AS in_folio
          FROM (SELECT c.*, %(total)s AS total,
                       c.refund_of_id IS NOT NULL OR (c.status = 'refunded' AND c.amount_total < 0) IS TRUE AS is_refund
                  FROM hospitality_check c
                 WHERE %(check_guest)s AND c.company_id IS NOT NULL AND c.status IN ('open', 'paid', 'refunded')) AS c
          LEFT JOIN hospitality_outlet o ON o.id = c.outlet_id
        UNION ALL
        SELECT r.partner_id::bigint << 32 | r.company_id, NULL, r.outlet_id, r.business_date, r.covers, NULL, true, 0,
               false, true
          FROM hospitality_reservation r
         WHERE %(table_guest)s AND r.company_id IS NOT NULL AND r.status IN ('seated', 'finished')
           AND (SELECT b.id FROM hospitality_check b WHERE b.reservation_id = r.id LIMIT 1) IS NULL
        """,
        total=_money("c", "amount_total"),
        check_guest=scope(SQL("c.partner_id")),
        table_guest=scope(SQL("r.partner_id")),
    )


def metrics_query(scope, days):
    """Return the SELECT of the metrics of the guests in scope.

    Inside, a guest in a company is one bigint: joins and groups over one key are cheaper than over two. ``OFFSET 0``
    and scalar subqueries keep the planner from reading whole fact tables for a few thousand guests. Keys are looked up
    in ascending order (``+ 0``: sorted here, not by walking a whole index), so that a page is read once per batch.

    :param scope: :func:`guests_in` or :func:`guests_between`
    :param dict days: current business date per property id
    :return: SQL with the columns ``partner_id``, ``company_id`` and :data:`COLUMNS`; one row per guest and company
        for which anything counts
    """
    return SQL(
        """
        WITH day AS (SELECT * FROM unnest(%(property_ids)s::int[], %(days)s::date[]) AS d(property_id, today)),
        stay_row AS MATERIALIZED (%(stay_rows)s),
        table_row AS MATERIALIZED (%(table_rows)s),
        stay AS (
            SELECT guest,
                   count(*) FILTER (WHERE slept) AS stays,
                   sum(nights) FILTER (WHERE slept) AS nights,
                   count(*) FILTER (WHERE slept AND is_direct) AS direct,
                   count(*) FILTER (WHERE status = 'cancelled') AS cancelled,
                   count(*) FILTER (WHERE status = 'no_show') AS no_show,
                   count(*) FILTER (WHERE status IN ('reserved', 'optional') AND arrival >= today) AS upcoming,
                   min(arrival) FILTER (WHERE status IN ('reserved', 'optional') AND arrival >= today) AS next,
                   min(arrival) FILTER (WHERE slept) AS first,
                   max(seen) FILTER (WHERE slept) AS last,
                   sum(lead_time) FILTER (WHERE slept) AS lead_sum,
                   count(lead_time) FILTER (WHERE slept) AS lead_count,
                   sum(nights) FILTER (WHERE paid_nights) AS paid_nights,
                   sum(room) FILTER (WHERE paid_nights) AS paid_room,
                   sum(room) AS room, sum(fb) AS fb, sum(other) AS other
              FROM stay_row
              LEFT JOIN day USING (property_id)
              LEFT JOIN (SELECT id AS channel_id, is_direct FROM hospitality_channel) AS c USING (channel_id)
             GROUP BY guest),
        meal AS (
            SELECT guest,
                   count(check_id) FILTER (WHERE visited) AS checks,
                   sum(covers) FILTER (WHERE visited) AS covers,
                   min(day) FILTER (WHERE visited) AS first,
                   max(day) FILTER (WHERE visited) AS last,
                   sum(money) AS billed,
                   sum(money) FILTER (WHERE in_folio IS NOT TRUE AND is_other IS NOT TRUE) AS fb,
                   sum(money) FILTER (WHERE in_folio IS NOT TRUE AND is_other) AS other
              FROM table_row
             GROUP BY guest),
        booked AS (
            SELECT r.partner_id::bigint << 32 | r.company_id AS guest,
                   count(*) FILTER (WHERE r.status IN ('seated', 'finished')) AS honoured,
                   count(*) FILTER (WHERE r.status = 'cancelled') AS cancelled,
                   count(*) FILTER (WHERE r.status = 'no_show') AS no_show,
                   count(*) FILTER (WHERE r.status = 'booked' AND r.business_date >= today) AS upcoming,
                   min(r.business_date) FILTER (WHERE r.status = 'booked' AND r.business_date >= today) AS next
              FROM hospitality_reservation r
              LEFT JOIN day USING (property_id)
             WHERE %(table_guest)s AND r.company_id IS NOT NULL
               AND r.status IN ('seated', 'finished', 'cancelled', 'no_show', 'booked')
             GROUP BY 1),
        dish AS MATERIALIZED (%(dishes)s),
        favourite AS MATERIALIZED (%(favourites)s),
        dish_name AS (
            SELECT d.dish_key,
                   COALESCE(max(m.favourite_dish),
                            (SELECT name FROM hospitality_charge l WHERE l.id = min(d.id))) AS name
              FROM favourite
              JOIN dish d ON d.id = %(dish_id)s
              LEFT JOIN hospitality_guest_metrics m
                     ON m.partner_id = (favourite.guest >> 32)::int
                    AND m.company_id = (favourite.guest & 4294967295)::int
                    AND %(known)s = d.dish_key AND %(known_guest)s
             GROUP BY d.dish_key)
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
               round(meal.billed / NULLIF(meal.checks, 0), decimals) AS check_average,
               round(stay.paid_room / NULLIF(stay.paid_nights, 0), decimals) AS adr
          FROM stay
          FULL JOIN meal USING (guest)
          FULL JOIN booked USING (guest)
          LEFT JOIN favourite USING (guest)
          LEFT JOIN (SELECT id, dish_key FROM dish) AS d ON d.id = %(dish_id)s
          LEFT JOIN dish_name ON dish_name.dish_key = d.dish_key
          JOIN (SELECT c.id AS company_id, u.decimal_places AS decimals
                  FROM res_company c JOIN res_currency u ON u.id = c.currency_id) AS company
            ON company_id = (guest & 4294967295)::int
         CROSS JOIN LATERAL (
               SELECT round(COALESCE(stay.room, 0), decimals) AS room,
                      round(COALESCE(stay.fb, 0) + COALESCE(meal.fb, 0), decimals) AS fb,
                      round(COALESCE(stay.other, 0) + COALESCE(meal.other, 0), decimals) AS other) AS earned
         WHERE stay.stays > 0 OR stay.cancelled > 0 OR stay.no_show > 0 OR stay.upcoming > 0 OR meal.checks > 0
            OR booked.honoured > 0 OR booked.cancelled > 0 OR booked.no_show > 0 OR booked.upcoming > 0
            OR meal.billed <> 0 OR earned.room <> 0 OR earned.fb <> 0 OR earned.other <> 0
        """,
        property_ids=list(days),
        days=list(days.values()),
        dayparts=DAYPARTS,
        stay_rows=_stay_rows(scope),
        table_rows=_table_rows(scope),
        table_guest=scope(SQL("r.partner_id")),
        favourites=_favourites(),
        dishes=_dishes(),
        known=dish_key(SQL("m.favourite_dish")),
        known_guest=scope(SQL("m.partner_id")),
        channel_id=_favourite_id(SQL("favourite.channel")),
        room_type_id=_favourite_id(SQL("favourite.room_type")),
        outlet_id=_favourite_id(SQL("favourite.outlet")),
        daypart_id=_favourite_id(SQL("favourite.daypart")),
        dish_id=_favourite_id(SQL("favourite.dish")),
    )
