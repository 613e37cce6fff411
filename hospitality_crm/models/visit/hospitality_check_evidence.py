import hashlib
import hmac

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL

from ...tools.arrays import pg_array, pg_int_array


class HospitalityCheckEvidence(models.Model):
    """What a bill says about whose it is, as a keyed hash: enough to find its guest later, nothing to read.

    The key stands outside the database (`tools.keys`). Without one nothing is kept: guests are found when the bill
    arrives, and cards not at all.
    """

    _name = "hospitality.check.evidence"
    _description = "Evidence of a Check"
    _log_access = False

    check_id = fields.Many2one("hospitality.check", required=True, readonly=True, index=True, ondelete="cascade")
    kind = fields.Selection(
        [("loyalty", "Loyalty Number"), ("phone", "Phone"), ("email", "E-mail"), ("card", "Card")],
        required=True,
        readonly=True,
    )
    digest = fields.Char(required=True, readonly=True, size=64)

    _digest_idx = models.Index("(digest)")

    @api.model
    def _get_digests(self, pairs):
        """Return ``{(kind, value): keyed hash}``; empty without a key.

        :param pairs: iterable of kind and normalised value
        """
        pairs = set(pairs)
        if not pairs:
            return {}
        try:
            secret = self.env["hospitality.privacy"]._get_secret("check-evidence")
        except UserError:
            return {}
        return {
            (kind, value): hmac.new(secret, f"{kind}:{value}".encode(), hashlib.sha256).hexdigest()
            for kind, value in pairs
        }

    @api.model
    def _replace(self, rows, rewritten):
        """Store the evidence of checks; that of rewritten ones takes the place of theirs.

        :param list rows: ``(check id, kind, digest)``
        :param rewritten: ids of checks that were stored before
        """
        if rewritten:
            self.env.cr.execute(
                SQL("DELETE FROM hospitality_check_evidence WHERE check_id = ANY(%s::int[])", pg_int_array(rewritten))
            )
        if rows:
            ids, kinds, digests = zip(*rows, strict=True)
            self.env.cr.execute(
                SQL(
                    "INSERT INTO hospitality_check_evidence (check_id, kind, digest)"
                    " SELECT * FROM unnest(%s::int[], %s::varchar[], %s::varchar[])",
                    pg_int_array(ids),
                    pg_array(kinds),
                    pg_array(digests),
                )
            )
        self.invalidate_model(flush=False)
