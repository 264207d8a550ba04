"""What frr-k8s refuses of people's FRRConfigurations (internal/controller: merge.go, api_to_config.go)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from intent.findings import ObjectRef
from intent.rules import check, check_frr_configuration
from intent.snapshot import Mode, Resource, Snapshot
from tests.intent.catalogue import unlisted
from tests.intent.manifests import NODES, RACK_A, RACK_B, advertisement, manifest, peer, pool, profile, service

Manifest = dict[str, Any]
NAMED = {"matchLabels": {"rack": "a"}}


def _configuration(name: str = "mine", **spec: Any) -> Manifest:
    return {**manifest("FRRConfiguration", name, spec, version="v1beta1"), "apiVersion": "frrk8s.metallb.io/v1beta1"}


def _router(*neighbors: Manifest, **more: Any) -> Manifest:
    return {"asn": 64500, "neighbors": list(neighbors), **more}


def _with(*neighbors: Manifest, selector: Any = None, name: str = "mine", **more: Any) -> Manifest:
    return _configuration(name, bgp={"routers": [_router(*neighbors, **more)]}, nodeSelector=selector)


def _neighbor(**more: Any) -> Manifest:
    return {"address": "10.0.0.1", "asn": 64501, **more}


def _out(**more: Any) -> Manifest:
    return _neighbor(toAdvertise=more)


def _pref(pref: int, *prefixes: str) -> Manifest:
    return {"localPref": pref, "prefixes": list(prefixes)}


def _vni(number: int) -> Manifest:
    return _router(vrf=f"red-{number}", evpn={"l3vni": {"vni": number}})


def _snapshot(*objects: Manifest, mode: Mode = Mode.FRR_K8S) -> Snapshot:
    theirs = [each for each in objects if each["kind"] == "FRRConfiguration"]
    ours = [each for each in objects if each["kind"] != "FRRConfiguration"]
    services = [service("web", "203.0.113.1", pool="pool")]
    made = Snapshot.from_manifests(ours, mode=mode, version="0.16.1", nodes=NODES, services=services)
    return replace(made, frr_configurations=tuple(map(Resource.from_manifest, theirs)))


def _codes(snapshot: Snapshot) -> set[str]:
    found = [finding for finding in check(snapshot) if finding.code.startswith("frr-")]
    assert unlisted(found) == []
    return {finding.code for finding in found}


CONFLICTS: dict[str, tuple[str, tuple[Manifest, ...], tuple[Manifest, ...]]] = {
    "AS of the VRF": ("frr-asn-differs", (peer(), _with(asn=64999)), (peer(), _with(asn=64500))),
    "AS of another VRF": (
        "frr-asn-differs",
        (peer(vrf="red"), _with(asn=1, vrf="red")),
        (peer(), _with(asn=1, vrf="red")),
    ),
    "on other nodes": (
        "frr-asn-differs",
        (peer(**RACK_A), _with(asn=64999, selector=NAMED)),
        (peer(**RACK_B), _with(asn=64999, selector=NAMED)),
    ),
    "router ID": (
        "frr-router-id-differs",
        (peer(routerID="10.10.10.10"), _with(id="10.10.10.11")),
        (peer(), _with(id="10.10.10.11")),
    ),
    "remote AS": ("frr-neighbor-differs", (peer(), _with(_neighbor(asn=64999))), (peer(), _with(_neighbor()))),
    "port": ("frr-neighbor-differs", (peer(), _with(_neighbor(port=180))), (peer(), _with(_neighbor(port=179)))),
    "source address, which MetalLB does not pass on": (
        "frr-neighbor-differs",
        (peer(sourceAddress="10.0.0.9"), _with(_neighbor(sourceaddress="10.0.0.9"))),
        (peer(sourceAddress="10.0.0.9"), _with(_neighbor())),
    ),
    "password on one side": (
        "frr-neighbor-differs",
        (peer(passwordSecret={"name": "s"}), _with(_neighbor())),
        (peer(passwordSecret={"name": "s"}), _with(_neighbor(password="x"))),
    ),
    "hold time": (
        "frr-neighbor-differs",
        (peer(holdTime="90s", keepaliveTime="30s"), _with(_neighbor())),
        (peer(holdTime="180s", keepaliveTime="60s"), _with(_neighbor())),
    ),
    "multihop": ("frr-neighbor-differs", (peer(ebgpMultiHop=True), _with(_neighbor())), (peer(), _with(_neighbor()))),
    "dual stack": (
        "frr-neighbor-differs",
        (peer(), _with(_neighbor(dualStackAddressFamily=True))),
        (peer(dualStackAddressFamily=True), _with(_neighbor(dualStackAddressFamily=True))),
    ),
    "BFD profile of the neighbour": (
        "frr-neighbor-differs",
        (peer(bfdProfile="fast"), _with(_neighbor(bfdProfile="slow"))),
        (peer(bfdProfile="fast"), _with(_neighbor())),
    ),
    "LOCAL_PREF": (
        "frr-local-pref-differs",
        (
            peer(), pool(), advertisement(localPref=100),
            _with(_out(withLocalPref=[_pref(200, "203.0.113.1/32")]))),
        (
            peer(), pool(), advertisement(localPref=200),
            _with(_out(withLocalPref=[_pref(200, "203.0.113.1/32")]))),
    ),
    "graceful restart": (
        "frr-graceful-restart-differs",
        (peer(enableGracefulRestart=True), _with(_neighbor())),
        (peer(enableGracefulRestart=True), _with(_neighbor(enableGracefulRestart=True))),
    ),
    "BFD profile": (
        "frr-bfd-profile-differs",
        (profile("fast", receiveInterval=100), _configuration(bgp={"bfdProfiles": [{"name": "fast"}]})),
        (profile("fast", echoMode=False), _configuration(bgp={"bfdProfiles": [{"name": "fast"}]})),
    ),
    "two of people": (
        "frr-asn-differs",
        (_with(), _with(asn=64999, name="other")),
        (_with(), _with(asn=64999, vrf="red", name="other")),
    ),
    "a neighbour of two of people": (
        "frr-neighbor-differs",
        (_with(_neighbor()), _with(_neighbor(port=1179), name="other")),
        (_with(_neighbor()), _with(_neighbor(), name="other")),
    ),
    "next hops of two of people": (
        "frr-neighbor-differs",
        (
            _with(_out(nextHop={"ipv4": "10.0.0.8"})),
            _with(_out(nextHop={"ipv4": "10.0.0.9"}), name="other"),
        ),
        (_with(_out(nextHop={"ipv4": "10.0.0.8"})), _with(_neighbor(), name="other")),
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", CONFLICTS)
def test_what_does_not_fit_together_is_told_of_both(case: str) -> None:
    code, conflict, fits = CONFLICTS[case]
    assert code in _codes(_snapshot(*conflict))
    assert code not in _codes(_snapshot(*fits))
    assert _codes(_snapshot(*conflict, mode=Mode.FRR)) == set(), "nobody reads them in FRR mode"


def test_a_peer_is_told_and_where() -> None:
    snapshot = _snapshot(peer(), _with(_neighbor(port=1179), selector=NAMED))
    ref = ObjectRef("BGPPeer", "metallb-system", "peer")
    found = [finding for finding in check(snapshot, {ref}) if finding.code == "frr-neighbor-differs"]
    assert [(finding.field, finding.objects[0], finding.nodes) for finding in found] == [
        ("spec.peerPort", ref, ("compute-1.example.com", "compute-2.example.com"))
    ]
    assert found[0].message.startswith(
        "BGPPeer peer and mine name 10.0.0.1 in the default VRF with other values: port 179 and 1179; frr-k8s refuses"
    )


def test_what_metallb_writes_is_no_configuration_of_people() -> None:
    own = _with(asn=64999, selector={"matchLabels": {"kubernetes.io/hostname": "compute-1.example.com"}})
    own["metadata"]["name"] = "metallb-compute-1.example.com"
    assert _codes(_snapshot(peer(), own)) == set()


NET, OTHER, NET6 = "198.51.100.0/24", "192.0.2.0/24", "2001:db8::/64"
ALONE: dict[str, tuple[Manifest, Manifest]] = {
    "frr-raw-configuration": (_configuration(raw={"rawConfig": "router bgp 1"}), _configuration(raw={})),
    "frr-no-node-selected": (_with(selector={"matchLabels": {"rack": "z"}}), _with(selector=NAMED)),
    "frr-neighbor-address": (_with({"asn": 64501}), _with({"asn": 64501, "interface": "eth0"})),
    "frr-neighbor-asn": (_with(_neighbor(dynamicASN="external")), _with(_neighbor(asn=None, dynamicASN="external"))),
    "frr-local-asn": (_with(_neighbor(asn=64500, localASN=1)), _with(_neighbor(localASN=1))),
    "frr-timers": (_with(_neighbor(holdTime="90s")), _with(_neighbor(holdTime="90s", keepaliveTime="30s"))),
    "frr-password-and-secret": (
        _with(_neighbor(password="x", passwordSecret={"name": "s"})),
        _with(_neighbor(passwordSecret={"name": "s"})),
    ),
    "frr-disable-mp": (_with(_neighbor(disableMP=True)), _with(_neighbor(disableMP=False))),
    "frr-bfd-profile-missing": (
        _with(_neighbor(bfdProfile="fast")),
        _configuration(bgp={"routers": [_router(_neighbor(bfdProfile="fast"))], "bfdProfiles": [{"name": "fast"}]}),
    ),
    "frr-bfd-profile-repeated": (
        _configuration(bgp={"bfdProfiles": [{"name": "fast"}, {"name": "fast"}]}),
        _configuration(bgp={"bfdProfiles": [{"name": "fast"}, {"name": "slow"}]}),
    ),
    "frr-prefix-invalid": (_with(prefixes=["198.51.100.0/255.255.255.0"]), _with(prefixes=[NET])),
    "frr-prefix-lengths": (
        _with(_neighbor(toReceive={"allowed": {"prefixes": [{"prefix": NET, "ge": 28, "le": 26}]}})),
        _with(_neighbor(toReceive={"allowed": {"prefixes": [{"prefix": NET, "ge": 26, "le": 28}]}})),
    ),
    "frr-import-missing": (
        _with(imports=[{"vrf": "red"}]),
        _configuration(bgp={"routers": [_router(imports=[{"vrf": "red"}]), _router(vrf="red")]}),
    ),
    "frr-prefix-not-configured": (
        _with(_out(allowed={"prefixes": [NET]})),
        _configuration(
            bgp={
                "routers": [
                    _router(_out(allowed={"prefixes": [NET]}), imports=[{"vrf": "red"}]),
                    _router(vrf="red", prefixes=[NET]),
                ]
            }
        ),
    ),
    "frr-prefix-family": (
        _with(_out(allowed={"prefixes": [NET6]}), prefixes=[NET6]),
        _with({**_out(allowed={"prefixes": [NET6]}), "dualStackAddressFamily": True}, prefixes=[NET6]),
    ),
    "frr-community-invalid": (
        _with(_out(withCommunity=[{"community": "no-export", "prefixes": []}])),
        _with(_out(withCommunity=[{"community": "1:2", "prefixes": []}])),
    ),
    "frr-attribute-repeated": (
        _with(_out(allowed={"mode": "all"}, withLocalPref=[_pref(1, NET), _pref(1, OTHER)]), prefixes=[NET, OTHER]),
        _with(_out(allowed={"mode": "all"}, withLocalPref=[_pref(1, NET), _pref(2, OTHER)]), prefixes=[NET, OTHER]),
    ),
    "frr-attribute-without-prefix": (
        _with(_out(allowed={"prefixes": [NET]}, withLocalPref=[_pref(1, OTHER)]), prefixes=[NET, OTHER]),
        _with(_out(allowed={"prefixes": [NET]}, withLocalPref=[_pref(1, NET)]), prefixes=[NET, OTHER]),
    ),
    "frr-local-pref-repeated": (
        _with(_out(allowed={"mode": "all"}, withLocalPref=[_pref(1, NET), _pref(2, NET)]), prefixes=[NET]),
        _with(_out(allowed={"mode": "all"}, withLocalPref=[_pref(1, NET)]), prefixes=[NET]),
    ),
    "frr-next-hop-family": (
        _with(_out(nextHop={"ipv6": "2001:db8::1"})),
        _with(_out(nextHop={"ipv4": "10.0.0.9"})),
    ),
    "frr-evpn-without-neighbor": (
        _with(_neighbor(), evpn={"advertiseVNIs": "All"}),
        _with(_neighbor(addressFamilies=["unicast", "evpn"]), evpn={"advertiseVNIs": "All"}),
    ),
    "frr-l3vni-with-neighbors": (_with(_neighbor(), evpn={"l3vni": {"vni": 7}}), _with(evpn={"l3vni": {"vni": 7}})),
    "frr-vni-repeated": (
        _configuration(bgp={"routers": [_vni(7), _vni(7)]}),
        _configuration(bgp={"routers": [_vni(7), _vni(8)]}),
    ),
}  # fmt: skip


@pytest.mark.parametrize("code", ALONE)
def test_one_by_itself_is_judged(code: str) -> None:
    bad, good = ALONE[code]
    assert code in _codes(_snapshot(bad))
    assert code not in _codes(_snapshot(good))
    ref = ObjectRef("FRRConfiguration", "metallb-system", "mine")
    assert check_frr_configuration(_snapshot(bad), ref) == check(_snapshot(bad), {ref})


@pytest.mark.parametrize(
    "spec", [[], {"bgp": 1}, {"bgp": {"routers": [1, {"neighbors": [None, {"toAdvertise": []}]}]}}]
)
def test_any_quality_is_read(spec: Any) -> None:
    check(_snapshot(_configuration(**spec) if isinstance(spec, dict) else {**_configuration(), "spec": spec}))
