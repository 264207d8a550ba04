"""vtysh's grammar, errors and exit codes."""

from __future__ import annotations

import json

import pytest

from lab.routers import Router
from lab.speakers.node import DAEMONS
from lab.speakers.vtysh.shell import run
from tests.lab.speakers.build import Bench
from tests.lab.speakers.recordings import read


@pytest.fixture
def bench() -> Bench:
    made = Bench(Router("tor-a", ("10.0.0.1",), (64501,)), Router("edge", ("10.9.0.1",), (200,), vrf="red"), red=4)
    made.add("10.0.0.1", bfd_profile="fast")
    made.add("10.9.0.1", vrf="red", my_asn=100, peer_asn=200)
    return made.after(10)


@pytest.mark.parametrize(
    ("short", "whole"),
    [
        ("sh bgp vrf red neigh", "show bgp vrf red neighbors"),
        ("show bgp vrf all neighbor js", "show bgp vrf all neighbors json"),
        ("show bgp vrf all sum json", "show bgp vrf all summary json"),
        ("show bgp vrf red ipv4", "show bgp vrf red ipv4 unicast"),
        ("show ip bgp neighbors 10.0.0.1", "show bgp neighbors 10.0.0.1"),
        ("sh run", "show running-config"),
        ("  show   ver ", "show version"),
    ],
)
def test_words_may_be_shortened_while_they_are_unambiguous(bench: Bench, short: str, whole: str) -> None:
    assert bench.vtysh(short) == bench.vtysh(whole) != ""


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("show bgp nosuchthing json", "% Unknown command: show bgp nosuchthing json\n"),
        ("show bgp vrf all neighbours json", "% Unknown command: show bgp vrf all neighbours json\n"),
        ("show bgp vrf", "% Command incomplete: show bgp vrf\n"),
        ("show v", "% Command incomplete: show v\n"),
        ("reload", "% Unknown command: reload\n"),
    ],
)
def test_what_vtysh_does_not_know_it_says_on_stdout_with_exit_code_1(bench: Bench, line: str, words: str) -> None:
    output = run(bench.speaker, ["vtysh", "-c", line], bench.clock.now())
    if line == "show v":
        assert output.stdout.startswith(b"% ")
    else:
        assert output.stdout.decode() == words
    assert (output.stderr, output.code) == (b"", 1)


def test_several_commands_are_answered_one_after_the_other_until_one_is_refused(bench: Bench) -> None:
    argv = ["/usr/bin/vtysh", "-c", "show vrf", "-c", "show nothing", "-c", "show version"]
    output = run(bench.speaker, argv, bench.clock.now())
    assert output.stdout.decode() == "vrf red id 4 table 1004 (configured)\n% Unknown command: show nothing\n"
    assert output.code == 1


@pytest.mark.parametrize(
    ("version", "command", "recording"),
    [
        ("8.4.4", "show bgp vrf nosuch neighbors json", "frr8.4.4-show-bgp-vrf-nosuch-neighbors.json"),
        ("10.3", "show bgp vrf nosuch neighbors json", "frr10.3-show-bgp-vrf-nosuch-neighbors.json"),
        ("10.3", "show bgp vrf nosuch neighbors", "frr10.3-show-bgp-vrf-nosuch-neighbors.txt"),
        ("8.4.4", "show bgp vrf nosuch summary json", "frr8.4.4-show-bgp-vrf-nosuch-summary.json"),
        ("8.4.4", "show bfd vrf all peers json", "frr8.4.4-show-bfd-vrf-all-peers.json"),
        ("10.3", "show bfd vrf all peers json", "frr10.3-show-bfd-vrf-all-peers.json"),
        (
            "10.3",
            "show bgp vrf default ipv4 unicast neighbors 10.0.0.250 advertised-routes json",
            "frr10.3-show-bgp-advertised-routes-no-such-peer.json",
        ),
        (
            "10.3",
            "show bgp vrf default ipv6 unicast neighbors 10.0.0.1 advertised-routes json",
            "frr10.3-show-bgp-advertised-routes-af-not-active.notjson.txt",
        ),
        (
            "10.3",
            "show bgp vrf default ipv4 unicast neighbors 10.0.0.1 received-routes json",
            "frr10.3-show-bgp-received-routes-no-soft-reconfig.notjson.txt",
        ),
    ],
)
def test_what_does_not_exist_is_answered_letter_for_letter_as_recorded(
    version: str, command: str, recording: str
) -> None:
    made = Bench(version=version)
    made.add("10.0.0.1")
    assert made.vtysh(command) == read(recording)


@pytest.mark.parametrize(
    "command", ["show bgp vrf all neighbors json", "show bgp vrf all summary json", "show bgp vrf all json"]
)
def test_without_configuration_there_are_no_instances(command: str) -> None:
    made = Bench(version="8.4.4")
    made.speaker.instances.clear()
    assert made.vtysh(command) == read("frr8.4.4-noconfig-show-bgp-vrf-all-neighbors.json")


def test_a_dead_daemon_is_named_on_stderr(bench: Bench) -> None:
    bench.speaker.down = {"bgpd"}
    output = run(bench.speaker, ["vtysh", "-c", "show bgp vrf all neighbors json"], bench.clock.now())
    assert output == (b"", b"bgpd is not running\n", 1)
    assert bench.vtysh("show version").startswith("FRRouting 10.3 (compute-1) on Linux(")


def test_without_any_daemon_vtysh_cannot_connect(bench: Bench) -> None:
    bench.speaker.down = set(DAEMONS)
    output = run(bench.speaker, ["vtysh", "-c", "show version"], bench.clock.now())
    assert (output.code, output.stderr) == (1, b"Exiting: failed to connect to any daemons.\n")


def test_hostile_names_come_out_as_valid_json() -> None:
    made = Bench(Router('<script>alert("1")</script> 100%', ("10.0.0.1",), (64501,)))
    made.add("10.0.0.1")
    (peer,) = json.loads(made.after(10).vtysh("show bgp neighbors json")).values()
    assert peer["hostname"] == '<script>alert("1")</script> 100%'


def test_timers_move_between_two_looks_without_anything_running(bench: Bench) -> None:
    def uptime() -> str:
        return str(json.loads(bench.vtysh("show bgp neighbors 10.0.0.1 json"))["10.0.0.1"]["bgpTimerUpString"])

    before = uptime()
    bench.clock.advance(3600)
    assert before.startswith("00:00:0")
    assert uptime() == before.replace("00:", "01:", 1)
