import hashlib
import hmac
import json
import logging
import os

from odoo import api, fields, models
from odoo.tools import SQL

_logger = logging.getLogger(__name__)

BATCH = 20


class HospitalityEraser(models.AbstractModel):
    """The list of erasures outside the database, and doing them again after a backup was restored.

    One line per guest beside the anchors of the ledgers, with keyed hashes alone. Whoever restores an older backup runs
    ``odoo shell`` or the restore command, which calls :meth:`_replay` before the first login.
    """

    _inherit = "hospitality.eraser"

    @api.model
    def _get_list_file(self):
        return self.env["hospitality.ledger.anchor"]._get_file().with_name("erasures.jsonl")

    @api.model
    def _get_digests(self, subject):
        """Return the keyed hashes by which the guest is known in an older copy: contacts and keys of sources."""
        secret = self.env["hospitality.privacy"]._get_secret("erasure-list")
        rows = self.env.execute_query(
            SQL(
                """SELECT s.code, p.external_id FROM hospitality_profile p
                     JOIN hospitality_source s ON s.id = p.source_id
                    WHERE p.id = ANY(%s) AND s.kind <> 'odoo' AND NOT starts_with(p.external_id, 'erased:')""",
                subject.profile_ids,
            )
        )
        tokens = [f"partner:{partner_id}" for partner_id in subject.partner_ids]
        tokens += [f"profile:{code}:{key}" for code, key in rows]
        return [_hash(secret, token) for token in tokens]

    @api.model
    def _put_on_list(self, subject, evidence):
        """Append a guest to the list, once the transaction is committed."""
        line = {
            "database": self.env["hospitality.ledger.anchor"]._get_database(),
            "at": evidence["at"],
            "evidence": evidence["sha256"],
            "digests": evidence.pop("digests"),
        }
        path = self._get_list_file()
        self.env.cr.postcommit.add(lambda: _append(path, [line]))

    @api.model
    def _complete_list(self):
        """Add erased guests who aren't on the list: their process ended between the commit and the line.

        :return: number of guests added
        """
        known = {digest for line in self._read_list() for digest in line["digests"]}
        secret = self.env["hospitality.privacy"]._get_secret("erasure-list")
        database = self.env["hospitality.ledger.anchor"]._get_database()
        lines = []
        for partner_id, erased_at in self._iter_rows(
            "SELECT id, guest_erased_at FROM res_partner WHERE guest_erased_at IS NOT NULL"
        ):
            digest = _hash(secret, f"partner:{partner_id}")
            if digest not in known:
                at = fields.Datetime.to_string(erased_at)
                lines.append({"database": database, "at": at, "evidence": None, "digests": [digest]})
        if lines:
            _append(self._get_list_file(), lines)
        return len(lines)

    @api.model
    def _read_list(self, database=None):
        """Return the lines of a database: list of dicts."""
        path = self._get_list_file()
        if not path.is_file():
            return []
        database = database or self.env["hospitality.ledger.anchor"]._get_database()
        lines = []
        with open(path) as stream:
            for line in stream:
                try:
                    entry = json.loads(line)
                except ValueError:
                    _logger.warning("An unreadable line in %s was passed over.", path)
                    continue
                if entry.get("database") == database:
                    lines.append(entry)
        return lines

    @api.model
    def _find_listed(self, database=None):
        """Return the guests of this database who are on the list and not erased: they came back with a backup."""
        lines = self._read_list(database)
        digests = {digest for line in lines for digest in line["digests"]}
        if not digests:
            return self.env["res.partner"]
        secret = self.env["hospitality.privacy"]._get_secret("erasure-list")
        found = set()
        for partner_id in self._iter_rows("SELECT id FROM res_partner WHERE guest_erased_at IS NULL"):
            if _hash(secret, f"partner:{partner_id[0]}") in digests:
                found.add(partner_id[0])
        for code, key, partner_id in self._iter_rows(
            """SELECT s.code, p.external_id, p.partner_id FROM hospitality_profile p
                 JOIN hospitality_source s ON s.id = p.source_id
                WHERE s.kind <> 'odoo' AND p.state <> 'anonymised'"""
        ):
            if _hash(secret, f"profile:{code}:{key}") in digests:
                found.add(partner_id)
        partners = self.env["res.partner"].browse(sorted(found))
        return partners.browse(sorted(set(partners._get_merged_targets().values())))

    @api.model
    def _iter_rows(self, query):
        """Yield the rows of a query without keeping them all."""
        self.env["res.partner"].flush_model(["guest_erased_at"])
        self.env.cr.execute(query)
        while rows := self.env.cr.fetchmany(10_000):
            yield from rows

    @api.model
    def _replay(self, database=None, commit=True):
        """Erase everybody on the list again, after an older backup was restored.

        Nothing stands in the way: it was checked when they were erased.

        :param str database: ``database.uuid`` under which they were erased, if the restored copy got a new one
        :param bool commit: keep the work of each batch
        :return: number of guests erased
        """
        partners = self._find_listed(database)
        for start in range(0, len(partners), BATCH):
            batch = partners[start : start + BATCH].exists()
            self._erase_all([(partner, None) for partner in batch], check=False)
            if commit:
                self.env.cr.commit()  # pylint: disable=invalid-commit  # a restored copy is worked off in steps
        _logger.info("%s erased guests were erased again on %s.", len(partners), fields.Date.today())
        return len(partners)


def _hash(secret, token):
    return hmac.new(secret, token.encode(), hashlib.sha256).hexdigest()


def _append(path, lines):
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with open(path, "a") as stream:
        stream.writelines(json.dumps(line) + "\n" for line in lines)
        stream.flush()
        os.fsync(stream.fileno())
