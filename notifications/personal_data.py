"""Keeping what identifies a person: sealing, looking up without reading, masking.

Sealing is AES-256-GCM with a random nonce. The table, column and row are bound in as associated
data, so a sealed value copied to another row does not open. The id of the key stands in front, so
keys can be changed while old rows stay readable. Looking up is by HMAC-SHA-256 with a secret kept
apart from the data keys: a plain hash of all NIKs of Jember can be guessed in seconds
(docs/decisions.md).

Layout of a sealed value: 1 byte key id · 12 bytes nonce · ciphertext and tag.
"""

import base64
import hashlib
import hmac
import os
from functools import lru_cache
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.conf import settings

NONCE_BYTES = 12


class CannotOpen(Exception):
    """The value was sealed for another place, with a lost key, or has been altered."""


@lru_cache(maxsize=4)
def _ciphers(keys: tuple[str, ...]) -> dict[int, AESGCM]:
    """Key id → cipher, in the order given: `("2:<base64>", "1:<base64>")`; the first one seals."""
    ciphers = {}
    for entry in keys:
        key_id, _, secret = entry.partition(":")
        key = base64.b64decode(secret)
        if len(key) != 32 or not 0 < int(key_id) < 256:
            raise ValueError("PERSONAL_DATA_KEYS: each entry is id:base64 of 32 bytes, id 1 to 255")
        ciphers[int(key_id)] = AESGCM(key)
    return ciphers


def _place(table: str, column: str, row: UUID) -> bytes:
    return f"{table}.{column}.".encode() + row.bytes


def seal(value: str, *, table: str, column: str, row: UUID) -> bytes:
    """Encrypt a value for one place (table, column, row); only there can it be opened again."""
    ciphers = _ciphers(tuple(settings.PERSONAL_DATA_KEYS))
    key_id = next(iter(ciphers))
    nonce = os.urandom(NONCE_BYTES)
    sealed = ciphers[key_id].encrypt(nonce, value.encode(), _place(table, column, row))
    return bytes([key_id]) + nonce + sealed


def open_sealed(sealed: bytes, *, table: str, column: str, row: UUID) -> str:
    """Decrypt a sealed value; raises CannotOpen, which never carries the value."""
    sealed = bytes(sealed)
    cipher = _ciphers(tuple(settings.PERSONAL_DATA_KEYS)).get(sealed[0] if sealed else 0)
    if cipher is None:
        raise CannotOpen("no key with this id")
    nonce, rest = sealed[1 : 1 + NONCE_BYTES], sealed[1 + NONCE_BYTES :]
    try:
        return cipher.decrypt(nonce, rest, _place(table, column, row)).decode()
    except (InvalidTag, ValueError):
        raise CannotOpen("sealed for another place, or altered") from None


def sealed_with_first_key(sealed: bytes) -> bool:
    """Whether a value is already under the key that seals today (for `rotate_keys`)."""
    return bool(sealed) and bytes(sealed)[0] == next(
        iter(_ciphers(tuple(settings.PERSONAL_DATA_KEYS)))
    )


def lookup_hash(purpose: str, value: str) -> bytes:
    """32 bytes under which a value is found again; one purpose each ("nik", "phone", …)."""
    message = f"{purpose}\0{value}".encode()
    return hmac.new(settings.LOOKUP_PEPPER.encode(), message, hashlib.sha256).digest()


def mask(value: str, shown: int = 4) -> str:
    """All but the last characters hidden: `•••• 9001`."""
    return f"•••• {value[-shown:]}" if value else ""
