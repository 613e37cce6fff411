import hashlib
import json

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL

from ..message.guest_lock import lock_guests

#: Guests of one batch share the search through tables that nothing leads to.
BATCH = 20


class HospitalityEraser(models.AbstractModel):
    """The one door through which a person is erased.

    What is left is a contact without a name that keeps accounts and statistics together, a keyed hash of each address
    that gets no marketing any more (`hospitality.suppression`), one of each key in a source so that the next delivery
    doesn't bring the person back (`hospitality.tombstone`), a notice for each recipient (`hospitality.erasure.notice`),
    and evidence of what was done that names nobody. System code: callers check rights.
    """

    _name = "hospitality.eraser"
    _description = "Eraser"

    @api.model
    def _erase(self, partner, request=None):
        """Erase a guest with everything that was merged into him.

        :param request: ``hospitality.privacy.request`` behind it
        :return: evidence, see :meth:`_erase_all`
        :raise UserError: something stands in the way; what and until when
        """
        return self._erase_all([(partner, request)])[0]

    @api.model
    def _erase_all(self, items, check=True):
        """Erase guests, each with a search of his own through his rows and one search for all through everything else.

        :param items: list of ``(partner, request or None)``
        :param check: False: nothing may stand in the way, as after a restore
        :return: list of evidence: ``{"counts": {table: {what: rows}}, "kept": {table: reason},
            "unknown": {table: rows}, "recipients": n, "suppressed": n, "tombstones": n, "searched": tables,
            "found": {table: rows}, "at", "by", "sha256"}``
        :raise UserError: something stands in the way of one of them
        """
        self.env.flush_all()
        Privacy = self.env["hospitality.privacy"]
        subjects, results = [], []
        self._lock(self.env["res.partner"].browse(partner.id for partner, _request in items))
        for partner, request in items:
            if check and (blockers := self._get_blockers(partner)):
                raise UserError("\n".join(blocker["message"] for blocker in blockers))
            subject = Privacy._find_subject(partner)
            subjects.append(subject)
            results.append(self._erase_subject(subject, request))
            # Twice the same guest in a batch: the second time there is nothing left of him.
            self.env.invalidate_all(flush=False)
        found = self._sweep(subjects)
        for subject, evidence in zip(subjects, results, strict=True):
            evidence["searched"], evidence["found"], evidence["guests"] = (*found, len(subjects))
            evidence["sha256"] = hashlib.sha256(json.dumps(evidence, sort_keys=True, default=str).encode()).hexdigest()
            self._put_on_list(subject, evidence)
        self.env.invalidate_all(flush=False)
        self.env.registry.clear_cache()
        return results

    @api.model
    def _lock(self, partners):
        """Hold guests: messages to them, then their profiles and contacts in the order of imports and merges."""
        targets = partners.browse(set(partners._get_merged_targets().values()))
        family = targets.with_context(active_test=False)._get_merged_family().ids
        lock_guests(self.env, family)
        self.env.execute_query(
            SQL("SELECT id FROM hospitality_profile WHERE partner_id = ANY(%s) ORDER BY id FOR UPDATE", family)
        )
        self.env.execute_query(SQL("SELECT id FROM res_partner WHERE id = ANY(%s) ORDER BY id FOR UPDATE", family))

    @api.model
    def _erase_subject(self, subject, request):
        """Erase one guest where references and addresses lead to him; return the evidence so far."""
        evidence = {
            "at": fields.Datetime.to_string(fields.Datetime.now()),
            "by": self.env.uid,
            "request": request.name if request else None,
            "contacts": len(subject.partner_ids),
            "profiles": len(subject.profile_ids),
            "counts": {},
            "kept": {},
            "unknown": {},
        }
        evidence["suppressed"] = self.env["hospitality.suppression"]._suppress(subject.addresses(), "erasure")
        evidence["recipients"] = self.env["hospitality.erasure.notice"]._notify(subject.profile_ids, request)
        self._before_erase(subject, evidence)
        evidence["digests"] = self._get_digests(subject)
        self._erase_rows(subject, evidence)
        evidence["tombstones"] = self.env["hospitality.tombstone"]._bury(subject.profile_ids)
        return evidence

    @api.model
    def _before_erase(self, subject, evidence):
        """Hook: what other addons keep about the guest, while profiles still have their keys and values."""

    @api.model
    def _count(self, evidence, table, what, rows):
        if rows:
            counts = evidence["counts"].setdefault(table, {})
            counts[what] = counts.get(what, 0) + rows

    @api.model
    def _explain(self, evidence):
        """Return evidence as a text for people."""
        lines = [
            self.env._("Erased on %(at)s (UTC) by user %(by)s.", at=evidence["at"], by=evidence["by"]),
            self.env._(
                "%(contacts)s contacts and %(profiles)s source records were made anonymous.",
                contacts=evidence["contacts"],
                profiles=evidence["profiles"],
            ),
            self.env._(
                "%(suppressed)s addresses are suppressed, %(tombstones)s keys will not be imported again,"
                " %(recipients)s recipients are to be told.",
                **{key: evidence[key] for key in ("suppressed", "tombstones", "recipients")},
            ),
        ]
        words = {
            "deleted": self.env._("deleted"),
            "blanked": self.env._("emptied"),
            "redacted": self.env._("struck out"),
            "files": self.env._("files deleted"),
        }
        for table, counts in sorted(evidence["counts"].items()):
            done = ", ".join(f"{number} {words.get(what, what)}" for what, number in sorted(counts.items()))
            lines.append(f"{table}: {done}")
        for table, reason in sorted(evidence["kept"].items()):
            lines.append(self.env._("%(table)s: kept. %(reason)s", table=table, reason=reason))
        for table, rows in sorted(evidence["unknown"].items()):
            lines.append(
                self.env._(
                    "%(table)s: %(rows)s rows of another app stay with the anonymous contact; names and addresses in"
                    " them were struck out. Look at them.",
                    table=table,
                    rows=rows,
                )
            )
        lines.append(
            self.env._(
                "%(searched)s further tables were searched for the addresses: %(found)s.",
                searched=evidence["searched"],
                found=", ".join(f"{table} {rows}" for table, rows in sorted(evidence["found"].items()))
                or self.env._("nothing found"),
            )
        )
        lines.append(f"SHA-256: {evidence['sha256']}")
        return "\n".join(lines)
