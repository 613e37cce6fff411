"""Guests of a hotel group that also runs accounting, sales, CRM and points of sale on the same Odoo, made by SQL.

Per 100 guests there are 100 source profiles, 100 e-mail addresses, 150 stays with their people, 10 preferences, 20
orders with a line, 20 posted invoices of two lines, 30 POS orders, 8 leads, 40 messages and a follower on the contact,
30 messages and followers on documents, 5 attachments, 40 tags, 20 mailing traces, 5 ratings.

Contacts come in blocks of 20 with one name and one phone number: a cluster to be merged is a part of a block. The last
twentieth are contacts without a hotel history, which are merged as Odoo merges them. What hangs on a contact follows
from its number within 1,000, so that any two clusters of the same numbers within 1,000 have equal rows.
"""

from psycopg2.sql import SQL, Identifier

PLAIN_SHARE = 20
"""One in so many contacts is no guest."""
PERIOD = 1000

GIVEN = ["id", "name", "complete_name", "type", "active", "is_company", "is_guest", "email", "email_normalized"]
PARTNERS = """
    INSERT INTO res_partner (id, name, complete_name, type, active, is_company, partner_share, is_guest, email,
                             email_normalized, phone, phone_sanitized, city, function, comment, customer_rank,
                             commercial_partner_id, create_uid, write_uid, create_date, write_date, {more})
    SELECT %(base)s + i, 'Guest Name' || b, 'Guest Name' || b, 'contact', true, false, true,
           i <= %(guests)s, 'guest' || i || '@mail' || i %% 97 || '.example',
           'guest' || i || '@mail' || i %% 97 || '.example',
           '+38067' || lpad(b::text, 7, '0'), '+38067' || lpad(b::text, 7, '0'),
           CASE WHEN i %% 4 = 0 THEN 'Town ' || i %% 311 END, CASE WHEN i %% 8 = 0 THEN 'Buyer' END,
           CASE WHEN i %% 10 = 0 THEN '<p>Likes the sea</p>' END, 1,
           %(base)s + i, 1, 1, timestamp '2025-01-01' + i * interval '20 seconds', timestamp '2026-01-01', {more}
      FROM (SELECT i, (i - 1) / 20 AS b FROM generate_series(1, %(size)s) AS i) AS n,
           (SELECT {more} FROM res_partner WHERE id = 1) AS main
"""
# Rows of the product: guests only.
HOTEL = """
    INSERT INTO hospitality_property
        (name, code, sequence, active, kind, company_id, tz, currency_id, day_close, room_count)
    SELECT jsonb_build_object('en_US', 'Hotel ' || i), 'H' || i, i, true, 'hotel', c.id, 'Europe/Paris', c.currency_id,
           4, 120
      FROM generate_series(1, 10) AS i, res_company c WHERE c.id = 1;
    INSERT INTO hospitality_profile
        (source_id, external_id, partner_id, state, kind, name, seen_at, values, name_key)
    SELECT (SELECT id FROM hospitality_source WHERE code = 'files'), 'g' || id, id, 'live', 'person', name, create_date,
           jsonb_strip_nulls(jsonb_build_object('name', name, 'emails', jsonb_build_array(email),
                                                'phones', jsonb_build_array(phone), 'city', city)),
           hashtext(name)
      FROM res_partner AS guest WHERE is_guest ORDER BY guest.id;
    INSERT INTO hospitality_contact_point (channel, value, kind, kind_by, reachable, name_count)
    SELECT 'email', email, 'real', 'list', true, 1 FROM res_partner AS guest WHERE is_guest ORDER BY guest.id;
    INSERT INTO hospitality_contact_point (channel, value, kind, kind_by, reachable, name_count)
    SELECT DISTINCT 'phone', phone, 'real', 'list', true, 1 FROM res_partner WHERE is_guest;
    INSERT INTO hospitality_contact_link (profile_id, point_id, sequence, name_key, verified)
    SELECT f.id, p.id, 0, f.name_key, false
      FROM hospitality_profile f
      JOIN hospitality_contact_point p ON p.channel = 'email' AND p.value = f.values->'emails'->>0;
    INSERT INTO hospitality_contact_link (profile_id, point_id, sequence, name_key, verified)
    SELECT f.id, p.id, 0, f.name_key, false
      FROM hospitality_profile f
      JOIN hospitality_contact_point p ON p.channel = 'phone' AND p.value = f.values->'phones'->>0;
    CREATE TEMP TABLE guest AS
    SELECT partner_id - %(base)s AS i, partner_id, id AS profile_id
      FROM hospitality_profile WHERE external_id LIKE 'g%%';
    CREATE UNIQUE INDEX ON guest (i);
    INSERT INTO hospitality_stay
        (source_id, external_id, version, payload_hash, profile_id, partner_id, property_id, company_id, status,
         arrival, departure, nights, adults, is_pseudo, currency_id, currency_rate, rate_amount, amount_room,
         amount_total, revenue_basis)
    SELECT 2, 's' || i || '-' || s, 1, md5(i::text), profile_id, partner_id, p.id, p.company_id, 'checked_out',
           date '2025-01-01' + (i %% 600)::int, date '2025-01-03' + (i %% 600)::int, 2, 2, false, p.currency_id, 1, 90,
           180, 180, 'rate'
      FROM guest, generate_series(1, 1 + (i %% 2)::int) AS s, hospitality_property p
     WHERE p.code = 'H' || 1 + i %% 10 ORDER BY i;
    INSERT INTO hospitality_stay_guest (stay_id, profile_id, partner_id, role, sleeps, pays, sequence)
    SELECT id, profile_id, partner_id, 'primary', true, true, 0 FROM hospitality_stay ORDER BY id;
    INSERT INTO hospitality_preference_type (name, code, sequence, active)
    SELECT '{{"en_US": "Bench"}}', 'bench', 1, true
     WHERE NOT EXISTS (SELECT FROM hospitality_preference_type);
    INSERT INTO hospitality_preference
        (partner_id, profile_id, source_id, type_id, external_id, value, attitude, confidence, confirmed_on)
    SELECT partner_id, profile_id, 2, (SELECT min(id) FROM hospitality_preference_type), 'p' || i, 'High floor',
           'likes', 'stated', date '2026-01-01'
      FROM guest WHERE i %% 10 = 3;
"""
# Rows of Odoo's own apps: guests and others alike.
APPS = """
    CREATE TEMP TABLE contact AS
    SELECT id, id - %(base)s AS i, name FROM res_partner WHERE id > %(base)s;
    CREATE UNIQUE INDEX ON contact (i);
    ANALYZE contact;
    INSERT INTO res_partner_category (name, active, color, parent_path, create_date)
    SELECT jsonb_build_object('en_US', 'Tag ' || t), true, t, '', now() FROM generate_series(1, 12) AS t;
    UPDATE res_partner_category SET parent_path = id || '/' WHERE parent_path = '';
    INSERT INTO res_partner_res_partner_category_rel (category_id, partner_id)
    SELECT (SELECT max(id) FROM res_partner_category) - i %% 5, id FROM contact WHERE i %% 10 < 4;

    INSERT INTO sale_order
        (company_id, partner_id, partner_invoice_id, partner_shipping_id, name, state, date_order, picking_policy,
         currency_id, currency_rate, amount_untaxed, amount_tax, amount_total, warehouse_id, create_uid, write_uid,
         create_date, write_date)
    SELECT 1, id, id, id, 'B' || i, 'sale', timestamp '2025-06-01' + i %% 700 * interval '1 hour', 'direct',
           c.currency_id, 1, 100, 20, 120, (SELECT min(w.id) FROM stock_warehouse w), 1, 1, now(), now()
      FROM contact, (SELECT currency_id FROM res_company WHERE id = 1) c WHERE i %% 5 = 1 ORDER BY i;
    INSERT INTO sale_order_line
        (order_id, name, display_type, product_uom_qty, price_unit, customer_lead, order_partner_id, company_id, state,
         sequence)
    SELECT id, 'Weekend for two', 'line_note', 0, 0, 0, partner_id, 1, 'sale', 10 FROM sale_order WHERE name LIKE 'B%%';

    INSERT INTO account_move
        (journal_id, currency_id, company_id, state, move_type, auto_post, date, invoice_date, name, partner_id,
         commercial_partner_id, partner_shipping_id, amount_total, amount_untaxed, payment_state, sequence_prefix,
         sequence_number, made_sequence_gap, create_uid, write_uid, create_date, write_date)
    SELECT j.id, c.currency_id, 1, 'posted', 'out_invoice', 'no', date '2025-06-01' + (i %% 300)::int,
           date '2025-06-01' + (i %% 300)::int, 'BENCH/' || i, contact.id, contact.id, contact.id, 120, 120, 'not_paid',
           'BENCH/', i, false, 1, 1, now(), now()
      FROM contact, (SELECT currency_id FROM res_company WHERE id = 1) c,
           (SELECT min(id) AS id FROM account_journal WHERE type = 'sale') j
     WHERE i %% 5 = 2 ORDER BY i;
    INSERT INTO account_move_line
        (move_id, currency_id, company_id, company_currency_id, journal_id, display_type, account_id, partner_id, name,
         debit, credit, balance, amount_currency, date, parent_state, move_name, reconciled)
    SELECT m.id, m.currency_id, 1, m.currency_id, m.journal_id, l.kind, l.account, m.partner_id, m.name,
           greatest(l.amount, 0), greatest(-l.amount, 0), l.amount, l.amount, m.date, 'posted', m.name, false
      FROM account_move m,
           (SELECT 'payment_term' AS kind, 120 AS amount, min(id) AS account FROM account_account
             WHERE account_type = 'asset_receivable'
            UNION ALL
            SELECT 'product', -120, min(id) FROM account_account WHERE account_type = 'income') l
     WHERE m.name LIKE 'BENCH/%%' ORDER BY m.id;

    INSERT INTO pos_order
        (company_id, name, partner_id, state, date_order, amount_tax, amount_total, amount_paid, amount_return,
         create_uid, write_uid, create_date, write_date)
    SELECT 1, 'POS/' || i, id, 'done', timestamp '2025-08-01' + i %% 900 * interval '1 hour', 0, 25, 25, 0, 1, 1, now(),
           now()
      FROM contact WHERE i %% 10 IN (3, 4, 5) ORDER BY i;

    INSERT INTO crm_lead
        (name, type, partner_id, contact_name, email_from, active, company_id, probability, create_uid, write_uid,
         create_date, write_date)
    SELECT 'Wedding ' || i, 'opportunity', id, name, 'guest' || i || '@mail.example', true, 1, 10, 1, 1, now(), now()
      FROM contact WHERE i %% 100 < 8 ORDER BY i;

    INSERT INTO mail_message
        (message_type, model, res_id, body, author_id, date, subtype_id, is_internal, create_uid, write_uid,
         create_date, write_date)
    SELECT 'comment', 'res.partner', id, '<p>Called about the terrace</p>', CASE WHEN i %% 4 = 0 THEN id ELSE 3 END,
           timestamp '2025-05-01' + i %% 999 * interval '1 hour', 2, true, 1, 1, now(), now()
      FROM contact WHERE i %% 5 < 2 ORDER BY i;
    INSERT INTO mail_message
        (message_type, model, res_id, body, author_id, date, subtype_id, is_internal, create_uid, write_uid,
         create_date, write_date)
    SELECT 'notification', 'sale.order', s.id, '<p>Order confirmed</p>', s.partner_id, s.date_order, 2, false, 1, 1,
           now(), now()
      FROM sale_order s WHERE name LIKE 'B%%' ORDER BY s.id;
    INSERT INTO mail_notification (mail_message_id, res_partner_id, notification_type, notification_status, is_read)
    SELECT id, author_id, 'email', 'sent', true
      FROM mail_message WHERE model = 'sale.order' AND body LIKE '%%confirmed%%';
    INSERT INTO mail_message_res_partner_rel (mail_message_id, res_partner_id)
    SELECT id, author_id FROM mail_message WHERE model = 'sale.order' AND body LIKE '%%confirmed%%';
    INSERT INTO mail_followers (res_model, res_id, partner_id)
    SELECT 'res.partner', id, 3 FROM contact WHERE i %% 4 = 0;
    INSERT INTO mail_followers (res_model, res_id, partner_id)
    SELECT 'sale.order', id, partner_id FROM sale_order WHERE name LIKE 'B%%';
    INSERT INTO mail_followers (res_model, res_id, partner_id)
    SELECT 'account.move', id, partner_id FROM account_move WHERE name LIKE 'BENCH/%%' AND id %% 2 = 0;

    INSERT INTO ir_attachment (name, type, res_model, res_id, company_id, create_uid, create_date)
    SELECT 'passport-copy.txt', 'url', 'res.partner', id, 1, 1, now() FROM contact WHERE i %% 20 = 7;
    INSERT INTO mailing_trace (trace_type, model, res_id, email, trace_status)
    SELECT 'mail', 'res.partner', id, 'guest' || i || '@mail.example', 'sent' FROM contact WHERE i %% 5 = 4;
    INSERT INTO rating_rating
        (res_model_id, res_model, res_id, partner_id, rating, consumed, access_token, create_date, write_date)
    SELECT (SELECT id FROM ir_model WHERE model = 'res.partner'), 'res.partner', id, id, 4, true, 'bench' || i, now(),
           now()
      FROM contact WHERE i %% 20 = 9;
"""
TABLES = (
    "sale_order sale_order_line account_move account_move_line pos_order crm_lead mail_message mail_followers"
    " mail_notification hospitality_stay hospitality_stay_guest hospitality_contact_link hospitality_contact_point"
    " hospitality_profile res_partner"
).split()


def base(cr):
    """Number below the first contact of the data set."""
    cr.execute("SELECT min(id) - 1 FROM res_partner WHERE name = 'Guest Name0'")
    return cr.fetchone()[0]


def build(cr, size):
    """Fill an empty product database.

    :param cr: psycopg2 cursor
    :param int size: number of contacts, a multiple of 20,000; one in ``PLAIN_SHARE`` is no guest
    """
    if size % (PERIOD * PLAIN_SHARE):
        raise SystemExit(f"--size must be a multiple of {PERIOD * PLAIN_SHARE}.")
    cr.execute("SET LOCAL work_mem = '256MB'; SET LOCAL maintenance_work_mem = '512MB'")
    cr.execute("SELECT coalesce(max(id), 0) / 1000 * 1000 + 1000 FROM res_partner")
    values = {"size": size, "guests": size - size // PLAIN_SHARE, "base": cr.fetchone()[0]}
    cr.execute(
        """
        SELECT attname FROM pg_attribute
         WHERE attrelid = 'res_partner'::regclass AND attnum > 0 AND attnotnull AND NOT atthasdef
           AND NOT attisdropped AND attname <> ALL(%s)
        """,
        [GIVEN],
    )
    more = SQL(", ").join(map(Identifier, ["lang", *(name for (name,) in cr.fetchall() if name != "lang")]))
    for statement in (SQL(PARTNERS).format(more=more), SQL(HOTEL.replace("{{", "{").replace("}}", "}")), SQL(APPS)):
        cr.execute(statement, values)
    cr.execute("SELECT setval('res_partner_id_seq', (SELECT max(id) FROM res_partner))")
    cr.execute("DROP TABLE guest; DROP TABLE contact")
