"""What the pages of peers and BFD profiles say of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, cast

from django.db.models import Count

from clusters.editing.surroundings import names_of
from clusters.kindpages import NOTHING, KindPage, ListColumn, ListFilter, Suggestion
from clusters.models import Cluster, Resource
from clusters.secrets import secrets_usable
from clusters.words import counted
from peers.models import BFDProfile, BGPPeer
from peers.selectors import SESSIONS, in_vrf, peers_matching

_SESSIONS = (("up", "all up"), ("degraded", "some degraded"), ("down", "some down"), ("none", "none intended"))


def _vrfs(cluster: Cluster) -> Sequence[Suggestion]:
    rows = BGPPeer.objects.filter(cluster=cluster).exclude(vrf=None).exclude(vrf="")
    return [(str(vrf), "") for vrf in rows.order_by("vrf").values_list("vrf", flat=True).distinct()[:200]]


def _closes_sessions(row: Resource) -> str:
    peer = cast("BGPPeer", row)
    if not peer.sessions_intended:
        return "No session depends on it."
    closing = counted(peer.sessions_intended, "session")
    return f"{closing} will close, {peer.sessions_up} of them up now; what they announce is withdrawn."


def _leaves_peers(row: Resource) -> str:
    users = BGPPeer.objects.filter(cluster=row.cluster, namespace=row.namespace, bfd_profile=row.name)
    number = users.count()
    if not number:
        return "No peer uses it."
    uses = "uses" if number == 1 else "use"
    return f"{counted(number, 'peer')} {uses} it; their speakers keep the old configuration as long as it is missing."


def _as_numbers(row: Resource, _beside: Any) -> Iterable[str]:
    peer = cast("BGPPeer", row)
    own, other = peer.my_asn, peer.dynamic_asn if peer.peer_asn is None else peer.peer_asn
    return [f"{NOTHING if own is None else own} → {other or NOTHING}"]


def _number(column: str, unit: str = "") -> Callable[[Resource, Any], Iterable[str]]:
    """A number with its unit; FRR's default stands where none is set."""

    def show(row: Resource, _beside: Any) -> Iterable[str]:
        number = getattr(row, column)
        return [] if number is None else [f"{number}{unit}"]

    return show


def _manner(row: Resource, _beside: Any) -> Iterable[str]:
    profile = cast("BFDProfile", row)
    return [word for word, on in (("echo", profile.echo_mode), ("passive", profile.passive_mode)) if on]


def _users(rows: Sequence[Resource]) -> Mapping[int, int]:
    """How many peers name each profile; one query."""
    clusters, names = {row.cluster_id for row in rows}, {row.name for row in rows}
    peers = BGPPeer.objects.filter(cluster__in=clusters, bfd_profile__in=names)
    counts = {
        (cluster, namespace, profile): number
        for cluster, namespace, profile, number in peers.values_list("cluster_id", "namespace", "bfd_profile")
        .order_by()
        .annotate(number=Count("pk"))
    }
    return {row.pk: counts.get((row.cluster_id, row.namespace, row.name), 0) for row in rows}


PEER = KindPage(
    model=BGPPeer,
    many="peers",
    noun="peer",
    nouns="peers",
    sections={
        "identity": "Who talks to whom",
        "session": "Session",
        "timers": "Timers",
        "security": "Password",
        "bfd": "BFD",
        "placement": "Nodes",
        "advanced": "Rarely needed",
    },
    offers={"bfdProfile": names_of("BFDProfile"), "passwordSecret.name": secrets_usable},
    suggests={"vrf": _vrfs},
    closes=_closes_sessions,
    search_label="Name, address, AS",
    search=peers_matching,
    order=("-sessions_down", "-sessions_degraded", "cluster__name", "name"),  # the worst first
    filters=(
        ListFilter("sessions", "Sessions", lambda rows, value: rows.filter(SESSIONS[value]), _SESSIONS),
        ListFilter("vrf", "VRF", lambda rows, value: rows.filter(in_vrf(value))),
    ),
    columns=(
        ListColumn("address", "Router", template="peers/router.html", fields=("peer_address", "interface")),
        ListColumn("asn", "AS", _as_numbers, ("peer_asn", "my_asn"), mono=False),
        ListColumn("vrf", "VRF", template="peers/vrf.html", fields=("vrf", "name")),
    ),
    older=(
        "MetalLB's conversion sets timers that were not given to 0s, which turns keepalives off: see holdTime and "
        "keepaliveTime. What only v1beta2 has, such as vrf and passwordSecret, is lost when it is written so again."
    ),
    empty=("One says which router the nodes talk to: its address, its AS number, and the AS number of the nodes."),
)
BFD_PROFILE = KindPage(
    model=BFDProfile,
    many="bfd-profiles",
    noun="BFD profile",
    nouns="BFD profiles",
    sections={"bfd": "Timers and manner"},
    closes=_leaves_peers,
    columns=(
        ListColumn(
            "transmit", "Transmit", _number("transmit_interval", " ms"), ("transmit_interval", "name"), none="300 ms"
        ),
        ListColumn(
            "receive", "Receive", _number("receive_interval", " ms"), ("receive_interval", "name"), none="300 ms"
        ),
        ListColumn("multiplier", "Multiplier", _number("detect_multiplier"), ("detect_multiplier", "name"), none="3"),
        ListColumn("manner", "Manner", _manner, mono=False),
        ListColumn("peers", "Peers", lambda _row, number: [str(number)] if number else [], none="none"),
    ),
    beside=_users,
    empty="It says how fast BFD notices that a router is gone; peers name it.",
)
