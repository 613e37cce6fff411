import json

from odoo import api, fields, models, tools
from odoo.tools import SQL, formataddr, html_escape
from odoo.tools.mail import generate_tracking_message_id

from ...engine import survivorship
from ...tools.arrays import pg_array, pg_int_array
from ..bulk.hospitality_bulk_partner import DERIVED
from ..guest.golden_fields import COLUMNS, KEYS

_GOLDEN = frozenset(COLUMNS.values())
# What a contact is, whose it is, or what follows from other columns.
_NEVER_FILLED = frozenset(
    "id active parent_id company_id is_company is_guest merged_into_id type create_uid create_date write_uid write_date"
    " complete_name commercial_partner_id commercial_company_name email_normalized phone_sanitized partner_share"
    " message_bounce color employee signup_type calendar_last_notif_ack partner_latitude partner_longitude"
    " date_localization website_id".split()
)
# Rows of these tables are kept in memory beyond the transaction.
CACHED_TABLES = ("ir_default", "ir_model_data", "res_users")
# Columns that a merge may change in ways of its own.
_JOURNALLED = frozenset({"is_guest", "is_company", "parent_id", "user_id"})
# What must be unique: the journal keeps it for a loser.
KEPT = ("vat", "ref", "barcode")
_EMPTY = (None, "", 0, 0.0, {}, [])


class HospitalityMerge(models.Model):
    """Values of the winners: survivorship for golden fields, empty ones of the others are filled."""

    _inherit = "hospitality.merge"

    @api.model
    @tools.ormcache(cache="stable")
    def _get_value_columns(self):
        """Return ``(columns that are filled, those of them that are summed, all that are read)``.

        Filled is what the core fills: stored fields that are not computed. Yes/no fields are left
        alone, so that no opt-in of one record speaks for another.
        """
        Partner = self.env["res.partner"]
        sums = set(self.env["base.partner.merge.automatic.wizard"]._get_summable_fields())
        filled = {
            name
            for name, field in Partner._fields.items()
            if field.store
            and field.column_type
            and not field.inherited
            and name not in _GOLDEN | _NEVER_FILLED
            and field.type not in ("boolean", "binary")
            and not (field.compute and field.type != "properties")
        }
        # What other addons compute from golden values, as far as the bulk writer runs it.
        computed = {name for name, _needs in self.env["hospitality.bulk.partner"]._get_foreign_computes(False)}
        shared = set(self._get_commercial_columns())
        derived = set(DERIVED) - {"commercial_partner_id"}
        return (
            sorted(filled),
            frozenset(sums & filled),
            sorted(filled | _GOLDEN | derived | _JOURNALLED | shared | computed),
        )

    @api.model
    def _get_golden(self):
        return _GOLDEN

    @api.model
    def _get_resolved_columns(self):
        """Return the columns of a contact that survivorship writes, and what follows from them."""
        filled, _sums, read = self._get_value_columns()
        return set(read) - {*filled, *_JOURNALLED}

    @api.model
    def _read_values(self, plan):
        """Return the columns of all members as they are stored: ``{id: {column: JSON value}}``."""
        return self._read_columns(plan.members)

    @api.model
    def _read_columns(self, partner_ids):
        return dict(
            self.env.execute_query(
                SQL(
                    "SELECT p.id, to_jsonb(x) FROM res_partner p, LATERAL (SELECT %s) AS x WHERE p.id = ANY(%s::int[])",
                    self._get_value_columns_sql(),
                    pg_int_array(partner_ids),
                )
            )
        )

    @api.model
    @tools.ormcache(cache="stable")
    def _get_value_columns_sql(self):
        """Return all columns that are read, of the contact ``p``."""
        return SQL(", ").join(SQL.identifier("p", name) for name in self._get_value_columns()[2])

    @api.model
    def _write_columns(self, table, changes, stamp=False):
        """Write columns of rows by id.

        :param str table: table name
        :param dict changes: row id -> {column: JSON value}
        :param bool stamp: write who has written the rows and when, also where no column changes
        """
        stamps = [SQL("write_uid = %s", self.env.uid), SQL("write_date = now() AT TIME ZONE 'UTC'")] if stamp else []
        by_columns = {}
        for row_id, values in changes.items():
            if values or stamp:
                by_columns.setdefault(tuple(sorted(values)), []).append(row_id)
        for columns, ids in by_columns.items():
            self.env.cr.execute(
                SQL(
                    "UPDATE %(table)s t SET %(assignments)s FROM (SELECT n.hm_id, r.* FROM unnest(%(ids)s::int[],"
                    " %(rows)s::jsonb[]) AS n (hm_id, hm_row), jsonb_populate_record(NULL::%(table)s, n.hm_row) AS r"
                    ") AS v WHERE t.id = v.hm_id",
                    table=SQL.identifier(table),
                    assignments=SQL(", ").join(
                        [SQL("%s = %s", SQL.identifier(name), SQL.identifier("v", name)) for name in columns] + stamps
                    ),
                    ids=pg_int_array(ids),
                    rows=pg_array([json.dumps(changes[row_id]) for row_id in ids]),
                )
            )

    # -- archiving -----------------------------------------------------------------------------

    @api.model
    def _archive_losers(self, plan):
        """Archive the losers with a pointer, and keep what must be unique in the journal.

        The VAT number stays with an archived contact that has signed invoices: they are printed with it.
        """
        self.env.cr.execute(
            SQL(
                """WITH kept AS (
                       SELECT DISTINCT loser_id FROM hospitality_merge_line
                        WHERE merge_id = ANY(%(merges)s::int[]) AND kind = 'kept'),
                   noted AS (
                       UPDATE hospitality_merge_loser l
                          SET payload = jsonb_build_object('active', p.active, 'vat', p.vat, 'ref', p.ref,
                                                           'barcode', p.barcode)
                         FROM res_partner p WHERE p.id = l.partner_id AND l.merge_id = ANY(%(merges)s::int[]))
                   UPDATE res_partner p
                      SET active = FALSE, merged_into_id = m.winner, ref = NULL, barcode = NULL,
                          vat = CASE WHEN m.loser_id IN (SELECT loser_id FROM kept) THEN p.vat END,
                          write_uid = %(uid)s, write_date = now() AT TIME ZONE 'UTC'
                     FROM %(map)s WHERE p.id = m.loser""",
                merges=pg_int_array(plan.merge_ids),
                uid=self.env.uid,
                map=plan.relation(),
            )
        )

    # -- settling ------------------------------------------------------------------------------

    @api.model
    def _settle(self, plan, before, again=False):
        """Fill and resolve the winners' values, and call the handlers of the models that moved.

        :param dict before: columns of all members before the merge
        :param bool again: after another merge of the chain was taken back
        """
        rows = before if again else self._follow_references(plan, before)
        filled = {group.winner: self._get_filled(group.winner, group.losers, rows) for group in plan.groups}
        adopted = self._adopt(plan, rows, filled)
        # Every winner's row changes, so that a request with an older snapshot is asked to try again.
        self._write_columns("res_partner", filled, stamp=not again)
        if not again:
            self._recompute_family(plan)
        if adopted:
            self._recompute_partners(adopted, [])
        self.env.invalidate_all(flush=False)
        self.env["hospitality.bulk.guest"]._refresh_golden(plan.winners)
        self.env.flush_all()
        self._journal_values(plan, before, again)
        self._journal_below(plan)
        for name, handler in self._merge_handlers().items():
            if handler.after and (not again or handler.again) and plan.touches_table(self.env[name]._table):
                getattr(self, handler.after)(plan)

    @api.model
    def _get_filled(self, winner, losers, rows):
        """Return the columns of a winner that are filled or added up from the losers, in their order."""
        filled, sums, _all = self._get_value_columns()
        own = rows[winner]
        change = {}
        for name in filled:
            values = [rows[loser].get(name) for loser in losers]
            if name in sums:
                if any(values):
                    change[name] = (own.get(name) or 0) + sum(value or 0 for value in values)
            elif isinstance(own.get(name), dict) or any(isinstance(value, dict) for value in values):
                merged = {}
                for value in (*reversed(values), own.get(name)):
                    merged.update(value if isinstance(value, dict) else {})
                if merged != (own.get(name) or {}):
                    change[name] = merged
            elif own.get(name) in _EMPTY:
                found = next((value for value in values if value not in _EMPTY), None)
                if found is not None:
                    change[name] = found
        if not own.get("is_guest") and any(rows[loser].get("is_guest") for loser in losers):
            change["is_guest"] = True
        return change

    @api.model
    def _recompute_family(self, plan):
        """Let the contacts below a loser follow their new company: full name, commercial entity."""
        if not plan.touches_table("res_partner", *CACHED_TABLES):
            return
        rows = self.env.execute_query(
            SQL(
                "SELECT table_name, column_name, row_ids FROM hospitality_merge_line WHERE merge_id = ANY(%s::int[])"
                " AND kind = 'moved' AND table_name = ANY(%s)",
                pg_int_array(plan.merge_ids),
                ["res_partner", *CACHED_TABLES],
            )
        )
        children = [
            row_id for table, column, ids in rows if (table, column) == ("res_partner", "parent_id") for row_id in ids
        ]
        tables = {table for table, _column, _ids in rows}
        self._recompute_partners(children, plan.members if "res_users" in tables else [])
        if tables & set(CACHED_TABLES):
            self.env.registry.clear_cache()

    @api.model
    def _recompute_partners(self, child_ids, user_ids):
        """Recompute what follows from the parent of some contacts and from the users of others."""
        Partner = self.env["res.partner"].with_context(active_test=False)
        if child_ids:
            self.env.invalidate_all(flush=False)
            children = Partner.browse(child_ids)
            children.modified(["parent_id"])
            self.env.flush_all()
        if user_ids:
            self.env.invalidate_all(flush=False)
            partners = Partner.browse(user_ids)
            self.env.add_to_compute(Partner._fields["partner_share"], partners)
            self.env.flush_all()

    @api.model
    def _journal_values(self, plan, before, again):
        """Write down how the winners' columns differ from before, and their golden values of before.

        These may change later with the sources; as long as the winner's own profiles say the same, an
        un-merge gives them back.
        """
        sums = self._get_value_columns()[1]
        after = self._read_columns(plan.winners)
        for group in plan.groups:
            old, new = before[group.winner], after[group.winner]
            names = [name for name in new if old.get(name) != new[name]]
            if names or not again:
                payload = {"old": {name: old.get(name) for name in names}, "new": {name: new[name] for name in names}}
                if summed := sorted(sums.intersection(names)):
                    payload["sum"] = summed
                if not again:
                    payload["golden"] = {name: old.get(name) for name in sorted(_GOLDEN)}
                plan.lines.append(
                    {
                        "merge_id": group.merge_id,
                        "kind": "value",
                        "table_name": "res_partner",
                        "row_ids": [group.winner],
                        "payload": payload,
                    }
                )

    # -- values that a person has chosen -----------------------------------------------------

    @api.model
    def _choose_values(self, plan):
        """Write the values that were chosen for a merge as if the user had typed them."""
        for group in plan.groups:
            values = group.options.get("values")
            if values:
                plan.lines += self._choose_group_values(group, values)

    @api.model
    def _choose_group_values(self, group, values):
        """Write one winner's chosen values; return the lines of the journal with what they were before and after."""
        self.env.invalidate_all(flush=False)
        before = self._read_columns([group.winner])[group.winner]
        # As if typed: the other writes of a merge are survivorship's.
        winner = self.env["res.partner"].with_context(hospitality_survivorship=False).browse(group.winner)
        profile = winner._get_odoo_profile().sudo()  # journalled by the system
        old = {"values": profile.values, "meta": profile.meta}
        vals = {}
        for name, value in values.items():
            if name in KEYS and isinstance(value, int) and not isinstance(value, bool):
                vals.update(self._get_profile_columns(winner, value, name))
            else:
                vals[name] = value.get("value") if isinstance(value, dict) else value
        winner.with_context(hospitality_survivorship=False).write(vals)
        self.env.flush_all()
        new = {"values": profile.values, "meta": profile.meta}
        after = self._read_columns([group.winner])[group.winner]
        names = [name for name in after if before[name] != after[name]]
        columns = ({name: row[name] for name in names} for row in (before, after))
        changes = (("res_partner", group.winner, *columns), ("hospitality_profile", profile.id, old, new))
        return [
            {
                "merge_id": group.merge_id,
                "kind": "value",
                "table_name": table,
                "row_ids": [row_id],
                "payload": {"old": was, "new": now},
            }
            for table, row_id, was, now in changes
            if was != now
        ]

    @api.model
    def _get_profile_columns(self, winner, profile_id, name):
        """Return the column as one profile of the guest says it; a member of a block brings its block."""
        loaded = self.env["res.partner"]._load_golden_profiles(winner.ids).get(winner.id, [])
        found = [profile for profile in loaded if profile["profile_id"] == profile_id]
        columns = self.env["res.partner"]._resolve_columns([{**profile, "meta": None} for profile in found])
        block = next((members for members in survivorship.BLOCKS.values() if KEYS[name] in members), (KEYS[name],))
        names = [COLUMNS[key] for key in block if key in COLUMNS] if name in columns else []
        return {column: columns.get(column, False) for column in names}

    # -- notes -----------------------------------------------------------------------------------

    @api.model
    def _write_notes(self, plan):
        """Leave a note in the chatter of each winner; nobody is notified."""
        names = plan.names
        bodies = [
            self.env._(
                "Merged with: %s",
                ", ".join(f"{names.get(loser) or ''} (ID {loser})" for loser in group.losers),
            )
            for group in plan.groups
        ]
        self._post_notes(
            [(group.merge_id, group.winner, body) for group, body in zip(plan.groups, bodies, strict=True)]
        )

    @api.model
    def _post_notes(self, notes):
        """Insert chatter notes of this moment: ``[(merge id, partner id, text)]``; return the lines of the journal."""
        # Not through the ORM: it would read users and contacts with all their columns for two values.
        [(author_id, name, email)] = self.env.execute_query(
            SQL(
                "SELECT p.id, p.name, p.email FROM res_users u JOIN res_partner p ON p.id = u.partner_id"
                " WHERE u.id = %s",
                self.env.uid,
            )
        )
        rows = self.env.execute_query(
            SQL(
                """INSERT INTO mail_message (model, res_id, body, message_id, message_type, subtype_id, author_id,
                                             email_from, is_internal, date, create_uid, create_date, write_uid,
                                             write_date)
                   SELECT 'res.partner', n.res_id, n.body, n.message_id, 'notification', %(subtype)s, %(author)s,
                          %(email)s, TRUE, %(now)s, %(uid)s, %(now)s, %(uid)s, %(now)s
                     FROM unnest(%(ids)s::int[], %(bodies)s::text[], %(keys)s::text[]) AS n (res_id, body, message_id)
                RETURNING id, res_id""",
                subtype=self.env["ir.model.data"]._xmlid_to_res_id("mail.mt_note"),
                author=author_id,
                email=formataddr((name or "", email)) if email else None,
                now=fields.Datetime.now(),
                uid=self.env.uid,
                ids=pg_int_array([note[1] for note in notes]),
                bodies=pg_array([f"<p>{html_escape(note[2])}</p>" for note in notes]),
                keys=pg_array([generate_tracking_message_id("message-notify") for _note in notes]),
            )
        )
        by_partner = {partner_id: message_id for message_id, partner_id in rows}
        return [
            {
                "merge_id": merge_id,
                "kind": "effect",
                "table_name": "mail_message",
                "row_ids": [by_partner[partner_id]],
            }
            for merge_id, partner_id, _body in notes
        ]
