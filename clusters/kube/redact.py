"""Everything that comes in through the door leaves its secrets there."""

from __future__ import annotations

import hashlib
import hmac
import json
import re
from collections.abc import Collection
from typing import Any

from clusters.kube.frr_text import mask_inside
from intent.passwords import password_faults

LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"
INLINE_PASSWORD = "inline_password"  # noqa: S105  # the name of a mark, beside `spec`
MASK = "(not shown: it may repeat the password)"
# Annotations in which tools keep a copy of the whole object, some of them packed.
_COPIES = frozenset(
    {LAST_APPLIED, "kapp.k14s.io/original", "objectset.rio.cattle.io/applied", "banzaicloud.com/last-applied"}
)
_PASSWORD_KEY = re.compile(r'password\\*"')  # JSON, in a text of JSON again and again, too
_KEY = re.compile(r"password[\"']?\s*:", re.IGNORECASE)
_KINDS_WITH_PASSWORD = frozenset({"BGPPeer", "FRRConfiguration"})
# Those that hold lines of FRR's configuration: written by hand, running, or in an error.
_KINDS_WITH_LINES = frozenset({"FRRConfiguration", "FRRNodeState", "ConfigurationState"})


def strip(obj: dict[str, Any], key: bytes) -> dict[str, Any]:
    """Take passwords out of an object, in place; returns the object.

    `spec.password` of a BGPPeer becomes the mark `inline_password` at the top, those of an FRRConfiguration's neighbors
    one at each neighbor; the mark is a digest under `key`, so that a change of the password is seen, with what is wrong
    with it for FRR (too long, more than one word), and nothing more.
    In lines of FRR's configuration a mask stands for what follows `password` and the like.
    The annotation in which kubectl repeats the whole object is dropped; others that repeat it, or a password, keep
    their name and have MASK for a value.
    """
    if obj.get("kind") in _KINDS_WITH_LINES:
        mask_inside([obj.get("spec"), obj.get("status")])
    metadata, spec = obj.get("metadata"), obj.get("spec")
    annotations = metadata.get("annotations") if isinstance(metadata, dict) else None
    found: set[str] = set()
    if obj.get("kind") in _KINDS_WITH_PASSWORD:
        for holder, fields in _holders(obj, spec):
            if password := _text(fields.pop("password", None)):
                holder[INLINE_PASSWORD] = _mark(password, key)
                found.add(password)
        if isinstance(annotations, dict):
            annotations |= {name: MASK for name, value in annotations.items() if repeats(name, value, found)}
    if isinstance(metadata, dict) and isinstance(annotations, dict):
        annotations.pop(LAST_APPLIED, None)
        if not annotations:
            del metadata["annotations"]
    return obj


def mask_as_before(obj: dict[str, Any], before: dict[str, Any] | None) -> None:
    """Mask the annotations that were masked when the object was last seen: they may repeat the password of then."""
    known = ((before or {}).get("metadata") or {}).get("annotations") or {}
    given = (obj.get("metadata") or {}).get("annotations") or {}
    given |= {name: MASK for name in given if known.get(name) == MASK}


def without_passwords(text: str) -> str:
    """A text of YAML or JSON, readable or not, without what stands behind a key `password`."""
    kept: list[str] = []
    deeper = -1
    for line in text.split("\n"):
        indent = len(line) - len(line.lstrip())
        if deeper >= 0 and (indent > deeper or not line.strip()):
            continue  # the password goes on
        found = _KEY.search(line)
        deeper = indent if found else -1
        kept.append(line[: found.end()] if found else line)
    return "\n".join(kept)


def repeats(name: object, value: object, passwords: Collection[str] = ()) -> bool:
    """Whether an annotation holds one of the passwords, or a copy of an object that may have had another one."""
    text = value if isinstance(value, str) else repr(value)
    spelled = {
        word for one in passwords for word in (one, json.dumps(one)[1:-1], json.dumps(one, ensure_ascii=False)[1:-1])
    }
    return name in _COPIES or _PASSWORD_KEY.search(text) is not None or any(word in text for word in spelled)


def same_password(one: str, other: str) -> bool:
    """Whether two marks stand for the same password; those under different keys cannot tell and are taken as equal."""
    if bool(one) != bool(other):
        return False
    here, there = one.split(":")[:2], other.split(":")[:2]
    return here == there or here[0] != there[0]


def _text(password: object) -> str:
    return password if isinstance(password, str) else repr(password) if password else ""


def _mark(password: str, key: bytes) -> str:
    digest = _digest(key, b"password", password.encode("utf-8", "surrogatepass"))
    return ":".join((_digest(key, b"key id")[:8], digest, *password_faults(password)))


def faults_of(mark: str) -> tuple[str, ...]:
    """What the door saw to be wrong with the password that a mark stands for."""
    return tuple(mark.split(":")[2:])


def _digest(key: bytes, *parts: bytes) -> str:
    return hmac.new(key, b"\0".join(parts), hashlib.sha256).hexdigest()[:32]


def _holders(obj: dict[str, Any], spec: object) -> list[tuple[dict[str, Any], dict[str, Any]]]:
    """Where marks go, and the fields with the passwords that they stand for."""
    if not isinstance(spec, dict):
        return []
    bgp = spec.get("bgp")
    routers = bgp.get("routers") if isinstance(bgp, dict) else None
    found = (router.get("neighbors") for router in routers or () if isinstance(router, dict)) if routers else ()
    neighbors = (neighbor for some in found for neighbor in some or () if isinstance(neighbor, dict))
    return [(obj, spec), *((neighbor, neighbor) for neighbor in neighbors)]
