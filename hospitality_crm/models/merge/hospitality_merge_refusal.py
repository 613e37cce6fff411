from odoo import api, models
from odoo.tools import SQL

from ...engine.identity_facts import same_birthdate
from ...tools.arrays import pg_int_array


class HospitalityMerge(models.Model):
    """When contacts may not become one, and why."""

    _inherit = "hospitality.merge"

    @api.model
    def _get_refusals(self, groups):
        """Tell which groups of contacts can't be merged, each with a sentence for people.

        :param groups: list of lists of partner ids, the winner first
        :return: dict ``{index: message}``; groups that may be merged are missing
        """
        groups = [list(dict.fromkeys(group)) for group in groups]
        ids = sorted({member for group in groups for member in group})
        rows = self._read_identities(ids)
        refusals = {}
        for index, group in enumerate(groups):
            message = self._check_group([rows.get(member) for member in group])
            if message:
                refusals[index] = message
        return refusals

    @api.model
    def _check_group(self, rows):
        """Return why these contacts can't be merged, None when they can.

        :param rows: dicts of :meth:`_read_identities`, None for a contact that doesn't exist
        """
        if None in rows:
            return self.env._("A contact has been deleted meanwhile. Look for doubles again.")
        if len(rows) < 2:
            return self.env._("Choose at least two contacts to merge.")
        for check in self._get_refusal_checks():
            message = check(rows)
            if message:
                return message
        return None

    @api.model
    def _get_refusal_checks(self):
        """Return the checks in their order: functions of the rows of a group that return a sentence or None."""
        return [
            self._refuse_merged,
            self._refuse_staff,
            self._refuse_users,
            self._refuse_erased,
            self._refuse_restricted,
            self._refuse_kinds,
            self._refuse_companies,
            self._refuse_family,
            self._refuse_birthdates,
            self._refuse_documents,
        ]

    @api.model
    def _read_identities(self, partner_ids):
        """Return what bears on whether contacts may be one person: ``{id: dict}``."""
        self.env["res.partner"].flush_model()
        staff = [
            SQL("EXISTS (SELECT FROM res_users u WHERE u.partner_id = p.id AND NOT coalesce(u.share, FALSE))"),
            SQL("coalesce(p.employee, FALSE)"),
        ]
        if "hr.employee" in self.env and "work_contact_id" in self.env["hr.employee"]._fields:
            staff.append(SQL("EXISTS (SELECT FROM hr_employee e WHERE e.work_contact_id = p.id)"))
        rows = self.env.execute_query_dict(
            SQL(
                """SELECT p.id, p.complete_name AS name, p.merged_into_id, p.is_company, p.company_id,
                          p.guest_birthdate, p.guest_restricted AS restricted, %(staff)s AS staff,
                          (SELECT count(*) FROM res_users u WHERE u.partner_id = p.id) AS users,
                          EXISTS (SELECT FROM res_company c WHERE c.partner_id = p.id) AS own,
                          (WITH RECURSIVE above AS (
                               SELECT p.parent_id AS id
                                UNION
                               SELECT q.parent_id FROM above a JOIN res_partner q ON q.id = a.id)
                           SELECT array_agg(id) FROM above WHERE id IS NOT NULL) AS parents,
                          h.kinds, h.birthdates, h.documents, coalesce(h.erased, FALSE) AS erased
                     FROM res_partner p
                     LEFT JOIN LATERAL (
                          SELECT array_agg(DISTINCT h.kind) FILTER (WHERE h.state <> 'anonymised') AS kinds,
                                 array_agg(DISTINCT h.values ->> 'birthdate') FILTER (
                                     WHERE h.state = 'live' AND h.values ? 'birthdate') AS birthdates,
                                 jsonb_agg(h.values -> 'documents') FILTER (WHERE h.values ? 'documents') AS documents,
                                 bool_and(h.state = 'anonymised') AS erased
                            FROM hospitality_profile h WHERE h.partner_id = p.id) AS h ON TRUE
                    WHERE p.id = ANY(%(ids)s::int[])""",
                staff=SQL(" OR ").join(staff),
                ids=pg_int_array(partner_ids),
            )
        )
        return {row["id"]: row for row in rows}

    # -- checks --------------------------------------------------------------------------------

    @api.model
    def _refuse_merged(self, rows):
        for row in rows:
            if row["merged_into_id"]:
                winner = self.env["res.partner"].browse(row["id"])._get_merged_target()
                return self.env._(
                    "%(guest)s was merged into %(winner)s already. Merge %(winner)s instead.",
                    guest=row["name"],
                    winner=winner.display_name,
                )
        return None

    @api.model
    def _refuse_staff(self, rows):
        for row in rows:
            if row["staff"]:
                return self.env._(
                    "%s belongs to a member of staff. Staff are not merged with guests; archive the double instead.",
                    row["name"],
                )
            if row["own"]:
                return self.env._("%s is the contact of one of our own companies and is not merged.", row["name"])
        return None

    @api.model
    def _refuse_users(self, rows):
        if sum(row["users"] for row in rows) > 1:
            return self.env._(
                "More than one of these contacts can log in: %s. Delete the login that is no longer needed first.",
                ", ".join(row["name"] for row in rows if row["users"]),
            )
        return None

    @api.model
    def _refuse_erased(self, rows):
        for row in rows:
            if row["erased"]:
                return self.env._("The data of %s was erased. There is nothing left to merge.", row["name"])
        return None

    @api.model
    def _refuse_restricted(self, rows):
        for row in rows:
            if row["restricted"]:
                return self.env._(
                    "The processing of the data of %s is restricted. The data protection officer decides when it ends.",
                    row["name"],
                )
        return None

    @api.model
    def _refuse_kinds(self, rows):
        companies = [row for row in rows if row["is_company"]]
        if companies and len(companies) < len(rows):
            persons = [row for row in rows if not row["is_company"]]
            return self.env._(
                "%(company)s is a company and %(person)s a person. Link them by a relation instead.",
                company=companies[0]["name"],
                person=persons[0]["name"],
            )
        return None

    @api.model
    def _refuse_companies(self, rows):
        if len({row["company_id"] for row in rows if row["company_id"]}) > 1:
            return self.env._(
                "These contacts belong to different companies. Share them between the companies first: %s.",
                ", ".join(row["name"] for row in rows if row["company_id"]),
            )
        return None

    @api.model
    def _refuse_family(self, rows):
        members = {row["id"]: row for row in rows}
        for row in rows:
            for parent in row["parents"] or ():
                if parent in members and parent != row["id"]:
                    return self.env._(
                        "%(parent)s is the company of %(child)s. Give the contact another company first.",
                        parent=members[parent]["name"],
                        child=row["name"],
                    )
        return None

    @api.model
    def _refuse_birthdates(self, rows):
        dates = {}
        for row in rows:
            dates.setdefault(row["guest_birthdate"], row) if row["guest_birthdate"] else None
        found = sorted(dates)
        for position, one in enumerate(found):
            for other in found[position + 1 :]:
                if not same_birthdate(one.isoformat(), other.isoformat()):
                    return self.env._(
                        "%(one)s was born on %(day)s, %(other)s on %(other_day)s. Correct the birth date that is"
                        " wrong first.",
                        one=dates[one]["name"],
                        day=one.isoformat(),
                        other=dates[other]["name"],
                        other_day=other.isoformat(),
                    )
        return None

    @api.model
    def _refuse_documents(self, rows):
        """Refuse different documents of one type. A document is ``type:number``, or a hash in place of the number."""
        known = {}
        for row in rows:
            for documents in row["documents"] or ():
                for document in documents or ():
                    kind, _colon, number = document.partition(":")
                    first = known.setdefault(kind, (number, row))
                    if first[0] != number and first[1]["id"] != row["id"]:
                        return self.env._(
                            "%(one)s and %(other)s have different documents of one type (%(kind)s).",
                            one=first[1]["name"],
                            other=row["name"],
                            kind=kind,
                        )
        return None
