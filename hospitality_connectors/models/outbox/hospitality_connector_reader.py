import hashlib
import json
import logging
import time

from odoo import api, fields, models

from odoo.addons.hospitality_crm.tools import http
from odoo.addons.hospitality_crm.tools.claim import RETRY_ON, lane_env, with_retry

from ...engine.adapter import Command, Hint
from ...engine.network.errors import Declined, Denied, Failed, Later
from .hospitality_connector_outbox import MOST_CONFLICTS, MOST_TRIES

_logger = logging.getLogger(__name__)

#: Rows that are told between two looks at the clock.
TOLD_AT_ONCE = 20
#: How long a record that was changed meanwhile is left alone: it is fetched first.
CONFLICT_SECONDS = 120


class HospitalityConnectorReader(models.AbstractModel):
    """Tells sources what has changed here, in the same lanes that read from them."""

    _inherit = "hospitality.connector.reader"

    @api.model
    def _step_stream(self, deadline=None):
        told = self._step_outbox(deadline)
        told = self._step_erasures(deadline) or told
        return super()._step_stream(deadline) or told

    @api.model
    def _step_outbox(self, deadline=None):
        """Tell a source about some of its guests; say whether there was anything to tell."""
        claimed = with_retry(self._claim_outbox)
        if not claimed:
            return False
        connector_id, lease, commands = claimed
        session, outcomes, wait = None, [], 0.0
        for id_, revision, digest, command in commands:
            if deadline is not None and time.monotonic() >= deadline:
                break
            if command is None:
                outcomes.append((id_, revision, digest, None))
                continue
            try:
                session = session or self._open(connector_id, deadline)
                pushed = session.adapter.push(session, command)
            except (Later, Denied) as error:
                wait = self._describe(error)[2]
                break
            except Exception as error:
                outcomes.append((id_, revision, error, command))
                if isinstance(error, Failed):
                    break
                continue
            outcomes.append((id_, revision, self._after_push(pushed, digest), command))
        with_retry(lambda: self._store_outbox(connector_id, lease, outcomes, wait))
        return True

    @api.model
    def _claim_outbox(self):
        """Take rows and what they say.

        :return: ``(connector id, lease, [(id, revision, digest, Command)])``. Where there is nothing to say the
            command is None, and the digest what becomes of the row (dict).
        """
        with lane_env(self.env) as env:
            claimed = env["hospitality.connector.outbox"]._claim_due(TOLD_AT_ONCE)
            if not claimed:
                return None
            connector_id, lease, rows = claimed
            return connector_id, lease, [(row.id, row.revision, *self._get_command(row)) for row in rows]

    @api.model
    def _get_command(self, row):
        """Return the digest and the command of a row, or what becomes of it, and None."""
        try:
            with row.env.cr.savepoint():
                values = row._get_values()
                known = row._get_known()
        except Exception as error:
            if isinstance(error, RETRY_ON):
                raise
            # One guest about whom something can't be read keeps no other one from being told of.
            _logger.exception("Outbox row %s can't be read", row.id)
            message = row.env._("What is to be told can't be put together (%s).", type(error).__name__)
            return {"state": "refused", "error_message": message}, None
        digest = _digest(values)
        if values is None:
            return {"state": "dropped"}, None
        if row._says(digest):
            return {"state": "told"}, None
        key = f"{row.env.cr.dbname}-{row.id}-{row.revision}"
        return digest, Command(key, row.kind, row.profile_id.external_id, {**values, **known})

    @api.model
    def _after_push(self, pushed, digest):
        now = fields.Datetime.now()
        message = (pushed.message or "")[:500]
        if pushed.state in ("done", "same"):
            return {"state": "told", "digest": digest, "told_at": now, "error_message": False}
        if pushed.state == "conflict":
            return {"conflict": True, "error_message": message}
        return {"state": "gone" if pushed.state == "gone" else "refused", "error_message": message}

    @api.model
    def _store_outbox(self, connector_id, lease, outcomes, wait):
        with lane_env(self.env) as env:
            Outbox = env["hospitality.connector.outbox"]
            hints = []
            for id_, revision, outcome, command in outcomes:
                row = Outbox.browse(id_)
                if isinstance(outcome, Exception):
                    outcome = self._after_failure(row, outcome)
                elif outcome.pop("conflict", False):
                    hints.append(Hint("guest", command.external_id, "conflict"))
                    outcome |= self._after_conflict(row)
                elif outcome.get("state") == "gone":
                    hints.append(Hint("guest", command.external_id, "gone"))
                Outbox._settle(lease, id_, revision, outcome)
            Outbox._release(lease, wait)
            env["hospitality.connector.hint"]._note(env["hospitality.connector"].browse(connector_id), hints)

    @api.model
    def _after_conflict(self, row):
        conflicts = row.conflicts + 1
        later = fields.Datetime.add(fields.Datetime.now(), seconds=CONFLICT_SECONDS)
        return {
            "conflicts": conflicts,
            "next_at": later,
            **({"state": "conflict"} if conflicts > MOST_CONFLICTS else {}),
        }

    @api.model
    def _after_failure(self, row, error):
        """Return the values of a row that could not be told: later, with the same key, or for a person."""
        _code, message, seconds = self._describe(error)
        attempts = row.attempts + 1
        values = {"attempts": attempts, "error_message": message[:500]}
        if isinstance(error, Declined) or attempts >= MOST_TRIES:
            return {**values, "state": "refused"}
        seconds = http.backoff(attempts) if seconds is None else seconds
        return {**values, "next_at": fields.Datetime.add(fields.Datetime.now(), seconds=max(1, round(seconds)))}

    # Erasures

    @api.model
    def _step_erasures(self, deadline=None):
        """Tell a source that a guest was erased; say whether there was one to be told of."""
        claimed = with_retry(self._claim_erasure)
        if not claimed:
            return False
        notice_id, external_id, connector_id = claimed
        pushed, problem = None, ""
        try:
            session = self._open(connector_id, deadline)
            pushed = session.adapter.push(session, Command(f"erasure-{notice_id}", "erasure", external_id, {}))
        except Exception as error:
            problem = self._describe(error)[1]
        with_retry(lambda: self._store_erasure(notice_id, pushed, problem))
        return True

    @api.model
    def _claim_erasure(self):
        with lane_env(self.env) as env:
            connectors = (
                env["hospitality.connector"]
                ._get_tellers("erasure")
                .filtered(lambda connector: connector.state == "running")
            )
            notice = env["hospitality.erasure.notice"]._claim_due(connectors.source_id)
            if not notice:
                return None
            place = notice.property_id
            able = connectors.filtered(lambda connector: connector.source_id == notice.source_id)
            connector = (able.filtered(lambda connector: connector.property_id == place) or able)[:1]
            return notice.id, notice.external_id, connector.id

    @api.model
    def _store_erasure(self, notice_id, pushed, problem):
        with lane_env(self.env) as env:
            notice = env["hospitality.erasure.notice"].browse(notice_id)
            if pushed and pushed.state in ("done", "same", "gone"):
                notice._mark_told(confirmed=True)
            else:
                notice._mark_failed(problem or (pushed.message or pushed.state))


def _digest(values):
    """Return the hash of what a command says; None for nothing."""
    if values is None:
        return None
    # The time of a consent says when it was given, not whether it is another one.
    said = {key: value for key, value in values.items() if key != "at"}
    return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()
