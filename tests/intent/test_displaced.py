"""What becomes of addresses when pools change, and what is withdrawn while something is deleted before it is written.

MetalLB (controller/service.go, since 0.14.2): a service whose address no pool holds loses it at once, and gets another
one if a pool that may serve it has one left (internal/allocator).
"""

from __future__ import annotations

from typing import Any

from intent.announcements import ServiceRef
from intent.between import NOTHING_BETWEEN, between
from intent.displaced import AddressEffects, PoolChange, address_effects
from intent.snapshot import Snapshot
from tests.intent.manifests import advertisement, cluster, peer, pool, service

WEB, DB = ServiceRef("shop", "web"), ServiceRef("shop", "db")


def shop(*manifests: Any) -> Snapshot:
    services = (service("web", "203.0.113.0"), service("db", "203.0.113.1"))
    return cluster(*manifests, services=services)


FULL = pool("full", ["203.0.113.0/31"])


def test_services_of_a_pool_that_goes_get_others_while_some_are_left() -> None:
    spare = pool("spare", ["198.51.100.7/32"])
    found = address_effects(shop(FULL, spare), shop(spare))
    assert [(one.service, one.addresses, one.pools) for one in found.services] == [
        (DB, ("203.0.113.1",), ("spare",)),
        (WEB, ("203.0.113.0",), ()),
    ]
    assert (found.displaced, found.without) == (2, 1)
    assert found.pools == (PoolChange("full", 4, total=2, used=2, total_then=0, used_then=0),)


def test_services_that_share_an_address_need_one_together() -> None:
    """The annotation metallb.io/allow-shared-ip (MetalLB, internal/allocator)."""
    sharing: dict[str, Any] = {"annotations": {"metallb.io/allow-shared-ip": "key"}}
    services = tuple(service(name, "203.0.113.0", **sharing) for name in ("tcp", "udp"))
    spare = pool("spare", ["198.51.100.7/32"])
    before, after = (cluster(*some, services=services) for some in ((FULL, spare), (spare,)))
    assert [one.pools for one in address_effects(before, after).services] == [("spare",), ("spare",)]


def test_a_pool_that_serves_others_only_is_no_way_out() -> None:
    elsewhere = pool("spare", ["198.51.100.0/24"], serviceAllocation={"namespaces": ["front"]})
    by_request = pool("asked", ["192.0.2.0/24"], autoAssign=False)
    found = address_effects(shop(FULL, elsewhere, by_request), shop(elsewhere, by_request))
    assert found.without == 2


def test_what_is_left_before_and_then_is_told_of_pools_that_change_alone() -> None:
    other = pool("other", ["198.51.100.0/24"])
    (change,) = address_effects(shop(FULL, other), shop(pool("full", ["203.0.113.0/30"]), other)).pools
    assert (change.pool, change.left, change.left_then, change.used_then) == ("full", 0, 2, 2)
    (fewer,) = address_effects(shop(FULL), shop(pool("full", ["203.0.113.1/32"]))).pools
    assert (fewer.used, fewer.used_then, fewer.left_then) == (2, 1, 0)
    assert address_effects(shop(FULL), shop(FULL)) == AddressEffects()
    moved = address_effects(shop(FULL), shop(pool("other", ["203.0.113.0/31"])))
    assert moved.displaced == 0, "another pool holds them"


def test_what_is_deleted_first_is_withdrawn_in_between() -> None:
    tors = peer("tor-a"), peer("tor-b", peerAddress="10.0.0.2")
    before = shop(FULL, advertisement(), *tors)
    ref, tor = (next(one.ref for one in before.resources if one.name == name) for name in ("adv", "tor-a"))
    same, router = before.find(ref), before.find(tor)
    found = between(before, [(ref, None), (ref, same)])
    assert (found.prefixes, found.lost, found.displaced) == (("203.0.113.0/32", "203.0.113.1/32"), (DB, WEB), ())
    one_router = between(before, [(tor, None), (tor, router)])
    assert (len(one_router.prefixes), one_router.lost) == (2, ()), "the other one is told all the while"
    assert between(before, [(ref, None)]) == NOTHING_BETWEEN, "that is the end, and no moment in between"
    assert between(before, [(ref, same)]) == NOTHING_BETWEEN
    held = next(one for one in before.resources if one.name == "full")
    again = between(before, [(held.ref, None), (held.ref, held)])
    assert (again.lost, again.displaced) == ((DB, WEB), (DB, WEB))
