"""Status objects say what MetalLB 0.16's and frr-k8s 0.0.25's pods would say (internal/k8s/controllers, cmd/status)."""

from __future__ import annotations

import json
from typing import Any

import pytest

from lab.cluster import Lab
from tests.lab.controllers.test_addresses import pool, service
from tests.lab.until import until

FIRST, SECOND = "compute-1.example.com", "compute-2.example.com"
NAMESPACE = "metallb-system"
DAEMON = "openshift-frr-k8s"


def metallb(lab: Lab, kind: str, name: str, **spec: Any) -> None:
    version = "v1beta2" if kind == "BGPPeer" else "v1beta1"
    metadata = {"name": name, "namespace": NAMESPACE}
    lab.store.add({"apiVersion": f"metallb.io/{version}", "kind": kind, "metadata": metadata, "spec": spec})


def peer(lab: Lab, name: str, address: str = "10.0.0.1", **spec: Any) -> None:
    metallb(lab, "BGPPeer", name, **{"myASN": 64500, "peerASN": 64501, "peerAddress": address, **spec})


def endpoint(lab: Lab, name: str, *nodes: str) -> None:
    """Ready endpoints of a service of the namespace `shop`, which no pod is behind."""
    labels = {"kubernetes.io/service-name": name}
    ends = [{"addresses": [f"10.128.9.{i}"], "conditions": {"ready": True}, "nodeName": n} for i, n in enumerate(nodes)]
    body = {"metadata": {"name": f"{name}-own", "namespace": "shop", "labels": labels}, "addressType": "IPv4"}
    lab.store.create("endpointslices", {**body, "endpoints": ends})


async def announced(lab: Lab) -> dict[tuple[str, str], list[str]]:
    """The peers of every ServiceBGPStatus, by node and service."""
    await lab.settled()
    found = [each["status"] for each in lab.store.list("servicebgpstatuses")]
    return {(each["node"], each["serviceName"]): each["peers"] for each in found}


def states(lab: Lab) -> dict[str, dict[str, Any]]:
    return {each["metadata"]["name"]: each["status"] for each in lab.store.list("configurationstates")}


async def test_each_node_says_to_which_peers_it_is_meant_to_announce_a_service() -> None:
    async with Lab(nodes=2, debounce=0.01) as lab:
        peer(lab, "peer1")
        peer(lab, "peer2", "10.0.0.2", nodeSelectors=[{"matchLabels": {"kubernetes.io/hostname": FIRST}}])
        pool(lab, "pool1", "4.4.4.100-4.4.4.200")
        service(lab, "web")
        endpoint(lab, "web", SECOND)
        assert await announced(lab) == {}
        metallb(lab, "BGPAdvertisement", "all", ipAddressPools=["pool1"])
        assert await announced(lab) == {(FIRST, "web"): ["peer1", "peer2"], (SECOND, "web"): ["peer1"]}
        status = lab.store.list("servicebgpstatuses")[0]
        assert status["metadata"]["name"].startswith("bgp-")
        assert status["metadata"]["namespace"] == NAMESPACE
        assert status["metadata"]["labels"] == {
            "metallb.io/node": status["status"]["node"],
            "metallb.io/service-name": "web",
            "metallb.io/service-namespace": "shop",
        }
        lab.store.patch("services", "shop", "web", {"spec": {"externalTrafficPolicy": "Local"}})
        assert await announced(lab) == {(SECOND, "web"): ["peer1"]}
        lab.store.delete("services", "shop", "web")
        assert await announced(lab) == {}


async def test_what_a_speaker_says_goes_with_its_pod_and_comes_with_the_next_one() -> None:
    async with Lab(nodes=1, debounce=0.01) as lab:
        peer(lab, "peer1")
        pool(lab, "pool1", "4.4.4.100-4.4.4.200")
        metallb(lab, "BGPAdvertisement", "all")
        service(lab, "web")
        endpoint(lab, "web", FIRST)
        await announced(lab)
        (before,) = lab.store.list("servicebgpstatuses")
        (owner,) = before["metadata"]["ownerReferences"]
        assert owner["uid"] == lab.world.pod(FIRST)["metadata"]["uid"]
        lab.world.delete_pod(FIRST)
        assert lab.store.list("servicebgpstatuses") == []
        assert list(states(lab)) == ["controller"]
        await until(lambda: len(lab.store.list("servicebgpstatuses")) == 1)
        await until(lambda: f"speaker-{FIRST}" in states(lab))
        lab.store.delete("servicebgpstatuses", NAMESPACE, lab.store.list("servicebgpstatuses")[0]["metadata"]["name"])
        await until(lambda: len(lab.store.list("servicebgpstatuses")) == 1)


async def test_a_refused_configuration_is_told_by_the_speakers_that_read_it_alone() -> None:
    async with Lab(nodes=2, debounce=0.01) as lab:
        await lab.settled()
        assert {name: state["result"] for name, state in states(lab).items()} == {
            "controller": "Valid",
            f"speaker-{FIRST}": "Valid",
            f"speaker-{SECOND}": "Valid",
        }
        only_first: dict[str, Any] = {"nodeSelectors": [{"matchLabels": {"kubernetes.io/hostname": FIRST}}]}
        peer(lab, "bad", bfdProfile="none", **only_first)
        await lab.settled()
        state = states(lab)[f"speaker-{FIRST}"]
        assert state["result"] == "Invalid"
        assert state["errorSummary"].startswith("configuration error: ")
        assert "none" in state["errorSummary"]
        (condition,) = state["conditions"]
        expected = ("configReconcilerValid", "False", "ConfigurationError", state["errorSummary"])
        assert tuple(condition[key] for key in ("type", "status", "reason", "message")) == expected
        assert states(lab)[f"speaker-{SECOND}"]["result"] == "Valid"
        labels = (lab.store.get("configurationstates", NAMESPACE, f"speaker-{FIRST}") or {})["metadata"]["labels"]
        assert labels == {"metallb.io/component-type": "speaker", "metallb.io/node-name": FIRST}
        lab.store.delete("bgppeers", NAMESPACE, "bad")
        await lab.settled()
        assert states(lab)[f"speaker-{FIRST}"]["errorSummary"] == ""


async def test_one_node_answers_for_a_service_on_layer_2() -> None:
    async with Lab(nodes=3, debounce=0.01) as lab:
        pool(lab, "lan", "192.168.10.200-192.168.10.210")
        metallb(lab, "L2Advertisement", "lan", ipAddressPools=["lan"], interfaces=["eth0"])
        service(lab, "web")
        await lab.settled()
        assert lab.store.list("servicel2statuses") == [], "nothing is behind it"
        endpoint(lab, "web", SECOND)
        await lab.settled()
        (status,) = lab.store.list("servicel2statuses")
        assert status["status"]["interfaces"] == [{"name": "eth0"}]
        lab.store.patch("services", "shop", "web", {"spec": {"externalTrafficPolicy": "Local"}})
        await lab.settled()
        assert [each["status"]["node"] for each in lab.store.list("servicel2statuses")] == [SECOND]
        lab.world.relabel(SECOND, {"node.kubernetes.io/exclude-from-external-load-balancers": ""})
        await lab.settled()
        assert lab.store.list("servicel2statuses") == []


@pytest.mark.parametrize(("version", "kinds"), [("0.14.5", 0), ("0.14.9", 1), ("0.15.0", 2), ("0.16.1", 3)])
async def test_an_older_release_writes_what_it_knew(version: str, kinds: int) -> None:
    async with Lab(nodes=1, debounce=0.01, version=version) as lab:
        peer(lab, "peer1")
        pool(lab, "pool1", "4.4.4.100-4.4.4.200")
        metallb(lab, "BGPAdvertisement", "all")
        metallb(lab, "L2Advertisement", "all")
        service(lab, "web")
        endpoint(lab, "web", FIRST)
        await lab.settled()
        plurals = ("servicel2statuses", "servicebgpstatuses", "configurationstates")
        assert sum(bool(lab.store.list(plural)) for plural in plurals) == kinds


def frr_k8s(lab: Lab, plural: str) -> list[dict[str, Any]]:
    return lab.store.list(f"{plural}.frrk8s.metallb.io")


def furnish(lab: Lab) -> None:
    """Sessions in two VRFs and of both families, two of them with a password, and one announcement."""
    metadata = {"name": "key", "namespace": NAMESPACE}
    secret = {"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "type": "kubernetes.io/basic-auth"}
    lab.store.add({**secret, "stringData": {"password": "canary-of-a-secret"}})
    lab.routers.change("10.0.0.1", password="canary-of-a-secret")
    peer(lab, "peer1", passwordSecret={"name": "key"}, holdTime="90s", keepaliveTime="30s")
    lab.routers.change("2620:52:0:88::104", password="canary-inline")
    peer(lab, "peer6", "2620:52:0:88::104", peerASN=64500, password="canary-inline")
    peer(lab, "vrf", "192.168.130.1", myASN=100, peerASN=200, vrf="ens4vrf")
    pool(lab, "pool1", "4.4.4.100-4.4.4.200")
    metallb(lab, "BGPAdvertisement", "one", peers=["peer1"], communities=["65535:65282"], localPref=100)
    service(lab, "web")
    endpoint(lab, "web", FIRST)


async def test_frr_k8s_is_told_what_to_run() -> None:
    async with Lab(nodes=1, debounce=0.01, mode="frr-k8s", frr_namespace=DAEMON) as lab:
        furnish(lab)
        await lab.settled()
        (configuration,) = frr_k8s(lab, "frrconfigurations")
        assert configuration["metadata"]["name"] == f"metallb-{FIRST}"
        assert configuration["metadata"]["namespace"] == DAEMON
        assert configuration["spec"]["nodeSelector"] == {"matchLabels": {"kubernetes.io/hostname": FIRST}}
        default, vrf = configuration["spec"]["bgp"]["routers"]
        assert (default["asn"], default["prefixes"], vrf["vrf"]) == (64500, ["4.4.4.100/32"], "ens4vrf")
        (neighbor,) = [each for each in default["neighbors"] if each["address"] == "10.0.0.1"]
        assert neighbor["passwordSecret"] == {"name": "key"}
        assert (neighbor["holdTime"], neighbor["keepaliveTime"]) == ("1m30s", "30s")
        assert neighbor["toAdvertise"] == {
            "allowed": {"mode": "filtered", "prefixes": ["4.4.4.100/32"]},
            "withLocalPref": [{"localPref": 100, "prefixes": ["4.4.4.100/32"]}],
            "withCommunity": [{"community": "65535:65282", "prefixes": ["4.4.4.100/32"]}],
        }
        assert "canary" not in json.dumps(configuration)


async def test_frr_k8s_tells_what_runs_without_passwords() -> None:
    plan = {"mode": "frr-k8s", "frr_namespace": DAEMON, "node_poll": 0.05, "session_poll": 0.1}
    async with Lab(nodes=1, debounce=0.01, **plan) as lab:
        furnish(lab)

        def sessions() -> dict[tuple[str, str], tuple[str, str]]:
            found = [each["status"] for each in frr_k8s(lab, "bgpsessionstates")]
            return {(each["vrf"], each["peer"]): (each["bgpStatus"], each["bfdStatus"]) for each in found}

        up = ("Established", "N/A")
        expected = {
            ("", "10.0.0.1"): up,
            ("", "2620-0052-0000-0088-0000-0000-0000-0104"): up,
            ("ens4vrf", "192.168.130.1"): up,
        }
        await until(lambda: sessions() == expected)
        state = frr_k8s(lab, "bgpsessionstates")[0]
        assert state["metadata"]["name"].startswith(f"{FIRST}-")
        assert state["metadata"]["labels"]["frrk8s.metallb.io/node"] == FIRST
        assert state["metadata"]["ownerReferences"][0]["uid"] == lab.world.pod(FIRST)["metadata"]["uid"]
        await until(lambda: "4.4.4.100" in json.dumps(frr_k8s(lab, "frrnodestates")))
        (node,) = frr_k8s(lab, "frrnodestates")
        assert node["metadata"]["name"] == FIRST
        assert "password <retracted>" in node["status"]["runningConfig"]
        assert (node["status"]["lastConversionResult"], node["status"]["lastReloadResult"]) == ("success", "success")
        text = json.dumps([frr_k8s(lab, plural) for plural in ("frrnodestates", "bgpsessionstates")])
        assert "canary" not in text


async def test_a_session_that_goes_down_is_told_at_the_next_look() -> None:
    plan = {"mode": "frr-k8s", "node_poll": 0.05, "session_poll": 0.1}
    async with Lab(nodes=1, debounce=0.01, **plan) as lab:
        peer(lab, "peer1")

        def status() -> list[str]:
            return [each["status"]["bgpStatus"] for each in frr_k8s(lab, "bgpsessionstates")]

        await until(lambda: status() == ["Established"])
        lab.routers.change("10.0.0.1", shutdown="maintenance")
        await until(lambda: status() and status() != ["Established"])
        lab.store.delete("bgppeers", NAMESPACE, "peer1")
        await until(lambda: status() == [])
        (before,) = frr_k8s(lab, "frrnodestates")
        lab.world.delete_pod(FIRST)
        await until(lambda: frr_k8s(lab, "frrnodestates") not in ([], [before]))


async def test_what_others_configure_for_frr_k8s_stays_and_metallbs_own_is_put_back() -> None:
    async with Lab(nodes=1, debounce=0.01, mode="frr-k8s") as lab:
        own = {"apiVersion": "frrk8s.metallb.io/v1beta1", "kind": "FRRConfiguration", "spec": {}}
        lab.store.add({**own, "metadata": {"name": "mine", "namespace": NAMESPACE}})
        peer(lab, "peer1")
        await lab.settled()
        name = f"metallb-{FIRST}"
        before = lab.store.get("frrconfigurations", NAMESPACE, name)
        assert before is not None
        lab.store.patch("frrconfigurations", NAMESPACE, name, {"spec": {"bgp": {"routers": []}}})
        await lab.settled()
        after = lab.store.get("frrconfigurations", NAMESPACE, name)
        assert after is not None
        assert after["spec"] == before["spec"]
        assert lab.store.get("frrconfigurations", NAMESPACE, "mine") is not None


async def test_metallbs_own_stays_as_it_is_while_what_others_configure_does_not_fit() -> None:
    """frr-k8s' webhook refuses an FRRConfiguration that cannot be merged, and MetalLB's speaker only logs that."""
    async with Lab(nodes=1, debounce=0.01, mode="frr-k8s") as lab:
        own = {"apiVersion": "frrk8s.metallb.io/v1beta1", "kind": "FRRConfiguration"}
        spec = {"bgp": {"routers": [{"asn": 64999}]}}
        lab.store.add({**own, "metadata": {"name": "mine", "namespace": NAMESPACE}, "spec": spec})
        peer(lab, "peer1")
        await lab.settled()
        assert [each["spec"]["bgp"]["routers"] for each in _metallbs(lab)] == [[]], "as it was before the peer"
        assert states(lab)[f"speaker-{FIRST}"]["result"] == "Valid"
        lab.store.delete("frrconfigurations", NAMESPACE, "mine")
        await lab.settled()
        assert [router["asn"] for each in _metallbs(lab) for router in each["spec"]["bgp"]["routers"]] == [64500]


def _metallbs(lab: Lab) -> list[dict[str, Any]]:
    found = lab.store.get("frrconfigurations", NAMESPACE, f"metallb-{FIRST}")
    return [found] if found is not None else []
