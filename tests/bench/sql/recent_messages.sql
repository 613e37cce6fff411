-- Every second guest of willing_guests.sql has got one to five marketing messages in the last three weeks.
INSERT INTO hospitality_message (partner_id, planned_partner_id, company_id, purpose_id, is_gated, channel,
       origin_model, origin_id, origin_ref, priority, state, considered_at, decided_at, handed_at, sent_at, point_id)
SELECT r.id, r.id, (SELECT min(id) FROM res_company), (SELECT id FROM hospitality_purpose WHERE code = 'marketing'),
       TRUE, CASE n %% 5 WHEN 4 THEN 'sms' ELSE 'email' END, 'mailing.mailing', 1000000 + n, '', 50, 'sent', at, at, at,
       at, NULL
  FROM res_partner r, generate_series(1, 5) AS n,
       LATERAL (SELECT now() - n * interval '1 day'
                       - (r.id::bigint * 7919 %% 1209600) * interval '0.5 second' AS at) AS times
 WHERE r.is_guest AND r.email LIKE 'willing%%' AND r.id %% 2 = 0 AND n <= 1 + r.id / 2 %% 5;
