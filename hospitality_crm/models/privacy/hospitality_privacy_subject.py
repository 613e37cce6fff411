from odoo import api, models
from odoo.tools import SQL

from ...engine.contact import normalise_phone
from ...engine.privacy import Subject, find_emails

#: Rows hang on rows that hang on rows: a charge on a stay on a profile.
DEPTH = 4
#: Contacts below a person that are his own addresses, not other people.
ADDRESS_TYPES = ("invoice", "delivery", "other", "followup")


class HospitalityPrivacy(models.AbstractModel):
    """Finding a person: his contacts, his addresses of all times, and his rows."""

    _inherit = "hospitality.privacy"

    @api.model
    def _find_subject(self, partner):
        """Return the `Subject` of a guest: everything about him that references, pairs and addresses lead to."""
        self.env.flush_all()
        partner = partner._get_merged_target()
        family = partner.with_context(active_test=False)._get_merged_family()
        rows = self.env.execute_query(
            SQL(
                "SELECT id FROM res_partner WHERE parent_id = ANY(%s) AND type = ANY(%s)"
                " AND NOT coalesce(is_company, FALSE)"
                " AND NOT EXISTS (SELECT FROM res_users u WHERE u.partner_id = res_partner.id)",
                [member.id for member in family if not member.is_company],
                list(ADDRESS_TYPES),
            )
        )
        subject = Subject(partner.id, sorted({*family.ids, *(row[0] for row in rows)}))
        subject.add("res_partner", subject.partner_ids)
        self._add_references(subject)
        subject.profile_ids = sorted(subject.rows.get("hospitality_profile", ()))
        self._follow(subject)
        self._add_pairs(subject)
        self._follow(subject)
        self._read_identity(subject)
        self._add_by_address(subject)
        self._follow(subject)
        self._add_pairs(subject)
        self._follow(subject)
        subject.settle()
        return subject

    @api.model
    def _add_references(self, subject):
        """Add the rows that refer to the contacts, in one statement."""
        parts, places = [], []
        for number, (table, key, column, beside, handler) in enumerate(self._get_sources()):
            if table == "res_partner":
                continue
            condition = SQL("%s = 'res.partner'", SQL.identifier("t", beside)) if beside else SQL("TRUE")
            parts.append(
                SQL(
                    "SELECT %s, array_agg(%s) FROM %s t WHERE %s = ANY(%s) AND %s HAVING count(*) > 0",
                    number,
                    SQL.identifier("t", key),
                    SQL.identifier(table),
                    SQL.identifier("t", column),
                    subject.partner_ids,
                    condition,
                )
            )
            places.append((number, table, handler is not None and column in handler.mentions))
        found = dict(self.env.execute_query(SQL(" UNION ALL ").join(parts)))
        for number, table, mention in places:
            if number in found:
                subject.add(table, found[number], mention)

    @api.model
    def _follow(self, subject):
        """Add rows that hang on others, by the handlers' ``via``."""
        links = [(table, via) for table, handler in self._get_handlers().items() for via in handler.via]
        for _step in range(DEPTH):
            more = False
            for table, via in links:
                keys = subject.rows.get(via.table)
                if keys and (found := self._read_via(table, via, sorted(keys))):
                    more |= subject.add(table, found, via.mention)
            if not more:
                return

    @api.model
    def _read_via(self, table, via, keys):
        if via.through:
            query = SQL(
                "SELECT DISTINCT %s FROM %s WHERE %s = ANY(%s)",
                SQL.identifier(via.column),
                SQL.identifier(via.through),
                SQL.identifier(via.back),
                keys,
            )
        elif via.up and via.table.endswith("_rel"):
            return keys  # rows of a relation are known by its other column
        elif via.up:
            query = SQL(
                "SELECT DISTINCT %s FROM %s WHERE id = ANY(%s)",
                SQL.identifier(via.column),
                SQL.identifier(via.table),
                keys,
            )
        else:
            query = SQL("SELECT id FROM %s WHERE %s = ANY(%s)", SQL.identifier(table), SQL.identifier(via.column), keys)
        return [row[0] for row in self.env.execute_query(query) if row[0]]

    @api.model
    def _add_pairs(self, subject):
        """Add messages, files, activities ... of the rows that are the person's."""
        handlers, models_of = self._get_handlers(), self._get_model_of()
        names, ids = [], []
        for table, keys in subject.rows.items():
            handler = handlers.get(table)
            if table in models_of and (handler is None or handler.own) and table != "res_partner":
                names += [models_of[table]] * len(keys)
                ids += sorted(keys)
        if not ids:
            return
        parts, places = [], {}
        for number, (table, key, column, beside, handler) in enumerate(self._get_sources()):
            if not beside or (handler is not None and handler.erase == "none" and not handler.method):
                continue
            parts.append(
                SQL(
                    """SELECT %s, array_agg(%s) FROM %s t
                        WHERE (%s, %s) IN (SELECT * FROM unnest(%s::varchar[], %s::int[])) HAVING count(*) > 0""",
                    number,
                    SQL.identifier("t", key),
                    SQL.identifier(table),
                    SQL.identifier("t", beside),
                    SQL.identifier("t", column),
                    names,
                    ids,
                )
            )
            places[number] = table, handler is not None and column in handler.mentions
        for number, keys in self.env.execute_query(SQL(" UNION ALL ").join(parts)):
            subject.add(places[number][0], keys, places[number][1])

    # -- who he is -----------------------------------------------------------------------------

    @api.model
    def _read_identity(self, subject):
        """Collect the names, addresses and numbers of all times."""
        emails, phones = set(), set()
        country = self.env.company.country_id.code or ""
        for name, complete, local, email, phone, raw, vat, barcode, code in self.env.execute_query(
            SQL(
                """SELECT name, complete_name, guest_local_name, email, phone_sanitized, phone, vat,
                          (SELECT string_agg(b.value, ' ') FROM jsonb_each_text(barcode) b), ref
                     FROM res_partner WHERE id = ANY(%s)""",
                subject.partner_ids,
            )
        ):
            subject.names |= {name, complete, local}
            emails |= find_emails(email)
            phones |= {phone, raw}
            subject.numbers |= {vat, code, *(barcode or "").split()}
        self._read_profiles(subject, emails, phones)
        self._read_history(subject, emails, phones)
        subject.names = {" ".join(name.split()) for name in subject.names if name and name.strip()}
        subject.numbers = {number for number in subject.numbers if number and len(number) > 4}
        phones = {normalise_phone(phone, country) or phone for phone in phones if phone}
        self._split_shared(subject, emails, {phone for phone in phones if sum(map(str.isdigit, phone)) > 6})

    @api.model
    def _read_profiles(self, subject, emails, phones):
        for name, values in self.env.execute_query(
            SQL("SELECT name, values FROM hospitality_profile WHERE id = ANY(%s)", subject.profile_ids)
        ):
            values = values or {}
            subject.names |= {name, *(values.get(key) for key in ("name", "local_name"))}
            subject.names |= {values[key] for key in ("given_name", "family_name", "middle_name") if values.get(key)}
            emails |= {email.lower() for email in values.get("emails") or ()}
            phones |= set(values.get("phones") or ())
            subject.numbers.add(values.get("vat"))
            for kind in ("memberships", "documents"):
                entries = values.get(kind)
                if isinstance(entries, list):
                    subject.numbers |= {str(entry["number"]) for entry in entries if entry.get("number")}
        for channel, value in self.env.execute_query(
            SQL(
                """SELECT p.channel, p.value FROM hospitality_contact_link l
                     JOIN hospitality_contact_point p ON p.id = l.point_id WHERE l.profile_id = ANY(%s)""",
                subject.profile_ids,
            )
        ):
            {"email": emails, "phone": phones}.get(channel, subject.numbers).add(value)
        accounts = subject.rows.get("res_partner_bank")
        if accounts:
            rows = self.env.execute_query(
                SQL(
                    "SELECT acc_number, sanitized_acc_number FROM res_partner_bank WHERE id = ANY(%s)", sorted(accounts)
                )
            )
            subject.numbers.update(number for row in rows for number in row)

    @api.model
    def _read_history(self, subject, emails, phones):
        """Add what the contact was called before: tracked values, values kept by merges."""
        for name, old, new in self.env.execute_query(
            SQL(
                """SELECT f.name, v.old_value_char, v.new_value_char FROM mail_tracking_value v
                     JOIN ir_model_fields f ON f.id = v.field_id AND f.model = 'res.partner'
                    WHERE v.id = ANY(%s)""",
                sorted(subject.rows.get("mail_tracking_value", ())),
            )
        ):
            if name in ("name", "complete_name"):
                subject.names |= {old, new}
            elif "email" in name:
                emails |= find_emails(old) | find_emails(new)
            elif "phone" in name or "mobile" in name:
                phones |= {old, new}
        payloads = self.env.execute_query(
            SQL(
                """SELECT payload::text FROM hospitality_merge_line WHERE id = ANY(%s)
                      AND table_name = 'res_partner' AND payload IS NOT NULL
                    UNION ALL
                   SELECT payload::text FROM hospitality_merge_loser WHERE id = ANY(%s) AND payload IS NOT NULL""",
                sorted(subject.rows.get("hospitality_merge_line", ())),
                sorted(subject.rows.get("hospitality_merge_loser", ())),
            )
        )
        for (text,) in payloads:
            emails |= find_emails(text)

    @api.model
    def _split_shared(self, subject, emails, phones):
        """Tell addresses that are the person's alone from those that others have too."""
        shared = {
            row[0]
            for row in self.env.execute_query(
                SQL(
                    """SELECT p.value FROM hospitality_contact_point p
                         JOIN hospitality_contact_link l ON l.point_id = p.id
                         JOIN hospitality_profile h ON h.id = l.profile_id AND h.state <> 'anonymised'
                        WHERE p.channel IN ('email', 'phone') AND p.value = ANY(%(values)s)
                          AND NOT h.id = ANY(%(profiles)s)
                        UNION
                       SELECT email_normalized FROM res_partner
                        WHERE email_normalized = ANY(%(values)s) AND NOT id = ANY(%(partners)s)
                        UNION
                       SELECT phone_sanitized FROM res_partner
                        WHERE phone_sanitized = ANY(%(values)s) AND NOT id = ANY(%(partners)s)
                        UNION
                       SELECT lower(login) FROM res_users
                        WHERE lower(login) = ANY(%(values)s) AND NOT partner_id = ANY(%(partners)s)""",
                    values=sorted(emails | phones),
                    profiles=subject.profile_ids,
                    partners=subject.partner_ids,
                )
            )
        }
        subject.shared, subject.emails, subject.phones = shared, emails - shared, phones - shared
        subject.strangers = {
            row[0]
            for row in self.env.execute_query(
                SQL(
                    """SELECT name FROM res_partner WHERE name = ANY(%(names)s) AND NOT id = ANY(%(partners)s)
                        UNION
                       SELECT vat FROM res_partner WHERE vat = ANY(%(numbers)s) AND NOT id = ANY(%(partners)s)
                          AND NOT coalesce(parent_id = ANY(%(partners)s), FALSE)""",
                    names=sorted(subject.names),
                    numbers=sorted(subject.numbers),
                    partners=subject.partner_ids,
                )
            )
        }

    @api.model
    def _add_by_address(self, subject):
        """Add rows that know the person by an address alone."""
        models_of = self._get_model_of()
        wanted = {"email": sorted(subject.emails), "phone": sorted(subject.phones)}
        for table, handler in self._get_handlers().items():
            for column, kind in handler.addresses.items():
                known = self.env[models_of[table]]._fields.get(column) if table in models_of else None
                if known is None or not (known.store and known.column_type):
                    continue
                if kind == "text":
                    condition = SQL(
                        "lower(%s) LIKE ANY(%s)",
                        SQL.identifier("t", column),
                        [
                            f"%{email.replace('%', chr(92) + '%').replace('_', chr(92) + '_')}%"
                            for email in wanted["email"]
                        ],
                    )
                else:
                    condition = SQL("%s = ANY(%s)", SQL.identifier("t", column), wanted[kind])
                rows = self.env.execute_query(SQL("SELECT id FROM %s t WHERE %s", SQL.identifier(table), condition))
                subject.add(table, [row[0] for row in rows])
