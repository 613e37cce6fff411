-- What stands on guest cards beside visits: one guest in three has preferences, one in twenty an alert, one in ten
-- something about allergies; every guest has an e-mail address and metrics.
INSERT INTO hospitality_preference
    (source_id, external_id, profile_id, partner_id, type_id, category, value, attitude, confidence, confirmed_on)
SELECT 1, 'p' || p.id || '-' || n, p.id, p.partner_id, t.id, t.category, 'value ' || n,
       CASE WHEN n = 3 THEN 'avoids' ELSE 'likes' END, 'stated', current_date - n
  FROM hospitality_profile p
 CROSS JOIN generate_series(1, 3) AS n
  JOIN LATERAL (SELECT id, category FROM hospitality_preference_type ORDER BY id OFFSET (p.id + n) % 5 LIMIT 1) t ON true
 WHERE p.id % 3 = 0;
INSERT INTO hospitality_alert
    (source_id, external_id, profile_id, partner_id, kind, level, message, at_check_in, active)
SELECT 1, 'a' || id, id, partner_id, 'vip', '1_warn', 'Welcome', true, true
  FROM hospitality_profile WHERE id % 20 = 0;
INSERT INTO hospitality_allergy
    (source_id, external_id, profile_id, partner_id, kind, allergen_id, severity, active)
SELECT 1, 'y' || id, id, partner_id, 'allergy', (SELECT min(id) FROM hospitality_allergen), '2', true
  FROM hospitality_profile WHERE id % 10 = 0;
INSERT INTO hospitality_contact_point (channel, value, kind, kind_by, name_count, reachable)
SELECT 'email', 'guest' || partner_id || '@mail.test', 'real', 'list', 1, true FROM hospitality_profile;
INSERT INTO hospitality_contact_link (profile_id, point_id, sequence)
SELECT p.id, c.id, 0
  FROM hospitality_profile p JOIN hospitality_contact_point c ON c.value = 'guest' || p.partner_id || '@mail.test';
INSERT INTO hospitality_guest_metrics
    (partner_id, company_id, stay_count, night_count, first_visit, last_visit, revenue_total)
SELECT partner_id, company_id, count(*), sum(nights), min(arrival), max(departure), sum(amount_total)
  FROM hospitality_stay WHERE status = 'checked_out' GROUP BY partner_id, company_id
ON CONFLICT DO NOTHING;
