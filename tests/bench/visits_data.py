"""A hotel group's visits, made by SQL: guests, stays and their people, table reservations, checks and their lines.

Per guest there are on average 5 stays with 6 people rows and 10 folio lines, 1 table reservation, 3 checks and 10
check lines: 20 charges. Who comes how often is skewed (many guests never came again, some come a hundred times), a
sixth of the stays is cancelled or a no-show, a fifth is shared by two guests, a tenth of the checks is charged to a
room, a twentieth of the bills is in a foreign currency. Ten properties of one company. The rows of a guest are
scattered over the tables, as they are after years of operation.
"""

from psycopg2.sql import SQL, Identifier

# Share of somebody who sleeps in a stay and doesn't pay, as models/visit/visit_tally.py has it: the main guest pays.
SLEEPER = 1 | 2 | 4 | 8
# Other addons add required columns; guests take them from the partner of the main company.
PARTNERS = """
    INSERT INTO res_partner (name, complete_name, type, active, is_company, is_guest, {more})
    SELECT 'Guest ' || i, 'Guest ' || i, 'contact', true, false, true, {more}
      FROM generate_series(1, %(size)s) AS i, (SELECT {more} FROM res_partner WHERE id = 1) AS main
"""
PEOPLE = """
    UPDATE res_partner SET commercial_partner_id = id WHERE commercial_partner_id IS NULL;
    INSERT INTO hospitality_profile (source_id, external_id, partner_id, state, kind, name, seen_at)
    SELECT (SELECT min(id) FROM hospitality_source), 'g' || id, id, 'live', 'person', name, now()
      FROM res_partner WHERE is_guest ORDER BY id;
"""

PLACES = """
    INSERT INTO hospitality_property
        (name, code, sequence, active, kind, company_id, tz, currency_id, day_close, room_count)
    SELECT jsonb_build_object('en_US', 'Hotel ' || i), 'H' || i, i, true, 'hotel', c.id, 'Europe/Paris', c.currency_id,
           4, 120
      FROM generate_series(1, 10) AS i, res_company c
     WHERE c.id = 1;
    INSERT INTO hospitality_outlet (name, code, sequence, active, property_id, company_id, kind)
    SELECT jsonb_build_object('en_US', 'Outlet ' || o), 'O' || o, o, true, p.id, p.company_id,
           (ARRAY['restaurant', 'bar', 'spa', 'breakfast'])[o]
      FROM hospitality_property p, generate_series(1, 4) AS o;
    INSERT INTO hospitality_room_type (name, code, sequence, active, property_id, capacity)
    SELECT jsonb_build_object('en_US', 'Type ' || t), 'T' || t, t, true, p.id, 2
      FROM hospitality_property p, generate_series(1, 6) AS t;
    INSERT INTO hospitality_channel (name, code, sequence, active, kind, is_direct)
    SELECT jsonb_build_object('en_US', kind || i), 'bench_' || kind || i, i, true, kind, kind = 'direct'
      FROM unnest(ARRAY['direct', 'ota', 'agency', 'corporate']) AS kind, generate_series(1, 3) AS i;
"""

# ``power(random(), 1.3)`` favours low numbers; the multiplication scatters the regulars over all ids.
VISITS = """
    CREATE TEMP TABLE guest AS
    SELECT row_number() OVER (ORDER BY id)::int - 1 AS n, partner_id, id AS profile_id
      FROM hospitality_profile WHERE external_id LIKE 'g%%';
    CREATE UNIQUE INDEX ON guest (n);
    CREATE TEMP TABLE place AS
    SELECT row_number() OVER (ORDER BY p.id)::int - 1 AS n, p.id AS property_id, p.company_id, p.currency_id,
           (SELECT array_agg(o.id ORDER BY o.id) FROM hospitality_outlet o WHERE o.property_id = p.id) AS outlets,
           (SELECT array_agg(t.id ORDER BY t.id) FROM hospitality_room_type t WHERE t.property_id = p.id) AS types,
           (SELECT array_agg(c.id ORDER BY c.id) FROM hospitality_channel c) AS channels
      FROM hospitality_property p;
    ANALYZE guest; ANALYZE place;

    INSERT INTO hospitality_stay
        (source_id, external_id, version, payload_hash, profile_id, partner_id, property_id, company_id, status,
         arrival, departure, nights, booked_on, lead_time, room_type_id, room_type_charged_id, channel_id, adults,
         children, infants, is_pseudo, currency_id, currency_rate, rate_amount, amount_room, amount_fb, amount_other,
         amount_tax, amount_total, revenue_basis)
    SELECT 1, 's' || i, 1, md5(i::text), g.profile_id, g.partner_id, p.property_id, p.company_id,
           CASE WHEN d > 0 THEN 'reserved' WHEN s < 0.13 THEN 'cancelled' WHEN s < 0.16 THEN 'no_show'
                ELSE 'checked_out' END,
           date '2026-11-21' + d, date '2026-11-21' + d + nights, nights, date '2026-11-21' + d - lead, lead,
           p.types[1 + t], p.types[1 + t], p.channels[1 + c], 2, 0, 0, i %% 500 = 0, p.currency_id,
           CASE WHEN i %% 20 = 0 THEN 1.0825 ELSE 1 END, rate, rate * nights, round((rate * 0.2)::numeric, 2),
           round((rate * 0.1)::numeric, 2), round((rate * nights * 0.1)::numeric, 2),
           round((rate * nights * 1.1 + rate * 0.3)::numeric, 2),
           (ARRAY['lines', 'source', 'rate'])[1 + i %% 3]
      FROM (SELECT i, (%(size)s * power(random(), 1.3))::bigint * 600011 %% %(size)s AS g,
                   (random() * 1500)::int - 1460 AS d, random() AS s, 1 + (4 * power(random(), 2))::int AS nights,
                   (random() * 90)::int AS lead, (random() * 100)::int %% 10 AS place, (random() * 5.99)::int AS t,
                   (random() * 11.99)::int %% 12 AS c, round((60 + random() * 200)::numeric, 2) AS rate
              FROM generate_series(1, 5 * %(size)s) AS i) AS r
      JOIN guest g ON g.n = r.g
      JOIN place p ON p.n = r.place
     ORDER BY i;
    INSERT INTO hospitality_stay_guest (stay_id, profile_id, partner_id, role, sleeps, pays, sequence)
    SELECT s.id, s.profile_id, s.partner_id, 'primary', true, true, 0 FROM hospitality_stay s ORDER BY s.id;
    INSERT INTO hospitality_stay_guest (stay_id, profile_id, partner_id, role, sleeps, pays, sequence, metric_share)
    SELECT s.id, g.profile_id, g.partner_id, 'sharer', true, s.id %% 50 = 0, 1, %(sleeper)s
      FROM hospitality_stay s JOIN guest g ON g.n = (s.id::bigint * 7919) %% %(size)s
     WHERE s.id %% 5 = 0 AND g.partner_id <> s.partner_id ORDER BY s.id;

    INSERT INTO hospitality_reservation
        (source_id, external_id, version, payload_hash, profile_id, partner_id, property_id, company_id, outlet_id,
         status, starts_at, business_date, covers, currency_id)
    SELECT 1, 'r' || i, 1, md5(i::text), g.profile_id, g.partner_id, p.property_id, p.company_id, p.outlets[1 + i %% 2],
           CASE WHEN d > 0 THEN 'booked' WHEN s < 0.1 THEN 'cancelled' WHEN s < 0.15 THEN 'no_show' ELSE 'finished' END,
           date '2026-11-21' + d + time '18:00', date '2026-11-21' + d, 1 + i %% 5, p.currency_id
      FROM (SELECT i, (%(size)s * power(random(), 1.3))::bigint * 600011 %% %(size)s AS g,
                   (random() * 1100)::int - 1080 AS d, random() AS s, (random() * 100)::int %% 10 AS place
              FROM generate_series(1, %(size)s) AS i) AS r
      JOIN guest g ON g.n = r.g
      JOIN place p ON p.n = r.place
     ORDER BY i;

    INSERT INTO hospitality_check
        (source_id, external_id, version, payload_hash, profile_id, partner_id, property_id, company_id, outlet_id,
         stay_id, refund_of_id, number, status, opened_at, closed_at, business_date, daypart, "table", covers,
         currency_id, currency_rate, amount_subtotal, amount_tax, amount_tip, amount_total)
    SELECT 1, 'c' || i, 1, md5(i::text), g.profile_id, g.partner_id, p.property_id, p.company_id,
           p.outlets[1 + (o * 4)::int %% 4], CASE WHEN i %% 10 = 0 THEN 1 + i %% (5 * %(size)s) END,
           CASE WHEN i %% 200 = 0 THEN i - 1 END, i::text,
           CASE WHEN i %% 100 = 7 THEN 'voided' WHEN i %% 200 = 199 THEN 'refunded' ELSE 'paid' END,
           date '2026-11-21' + d + time '18:00', date '2026-11-21' + d + time '20:00', date '2026-11-21' + d,
           (ARRAY['breakfast', 'lunch', 'afternoon', 'dinner', 'late'])[1 + (o * 16)::int %% 5], (i %% 40)::text,
           1 + i %% 6, p.currency_id, CASE WHEN i %% 20 = 0 THEN 0.9377 ELSE 1 END, total, round(total * 0.09, 2),
           round(total * 0.05, 2), round(total * 1.14, 2) * CASE WHEN i %% 200 = 0 THEN -1 ELSE 1 END
      FROM (SELECT i, (%(size)s * power(random(), 1.3))::bigint * 600011 %% %(size)s AS g,
                   (random() * 1440)::int - 1440 AS d, random() AS o, (random() * 100)::int %% 10 AS place,
                   round((10 + random() * 120)::numeric, 2) AS total
              FROM generate_series(1, 3 * %(size)s) AS i) AS r
      JOIN guest g ON g.n = r.g
      JOIN place p ON p.n = r.place
     ORDER BY i;
"""

CHARGES = """
    INSERT INTO hospitality_charge
        (source_id, external_id, version, payload_hash, check_id, company_id, property_id, business_date, department,
         code, name, category, quantity, currency_id, amount_gross, amount_net, amount_tax, "window", state)
    SELECT 1, 'l' || c.id || '-' || l, 1, md5(c.id::text), c.id, c.company_id, c.property_id, c.business_date, 'fb',
           'D' || d, 'Dish of the house ' || d, 'menu', 1, c.currency_id, 12, 10.91, 1.09, 1,
           CASE WHEN c.id %% 50 = l THEN 'void' ELSE 'live' END
      FROM hospitality_check c, generate_series(1, 3 + (c.id %% 3 = 0)::int) AS l,
           LATERAL (SELECT (c.id::bigint * 2654435761 + l * 40503) %% 1000 * (c.id %% 7) / 7 AS d) AS dish
     ORDER BY c.id, l;
    INSERT INTO hospitality_charge
        (source_id, external_id, version, payload_hash, stay_id, company_id, property_id, business_date, department,
         code, name, category, quantity, currency_id, amount_gross, amount_net, amount_tax, "window", state)
    SELECT 1, 'f' || s.id || '-' || l, 1, md5(s.id::text), s.id, s.company_id, s.property_id, s.arrival,
           CASE l WHEN 1 THEN 'room' ELSE 'fb' END, 'F' || l, CASE l WHEN 1 THEN 'Accommodation' ELSE 'Half board' END,
           'folio', s.nights, s.currency_id, amount, amount, 0, 1, 'live'
      FROM hospitality_stay s
     CROSS JOIN LATERAL (VALUES (1, s.amount_room), (2, s.amount_fb)) AS line(l, amount)
     ORDER BY s.id, l;
"""
CLEAN = "DROP TABLE guest; DROP TABLE place"

TABLES = (
    "hospitality_profile",
    "hospitality_stay",
    "hospitality_stay_guest",
    "hospitality_reservation",
    "hospitality_check",
    "hospitality_charge",
)


def build(cr, size, charges=True):
    """Fill an empty product database with the visits of ``size`` guests.

    Constraints and indexes are dropped and made anew around the inserts, which is several times faster.

    :param cr: psycopg2 cursor
    :param int size: number of guests
    :param bool charges: with the lines of folios and checks
    """
    cr.execute("SELECT setseed(0.42); SET LOCAL work_mem = '256MB'; SET LOCAL maintenance_work_mem = '512MB'")
    cr.execute(PLACES)
    cr.execute(
        """
        SELECT attname FROM pg_attribute
         WHERE attrelid = 'res_partner'::regclass AND attnum > 0 AND attnotnull AND NOT atthasdef
           AND NOT attisdropped AND attname <> ALL(%(given)s)
        """,
        {"given": ["id", "name", "complete_name", "type", "active", "is_company", "is_guest"]},
    )
    more = SQL(", ").join(map(Identifier, ["lang", *(name for (name,) in cr.fetchall() if name != "lang")]))
    cr.execute(SQL(PARTNERS).format(more=more), {"size": size})
    cr.execute(PEOPLE, {"size": size})
    restore = _drop_indexes(cr)
    cr.execute(VISITS, {"size": size, "sleeper": SLEEPER})
    if charges:
        cr.execute(CHARGES, {"size": size})
    cr.execute(CLEAN)
    for statement in restore:
        cr.execute(statement)


def _drop_indexes(cr):
    """Drop keys and indexes other than primary keys; return the statements that make them anew."""
    cr.execute(
        """
        SELECT format('ALTER TABLE %%I DROP CONSTRAINT %%I', conrelid::regclass, conname),
               format('ALTER TABLE %%I ADD CONSTRAINT %%I %%s', conrelid::regclass, conname, pg_get_constraintdef(oid))
          FROM pg_constraint
         WHERE conrelid = ANY(%(tables)s::regclass[]) AND contype IN ('u', 'f')
         ORDER BY contype
        """,
        {"tables": list(TABLES)},
    )
    rows = cr.fetchall()
    cr.execute(
        """
        SELECT format('DROP INDEX %%I', indexrelid::regclass), pg_get_indexdef(indexrelid)
          FROM pg_index
         WHERE indrelid = ANY(%(tables)s::regclass[]) AND NOT indisprimary
           AND NOT EXISTS (SELECT FROM pg_constraint c WHERE c.conindid = indexrelid AND c.contype = 'u')
        """,
        {"tables": list(TABLES)},
    )
    rows += cr.fetchall()
    for drop, _create in rows:
        cr.execute(drop)
    return [create for _drop, create in rows]
