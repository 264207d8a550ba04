"""What excluding a node from load balancing means: MetalLB's speaker/main.go and speaker/layer2_controller.go."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from intent.announcements.announcement import ServiceRef
from intent.announcements.cluster import EXCLUDED
from intent.draining import Candidates, Draining, draining
from intent.snapshot import Mode, Node, Service, Snapshot

ONE, TWO, THREE = (Node(name, {"kubernetes.io/hostname": name}) for name in ("one", "two", "three"))
NAMESPACE = "metallb-system"


def metallb(kind: str, name: str, version: str = "v1beta1", **spec: Any) -> dict[str, Any]:
    metadata = {"name": name, "namespace": NAMESPACE}
    return {"apiVersion": f"metallb.io/{version}", "kind": kind, "metadata": metadata, "spec": spec}


OBJECTS = [
    metallb("BGPPeer", "tor", "v1beta2", myASN=64500, peerASN=64501, peerAddress="10.0.0.1"),
    metallb("IPAddressPool", "gold", addresses=["192.0.2.0/24"]),
    metallb("BGPAdvertisement", "all", ipAddressPools=["gold"]),
]
LINK = [
    metallb("IPAddressPool", "link", addresses=["198.51.100.0/24"]),
    metallb("L2Advertisement", "arp", ipAddressPools=["link"]),
]


def service(name: str, address: str, *nodes: str, local: bool = False) -> Service:
    return Service(namespace="shop", name=name, addresses=(address,), endpoint_nodes=nodes or ("one",), local=local)


ANY, HERE = service("any", "192.0.2.1"), service("here", "192.0.2.2", "one", local=True)
BOTH = service("both", "192.0.2.3", "one", "two", local=True)
ARP, ARP_HERE = service("arp", "198.51.100.1"), service("arp-here", "198.51.100.2", "one", local=True)


def cluster(*nodes: Node, objects: list[dict[str, Any]] = OBJECTS, services: tuple[Service, ...] = ()) -> Snapshot:
    return Snapshot.from_manifests(objects, mode=Mode.FRR, version="0.16.1", nodes=nodes, services=services)


def names(refs: tuple[ServiceRef, ...]) -> list[str]:
    return [ref.name for ref in refs]


def test_all_prefixes_of_the_node_leave_and_who_loses_the_last_one_is_named() -> None:
    found = draining(cluster(ONE, TWO, THREE, services=(ANY, HERE, BOTH)), "one")
    assert [each.prefix for feed in found.feeds for each in feed.prefixes] == [
        "192.0.2.1/32", "192.0.2.2/32", "192.0.2.3/32"
    ]  # fmt: skip
    assert (found.prefixes, names(found.lost), names(found.effects.alone)) == (3, ["here"], ["both"])
    assert {(route.prefix, route.withdrawn) for route in found.effects.routes} == {
        ("192.0.2.1/32", 1), ("192.0.2.2/32", 1), ("192.0.2.3/32", 1)
    }  # fmt: skip


def test_a_node_that_has_the_label_shows_what_comes_back() -> None:
    labelled = replace(ONE, labels={**ONE.labels, EXCLUDED: ""})
    found = draining(cluster(labelled, TWO, services=(ANY, HERE)), "one")
    assert (found.prefixes, found.lost) == (2, ())
    assert {(route.prefix, route.announced, route.withdrawn) for route in found.effects.routes} == {
        ("192.0.2.1/32", 1, 0), ("192.0.2.2/32", 1, 0)
    }  # fmt: skip


def test_services_on_the_link_are_lost_where_no_other_node_may_answer() -> None:
    """The exclude label counts for layer 2, too (MetalLB, speaker/layer2_controller.go)."""
    found = draining(cluster(ONE, TWO, objects=[*OBJECTS, *LINK], services=(ARP, ARP_HERE)), "one")
    assert found.layer2 == (Candidates(ServiceRef("shop", "arp-here"), 0), Candidates(ServiceRef("shop", "arp"), 1))
    assert names(found.lost) == ["arp-here"]


def test_what_another_node_announces_the_other_way_is_not_lost() -> None:
    objects = [*OBJECTS, metallb("L2Advertisement", "arp-too", ipAddressPools=["gold"])]
    only = metallb("BGPAdvertisement", "all", ipAddressPools=["gold"], nodeSelectors=[_on("one")])
    over_link = draining(cluster(ONE, TWO, objects=[*objects[:2], only, objects[3]], services=(ANY,)), "one")
    assert (names(over_link.effects.lost), over_link.lost) == (["any"], ())
    arp = metallb("L2Advertisement", "arp", ipAddressPools=["gold"], nodeSelectors=[_on("one")])
    over_bgp = draining(cluster(ONE, TWO, objects=[*OBJECTS, arp], services=(ANY,)), "one")
    assert (over_bgp.layer2[0].others, over_bgp.lost) == (0, ())


def test_speakers_that_ignore_the_label_lose_nothing() -> None:
    """MetalLB's speakers run with --ignore-exclude-lb (its docs, and speaker/main.go)."""
    ignoring = replace(
        cluster(ONE, TWO, objects=[*OBJECTS, *LINK], services=(ANY, HERE, ARP_HERE)), ignores_exclude=True
    )
    assert (draining(ignoring, "one").effects.routes, draining(ignoring, "one").lost) == ((), ())


def test_a_node_that_is_not_known_announces_nothing() -> None:
    assert draining(cluster(ONE, services=(ANY,)), "four") == Draining((), draining(cluster(ONE), "four").effects, ())


def _on(node: str) -> dict[str, Any]:
    return {"matchLabels": {"kubernetes.io/hostname": node}}
