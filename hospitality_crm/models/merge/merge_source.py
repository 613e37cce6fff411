"""Where the database refers to contacts, and what stands in the way of changing it."""

from dataclasses import dataclass, field

from odoo.tools import SQL

PARTNER = "res.partner"


@dataclass(frozen=True)
class Unique:
    """A unique key over columns that a merge changes.

    :ivar exprs: key expressions over the columns of the table
    :ivar where: predicate or None
    :ivar nulls_equal: two empty values collide
    :ivar own: the changed columns are plain parts of the key, so that rows can only collide with
        rows of the same group
    """

    exprs: tuple
    where: str | None = None
    nulls_equal: bool = False
    own: bool = True


@dataclass(frozen=True)
class Source:
    """A column that refers to contacts.

    :ivar kind: ``fk`` (plain id), ``pair`` (id beside a model name), ``reference`` (``model,id``),
        ``company`` (ids per company in JSON), ``properties`` (ids in what users have defined, in JSON), ``default``
        (text of an ``ir.default``)
    :ivar key: column that names a row in the journal: ``id``, or the other one of a relation
    :ivar beside: for a pair: the column of the model name, or with ``by_id`` of the model's id
    :ivar profile: for the shortcut of a fact: the column of the source profile
    :ivar shown: stored computed fields of the table that read through the column: ``(field, column of the
        contact, whether people may type it)``; the column is None where it depends on another of these
    :ivar computed: with ``shown``: the columns of the table that say nothing about whether people have changed
        a row: computed ones, time stamps, references to contacts
    """

    table: str
    column: str
    kind: str = "fk"
    key: str = "id"
    beside: str | None = None
    by_id: bool = False
    profile: str | None = None
    shown: tuple = ()
    computed: tuple = ()

    def refers(self, alias):
        """Return the condition that the column means a contact at all."""
        if self.by_id:
            model = SQL("(SELECT id FROM ir_model WHERE model = %s)", PARTNER)
            return SQL("%s = %s", SQL.identifier(alias, self.beside), model)
        if self.kind == "pair":
            return SQL("%s = %s", SQL.identifier(alias, self.beside), PARTNER)
        return SQL("TRUE")

    def col(self, alias):
        return SQL.identifier(alias, self.column)


def catalogue_sql(text):
    """Return an expression or condition of the database's own catalogue as SQL."""
    return SQL(text.replace("%", "%%"))  # pylint: disable=sql-injection


def typed_hash(source):
    """Return the SQL of a hash of what people have typed into the row ``t``."""
    return SQL("md5((to_jsonb(t) - %s::text[])::text)", list(source.computed))


@dataclass
class Table:
    """A table with columns that refer to contacts."""

    name: str
    model: str | None
    sources: list = field(default_factory=list)
    columns: dict = field(default_factory=dict)
    uniques: list = field(default_factory=list)
    checks: list = field(default_factory=list)
    needs: set = field(default_factory=set)
    keep: SQL | None = None

    @property
    def key(self):
        return self.sources[0].key

    @property
    def joint(self):
        """The sources whose rows one statement moves: those with plain ids, where it saves statements."""
        plain = [source for source in self.sources if source.kind in ("fk", "pair") and source.key == "id"]
        return plain if len(plain) > 1 or self.keep is not None else []


FOREIGN_KEYS = """
SELECT c.relname, a.attname
  FROM pg_constraint k
  JOIN pg_class c ON c.oid = k.conrelid
  JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = k.conkey[1]
 WHERE k.contype = 'f' AND k.confrelid = %s::regclass AND array_length(k.conkey, 1) = 1
   AND c.relnamespace = current_schema()::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition
 ORDER BY 1, 2
"""

COLUMNS = """
SELECT c.relname, array_agg(a.attname::text ORDER BY a.attnum),
       array_agg(format_type(a.atttypid, NULL) ORDER BY a.attnum)
  FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
 WHERE c.relname = ANY(%s) AND c.relnamespace = current_schema()::regnamespace AND c.relkind IN ('r', 'p')
 GROUP BY 1
"""

UNIQUES = """
SELECT c.relname,
       ARRAY(SELECT pg_get_indexdef(i.indexrelid, k, true) FROM generate_series(1, i.indnkeyatts) AS k ORDER BY k),
       pg_get_expr(i.indpred, i.indrelid),
       i.indnullsnotdistinct,
       ARRAY(SELECT a.attname::text FROM unnest(i.indkey[0:i.indnkeyatts - 1]) AS k
               JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k),
       ARRAY(SELECT DISTINCT a.attname::text FROM pg_attribute a
              WHERE a.attrelid = i.indrelid AND a.attnum > 0
                AND (a.attnum = ANY(i.indkey[0:i.indnkeyatts - 1])
                     OR EXISTS (SELECT FROM pg_depend d
                                 WHERE d.classid = 'pg_class'::regclass AND d.objid = i.indexrelid
                                   AND d.refobjid = i.indrelid AND d.refobjsubid = a.attnum))),
       coalesce(pg_get_expr(i.indpred, i.indrelid), '') || coalesce(pg_get_expr(i.indexprs, i.indrelid), '')
  FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid
 WHERE i.indisunique AND c.relname = ANY(%s) AND c.relnamespace = current_schema()::regnamespace
 ORDER BY c.relname, i.indexrelid
"""

CHECKS = """
SELECT c.relname, pg_get_expr(k.conbin, k.conrelid),
       ARRAY(SELECT a.attname::text FROM pg_attribute a WHERE a.attrelid = k.conrelid AND a.attnum = ANY(k.conkey))
  FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid
 WHERE k.contype = 'c' AND c.relname = ANY(%s) AND c.relnamespace = current_schema()::regnamespace
 ORDER BY c.relname, k.conname
"""
