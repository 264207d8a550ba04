"""Speakers act on what is applied: node by node, with MetalLB's refusals, Secrets, VRFs and restarts."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from lab.cluster import Lab
from lab.seed import seed_incident
from lab.speakers.resets import BAD_PEER_AS, Cause
from lab.speakers.session import Session, State
from lab.speakers.simulated import SimulatedSpeakers
from tests.lab.until import until

FIRST, SECOND, THIRD = (f"compute-{number}.example.com" for number in (1, 2, 3))
NAMESPACE = "metallb-system"
EXAMPLE = {"peerAddress": "10.0.0.1", "peerASN": 64501, "myASN": 64500, "routerID": "10.10.10.10"}


def peer(name: str, **spec: Any) -> dict[str, Any]:
    metadata = {"name": name, "namespace": NAMESPACE}
    return {"apiVersion": "metallb.io/v1beta2", "kind": "BGPPeer", "metadata": metadata, "spec": spec}


def speakers(lab: Lab) -> SimulatedSpeakers:
    assert isinstance(lab.speakers, SimulatedSpeakers)
    return lab.speakers


def states(lab: Lab, node: str = FIRST) -> dict[tuple[str, str], State]:
    """State by VRF and neighbour, as it is now."""
    places = speakers(lab).speakers[node].sessions
    return {place: speakers(lab).session(node, place[1], place[0]).state for place in places}


def session(lab: Lab, neighbor: str = "10.0.0.1") -> Session:
    """A session of the first node in the default VRF, as it is now."""
    return speakers(lab).session(FIRST, neighbor)


def _now(lab: Lab, of: Session) -> Session:
    return speakers(lab).session(of.spec.node, of.spec.neighbor, of.spec.vrf)


async def apply(lab: Lab, *manifests: dict[str, Any]) -> None:
    for manifest in manifests:
        lab.store.add(manifest)
    await lab.settled()


DOCUMENTED: list[tuple[dict[str, Any], str, str, set[str]]] = [
    (EXAMPLE, "default", "10.0.0.1", {FIRST, SECOND, THIRD}),
    ({**EXAMPLE, "peerAddress": "10.0.0.2"}, "default", "10.0.0.2", {FIRST, SECOND, THIRD}),
    (
        {"myASN": 100, "peerASN": 200, "peerAddress": "192.168.130.1", "vrf": "ens4vrf"},
        "ens4vrf",
        "192.168.130.1",
        {FIRST, SECOND, THIRD},
    ),
    (
        {
            "peerAddress": "10.0.20.1",
            "peerASN": 64501,
            "myASN": 64500,
            "nodeSelectors": [
                {"matchExpressions": [{"key": "kubernetes.io/hostname", "operator": "In", "values": [FIRST, SECOND]}]}
            ],
        },
        "default",
        "10.0.20.1",
        {FIRST, SECOND},
    ),
    (
        {"peerAddress": "10.0.20.1", "peerASN": 64500, "myASN": 64500},
        "default",
        "10.0.20.1",
        {FIRST, SECOND, THIRD},
    ),
    (
        {"peerAddress": "2620:52:0:88::104", "peerASN": 64500, "myASN": 64500},
        "default",
        "2620:52:0:88::104",
        {FIRST, SECOND, THIRD},
    ),
]


@pytest.mark.parametrize(("spec", "vrf", "neighbor", "nodes"), DOCUMENTED)
async def test_each_documented_peer_is_established_on_the_nodes_that_it_selects(
    spec: dict[str, Any], vrf: str, neighbor: str, nodes: set[str]
) -> None:
    async with Lab(nodes=3, debounce=0.01) as lab:
        await apply(lab, peer("doc-example", **spec))
        for node in (FIRST, SECOND, THIRD):
            if node in nodes:
                await until(lambda node=node: states(lab, node) == {(vrf, neighbor): State.ESTABLISHED})  # type: ignore[misc]
            else:
                assert states(lab, node) == {}


async def test_a_wrong_peer_as_ends_the_session_with_bad_peer_as_until_it_is_corrected() -> None:
    async with Lab(nodes=1, debounce=0.01) as lab:
        await apply(lab, peer("doc-example-peer", **EXAMPLE))
        await until(lambda: session(lab).up)
        lab.store.patch("bgppeers", NAMESPACE, "doc-example-peer", {"spec": {"peerASN": 64999}})
        await until(lambda: session(lab).reset.notification == BAD_PEER_AS)
        assert not session(lab).up
        lab.store.patch("bgppeers", NAMESPACE, "doc-example-peer", {"spec": {"peerASN": 64501}})
        await until(lambda: session(lab).up)
        lab.store.delete("bgppeers", NAMESPACE, "doc-example-peer")
        await until(lambda: not states(lab))


async def test_a_refused_configuration_leaves_the_old_one_in_force_on_the_nodes_concerned() -> None:
    async with Lab(nodes=2, debounce=0.01) as lab:
        await apply(lab, peer("one", **EXAMPLE))
        other = {"peerAddress": "10.0.0.2", "peerASN": 64501, "myASN": 64999, "routerID": "10.10.10.10"}
        only_first = {"nodeSelectors": [{"matchLabels": {"kubernetes.io/hostname": FIRST}}]}
        await apply(lab, peer("two", **other, **only_first))
        assert list(states(lab, FIRST)) == [("default", "10.0.0.1")]
        assert "myASN" in lab.speakers.refusals[FIRST]
        assert lab.speakers.refusals[SECOND] == ""
        await apply(lab, peer("three", **{**EXAMPLE, "peerAddress": "10.0.0.3"}))
        assert list(states(lab, FIRST)) == [("default", "10.0.0.1")]
        assert list(states(lab, SECOND)) == [("default", "10.0.0.1"), ("default", "10.0.0.3")]


@pytest.mark.parametrize(("mode", "left"), [("frr", 0), ("frr-k8s", 1)])
async def test_a_new_pod_under_a_refused_configuration_has_what_its_mode_keeps(mode: str, left: int) -> None:
    async with Lab(nodes=1, mode=mode, debounce=0.01) as lab:
        await apply(lab, peer("one", **EXAMPLE))
        await apply(lab, peer("two", **{**EXAMPLE, "peerAddress": "10.0.0.2", "routerID": "10.10.10.11"}))
        assert lab.speakers.refusals[FIRST]
        started = speakers(lab).speakers[FIRST]
        lab.world.delete_pod(FIRST)
        await until(lambda: speakers(lab).speakers[FIRST] is not started)
        assert len(states(lab)) == left


async def test_a_missing_bfd_profile_is_refused_until_it_is_there() -> None:
    async with Lab(nodes=1, debounce=0.01) as lab:
        await apply(lab, peer("doc-example-peer-bfd", **EXAMPLE, bfdProfile="doc-example-bfd-profile-full"))
        assert states(lab) == {}
        assert "doc-example-bfd-profile-full" in lab.speakers.refusals[FIRST]
        metadata = {"name": "doc-example-bfd-profile-full", "namespace": NAMESPACE}
        profile = {"apiVersion": "metallb.io/v1beta1", "kind": "BFDProfile", "metadata": metadata, "spec": {}}
        await apply(lab, profile)
        assert lab.speakers.refusals[FIRST] == ""
        await until(lambda: speakers(lab).session(FIRST, "10.0.0.1").bfd.up)


@pytest.mark.parametrize(
    ("secret", "words"),
    [
        (None, "does not exist"),
        ({"type": "Opaque", "data": {"password": "cmlnaHQ="}}, "must be of type kubernetes.io/basic-auth"),
        ({"type": "kubernetes.io/basic-auth", "data": {"username": "cmlnaHQ="}}, "has no key `password`"),
    ],
)
async def test_a_secret_that_cannot_be_used_makes_the_speaker_keep_what_it_has(
    secret: dict[str, Any] | None, words: str
) -> None:
    """MetalLB refuses the whole configuration: internal/config/config.go, passwordFromSecretForPeer."""
    async with Lab(nodes=1, debounce=0.01) as lab:
        metadata = {"name": "key", "namespace": NAMESPACE}
        given = [{"apiVersion": "v1", "kind": "Secret", "metadata": metadata, **secret}] if secret else []
        await apply(lab, peer("first", **EXAMPLE))
        protected = {**EXAMPLE, "peerAddress": "10.0.0.2", "passwordSecret": {"name": "key"}}
        await apply(lab, *given, peer("second", **protected))
        assert words in lab.speakers.refusals[FIRST]
        assert list(states(lab)) == [("default", "10.0.0.1")]
        if secret:
            lab.store.delete("secrets", NAMESPACE, "key")
        usable = {"type": "kubernetes.io/basic-auth", "data": {"password": "cmlnaHQ="}}
        await apply(lab, {"apiVersion": "v1", "kind": "Secret", "metadata": metadata, **usable})
        assert lab.speakers.refusals[FIRST] == ""
        assert list(states(lab)) == [("default", "10.0.0.1"), ("default", "10.0.0.2")]


async def test_a_secret_that_goes_takes_no_session_down_and_holds_back_every_change() -> None:
    async with Lab(nodes=1, debounce=0.01) as lab:
        metadata = {"name": "key", "namespace": NAMESPACE}
        kind = {"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "type": "kubernetes.io/basic-auth"}
        lab.routers.change("10.0.0.1", password="right")
        await apply(
            lab, {**kind, "data": {"password": "cmlnaHQ="}}, peer("p", **EXAMPLE, passwordSecret={"name": "key"})
        )
        await until(lambda: session(lab).up)
        lab.store.delete("secrets", NAMESPACE, "key")
        await apply(lab, peer("late", **{**EXAMPLE, "peerAddress": "10.0.0.3"}))
        assert session(lab).up
        assert list(states(lab)) == [("default", "10.0.0.1")]


async def test_the_password_of_a_secret_is_used_and_its_change_is_followed() -> None:
    def secret(value: str) -> dict[str, Any]:
        return {"data": {"password": base64.b64encode(value.encode()).decode()}}

    async with Lab(nodes=1, debounce=0.01) as lab:
        lab.routers.change("10.0.0.1", password="right")
        metadata = {"name": "key", "namespace": NAMESPACE}
        kind = {"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "type": "kubernetes.io/basic-auth"}
        await apply(lab, {**kind, **secret("wrong")}, peer("p", **EXAMPLE, passwordSecret={"name": "key"}))
        await until(lambda: states(lab) == {("default", "10.0.0.1"): State.CONNECT})
        lab.store.patch("secrets", NAMESPACE, "key", secret("right"))
        await until(lambda: states(lab) == {("default", "10.0.0.1"): State.ESTABLISHED})
        config = (await lab.speakers.exec(FIRST, ["vtysh", "-c", "show running-config"])).stdout.decode()
        assert "neighbor 10.0.0.1 password right" in config


async def test_a_vrf_that_a_node_lacks_keeps_its_sessions_idle_there_alone() -> None:
    async with Lab(nodes=2, debounce=0.01, missing_vrfs=frozenset({(FIRST, "ens4vrf")})) as lab:
        spec = {"myASN": 100, "peerASN": 200, "peerAddress": "192.168.130.1", "vrf": "ens4vrf"}
        await apply(lab, peer("frrviavrf", **spec))
        await until(lambda: State.ESTABLISHED in states(lab, SECOND).values())
        lost = speakers(lab).session(FIRST, "192.168.130.1", "ens4vrf")
        assert (lost.state, lost.reset.cause) == (State.IDLE, Cause.NO_VRF)


async def test_labels_decide_while_they_change() -> None:
    async with Lab(nodes=1, debounce=0.01) as lab:
        await apply(lab, peer("p", **EXAMPLE, nodeSelectors=[{"matchLabels": {"tier": "edge"}}]))
        assert states(lab) == {}
        lab.world.relabel(FIRST, {"tier": "edge"})
        await until(lambda: len(states(lab)) == 1)
        lab.world.relabel(FIRST, {"tier": None})
        await until(lambda: not states(lab))


async def test_a_restarted_speaker_counts_from_zero() -> None:
    async with Lab(nodes=1, debounce=0.01) as lab:
        await apply(lab, peer("p", **EXAMPLE))
        await until(lambda: session(lab).up)
        lab.routers.change("10.0.0.1", shutdown="")
        lab.routers.change("10.0.0.1", shutdown=None)
        assert session(lab).counters.dropped == 1
        lab.world.delete_pod(FIRST)
        await until(lambda: session(lab).up and session(lab).counters.dropped == 0)


async def test_the_demo_has_sessions_of_all_vrfs_some_down_for_different_reasons_and_room_for_the_example() -> None:
    async with Lab(nodes=6, debounce=0.01, seed_peers=True) as lab:
        assert set(lab.speakers.refusals.values()) == {""}
        await apply(lab, peer("doc-example-peer", **EXAMPLE))
        assert set(lab.speakers.refusals.values()) == {""}
        every = {place: state for node in speakers(lab).speakers for place, state in states(lab, node).items()}
        assert {vrf for vrf, _ in every} == {"default", "ens4vrf", "storage"}
        await until(lambda: speakers(lab).session(FIRST, "10.0.0.1").up)
        await until(lambda: speakers(lab).session(SECOND, "10.1.0.4").up)
        seed_incident(lab.routers)
        sessions = [s for node in speakers(lab).speakers.values() for s in node.sessions.values()]
        await until(lambda: sum(_now(lab, each).up for each in sessions) == len(sessions) - 10)
        # Active and Connect take turns where nobody answers, so two of the reasons look alike now and then.
        seen: set[object] = set()

        def reasons() -> int:
            down = [each for each in (_now(lab, every) for every in sessions) if not each.up]
            seen.update((each.reset.cause, each.reset.notification, each.state) for each in down)
            return len(seen)

        await until(lambda: reasons() >= 4)
        assert any(s.up and s.spec.bfd_profile and not s.bfd.up for s in sessions)


async def test_exec_through_the_store_answers_for_the_pods_node() -> None:
    async with Lab(nodes=2, debounce=0.01, frr_versions={SECOND: "8.4.4"}) as lab:
        await apply(lab, peer("p", **EXAMPLE))
        for node, version in ((FIRST, "10.5.3"), (SECOND, "8.4.4")):
            output = await lab.speakers.exec(node, ["vtysh", "-c", "show version"])
            assert output.stdout.startswith(f"FRRouting {version} ({node})".encode())
        neighbors = await lab.speakers.exec(FIRST, ["vtysh", "-c", "show bgp vrf all neighbors json"])
        assert json.loads(neighbors.stdout)["default"]["10.0.0.1"]["neighborAddr"] == "10.0.0.1"
