"""Services as the API server prepares and judges them (k8s.io/kubernetes pkg/apis/core/v1 and pkg/registry/core)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from lab.apiserver.errors import DUPLICATE, FORBIDDEN, INVALID, REQUIRED, UNSUPPORTED, FieldError
from lab.apiserver.resources import Manifest, Resource

HEADLESS = "None"
_OUTSIDE = ("NodePort", "LoadBalancer")
_PROTOCOLS = ("TCP", "UDP", "SCTP")
_LONGEST_AFFINITY = 10800  # seconds
_BALANCER_ONLY = ("allocateLoadBalancerNodePorts", "loadBalancerClass")


def prepare(_resource: Resource, new: Manifest, old: Manifest | None) -> None:
    """What the body leaves out: what an update keeps, defaults, and nothing that another type has left behind."""
    spec = new.get("spec")
    if not isinstance(spec, dict) or not all(isinstance(port, dict) for port in _ports(spec)):
        return  # the schema says what is wrong
    if old is not None:
        _keep(spec, old["spec"])
        _drop(spec, old["spec"])
    _default(spec)
    status = new.get("status")
    if not isinstance(status, dict):
        status = new["status"] = {"loadBalancer": {}}
    if spec.get("type") != "LoadBalancer":
        status["loadBalancer"] = {}
    for ingress in (status.get("loadBalancer") or {}).get("ingress") or ():
        if ingress.get("ip"):
            ingress.setdefault("ipMode", "VIP")


def faults(new: Manifest, old: Manifest | None) -> Iterator[FieldError]:
    """Broken rules of a Service whose shape is right."""
    spec = new.get("spec") or {}
    if not spec.get("ports") and spec.get("clusterIP") != HEADLESS and spec.get("type") != "ExternalName":
        yield FieldError(REQUIRED, "spec.ports")
    yield from _port_faults(spec)
    if spec["type"] == "ExternalName" and not spec.get("externalName"):
        yield FieldError(REQUIRED, "spec.externalName")
    if spec["type"] not in _OUTSIDE and spec.get("externalTrafficPolicy") and not spec.get("externalIPs"):
        words = "may only be set for externally-accessible services"
        yield FieldError(INVALID, "spec.externalTrafficPolicy", words, spec["externalTrafficPolicy"])
    if spec["type"] == "LoadBalancer" and spec.get("clusterIP") == HEADLESS:
        yield FieldError(INVALID, "spec.clusterIPs[0]", "may not be set to 'None' for LoadBalancer services", HEADLESS)
    for name in _BALANCER_ONLY:
        if spec["type"] != "LoadBalancer" and name in spec:
            yield FieldError(FORBIDDEN, f"spec.{name}", "may only be used when `type` is 'LoadBalancer'")
    if old is not None:
        yield from _change_faults(spec, old.get("spec") or {})


def needs_address(spec: dict[str, Any]) -> bool:
    """Whether the type has cluster IPs."""
    return spec.get("type") != "ExternalName"


def needs_node_ports(spec: dict[str, Any]) -> bool:
    """Whether the ports get node ports."""
    kind = spec.get("type")
    return kind == "NodePort" or (kind == "LoadBalancer" and spec.get("allocateLoadBalancerNodePorts", True))


def needs_health_port(spec: dict[str, Any]) -> bool:
    """Whether a node port tells which nodes have endpoints."""
    return spec.get("type") == "LoadBalancer" and spec.get("externalTrafficPolicy") == "Local"


def _ports(spec: dict[str, Any]) -> list[Any]:
    ports = spec.get("ports")
    return ports if isinstance(ports, list) else []


def _default(spec: dict[str, Any]) -> None:
    if needs_address(spec):
        spec.setdefault("internalTrafficPolicy", "Cluster")
    if spec.get("type") in _OUTSIDE:
        spec.setdefault("externalTrafficPolicy", "Cluster")
    if spec.get("type") == "LoadBalancer":
        spec.setdefault("allocateLoadBalancerNodePorts", True)
    if spec.get("sessionAffinity") == "ClientIP":
        spec.setdefault("sessionAffinityConfig", {"clientIP": {"timeoutSeconds": _LONGEST_AFFINITY}})
    for port in _ports(spec):
        if port.get("targetPort") in (None, "", 0) and "port" in port:
            port["targetPort"] = port["port"]
        if port.get("nodePort") == 0:
            del port["nodePort"]


def _keep(spec: dict[str, Any], old: dict[str, Any]) -> None:
    """What was allocated stays where the body does not say otherwise."""
    if needs_address(spec) and needs_address(old):
        _keep_addresses(spec, old)
    if needs_node_ports(spec) and needs_node_ports(old):
        _keep_node_ports(spec, old)
    if needs_health_port(spec) and needs_health_port(old) and not spec.get("healthCheckNodePort"):
        spec["healthCheckNodePort"] = old.get("healthCheckNodePort", 0)


def _keep_addresses(spec: dict[str, Any], old: dict[str, Any]) -> None:
    if not spec.get("clusterIP") and not spec.get("clusterIPs"):
        spec["clusterIP"], spec["clusterIPs"] = old["clusterIP"], list(old["clusterIPs"])
    elif not spec.get("clusterIPs") and spec.get("clusterIP") == old["clusterIP"]:
        spec["clusterIPs"] = list(old["clusterIPs"])
    elif spec.get("clusterIP") and spec.get("clusterIPs") == old["clusterIPs"]:
        spec["clusterIPs"] = [spec["clusterIP"], *old["clusterIPs"][1:]]
    for name in ("ipFamilyPolicy", "ipFamilies"):
        if not spec.get(name) and name in old:
            spec[name] = old[name]


def _keep_node_ports(spec: dict[str, Any], old: dict[str, Any]) -> None:
    given = {(port.get("port"), port.get("protocol", "TCP")): port for port in _ports(spec)}
    for port in _ports(old):
        own = given.get((port["port"], port["protocol"]))
        if own is not None and not own.get("nodePort") and port.get("nodePort"):
            own["nodePort"] = port["nodePort"]


def _drop(spec: dict[str, Any], old: dict[str, Any]) -> None:
    """An update that changes the type need not take away what belonged to the former type."""
    if needs_node_ports(old) and not needs_node_ports(spec) and spec.get("type") != "LoadBalancer":
        for port in _ports(spec):
            port.pop("nodePort", None)
    if not needs_health_port(spec):
        spec.pop("healthCheckNodePort", None)
    if old.get("type") in _OUTSIDE and spec.get("type") not in _OUTSIDE and not spec.get("externalIPs"):
        spec.pop("externalTrafficPolicy", None)
    if old.get("type") == "LoadBalancer" and spec.get("type") != "LoadBalancer":
        for name in _BALANCER_ONLY:
            spec.pop(name, None)
    if needs_address(old) and not needs_address(spec):
        for name in ("clusterIP", "clusterIPs", "ipFamilies", "ipFamilyPolicy", "internalTrafficPolicy"):
            spec.pop(name, None)


def _port_faults(spec: dict[str, Any]) -> Iterator[FieldError]:
    names: set[str] = set()
    for i, port in enumerate(_ports(spec)):
        name, protocol, where = port.get("name", ""), port.get("protocol"), f"spec.ports[{i}]"
        if not 1 <= port["port"] <= 65535:
            yield FieldError(INVALID, f"{where}.port", "must be between 1 and 65535, inclusive", port["port"])
        if not name and len(_ports(spec)) > 1:
            yield FieldError(REQUIRED, f"{where}.name")
        if name and name in names:
            yield FieldError(DUPLICATE, f"{where}.name", value=name)
        if protocol not in _PROTOCOLS:
            supported = ", ".join(f'"{choice}"' for choice in sorted(_PROTOCOLS))
            yield FieldError(UNSUPPORTED, f"{where}.protocol", f"supported values: {supported}", protocol)
        if port.get("nodePort") and spec["type"] not in _OUTSIDE:
            yield FieldError(FORBIDDEN, f"{where}.nodePort", "may not be used when `type` is 'ClusterIP'")
        names.add(name)


def _change_faults(spec: dict[str, Any], old: dict[str, Any]) -> Iterator[FieldError]:
    """What may not change once it is set."""
    before, after = old.get("clusterIPs") or [], spec.get("clusterIPs") or []
    if before and after and before[0] != after[0]:
        yield FieldError(INVALID, "spec.clusterIPs[0]", "may not change once set", after)
    if needs_address(old) and needs_address(spec):
        first, second = (old.get("ipFamilies") or [""])[0], (spec.get("ipFamilies") or [""])[0]
        if first and second and first != second:
            yield FieldError(INVALID, "spec.ipFamilies[0]", "may not change once set", spec["ipFamilies"])
    if old.get("type") == spec["type"] == "LoadBalancer" and old.get("loadBalancerClass") != spec.get(
        "loadBalancerClass"
    ):
        words = "may not change once set"
        yield FieldError(INVALID, "spec.loadBalancerClass", words, spec.get("loadBalancerClass"))
