"""What FRR printed is in the types, all of it that they name, and everything else in the document that is kept."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import msgspec
import pytest

from clusters.kube.frr_text import MASK
from speakers.frr import parse, routes, text
from speakers.frr.neighbor import BFDPeer, Family, Neighbor
from speakers.frr.routes import Path as RoutePath
from tests.speakers import samples


def _by_name(path: Path) -> str:
    return path.name


def test_the_samples_of_other_projects_are_there() -> None:
    if samples.OTHERS is None:
        pytest.skip("VTYSH_SAMPLES is not set: only our own recordings of FRR 8.4.4 and 10.3 are read")
    assert len(list(samples.find(samples.NEIGHBORS))) > len(
        [p for p in samples.find(samples.NEIGHBORS) if p.parent == samples.OWN]
    )


def _members(document: bytes) -> tuple[dict[tuple[str, str], dict[str, Any]], str | None]:
    vrfs = samples.vrfs(document)
    one = None if vrfs == json.loads(document) else "default"
    found = {(v, k): n for v, members in vrfs.items() for k, n in members.items() if isinstance(n, dict)}
    return found, one


@pytest.mark.parametrize("path", samples.find(samples.NEIGHBORS), ids=_by_name)
def test_neighbors(path: Path) -> None:
    document = samples.read(path)
    raw, one = _members(document)
    parsed = parse.neighbors(document, one)
    assert not isinstance(parsed, parse.Unparsed)
    assert {(n.vrf, n.key) for n in parsed} == {(vrf, parse.canonical(key)) for vrf, key in raw}
    for (vrf, key), fields in raw.items():
        neighbor = next(n for n in parsed if (n.vrf, n.key) == (vrf, parse.canonical(key)))
        _same(neighbor, fields, skip={"<vrf>", "<key>"})


def _same(parsed: msgspec.Struct, raw: dict[str, Any], skip: frozenset[str] | set[str] = frozenset()) -> None:
    """Every key that the type names has the value that FRR printed."""
    for field in msgspec.structs.fields(parsed):
        if field.encode_name not in raw or field.encode_name in skip:
            continue
        value, expected = getattr(parsed, field.name), raw[field.encode_name]
        if expected == "*":  # "any value" in FRR's own tests
            continue
        if field.encode_name == "addressFamilyInfo":
            assert set(value) == set(expected)
            for name, family in value.items():
                assert isinstance(family, Family)
                _same(family, expected[name])
        elif field.encode_name == "neighborCapabilities":
            assert value.families == expected.get("multiprotocolExtensions", {})
        elif field.encode_name in {"peerBfdInfo", "gracefulRestartInfo", "messageStats"}:
            _same(value, expected)
        elif field.encode_name in {"remoteAs", "localAs"}:
            assert value == parse.asn(expected)
        elif field.encode_name == "neighborAddr":
            assert value == expected.removeprefix("*")
        else:
            assert value == expected, field.encode_name


@pytest.mark.parametrize("path", samples.find(samples.NEIGHBORS), ids=_by_name)
def test_the_detail_of_each_neighbor_is_found_again_in_the_document(path: Path) -> None:
    document = samples.read(path)
    raw, one = _members(document)
    kept = json.dumps({"default": json.loads(document)}).encode() if one else document
    for (vrf, key), fields in raw.items():
        detail = parse.detail(kept, vrf, parse.canonical(key))
        assert detail is not None
        assert detail.statistics == fields.get("messageStats", {})
        assert detail.offered == fields.get("neighborCapabilities", {})
        assert [family.name for family in detail.family_list] == list(fields.get("addressFamilyInfo", {}))
        assert len(detail.message_list) in {0, 7}
        assert bool(detail.capability_list) == bool(fields.get("neighborCapabilities"))


@pytest.mark.parametrize("path", samples.find(samples.BFD), ids=_by_name)
def test_bfd_peers(path: Path) -> None:
    document = samples.read(path)
    parsed, raw = parse.bfd_peers(document), json.loads(document)
    assert isinstance(parsed, list)
    assert len(parsed) == len(raw)
    for peer, fields in zip(parsed, raw, strict=True):
        assert isinstance(peer, BFDPeer)
        _same(peer, fields)


@pytest.mark.parametrize("path", samples.find(samples.ROUTES), ids=_by_name)
def test_routes(path: Path) -> None:
    for fields in samples.vrfs(samples.read(path)).values():
        if "warning" in fields:
            assert routes.table(json.dumps(fields).encode()) == parse.Unparsed(str(fields["warning"]))
            continue
        table = routes.table(json.dumps(fields).encode())
        assert not isinstance(table, parse.Unparsed)
        raw = fields["routes"]
        assert isinstance(raw, dict)
        assert table.total == len(raw)
        expected = [path for paths in raw.values() for path in paths]
        assert len(table.paths) == len(expected)
        for parsed, one in zip(table.paths, expected, strict=True):
            assert isinstance(parsed, RoutePath)
            _same(parsed, one, skip={"nexthops", "network"})
            assert [hop.ip for hop in parsed.nexthops] == [hop.get("ip", "") for hop in one.get("nexthops", ())]


@pytest.mark.parametrize("path", samples.find(samples.VERSION), ids=_by_name)
def test_versions(path: Path) -> None:
    first = path.read_text().split()[1]
    assert parse.version(path.read_bytes()) == first


@pytest.mark.parametrize("path", samples.find(samples.TEXT), ids=_by_name)
def test_text_for_people_loses_only_passwords(path: Path) -> None:
    shown, printed = text.redact(path.read_bytes()), path.read_text()
    assert "s3cret" not in shown
    assert [a for a, b in zip(shown.splitlines(), printed.splitlines(), strict=True) if a != b] == [
        line.split("password")[0] + "password " + MASK for line in printed.splitlines() if " password " in line
    ]


def _answers(version: str, neighbors: str, bfd: str) -> bytes:
    return b"".join((samples.OWN / name).read_bytes() for name in (version, neighbors, bfd))


@pytest.mark.parametrize("frr", ["frr8.4.4", "frr10.3"])
def test_the_answers_of_one_exec_are_told_apart(frr: str) -> None:
    stdout = _answers(f"{frr}-show-version.txt", f"{frr}-show-bgp-vrf-all-neighbors.json", f"{frr}-show-bfd-peers.json")
    answer = parse.answer(stdout)
    assert isinstance(answer, parse.Answer)
    assert answer.version == frr.removeprefix("frr")
    assert {(n.vrf, n.key) for n in answer.neighbors} >= {
        ("default", "172.18.0.5"),
        ("default", "eth1"),
        ("red", "172.18.2.5"),
    }
    assert {peer.peer for peer in answer.bfd} >= {"172.18.0.5"}
    assert not answer.bfd_error


def test_without_bgp_there_are_no_neighbors_and_no_error() -> None:
    stdout = _answers(
        "frr10.3-show-version.txt",
        "frr10.3-noconfig-show-bgp-vrf-all-neighbors.json",
        "frr10.3-noconfig-show-bfd-vrf-default-peers.json",
    )
    answer = parse.answer(stdout)
    assert isinstance(answer, parse.Answer)
    assert answer.neighbors == []


def test_a_dead_bfdd_costs_only_bfd() -> None:
    stdout = _answers(
        "frr8.4.4-show-version.txt", "frr8.4.4-show-bgp-vrf-all-neighbors.json", "frr8.4.4-show-bfd-peers.json"
    )
    answer = parse.answer(stdout[: stdout.rindex(b"\n[") + 1], b"bfdd is not running\n", 1)
    assert isinstance(answer, parse.Answer)
    assert answer.bfd_error == "bfdd is not running"
    assert len(answer.neighbors) == 8


def test_an_unknown_last_command_costs_only_its_own_answer() -> None:
    stdout = _answers(
        "frr8.4.4-show-version.txt", "frr8.4.4-show-bgp-vrf-all-neighbors.json", "frr8.4.4-unknown-command.txt"
    )
    answer = parse.answer(stdout, b"", 1)
    assert isinstance(answer, parse.Answer)
    assert answer.bfd_error.startswith("% Unknown command")


def test_json_on_one_line_is_read_too() -> None:
    answer = parse.answer(b'{"default":{"vrfId":0,"10.0.0.1":{"bgpState":"Idle"}}}\n[]\n')
    assert isinstance(answer, parse.Answer)
    assert [n.key for n in answer.neighbors] == ["10.0.0.1"]


def test_a_type_names_every_key_once() -> None:
    names = [field.encode_name for field in msgspec.structs.fields(Neighbor)]
    assert len(names) == len(set(names))


_EXCHANGED = re.compile(r"(advertised|received|filtered)-routes.*\.(json|txt)$")


@pytest.mark.parametrize("path", samples.find(_EXCHANGED), ids=_by_name)
def test_what_a_neighbor_is_told_and_tells_is_read(path: Path) -> None:
    document = samples.read(path)
    found = routes.exchanged(document)
    if isinstance(found, parse.Unparsed):
        assert found.reason in document.decode()
        return
    content = json.loads(document)
    members = content.get("advertisedRoutes") or content.get("receivedRoutes") or {}
    assert (found.total, [route.network for route in found.paths]) == (len(members), list(members))
    if path.parent == samples.OWN:  # others have recorded releases before 8.4
        assert all(route.nexthops[0].ip and route.origin for route in found.paths)
