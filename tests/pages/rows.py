"""Rows that the pages are shown with."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.utils import timezone

from clusters import clock
from clusters.models import Cluster
from peers.models import BGPPeer
from speakers.models import Session, Speaker

EXAMPLE = {"peerAddress": "10.0.0.1", "peerASN": 64501, "myASN": 64500, "routerID": "10.10.10.10"}


def manifest(name: str, spec: dict[str, Any]) -> dict[str, Any]:
    """A BGPPeer in MetalLB's namespace."""
    metadata = {"name": name, "namespace": "metallb-system"}
    return {"apiVersion": "metallb.io/v1beta2", "kind": "BGPPeer", "metadata": metadata, "spec": spec}


def a_peer(cluster: Cluster, name: str = "tor-a", spec: dict[str, Any] | None = None, **columns: Any) -> BGPPeer:
    """A BGPPeer in sync with the cluster."""
    wanted = dict(EXAMPLE if spec is None else spec)
    peer = BGPPeer(cluster=cluster, namespace="metallb-system", name=name, live=manifest(name, wanted))
    peer.spec = wanted
    for column, value in columns.items():
        setattr(peer, column, value)
    peer.save()
    return peer


def a_speaker(cluster: Cluster, node: str = "node-0", *, seconds: float = 1, **columns: Any) -> Speaker:
    """A speaker that answered some seconds ago."""
    seen = clock.now() - timedelta(seconds=seconds)
    known = {"namespace": "metallb-system", "pod": f"speaker-{node}", "ready": "4/4", "observed_at": seen}
    return Speaker.objects.create(cluster=cluster, node=node, **{**known, **columns})


def a_session(speaker: Speaker, neighbor: str = "10.0.0.1", **columns: Any) -> Session:
    """A session that is up unless the columns say otherwise."""
    known: dict[str, Any] = {"peer": "tor-a", "intended": True, "state": "Established", "vrf": "default"}
    known |= {"since": clock.now() - timedelta(days=2), "remote_as": 64501, "local_as": 64500}
    place = {"speaker": speaker, "cluster": speaker.cluster, "node": speaker.node, "neighbor": neighbor}
    session = Session.objects.create(**{**place, **known, **columns})
    if session.intended:
        number = Session.objects.filter(cluster=speaker.cluster, peer=session.peer, intended=True).count()
        BGPPeer.objects.filter(cluster=speaker.cluster, name=session.peer).update(sessions_intended=number)
    return session


def down(**columns: Any) -> dict[str, Any]:
    """Columns of a session that is down; also where there is no database yet to ask for its time."""
    known = {"state": "Active", "reason": "hold-timer-expired", "cause": "The hold timer expired"}
    return {**known, "since": timezone.now() - timedelta(minutes=6, seconds=2), **columns}
