"""Prefixes in frr.conf, as MetalLB (internal/bgp/frr/templates) and FRR-K8s (internal/frr/templates) write them."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from intent.announcements import announced_on
from intent.render import frr_config
from intent.sessions import sessions_on
from intent.snapshot import Mode, Service, Snapshot
from tests.intent.frr_conf import Sent, read
from tests.intent.manifests import ALL, advertisement, cluster, manifest, peer, pool, service

ONE = ALL[0]
DUAL = pool("pool", ["203.0.113.0/24", "2001:db8::/64"])
WEB = (service("web", "203.0.113.9", "2001:db8::9"), service("api", "203.0.113.10"))
RED = peer("red", vrf="red", peerAddress="10.0.0.2")
ALIAS = manifest("Community", "c", {"communities": [{"name": "vpn", "value": "large:64512:1:2"}]}, version="v1beta1")
FULL = advertisement("full", localPref=200, communities=["65000:1", "vpn"], peers=["red"], aggregationLength=24)


def config(*manifests: Any, services: tuple[Service, ...] = WEB, mode: Mode = Mode.FRR) -> str:
    return frr_config(cluster(*manifests, services=services, mode=mode), ONE)


def about(text: str, *words: str) -> str:
    """The text's lines about lists, maps and networks that hold one of the words."""
    wanted = ("prefix-list", "route-map", "set ", "on-match", "network ", "match ")
    lines = [line.strip() for line in text.splitlines() if line.strip().startswith((*wanted, "ip ", "ipv6 "))]
    return "\n".join(line for line in lines if "nht" not in line and (not words or any(w in line for w in words)))


FRR_TEXT = """
route-map 10.0.0.2-red-in deny 20
ip prefix-list 10.0.0.2-red-200-ip-localpref-prefixes seq 1 permit 203.0.113.0/24
route-map 10.0.0.2-red-out permit 1
match ip address prefix-list 10.0.0.2-red-200-ip-localpref-prefixes
set local-preference 200
on-match next
ip prefix-list 10.0.0.2-red-65000:1-ip-community-prefixes seq 1 permit 203.0.113.0/24
route-map 10.0.0.2-red-out permit 2
match ip address prefix-list 10.0.0.2-red-65000:1-ip-community-prefixes
set community 65000:1 additive
on-match next
ip prefix-list 10.0.0.2-red-large:64512:1:2-ip-community-prefixes seq 1 permit 203.0.113.0/24
route-map 10.0.0.2-red-out permit 3
match ip address prefix-list 10.0.0.2-red-large:64512:1:2-ip-community-prefixes
set large-community 64512:1:2 additive
on-match next
ip prefix-list 10.0.0.2-red-allowed-ipv4 seq 1 permit 203.0.113.0/24
ipv6 prefix-list 10.0.0.2-red-allowed-ipv6 seq 1 deny any
route-map 10.0.0.2-red-out permit 4
match ip address prefix-list 10.0.0.2-red-allowed-ipv4
route-map 10.0.0.2-red-out permit 5
match ipv6 address prefix-list 10.0.0.2-red-allowed-ipv6
network 203.0.113.0/24
"""
FRR_K8S_INBOUND = """
ip prefix-list 10.0.0.2-red-inpl-ipv4 seq 1 deny any
ipv6 prefix-list 10.0.0.2-red-inpl-ipv4 seq 2 deny any
route-map 10.0.0.2-red-in permit 6
match ip address prefix-list 10.0.0.2-red-inpl-ipv4
route-map 10.0.0.2-red-in permit 7
match ipv6 address prefix-list 10.0.0.2-red-inpl-ipv4
"""


def test_a_prefix_with_attributes_is_written_as_metallb_does_it() -> None:
    assert about(config(RED, DUAL, ALIAS, FULL)) == FRR_TEXT.strip()


def test_frr_k8s_writes_the_inbound_map_last_and_numbers_on() -> None:
    outbound, network = FRR_TEXT.strip().split("\n", 1)[1].rsplit("\n", 1)
    expected = f"{outbound}\n{FRR_K8S_INBOUND.strip()}\n{network}"
    assert about(config(RED, DUAL, ALIAS, FULL, mode=Mode.FRR_K8S)) == expected


@pytest.mark.parametrize(
    ("families", "name"),
    [({}, "ipv4"), ({"peerAddress": "2001:db8:1::1"}, "ipv6"), ({"dualStackAddressFamily": True}, "dual")],
)
def test_the_inbound_list_of_frr_k8s_has_the_family_of_its_neighbour(families: dict[str, Any], name: str) -> None:
    assert f"-inpl-{name} seq 1 deny any" in config(peer("a", **families), mode=Mode.FRR_K8S)


def test_every_prefix_of_any_neighbour_is_a_network_of_the_router_and_each_gets_its_own_only() -> None:
    advertised = advertisement("a", peers=["a"]), advertisement("b", aggregationLength=24, peers=["b"])
    text = config(peer("a"), peer("b", peerAddress="10.0.0.9"), DUAL, *advertised)
    assert about(text, "network", "allowed-ipv4 seq") == "\n".join(
        [
            "ip prefix-list 10.0.0.1-allowed-ipv4 seq 1 permit 203.0.113.10/32",  # sorted as text
            "ip prefix-list 10.0.0.1-allowed-ipv4 seq 2 permit 203.0.113.9/32",
            "ip prefix-list 10.0.0.9-allowed-ipv4 seq 1 permit 203.0.113.0/24",
            "network 203.0.113.0/24",
            "network 203.0.113.10/32",
            "network 203.0.113.9/32",
        ]
    )


def test_a_family_that_no_session_of_the_router_has_is_dropped_without_a_word() -> None:
    text = config(peer("a"), peer("six", peerAddress="2001:db8:1::1", vrf="red"), DUAL, advertisement())
    assert read(text).networks == {
        ("default", "ipv4"): ["203.0.113.10/32", "203.0.113.9/32"],
        ("red", "ipv6"): ["2001:db8::9/128"],
    }


def test_prefixes_with_the_same_preference_share_a_list() -> None:
    text = config(peer("a"), DUAL, advertisement(localPref=7))
    assert about(text, "localpref-prefixes seq").count("10.0.0.1-7-ip-localpref-prefixes") == 2
    assert text.count("set local-preference 7") == 1


def test_lists_of_ipv6_have_its_name_and_a_preference_of_zero_has_none() -> None:
    six = peer("six", peerAddress="2001:db8:1::1")
    text = config(six, DUAL, advertisement(localPref=7, communities=["65000:1"]))
    name = "2001:db8:1::1"
    assert f"ipv6 prefix-list {name}-7-ipv6-localpref-prefixes seq 1 permit 2001:db8::9/128" in text
    assert f"ipv6 prefix-list {name}-65000:1-ipv6-community-prefixes seq 1 permit 2001:db8::9/128" in text
    assert f"match ipv6 address prefix-list {name}-7-ipv6-localpref-prefixes" in about(text)
    assert "localpref" not in config(six, DUAL, advertisement(localPref=0))


def test_nothing_goes_out_of_a_node_that_is_told_otherwise() -> None:
    snapshot = cluster(peer("a"), DUAL, advertisement(), services=WEB)
    assert "network" not in about(frr_config(snapshot, ONE, announced={}))
    assert frr_config(snapshot, ONE, announced=announced_on(snapshot, ONE)) == frr_config(snapshot, ONE)


@pytest.mark.parametrize("mode", [Mode.FRR, Mode.FRR_K8S])
def test_frr_itself_accepts_prefixes_with_all_attributes(mode: Mode, tmp_path: Path) -> None:
    vtysh = shutil.which("vtysh")
    if vtysh is None:
        reason = "FRR is not installed: the rendered configuration is NOT checked by it"
        pytest.skip(reason)
    both = peer("both", dualStackAddressFamily=True, peerAddress="10.0.0.3")
    six = advertisement("six", aggregationLengthV6=64, localPref=300, communities=["65535:65282", "vpn"])
    file = tmp_path / "frr.conf"
    file.write_text(config(RED, both, DUAL, ALIAS, FULL, six, mode=mode))
    done = subprocess.run([vtysh, "-C", "-f", str(file)], capture_output=True, text=True, timeout=20, check=False)
    assert (done.returncode, done.stderr) == (0, "")


some_peers = st.lists(
    st.fixed_dictionaries(
        {
            "peerAddress": st.sampled_from(["10.0.0.1", "10.0.0.2", "2001:db8:1::1"]),
            "vrf": st.sampled_from([None, "red"]),
            "dualStackAddressFamily": st.booleans(),
        }
    ),
    max_size=4,
    unique_by=lambda spec: (spec["peerAddress"], spec["vrf"]),
)
some_advertisements = st.lists(
    st.fixed_dictionaries(
        {},
        optional={
            "aggregationLength": st.sampled_from([24, 28, 32]),
            "aggregationLengthV6": st.sampled_from([64, 120, 128]),
            "localPref": st.sampled_from([0, 20, 100, 1000]),
            "communities": st.lists(st.sampled_from(["1:1", "1:2", "large:1:2:3", "vpn"]), unique=True),
            "peers": st.lists(st.sampled_from(["p0", "p1", "nobody"]), unique=True),
            "serviceSelectors": st.sampled_from([[{"matchLabels": {"tier": "gold"}}], [{}]]),
        },
    ),
    max_size=4,
)
some_services = st.lists(
    st.tuples(
        st.lists(st.sampled_from(["203.0.113.1", "203.0.113.200", "2001:db8::1", "2001:db8::ff"]), max_size=3),
        st.booleans(),
        st.sampled_from([(ONE,), (ALL[1],), ()]),
        st.sampled_from(["gold", "tin"]),
    ),
    max_size=5,
)


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(some_peers, some_advertisements, some_services, st.sampled_from([Mode.FRR, Mode.FRR_K8S]))
def test_what_frr_makes_of_the_text_is_what_was_meant(
    peers: list[Any], advertised: list[Any], services: list[Any], mode: Mode
) -> None:
    made = [peer(f"p{number}", **spec) for number, spec in enumerate(peers)]
    advs = [advertisement(f"a{number}", **spec) for number, spec in enumerate(advertised)]
    running = tuple(
        service(f"s{number}", *addresses, local=local, nodes=nodes, labels={"tier": tier})
        for number, (addresses, local, nodes, tier) in enumerate(services)
    )
    snapshot = cluster(*made, *advs, DUAL, ALIAS, services=running, mode=mode)
    conf, announced = read(frr_config(snapshot, ONE)), announced_on(snapshot, ONE)
    for session in sessions_on(snapshot, ONE):
        assert conf.sent(session.vrf, session.neighbor) == {
            each.prefix: Sent(each.local_pref, frozenset(map(str, each.communities)))
            for each in announced[session.peer]
        }


def test_the_small_frr_tells_a_snapshot_apart_from_an_empty_one() -> None:
    snapshot: Snapshot = cluster(RED, DUAL, ALIAS, FULL, services=WEB)
    assert read(frr_config(snapshot, ONE)).sent("red", "10.0.0.2") == {
        "203.0.113.0/24": Sent(200, frozenset({"65000:1", "large:64512:1:2"}))
    }
