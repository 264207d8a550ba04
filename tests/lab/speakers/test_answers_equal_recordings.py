"""The simulated FRR speaks like the recorded one: same keys, same order, same types, same lines."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

import pytest

from lab.routers import Router
from tests.lab.speakers.build import Bench, announcement
from tests.lab.speakers.recordings import block, load, read, shape, words

VERSIONS = ("8.4.4", "10.3")
V4, V6 = "10.0.0.1", "2001:db8::1"


def router(**fields: Any) -> Router:
    return Router(name="tor-a", addresses=(V4, V6), asns=(64501, 64500), interface="eth1", **fields)


def bench(version: str, **fields: Any) -> Bench:
    return Bench(router(**fields), version=version, red=4)


def established(version: str) -> Bench:
    made = bench(version, password="s3cret")
    made.add(V4, password="s3cret", bfd_profile="fast", graceful_restart=True)
    return made.after(60)


def dropped_by_bfd(version: str) -> Bench:
    made = bench(version, password="s3cret")
    made.add(V4, password="s3cret", bfd_profile="fast")
    made.after(60).routers.change(V4, mute_bfd=True)
    made.routers.change(V4, mute_bfd=False)
    return made.after(60)


def internal(version: str) -> Bench:
    made = bench(version)
    made.add(V4, peer_asn=64500)
    return made.after(60)


def ipv6(version: str) -> Bench:
    made = bench(version)
    made.add(V6, source_address="eth0")
    return made.after(60)


def unnumbered(version: str) -> Bench:
    made = bench(version)
    made.add("eth1", families=("ipv4", "ipv6"))
    return made.after(60)


def never_up(version: str) -> Bench:
    made = bench(version)
    made.add("10.0.0.99")
    return made.after(60)


def shut_by_router(version: str) -> Bench:
    made = bench(version, password="s3cret")
    made.add(V4, password="s3cret", connect=10, bfd_profile="fast", graceful_restart=True)
    made.after(60).routers.change(V4, shutdown="maintenance window 42")
    return made.after(8)


def bad_peer_as(version: str) -> Bench:
    made = bench(version)
    made.add(V6, source_address="eth0")
    made.after(60).routers.change(V6, asns=(64999,))
    return made.after(8)


def vrf_missing(version: str) -> Bench:
    made = bench(version)
    made.add(V4, vrf="blue", bfd_profile="fast")
    return made.after(60)


LAB, FAILED = "frr8.4.4-lab-show-bgp-vrf-all-neighbors.json", "after-failures-show-bgp-vrf-default-neighbors.json"
NEIGHBORS: list[tuple[str, Callable[[str], Bench], str, tuple[str, ...]]] = [
    ("8.4.4", dropped_by_bfd, LAB, ("default", "172.30.0.1")),
    ("8.4.4", internal, LAB, ("default", "172.30.0.9")),
    ("8.4.4", never_up, LAB, ("default", "172.30.0.99")),
    ("8.4.4", unnumbered, "frr8.4.4-show-bgp-vrf-all-neighbors.json", ("default", "eth1")),
    ("8.4.4", ipv6, "frr8.4.4-show-bgp-vrf-all-neighbors.json", ("default", "fc00:f853:ccd:e793::5")),
    ("8.4.4", shut_by_router, f"frr8.4.4-{FAILED}", ("172.18.0.5",)),
    ("8.4.4", bad_peer_as, f"frr8.4.4-{FAILED}", ("fc00:f853:ccd:e793::5",)),
    ("10.3", established, "frr10.3-show-bgp-vrf-all-neighbors.json", ("default", "172.18.0.5")),
    ("10.3", unnumbered, "frr10.3-show-bgp-vrf-all-neighbors.json", ("default", "eth1")),
    ("10.3", ipv6, "frr10.3-show-bgp-vrf-all-neighbors.json", ("default", "fc00:f853:ccd:e793::5")),
    ("10.3", never_up, "frr10.3-show-bgp-vrf-all-neighbors.json", ("default", "172.18.0.99")),
    ("10.3", vrf_missing, "frr10.3-show-bgp-vrf-all-neighbors.json", ("red", "172.18.2.5")),
    ("10.3", shut_by_router, f"frr10.3-{FAILED}", ("172.18.0.5",)),
    ("10.3", bad_peer_as, f"frr10.3-{FAILED}", ("fc00:f853:ccd:e793::5",)),
]


@pytest.mark.parametrize(
    ("version", "situation", "recording", "path"), NEIGHBORS, ids=lambda v: getattr(v, "__name__", None)
)
def test_a_neighbour_has_the_keys_of_the_recorded_one(
    version: str, situation: Callable[[str], Bench], recording: str, path: tuple[str, ...]
) -> None:
    made = situation(version)
    expected = load(recording)
    for key in path:
        expected = expected[key]

    ((vrf, neighbor),) = made.speaker.sessions
    ours = json.loads(made.vtysh("show bgp vrf all neighbors json"))[vrf][neighbor]

    assert shape(ours) == shape(expected)
    assert ours["bgpState"] == expected["bgpState"]
    assert ours.get("lastErrorCodeSubcode") == (expected.get("lastErrorCodeSubcode"))
    assert ours.get("lastNotificationHardReset") == expected.get("lastNotificationHardReset")


TEXTS: list[tuple[str, Callable[[str], Bench], str, str]] = [
    ("8.4.4", internal, "frr8.4.4-lab-show-bgp-vrf-all-neighbors.txt", "BGP neighbor is 172.30.0.9,"),
    ("8.4.4", never_up, "frr8.4.4-lab-show-bgp-vrf-all-neighbors.txt", "BGP neighbor is 172.30.0.99,"),
    ("8.4.4", bad_peer_as, "frr8.4.4-after-failures-show-bgp-vrf-default-neighbors.txt", "BGP neighbor is fc00:f853:"),
    (
        "8.4.4",
        shut_by_router,
        "frr8.4.4-after-failures-show-bgp-vrf-default-neighbors.txt",
        "BGP neighbor is 172.18.0.5,",
    ),
    ("10.3", ipv6, "frr10.3-show-bgp-vrf-default-neigh.txt", "BGP neighbor is fc00:f853:"),
    ("10.3", unnumbered, "frr10.3-show-bgp-vrf-default-neigh.txt", "BGP neighbor on eth1"),
]
# FRR also dumps the OPEN that it refused; what else differs is chance (an update before End-of-RIB).
UNSAID = re.compile(r"Message received that caused|^    [0-9A-F ]{8,}$|after update")


@pytest.mark.parametrize(
    ("version", "situation", "recording", "heading"), TEXTS, ids=lambda v: getattr(v, "__name__", None)
)
def test_the_text_of_a_neighbour_has_the_lines_of_the_recorded_one(
    version: str, situation: Callable[[str], Bench], recording: str, heading: str
) -> None:
    made = situation(version)
    ((vrf, _),) = made.speaker.sessions

    def said(text: str) -> list[str]:
        kept = "\n".join(line for line in text.splitlines() if line.strip() and not UNSAID.search(line))
        return words(kept.partition("\nInstance")[0].replace("No AFI/SAFI activated for peer", "Waiting for peer OPEN"))

    assert said(made.vtysh(f"show bgp vrf {vrf} neigh")) == said(block(read(recording), heading))


@pytest.mark.parametrize("version", VERSIONS)
def test_bfd_peers_and_their_counters_have_the_recorded_keys(version: str) -> None:
    made = dropped_by_bfd(version)
    for command in ("peers", "peers-counters"):
        recorded = load(f"frr{version}-show-bfd-{command}.json")[0]
        ours = json.loads(made.vtysh(f"show bfd {command.replace('-', ' ')} json"))[0]
        assert shape(ours) == shape(recorded)


@pytest.mark.parametrize("version", VERSIONS)
def test_bfd_text_has_the_recorded_lines(version: str) -> None:
    recorded = read(f"frr{version}-show-bfd-peers.txt").split("\n\n")[0]
    ours = dropped_by_bfd(version).vtysh("show bfd peers").split("\n\n")[0]
    assert words(ours)[2:] == words(recorded)[2:]


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize(("situation", "peer"), [(ipv6, "fc00:f853:ccd:e793::5"), (unnumbered, "eth1")])
def test_the_summary_has_the_recorded_keys(version: str, situation: Callable[[str], Bench], peer: str) -> None:
    recorded = load(f"frr{version}-show-bgp-vrf-all-summary.json")["default"]["ipv6Unicast"]
    ours = json.loads(situation(version).vtysh("show bgp vrf all summary json"))["default"]["ipv6Unicast"]
    for key in ("peerGroupCount", "peerGroupMemory"):  # the recorded router has a peer group
        del recorded[key]
    (own_peer,) = ours["peers"].values()
    assert shape(own_peer) == shape(recorded["peers"][peer])
    assert shape({**ours, "peers": {}}) == shape({**recorded, "peers": {}})


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("family", ["ipv4", "ipv6"])
def test_an_own_prefix_in_the_table_looks_like_the_recorded_one(version: str, family: str) -> None:
    made = bench(version)
    own = announcement("192.168.10.0/32"), announcement("fc00:f853:0:1::10/128")
    made.add(V4, announced=own, families=("ipv4", "ipv6"))
    recorded = load(f"frr{version}-show-bgp-vrf-all-{family}-unicast.json")["default"]
    ours = json.loads(made.after(60).vtysh(f"show bgp vrf all {family} unicast json"))["default"]
    (prefix,) = ours["routes"]
    assert shape({**ours, "routes": {}}) == shape({**recorded, "routes": {}})
    assert shape(ours["routes"][prefix]) == shape(recorded["routes"][prefix])

    ours = json.loads(made.vtysh(f"show bgp vrf default {family} unicast neighbors {V4} advertised-routes json"))
    recorded = load(f"frr{version}-show-bgp-vrf-default-{family}-neighbors-advertised-routes.json")
    assert shape(ours["advertisedRoutes"][prefix]) == shape(recorded["advertisedRoutes"][prefix])
    assert shape({**ours, "advertisedRoutes": {}}) == shape({**recorded, "advertisedRoutes": {}})


@pytest.mark.parametrize("version", VERSIONS)
def test_instances_have_the_recorded_keys(version: str) -> None:
    ours = json.loads(internal(version).vtysh("show bgp vrfs json"))
    recorded = load(f"frr{version}-show-bgp-vrfs.json")
    assert shape(ours["vrfs"]["default"]) == shape(recorded["vrfs"]["default"])


def test_only_newer_releases_know_the_bgp_router_command() -> None:
    assert shape(json.loads(internal("10.3").vtysh("show bgp router json"))) == shape(
        load("frr10.3-show-bgp-router.json")
    )
    assert internal("8.4.4").vtysh("show bgp router json") == read("frr8.4.4-show-bgp-router.notjson.txt")
