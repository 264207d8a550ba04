"""What the pages of peers and BFD profiles say of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

from clusters.editing.surroundings import names_of
from clusters.kindpages import KindPage, Suggestion
from clusters.models import Cluster, Resource
from clusters.words import counted
from peers.models import BFDProfile, BGPPeer


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
    offers={"bfdProfile": names_of("BFDProfile")},
    suggests={"vrf": _vrfs},
    closes=_closes_sessions,
)
BFD_PROFILE = KindPage(
    model=BFDProfile,
    many="bfd-profiles",
    noun="BFD profile",
    nouns="BFD profiles",
    sections={"bfd": "Timers and manner"},
    closes=_leaves_peers,
)
