"""Which Secrets BGPPeers take their passwords from."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from intent.snapshot import Snapshot, mapping, text


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
