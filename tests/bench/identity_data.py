"""Guests of a folder as partners, source profiles and contact points, each guest a profile of his own partner."""

import io
import json

import guests_files

BATCH = 20_000

PARTNERS = """
INSERT INTO res_partner (id, name, complete_name, email, email_normalized, phone, phone_sanitized, is_guest, active,
                         type, is_company, commercial_partner_id, color, partner_share,
                         create_uid, write_uid, create_date, write_date)
SELECT p.partner_id, coalesce(p.name, 'Unknown guest'), coalesce(p.name, 'Unknown guest'),
       p."values"->'emails'->>0, p."values"->'emails'->>0, p."values"->'phones'->>0, p."values"->'phones'->>0,
       TRUE, TRUE, 'contact', FALSE, p.partner_id, 0, TRUE, 1, 1, now(), now()
  FROM loaded p
"""
PROFILES = """
INSERT INTO hospitality_profile (id, source_id, external_id, partner_id, state, kind, name, name_key, "values", seen_at)
SELECT id, source_id, external_id, partner_id, state, kind, name, name_key, "values", seen_at FROM loaded ORDER BY id
"""
POINTS = """
INSERT INTO hospitality_contact_point (channel, value, kind, kind_by, name_count, reachable)
SELECT channel, value, CASE WHEN count(DISTINCT name_key) > 4 THEN 'shared' ELSE 'real' END,
       CASE WHEN count(DISTINCT name_key) > 4 THEN 'degree' ELSE 'list' END, LEAST(count(DISTINCT name_key), 50), TRUE
  FROM (SELECT 'email' AS channel, jsonb_array_elements_text("values"->'emails') AS value, name_key
          FROM hospitality_profile WHERE id > %(low)s AND "values" ? 'emails'
         UNION ALL
        SELECT 'phone', jsonb_array_elements_text("values"->'phones'), name_key
          FROM hospitality_profile WHERE id > %(low)s AND "values" ? 'phones') AS used
 GROUP BY channel, value
"""
LINKS = """
INSERT INTO hospitality_contact_link (profile_id, point_id, sequence, name_key)
SELECT used.id, c.id, 0, used.name_key
  FROM (SELECT 'email' AS channel, jsonb_array_elements_text("values"->'emails') AS value, name_key, id
          FROM hospitality_profile WHERE id > %(low)s AND "values" ? 'emails'
         UNION ALL
        SELECT 'phone', jsonb_array_elements_text("values"->'phones'), name_key, id
          FROM hospitality_profile WHERE id > %(low)s AND "values" ? 'phones') AS used
  JOIN hospitality_contact_point c ON c.channel = used.channel AND c.value = used.value
    ON CONFLICT DO NOTHING
"""


def build(cursor, folder, size):
    """Fill a product database with ``size`` guests of a folder, each unknown to the others.

    The ids of guests in the folder are whole numbers; profiles keep their order.
    """
    cursor.execute("SET synchronous_commit = off")
    cursor.execute("SELECT coalesce(max(id), 0) FROM hospitality_profile")
    [low] = cursor.fetchone()
    cursor.execute("SELECT nextval('res_partner_id_seq')")
    [partner] = cursor.fetchone()
    cursor.execute("CREATE TEMP TABLE loaded (LIKE hospitality_profile) ON COMMIT DROP")
    sources = {}
    left = size
    for batch in guests_files.batches(folder, BATCH):
        batch = batch[:left]
        _copy(cursor, batch, low, partner, sources)
        left -= len(batch)
        if left <= 0:
            break
    cursor.execute(PARTNERS)
    cursor.execute(PROFILES)
    cursor.execute("SELECT setval('hospitality_profile_id_seq', (SELECT max(id) FROM hospitality_profile))")
    cursor.execute("SELECT setval('res_partner_id_seq', (SELECT max(id) FROM res_partner))")
    cursor.execute(POINTS, {"low": low})
    cursor.execute(LINKS, {"low": low})
    # Search texts are made afterwards, see search.adopt.
    cursor.execute("DELETE FROM ir_config_parameter WHERE key = 'hospitality_crm.guest_search_complete'")


def _copy(cursor, batch, low, partner, sources):
    from odoo.addons.hospitality_crm.engine.names import name_key
    from odoo.addons.hospitality_crm.engine.profile import clean

    lines = io.StringIO()
    for record in batch:
        source = record["source"]
        if source not in sources:
            cursor.execute(
                "INSERT INTO hospitality_source (name, code, kind, trust, active)"
                " VALUES (jsonb_build_object('en_US', %s::text), %s, 'pms', 50, TRUE) RETURNING id",
                [source, f"bench_{source}"],
            )
            [sources[source]] = cursor.fetchone()
        values = {key: value for key, value in record.items() if key not in ("id", "source", "kind")}
        values = {**clean(values, record.get("country", "")), "documents": record.get("documents")}
        values = {key: value for key, value in values.items() if value}
        name = values.get("name")
        text = json.dumps(values, ensure_ascii=False)
        number = low + 1 + int(record["id"])
        fields = (
            number,
            sources[source],
            record["id"],
            partner + number,
            "live",
            "person",
            _escape(name) if name else "\\N",
            name_key(name),
            _escape(text),
            "2025-01-01 00:00:00",
        )
        lines.write("\t".join(map(str, fields)) + "\n")
    lines.seek(0)
    cursor.copy_expert(
        "COPY loaded (id, source_id, external_id, partner_id, state, kind, name, name_key, values, seen_at) FROM STDIN",
        lines,
    )


def _escape(text):
    return text.replace("\\", "\\\\").replace("\t", " ").replace("\n", " ").replace("\r", " ")
