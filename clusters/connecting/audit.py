"""Entries in the history about a cluster itself: how it is connected, and what is pinned for it."""

from __future__ import annotations

from clusters.edits.saving import Actor, key_of
from clusters.models import Change, Cluster
from clusters.origin import client_address, token_name

AUDITED = "Cluster"  # the kind of these entries


def cluster_audit(cluster: Cluster, action: str, what: str, actor: Actor, source: str, message: str = "") -> None:
    """Write it. what: what was done, as a sentence; message: why."""
    Change.objects.create(
        cluster=cluster,
        kind=AUDITED,
        namespace="",
        name=cluster.name,
        action=action,
        source=source,
        actor_id=key_of(actor),
        token=token_name(),
        address=client_address(),
        message=" ".join(filter(None, (what, message)))[:500],
    )
