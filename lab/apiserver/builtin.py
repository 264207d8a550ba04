"""Built-in resource types, and as much of their schemas as merging lists and explaining fields needs."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from lab.apiserver.resources import OPEN, Resource, Schema

_TEXT_MAP: Schema = {"type": "object", "additionalProperties": {"type": "string"}}
_OWNER: dict[str, Any] = {**OPEN, "x-kubernetes-map-type": "atomic"}


def _open(**properties: Any) -> dict[str, Any]:
    return {**OPEN, "properties": properties}


def _keyed(*keys: str, item: Schema | None = None) -> dict[str, Any]:
    """A list whose items are merged by these keys; strategic merge patches use the first one."""
    return {
        "type": "array",
        "x-kubernetes-list-type": "map",
        "x-kubernetes-list-map-keys": list(keys),
        "items": item or dict(OPEN),
    }


def _atomic_map() -> dict[str, Any]:
    return {**OPEN, "x-kubernetes-map-type": "atomic"}


METADATA: Schema = {
    **OPEN,
    "description": "Standard object metadata.",
    "properties": {
        "annotations": _TEXT_MAP,
        "labels": _TEXT_MAP,
        "finalizers": {"type": "array", "items": {"type": "string"}, "x-kubernetes-list-type": "set"},
        "ownerReferences": _keyed("uid", item=_OWNER),
        **{name: {"type": "string"} for name in ("name", "namespace", "generateName", "uid", "resourceVersion")},
        **{name: {"type": "string"} for name in ("creationTimestamp", "deletionTimestamp")},
        "generation": {"type": "integer"},
        "managedFields": {"type": "array", "items": _OWNER},
    },
}

_PORT = _open(protocol={"type": "string", "default": "TCP"})
_CONTAINER = _open(
    env=_keyed("name"),
    ports=_keyed("containerPort", "protocol", item=_PORT),
    volumeMounts=_keyed("mountPath"),
    volumeDevices=_keyed("devicePath"),
)
_POD_SPEC = _open(
    containers=_keyed("name", item=_CONTAINER),
    initContainers=_keyed("name", item=_CONTAINER),
    volumes=_keyed("name"),
    imagePullSecrets=_keyed("name"),
    hostAliases=_keyed("ip"),
    nodeSelector=_atomic_map(),
)
_CONDITIONS = _open(conditions=_keyed("type"))
_TEMPLATE = _open(metadata=METADATA, spec=_POD_SPEC)
_WORKLOAD = _open(spec=_open(template=_TEMPLATE, selector=_atomic_map()), status=_CONDITIONS)
_SERVICE = _open(
    spec=_open(ports=_keyed("port", "protocol", item=_PORT), selector=_atomic_map()),
    status=_open(conditions=_keyed("type"), loadBalancer=_open(ingress=_keyed("ip"))),
)
_NODE = _open(
    spec=_open(taints=_keyed("key"), podCIDRs={"type": "array", "x-kubernetes-list-type": "set", "items": {"type": "string"}}),
    status=_open(conditions=_keyed("type"), addresses=_keyed("type")),
)
_SECRETS = _open(secrets=_keyed("name"), imagePullSecrets=_keyed("name"))
_EVENT_FIELDS = ("involvedObject.kind", "involvedObject.name", "involvedObject.namespace", "involvedObject.uid", "reason", "type")
_POD_FIELDS = ("spec.nodeName", "spec.restartPolicy", "spec.schedulerName", "spec.serviceAccountName", "spec.hostNetwork",
               "status.phase", "status.podIP")  # fmt: skip
_STATUS = frozenset({"status"})
_RBAC = "rbac.authorization.k8s.io"
_CRD_DESCRIPTION = "A resource type that is served from then on."


def _stored_only(group: str, plural: str, kind: str, *short: str, namespaced: bool = True) -> Resource:
    return Resource(group, "v1", plural, kind, namespaced, kind.lower(), short)


def builtin_resources() -> Iterable[Resource]:
    """Every type that is served without a CustomResourceDefinition."""
    yield Resource("", "v1", "namespaces", "Namespace", False, "namespace", ("ns",), (), _STATUS, _open(status=_CONDITIONS),
                   selectable=("status.phase",), returns_deleted=True)  # fmt: skip
    yield Resource("", "v1", "nodes", "Node", False, "node", ("no",), (), _STATUS, _NODE, selectable=("spec.unschedulable",))
    yield Resource("", "v1", "pods", "Pod", True, "pod", ("po",), ("all",), frozenset({"status", "exec", "log"}),
                   _open(spec=_POD_SPEC, status=_CONDITIONS), selectable=_POD_FIELDS, returns_deleted=True)  # fmt: skip
    yield Resource("", "v1", "services", "Service", True, "service", ("svc",), ("all",), _STATUS, _SERVICE,
                   selectable=("spec.clusterIP", "spec.type"), returns_deleted=True)  # fmt: skip
    yield Resource("", "v1", "secrets", "Secret", True, "secret", selectable=("type",))
    yield _stored_only("", "configmaps", "ConfigMap", "cm")
    yield Resource("", "v1", "events", "Event", True, "event", ("ev",), selectable=_EVENT_FIELDS)
    yield Resource("", "v1", "serviceaccounts", "ServiceAccount", True, "serviceaccount", ("sa",), schema=_SECRETS)
    yield _stored_only("", "endpoints", "Endpoints", "ep")
    yield Resource("apps", "v1", "daemonsets", "DaemonSet", True, "daemonset", ("ds",), ("all",), _STATUS, _WORKLOAD,
                   counts_generation=True)  # fmt: skip
    yield Resource("apps", "v1", "deployments", "Deployment", True, "deployment", ("deploy",), ("all",), _STATUS, _WORKLOAD,
                   counts_generation=True)  # fmt: skip
    yield _stored_only("discovery.k8s.io", "endpointslices", "EndpointSlice")
    yield _stored_only("coordination.k8s.io", "leases", "Lease")
    yield _stored_only(_RBAC, "roles", "Role")
    yield _stored_only(_RBAC, "rolebindings", "RoleBinding")
    yield _stored_only(_RBAC, "clusterroles", "ClusterRole", namespaced=False)
    yield _stored_only(_RBAC, "clusterrolebindings", "ClusterRoleBinding", namespaced=False)
    yield Resource("apiextensions.k8s.io", "v1", "customresourcedefinitions", "CustomResourceDefinition", False,
                   "customresourcedefinition", ("crd", "crds"), ("api-extensions",), _STATUS,
                   {**_open(status=_CONDITIONS), "description": _CRD_DESCRIPTION}, counts_generation=True)  # fmt: skip
