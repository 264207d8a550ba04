"""Rules of Communities (MetalLB internal/config/config.go, communitiesFromCrs), and the names of well-known ones."""

from __future__ import annotations

from typing import Any

import pytest

from intent.findings import ObjectRef, Severity
from intent.rules import check, refused_on
from intent.snapshot import Mode
from intent.well_known import WELL_KNOWN, by_name, by_value, community_name
from tests.intent.manifests import ALL, NAMESPACE, advertisement, cluster, community, manifest, peer, pool


def listed(*entries: Any) -> dict[str, Any]:
    return manifest("Community", "c", {"communities": list(entries)}, version="v1beta1")


@pytest.mark.parametrize(
    ("entries", "code"),
    [
        ([{"name": "a", "value": "64500:1"}, {"name": "b", "value": "large:64500:1:2"}], ""),
        ([{"name": "a", "value": "64500"}], "community-invalid"), ([{"name": "a"}], "community-invalid"),
        ([{"name": "a", "value": "65536:1"}], "community-invalid"),
        ([{"name": "a", "value": "no-export"}], "community-invalid"),
        ([{"name": "a", "value": "1:1"}, {"name": "a", "value": "1:2"}], "alias-repeated"),
    ],
    ids=str,
)  # fmt: skip
def test_aliases_that_the_parser_refuses_are_errors_on_every_node(entries: list[Any], code: str) -> None:
    snapshot = cluster(listed(*entries))
    assert [(f.code, f.severity, f.nodes) for f in check(snapshot)] == ([(code, Severity.ERROR, ALL)] if code else [])
    assert [f.code for f in refused_on(snapshot, ALL[0])] == ([code] if code else [])


@pytest.mark.parametrize(
    ("name", "value", "code"),
    [
        ("", "1:1", "alias-without-name"),  # not refused, and of no use
        ("a:b", "1:1", "alias-with-colon"),  # validator.go blanks only what has no colon
        ("no-export", "65535:65282", "alias-misleads"), ("no-export", "65535:65281", ""),
        ("NO_EXPORT", "1:1", "alias-misleads"),
    ],
)  # fmt: skip
def test_aliases_that_surprise_are_warned_about(name: str, value: str, code: str) -> None:
    found = check(cluster(listed({"name": name, "value": value})))
    assert [(f.code, f.severity) for f in found] == ([(code, Severity.WARNING)] if code else [])


def test_an_alias_that_is_defined_badly_is_not_called_missing() -> None:
    snapshot = cluster(community(one="1:2:3"), pool(), peer("tor"), advertisement("adv", communities=["one"]))
    assert [f.code for f in check(snapshot)] == ["community-invalid"]


def test_an_alias_in_several_objects_names_them_all() -> None:
    snapshot = cluster(community("one", a="1:1"), community("two", a="1:1", b="1:2"), community("three", c="1:3"))
    (found,) = check(snapshot)
    assert (found.code, [ref.name for ref in found.objects], found.nodes) == ("alias-in-several", ["one", "two"], ALL)
    (asked,) = check(snapshot, {ObjectRef("Community", NAMESPACE, "two")})
    assert [ref.name for ref in asked.objects] == ["two", "one"]
    assert [f.code for f in refused_on(snapshot, ALL[0])] == ["alias-in-several"]


def test_native_mode_refuses_large_communities_in_aliases() -> None:
    assert [f.code for f in check(cluster(community(a="large:1:2:3"), mode=Mode.NATIVE))] == ["large-community-native"]


# IANA, Border Gateway Protocol (BGP) Well-known Communities
@pytest.mark.parametrize(
    ("value", "name"),
    [
        ("65535:0", "graceful-shutdown"), ("65535:666", "blackhole"), ("65535:65281", "no-export"),
        ("65535:65282", "no-advertise"), ("65535:065283", "no-export-subconfed"), ("65535:65284", "no-peer"),
        ("64500:1", ""), ("large:65535:65282:0", ""), ("alias", ""),
    ],
)  # fmt: skip
def test_well_known_communities_have_names(value: str, name: str) -> None:
    assert community_name(value) == name


def test_a_well_known_community_is_found_by_its_names_too() -> None:
    assert [by_name(one.name) for one in WELL_KNOWN] == [by_value(one.value) for one in WELL_KNOWN] == list(WELL_KNOWN)
    assert [one.value for name in ("NO_ADVERTISE", "local-AS", "gshut") if (one := by_name(name))] == [
        "65535:65282", "65535:65283", "65535:0",
    ]  # fmt: skip
    assert by_name("mine") is None
