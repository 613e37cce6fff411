import json
import logging
import os
import pathlib

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import config

from ...tools import keys

_logger = logging.getLogger(__name__)

VARIABLE = "HOSPITALITY_ANCHOR_FILE"


class HospitalityLedgerAnchor(models.AbstractModel):
    """Heads of the chains, kept outside the database.

    A chain whose end was cut off is whole in itself. So the head of each ledger is appended to a file beside the
    filestore, or to the one that ``HOSPITALITY_ANCHOR_FILE`` (environment) or ``hospitality_anchor_file`` (Odoo's
    configuration file) names: best on another machine, where who administers the database can't write.
    """

    _name = "hospitality.ledger.anchor"
    _description = "Anchors of Ledgers"

    @api.model
    def _get_file(self):
        named = os.environ.get(VARIABLE) or config.get("hospitality_anchor_file")
        return pathlib.Path(named or pathlib.Path(config["data_dir"]) / "hospitality" / "anchors.jsonl")

    @api.model
    def _get_database(self):
        return self.env["ir.config_parameter"].sudo().get_param("database.uuid")  # names the database, no secret

    @api.model
    def _anchor(self, ledger_name):
        """Append the head of a chain to the file, unless it stands there already. Call it after the commit."""
        table = self.env[ledger_name]._table
        head = self.env["hospitality.ledger.seal"]._get_head(table)
        if head is None or self._read(table).get(head.seq) == head.mac:
            return
        path = self._get_file()
        line = {
            "database": self._get_database(),
            "ledger": table,
            "seq": head.seq,
            "mac": head.mac,
            "at": fields.Datetime.to_string(fields.Datetime.now()),
        }
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with open(path, "a") as stream:
            stream.write(json.dumps(line) + "\n")
            stream.flush()
            os.fsync(stream.fileno())

    @api.model
    def _read(self, table):
        """Return the anchored seals of a ledger by their number."""
        path = self._get_file()
        if not path.is_file():
            return {}
        database = self._get_database()
        anchors = {}
        with open(path) as stream:
            for line in stream:
                try:
                    anchor = json.loads(line)
                except ValueError:
                    _logger.warning("An unreadable line in %s was passed over.", path)
                    continue
                if anchor.get("database") == database and anchor.get("ledger") == table:
                    anchors.setdefault(anchor["seq"], anchor["mac"])
        return anchors

    @api.model
    def _explain_key(self, error):
        """Return in words what is wrong with the key file and what to do."""
        if error.code == "missing":
            return self.env._(
                "No key file is named. Make one (a line 'k1:' followed by 64 hexadecimal digits) and name it in"
                " %(variable)s or as hospitality_key_file in Odoo's configuration file.",
                variable=keys.VARIABLE,
            )
        if error.code == "unreadable":
            return self.env._("The key file can't be read: %(detail)s.", detail=error.detail)
        return self.env._(
            "The key file is wrong at %(detail)s: each line is an id, a colon and at least 64 hexadecimal digits.",
            detail=error.detail,
        )

    @api.model
    def _explain(self, result):
        """Return the result of a check of a chain in words."""
        broken = result["broken"]
        if broken is None:
            return self.env._(
                "%(sealed)s entries are as they were sealed; %(waiting)s wait for their seal.",
                sealed=result["sealed"],
                waiting=result["waiting"],
            )
        reasons = {
            "changed": self.env._("entry %(row)s was changed after it was sealed", row=broken.row_id),
            "row_missing": self.env._("entry %(row)s was deleted", row=broken.row_id),
            "seal_missing": self.env._("seal %(seq)s was deleted", seq=broken.seq),
            "unsealed": self.env._("entry %(row)s was added past the seal", row=broken.row_id),
            "anchor": self.env._("seal %(seq)s isn't the one that was anchored outside", seq=broken.seq),
            "cut": self.env._("the end is missing from seal %(seq)s on, which was anchored outside", seq=broken.seq),
            "key_missing": self.env._("the key of seal %(seq)s is missing from the key file", seq=broken.seq),
        }
        return self.env._(
            "The chain is broken: %(reason)s. %(sealed)s entries before it are as they were sealed.",
            reason=reasons[broken.code],
            sealed=result["sealed"],
        )

    @api.model
    def _verify_all(self):
        """Check all ledgers.

        :return: list of the results of `hospitality.ledger.seal`
        :raise UserError: there is no usable key
        """
        Seal = self.env["hospitality.ledger.seal"]
        try:
            return [Seal._verify(ledger._name) for ledger in Seal._get_ledgers()]
        except keys.KeyringError as error:
            raise UserError(self._explain_key(error)) from error
