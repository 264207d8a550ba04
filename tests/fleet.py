"""A fleet of rows: nodes with four sessions each in three VRFs, as a sweep would have written them."""

from __future__ import annotations

from datetime import datetime, timedelta

from clusters import clock
from clusters.models import Cluster, Node
from clusters.sync.facts import zone_print
from peers.models import BGPPeer
from speakers.models import Comparison, Session, Speaker

PEERS = (  # name, VRF, address, AS of the router
    ("tor-a", "default", "172.30.0.1", 64601),
    ("tor-b", "default", "172.30.0.2", 64602),
    ("edge-red", "ens4vrf", "172.31.0.1", 64700),
    ("storage-a", "storage", "172.32.0.1", 64800),
)


def fleet(nodes: int, *, down_every: int = 100, zones: int = 0, cluster: Cluster | None = None) -> Cluster:
    """Write a fleet of `nodes` speakers, four sessions each; every `down_every`-th node has one session down.

    Nodes go round `zones`; 0 = they are in none.
    """
    now = clock.now()
    cluster = cluster or Cluster.objects.create(name="fleet", mode="frr", checked_at=now, connected_at=now)
    names = [f"worker-{number:05}" for number in range(nodes)]
    Node.objects.bulk_create(
        [_node(cluster, name, f"zone-{number % zones}" if zones else "") for number, name in enumerate(names)],
        batch_size=500,
    )
    for name, vrf, address, asn in PEERS:
        spec = {"myASN": 64500, "peerASN": asn, "peerAddress": address}
        peer = BGPPeer(cluster=cluster, namespace="metallb-system", name=name, sessions_intended=nodes, sessions_at=now)
        peer.spec = spec if vrf == "default" else {**spec, "vrf": vrf}
        peer.save()
    speakers = Speaker.objects.bulk_create(
        [
            Speaker(cluster=cluster, node=name, namespace="metallb-system", pod=f"speaker-{number}", ready="4/4")
            for number, name in enumerate(names)
        ],
        batch_size=500,
    )
    Speaker.objects.filter(cluster=cluster).update(observed_at=now, attempted_at=now, frr_version="10.4.1")
    sessions = [
        _session(speaker, peer, down=number % down_every == 0 and index == 1, now=now)
        for number, speaker in enumerate(speakers)
        for index, peer in enumerate(PEERS)
    ]
    made = Session.objects.bulk_create(sessions, batch_size=500)
    looked = [Comparison(session=row, compared_at=now, attempted_at=now, meant=2, told=2) for row in made]
    Comparison.objects.bulk_create(looked, batch_size=500)
    return cluster


def _node(cluster: Cluster, name: str, zone: str) -> Node:
    labels = {"topology.kubernetes.io/zone": zone} if zone else {}
    return Node(cluster=cluster, name=name, uid=name, labels=labels, zone=zone, zone_print=zone_print(name, zone))


def _session(speaker: Speaker, peer: tuple[str, str, str, int], *, down: bool, now: datetime) -> Session:
    name, vrf, address, asn = peer
    since = now - (timedelta(minutes=6) if down else timedelta(days=9))
    return Session(
        speaker=speaker,
        cluster=speaker.cluster,
        node=speaker.node,
        vrf=vrf,
        neighbor=address,
        peer=name,
        intended=True,
        state=Session.State.ACTIVE if down else Session.State.ESTABLISHED,
        since=since,
        established_at=None if down else since,
        reason="hold-timer-expired" if down else "",
        cause="The hold timer expired: the router stopped answering." if down else "",
        remote_as=asn,
        local_as=64500,
        link="external",
        bgp_version=4,
        families=["ipv4Unicast"],
        connections_established=1,
    )
