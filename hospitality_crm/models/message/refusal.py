from typing import NamedTuple

from odoo.tools import SQL


class Refusal(NamedTuple):
    """Something that a message must pass.

    :ivar code: of the reason when it doesn't, a text or an ``SQL`` expression
    :ivar passes: condition; false or null refuses
    """

    code: str | SQL
    passes: SQL


class Wait(NamedTuple):
    """Something that may postpone a message.

    :ivar code: of the reason
    :ivar until: expression of the instant at which it ends, null where nothing is waited for
    :ivar details: expression (``jsonb``) of what the sentence about it needs
    """

    code: str
    until: SQL
    details: SQL
