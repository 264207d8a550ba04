"""Advertisements against the services that they announce: MetalLB speaker/bgp_controller.go."""

from __future__ import annotations

import pytest

from intent.rules import check
from intent.snapshot import Service
from tests.intent.manifests import ALL, advertisement, cluster, codes_of, l2, peer, pool, selecting, service

ON_A, ON_B = ALL[:2], ALL[2:]
IBGP = peer("tor", peerASN=64500)
POOL, RANGE = pool("pool"), pool("range", ["198.51.100.0-198.51.101.10"])


LOCAL = {"local": True}
AGGREGATE = advertisement("adv", aggregationLength=24)
LOST: list[tuple[tuple[Service, ...], list[str]]] = [
    ((service("a", "203.0.113.1", nodes=ON_A, **LOCAL), service("b", "203.0.113.2", nodes=ON_B, **LOCAL)),
     ["aggregation-black-hole"]),
    ((service("a", "203.0.113.1", nodes=ON_A, **LOCAL), service("b", "203.0.113.2", nodes=ON_A, **LOCAL)), []),
    ((service("a", "203.0.113.1", nodes=ON_A, **LOCAL), service("b", "203.0.113.2", nodes=ON_B)),
     ["aggregation-black-hole"]),
    ((service("a", "203.0.113.1", nodes=ON_A), service("b", "203.0.113.2", nodes=ON_B)), []),
    ((service("a", "203.0.113.1", nodes=ON_A, **LOCAL),), []),
    ((service("a", "203.0.113.1", nodes=(), **LOCAL), service("b", "203.0.113.2", nodes=ON_B, **LOCAL)), []),
]  # fmt: skip


# bgp_controller.go: every node with a local endpoint of any covered service announces the aggregate.
@pytest.mark.parametrize(("services", "code"), LOST, ids=str)
def test_an_aggregate_is_a_black_hole_for_local_services_on_other_nodes(
    services: tuple[Service, ...], code: list[str]
) -> None:
    assert codes_of(IBGP, POOL, AGGREGATE, services=services) == code


def test_a_black_hole_names_service_prefix_and_nodes() -> None:
    (hole,) = check(cluster(IBGP, POOL, AGGREGATE, services=LOST[0][0]))
    assert hole.message.startswith("shop/a has externalTrafficPolicy Local, but 203.0.113.0/24 is also announced from")
    assert (hole.nodes, "shop/b" in hole.message) == (ON_B, True)


@pytest.mark.parametrize(
    ("labels", "code"), [({"app": "a"}, []), ({"app": "b"}, ["no-service-selected"])]
)  # 0.16.0: serviceSelectors
def test_selectors_that_match_no_service_are_told(labels: dict[str, str], code: list[str]) -> None:
    web = service("web", "203.0.113.1", labels={"app": "a"})
    for kind in (advertisement, l2):
        chosen = kind("adv", serviceSelectors=selecting(**labels))
        assert codes_of(IBGP, POOL, advertisement("all"), chosen, services=(web,)) == code
