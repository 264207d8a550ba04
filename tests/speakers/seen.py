"""Observations as FRR would make them, for tests that need no cluster."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from clusters.models import Cluster
from intent.sessions import IntendedSession
from speakers.frr import parse
from speakers.models import Session, Speaker
from speakers.services import Written, observations_write
from speakers.sweep import Observation

T0 = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
UP: dict[str, Any] = {
    "remoteAs": 64513,
    "localAs": 64512,
    "nbrExternalLink": True,
    "bgpVersion": 4,
    "remoteRouterId": "10.0.0.1",
    "localRouterId": "10.0.0.2",
    "bgpState": "Established",
    "bgpTimerUpEstablishedEpoch": int(T0.timestamp()) - 600,
    "bgpTimerLastRead": 1000,
    "bgpTimerHoldTimeMsecs": 90000,
    "bgpTimerKeepAliveIntervalMsecs": 30000,
    "connectionsEstablished": 1,
    "connectionsDropped": 0,
    "addressFamilyInfo": {"ipv4Unicast": {"acceptedPrefixCounter": 2, "sentPrefixCounter": 3}},
    "neighborCapabilities": {"multiprotocolExtensions": {"ipv4Unicast": {"advertisedAndReceived": True}}},
}
DOWN: dict[str, Any] = {
    **{key: UP[key] for key in ("remoteAs", "localAs", "nbrExternalLink", "bgpVersion", "localRouterId")},
    "bgpState": "Active",
    "connectionsEstablished": 1,
    "connectionsDropped": 1,
    "lastResetDueTo": "BGP Notification received",
    "lastResetCode": 13,
    "lastErrorCodeSubcode": "0602",
    "lastNotificationReason": "Cease/Administrative Shutdown",
    "addressFamilyInfo": {"ipv4Unicast": {"acceptedPrefixCounter": 0}},
}


def answer(neighbors: Mapping[tuple[str, str], Mapping[str, Any]]) -> parse.Answer:
    """What a node with these neighbors, keyed by VRF and address, answers."""
    vrfs: dict[str, dict[str, Any]] = {}
    for (vrf, key), fields in neighbors.items():
        vrfs.setdefault(vrf, {"vrfId": 0, "vrfName": vrf})[key] = dict(fields)
    found = parse.answer(f"FRRouting 10.4.1 (node) on Linux(6).\n{json.dumps(vrfs)}\n[]\n".encode())
    assert isinstance(found, parse.Answer)
    return found


def seen(node: str, at: datetime, neighbors: Mapping[tuple[str, str], Mapping[str, Any]]) -> Observation:
    """A node that answered."""
    return Observation(node=node, at=at, answer=answer(neighbors), duration_ms=20)


def missed(node: str, at: datetime, error: str = "no answer within 5 s") -> Observation:
    """A node that did not."""
    return Observation(node=node, at=at, error=error, duration_ms=5000)


def intended(node: str, neighbor: str = "10.0.0.1", vrf: str = "default", **values: Any) -> IntendedSession:
    """A session that a BGPPeer "tor" wants."""
    return IntendedSession(
        **{
            "node": node, "vrf": vrf, "neighbor": neighbor, "peer": "tor", "my_asn": 64512, "peer_asn": 64513,
            "dynamic_asn": "", "local_asn": None, "families": ("ipv4",), "port": 179, "hold": None, "keepalive": None,
            "connect": None, "multihop": False, "bfd_profile": "", "password": False, "graceful_restart": False,
            "source_address": "", "router_id": "", **values,
        }
    )  # fmt: skip


def cluster() -> Cluster:
    """A cluster's row."""
    return Cluster.objects.create(name="lab", mode="frr")


def speaker(owner: Cluster, node: str, **values: Any) -> Speaker:
    """A node's row."""
    return Speaker.objects.create(cluster=owner, node=node, namespace="metallb-system", pod=f"pod-{node}", **values)


def swept(
    *, cluster: Cluster, observations: Sequence[Observation], expected: Mapping[str, Sequence[IntendedSession]]
) -> Written:
    """Write what was observed of nodes that have rows, which a sweep makes before it asks (speakers.pods)."""
    rows = [Speaker(cluster=cluster, node=node) for node in {one.node for one in observations}]
    Speaker.objects.bulk_create(rows, ignore_conflicts=True)
    return observations_write(cluster=cluster, observations=observations, expected=expected)


def session(node: str = "node-1", neighbor: str = "10.0.0.1", vrf: str = "default") -> Session:
    """The row of a session."""
    return Session.objects.get(node=node, vrf=vrf, neighbor=neighbor)


def after(seconds: float) -> datetime:
    """T0 plus some seconds."""
    return T0 + timedelta(seconds=seconds)
