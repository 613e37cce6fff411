import zlib

from odoo import api, models
from odoo.tools import SQL

from ...tools import online_index
from .merge_source import PARTNER

PREFIX = "hospitality_ref_"
# Below so many bytes a table is read as fast as an index.
LEAST_BYTES = 2_000_000


class HospitalityMerge(models.Model):
    """Indexes on references to contacts that core tables lack: without them a merge reads whole tables."""

    _inherit = "hospitality.merge"

    @api.model
    def _get_missing_indexes(self, least_bytes=LEAST_BYTES):
        """Return indexes to build: ``{name: SQL of table, method, columns and predicate}``.

        A column counts as indexed when it leads a valid index, or follows the model's name in one.

        :param int least_bytes: size from which a table is worth an index
        """
        sources = [source for table in self._get_tables() for source in table.sources if source.kind in ("fk", "pair")]
        sources = [source for source in sources if not source.by_id]
        rows = self.env.execute_query(
            SQL(
                """SELECT n.nth
                     FROM unnest(%s::text[], %s::text[], %s::text[]) WITH ORDINALITY AS n (name, col, beside, nth)
                     JOIN pg_class c ON c.relname = n.name AND c.relnamespace = current_schema()::regnamespace
                     JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = n.col
                     LEFT JOIN pg_attribute b ON b.attrelid = c.oid AND b.attname = n.beside
                    WHERE pg_relation_size(c.oid) >= %s
                      AND NOT EXISTS (
                          SELECT FROM pg_index i
                           WHERE i.indrelid = c.oid AND i.indisvalid
                             AND (i.indkey[0] = a.attnum OR (i.indkey[0] = b.attnum AND i.indkey[1] = a.attnum))
                             AND (i.indpred IS NULL OR i.indnatts = 1))
                    ORDER BY 1""",
                [source.table for source in sources],
                [source.column for source in sources],
                [source.beside for source in sources],
                least_bytes,
            )
        )
        return {
            self._get_index_name(source): SQL(
                "%s USING btree (%s) WHERE %s",
                SQL.identifier(source.table),
                SQL.identifier(source.column),
                SQL("%s = %s", SQL.identifier(source.beside), PARTNER)
                if source.beside
                else SQL("%s IS NOT NULL", SQL.identifier(source.column)),
            )
            for source in (sources[nth - 1] for (nth,) in rows)
        }

    @api.model
    def _get_index_name(self, source):
        name = f"{PREFIX}{source.table}_{source.column}"
        return name if len(name) < 64 else f"{name[:54]}_{zlib.crc32(name.encode()):08x}"

    @api.autovacuum
    def _index_references(self):
        """Build the missing indexes of tables that have grown, while people work."""
        missing = self._get_missing_indexes()
        if missing:
            online_index.build_later(self.env.cr.dbname, missing)
