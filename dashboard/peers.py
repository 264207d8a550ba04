"""The session axis of the peers: how many sessions of a BGPPeer are up, as columns that lists filter and sort by."""

from __future__ import annotations

from django.utils import timezone

from clusters.models import Cluster
from peers.models import BGPPeer
from speakers.selectors import counts_by_peer, sessions

_COLUMNS = ("sessions_intended", "sessions_up", "sessions_degraded", "sessions_down")


def peer_sessions_write(cluster: Cluster) -> int:
    """Bring the counts of a cluster's peers up to date; two queries, and one more if something changed."""
    counts = counts_by_peer(sessions(cluster=cluster))
    changed = []
    for peer in BGPPeer.objects.filter(cluster=cluster).only("pk", "cluster_id", "namespace", "name", *_COLUMNS):
        found = counts.get((cluster.pk, peer.name), {}) if peer.namespace == cluster.namespace else {}
        values = (
            sum(found.values()),
            found.get("up", 0),
            found.get("degraded", 0),
            found.get("down", 0) + found.get("absent", 0),
        )
        if values != tuple(getattr(peer, column) for column in _COLUMNS):
            for column, value in zip(_COLUMNS, values, strict=True):
                setattr(peer, column, value)
            peer.sessions_at = timezone.now()
            changed.append(peer)
    return BGPPeer.objects.bulk_update(changed, (*_COLUMNS, "sessions_at"), batch_size=100) if changed else 0
