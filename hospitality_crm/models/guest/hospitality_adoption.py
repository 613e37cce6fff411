import json
import logging

from odoo import api, fields, models
from odoo.tools import SQL

from ...engine import names
from ...engine.profile import clean, points
from ...tools import claim, online_index
from .golden_fields import canonical_values

_logger = logging.getLogger(__name__)

BATCH = 2000
# With so few contacts the installation does the work itself.
AT_ONCE = 5000
# Look-ups of the core on columns that are older than this addon, so they are built online.
INDEXES = {
    "res_partner_hospitality_email_idx": SQL(
        "res_partner USING btree (email_normalized) WHERE email_normalized IS NOT NULL"
    ),
    "res_partner_hospitality_phone_idx": SQL(
        "res_partner USING btree (phone_sanitized) WHERE phone_sanitized IS NOT NULL"
    ),
    "res_partner_hospitality_merged_idx": SQL(
        "res_partner USING btree (merged_into_id) WHERE merged_into_id IS NOT NULL"
    ),
    "res_partner_hospitality_guest_idx": SQL("res_partner USING btree (complete_name, id DESC) WHERE is_guest"),
}


class HospitalityAdoption(models.Model):
    """Gives contacts that exist already their ``odoo`` profile and contact points, set-wise.

    One row keeps how far it is: contacts in the order of their ids, a batch per transaction, so
    that it goes on where it was interrupted. Nothing is written to ``res_partner``: a contact
    becomes a guest with his first visit. Contacts created meanwhile get their profile at once.
    """

    _name = "hospitality.adoption"
    _description = "Adoption of Existing Contacts"

    last_id = fields.Integer(string="Last Contact", readonly=True)
    until_id = fields.Integer(string="Until Contact", readonly=True)
    adopted = fields.Integer(string="Adopted Contacts", readonly=True)
    started_at = fields.Datetime(readonly=True)
    finished_at = fields.Datetime(readonly=True)
    progress = fields.Float(compute="_compute_progress", help="Per cent.")
    status = fields.Char(compute="_compute_progress")

    @api.depends("last_id", "until_id", "adopted", "finished_at")
    def _compute_progress(self):
        for adoption in self:
            share = adoption.last_id / adoption.until_id if adoption.until_id else 1.0
            adoption.progress = round(100.0 * min(share, 1.0), 1)
            if adoption.finished_at:
                adoption.status = self.env._("All existing contacts are adopted (%s).", adoption.adopted)
            else:
                adoption.status = self.env._(
                    "%(progress)s %% of the existing contacts are adopted (%(adopted)s). Work goes on meanwhile.",
                    progress=adoption.progress,
                    adopted=adoption.adopted,
                )

    @api.model
    def _start(self):
        """Plan the adoption of the contacts that exist now; a small number is done at once."""
        rows = self.env.execute_query(SQL("SELECT count(*), coalesce(max(id), 0) FROM res_partner"))
        adoption = self.create({"until_id": rows[0][1], "started_at": fields.Datetime.now()})
        if rows[0][0] <= AT_ONCE:
            while adoption._adopt_batch():
                continue
        else:
            _logger.info("%s contacts will be adopted in the background", rows[0][0])
        self.env.ref("hospitality_crm.cron_adoption")._trigger()
        return adoption

    @api.model
    def _run_adoption(self):
        """Build the missing indexes and adopt contacts batch by batch until all are done or time is up."""
        IrCron = self.env["ir.cron"]
        adoption = self.search([("finished_at", "=", False)], limit=1, order="id")
        left = IrCron._commit_progress(remaining=max(adoption.until_id - adoption.last_id, 0))
        online_index.build_later(self.env.cr.dbname, INDEXES | self.env["hospitality.merge"]._get_missing_indexes())
        while adoption and left:
            last_id = adoption.last_id
            more = claim.with_retry(lambda record=adoption: record._adopt_in_lane())
            adoption.invalidate_recordset()
            left = IrCron._commit_progress(max(adoption.last_id - last_id, 0))
            if not more:
                _logger.info("Adoption is complete: %s contacts", adoption.adopted)
                break

    def _adopt_in_lane(self):
        with claim.lane_env(self.env) as env:
            return self.with_env(env)._adopt_batch()

    def _adopt_batch(self):
        """Adopt the next contacts; return whether there are more.

        Left out: archived contacts, staff, our own companies, pure addresses of other contacts.
        """
        self.ensure_one()
        self.lock_for_update()
        rows = self.env.execute_query(
            SQL(
                """SELECT p.id FROM res_partner p
                    WHERE p.id > %s AND p.id <= %s AND p.active AND p.name <> ''
                      AND (p.parent_id IS NULL OR p.type = 'contact')
                      AND NOT EXISTS (SELECT 1 FROM res_users u WHERE u.partner_id = p.id AND NOT u.share)
                      AND NOT EXISTS (SELECT 1 FROM res_company c WHERE c.partner_id = p.id)
                    ORDER BY p.id LIMIT %s""",
                self.last_id,
                self.until_id,
                BATCH,
            )
        )
        ids = [row[0] for row in rows]
        more = len(ids) == BATCH
        self.write(
            {
                "last_id": ids[-1] if more else self.until_id,
                "adopted": self.adopted + (self._adopt(ids) if ids else 0),
                "finished_at": False if more else fields.Datetime.now(),
            }
        )
        return more

    @api.model
    def _adopt(self, partner_ids, meta=None):
        """Create the ``odoo`` profiles of contacts that have none.

        Left out: contacts without a name and pure addresses (invoice, delivery) of another
        contact. Archived contacts are taken only when they are named here.

        :param list partner_ids: ids of contacts
        :param dict meta: partner id -> ``meta`` of his profile
        :return: number of profiles created
        """
        self.env["res.partner"].flush_model()
        source = self.env["hospitality.profile"]._default_source_id()
        rows = self._read_contacts(source, partner_ids)
        if not rows:
            return 0
        country = self.env.company.country_id.code
        profiles = []
        for row in rows:
            values = clean(canonical_values(row), row["country_id"] or country)
            profiles.append((row, values, names.name_key(values.get("name"))))
        ids = self._insert_profiles(source, profiles, meta or {})
        self._insert_links(ids, profiles)
        return len(ids)

    @api.model
    def _read_contacts(self, source, partner_ids):
        return self.env.execute_query_dict(
            SQL(
                """SELECT p.id, p.name, p.guest_salutation, p.guest_given_name, p.guest_middle_name,
                          p.guest_family_name, p.guest_local_name, p.guest_gender, p.guest_birthdate,
                          n.code AS guest_nationality_id, p.lang, p.email, p.phone, p.street, p.street2, p.zip,
                          p.city, s.code AS state_id, c.code AS country_id, p.company_name, p.vat,
                          p.is_company, coalesce(p.write_date, p.create_date, now() AT TIME ZONE 'UTC') AS seen_at
                     FROM res_partner p
                LEFT JOIN res_country c ON c.id = p.country_id
                LEFT JOIN res_country n ON n.id = p.guest_nationality_id
                LEFT JOIN res_country_state s ON s.id = p.state_id
                    WHERE p.id = ANY(%s) AND p.name <> ''
                      AND (p.parent_id IS NULL OR p.type = 'contact')
                      AND NOT EXISTS (SELECT 1 FROM hospitality_profile h
                                       WHERE h.partner_id = p.id AND h.source_id = %s AND h.state = 'live')
                    ORDER BY p.id""",
                list(partner_ids),
                source.id,
            )
        )

    @api.model
    def _insert_profiles(self, source, profiles, meta):
        """Insert profiles; return ``{partner id: profile id}`` of the new ones."""
        Profile = self.env["hospitality.profile"]
        rows = self.env.execute_query(
            SQL(
                """INSERT INTO hospitality_profile
                          (source_id, external_id, partner_id, state, kind, name, name_key, "values", meta, seen_at)
                   SELECT %s, n.partner_id::text, n.partner_id, 'live', n.kind, n.name, n.name_key,
                          n."values"::jsonb, n.meta::jsonb, date_trunc('second', n.seen_at)
                     FROM unnest(%s::int[], %s::text[], %s::text[], %s::int[], %s::text[], %s::text[], %s::timestamp[])
                          AS n (partner_id, kind, name, name_key, "values", meta, seen_at)
                       ON CONFLICT (source_id, external_id) DO NOTHING
                RETURNING partner_id, id""",
                source.id,
                [row["id"] for row, _values, _key in profiles],
                ["company" if row["is_company"] else "person" for row, _values, _key in profiles],
                [values.get("name") for _row, values, _key in profiles],
                [key for _row, _values, key in profiles],
                [json.dumps(values) for _row, values, _key in profiles],
                [json.dumps(meta[row["id"]]) if meta.get(row["id"]) else None for row, _values, _key in profiles],
                [row["seen_at"] for row, _values, _key in profiles],
            )
        )
        Profile.invalidate_model()
        self.env["res.partner"].invalidate_model(["profile_ids"])
        return dict(rows)

    @api.model
    def _insert_links(self, ids, profiles):
        wanted = []
        for row, values, key in profiles:
            profile_id = ids.get(row["id"])
            counts = {}
            for channel, value in points(values) if profile_id else ():
                counts[channel] = counts.get(channel, -1) + 1
                wanted.append((profile_id, channel, value, counts[channel], key))
        if not wanted:
            return
        Point = self.env["hospitality.contact.point"]
        point_ids = Point._get_or_create((channel, value) for _id, channel, value, _sequence, _key in wanted)
        self.env.execute_query(
            SQL(
                """INSERT INTO hospitality_contact_link (profile_id, point_id, sequence, name_key)
                   SELECT * FROM unnest(%s::int[], %s::int[], %s::int[], %s::int[]) RETURNING id""",
                [profile_id for profile_id, *_rest in wanted],
                [point_ids[channel, value] for _id, channel, value, *_rest in wanted],
                [sequence for *_rest, sequence, _key in wanted],
                [key for *_rest, key in wanted],
            )
        )
        self.env["hospitality.contact.link"].invalidate_model()
        Point.invalidate_model(["link_ids"])
        Point.browse(sorted(set(point_ids.values())))._recount()._refresh_guests()
