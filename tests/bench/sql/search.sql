-- Partners for searching: 33,600 family names and 3,950 given names, drawn by Zipf-Mandelbrot (the most frequent
-- family name 0.65 %%, given name 1.6 %%, half of the family names on fewer than ten people per million), one shown name
-- in eight in Cyrillic letters, 70 %% with an e-mail address, 70 %% with a telephone number. Parameter: size.
SELECT setseed(0.42);
CREATE TEMP TABLE family AS SELECT i, initcap(
    (ARRAY['b','br','v','g','d','dm','zh','z','k','kr','l','m','n','p','pr','r','s','st','t','tr','f','kh','sh','h',
           'w','sch','al','or','an','ber','mar','ro'])[1 + (i * 7) %% 32]
    || (ARRAY['a','e','i','o','u','ya','ei','ou','ar','er','on','an'])[1 + (i / 32 * 5) %% 12]
    || (ARRAY['v','l','n','r','m','t','k','d','s','ch','lt','nd','rk','ss','b','g'])[1 + (i / 384 * 3) %% 16]
    || CASE WHEN i %% 3 = 0 THEN (ARRAY['a','i','o','u'])[1 + (i / 6144) %% 4]
            || (ARRAY['l','n','r','d'])[1 + (i / 11) %% 4] ELSE '' END
    || (ARRAY['enko','chuk','ov','ova','ev','yan','ian','son','er','mann','ski','ska','ez','ini','etti','ard','ier',
              'sen','ko','uk','as','is','oglu','ides','berg','stein','ton','ley','a','o','ich','yn'])[1 + (i / 5) %% 32]
    ) AS family FROM generate_series(1, 40000) i;
CREATE TEMP TABLE given AS SELECT i, initcap(
    (ARRAY['a','ma','jo','ni','sa','ka','el','vi','an','ta','ser','mik','ol','yu','ro','chris','le','da','pe','lu',
           'ire','bo','ste','mar','ju'])[1 + (i * 7) %% 25]
    || (ARRAY['n','r','l','s','t','d','m','k','v','ri'])[1 + (i / 25 * 3) %% 10]
    || (ARRAY['a','e','o','ia','ina','y','us','el','iy','an','ette','aro','is','en','ik','ana'])[1 + (i / 250) %% 16]
    ) AS given FROM generate_series(1, 4000) i;
CREATE TEMP TABLE drawn AS SELECT i,
    floor(20 * power(40020 / 20.0, random()) - 20)::int + 1 AS family_i,
    floor(10 * power(4010 / 10.0, random()) - 10)::int + 1 AS given_i,
    random() AS r1, random() AS r2, random() AS r3, random() AS r4
FROM generate_series(1, %(size)s) i;
INSERT INTO res_partner (name, complete_name, email, email_normalized, phone, phone_sanitized, ref, vat, active, type,
    partner_share, is_guest, create_uid, write_uid, create_date, write_date, lang, color)
SELECT shown, shown, email, lower(email), phone, phone, CASE WHEN r3 < 0.05 THEN 'G' || i END,
    CASE WHEN r3 < 0.02 THEN 'DE' || (100000000 + i::bigint * 37 %% 900000000) END,
    true, 'contact', true, r4 < 0.95, 1, 1, now(), now(), 'en_US', 0
FROM (SELECT i, r3, r4,
    CASE WHEN r4 < 0.125 THEN translate(name, 'ABVGDEZIJKLMNOPRSTUFHCYWabvgdezijklmnoprstufhcyw',
        'АБВГДЕЗИЙКЛМНОПРСТУФХЦИВабвгдезийклмнопрстуфхцив') ELSE name END AS shown,
    CASE WHEN r1 < 0.7 THEN lower(given || (ARRAY['.', '', '_'])[1 + i %% 3] || family) || i %% 97 || '@'
        || (ARRAY['gmail.com','yahoo.com','hotmail.com','gmx.de','ukr.net','mail.ru','icloud.com','outlook.com',
            'corp' || i %% 900 || '.com','guest.booking.com'])[1 + floor(r2 * r2 * 10)::int] END AS email,
    CASE WHEN r2 < 0.7 THEN '+' || (ARRAY['38050','38067','4917','44770','1415','4860','3933','7985']
        )[1 + floor(r3 * 8)::int] || lpad((i::bigint * 7919 %% 10000000)::text, 7, '0') END AS phone
    FROM (SELECT d.*, given || ' ' || family AS name, given, family
          FROM drawn d JOIN family f ON f.i = d.family_i JOIN given g ON g.i = d.given_i ORDER BY d.i) named) person;
UPDATE res_partner SET commercial_partner_id = id WHERE commercial_partner_id IS NULL;
