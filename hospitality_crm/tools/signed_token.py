"""Tokens of links that a person opens without an account.

A token names records, holds for the address that it was sent to and for some days, and is signed with the secret of the
database. Who gets a recycled address or finds an old message can't use it; the address can't be read in it.
"""

import binascii
import datetime

from odoo.tools import consteq, hmac
from odoo.tools.misc import hash_sign, verify_hash_signed


def sign(env, scope, ids, address, days):
    """Return the token of records for an address.

    :param str scope: what the token is for; no other use accepts it
    :param ids: list of record ids
    :param address: e-mail address that it is sent to, may be empty
    """
    env = env(su=True)  # the secret of the database
    ids = list(ids)
    return hash_sign(env, scope, [ids, _bind(env, scope, ids, address)], expiration=datetime.timedelta(days=days))


def read(env, scope, token, find_address):
    """Return the ids that a token names, an empty list when it isn't valid (any more).

    :param find_address: given the ids, returns the address of today; None when the records are gone
    """
    env = env(su=True)  # the secret of the database
    try:
        values = verify_hash_signed(env, scope, token)
    except (ValueError, binascii.Error, UnicodeDecodeError):
        values = None
    if not values:
        return []
    ids, bound = values
    address = find_address(ids)
    return ids if address is not None and consteq(bound, _bind(env, scope, ids, address)) else []


def _bind(env, scope, ids, address):
    return hmac(env, scope, (ids, address or ""))[:16]
