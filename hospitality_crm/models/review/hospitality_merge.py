from collections import defaultdict

from odoo import api, fields, models

from ...tools.screen_json import ScreenJson

# What a merge writes for its own sake says nothing to people.
_SILENT_TABLES = frozenset({"mail_message"})


class _Rollback(Exception):
    """Ends a trial."""


class HospitalityMerge(models.Model):
    """The journal in words, and what an un-merge would do before it is done."""

    _inherit = "hospitality.merge"

    loser_names = fields.Char(string="Merged Guests", compute="_compute_loser_names")
    journal = ScreenJson(
        string="What Was Moved", compute="_compute_journal", export_string_translation=False, exportable=False
    )

    @api.depends("member_ids.partner_id")
    def _compute_loser_names(self):
        for merge in self:
            losers = merge.sudo().member_ids.partner_id  # whoever may read the merge may know who was merged
            merge.loser_names = ", ".join(losers.mapped("name"))

    @api.depends("state")
    @api.depends_context("lang")
    def _compute_journal(self):
        for merge in self:
            merge.journal = merge._get_journal() if len(self) == 1 and merge.id else False

    def _get_journal(self):
        """Return what a merge did, per merged guest and kind of row.

        :return: dict with ``guests``: list of ``{"id", "name", "state", "profiles", "rows"}`` where rows are
            ``{"kind", "label", "count"}``, and ``evidence`` of the pairs that led to it
        """
        self.ensure_one()
        door = self.sudo()  # the merge itself is readable for the user; its lines hold numbers alone
        names = self._get_table_labels(door.line_ids.mapped("table_name"))
        # A row may have moved by several columns.
        counted = defaultdict(lambda: defaultdict(set))
        for line in door.line_ids:
            if line.table_name not in _SILENT_TABLES:
                rows = counted[line.loser_id.id][line.kind, names[line.table_name]]
                rows.update((line.table_name, row_id) for row_id in line.row_ids or ())
        guests = [
            {
                "id": member.partner_id.id,
                "name": member.partner_id.name or "",
                "state": member.state,
                "profiles": len(member.profile_ids or ()),
                "rows": self._show_counts(counted[member.id]),
            }
            for member in door.member_ids
        ]
        Texts = self.env["hospitality.match.texts"]
        matches = self.env["hospitality.match"].sudo().browse(door.match_ids or ()).exists()  # their words alone
        return {
            "guests": guests,
            "winner": self._show_counts(counted[False]),
            "evidence": [
                {"id": match.id, "score": round(match.score, 1), "lines": Texts._show_evidence(match.evidence)}
                for match in matches
            ],
        }

    @api.model
    def _show_counts(self, counts):
        kinds = dict(self.env["hospitality.merge.line"]._fields["kind"]._description_selection(self.env))
        rows = [
            {"kind": kind, "kind_label": kinds.get(kind, kind), "label": label, "count": len(ids)}
            for (kind, label), ids in counts.items()
        ]
        return sorted(rows, key=lambda row: (row["kind"] != "moved", row["kind"], -row["count"], row["label"]))

    @api.model
    def _get_table_labels(self, tables):
        """Return the names of the models of some tables for people; relation tables keep theirs."""
        models_ = {model._table: model for model in self.env.registry.values() if model._auto and not model._abstract}
        wanted = {models_[table]._name for table in tables if table in models_}
        labels = {name: self.env["ir.model"]._get(name).sudo().name for name in wanted}  # names are no secret
        return {
            table: labels.get(models_[table]._name, table) if table in models_ else table.replace("_", " ")
            for table in tables
        }

    def get_undo_preview(self, partner_ids=None):
        """Tell what an un-merge would do, by doing it and rolling it back.

        :param partner_ids: merged guests to take out; all by default
        :return: dict with ``back`` (rows that go back, by label), ``kept`` and ``asked`` (lists of ``{"label", "field",
            "count"}``, see ``_undo``)
        :raise UserError: when it can't be taken back, with the reason
        """
        self.ensure_one()
        journal = self._get_journal()
        report = {}
        try:
            with self.env.cr.savepoint():
                report = self._undo(partner_ids)
                raise _Rollback
        except _Rollback:
            self.env.invalidate_all(flush=False)
        back = defaultdict(int)
        for guest in journal["guests"]:
            if guest["state"] == "done" and (not partner_ids or guest["id"] in partner_ids):
                back[self.env._("Source Profile")] += guest["profiles"]
                for row in guest["rows"]:
                    if row["kind"] == "moved":
                        back[row["label"]] += row["count"]
        shown = {kind: self._show_report(report[kind]) for kind in ("kept", "asked")}
        for row in shown["kept"]:
            back[row["label"]] -= row["count"]
        return {
            "back": [{"label": label, "count": count} for label, count in sorted(back.items()) if count > 0],
            **shown,
        }

    @api.model
    def _show_report(self, rows):
        labels = self._get_table_labels({row["table"] for row in rows})
        shown = []
        for row in rows:
            model = self.env[row["model"]] if row.get("model") in self.env else None
            field = model._fields.get(row["field"]) if model is not None else None
            shown.append(
                {
                    "label": labels[row["table"]],
                    "field": field.get_description(self.env, ["string"])["string"] if field else row["field"],
                    "model": row.get("model") or False,
                    "ids": row["ids"],
                    "count": row["count"],
                }
            )
        return shown

    def undo_with_report(self, partner_ids=None):
        """Take the merge back and return ``kept`` and ``asked`` in words, as in :meth:`get_undo_preview`."""
        report = self._undo(partner_ids)
        return {kind: self._show_report(report[kind]) for kind in ("kept", "asked")}

    def action_open_undo(self):
        """Show what an un-merge would do, with a button to do it."""
        self.ensure_one()
        return {
            "type": "ir.actions.client",
            "tag": "hospitality_merge_undo",
            "target": "new",
            "name": self.env._("Take the merge back"),
            "context": {"merge_id": self.id, "dialog_size": "medium"},
        }

    def action_undo_many(self):
        """Take several merges back, newest first."""
        return self.sorted("id", reverse=True).action_undo()
