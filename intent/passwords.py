"""Which Secrets BGPPeers take their passwords from, and what may be told of a password."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from intent.sessions import is_word
from intent.snapshot import Snapshot, mapping, text

PASSWORD_BYTES = 80  # FRR's limit for TCP MD5
LONG, LINE_END, NO_WORD = "long", "line-end", "no-word"


def password_faults(password: str) -> tuple[str, ...]:
    """What is wrong with a password, in words that do not tell it: LONG, LINE_END at its end, NO_WORD otherwise."""
    bare = password.rstrip("\r\n")
    found = {
        LONG: len(password.encode("utf-8", "replace")) > PASSWORD_BYTES,
        LINE_END: bare != password,
        NO_WORD: bool(bare) and not is_word(bare),
    }
    return tuple(name for name, wrong in found.items() if wrong)


def secret_named(spec: Mapping[str, Any]) -> str:
    """The Secret that a spec takes its password from, "" = none."""
    return text(mapping(spec.get("passwordSecret")).get("name"))


def secret_users(snapshot: Snapshot) -> dict[str, list[str]]:
    """The names of the peers that refer to a Secret, by its name."""
    found: dict[str, list[str]] = {}
    for peer in snapshot.in_force("BGPPeer"):
        if name := secret_named(peer.spec):
            found.setdefault(name, []).append(peer.name)
    return found
