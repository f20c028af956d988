"""The text of a personal API token: `mcpat_`, 32 random bytes in base 62, and a checksum.

The prefix lets secret scanners find a token that leaked, the checksum lets them (and us) tell one from a typing error
without asking the database. What is stored is the SHA-256 of the whole text: with 256 random bits behind it, no salt
and no slow hash would make it any harder to guess.
"""

from __future__ import annotations

import hashlib
import secrets
import string
import zlib

PREFIX = "mcpat_"
CHALLENGE = 'Bearer realm="api", error="invalid_token"'
HINT_LENGTH = len(PREFIX) + 6
_ALPHABET = string.digits + string.ascii_uppercase + string.ascii_lowercase
_BASE = len(_ALPHABET)
_SECRET_BYTES, _SECRET_LENGTH = 32, 43
_CHECK_LENGTH = 6
_LENGTH = len(PREFIX) + _SECRET_LENGTH + _CHECK_LENGTH


def new_secret() -> str:
    """A fresh token, to be shown once."""
    body = PREFIX + _base62(int.from_bytes(secrets.token_bytes(_SECRET_BYTES)), _SECRET_LENGTH)
    return body + _checksum(body)


def bearer_secret(header: str) -> str:
    """The token in an `Authorization` header; "" where it is none of ours."""
    scheme, _space, secret = header.strip().partition(" ")
    return secret.strip() if scheme.lower() == "bearer" else ""


def is_well_formed(text: str) -> bool:
    """Whether the text can be a token at all: prefix, length and checksum."""
    if len(text) != _LENGTH or not text.startswith(PREFIX) or not text.isascii():
        return False
    return secrets.compare_digest(_checksum(text[:-_CHECK_LENGTH]), text[-_CHECK_LENGTH:])


def digest_of(secret: str) -> str:
    """The SHA-256 (hex) under which a token is stored and found."""
    return hashlib.sha256(secret.encode()).hexdigest()


def hint_of(secret: str) -> str:
    """The beginning of a token, by which its holder recognises it in a list."""
    return secret[:HINT_LENGTH]


def _checksum(body: str) -> str:
    return _base62(zlib.crc32(body.encode()), _CHECK_LENGTH)


def _base62(number: int, length: int) -> str:
    digits = []
    for _position in range(length):
        number, digit = divmod(number, _BASE)
        digits.append(_ALPHABET[digit])
    return "".join(reversed(digits))
