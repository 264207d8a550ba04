"""A peer with BFD: the profile, how fast a failure is noticed, and what the router must do for it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from clusters.registry import rows_of
from dashboard.guided.guide import Guide, Setting, asks_peer, habits, names
from dashboard.guided.parts import Part, Piece

_INTERVAL, _MULTIPLIER = 300, 3  # FRR's defaults (bfdd), milliseconds
_TIMES = "\N{MULTIPLICATION SIGN}"
_PASSIVE = "The profile is passive: the nodes wait for the router to begin, so the router must not be passive, too."
_ECHO = "Echo mode is on: the router must send BFD echo packets back."


class PeerWithBfd(Guide):
    """OpenShift, "Example: Specify a BFD profile for a BGP peer"."""

    slug = "bfd"
    title = "Notice a dead router fast, with BFD"
    lead = "A peer with a BFD profile: how fast a failure is noticed, and what the router must do, too."
    kinds = ("BGPPeer", "BFDProfile")

    def parts(self, here: Setting) -> list[Part]:
        """The profile, and the peer that uses it."""
        asked, more = asks_peer(here.cluster, "holdTime")
        return [
            Part(
                key="profile",
                kind="BFDProfile",
                title="How fast",
                asks=("name", "transmitInterval", "receiveInterval", "detectMultiplier"),
                more=("passiveMode", "echoMode", "echoInterval", "minimumTtl"),
                choices=names(here.cluster, "BFDProfile"),
            ),
            Part(
                key="peer",
                kind="BGPPeer",
                title="The router",
                asks=asked,
                more=("vrf", *more),
                prefill=habits(here.cluster),
            ),
        ]

    def join(self, here: Setting, pieces: Mapping[str, Piece]) -> None:
        """The peer names the profile; what both mean."""
        profile, peer = pieces["profile"], pieces["peer"]
        if profile.name:
            peer.draft.manifest["spec"] = {**peer.draft.manifest["spec"], "bfdProfile": profile.name}
        spec = profile.draft.manifest["spec"]
        if profile.chosen:
            row = rows_of("BFDProfile").get(cluster=here.cluster, namespace=here.cluster.namespace, name=profile.chosen)
            spec = row.spec
        profile.remarks = [detection(spec)]
        peer.remarks = duties(spec, multihop=peer.draft.manifest["spec"].get("ebgpMultiHop") is True)


def detection(spec: Mapping[str, Any]) -> str:
    """The detection time with a router that has the same timers (RFC 5880, 6.8.4)."""
    transmit, receive = _number(spec, "transmitInterval", _INTERVAL), _number(spec, "receiveInterval", _INTERVAL)
    times = _number(spec, "detectMultiplier", _MULTIPLIER)
    slower = max(transmit, receive)
    total = slower * times
    return (
        f"Down after {total} ms without a packet, if the router has the same timers: {slower} ms {_TIMES} {times}."
        " Of the intervals of both sides the slower one counts, and each side waits by the other's multiplier."
    )


def duties(spec: Mapping[str, Any], *, multihop: bool) -> list[str]:
    """What the router must do for BFD to come up."""
    reach = "multihop BFD (UDP port 4784)" if multihop else "single-hop BFD (UDP port 3784)"
    found = [
        f"On the router, turn on {reach} for the BGP sessions to the nodes; without it BGP comes up, and BFD does not.",
        "Use timers of the same size there; a firewall between must let these packets through.",
    ]
    found += [_PASSIVE] if spec.get("passiveMode") is True else []
    found += [_ECHO] if spec.get("echoMode") is True else []
    if multihop and spec.get("minimumTtl"):
        found.append(f"Packets that arrive with a TTL below {spec['minimumTtl']} are dropped: it limits the hops.")
    return found


def _number(spec: Mapping[str, Any], name: str, default: int) -> int:
    value = spec.get(name)
    return value if isinstance(value, int) and not isinstance(value, bool) else default
