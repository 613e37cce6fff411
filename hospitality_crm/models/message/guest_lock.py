"""The lock of a guest: while somebody hands a message to his provider, no consent of the guest changes.

Whoever sends holds it from the decision to the end of the hand-over, over the commit between the two (a session
lock); whoever changes what a guest has agreed to takes it until his transaction ends. So nobody is written to after
his withdrawal was committed, and two workers never count one guest's messages at the same time.

Transactions that change thousands of guests would need as many locks: they take the lock of all guests instead, which
each sender shares.
"""

from odoo.tools import SQL

from ...tools.arrays import pg_int_array

#: First key of the advisory locks, the second one is the id of the guest.
GUEST = 1212369747
#: The lock of all guests.
ALL = 1212369748
#: More guests than this are locked as a whole.
MANY = 1000


def try_lock(cr, partner_id):
    """Try to lock a guest until :func:`unlock`.

    :return: whether he is locked now
    """
    cr.execute(SQL("SELECT pg_try_advisory_lock_shared(%s, 0), pg_try_advisory_lock(%s, %s)", ALL, GUEST, partner_id))
    shared, own = cr.fetchone()
    if shared and not own:
        cr.execute(SQL("SELECT pg_advisory_unlock_shared(%s, 0)", ALL))
    elif own and not shared:
        cr.execute(SQL("SELECT pg_advisory_unlock(%s, %s)", GUEST, partner_id))
    return shared and own


def try_lock_sql(partner):
    """Return the expression that tries to lock a guest until the transaction ends: true when he is.

    :param SQL partner: his id
    """
    return SQL("pg_try_advisory_xact_lock(%s, %s)", GUEST, partner)


def wait_lock(cr, partner_id):
    """Lock a guest until :func:`unlock`; wait for whoever holds it."""
    cr.execute(SQL("SELECT pg_advisory_lock_shared(%s, 0), pg_advisory_lock(%s, %s)", ALL, GUEST, partner_id))


def unlock(cr, partner_id):
    """Give the lock of a guest back."""
    cr.execute(SQL("SELECT pg_advisory_unlock_shared(%s, 0), pg_advisory_unlock(%s, %s)", ALL, GUEST, partner_id))


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
