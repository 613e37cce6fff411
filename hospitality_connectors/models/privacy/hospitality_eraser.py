from odoo import api, models
from odoo.tools import SQL


class HospitalityEraser(models.AbstractModel):
    """What connectors keep about an erased guest: raw records, reasons in quarantine, files that were imported."""

    _inherit = "hospitality.eraser"

    @api.model
    def _before_erase(self, subject, evidence):
        result = super()._before_erase(subject, evidence)
        rows = self._find_inbox_rows(subject)
        if rows:
            self._forget_records(rows, evidence)
        return result

    @api.model
    def _forget_records(self, rows, evidence):
        """Empty raw records and delete the files that have brought them."""
        self.env.cr.execute(
            SQL(
                """UPDATE hospitality_connector_inbox
                      SET body = NULL, error_message = NULL, error_reason = NULL, error_path = NULL,
                          warnings = NULL,
                          wait_key = NULL, discard_reason = NULL,
                          state = CASE WHEN state IN ('new', 'waiting', 'quarantined') THEN 'skipped'
                                       ELSE state END,
                          processed_at = coalesce(processed_at, now() AT TIME ZONE 'UTC')
                    WHERE id = ANY(%s)""",
                rows,
            )
        )
        self._count(evidence, "hospitality_connector_inbox", "blanked", self.env.cr.rowcount)
        self._delete_import_files(rows, evidence)
        # Keys of rows about the guest himself are his key in the source: hashed, they still count as delivered.
        self.env.cr.execute(
            SQL(
                """UPDATE hospitality_connector_inbox SET external_id = 'erased:' || md5(external_id || event_key)
                    WHERE id = ANY(%s) AND entity = 'guest'""",
                rows,
            )
        )

    @api.model
    def _find_inbox_rows(self, subject):
        """Return the raw records about the guest: of his own key, of his visits, and those that name his key."""
        by_source = {}
        for source_id, profile_id in self.env.execute_query(
            SQL("SELECT source_id, id FROM hospitality_profile WHERE id = ANY(%s)", subject.profile_ids)
        ):
            by_source.setdefault(source_id, []).append(profile_id)
        Inbox = self.env["hospitality.connector.inbox"]
        rows = set()
        for source in self.env["hospitality.source"].browse(by_source):
            rows.update(Inbox._find_about(source, by_source[source.id], states=None))
        rows.update(self._find_stuck_rows(subject))
        return sorted(rows)

    @api.model
    def _find_stuck_rows(self, subject):
        """Return records that were never applied and name an address of the guest: no profile leads to them."""
        if not subject.emails:
            return []
        found = self.env.execute_query(
            SQL(
                """SELECT i.id FROM hospitality_connector_inbox i, unnest(%s::text[]) AS e(address)
                    WHERE i.state IN ('new', 'waiting', 'quarantined') AND i.body IS NOT NULL
                      AND strpos(lower(i.body), e.address) > 0""",
                sorted(subject.emails),
            )
        )
        return [row[0] for row in found]

    @api.model
    def _delete_import_files(self, rows, evidence):
        """Delete the files of finished imports that have brought the guest: they hold what the records held."""
        jobs = self.env["hospitality.import.job"].search([("file", "!=", False), ("event_prefix", "!=", False)])
        if not jobs:
            return
        found = self.env.execute_query(
            SQL(
                """SELECT DISTINCT j.id FROM hospitality_import_job j JOIN hospitality_connector_inbox i
                       ON i.connector_id = j.connector_id AND starts_with(i.event_key, j.event_prefix)
                    WHERE j.id = ANY(%s) AND i.id = ANY(%s)""",
                jobs.ids,
                rows,
            )
        )
        finished = jobs.browse(row[0] for row in found).filtered(lambda job: job.state == "done")
        if finished:
            files = self.env.execute_query(
                SQL(
                    """DELETE FROM ir_attachment WHERE res_model = 'hospitality.import.job' AND res_field = 'file'
                          AND res_id = ANY(%s) RETURNING store_fname""",
                    finished.ids,
                )
            )
            self._forget_files(sorted({name for (name,) in files if name}))
            self._count(evidence, "hospitality_import_job", "files", len(files))
