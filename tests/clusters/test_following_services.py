"""Services, their endpoints' nodes and Namespaces come to the rows as others change them; quiet looks cost little."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from clusters import clock, watched
from clusters.models import Namespace, Node, Service, ServiceAddress
from clusters.selectors import snapshot_of
from lab.apiserver import Fault, Rule, User
from tests.clusters.cluster import NAMESPACE, RunningCluster, endpoints, node, service
from tests.clusters.conftest import Office
from tests.stores.clock import differ

SHOP = "shop"


@pytest.fixture(autouse=True)
def _shop(kube: RunningCluster) -> None:
    if kube.call(kube.server.store.get, "namespaces", "", SHOP) is None:
        kube.call(kube.server.store.create, "namespaces", {"metadata": {"name": SHOP, "labels": {"tier": "front"}}})


def _seen(name: str = "web") -> Service:
    return Service.objects.get(namespace=SHOP, name=name)


def test_a_service_is_kept_with_what_metallb_was_asked_and_says(kube: RunningCluster, office: Office) -> None:
    asked = {"metallb.io/loadBalancerIPs": "203.0.113.7, 2001:DB8::7", "metallb.io/allow-shared-ip": "dns"}
    others = {"metallb.io/address-pool": "gold", "example.com/owner": "not MetalLB's"}
    more: dict[str, Any] = {
        "externalTrafficPolicy": "Local",
        "ipFamilies": ["IPv4", "IPv6"],
        "ipFamilyPolicy": "RequireDualStack",
    }
    kube.add(service("web", "203.0.113.7", "2001:DB8::7", pool="gold", annotations=asked | others, **more))
    office.look()
    row = _seen()
    assert (row.addresses, row.pool) == (["203.0.113.7", "2001:db8::7"], "gold")
    assert (row.requested_pool, row.requested_addresses) == ("gold", ["203.0.113.7", "2001:DB8::7"])
    assert (row.sharing_key, row.traffic_policy, row.ip_families) == ("dns", "Local", ["IPv4", "IPv6"])
    (port,) = row.ports
    assert (port["name"], port["protocol"], port["port"]) == ("web", "TCP", 80)
    assert 30000 <= port["nodePort"] <= 32767  # the API server gives one to each port of a LoadBalancer
    assert "example.com/owner" not in row.annotations
    assert row.created_at is not None
    assert list(ServiceAddress.objects.values_list("address", "family", "pool")) == [
        ("203.0.113.7", 4, "gold"),
        ("2001:db8::7", 6, "gold"),
    ]


def test_the_deprecated_prefix_counts_where_the_present_one_is_not_there(kube: RunningCluster, office: Office) -> None:
    # valueForAnnotation in MetalLB's controller/service.go: present wins, even with an empty value
    old = {"metallb.universe.tf/address-pool": "old", "metallb.universe.tf/allow-shared-ip": "old"}
    old["metallb.universe.tf/ip-allocated-from-pool"] = "old"
    kube.add(service("web", annotations=old), service("both", annotations=old | {"metallb.io/allow-shared-ip": ""}))
    kube.add(service("spec", loadBalancerIP="203.0.113.9"))
    office.look()
    assert (_seen().requested_pool, _seen().sharing_key, _seen().pool) == ("old", "old", "old")
    assert (_seen("both").requested_pool, _seen("both").sharing_key) == ("old", "")
    assert _seen("spec").requested_addresses == ["203.0.113.9"]


def test_without_an_annotation_the_pool_is_the_one_that_holds_the_address(kube: RunningCluster, office: Office) -> None:
    gold = {"name": "gold", "namespace": NAMESPACE}
    spec = {"addresses": ["203.0.113.0/28", "2001:db8::/64"]}
    kube.add({"apiVersion": "metallb.io/v1beta1", "kind": "IPAddressPool", "metadata": gold, "spec": spec})
    kube.add(service("web", "203.0.113.7", "2001:db8::7"), service("other", "203.0.113.77"))
    office.look()
    assert (_seen().pool, _seen("other").pool) == ("gold", "")
    assert set(ServiceAddress.objects.values_list("pool", flat=True)) == {"gold", ""}
    where = "ipaddresspools.metallb.io", NAMESPACE, "gold"
    kube.call(kube.server.store.patch, *where, {"spec": {"addresses": ["203.0.113.64/26"]}})
    office.look()
    assert (_seen().pool, _seen("other").pool) == ("", "gold")
    kube.call(kube.server.store.delete, *where)


def test_only_services_of_type_load_balancer_are_kept(kube: RunningCluster, office: Office) -> None:
    kube.add(service("web"), service("inside", type="ClusterIP"))
    office.look()
    assert [row.name for row in Service.objects.all()] == ["web"]
    kube.call(kube.server.store.patch, "services", SHOP, "web", {"spec": {"type": "ClusterIP"}})
    office.look()
    assert not Service.objects.exists()


def test_an_api_server_that_cannot_select_by_type_is_read_as_a_whole(kube: RunningCluster, office: Office) -> None:
    # Kubernetes' words for a field selector that it does not know
    kube.add(service("web"), service("inside", type="ClusterIP"))
    words = {"kind": "Status", "message": "field label not supported: spec.type", "reason": "BadRequest", "code": 400}
    kube.server.faults.add(Fault(verb="list", resource="services", code=400, status=words))
    office.look()
    assert [row.name for row in Service.objects.all()] == ["web"]
    office.cluster.refresh_from_db()
    assert office.cluster.problems == [one for one in office.cluster.problems if "spec.type" not in one["text"]]


def test_changes_and_deletions_by_others_are_followed(kube: RunningCluster, office: Office) -> None:
    kube.add(service("web", "203.0.113.7", pool="gold"), service("mail", "203.0.113.8", pool="gold"))
    office.look()
    moved = {"loadBalancer": {"ingress": [{"ip": "203.0.113.99"}]}}
    kube.call(kube.server.store.patch_status, "services", SHOP, "web", moved)
    kube.call(kube.server.store.delete, "services", SHOP, "mail")
    assert office.look() is True
    assert [(row.name, row.addresses) for row in Service.objects.all()] == [("web", ["203.0.113.99"])]
    assert [row.address for row in ServiceAddress.objects.all()] == ["203.0.113.99"]


def test_an_endpoint_counts_where_it_is_ready_or_serving(kube: RunningCluster, office: Office) -> None:
    # discovery.k8s.io/v1: no condition means ready; MetalLB takes ready or serving ones
    kube.add(service("web"))
    kube.add(endpoints("web", "node-2", "node-1"), endpoints("web", "node-3", slice_name="web-2", ready=False))
    kube.add(endpoints("web", "node-4", slice_name="web-3", ready=False, serving=True))
    kube.add(endpoints("web", "", slice_name="web-4", ready=True), endpoints("other", "node-9"))
    office.look()
    assert (_seen().endpoint_nodes, _seen().endpoint_count) == (["", "node-1", "node-2", "node-4"], 4)
    kube.call(kube.server.store.delete, "endpointslices", SHOP, "web-3")
    office.look()
    assert _seen().endpoint_nodes == ["", "node-1", "node-2"]


def test_the_controllers_last_warning_stands_with_a_service_without_address(
    kube: RunningCluster, office: Office
) -> None:
    # controller/service.go: Errorf(svc, "AllocationFailed", ...) is an Event of type Warning
    kube.add(service("web"), service("fine", "203.0.113.7"))
    for name, at, words in (("web", "10", "first"), ("web", "11", "no available IPs"), ("fine", "12", "long ago")):
        kube.add(
            {
                "apiVersion": "v1",
                "kind": "Event",
                "metadata": {"name": f"{name}.{at}", "namespace": SHOP},
                "involvedObject": {"kind": "Service", "namespace": SHOP, "name": name},
                "type": "Warning",
                "reason": "AllocationFailed",
                "message": words,
                "source": {"component": "metallb-controller"},
                "lastTimestamp": f"2031-01-01T{at}:00:00Z",
            }
        )
    office.look()
    assert (_seen().warning, _seen("fine").warning) == ("no available IPs", "")


def test_namespaces_and_nodes_without_network_reach_the_rules(kube: RunningCluster, office: Office) -> None:
    broken = node("node-1")
    broken["status"]["conditions"].append({"type": "NetworkUnavailable", "status": "True"})
    kube.add(broken, node("node-2"), service("web", "203.0.113.7", pool="gold", externalTrafficPolicy="Local"))
    kube.add(endpoints("web", "node-1"))
    office.look()
    snapshot = snapshot_of(office.cluster)
    assert dict(snapshot.namespaces)[SHOP] == {"kubernetes.io/metadata.name": SHOP, "tier": "front"}
    assert {one.name: one.network_unavailable for one in snapshot.nodes} == {"node-1": True, "node-2": False}
    (seen,) = snapshot.services
    assert (seen.addresses, seen.pool, seen.local, seen.endpoint_nodes) == (
        ("203.0.113.7",),
        "gold",
        True,
        ("node-1",),
    )
    assert Node.objects.get(name="node-1").network_unavailable is True


def test_services_cost_nothing_where_no_rule_asks_for_them(kube: RunningCluster, office: Office) -> None:
    kube.add(service("web", "203.0.113.7"))
    office.look()
    with CaptureQueriesContext(connection) as queries:
        snapshot = snapshot_of(office.cluster)
    assert not any(Service._meta.db_table in query["sql"] for query in queries)
    with CaptureQueriesContext(connection) as queries:
        assert [len(snapshot.services), len(list(snapshot.services)), len(snapshot.services[:1])] == [1, 1, 1]
    assert len(queries) == 1


@pytest.mark.parametrize("resource", ["services", "endpointslices", "namespaces"])
def test_a_right_that_is_missing_is_said_and_the_rest_goes_on(
    kube: RunningCluster, office: Office, resource: str
) -> None:
    kube.add(service("web", "203.0.113.7"), endpoints("web", "node-1"))
    office.look()
    allowed = ["services", "endpointslices", "namespaces", "events", "nodes", "pods", "secrets"]
    own = Rule(groups=("metallb.io", "frrk8s.metallb.io", "authorization.k8s.io", "authentication.k8s.io"))
    rules = (own, Rule(resources=tuple(one for one in allowed if one != resource)))
    kube.server.tokens.add("limited", User("limited", rules))
    office.cluster.kubeconfig = str(kube.kubeconfig_of("limited"))
    office.cluster.discovered_at = office.cluster.permissions_at = None
    office.cluster.save()
    kube.call(kube.server.store.patch, "services", SHOP, "web", {"metadata": {"labels": {"now": "seen"}}})
    office.look()
    office.cluster.refresh_from_db()
    said = [one["way_out"] for one in office.cluster.problems if one["way_out"].startswith("Allow")]
    assert [words.removeprefix("Allow bgpui to list ").split()[0].strip(".") for words in said] == [resource]
    missing = [one for one in office.cluster.permissions if not one["allowed"] and one["resource"] == resource]
    assert [one["verb"] for one in missing] == ["list", "watch"]
    assert _seen().endpoint_nodes == ["node-1"]
    assert ("now" in _seen().labels) is (resource != "services")
    assert Namespace.objects.filter(name=SHOP).exists()


@pytest.mark.embedded("puts texts into a status that a real API server refuses")
def test_hostile_texts_are_kept_bounded_and_break_nothing(kube: RunningCluster, office: Office) -> None:
    odd = service("web", annotations={"metallb.io/address-pool": "x" * 5000, "metallb.io/loadBalancerIPs": "," * 9000})
    kube.add(odd)
    ingress: list[Any] = [{"ip": "not an address" * 20}, {"hostname": "lb.example"}, {"ip": "203.0.113.1%eth0"}]
    kube.call(kube.server.store.patch_status, "services", SHOP, "web", {"loadBalancer": {"ingress": ingress}})
    office.look()
    row = _seen()
    assert (len(row.requested_pool), len(row.requested_addresses)) == (253, 100)
    assert all(len(address) <= 45 for address in row.addresses)
    assert not ServiceAddress.objects.exists()


@pytest.mark.embedded("counts what a look reads, which is less often where the API server is slow")
def test_a_quiet_look_costs_the_same_few_queries_however_many_services(
    kube: RunningCluster, office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watched, "QUICK", 3600.0)  # however slow this machine is at the moment
    counts = []
    for numbers in (range(5), range(5, 200)):
        kube.add(*(service(f"web-{n}", f"203.0.113.{n}", pool="gold") for n in numbers))
        office.look()
        office.look()
        with CaptureQueriesContext(connection) as queries:
            assert office.look() is False
        counts.append(len(queries))
    assert counts[0] == counts[1], counts


@pytest.mark.embedded("makes thousands of objects, which takes minutes one request each")
def test_many_services_are_written_by_chunks(kube: RunningCluster, office: Office) -> None:
    kube.add(*(service(f"web-{n}", f"198.51.{n // 200}.{n % 200}", pool="gold") for n in range(1200)))
    with CaptureQueriesContext(connection) as queries:
        office.look()
    assert (Service.objects.count(), ServiceAddress.objects.count()) == (1200, 1200)
    assert len(queries) < 100, len(queries)


def test_a_look_that_takes_long_is_taken_rarely(
    kube: RunningCluster, office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    kube.add(service("web"))
    monkeypatch.setattr(watched, "QUICK", 0.0)
    differ(monkeypatch, timedelta(minutes=-5))
    office.look()
    office.cluster.refresh_from_db()
    assert office.cluster.readonly_at is not None
    assert office.cluster.readonly_at <= clock.now()
    assert office.cluster.readonly_took > 0
    kube.add(service("mail"))
    type(office.cluster).objects.update(readonly_took=60.0)
    office.look()
    assert Service.objects.count() == 1
    type(office.cluster).objects.update(readonly_took=0.0001)
    office.look()
    assert Service.objects.count() == 2


@pytest.mark.embedded("makes thousands of objects, which takes minutes one request each")
def test_what_is_read_of_large_lists_is_kept_page_by_page(kube: RunningCluster, office: Office) -> None:
    from clusters.doors import door_of
    from clusters.kube.kinds import SERVICES

    kube.add(*(service(f"web-{n:04}") for n in range(1500)))
    door = door_of(office.cluster)
    names = door.gather(SERVICES, lambda obj: obj["metadata"]["name"] if obj["metadata"]["name"] > "web-0001" else None)
    assert names == [f"web-{n:04}" for n in range(2, 1500)]
    assert door.gather(SERVICES, lambda obj: obj["metadata"]["name"], SHOP, most=3) == names_of(3)
    assert door.gather(SERVICES, lambda obj: 1, NAMESPACE) == []


def names_of(number: int) -> list[str]:
    return [f"web-{n:04}" for n in range(number)]
