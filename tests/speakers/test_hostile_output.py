"""Truncated, empty, foreign or hostile output becomes Unparsed with a reason: no exception, and never a stale "up"."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clusters.kube.frr_text import MASK
from speakers.frr import commands, parse, routes, text
from speakers.frr.conditions import UNKNOWN, condition
from tests.speakers import samples

WHOLE = b"".join(
    (samples.OWN / f"frr8.4.4-{name}").read_bytes()
    for name in ("show-version.txt", "show-bgp-vrf-all-neighbors.json", "show-bfd-peers.json")
)
DOCUMENT = (samples.OWN / "frr8.4.4-show-bgp-vrf-all-neighbors.json").read_bytes()


@pytest.mark.parametrize(
    ("stdout", "stderr", "code", "words"),
    [
        (b"", b"", 0, "vtysh printed no JSON (exit code 0)"),
        (b"", b"Exiting: failed to connect to any daemons.\n", 1, "Exiting: failed to connect to any daemons."),
        ((samples.OWN / "frr8.4.4-show-version.txt").read_bytes(), b"bgpd is not running\n", 1, "bgpd is not running"),
        (
            b"% Unknown command: show bgp vrf all neighbors json\n",
            b"",
            1,
            "% Unknown command: show bgp vrf all neighbors json",
        ),
        (b"sh: vtysh: not found\n", b"", 127, "sh: vtysh: not found"),
        (b"<html><b>502 Bad Gateway</b></html>", b"", 0, "<html><b>502 Bad Gateway</b></html>"),
        (b'{\n"error": {"message:": "out of memory"}\n', b"", 0, "out of memory"),
        (b"{" * 100_000, b"", 0, "not the JSON that FRR prints"),
        (b'{"a":' * 100_000, b"", 0, "not the JSON that FRR prints"),
        (b'{"default":' + b"[" * 100_000, b"", 0, "not the JSON that FRR prints"),
        (b"\x00\xff\xfe\x1b[31m", b"", 0, "\ufffd"),
        (b" " * (parse.DOCUMENT_LIMIT + 1), b"", 0, "more than 16 MiB of output"),
        (json.dumps({"v": {str(n): {} for n in range(6000)}}).encode(), b"", 0, "6000 neighbors, more than 5000"),
    ],
)
def test_unreadable_output_has_a_reason(stdout: bytes, stderr: bytes, code: int, words: str) -> None:
    answer = parse.answer(stdout, stderr, code)
    assert isinstance(answer, parse.Unparsed)
    assert answer.reason.startswith(words)


@pytest.mark.parametrize("share", [0.1, 0.3, 0.5, 0.7, 0.9, 0.97])
def test_a_truncated_answer_never_passes_for_a_whole_one(share: float) -> None:
    end = WHOLE.index(b"{\n") + int(len(DOCUMENT) * share)
    assert isinstance(parse.answer(WHOLE[:end]), parse.Unparsed)


@settings(max_examples=200)
@given(st.binary(max_size=400), st.binary(max_size=100), st.integers(0, 255))
def test_any_bytes_are_read_or_refused(stdout: bytes, stderr: bytes, code: int) -> None:
    for output in (stdout, b"{\n" + stdout, b'{"default":' + stdout + b"}", WHOLE[:2000] + stdout + WHOLE[3000:]):
        answer = parse.answer(output, stderr, code)
        assert isinstance(answer, parse.Answer) or answer.reason
        assert isinstance(routes.table(output), routes.Table | parse.Unparsed)
        text.redact(output)


_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner, max_size=3),
    max_leaves=8,
)


@settings(max_examples=200)
@given(st.sampled_from(sorted(json.loads(DOCUMENT)["default"]["172.18.0.5"])), _json)
def test_one_key_of_another_type_costs_only_that_key(key: str, value: Any) -> None:
    vrfs = json.loads(DOCUMENT)
    vrfs["default"]["172.18.0.5"][key] = value
    found = parse.neighbors(json.dumps(vrfs).encode())
    if isinstance(found, parse.Unparsed):  # text that no JSON of FRR can hold
        assert found.reason
        return
    neighbor = next(n for n in found if n.key == "172.18.0.5")
    assert neighbor.remote_as == 64513 or key == "remoteAs"
    assert condition(neighbor).state in ({"Established"} if key != "bgpState" else {"Established", UNKNOWN})


def test_a_state_that_nobody_knows_is_unknown_and_not_up() -> None:
    found = parse.neighbors(b'{"default":{"10.0.0.1":{"bgpState":"Established; DROP"},"10.0.0.2":{}}}')
    assert isinstance(found, list)
    assert [condition(n).state for n in found] == [UNKNOWN, UNKNOWN]


def test_names_are_bounded_and_without_control_characters() -> None:
    document = {"default": {"10.0.0.1": {"hostname": "a\u202eb\x1b[2J\n" + "x" * 9000, "bgpState": "Idle"}}}
    found = parse.neighbors(json.dumps(document).encode())
    assert isinstance(found, list)
    assert len(found[0].hostname) == 253
    assert found[0].hostname.isprintable()


def test_nothing_that_a_database_refuses_comes_through() -> None:
    fields = {
        "bgpState": "Active", "hostname": "a\x00b", "lastResetDueTo": "x\x00", "lastResetCode": 13,
        "lastErrorCodeSubcode": "0602", "lastShutdownDescription": "bye\x00", "peerBfdInfo": {"status": "Up\x00"},
        "addressFamilyInfo": {"ipv4\x00": {}},
    }  # fmt: skip
    found = parse.neighbors(json.dumps({"de\x00fault": {"eth\x000": fields}}).encode())
    assert isinstance(found, list)
    row, judged = found[0], condition(found[0])
    texts = [row.vrf, row.key, row.hostname, row.bfd.status if row.bfd else "", *row.families, judged.cause]
    assert not [text for text in (*texts, json.dumps(judged.evidence)) if "\x00" in text or "\\u0000" in text]


def test_bytes_that_are_no_text_do_not_hide_the_session() -> None:
    found = parse.neighbors(b'{"default":{"10.0.0.1":{"hostname":"\xff\xfe","bgpState":"Established"}}}')
    assert isinstance(found, list)
    assert found[0].established


@pytest.mark.parametrize("number", [-1, 2**31, 2**63, 10**400])
def test_numbers_that_fit_no_column_are_not_said(number: int) -> None:
    assert parse.whole(number) is None


@pytest.mark.parametrize(
    ("value", "expected"),
    [(64512, 64512), ("1.0", 65536), ("0.64598", 64598), ("64512", 64512), (0, None), (2**32, None), (-1, None),
     ("1.2.3", None), ("x.1", None), ("1.", None), (".1", None), ("", None), (None, None), ("٣", None)],
)  # fmt: skip
def test_as_numbers_in_every_notation(value: int | str | None, expected: int | None) -> None:
    assert parse.asn(value) == expected


@pytest.mark.parametrize(
    ("vrf", "neighbor"),
    [
        ("red; reload", "10.0.0.1"), ("red\nconfigure", "10.0.0.1"), ("", "10.0.0.1 | include x"), ("all", "10.0.0.1"),
        ("al", "10.0.0.1"), ("red", "fe80::1%eth0"), ("red", "-h"), ("red", ""), ("r" * 37, "10.0.0.1"),
        ("red|blue", "10.0.0.1"), ("red", "10.0.0.1?"), ("red", "eth0 json"), ('r"d', "10.0.0.1"), ("r\\d", "10.0.0.1"),
        ("r\xa0d", "10.0.0.1"), ("r\u2028d", "10.0.0.1"), ("r\x7fd", "10.0.0.1"), ("r%sd", "10.0.0.1"),
    ],
)  # fmt: skip
def test_no_command_is_built_from_unchecked_text(vrf: str, neighbor: str) -> None:
    with pytest.raises(commands.ArgumentError):
        commands.neighbor(vrf, neighbor)


def test_commands_are_argument_lists_of_their_own() -> None:
    assert commands.routes("röt;$(id)", "ipv4") == ("vtysh", "-c", "show bgp vrf röt;$(id) ipv4 unicast json")
    assert commands.neighbor("ens4vrf", "FD00:0::1") == ("vtysh", "-c", "show bgp vrf ens4vrf neighbors fd00::1")
    assert commands.neighbor("", "eth1", json=True) == ("vtysh", "-c", "show bgp vrf default neighbors eth1 json")
    assert commands.routes("red", "ipv6") == ("vtysh", "-c", "show bgp vrf red ipv6 unicast json")
    with pytest.raises(commands.ArgumentError):
        commands.routes("red", "evpn")


def test_the_line_to_copy_is_quoted() -> None:
    line = commands.oc_line("metallb-system", "speaker-x", "frr", commands.neighbor("red", "10.0.0.1"))
    assert line == "oc exec -n metallb-system speaker-x -c frr -- vtysh -c 'show bgp vrf red neighbors 10.0.0.1'"


@pytest.mark.parametrize(
    "line",
    [
        "  neighbor 10.0.0.1 password hunter2", " neighbor PG password 8 hunter2", "password hunter2",
        "  key-string hunter2", " ip ospf message-digest-key 1 md5 hunter2", "enable secret hunter2",
        '{"msg":"peer","password":"hunter2","vrf":""}', r'{"config":"{\"password\": \"hunter2\"}"}',
        "peer={Addr:10.0.0.1 Password:hunter2 Vrf:}", "level=info password=hunter2",
    ],
)  # fmt: skip
def test_passwords_are_masked(line: str) -> None:
    assert "hunter2" not in text.redact(f"router bgp 1\n{line}\nend\n")
    assert MASK in text.redact(line)


def test_bytes_that_are_no_text_are_one_mark_however_many_they_are() -> None:
    assert text.first_line(b"vtysh: " + bytes(range(0x80, 0x100)) * 9 + b" end") == "vtysh: \ufffd end"
