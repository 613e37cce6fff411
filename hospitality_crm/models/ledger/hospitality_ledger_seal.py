import logging

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL

from ...engine import ledger as engine
from ...tools import keys
from ...tools.claim import lane_env, with_retry

_logger = logging.getLogger(__name__)

BATCH = 2000
#: Class of the advisory locks of sealers; the other half is the hash of the ledger's table.
LOCK = 0x5EA1


class HospitalityLedgerSeal(models.Model):
    """The chain over a ledger: one keyed hash per row, each over the one before it.

    Written by one sealer at a time (`_seal`), in transactions of its own, after those of the rows have ended. The key
    lies outside the database (`tools.keys`), and so do anchors of the head (`hospitality.ledger.anchor`).
    """

    _name = "hospitality.ledger.seal"
    _description = "Seal"
    _inherit = ["hospitality.ledger"]
    _order = "ledger, seq"

    ledger = fields.Char(required=True, readonly=True)
    seq = fields.Integer(required=True, readonly=True, aggregator=None)
    row_id = fields.Integer(required=True, readonly=True, aggregator=None)
    key_id = fields.Char(required=True, readonly=True)
    mac = fields.Char(required=True, readonly=True, size=64)
    ledger_label = fields.Char(string="Sealed Ledger", compute="_compute_ledger_label")

    _seq_uniq = models.Constraint("UNIQUE (ledger, seq)", "A chain has one link of each number.")
    _row_uniq = models.Constraint("UNIQUE (ledger, row_id)", "An entry is sealed once.")

    @api.depends("ledger")
    @api.depends_context("lang")
    def _compute_ledger_label(self):
        names = {
            model._table: self.env["ir.model"]._get(model._name).sudo().name  # the name of a model is no secret
            for model in self._get_ledgers()
        }
        for seal in self:
            seal.ledger_label = names.get(seal.ledger, seal.ledger)

    @api.model
    def _get_ledgers(self):
        """Return the models whose rows are sealed."""
        return [
            model
            for name, model in sorted(self.env.items())
            if isinstance(model, self.env.registry["hospitality.ledger"])
            and model._sealed
            and model._auto
            and not model._abstract
        ]

    @api.model
    def _run_sealer(self):
        """Seal what waits, in all ledgers, and anchor the heads. Called by a job every few minutes."""
        try:
            keys.load("seal")
        except keys.KeyringError as error:
            _logger.warning("Ledgers aren't sealed: %s", self.env["hospitality.ledger.anchor"]._explain_key(error))
            return
        for ledger in self._get_ledgers():
            while with_retry(lambda ledger=ledger: self._seal_step(ledger._name)):
                if not self.env["ir.cron"]._commit_progress(BATCH):
                    return  # the time of the job is over; the rest waits for the next one
            self.env["hospitality.ledger.anchor"]._anchor(ledger._name)

    @api.model
    def _run_verification(self):
        """Check all ledgers and tell the data protection officers when one is broken. Called by a job every day."""
        Anchor = self.env["hospitality.ledger.anchor"]
        try:
            broken = [result for result in Anchor._verify_all() if result["broken"]]
        except UserError as error:
            _logger.warning("Ledgers aren't verified: %s", error)
            return
        for result in broken:
            _logger.error("Ledger %s: %s", result["ledger"], Anchor._explain(result))
        officers = self.env.ref("hospitality_crm.group_hospitality_dpo").user_ids
        for officer in officers if broken else ():
            anchor = Anchor.with_context(lang=officer.lang)
            officer.partner_id.message_notify(
                partner_ids=officer.partner_id.ids,
                subject=anchor.env._("A ledger was tampered with"),
                body="\n".join(f"{result['ledger']}: {anchor._explain(result)}" for result in broken),
            )

    def action_verify(self):
        """Check all ledgers and show what was found.

        :raise AccessError: for everybody but data protection officers
        """
        self.check_access("read")
        Anchor = self.sudo().env["hospitality.ledger.anchor"]  # who may read the seals may have them checked
        results = Anchor._verify_all()
        broken = any(result["broken"] for result in results)
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "type": "danger" if broken else "success",
                "sticky": broken,
                "message": " ".join(Anchor._explain(result) for result in results),
            },
        }

    @api.model
    def _seal_step(self, ledger_name):
        """Seal up to ``BATCH`` rows in a transaction of its own; return how many there were."""
        with lane_env(self.env) as env:
            return env[self._name]._seal(ledger_name, BATCH)

    @api.model
    def _seal(self, ledger_name, limit):
        """Seal up to ``limit`` rows of a ledger that wait, the oldest first. Needs READ COMMITTED.

        :return: number of rows; 0 also while another sealer is at work
        :raise KeyringError: there is no key
        """
        ring = keys.load("seal")
        ledger = self.env[ledger_name]
        table = ledger._table
        [(alone,)] = self.env.execute_query(SQL("SELECT pg_try_advisory_xact_lock(%s, hashtext(%s))", LOCK, table))
        if not alone:
            return 0
        waiting = self.env.execute_query(
            SQL(
                """DELETE FROM hospitality_ledger_pending WHERE id IN (
                       SELECT id FROM hospitality_ledger_pending WHERE ledger = %s ORDER BY row_id LIMIT %s)
                RETURNING row_id""",
                table,
                limit,
            )
        )
        ids = sorted(row[0] for row in waiting)
        rows = ledger._read_sealed(ids)
        links = engine.chain(ring.keys, ring.current, self._get_head(table), (rows[id_] for id_ in ids if id_ in rows))
        self._append([{"ledger": table, **link._asdict()} for link in links])
        return len(ids)

    @api.model
    def _get_head(self, table):
        """Return the last seal of a chain, None before the first."""
        rows = self.env.execute_query(
            SQL(
                "SELECT seq, row_id, key_id, mac FROM hospitality_ledger_seal WHERE ledger = %s"
                " ORDER BY seq DESC LIMIT 1",
                table,
            )
        )
        return engine.Seal(*rows[0]) if rows else None

    @api.model
    def _verify(self, ledger_name):
        """Check the whole chain of a ledger against its rows, its key and its anchors.

        :return: dict of ``ledger``, ``sealed`` (links that hold), ``waiting`` (rows without a seal yet) and ``broken``:
            None, or the first `engine.ledger.Break`
        :raise KeyringError: there is no key
        """
        ring = keys.load("seal")
        table = self.env[ledger_name]._table
        anchors = self.env["hospitality.ledger.anchor"]._read(table)
        sealed, broken = engine.find_break(ring.keys, self._iter_links(ledger_name), anchors)
        [(waiting,)] = self.env.execute_query(
            SQL("SELECT count(*) FROM hospitality_ledger_pending WHERE ledger = %s", table)
        )
        return {
            "ledger": ledger_name,
            "sealed": sealed,
            "waiting": waiting,
            "broken": broken or self._find_unsealed(table),
        }

    @api.model
    def _iter_links(self, ledger_name):
        """Yield the seals of a ledger in order, each with its row as it is now."""
        ledger = self.env[ledger_name]
        last = 0
        while True:
            rows = self.env.execute_query(
                SQL(
                    "SELECT seq, row_id, key_id, mac FROM hospitality_ledger_seal"
                    " WHERE ledger = %s AND seq > %s ORDER BY seq LIMIT %s",
                    ledger._table,
                    last,
                    BATCH * 5,
                )
            )
            if not rows:
                return
            links = [engine.Seal(*row) for row in rows]
            last = links[-1].seq
            found = ledger._read_sealed([link.row_id for link in links])
            for link in links:
                yield link, found.get(link.row_id)

    @api.model
    def _find_unsealed(self, table):
        """Return the first row that is neither sealed nor waiting for it, as a break; None if all are."""
        rows = self.env.execute_query(
            SQL(
                """SELECT r.id FROM %(table)s r
                    WHERE NOT EXISTS (SELECT FROM hospitality_ledger_seal s
                                       WHERE s.ledger = %(name)s AND s.row_id = r.id)
                      AND NOT EXISTS (SELECT FROM hospitality_ledger_pending p
                                       WHERE p.ledger = %(name)s AND p.row_id = r.id)
                    ORDER BY r.id LIMIT 1""",
                table=SQL.identifier(table),
                name=table,
            )
        )
        return engine.Break(0, rows[0][0], "unsealed") if rows else None
