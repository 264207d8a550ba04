"""The FRRConfiguration that MetalLB's speaker writes for its node in FRR-K8s mode (internal/bgp/frrk8s)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import timedelta
from itertools import groupby
from typing import Any

from intent.addresses import parse_address
from intent.announcements import Announcement
from intent.durations import format_duration
from intent.policies import networks
from intent.sessions import DEFAULT_VRF, IntendedSession
from intent.snapshot import Resource, Snapshot, mapping
from lab.apiserver import Manifest

Announced = Mapping[str, Sequence[Announcement]]
_HOSTNAME = "kubernetes.io/hostname"


def frr_configuration(
    snapshot: Snapshot, node: str, sessions: Iterable[IntendedSession], announced: Announced, namespace: str
) -> Manifest:
    """The object for one node. A password stands in it as a reference to its Secret; one without a Secret does not."""
    secrets = {peer.name: mapping(peer.spec.get("passwordSecret")) for peer in snapshot.in_force("BGPPeer")}
    ordered = sorted(sessions, key=_instance)
    routers = [_router(list(group), announced, secrets) for _, group in groupby(ordered, key=_instance)]
    profiles = [_profile(profile) for profile in snapshot.in_force("BFDProfile")]
    return {
        "metadata": {"name": f"metallb-{node}", "namespace": namespace},
        "spec": {
            "nodeSelector": {"matchLabels": {_HOSTNAME: node}},
            "bgp": {"routers": routers, "bfdProfiles": profiles},
        },
    }


def node_of(manifest: Manifest) -> tuple[str, str] | None:
    """The node that an FRRConfiguration of MetalLB is for; None for what others wrote."""
    name = str(manifest["metadata"]["name"])
    return (name.removeprefix("metallb-"), "") if name.startswith("metallb-") else None


def _instance(session: IntendedSession) -> tuple[bool, str, int]:
    return session.vrf != DEFAULT_VRF, session.vrf, session.my_asn


def _router(sessions: list[IntendedSession], announced: Announced, secrets: Mapping[str, Any]) -> Manifest:
    first = sessions[0]
    router_id = next((session.router_id for session in sessions if session.router_id), "")
    return {
        "asn": first.my_asn,
        **({"id": router_id} if router_id else {}),
        **({} if first.vrf == DEFAULT_VRF else {"vrf": first.vrf}),
        "neighbors": [_neighbor(each, announced.get(each.peer, ()), secrets.get(each.peer, {})) for each in sessions],
        "prefixes": list(networks(sessions, announced)),
    }


def _neighbor(session: IntendedSession, announced: Sequence[Announcement], secret: Mapping[str, Any]) -> Manifest:
    place = "address" if parse_address(session.neighbor) else "interface"
    whom = {"dynamicASN": session.dynamic_asn} if session.dynamic_asn else {"asn": session.peer_asn}
    timers = {"holdTime": session.hold, "keepaliveTime": session.keepalive, "connectTime": session.connect}
    flags = {
        "ebgpMultiHop": session.multihop,
        "enableGracefulRestart": session.graceful_restart,
        "dualStackAddressFamily": place == "address" and len(session.families) == 2,
    }
    return {
        **whom,
        place: session.neighbor,
        "port": session.port,
        **{name: _duration(value) for name, value in timers.items() if value is not None},
        **{name: True for name, value in flags.items() if value},
        **({"bfdProfile": session.bfd_profile} if session.bfd_profile else {}),
        **({"passwordSecret": dict(secret)} if secret.get("name") else {}),
        "toAdvertise": _advertised(announced),
    }


def _advertised(announced: Sequence[Announcement]) -> Manifest:
    preferences = _collected((pref, each.prefix) for each in announced for pref in each.local_prefs)
    communities = _collected((str(one), each.prefix) for each in announced for one in each.communities)
    with_pref = [{"localPref": pref, "prefixes": prefixes} for pref, prefixes in preferences]
    with_community = [{"community": value, "prefixes": prefixes} for value, prefixes in communities]
    return {
        "allowed": {"mode": "filtered", "prefixes": sorted(each.prefix for each in announced)},
        **({"withLocalPref": with_pref} if with_pref else {}),
        **({"withCommunity": with_community} if with_community else {}),
    }


def _collected(pairs: Iterable[tuple[Any, str]]) -> Iterator[tuple[Any, list[str]]]:
    found: dict[Any, list[str]] = {}
    for value, prefix in pairs:
        found.setdefault(value, []).append(prefix)
    return iter(sorted(found.items()))


def _duration(value: timedelta) -> str:
    return format_duration(value)


def _profile(profile: Resource) -> Manifest:
    return {"name": profile.name, **profile.spec}
