"""The lock of a guest: while somebody hands a message to his provider, no consent of the guest changes.

Whoever sends holds it from the decision to the end of the hand-over, over the commit between the two (a session
lock); whoever changes what a guest has agreed to takes it until his transaction ends. So nobody is written to after
his withdrawal was committed, and two workers never count one guest's messages at the same time.

Transactions that change thousands of guests would need as many locks: they take the lock of all guests instead, which
each sender shares.
"""

import psycopg2.errors

from odoo.tools import SQL

from ...tools.arrays import pg_int_array

#: First key of the advisory locks, the second one is the id of the guest.
GUEST = 1212369747
#: The lock of all guests.
ALL = 1212369748
#: More guests than this are locked as a whole.
MANY = 1000


def try_lock_sql(partner):
    """Return the expression that tries to lock a guest until the transaction ends: true when he is.

    :param SQL partner: his id
    """
    return SQL("pg_try_advisory_xact_lock(%s, %s)", GUEST, partner)


def try_session_lock_sql(partner):
    """Return the columns that try to lock a guest until :func:`unlock`; :func:`keep_or_release` says whether he is.

    :param SQL partner: his id
    """
    return SQL(
        "pg_try_advisory_lock_shared(%s, 0) AS lock_all, pg_try_advisory_lock(%s, %s) AS lock_guest",
        ALL,
        GUEST,
        partner,
    )


def keep_or_release(cr, row):
    """Return whether both locks are held; give one of them alone back.

    :param dict row: with the columns of :func:`try_session_lock_sql` and ``partner_id``
    """
    if row["lock_all"] and not row["lock_guest"]:
        cr.execute(SQL("SELECT pg_advisory_unlock_shared(%s, 0)", ALL))
    elif row["lock_guest"] and not row["lock_all"]:
        cr.execute(SQL("SELECT pg_advisory_unlock(%s, %s)", GUEST, row["partner_id"]))
    return row["lock_all"] and row["lock_guest"]


def wait(cr, partner_id, seconds):
    """Wait until nobody holds a guest, without keeping him; return whether that came about in time."""
    cr.execute(SQL("SET LOCAL lock_timeout = %s", f"{seconds}s"))
    try:
        with cr.savepoint(flush=False):
            cr.execute(
                SQL("SELECT pg_advisory_xact_lock_shared(%s, 0), pg_advisory_xact_lock(%s, %s)", ALL, GUEST, partner_id)
            )
    except psycopg2.errors.LockNotAvailable:
        return False
    finally:
        cr.rollback()
    return True


def unlock_sql(partner_id):
    """Return the statement that gives the lock of a guest back."""
    return SQL("SELECT pg_advisory_unlock_shared(%s, 0), pg_advisory_unlock(%s, %s)", ALL, GUEST, partner_id)


def unlock(cr, partner_id):
    """Give the lock of a guest back."""
    cr.execute(unlock_sql(partner_id))


def lock_guests(env, partner_ids):
    """Lock guests until the transaction ends: what they have agreed to is about to change."""
    ids = sorted(partner_ids)
    if len(ids) > MANY:
        env.cr.execute(SQL("SELECT pg_advisory_xact_lock(%s, 0)", ALL))
    elif ids:
        env.cr.execute(
            SQL(
                "SELECT pg_advisory_xact_lock(%s, id) FROM unnest(%s::int[]) AS id ORDER BY id",
                GUEST,
                pg_int_array(ids),
            )
        )
