from odoo import api, fields, models


class HospitalityConnectorColumns(models.TransientModel):
    """What the values of a system's records mean: proposed, to be corrected by a person."""

    _name = "hospitality.connector.columns"
    _description = "Columns of a List"

    list_id = fields.Many2one("hospitality.connector.list", required=True, ondelete="cascade")
    line_ids = fields.One2many("hospitality.connector.column", "wizard_id")

    @api.model
    def _open(self, entry, shown):
        """Return a wizard with a line per column of a list.

        :param dict shown: values of one record by column; they are kept no longer than the wizard
        """
        mapping = entry.mapping_id
        targets = {use["column"]: use for use in (mapping.content or {}).get("columns") or () if use.get("column")}
        return self.create(
            {
                "list_id": entry.id,
                "line_ids": [
                    fields.Command.create(
                        {
                            "column": column,
                            "sample": shown.get(column, "")[:200],
                            "target": targets.get(column, {}).get("target") or False,
                        }
                    )
                    for column in mapping.header
                ],
            }
        )

    def action_apply(self):
        """Keep the meanings, and read what waits for them again."""
        self.ensure_one()
        self.list_id.connector_id.check_access("write")
        mapping = self.list_id.mapping_id
        content = mapping.content or {}
        known = {(use.get("column"), use.get("target")): use for use in content.get("columns") or ()}
        uses = [use for use in content.get("columns") or () if not use.get("column")]
        for line in self.line_ids.filtered("target"):
            uses.append(known.get((line.column, line.target)) or {"column": line.column, "target": line.target})
        mapping.write({"content": {**content, "columns": uses}})
        connector = self.list_id.connector_id
        waiting = self.env["hospitality.connector.inbox"].search(
            [
                ("connector_id", "=", connector.id),
                ("entity", "=", self.list_id.name),
                ("state", "in", ("quarantined", "waiting")),
            ]
        )
        waiting.sudo()._replay()  # rights were checked
        connector._wake_readers()
        return {"type": "ir.actions.act_window_close"}
