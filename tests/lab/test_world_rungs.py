"""Simulated speakers and real FRR, given the same objects and routers, come to the same states for the same reasons."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from typing import Any

import pytest

from lab.cluster import Lab
from lab.frr.netns import available
from lab.routers import Listening, Router

pytestmark = [pytest.mark.frr, pytest.mark.skipif(bool(available()), reason=str(available()))]

NODE = "compute-1.example.com"
ROUTERS = (
    Router("healthy", ("10.1.0.1",), (64601,)),
    Router("shut", ("10.1.0.2",), (64602,), shutdown="never was up"),
    Router("going", ("10.1.0.3",), (64603,)),
    Router("strict", ("10.1.0.5",), (64605,), expects=1),
    Router("deaf", ("10.1.0.6",), (64606,), listening=Listening.REFUSED),
    Router("closing", ("10.1.0.8",), (64608,)),
    Router("falling-silent", ("10.1.0.9",), (64609,)),
    Router("bfd-ending", ("10.1.0.10",), (64610,)),
    Router("elsewhere", ("10.1.0.12",), (64612,), port=1179),
    Router("keyed", ("10.1.0.13",), (64613,), password="theirs"),
    Router("other-as", ("10.1.0.14",), (64614,)),
    Router("far", ("10.2.0.1", "2001:db8:9::1"), (64604,), hops=3),
)
PEERS: dict[str, dict[str, Any]] = {
    "10.1.0.1": {"peerASN": 64601},
    "10.1.0.2": {"peerASN": 64602, "connectTime": "5s"},
    "10.1.0.3": {"peerASN": 64603, "connectTime": "5s"},
    "10.1.0.5": {"peerASN": 64605},
    "10.1.0.6": {"peerASN": 64606},
    "10.1.0.8": {"peerASN": 64608},
    "10.1.0.9": {"peerASN": 64609, "holdTime": "3s", "keepaliveTime": "1s"},
    "10.1.0.10": {"peerASN": 64610, "bfdProfile": "fast"},
    "10.1.0.12": {"peerASN": 64612},
    "10.1.0.13": {"peerASN": 64613, "password": "ours"},
    "10.1.0.14": {"peerASN": 64999},
    "10.1.0.99": {"peerASN": 64699},
    "10.2.0.1": {"peerASN": 64604},
    "2001:db8:9::1": {"peerASN": 64604},
}


def objects() -> list[dict[str, Any]]:
    def made(version: str, kind: str, name: str, spec: dict[str, Any]) -> dict[str, Any]:
        metadata = {"name": name, "namespace": "metallb-system"}
        return {"apiVersion": f"metallb.io/{version}", "kind": kind, "metadata": metadata, "spec": spec}

    peers = [
        made("v1beta2", "BGPPeer", f"peer-{number}", {"myASN": 64500, "peerAddress": address, **spec})
        for number, (address, spec) in enumerate(PEERS.items())
    ]
    ghost = {"myASN": 64500, "peerASN": 64601, "peerAddress": "10.1.0.1", "vrf": "ghost"}
    return [made("v1beta1", "BFDProfile", "fast", {}), *peers, made("v1beta2", "BGPPeer", "ghost", ghost)]


async def faces(lab: Lab) -> dict[str, tuple[Any, ...]]:
    """What a session shows of itself, by VRF and neighbour; an Established one's history is no matter."""
    answer = await lab.speakers.exec(NODE, ["vtysh", "-c", "show bgp vrf all neighbors json"])
    found = {}
    for vrf, peers in json.loads(answer.stdout).items():
        for name, peer in peers.items():
            if isinstance(peer, dict):
                up = peer["bgpState"] == "Established"
                why = () if up else (peer["lastResetDueTo"], peer.get("lastErrorCodeSubcode"))
                bfd = peer.get("peerBfdInfo", {}).get("status")
                message = peer.get("lastShutdownDescription")
                was_up = peer["connectionsEstablished"] > 0
                found[f"{vrf} {name}"] = (peer["bgpState"], *why, was_up, message, bfd)
    return found


async def agree(simulated: Lab, real: Lab, states: Mapping[str, str]) -> None:
    """Wait until both show the same, and some neighbours these states; the difference if they never do."""
    seen: tuple[Any, Any] = ({}, {})
    for _ in range(240):
        seen = await faces(simulated), await faces(real)
        if seen[0] == seen[1] and all(seen[1][name][0] == state for name, state in states.items()):
            return
        await asyncio.sleep(0.25)
    differing = {name: (face, seen[1].get(name)) for name, face in seen[0].items() if face != seen[1].get(name)}
    pytest.fail(f"simulated and real differ: {differing}")


async def test_simulated_and_real_sessions_have_the_same_states_and_reasons() -> None:
    common = {"nodes": 1, "routers": ROUTERS, "frr_versions": {NODE: "8.4.4"}}
    async with Lab(**common) as simulated, Lab(**common, speakers="frr") as real:
        both = (simulated, real)
        for lab in both:
            for manifest in objects():
                lab.store.add(manifest)
            await lab.settled()
        up = ("10.1.0.1", "10.1.0.3", "10.1.0.8", "10.1.0.9", "10.1.0.10")
        await agree(*both, {f"default {name}": "Established" for name in up})
        for lab in both:
            lab.routers.change("10.1.0.3", shutdown="maintenance window 42")
            lab.routers.change("10.1.0.8", listening=Listening.REFUSED)
            lab.routers.change("10.1.0.9", listening=Listening.DROPPED)
            lab.routers.change("10.1.0.10", mute_bfd=True)
            await lab.settled()
        await agree(*both, {"default 10.1.0.3": "Active", "default 10.1.0.9": "Connect"})
