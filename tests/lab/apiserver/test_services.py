"""Services, EndpointSlices and Deployments are prepared and judged as Kubernetes does (pkg/apis/core, pkg/registry)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import yaml

from tests.lab.apiserver.conftest import RunningServer
from tests.lab.apiserver.test_kubectl import Kubectl

SHOP = "/api/v1/namespaces/shop"
SERVICES = f"{SHOP}/services"
SLICES = "/apis/discovery.k8s.io/v1/namespaces/shop/endpointslices"
DEPLOYMENTS = "/apis/apps/v1/namespaces/shop/deployments"
MERGE = "application/merge-patch+json"
HTTP = {"name": "http", "port": 80}


@pytest.fixture(autouse=True)
def _namespace(api: RunningServer) -> Iterator[None]:
    api.call(api.server.store.create, "namespaces", {"metadata": {"name": "shop"}})
    yield
    api.call(api.server.store.delete, "namespaces", "", "shop")


def service(name: str = "web", **spec: Any) -> dict[str, Any]:
    body = {"ports": [HTTP], "selector": {"app": "web"}, "type": "LoadBalancer", **spec}
    return {"metadata": {"name": name}, "spec": {key: value for key, value in body.items() if value is not None}}


def created(api: RunningServer, name: str = "web", **spec: Any) -> dict[str, Any]:
    answer = api.request("POST", SERVICES, service(name, **spec))
    assert answer.code == 201, answer.message
    return answer.body


def test_a_load_balancer_gets_the_defaults_of_the_real_server(api: RunningServer) -> None:
    made = created(api)
    spec = made["spec"]
    (port,) = spec.pop("ports")
    assert 30000 <= port.pop("nodePort") <= 32767
    assert port == {"name": "http", "port": 80, "protocol": "TCP", "targetPort": 80}
    assert spec.pop("clusterIPs") == [spec["clusterIP"]]
    assert spec.pop("clusterIP").startswith("172.30.")
    assert spec == {
        "type": "LoadBalancer",
        "selector": {"app": "web"},
        "sessionAffinity": "None",
        "internalTrafficPolicy": "Cluster",
        "externalTrafficPolicy": "Cluster",
        "allocateLoadBalancerNodePorts": True,
        "ipFamilies": ["IPv4"],
        "ipFamilyPolicy": "SingleStack",
    }
    assert made["status"] == {"loadBalancer": {}}


@pytest.mark.parametrize(
    ("asked", "families", "policy"),
    [
        ({"ipFamilyPolicy": "PreferDualStack"}, ["IPv4", "IPv6"], "PreferDualStack"),
        ({"ipFamilyPolicy": "RequireDualStack", "ipFamilies": ["IPv6"]}, ["IPv6", "IPv4"], "RequireDualStack"),
        ({"ipFamilies": ["IPv6"]}, ["IPv6"], "SingleStack"),
        ({"ipFamilies": ["IPv4", "IPv6"]}, ["IPv4", "IPv6"], "RequireDualStack"),
    ],
)
def test_families_and_addresses_follow_what_is_asked(
    api: RunningServer, asked: dict[str, Any], families: list[str], policy: str
) -> None:
    spec = created(api, **asked)["spec"]
    assert (spec["ipFamilies"], spec["ipFamilyPolicy"]) == (families, policy)
    assert [":" in address for address in spec["clusterIPs"]] == [family == "IPv6" for family in families]


def test_addresses_and_node_ports_are_given_once_and_come_back(api: RunningServer) -> None:
    one, two = created(api, "one")["spec"], created(api, "two")["spec"]
    assert one["clusterIP"] != two["clusterIP"]
    assert one["ports"][0]["nodePort"] != two["ports"][0]["nodePort"]
    taken = api.request("POST", SERVICES, service("three", clusterIP=one["clusterIP"]))
    assert (taken.code, "provided IP is already allocated" in taken.message) == (422, True)
    port = one["ports"][0]["nodePort"]
    busy = api.request("POST", SERVICES, service("three", ports=[HTTP | {"nodePort": port}]))
    assert f"spec.ports[0].nodePort: Invalid value: {port}: provided port is already allocated" in busy.message
    assert api.request("DELETE", f"{SERVICES}/one").code == 200
    assert created(api, "three", clusterIP=one["clusterIP"])["spec"]["clusterIP"] == one["clusterIP"]


def test_a_dry_run_gives_nothing_away(api: RunningServer) -> None:
    tried = api.request("POST", SERVICES, service(), dryRun="All").body["spec"]
    assert created(api, clusterIP=tried["clusterIP"])["spec"]["clusterIP"] == tried["clusterIP"]


def test_an_update_keeps_what_was_allocated_unless_the_type_changes(api: RunningServer) -> None:
    made = created(api, externalTrafficPolicy="Local")["spec"]
    assert 30000 <= made["healthCheckNodePort"] <= 32767
    plain = service(externalTrafficPolicy="Local")
    put = api.request("PUT", f"{SERVICES}/web", plain).body["spec"]
    assert put == made
    moved = api.request("PATCH", f"{SERVICES}/web", {"spec": {"clusterIP": "172.30.9.9"}}, media=MERGE)
    assert "may not change once set" in moved.message
    inside = api.request("PATCH", f"{SERVICES}/web", {"spec": {"type": "ClusterIP"}}, media=MERGE).body["spec"]
    assert "nodePort" not in inside["ports"][0]
    assert not {"externalTrafficPolicy", "allocateLoadBalancerNodePorts", "healthCheckNodePort"} & inside.keys()
    assert inside["clusterIP"] == made["clusterIP"]


def test_without_node_ports_there_are_none(api: RunningServer) -> None:
    assert "nodePort" not in created(api, allocateLoadBalancerNodePorts=False)["spec"]["ports"][0]


def test_the_status_is_written_by_its_subresource_alone_and_ends_with_the_type(api: RunningServer) -> None:
    status = {"loadBalancer": {"ingress": [{"ip": "203.0.113.7"}]}}
    assert api.request("POST", SERVICES, service() | {"status": status}).body["status"] == {"loadBalancer": {}}
    written = api.request("PATCH", f"{SERVICES}/web/status", {"status": status}, media=MERGE).body
    assert written["status"] == {"loadBalancer": {"ingress": [{"ip": "203.0.113.7", "ipMode": "VIP"}]}}
    inside = api.request("PATCH", f"{SERVICES}/web", {"spec": {"type": "ClusterIP"}}, media=MERGE).body
    assert inside["status"] == {"loadBalancer": {}}


@pytest.mark.parametrize(
    ("spec", "words"),
    [
        ({"ports": []}, "spec.ports: Required value"),
        ({"ports": [HTTP, {"port": 81}]}, "spec.ports[1].name: Required value"),
        ({"ports": [HTTP, {"name": "http", "port": 81}]}, 'spec.ports[1].name: Duplicate value: "http"'),
        ({"ports": [{"port": 0}]}, "spec.ports[0].port: Invalid value: 0: must be between 1 and 65535, inclusive"),
        ({"ports": [HTTP | {"protocol": "ICMP"}]}, "spec.ports[0].protocol: Unsupported value"),
        ({"type": "Balancer"}, "spec.type: Unsupported value"),
        ({"clusterIP": "None"}, "may not be set to 'None' for LoadBalancer services"),
        ({"clusterIP": "10.9.9.9"}, "The range of valid IPs is 172.30.0.0/16"),
        ({"ports": [HTTP | {"nodePort": 80}]}, "The range of valid ports is 30000-32767"),
        ({"ipFamilies": ["IPv4", "IPv6"], "ipFamilyPolicy": "SingleStack"}, "must be RequireDualStack"),
        ({"type": "ClusterIP", "externalTrafficPolicy": "Local"}, "externally-accessible services"),
        ({"type": "ClusterIP", "ports": [HTTP | {"nodePort": 30123}]}, "may not be used when `type` is 'ClusterIP'"),
        ({"type": "ClusterIP", "loadBalancerClass": "a/b"}, "spec.loadBalancerClass: Forbidden"),
        ({"type": "ExternalName"}, "spec.externalName: Required value"),
    ],
)
def test_what_kubernetes_refuses_is_refused(api: RunningServer, spec: dict[str, Any], words: str) -> None:
    refused = api.request("POST", SERVICES, service(**spec))
    assert (refused.code, words in refused.message) == (422, True), refused.message


def test_a_headless_service_has_no_address_and_an_external_name_neither(api: RunningServer) -> None:
    headless = created(api, "headless", type="ClusterIP", clusterIP="None")["spec"]
    assert (headless["clusterIP"], headless["clusterIPs"], headless["ipFamilies"]) == ("None", ["None"], ["IPv4"])
    external = created(api, "external", type="ExternalName", externalName="shop.example.com", ports=None)["spec"]
    assert "clusterIP" not in external


def test_the_address_type_of_a_slice_is_checked_and_stays(api: RunningServer) -> None:
    body = {"metadata": {"name": "web-1"}, "addressType": "IPv4", "endpoints": [{"addresses": ["10.0.0.1"]}]}
    assert "addressType: Required value" in api.request("POST", SLICES, body | {"addressType": None}).message
    assert api.request("POST", SLICES, body).code == 201
    changed = api.request("PATCH", f"{SLICES}/web-1", {"addressType": "IPv6"}, media=MERGE)
    assert 'addressType: Invalid value: "IPv6": field is immutable' in changed.message


def deployment(**labels: str) -> dict[str, Any]:
    template = {"metadata": {"labels": labels}, "spec": {"containers": [{"name": "web", "image": "web"}]}}
    spec = {"selector": {"matchLabels": {"app": "web"}}, "template": template}
    return {"metadata": {"name": "web"}, "spec": spec}


def test_a_deployment_is_defaulted_and_its_labels_must_match(api: RunningServer) -> None:
    refused = api.request("POST", DEPLOYMENTS, deployment(app="other"))
    assert "`selector` does not match template `labels`" in refused.message
    spec = api.request("POST", DEPLOYMENTS, deployment(app="web")).body["spec"]
    assert (spec["replicas"], spec["strategy"]["type"]) == (1, "RollingUpdate")
    assert spec["template"]["spec"]["restartPolicy"] == "Always"
    changed = {"spec": {"selector": {"matchLabels": {"app": "web", "tier": "a"}}}}
    answer = api.request("PATCH", f"{DEPLOYMENTS}/web", changed, media=MERGE)
    assert answer.code == 422


def test_kubectl_applies_explains_and_shows_services(api: RunningServer, kubectl: Kubectl) -> None:
    manifest = {"apiVersion": "v1", "kind": "Service", **service()}
    manifest["metadata"]["namespace"] = "shop"

    def apply() -> str:
        return kubectl("apply", "-f", "-", input=yaml.safe_dump(manifest)).stdout

    assert apply() == "service/web created\n"
    assert apply() == "service/web unchanged\n"
    manifest["spec"]["ports"] = [HTTP, {"name": "https", "port": 443}]
    assert apply() == "service/web configured\n"
    ports = api.request("GET", f"{SERVICES}/web").body["spec"]["ports"]
    assert [port["port"] for port in ports] == [80, 443]
    line = kubectl("get", "svc", "web", "-n", "shop").stdout.splitlines()[1].split()
    assert (line[1], line[3]) == ("LoadBalancer", "<pending>")
    server_side = ("apply", "--server-side", "--force-conflicts", "-f", "-")
    assert kubectl(*server_side, input=yaml.safe_dump(manifest)).stdout == "service/web serverside-applied\n"
    manifest["spec"]["colour"] = "red"
    assert 'unknown field "spec.colour"' in kubectl("apply", "-f", "-", input=yaml.safe_dump(manifest)).stderr
    assert "Local: only the node's own pods" in kubectl("explain", "service.spec.externalTrafficPolicy").stdout
    assert "How many pods there should be." in kubectl("explain", "deployment.spec.replicas").stdout
    assert "Addresses of one pod" in kubectl("explain", "endpointslice.endpoints.addresses").stdout
    assert kubectl("describe", "service", "web", "-n", "shop").returncode == 0
    assert kubectl("delete", "svc", "web", "-n", "shop").returncode == 0


def test_deleting_a_namespace_takes_everything_in_it_along(api: RunningServer, kubectl: Kubectl) -> None:
    kubectl("create", "namespace", "brief")
    store = api.server.store
    api.call(store.create, "services", service() | {"metadata": {"name": "web", "namespace": "brief"}})
    api.call(store.create, "deployments", deployment(app="web") | {"metadata": {"name": "web", "namespace": "brief"}})
    assert kubectl("delete", "namespace", "brief").returncode == 0
    assert api.call(store.list, "services", "brief") == api.call(store.list, "deployments", "brief") == []
