"""MetalLB's controller in the lab gives addresses as controller/service.go and internal/allocator of 0.16 do."""

from __future__ import annotations

from typing import Any

import pytest

from lab.cluster import Lab

NAMESPACE = "metallb-system"
POOL_ANNOTATION = "metallb.io/ip-allocated-from-pool"


def pool(lab: Lab, name: str, *addresses: str, labels: dict[str, str] | None = None, **spec: Any) -> None:
    metadata = {"name": name, "namespace": NAMESPACE, "labels": labels or {}}
    body = {"apiVersion": "metallb.io/v1beta1", "kind": "IPAddressPool", "metadata": metadata}
    lab.store.add({**body, "spec": {"addresses": list(addresses), **spec}})


def service(lab: Lab, name: str, *, labels: dict[str, str] | None = None, namespace: str = "shop", **more: Any) -> None:
    """more: fields of the spec; `asks`: annotations of MetalLB."""
    if lab.store.get("namespaces", "", namespace) is None:
        lab.store.create("namespaces", {"metadata": {"name": namespace, "labels": {"team": namespace}}})
    annotations = {f"metallb.io/{key}": value for key, value in more.pop("asks", {}).items()}
    metadata = {"name": name, "namespace": namespace, "labels": labels or {}, "annotations": annotations}
    spec = {"type": "LoadBalancer", "ports": [{"name": "http", "port": 80}], "selector": {"app": name}, **more}
    lab.store.create("services", {"metadata": metadata, "spec": spec})


async def given(lab: Lab, name: str, namespace: str = "shop") -> tuple[list[str], str]:
    """The addresses and the pool of a service."""
    await lab.settled()
    found = lab.store.get("services", namespace, name)
    assert found is not None
    ingress = found["status"]["loadBalancer"].get("ingress", [])
    return [item["ip"] for item in ingress], (found["metadata"].get("annotations") or {}).get(POOL_ANNOTATION, "")


def said(lab: Lab, name: str, namespace: str = "shop") -> list[tuple[str, str, str]]:
    """Events about a service: type, reason, message."""
    events = [each for each in lab.store.list("events", namespace) if each["involvedObject"]["name"] == name]
    return [(each["type"], each["reason"], each["message"]) for each in events]


async def test_an_address_its_pool_the_pools_figures_and_the_event_are_written() -> None:
    async with Lab(nodes=1) as lab:
        pool(lab, "first-pool", "192.169.10.0/32")
        service(lab, "server1", namespace="test")
        assert await given(lab, "server1", "test") == (["192.169.10.0"], "first-pool")
        assert said(lab, "server1", "test") == [("Normal", "IPAllocated", 'Assigned IP ["192.169.10.0"]')]
        found = lab.store.get("ipaddresspools", NAMESPACE, "first-pool")
        assert found is not None
        assert found["status"] == {"assignedIPv4": 1, "assignedIPv6": 0, "availableIPv4": 0, "availableIPv6": 0}
        assert found["metadata"]["generation"] == 1
        lab.store.patch("services", "test", "server1", {"spec": {"type": "ClusterIP"}})
        assert await given(lab, "server1", "test") == ([], "")


async def test_without_an_address_left_a_service_waits_until_one_is_given_back() -> None:
    async with Lab(nodes=1) as lab:
        pool(lab, "one", "203.0.113.7/32")
        service(lab, "first")
        await given(lab, "first")
        service(lab, "second")
        assert await given(lab, "second") == ([], "")
        expected = ("Warning", "AllocationFailed", 'Failed to allocate IP for "shop/second": no available IPs')
        assert said(lab, "second") == [expected]
        lab.store.delete("services", "shop", "first")
        assert await given(lab, "second") == (["203.0.113.7"], "one")


@pytest.mark.parametrize(
    ("asked", "addresses", "words"),
    [
        ({"asks": {"address-pool": "spare"}}, ["203.0.113.64"], ""),
        ({"asks": {"address-pool": "none"}}, [], 'unknown pool "none"'),
        ({"asks": {"address-pool": "spare"}, "ipFamilies": ["IPv6"]}, [], "no available IPs in pool"),
        ({"asks": {"loadBalancerIPs": "203.0.113.9"}}, ["203.0.113.9"], ""),
        ({"loadBalancerIP": "203.0.113.66"}, ["203.0.113.66"], ""),
        ({"loadBalancerIP": "203.0.113.9", "asks": {"address-pool": "spare"}}, [], "not compatible with requested"),
        ({"loadBalancerIP": "198.51.100.1"}, [], '["198.51.100.1"] is not allowed in config'),
        ({"loadBalancerIP": "2001:db8::1"}, [], "does not match the ipFamily of the service"),
        (
            {"loadBalancerIP": "203.0.113.9", "asks": {"loadBalancerIPs": "203.0.113.9"}},
            [],
            "service can not have both",
        ),
        ({"asks": {"loadBalancerIPs": "elsewhere"}}, [], 'invalid metallb.io/loadBalancerIPs: "elsewhere"'),
        ({"loadBalancerClass": "example.com/other"}, [], ""),
    ],
)
async def test_what_a_service_asks_for_is_given_or_refused_in_metallbs_words(
    asked: dict[str, Any], addresses: list[str], words: str
) -> None:
    async with Lab(nodes=1) as lab:
        pool(lab, "main", "203.0.113.8-203.0.113.15")
        pool(lab, "spare", "203.0.113.64/29", autoAssign=False)
        service(lab, "web", **asked)
        assert (await given(lab, "web"))[0] == addresses
        messages = [message for kind, _, message in said(lab, "web") if kind == "Warning"]
        assert (words in messages[0]) if words else not messages


async def test_pools_for_a_namespace_or_a_service_come_first_by_priority() -> None:
    async with Lab(nodes=1) as lab:
        pool(lab, "a-everybodys", "203.0.113.0/29")
        pool(lab, "b-late", "203.0.113.8/29", serviceAllocation={"namespaces": ["shop"]})
        pool(lab, "c-soon", "203.0.113.16/29", serviceAllocation={"namespaces": ["shop"], "priority": 50})
        labelled = {"namespaceSelectors": [{"matchLabels": {"team": "shop"}}], "priority": 10}
        chosen = {"serviceSelectors": [{"matchLabels": {"tier": "edge"}}]}
        pool(lab, "d-first", "203.0.113.24/29", serviceAllocation={**labelled, **chosen})
        pool(lab, "e-nobodys", "203.0.113.32/29", serviceAllocation={})
        for name, labels, namespace in (("web", {}, "shop"), ("edge", {"tier": "edge"}, "shop"), ("web", {}, "other")):
            service(lab, name, labels=labels, namespace=namespace)
        assert (await given(lab, "web"))[1] == "c-soon"
        assert (await given(lab, "edge"))[1] == "d-first"
        assert (await given(lab, "web", "other"))[1] == "a-everybodys"
        service(lab, "thief", namespace="other", asks={"address-pool": "c-soon"})
        assert await given(lab, "thief", "other") == ([], "")
        assert "pool c-soon not compatible for ip assignment" in said(lab, "thief", "other")[0][2]
        service(lab, "asker", namespace="other", asks={"address-pool": "e-nobodys"})
        assert (await given(lab, "asker", "other"))[1] == "e-nobodys"


async def test_addresses_that_end_in_0_and_255_are_left_out_where_they_are_to_be_avoided() -> None:
    async with Lab(nodes=1) as lab:
        pool(lab, "careful", "198.51.100.254-198.51.101.1", avoidBuggyIPs=True)
        service(lab, "one")
        service(lab, "two")
        service(lab, "three")
        found = [(await given(lab, name))[0] for name in ("one", "two", "three")]
        assert found == [["198.51.100.254"], ["198.51.101.1"], []]
        status = (lab.store.get("ipaddresspools", NAMESPACE, "careful") or {})["status"]
        assert (status["assignedIPv4"], status["availableIPv4"]) == (2, 0)


async def test_services_share_an_address_by_key_while_ports_and_backends_allow_it() -> None:
    async with Lab(nodes=1) as lab:
        pool(lab, "one", "203.0.113.7/32")
        shared: dict[str, Any] = {"asks": {"allow-shared-ip": "dns"}}
        udp: dict[str, Any] = {"ports": [{"name": "dns", "port": 53, "protocol": "UDP"}]}
        service(lab, "tcp", **shared)
        await lab.settled()
        service(lab, "udp", **shared, **udp)
        service(lab, "same-port", **shared)
        service(lab, "other-key", asks={"allow-shared-ip": "web"}, ports=[{"port": 8080}])
        service(lab, "local", **shared, externalTrafficPolicy="Local", ports=[{"port": 8081}])
        assert (await given(lab, "udp"))[0] == (await given(lab, "tcp"))[0] == ["203.0.113.7"]
        for name in ("same-port", "other-key", "local"):
            assert (await given(lab, name))[0] == []
        status = (lab.store.get("ipaddresspools", NAMESPACE, "one") or {})["status"]
        assert (status["assignedIPv4"], status["availableIPv4"]) == (1, 0)


async def test_two_families_come_from_one_pool_and_prefer_takes_what_there_is() -> None:
    async with Lab(nodes=1) as lab:
        pool(lab, "both", "203.0.113.0/30", "2001:db8:1::/126")
        service(lab, "dual", ipFamilyPolicy="RequireDualStack")
        assert await given(lab, "dual") == (["203.0.113.0", "2001:db8:1::"], "both")
        pool(lab, "v4", "203.0.113.16/30")
        service(lab, "strict", ipFamilyPolicy="RequireDualStack", asks={"address-pool": "v4"})
        service(lab, "easy", ipFamilyPolicy="PreferDualStack", asks={"address-pool": "v4"})
        assert (await given(lab, "strict"))[0] == []
        assert (await given(lab, "easy"))[0] == ["203.0.113.16"]
        lab.store.patch(
            "ipaddresspools", NAMESPACE, "v4", {"spec": {"addresses": ["203.0.113.16/30", "2001:db8:2::/126"]}}
        )
        lab.store.patch("services", "shop", "easy", {"metadata": {"labels": {"touched": "yes"}}})
        assert (await given(lab, "easy"))[0] == ["203.0.113.16", "2001:db8:2::"]


async def test_a_pool_that_shrinks_or_goes_takes_addresses_along() -> None:
    async with Lab(nodes=1) as lab:
        pool(lab, "main", "203.0.113.8/30")
        service(lab, "web")
        assert (await given(lab, "web"))[0] == ["203.0.113.8"]
        lab.store.patch("ipaddresspools", NAMESPACE, "main", {"spec": {"addresses": ["203.0.113.10/31"]}})
        assert await given(lab, "web") == (["203.0.113.10"], "main")
        assert "ClearAssignment" in [reason for _, reason, _ in said(lab, "web")]
        lab.store.delete("ipaddresspools", NAMESPACE, "main")
        assert await given(lab, "web") == ([], "")


async def test_other_requests_move_a_service_and_its_address_is_free_again() -> None:
    async with Lab(nodes=1) as lab:
        pool(lab, "main", "203.0.113.8/31")
        pool(lab, "spare", "203.0.113.64/31", autoAssign=False)
        service(lab, "web")
        await lab.settled()
        for annotations, addresses in (
            ({"metallb.io/loadBalancerIPs": "203.0.113.9"}, ["203.0.113.9"]),
            ({"metallb.io/loadBalancerIPs": None, "metallb.io/address-pool": "spare"}, ["203.0.113.64"]),
        ):
            lab.store.patch("services", "shop", "web", {"metadata": {"annotations": annotations}})
            assert (await given(lab, "web"))[0] == addresses
        service(lab, "next")
        assert (await given(lab, "next"))[0] == ["203.0.113.8"]


async def test_pools_that_metallb_refuses_leave_the_older_ones_in_force() -> None:
    async with Lab(nodes=1) as lab:
        pool(lab, "main", "203.0.113.8/30")
        await lab.settled()
        lab.store.patch("ipaddresspools", NAMESPACE, "main", {"spec": {"addresses": ["203.0.113.300"]}})
        service(lab, "web")
        assert (await given(lab, "web"))[0] == ["203.0.113.8"]
        assert lab.controllers.metallb.refusal


async def test_a_kept_lab_goes_on_with_the_addresses_that_were_given(tmp_path: Any) -> None:
    async with Lab(nodes=1, keep=True, folder=tmp_path) as lab:
        pool(lab, "main", "203.0.113.8/30")
        for name in ("a", "b"):
            service(lab, name)
        await lab.settled()
        lab.store.delete("services", "shop", "a")
    async with Lab(nodes=1, keep=True, folder=tmp_path) as lab:
        service(lab, "c")
        assert (await given(lab, "b"))[0] == ["203.0.113.9"]
        assert (await given(lab, "c"))[0] == ["203.0.113.8"]
