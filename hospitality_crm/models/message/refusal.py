from typing import NamedTuple

from odoo.tools import SQL


class Refusal(NamedTuple):
    """Something that a message must pass.

    :ivar code: of the reason when it doesn't, a text or an ``SQL`` expression
    :ivar passes: condition; false or null refuses
    :ivar chooses: the same condition for choosing among many guests, where another form is faster
    """

    code: str | SQL
    passes: SQL
    chooses: SQL | None = None


class Wait(NamedTuple):
    """Something that may postpone a message.

    :ivar code: of the reason
    :ivar until: expression of the instant at which it ends, null where nothing is waited for
    :ivar details: expression (``jsonb``) of what the sentence about it needs
    :ivar join: what ``until`` and ``details`` are read from
    :ivar chooses: condition for choosing among many guests: true for who need not wait. None: that another wait's
        condition says so too
    """

    code: str
    until: SQL
    details: SQL
    join: SQL
    chooses: SQL | None
