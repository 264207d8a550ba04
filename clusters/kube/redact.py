"""Everything that comes in through the door leaves its secrets there."""

from __future__ import annotations

import hashlib
import hmac
from typing import Any

LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"
INLINE_PASSWORD = "inline_password"  # noqa: S105  # the name of a mark, beside `spec`
_KINDS_WITH_PASSWORD = frozenset({"BGPPeer", "FRRConfiguration"})


def strip(obj: dict[str, Any], key: bytes) -> dict[str, Any]:
    """Take passwords out of an object, in place; returns the object.

    `spec.password` of a BGPPeer becomes the mark `inline_password` at the top, those of an FRRConfiguration's neighbors
    one at each neighbor; the mark is a digest under `key`, so that a change of the password is seen, and nothing more.
    The annotation in which kubectl repeats the whole object is dropped.
    """
    metadata = obj.get("metadata")
    if isinstance(metadata, dict) and isinstance(metadata.get("annotations"), dict):
        metadata["annotations"].pop(LAST_APPLIED, None)
        if not metadata["annotations"]:
            del metadata["annotations"]
    spec = obj.get("spec")
    if obj.get("kind") in _KINDS_WITH_PASSWORD and isinstance(spec, dict):
        if "password" in spec:
            mark = _mark(spec.pop("password"), key)
            obj |= {INLINE_PASSWORD: mark} if mark else {}
        for neighbor in _neighbors(spec):
            if "password" in neighbor:
                mark = _mark(neighbor.pop("password"), key)
                neighbor.update({INLINE_PASSWORD: mark} if mark else {})
    return obj


def same_password(one: str, other: str) -> bool:
    """Whether two marks stand for the same password; those under different keys cannot tell and are taken as equal."""
    if bool(one) != bool(other):
        return False
    return one == other or one.partition(":")[0] != other.partition(":")[0]


def _mark(password: object, key: bytes) -> str:
    if not password:
        return ""
    text = password if isinstance(password, str) else repr(password)
    return f"{_digest(key, b'key id')[:8]}:{_digest(key, b'password', text.encode('utf-8', 'surrogatepass'))}"


def _digest(key: bytes, *parts: bytes) -> str:
    return hmac.new(key, b"\0".join(parts), hashlib.sha256).hexdigest()[:32]


def _neighbors(spec: dict[str, Any]) -> list[dict[str, Any]]:
    bgp = spec.get("bgp")
    routers = bgp.get("routers") if isinstance(bgp, dict) else None
    found = (router.get("neighbors") for router in routers or () if isinstance(router, dict)) if routers else ()
    return [neighbor for neighbors in found for neighbor in neighbors or () if isinstance(neighbor, dict)]
