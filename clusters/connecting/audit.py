"""Entries in the history about what is no object of a cluster: the cluster itself, and what bgpui is told to do."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from clusters.edits.saving import Actor, key_of
from clusters.models import Change, Cluster
from clusters.origin import client_address, token_name

AUDITED = "Cluster"  # the kind of entries about one
_KINDS = [AUDITED, "Node"]


def cluster_audit(cluster: Cluster, action: str, what: str, actor: Actor, source: str, message: str = "") -> None:
    """Write one about a cluster. what: what was done, as a sentence; message: why."""
    words = " ".join(filter(None, (what, message)))
    own_audit(AUDITED, cluster.name, action, actor=actor, source=source, message=words, cluster=cluster)


def own_kinds() -> tuple[str, ...]:
    """The kinds of entries about what is no object of a cluster."""
    return tuple(_KINDS)


def own_kinds_register(*kinds: str) -> None:
    """Make more of them known; each app does when it is ready."""
    _KINDS.extend(kinds)


def own_audit(
    kind: str,
    name: str,
    action: str,
    *,
    actor: Actor,
    source: str,
    message: str = "",
    cluster: Cluster | None = None,
    sides: tuple[Mapping[str, Any] | None, Mapping[str, Any] | None] = (None, None),
) -> Change:
    """Write one. sides: what may be shown before and after, without secrets; cluster: None = of none alone."""
    before, after = (None if side is None else {"spec": dict(side)} for side in sides)
    return Change.objects.create(
        cluster=cluster,
        kind=kind,
        namespace="",
        name=name[:253],
        action=action,
        source=source,
        actor_id=key_of(actor),
        token=token_name(),
        address=client_address(),
        message=message[:500],
        before=before,
        after=after,
    )
