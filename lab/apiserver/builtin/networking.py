"""Schemas of Service (k8s.io/api core/v1) and EndpointSlice (discovery.k8s.io/v1), complete to their fields."""

from __future__ import annotations

from typing import Any

from lab.apiserver.builtin.shapes import TEXT, TEXT_MAP, TEXTS, atomic_map, closed, keyed, partly, text_set
from lab.apiserver.resources import Schema

_NUMBER: dict[str, Any] = {"type": "integer", "format": "int32"}
_FLAG: dict[str, Any] = {"type": "boolean"}
_PROTOCOL: dict[str, Any] = {"type": "string", "default": "TCP"}


def _text(description: str, *choices: str, **rest: Any) -> dict[str, Any]:
    return TEXT | {"description": description} | ({"enum": list(choices)} if choices else {}) | rest


_SERVICE_PORT = closed(
    name=_text("Name of the port; needed where there are several."),
    protocol=_PROTOCOL,
    port=_NUMBER | {"description": "The port that the service offers."},
    targetPort={"x-kubernetes-int-or-string": True, "description": "Number or name of the pods' port."},
    nodePort=_NUMBER | {"description": "The port of every node that leads to the service."},
    appProtocol=_text("The protocol that the application speaks."),
) | {"required": ["port"]}
_SERVICE_SPEC = closed(
    type=_text("How the service is exposed.", "ClusterIP", "NodePort", "LoadBalancer", "ExternalName",
               default="ClusterIP"),
    ports=keyed("port", "protocol", item=_SERVICE_PORT) | {"description": "The ports that the service offers."},
    selector=atomic_map(additionalProperties=TEXT, description="Labels of the pods behind the service."),
    clusterIP=_text("The address inside the cluster; None for a headless service."),
    clusterIPs=TEXTS,
    ipFamilies={"type": "array", "items": TEXT | {"enum": ["IPv4", "IPv6", ""]}},
    ipFamilyPolicy=_text("One address family or two.", "SingleStack", "PreferDualStack", "RequireDualStack"),
    externalIPs=TEXTS,
    externalName=TEXT,
    externalTrafficPolicy=_text("Local: only the node's own pods get traffic from outside.", "Cluster", "Local"),
    internalTrafficPolicy=_text("Local: only the node's own pods get its traffic.", "Cluster", "Local"),
    healthCheckNodePort=_NUMBER,
    allocateLoadBalancerNodePorts=_FLAG,
    loadBalancerClass=TEXT,
    loadBalancerIP=_text("The address that is asked for; deprecated."),
    loadBalancerSourceRanges=TEXTS,
    publishNotReadyAddresses=_FLAG,
    sessionAffinity=_text("Whether a client stays with one pod.", "ClientIP", "None", default="None"),
    sessionAffinityConfig=closed(clientIP=closed(timeoutSeconds=_NUMBER)),
    trafficDistribution=TEXT,
)  # fmt: skip
_INGRESS = closed(
    ip=_text("The address from which traffic comes to the service."),
    ipMode=TEXT,
    hostname=TEXT,
    ports={"type": "array", "items": closed(port=_NUMBER, protocol=TEXT, error=TEXT)},
)
SERVICE: Schema = closed(
    spec=_SERVICE_SPEC | {"description": "What the service should be."},
    status=closed(
        conditions=keyed("type"),
        loadBalancer=closed(ingress={"type": "array", "items": _INGRESS})
        | {"description": "What the load balancer did for the service."},
    ),
) | {"description": "A name and an address for pods that offer the same."}

_REFERENCE = partly() | {"x-kubernetes-map-type": "atomic"}
_HINTS = closed(**{name: {"type": "array", "items": closed(name=TEXT)} for name in ("forZones", "forNodes")})
_ENDPOINT = closed(
    addresses=text_set() | {"description": "Addresses of one pod, all of the slice's type."},
    conditions=closed(ready=_FLAG, serving=_FLAG, terminating=_FLAG) | {"description": "Whether it takes traffic."},
    hostname=TEXT,
    targetRef=_REFERENCE,
    nodeName=_text("The node that it is on."),
    zone=_text("The zone of that node."),
    deprecatedTopology=TEXT_MAP,
    hints=_HINTS,
) | {"required": ["addresses"]}
_ENDPOINT_PORT = closed(name=TEXT, protocol=_PROTOCOL, port=_NUMBER, appProtocol=TEXT)
ENDPOINT_SLICE: Schema = closed(
    addressType=_text("The family of the addresses; it cannot be changed.", "IPv4", "IPv6", "FQDN"),
    endpoints={"type": "array", "nullable": True, "items": _ENDPOINT, "description": "The pods behind a service."},
    ports={"type": "array", "nullable": True, "items": _ENDPOINT_PORT},
) | {"required": ["addressType"], "description": "A part of the endpoints of a service."}
