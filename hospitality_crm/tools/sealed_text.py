"""Text that can be read with a key outside the database alone (AES-256-GCM), and keyed hashes to find it by."""

import base64
import hashlib
import hmac
import os
import unicodedata

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from .keys import KeyringError

NONCE_BYTES = 12


def encrypt(ring, data, place):
    """Return encrypted bytes.

    :param Keyring ring: its first key is used
    :param bytes data: what to hide
    :param str place: where it belongs, such as table and id: elsewhere it can't be decrypted
    :return: ``(id of the key, text)``
    """
    nonce = os.urandom(NONCE_BYTES)
    sealed = AESGCM(ring.keys[ring.current]).encrypt(nonce, data, place.encode())
    return ring.current, base64.b64encode(nonce + sealed).decode()


def decrypt(ring, key_id, text, place):
    """Return what :func:`encrypt` was given.

    :raise KeyringError: ``missing`` the key is gone from the key file; ``invalid`` the text or its place was changed
    """
    if key_id not in ring.keys:
        raise KeyringError("missing", key_id)
    sealed = base64.b64decode(text)
    try:
        return AESGCM(ring.keys[key_id]).decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], place.encode())
    except InvalidTag as error:
        raise KeyringError("invalid", place) from error


def blind_index(ring, number):
    """Return a keyed hash by which a number is found again, however it is typed; None for an empty one.

    It uses the key that is kept for life, so that it never has to be computed anew.
    """
    plain = normalise(number)
    return hmac.new(ring.keys[ring.lasting], plain.encode(), hashlib.sha256).hexdigest() if plain else None


def normalise(number):
    """Return a number of a document in capital letters and digits alone.

    >>> normalise(" ab 12-34/5 ")
    'AB12345'
    """
    return "".join(char for char in unicodedata.normalize("NFKC", number or "").upper() if char.isalnum())
