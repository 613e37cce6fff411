"""What a visit counts for in the metrics of its guests, derived by PostgreSQL when the visit is written.

Columns that PostgreSQL generates from a row are right whoever writes it, and no field has to be kept up to date for
them; the ORM doesn't know them. The metrics then add integers up instead of asking for status, currency and basis of
every visit again. Money is kept in millionths of the company's currency: sums of integers are exact and several times
cheaper than those of numerics. An amount above nine trillion counts as nine trillion.
"""

from odoo.tools import SQL

# Bits of ``metric_tally`` of a stay, and of the share that a person has in it.
STAYED = 1
CANCELLED = 2
NO_SHOW = 4
EXPECTED = 8
EARNS = 16
PAID_NIGHTS = 32
SLEEPER = STAYED | CANCELLED | NO_SHOW | EXPECTED
PAYER = EARNS | PAID_NIGHTS
# Its revenue contains checks that were charged to the room. No share in a stay has this bit.
FOLIO_HAS_FB = 64

# Bits of ``metric_tally`` of a check.
CHECK_MONEY = 1
CHECK_VISIT = 2
# Its money counts only when a check refers to it as its refund.
CHECK_REFUNDED = 4

MILLION = 1_000_000
_LIMIT = 9 * 10**18


def dish_key(name):
    """Number that stands for the name of a dish: equal names have equal ones, and in practice only they."""
    return SQL("('x' || substr(md5(%s), 1, 16))::bit(64)::bigint", name)


def _millionths(amount):
    """An amount in millionths of the company's currency."""
    return SQL(
        "LEAST(GREATEST(round(COALESCE(%(amount)s, 0) * currency_rate::numeric * %(million)s), -%(limit)s),"
        " %(limit)s)::bigint",
        amount=amount,
        million=MILLION,
        limit=_LIMIT,
    )


def stay_columns():
    """Definitions of what PostgreSQL derives of a stay, and of the share that its own guest has in it."""
    tally = SQL(
        """
        (CASE WHEN company_id IS NULL THEN 0 ELSE
            CASE WHEN is_pseudo IS TRUE THEN 0
                 WHEN status IN ('in_house', 'checked_out') THEN %(here)s
                 WHEN status = 'cancelled' THEN %(cancelled)s
                 WHEN status = 'no_show' THEN %(no_show)s
                 WHEN status IN ('reserved', 'optional') THEN %(expected)s
                 ELSE 0 END
            | CASE WHEN status IN ('in_house', 'checked_out')
                     OR revenue_basis = 'lines' AND status IN ('cancelled', 'no_show') THEN %(earns)s ELSE 0 END
         END
         | CASE WHEN revenue_basis = 'lines' OR revenue_basis = 'source' AND amount_fb <> 0
                THEN %(folio)s ELSE 0 END)
        """,
        here=STAYED | PAID_NIGHTS,
        cancelled=CANCELLED,
        no_show=NO_SHOW,
        expected=EXPECTED,
        earns=EARNS,
        folio=FOLIO_HAS_FB,
    )
    return [
        ("metric_share", SQL("int NOT NULL DEFAULT %s", SLEEPER | PAYER)),
        ("metric_tally", _generated("int4", tally)),
        ("metric_nights", _generated("int4", SQL("departure - arrival"))),
        (
            "metric_seen",
            _generated("date", SQL("CASE WHEN status = 'checked_out' THEN departure ELSE arrival END")),
        ),
        ("metric_lead", _generated("int4", SQL("COALESCE(arrival - booked_on, lead_time)"))),
        ("metric_room_type", _generated("int4", SQL("COALESCE(room_type_charged_id, room_type_id)"))),
        ("metric_room", _generated("int8", _millionths(SQL("amount_room")))),
        ("metric_fb", _generated("int8", _millionths(SQL("amount_fb")))),
        ("metric_other", _generated("int8", _millionths(SQL("amount_other")))),
    ]


def check_columns():
    """Definitions of what PostgreSQL derives of a check."""
    refund = SQL("(refund_of_id IS NOT NULL OR status = 'refunded' AND COALESCE(amount_total, 0) < 0)")
    tally = SQL(
        """
        (CASE WHEN company_id IS NULL OR status NOT IN ('open', 'paid', 'refunded') THEN 0
              WHEN %(refund)s THEN %(money)s
              WHEN status = 'refunded' THEN %(refunded)s
              ELSE %(visit)s END)
        """,
        refund=refund,
        money=CHECK_MONEY,
        visit=CHECK_MONEY | CHECK_VISIT,
        refunded=CHECK_MONEY | CHECK_VISIT | CHECK_REFUNDED,
    )
    amount = SQL("CASE WHEN %s THEN -abs(amount_total) ELSE amount_total END", refund)
    return [
        ("metric_tally", _generated("int4", tally)),
        ("metric_money", _generated("int8", _millionths(amount))),
    ]


def charge_columns():
    """Definition of the key of a dish; NULL for every line that is no dish or doesn't count."""
    key = SQL("CASE WHEN department = 'fb' AND state = 'live' THEN %s END", dish_key(SQL("name")))
    return [("dish_key", _generated("int8", key))]


def _generated(kind, expression):
    return SQL("%s GENERATED ALWAYS AS (%s) STORED", SQL.identifier(kind), expression)


def add_columns(cr, table, columns):
    """Add the missing ones of some columns; a filled table is rewritten once for all of them."""
    cr.execute(
        SQL(
            "ALTER TABLE %s %s",
            SQL.identifier(table),
            SQL(", ").join(
                SQL("ADD COLUMN IF NOT EXISTS %s %s", SQL.identifier(name), definition) for name, definition in columns
            ),
        )
    )


def add_index(cr, name, table, definition):
    """Create an index over columns that the ORM doesn't know, unless it exists."""
    cr.execute(SQL("CREATE INDEX IF NOT EXISTS %s ON %s %s", SQL.identifier(name), SQL.identifier(table), definition))
