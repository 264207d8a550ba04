"""Address pools as MetalLB's parser reads them (internal/config: parseCIDR), and who holds an address."""

from __future__ import annotations

from ipaddress import ip_address
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from intent.pools import AddressRange, PoolIndex, address_range, ranges
from intent.snapshot import Resource
from tests.intent.manifests import pool


def v4(first: str, last: str) -> AddressRange:
    return AddressRange(4, int(ip_address(first)), int(ip_address(last)))


@pytest.mark.parametrize(
    ("entry", "expected"),
    [
        ("203.0.113.0/30", v4("203.0.113.0", "203.0.113.3")),
        ("198.51.100.10/24", v4("198.51.100.0", "198.51.100.255")),  # host bits are dropped
        ("203.0.113.1/32", v4("203.0.113.1", "203.0.113.1")),
        ("203.0.113.10-203.0.113.12", v4("203.0.113.10", "203.0.113.12")),
        (" 203.0.113.10 - 203.0.113.10 ", v4("203.0.113.10", "203.0.113.10")),
        ("::ffff:203.0.113.1-203.0.113.2", v4("203.0.113.1", "203.0.113.2")),
        ("::ffff:203.0.113.0/126", v4("203.0.113.0", "203.0.113.3")),
        ("2001:db8::/127", AddressRange(6, 0x20010DB8 << 96, (0x20010DB8 << 96) + 1)),
        ("203.0.113.1", None),  # a bare address
        ("203.0.113.0/255.255.255.0", None),
        ("203.0.113.0/33", None),
        ("203.0.113.12-203.0.113.10", None),
        ("203.0.113.1-2001:db8::1", None),
        ("203.0.113.1-", None),
        ("", None),
        (17, None),
        (None, None),
    ],
)
def test_an_entry_is_a_cidr_or_a_range(entry: object, expected: AddressRange | None) -> None:
    assert address_range(entry) == expected


def index(**pools: list[Any]) -> PoolIndex:
    return PoolIndex(Resource.from_manifest(pool(name, addresses)) for name, addresses in pools.items())


def test_entries_that_are_none_are_left_out() -> None:
    assert len(ranges(Resource.from_manifest(pool("a", ["x", "203.0.113.0/32"])))) == 1
    assert ranges(Resource.from_manifest(pool("a", "203.0.113.0/32"))) == ()


def test_a_pool_holds_what_is_in_any_of_its_entries() -> None:
    pools = index(a=["203.0.113.0/30", "203.0.113.8-203.0.113.9", "2001:db8::/64"], b=["203.0.113.4/30"])
    held = {"203.0.113.3": "a", "203.0.113.4": "b", "203.0.113.9": "a", "2001:db8::ffff": "a", "203.0.113.10": None}
    assert {text: pools.holding(ip_address(text)) for text in held} == {
        text: (name,) if name else () for text, name in held.items()
    }
    assert pools.families == {"a": frozenset({4, 6}), "b": frozenset({4})}


def test_all_addresses_of_a_service_must_be_in_one_pool() -> None:
    pools = index(a=["203.0.113.0/30", "2001:db8::/64"], b=["203.0.113.4/30"])
    one, other, six = (ip_address(text) for text in ("203.0.113.1", "203.0.113.5", "2001:db8::1"))
    assert pools.holding_all([one, six]) == "a"
    assert pools.holding_all([one, other]) == ""
    assert pools.holding_all([]) == ""


spans = st.tuples(st.integers(0, 255), st.integers(0, 255)).map(sorted)


@given(st.lists(spans, max_size=8), st.integers(0, 255))
def test_an_address_is_found_in_overlapping_pools_as_by_looking_at_all(spans: list[list[int]], number: int) -> None:
    named = {f"p{n}": [f"192.0.2.{first}-192.0.2.{last}"] for n, (first, last) in enumerate(spans)}
    expected = tuple(sorted(f"p{n}" for n, (first, last) in enumerate(spans) if first <= number <= last))
    assert index(**named).holding(ip_address(f"192.0.2.{number}")) == expected
