-- Guests with an address each; those of colour 7 are meant by the mailing. Of these all have agreed to marketing by e-mail
-- but one in ten more who refused, said nothing, are blocked, a relay or a minor. Parameters: size, recipients.
WITH guest AS (
    INSERT INTO res_partner (name, complete_name, email, email_normalized, active, is_guest, type, partner_share, lang, city,
                             guest_birthdate, create_uid, write_uid, create_date, write_date, color)
    SELECT 'Guest ' || n, 'Guest ' || n, 'guest' || n || '@gast-haus.at', 'guest' || n || '@gast-haus.at', TRUE, TRUE,
           'contact', TRUE, 'en_US', (ARRAY['Wien', 'Graz', 'Linz', 'Lviv'])[1 + n %% 4],
           CASE WHEN n <= %(recipients)s * 1.1 AND n %% 11 = 0 AND n %% 5 = 4 THEN current_date - 3650
                ELSE current_date - 365 * (20 + n %% 50) END,
           1, 1, now(), now(), CASE WHEN n <= %(recipients)s * 1.1 THEN 7 ELSE 0 END
      FROM generate_series(1, %(size)s) AS n
    RETURNING id, name),
source AS (SELECT id FROM hospitality_source WHERE kind = 'odoo' ORDER BY id LIMIT 1)
INSERT INTO hospitality_profile (source_id, external_id, partner_id, state, kind, name, values, seen_at)
SELECT source.id, 'M' || guest.id, guest.id, 'live', 'person', guest.name, '{}', now()
  FROM guest, source ORDER BY guest.id;
UPDATE res_partner SET commercial_partner_id = id WHERE commercial_partner_id IS NULL;
INSERT INTO hospitality_contact_point (channel, value, kind, kind_by, name_count, reachable)
SELECT 'email', email_normalized,
       CASE WHEN color = 7 AND n %% 11 = 0 AND n %% 5 = 3 THEN 'relay' ELSE 'real' END, 'list', 1,
       NOT (color = 7 AND n %% 11 = 0 AND n %% 5 = 2)
  FROM (SELECT *, split_part(name, ' ', 2)::int AS n FROM res_partner WHERE name LIKE 'Guest %%') AS p ORDER BY id;
INSERT INTO mail_blacklist (email, active, create_uid, write_uid, create_date, write_date)
SELECT value, TRUE, 1, 1, now(), now() FROM hospitality_contact_point WHERE channel = 'email' AND NOT reachable;
INSERT INTO hospitality_contact_link (profile_id, point_id, sequence, name_key)
SELECT p.id, t.id, 0, 1 FROM hospitality_profile p JOIN res_partner r ON r.id = p.partner_id
  JOIN hospitality_contact_point t ON t.channel = 'email' AND t.value = r.email_normalized ORDER BY p.id;
INSERT INTO hospitality_consent_state (partner_id, purpose_id, channel, state, since)
SELECT p.id, u.id, 'email', CASE WHEN n %% 11 = 0 AND n %% 5 = 1 THEN 'denied' ELSE 'granted' END, now() - interval '1 year'
  FROM (SELECT *, split_part(name, ' ', 2)::int AS n FROM res_partner WHERE name LIKE 'Guest %%') AS p, hospitality_purpose u
 WHERE u.code = 'marketing' AND NOT (n %% 11 = 0 AND n %% 5 = 0) ORDER BY p.id;
