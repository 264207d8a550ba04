"""Communities as MetalLB's parser reads them (internal/bgp/community)."""

from __future__ import annotations

import pytest

from intent.communities import aliases, parse_community, resolve
from intent.snapshot import Resource
from tests.intent.manifests import manifest


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("65000:100", "65000:100"),
        ("065000:0100", "65000:100"),
        ("65535:65282", "65535:65282"),
        ("large:4294967295:1:2", "large:4294967295:1:2"),
        ("65536:1", ""),
        ("large:4294967296:1:2", ""),
        ("1:2:3", ""),
        ("large:1:2", ""),
        ("no-export", ""),
        ("65000:", ""),
        ("", ""),
        (100, ""),
    ],
)
def test_a_community_has_two_short_or_three_long_numbers(value: object, expected: str) -> None:
    assert str(parse_community(value) or "") == expected


def test_aliases_of_all_objects_are_known_and_values_need_none() -> None:
    one = {"communities": [{"name": "vpn", "value": "1234:1"}, {"name": "bad", "value": "x"}, {"value": "1:1"}, 3]}
    two = {"communities": [{"name": "vpn", "value": "5678:1"}, {"name": "big", "value": "large:1:2:3"}]}
    objects = [Resource.from_manifest(manifest("Community", name, spec)) for name, spec in (("a", one), ("b", two))]
    known = aliases(objects)
    assert {name: str(value) for name, value in known.items()} == {"vpn": "1234:1", "": "1:1", "big": "large:1:2:3"}
    assert {str(each) for each in resolve(["vpn", "65000:1", "nowhere", 7], known)} == {"1234:1", "65000:1"}
    assert resolve(None, known) == frozenset()
