"""The frr.conf of a node, held against FRR's own parser where it is installed."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from intent.render import frr_config
from intent.snapshot import Mode, Snapshot
from tests.intent.manifests import ALL, DOCUMENTED, cluster, peer, profile

EVERYTHING = (
    peer(
        "full",
        peerPort=1179,
        holdTime="90s",
        connectTime="10s",
        passwordSecret={"name": "s"},
        enableGracefulRestart=True,
        bfdProfile="full",
        ebgpMultiHop=True,
        localASN=64999,
        sourceAddress="10.0.0.9",
        routerID="10.10.10.10",
    ),
    peer("six", peerAddress="2001:DB8::1", dualStackAddressFamily=True, keepaliveTime="10s", routerID="10.10.10.10"),
    peer("unnumbered", peerAddress=None, interface="eth1", routerID="10.10.10.10"),
    peer("dynamic", peerAddress="10.0.0.5", peerASN=None, dynamicASN="internal", routerID="10.10.10.10"),
    peer("red", vrf="red", myASN=64600, routerID="10.10.10.10"),
    profile(
        "full",
        receiveInterval=270,
        transmitInterval=270,
        detectMultiplier=37,
        echoMode=True,
        echoInterval=37,
        passiveMode=True,
        minimumTtl=254,
    ),
    profile("unused", echoMode=False),
)
PASSWORDS = {"full": "s3cret\n"}


def lines(snapshot: Snapshot) -> list[str]:
    return [line.strip() for line in frr_config(snapshot, ALL[0], PASSWORDS).splitlines()]


@pytest.mark.parametrize("mode", [Mode.FRR, Mode.FRR_K8S])
@pytest.mark.parametrize("name", ["everything", *sorted(DOCUMENTED)])
def test_frr_itself_accepts_the_text(name: str, mode: Mode, tmp_path: Path) -> None:
    vtysh = shutil.which("vtysh")
    if vtysh is None:
        reason = "FRR is not installed: the rendered configuration is NOT checked by it"
        pytest.skip(reason)
    manifests = EVERYTHING if name == "everything" else (DOCUMENTED[name],)
    file = tmp_path / "frr.conf"
    file.write_text(frr_config(cluster(*manifests, mode=mode), ALL[0], PASSWORDS))
    done = subprocess.run([vtysh, "-C", "-f", str(file)], capture_output=True, text=True, timeout=20, check=False)
    assert (done.returncode, done.stderr) == (0, "")


NEIGHBOR = [
    ({}, "neighbor 10.0.0.1 remote-as 64501"),
    ({}, "neighbor 10.0.0.1 port 179"),
    ({"peerASN": None, "dynamicASN": "external"}, "neighbor 10.0.0.1 remote-as external"),
    ({"peerASN": None, "dynamicASN": "internal"}, "neighbor 10.0.0.1 remote-as internal"),
    ({"peerPort": 1179}, "neighbor 10.0.0.1 port 1179"),
    ({"peerAddress": None, "interface": "eth1"}, "neighbor eth1 interface remote-as 64501"),
    ({"ebgpMultiHop": True}, "neighbor 10.0.0.1 ebgp-multihop"),
    ({"localASN": 64999}, "neighbor 10.0.0.1 local-as 64999 no-prepend replace-as"),
    ({"holdTime": "90s"}, "neighbor 10.0.0.1 timers 30 90"),
    ({"holdTime": "0s", "keepaliveTime": "0s"}, "neighbor 10.0.0.1 timers 0 0"),
    ({"connectTime": "10s"}, "neighbor 10.0.0.1 timers connect 10"),
    ({"sourceAddress": "10.0.0.9"}, "neighbor 10.0.0.1 update-source 10.0.0.9"),
    ({"enableGracefulRestart": True}, "neighbor 10.0.0.1 graceful-restart"),
    ({"bfdProfile": "x"}, "neighbor 10.0.0.1 bfd"),
    ({"bfdProfile": "x"}, "neighbor 10.0.0.1 bfd profile x"),
    ({"routerID": "10.10.10.10"}, "bgp router-id 10.10.10.10"),
    ({"peerAddress": "2001:db8::1"}, "neighbor 2001:db8::1 disable-connected-check"),
    ({"vrf": "red"}, "router bgp 64500 vrf red"),
    ({"vrf": "red"}, "neighbor 10.0.0.1 route-map 10.0.0.1-red-out out"),
    ({"peerAddress": None, "interface": "eth1", "vrf": "red"}, "neighbor eth1 route-map eth1-red-in in"),
]


@pytest.mark.parametrize(("spec", "line"), NEIGHBOR, ids=str)
def test_a_field_is_a_line(spec: dict[str, Any], line: str) -> None:
    assert line in lines(cluster(peer("a", **spec)))
    if spec:
        assert line not in lines(cluster(peer("a")))


# internal/bgp/frr/templates/frr.tmpl, and FRR-K8s' internal/frr/templates/frr.tmpl
@pytest.mark.parametrize("mode", [Mode.FRR, Mode.FRR_K8S])
def test_the_node_and_each_router_have_their_own_lines(mode: Mode) -> None:
    text = lines(cluster(peer("a"), peer("b", vrf="red", myASN=64600), mode=mode))
    assert text[:5] == [
        "log stdout informational",
        "log timestamp precision 3",
        f"hostname {ALL[0]}",
        "ip nht resolve-via-default",
        "ipv6 nht resolve-via-default",
    ]
    own = [
        "no bgp ebgp-requires-policy",
        "no bgp network import-check",
        "no bgp default ipv4-unicast",
        "bgp graceful-restart preserve-fw-state",
    ]
    routers = [at for at, line in enumerate(text) if line.startswith("router bgp")]
    assert [text[at] for at in routers] == ["router bgp 64500", "router bgp 64600 vrf red"]
    assert [text[at + 1 : at + 5] for at in routers] == [own, own]
    assert not any("router-id" in line for line in text)


def test_frr_k8s_writes_a_port_that_is_not_bgps() -> None:
    text = lines(cluster(peer("a", peerPort=1179), peer("b", peerAddress="10.0.0.2"), mode=Mode.FRR_K8S))
    assert [line for line in text if " port " in line] == ["neighbor 10.0.0.1 port 1179"]


@pytest.mark.parametrize("spec", [{"ebgpMultiHop": True}, {"peerASN": 64500}], ids=str)
def test_only_direct_ebgp_over_ipv6_skips_the_connected_check(spec: dict[str, Any]) -> None:
    assert "disable-connected-check" not in frr_config(cluster(peer("a", peerAddress="2001:db8::1", **spec)), ALL[0])


def test_frr_k8s_mode_leaves_out_what_it_drops() -> None:
    spec = {"sourceAddress": "10.0.0.9", "localASN": 64999, "holdTime": "90s", "keepaliveTime": "60s"}
    text = frr_config(cluster(peer("a", **spec), mode=Mode.FRR_K8S), ALL[0])
    assert [word for word in ("port", "local-as", "update-source", "timers") if f"10.0.0.1 {word}" in text] == []


def test_nothing_is_learnt_and_without_prefixes_nothing_announced() -> None:
    text = lines(cluster(peer("a")))
    assert "route-map 10.0.0.1-in deny 20" in text
    assert "ip prefix-list 10.0.0.1-allowed-ipv4 seq 1 deny any" in text
    assert "ipv6 prefix-list 10.0.0.1-allowed-ipv6 seq 1 deny any" in text
    assert "neighbor 10.0.0.1 route-map 10.0.0.1-in in" in text


def test_a_session_is_active_in_its_families_only() -> None:
    text = frr_config(cluster(peer("a"), peer("b", peerAddress="2001:db8::1", dualStackAddressFamily=True)), ALL[0])
    four, six = (
        text.split(f"address-family {family} unicast")[1].split("exit-address")[0] for family in ("ipv4", "ipv6")
    )
    assert ("10.0.0.1 activate" in four, "2001:db8::1 activate" in four) == (True, True)
    assert ("10.0.0.1 activate" in six, "2001:db8::1 activate" in six) == (False, True)
    unnumbered = frr_config(cluster(peer("c", peerAddress=None, interface="eth1")), ALL[0])
    assert unnumbered.count("neighbor eth1 activate") == 2


def test_a_password_comes_in_by_argument_alone() -> None:
    snapshot = cluster(peer("a", password="inline"))
    assert "password" not in frr_config(snapshot, ALL[0])
    assert " neighbor 10.0.0.1 password s3cret\n" in frr_config(snapshot, ALL[0], {"a": "s3cret\n"})


def test_all_profiles_are_written_used_or_not() -> None:
    text = lines(cluster(*EVERYTHING))
    assert {"profile full", "profile unused", "detect-multiplier 37", "echo-mode", "minimum-ttl 254"} <= set(text)
    assert text.count("echo-mode") == 1


def test_native_mode_has_no_frr() -> None:
    assert frr_config(cluster(peer("a"), mode=Mode.NATIVE), ALL[0]) == ""
