"""What the allocator leaves out to be quick changes nothing: it gives the first free address, and all of them."""

from __future__ import annotations

import random
from ipaddress import ip_address

import pytest

from intent.assignments.pools import pool_of
from intent.assignments.request import RefusedError, Request
from intent.findings import ObjectRef
from intent.pools import PoolIndex
from intent.snapshot import Resource
from lab.controllers.metallb.allocator import Allocator

POOLS = {"a": "192.0.2.0/30", "b": "192.0.2.16-192.0.2.18", "c": "198.51.100.0/31"}
ORDER = [f"192.0.2.{n}" for n in (0, 1, 2, 3, 16, 17, 18)] + ["198.51.100.0", "198.51.100.1"]


def allocator() -> Allocator:
    found = Allocator()
    made = [Resource(ObjectRef("IPAddressPool", "", name), spec={"addresses": [each]}) for name, each in POOLS.items()]
    found.set_pools({each.name: pool_of(each, {}) for each in made}, PoolIndex(made))
    return found


def request(name: str, sharing: str = "", port: int = 80) -> Request:
    return Request(
        namespace="shop",
        name=name,
        labels={},
        versions=(4,),
        prefers_dual=False,
        pool="",
        sharing=sharing,
        backend="",
        ports=frozenset({("TCP", port)}),
    )


def test_addresses_come_in_order_and_those_given_back_come_first_again() -> None:
    chosen, pools = random.Random(7), allocator()  # noqa: S311  # a repeatable sequence
    held: dict[str, str] = {}
    for number in range(2000):
        name = f"service-{number}"
        if held and chosen.random() < 0.45:
            gone = chosen.choice(sorted(held))
            assert pools.release(f"shop/{gone}")
            del held[gone]
        free = [address for address in ORDER if address not in held.values()]
        if free:
            (address,) = pools.allocate(request(name))
            assert str(address) == free[0]
            held[name] = free[0]
        else:
            with pytest.raises(RefusedError, match="no available IPs"):
                pools.allocate(request(name))
    assert sum(pools.figures(name)["assignedIPv4"] for name in POOLS) == len(held)


def test_who_shares_looks_at_taken_addresses_too() -> None:
    pools = allocator()
    for number in range(len(ORDER)):
        pools.allocate(request(f"full-{number}"))
    pools.release("shop/full-4")
    first = pools.allocate(request("one", "key"))
    assert pools.allocate(request("two", "key", 443)) == first == (ip_address("192.0.2.16"),)
