import datetime
import itertools
import logging

from odoo import fields
from odoo.tools import SQL

from ...engine import gate as engine
from ...tools.arrays import pg_int_array
from ...tools.claim import MAX_TRIES, RETRY_ON, lane_env
from . import guest_lock
from .quiet_ends import get_quiet_ends

_logger = logging.getLogger(__name__)

#: Messages that a worker has claimed and not sent after this time are free for others.
LEASE = datetime.timedelta(minutes=10)
#: How long a sender waits for somebody who is changing the guest's consents.
LOCK_SECONDS = 10

#: What messages have in common that are decided by one prepared statement.
SENDER = ("company_id", "brand_id", "purpose_id", "channel", "provider")
#: What is a parameter of that statement: its place and its type there.
PARAMETERS = {
    "id": (SQL("$1"), SQL("int")),
    "now": (SQL("$2"), SQL("timestamp")),
    "expires_at": (SQL("$3"), SQL("timestamp")),
    "origin_model": (SQL("$4"), SQL("varchar")),
    "origin_id": (SQL("$5"), SQL("int")),
    "origin_ref": (SQL("$6"), SQL("varchar")),
    "priority": (SQL("$7"), SQL("int")),
    "partner_id": (SQL("$8"), SQL("int")),
}
#: Places of parameters in statements that are prepared, and the statements that run those, by number of parameters.
PLACES = tuple(f"${number}" for number in range(1, 16))
EXECUTE = tuple(f"EXECUTE %s ({', '.join(['%s'] * number)})" for number in range(16))
_names = itertools.count()


class Passage:
    """What a worker does with messages that the gate has planned: claim, enter, hand over, leave.

    ::

        with gate._passage() as passage:
            for message_id in passage.claim(where, 200):
                if passage.enter(message_id):
                    try:
                        provider.send(...)
                    except Refused as error:
                        passage.leave("failed", error=str(error))
                    else:
                        passage.leave("sent")

    ``enter`` locks the guest, decides with what is true at that moment and commits the state *sending* before it
    returns; until ``leave`` is committed, no withdrawal of the guest can be. What ``leave`` says is committed together
    with the next ``enter``, or at the end of the block, and the guest is free soon after that. A block that ends in an
    exception between the two leaves the message *uncertain*. A worker that is killed leaves one message in *sending*
    at most.

    ``env`` is an environment on the connection of the passage (READ COMMITTED), for rows that are to be written
    together with the message.
    """

    def __init__(self, env):
        self._outer = env
        self._context = None
        self.env = None
        self._decisions = {}  # sender -> (name of its prepared decision, ends of quiet hours)
        self._statements = {}  # (kind, columns) of the others -> name
        self._current = None  # (message id, guest id) that is being handed over
        self._left = None  # guest id of the message that was left and not committed yet
        self._pending = None  # the statement that says what became of it, sent with the next one
        self._is_noted = False  # whether it was executed in the transaction that is open
        self._done = None  # guest id of the message that is committed, to be given free with the next statement

    def __enter__(self):
        self._context = lane_env(self._outer)
        self.env = self._context.__enter__()
        return self

    def __exit__(self, kind, error, trace):
        try:
            if not self.env.cr.closed:
                if error or self._current:
                    # What was broken must not take with it what became of the message before.
                    self.env.cr.rollback()
                    self._is_noted = False
                if self._current:
                    _logger.warning("Message %s was interrupted while it was handed over", self._current[0])
                    self.leave("uncertain", error=str(error or "")[:500] or None)
                self.settle()
        finally:
            try:
                self._clean_up()
            finally:
                self._context.__exit__(kind, error, trace)
        return False

    def _clean_up(self):
        cr = self.env.cr
        if cr.closed:
            return
        cr.rollback()
        cr.execute(SQL("SELECT pg_advisory_unlock_all()"))
        for name in [*self._statements.values(), *(name for name, _ends in self._decisions.values())]:
            cr.execute(SQL("DEALLOCATE %s", name))
        self._statements, self._decisions = {}, {}
        cr.commit()  # pylint: disable=invalid-commit

    # -- claiming ------------------------------------------------------------------------------

    def claim(self, where, limit):
        """Take messages that wait and are due, for this worker alone.

        :param SQL where: which ones, a condition on ``hospitality_message``
        :param int limit: at most so many
        :return: their ids, the most important first
        """
        self.settle()
        now = fields.Datetime.now()
        rows = self.env.execute_query(
            SQL(
                "WITH mine AS MATERIALIZED (%s)"
                " UPDATE hospitality_message m SET leased_until = %s FROM mine WHERE m.id = mine.id"
                " RETURNING m.id, m.priority",
                self._get_claim_query(where, limit, now),
                now + LEASE,
            )
        )
        self.env.cr.commit()  # pylint: disable=invalid-commit
        return [message_id for message_id, _priority in sorted(rows, key=lambda row: (-row[1], row[0]))]

    def give_back(self, message_ids):
        """Let others take messages that were claimed and not looked at.

        What was left is committed before: who holds many messages and waits for one may be waited for. Those that
        somebody else holds are his by now.
        """
        self.settle()
        if not message_ids:
            return
        self.env.cr.execute(
            SQL(
                """WITH mine AS MATERIALIZED (
                       SELECT id FROM hospitality_message WHERE id = ANY(%s) ORDER BY id
                          FOR NO KEY UPDATE SKIP LOCKED)
                   UPDATE hospitality_message m SET leased_until = NULL FROM mine WHERE m.id = mine.id""",
                pg_int_array(message_ids),
            )
        )
        self.env.cr.commit()  # pylint: disable=invalid-commit

    @staticmethod
    def _get_claim_query(where, limit, now):
        return SQL(
            "SELECT id FROM hospitality_message WHERE state IN ('planned', 'postponed')"
            " AND (due_at IS NULL OR due_at <= %s) AND (leased_until IS NULL OR leased_until <= %s) AND (%s)"
            " ORDER BY priority DESC, id LIMIT %s FOR NO KEY UPDATE SKIP LOCKED",
            now,
            now,
            where,
            limit,
        )

    # -- one message ---------------------------------------------------------------------------

    def enter(self, message_id):
        """Decide about a message now; True: it is marked as being sent, hand it over and :meth:`leave`.

        False: it was postponed, refused, or taken by somebody else, and there is nothing to do.
        """
        for _attempt in range(3):
            row = self._lock(message_id)
            if row is None:
                return False
            partner_id = row["partner_id"]
            state = self._decide(row)
            if state:
                break
            # The guest was merged meanwhile, or the message is gone.
            guest_lock.unlock(self.env.cr, partner_id)
        else:
            return False
        if state != "sending":
            guest_lock.unlock(self.env.cr, partner_id)
            return False
        self.env.cr.commit()  # pylint: disable=invalid-commit
        self._current = (message_id, partner_id)
        self._done, self._left = self._left, None
        self._pending = None
        return True

    def leave(self, state, **values):
        """Say what became of the message that was entered.

        :param str state: *sent*, *failed* (for certain), *uncertain*, or *planned* to try it again later
        :param values: ``external_ref error mail_id sms_id trace_id due_at``
        """
        message_id, partner_id = self._current
        self._current = None
        now = fields.Datetime.now()
        values = {"state": state, "decided_at": now, **values}
        if state == "sent":
            values["sent_at"] = now
        elif state in ("planned", "postponed", "failed"):
            values |= {"handed_at": None, "leased_until": None}
        self._pending = self._execute("leave", message_id, *values.values(), columns=tuple(values))
        self._left = partner_id
        self._is_noted = False

    def settle(self):
        """Commit what was left and give guests free."""
        for attempt in range(1, MAX_TRIES + 1):
            try:
                if self._pending and not self._is_noted:
                    self.env.cr.execute(self._pending)
                break
            except RETRY_ON:
                # What became of a message must not be lost because somebody else changes messages.
                if attempt == MAX_TRIES:
                    raise
                self.env.cr.rollback()
        guests = (self._left, self._done)
        self._pending = self._left = self._done = None
        self.env.cr.commit()  # pylint: disable=invalid-commit
        for partner_id in guests:
            if partner_id:
                guest_lock.unlock(self.env.cr, partner_id)

    def _lock(self, message_id):
        """Lock the guest of a message and return its row, None when it doesn't wait any more or nobody lets us.

        Whoever waits for a guest holds no other, so that two senders never wait for each other.
        """
        cr = self.env.cr
        for _attempt in range(2):
            steps = [self._pending] if self._pending and not self._is_noted else []
            if self._done:
                steps.append(self._execute("unlock", self._done))
            self._done = None
            steps.append(self._execute("lock", message_id))
            cr.execute(SQL("; ").join(steps))
            self._is_noted = True
            row = (cr.dictfetchall() or [None])[0]
            if row is None or guest_lock.keep_or_release(cr, row):
                return row
            self.settle()
            if not guest_lock.wait(cr, row["partner_id"], LOCK_SECONDS):
                return None
        return None

    # -- statements that are the same for every message ----------------------------------------

    def _execute(self, kind, *values, columns=()):
        """Return a statement that was prepared on this connection: planning it takes as long as running it."""
        key = (kind, columns)
        if key not in self._statements:
            name = SQL.identifier(f"hospitality_{kind}_{next(_names)}")
            self.env.cr.execute(SQL("PREPARE %s AS %s", name, getattr(self, f"_get_{kind}_statement")(columns)))
            self._statements[key] = name
        return SQL(EXECUTE[len(values)], self._statements[key], *values)

    @staticmethod
    def _get_leave_statement(columns):
        """Return the statement that writes columns of a message."""
        pairs = [SQL("%s = %s", SQL.identifier(name), SQL(PLACES[at])) for at, name in enumerate(columns, start=1)]
        return SQL("UPDATE hospitality_message SET %s WHERE id = $1", SQL(", ").join(pairs))

    @staticmethod
    def _get_unlock_statement(_columns):
        return guest_lock.unlock_sql(SQL("$1::int"))

    @staticmethod
    def _get_lock_statement(_columns):
        """Return the statement that reads a message that waits, and tries to lock its guest."""
        return SQL(
            "WITH mine AS MATERIALIZED (SELECT * FROM hospitality_message"
            " WHERE id = $1 AND state IN ('planned', 'postponed') FOR NO KEY UPDATE SKIP LOCKED)"
            " SELECT id, partner_id, expires_at, origin_model, origin_id, origin_ref, priority, %s, %s FROM mine",
            SQL(", ").join(map(SQL.identifier, SENDER)),
            guest_lock.try_session_lock_sql(SQL("partner_id")),
        )

    # -- the decision --------------------------------------------------------------------------

    def _decide(self, row):
        """Decide about a locked message and write it down.

        :return: its new state, None when it is another guest's now
        """
        now = fields.Datetime.now()
        name = self._prepare(row, now)
        values = {**row, "now": now}
        self.env.cr.execute(SQL(EXECUTE[len(PARAMETERS)], name, *(values[key] for key in PARAMETERS)))
        return (self.env.cr.fetchone() or [None])[0]

    def _prepare(self, row, now):
        """Return the name of the prepared decision about messages of one sender: planning it takes longer than it."""
        sender = tuple(row[name] for name in SENDER)
        policy = self.env["hospitality.message.policy"]._get(row["company_id"], row["brand_id"] or 0)
        ends = get_quiet_ends(policy.quiets, row["channel"], now)
        if sender in self._decisions:
            name, known = self._decisions[sender]
            if known is ends or known == ends:
                return name
            self.env.cr.execute(SQL("DEALLOCATE %s", name))
        place = {key: parameter for key, (parameter, _type) in PARAMETERS.items()}
        spec = engine.Spec(
            company_id=row["company_id"],
            brand_id=row["brand_id"],
            purpose=self.env["hospitality.purpose"].browse(row["purpose_id"]),
            channel=row["channel"],
            provider=row["provider"] or "",
            **{key: place[key] for key in ("origin_model", "origin_id", "origin_ref", "priority", "expires_at")},
        )
        query = self.env["hospitality.gate"]._decide(
            SQL("SELECT partner_id AS id FROM hospitality_message WHERE id = %s", place["id"]),
            spec,
            now,
            message=place["id"],
            now_sql=place["now"],
        )
        name = SQL.identifier(f"hospitality_gate_{next(_names)}")
        types = SQL(", ").join(kind for _place, kind in PARAMETERS.values())
        statement = self._get_statement(query, place)
        self.env.cr.execute(SQL("PREPARE %s (%s) AS %s", name, types, statement))
        self._decisions[sender] = (name, ends)
        return name

    def _get_statement(self, decision, place):
        """Return the statement that writes a decision into its message."""
        return SQL(
            """UPDATE hospitality_message AS m
                  SET state = CASE d.verdict WHEN 'allowed' THEN 'sending' ELSE d.verdict END,
                      reason = d.reason, details = d.details, decided_at = %(now)s, due_at = d.due_at,
                      point_id = d.point_id, consent_event_id = d.consent_event_id,
                      handed_at = CASE d.verdict WHEN 'allowed' THEN %(now)s END, leased_until = NULL,
                      history = CASE WHEN m.state = 'postponed' THEN %(history)s ELSE m.history END
                 FROM (%(decision)s) AS d
                WHERE m.id = %(id)s AND m.state IN ('planned', 'postponed') AND m.partner_id = %(partner)s
            RETURNING m.state""",
            decision=decision,
            history=self.env["hospitality.message"]._add_to_history(SQL("m.reason"), SQL("m.")),
            id=place["id"],
            now=place["now"],
            partner=place["partner_id"],
        )
