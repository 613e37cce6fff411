-- Guests who have said something about marketing by e-mail: of 20, nine agreed, three refused, one agreed towards one brand
-- only, the others said nothing. One in 25 shares his address with the guest before him, one in 40 addresses is blocked, one
-- in 50 is a relay, one guest in 60 is a minor. Names are in no order. Parameter: size.
WITH guest AS (
    INSERT INTO res_partner (name, complete_name, email, email_normalized, active, is_guest, type, partner_share, lang,
                             country_id, guest_birthdate, create_uid, write_uid, create_date, write_date, color)
    SELECT shown, shown, address, address, TRUE, TRUE, 'contact', TRUE, 'en_US',
           (SELECT id FROM res_country WHERE code = (ARRAY['AT', 'DE', 'UA', 'US', 'JP'])[1 + n %% 5]),
           CASE WHEN n %% 60 = 7 THEN current_date - 3650 ELSE current_date - 365 * (20 + n %% 50) END,
           1, 1, now(), now(), 0
      FROM (SELECT n, initcap(translate(left(md5(n::text), 12), '0123456789', 'aeioulnrst')) AS shown, 'willing' || (n - (n %% 25 = 3)::int) || '@'
                      || (ARRAY['gmail.com', 'gmx.de', 'ukr.net', 'icloud.com'])[1 + (n - (n %% 25 = 3)::int) %% 4] AS address
              FROM generate_series(1, %(size)s) AS n) AS guests
    RETURNING id, email_normalized),
source AS (SELECT id FROM hospitality_source WHERE kind = 'odoo' ORDER BY id LIMIT 1)
INSERT INTO hospitality_profile (source_id, external_id, partner_id, state, kind, name, values, seen_at)
SELECT source.id, 'W' || guest.id, guest.id, 'live', 'person', 'Willing', '{}', now() FROM guest, source ORDER BY guest.id;
UPDATE res_partner SET commercial_partner_id = id WHERE commercial_partner_id IS NULL;
INSERT INTO hospitality_contact_point (channel, value, kind, kind_by, name_count, reachable)
SELECT 'email', email_normalized, CASE WHEN min(id) %% 50 = 5 THEN 'relay' ELSE 'real' END, 'list', 1, min(id) %% 40 <> 9
  FROM res_partner WHERE email LIKE 'willing%%' GROUP BY email_normalized ORDER BY min(id);
INSERT INTO mail_blacklist (email, active, create_uid, write_uid, create_date, write_date)
SELECT value, TRUE, 1, 1, now(), now() FROM hospitality_contact_point WHERE channel = 'email' AND NOT reachable;
INSERT INTO hospitality_contact_link (profile_id, point_id, sequence, name_key)
SELECT p.id, t.id, 0, 1 FROM hospitality_profile p JOIN res_partner r ON r.id = p.partner_id
  JOIN hospitality_contact_point t ON t.channel = 'email' AND t.value = r.email_normalized ORDER BY p.id;
INSERT INTO hospitality_consent_event (
       uid, profile_id, company_id, brand_id, purpose_id, purpose_code, channel, decision, legal_basis, lang, method,
       source_id, actor, actor_uid, decided_at, recorded_at)
SELECT gen_random_uuid(), p.id, (SELECT min(id) FROM res_company),
       CASE WHEN p.partner_id %% 20 = 12 THEN (SELECT min(id) FROM hospitality_brand) END, u.id, u.code, 'email',
       CASE WHEN p.partner_id %% 20 BETWEEN 9 AND 11 THEN 'denied' ELSE 'granted' END, 'consent', 'en_US', 'form',
       p.source_id, 'guest', 1, now() - interval '1 year', now() - interval '1 year'
  FROM hospitality_profile p, hospitality_purpose u
 WHERE u.code = 'marketing' AND p.partner_id %% 20 <= 12 AND p.name = 'Willing' ORDER BY p.id;
INSERT INTO hospitality_consent_state (partner_id, purpose_id, channel, brand_id, state, since, event_id)
SELECT p.partner_id, e.purpose_id, e.channel, NULL,
       CASE WHEN e.brand_id IS NOT NULL THEN 'unknown' ELSE e.decision END, e.decided_at,
       CASE WHEN e.brand_id IS NULL THEN e.id END
  FROM hospitality_consent_event e JOIN hospitality_profile p ON p.id = e.profile_id
UNION ALL
SELECT p.partner_id, e.purpose_id, e.channel, e.brand_id, e.decision, e.decided_at, e.id
  FROM hospitality_consent_event e JOIN hospitality_profile p ON p.id = e.profile_id WHERE e.brand_id IS NOT NULL
ORDER BY 1;
