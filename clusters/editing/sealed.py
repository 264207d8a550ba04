"""A password on its way from the form to Apply, over the Review page, without being readable anywhere in between.

It is split in two halves, each of them random by itself: one travels in the page, the other stays in the user's session
on the server. Only both together give it back, once.
"""

from __future__ import annotations

import base64
import binascii
import secrets

from django.contrib.sessions.backends.base import SessionBase

_KEY = "sealed-passwords"
_KEPT = 5  # reviews that a user may have open at a time
_LENGTH = 512  # bytes; every half is as long, whatever the password


def seal(session: SessionBase, password: str) -> str:
    """Split the password; the half for the page. Raises ValueError for one that is longer than any router takes."""
    plain = password.encode("utf-8", "surrogatepass")
    if len(plain) > _LENGTH - 2:
        raise ValueError("the password is too long")
    block = len(plain).to_bytes(2, "big") + plain.ljust(_LENGTH - 2, b"\0")
    half = secrets.token_bytes(_LENGTH)
    name = secrets.token_urlsafe(9)
    kept = dict(list(session.get(_KEY, {}).items())[1 - _KEPT :])
    session[_KEY] = {**kept, name: base64.b64encode(_xor(block, half)).decode()}
    return f"{name}.{base64.urlsafe_b64encode(half).decode()}"


def unseal(session: SessionBase, sealed: str, *, keep: bool = False) -> str | None:
    """The password, None if the halves do not belong together. Without `keep` the server's half is dropped."""
    name, _, half = sealed.partition(".")
    kept = dict(session.get(_KEY, {}))
    other = kept.pop(name, None)
    if other is None:
        return None
    if not keep:
        session[_KEY] = kept
    try:
        block = _xor(base64.b64decode(other), base64.urlsafe_b64decode(half))
        return block[2 : 2 + int.from_bytes(block[:2], "big")].decode("utf-8", "surrogatepass")
    except (binascii.Error, ValueError):
        return None


def _xor(one: bytes, other: bytes) -> bytes:
    return bytes(a ^ b for a, b in zip(one, other, strict=True))
