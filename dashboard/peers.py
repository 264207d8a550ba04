"""The session axis of the peers: how many sessions of a BGPPeer are up, as columns that lists filter and sort by."""

from __future__ import annotations

from collections.abc import Mapping

from clusters import clock
from clusters.models import Cluster
from peers.models import BGPPeer
from peers.models.bgppeer import sessions_intended
from speakers.selectors import counts_by_peer, sessions

_COLUMNS = ("sessions_intended", "sessions_up", "sessions_degraded", "sessions_down")


def peer_sessions_write(cluster: Cluster) -> int:
    """Bring the counts of a cluster's peers up to date; three queries, and one more if something changed.

    What is intended is taken from the objects, the rest from what was observed: a sweep that began before an edit was
    through must not write over what follows from it.
    """
    counts = counts_by_peer(sessions(cluster=cluster))
    fields = ("pk", "cluster_id", "namespace", "name", "live", *_COLUMNS)
    peers = list(BGPPeer.objects.filter(cluster=cluster).only(*fields))
    intended = sessions_intended(cluster, ((peer, peer.live) for peer in peers))
    changed = []
    for peer in peers:
        own = peer.namespace == cluster.namespace
        values = _values(intended.get(peer.name, 0), counts.get((cluster.pk, peer.name), {})) if own else (0, 0, 0, 0)
        if values != tuple(getattr(peer, column) for column in _COLUMNS):
            for column, value in zip(_COLUMNS, values, strict=True):
                setattr(peer, column, value)
            peer.sessions_at = clock.now()
            changed.append(peer)
    return BGPPeer.objects.bulk_update(changed, (*_COLUMNS, "sessions_at"), batch_size=100) if changed else 0


def _values(intended: int, found: Mapping[str, int]) -> tuple[int, int, int, int]:
    return intended, found.get("up", 0), found.get("degraded", 0), found.get("down", 0) + found.get("absent", 0)
