"""Built-in resource types, and as much of their schemas as merging lists and explaining fields needs."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from lab.apiserver.resources import OPEN, Resource, Schema

_TEXT: dict[str, Any] = {"type": "string"}
_TEXTS: Schema = {"type": "array", "items": _TEXT}
_TEXT_MAP: Schema = {"type": "object", "additionalProperties": _TEXT}
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
        **dict.fromkeys(("name", "namespace", "generateName", "uid", "resourceVersion"), _TEXT),
        **dict.fromkeys(("creationTimestamp", "deletionTimestamp"), _TEXT),
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
    spec=_open(
        taints=_keyed("key"), podCIDRs={"type": "array", "x-kubernetes-list-type": "set", "items": {"type": "string"}}
    ),
    status=_open(conditions=_keyed("type")),  # addresses: a dual-stack node has two of type InternalIP
)
_SECRETS = _open(secrets=_keyed("name"), imagePullSecrets=_keyed("name"))
_DEFINED_VERSION: Schema = _open(
    name=_TEXT,
    served={"type": "boolean"},
    storage={"type": "boolean"},
    schema=_open(openAPIV3Schema=OPEN),
    subresources=OPEN,
    deprecated={"type": "boolean"},
    deprecationWarning=_TEXT,
    additionalPrinterColumns={
        "type": "array",
        "items": _open(name=_TEXT, type=_TEXT, jsonPath=_TEXT) | {"required": ["name", "type", "jsonPath"]},
    },
    selectableFields={"type": "array", "items": _open(jsonPath=_TEXT) | {"required": ["jsonPath"]}},
) | {"required": ["name", "served", "storage"]}
_NAMES: Schema = _open(
    plural=_TEXT, kind=_TEXT, singular=_TEXT, listKind=_TEXT, shortNames=_TEXTS, categories=_TEXTS
) | {"required": ["plural", "kind"]}
_SCOPES = ["Cluster", "Namespaced"]
_DEFINITION: Schema = _open(
    status=_CONDITIONS,
    spec=_open(
        group=_TEXT,
        scope=_TEXT | {"enum": _SCOPES},
        names=_NAMES,
        versions={"type": "array", "minItems": 1, "items": _DEFINED_VERSION},
    )
    | {"required": ["group", "scope", "names", "versions"]},
) | {"required": ["spec"]}
_EVENT_FIELDS = (
    "involvedObject.kind",
    "involvedObject.name",
    "involvedObject.namespace",
    "involvedObject.uid",
    "reason",
    "type",
)
_POD_FIELDS = ("spec.nodeName", "spec.restartPolicy", "spec.schedulerName", "spec.serviceAccountName",
               "spec.hostNetwork", "status.phase", "status.podIP")  # fmt: skip
_STATUS = frozenset({"status"})
_APPS, _RBAC, _EXTENSIONS = "apps", "rbac.authorization.k8s.io", "apiextensions.k8s.io"


def _type(group: str, plural: str, kind: str, *short: str, **more: Any) -> Resource:
    return Resource(group, "v1", plural, kind, singular=kind.lower(), short_names=short, **more)


def _cluster_wide(group: str, plural: str, kind: str, *short: str, **more: Any) -> Resource:
    return _type(group, plural, kind, *short, namespaced=False, **more)


def _workload(plural: str, kind: str, short: str) -> Resource:
    return _type(
        _APPS, plural, kind, short, categories=("all",), subresources=_STATUS, schema=_WORKLOAD, counts_generation=True
    )


def _live_types() -> Iterable[Resource]:
    """Types with a status."""
    open_status = _open(status=_CONDITIONS)
    yield _cluster_wide("", "namespaces", "Namespace", "ns", subresources=_STATUS, schema=open_status,
                        selectable=("status.phase",), returns_deleted=True)  # fmt: skip
    yield _cluster_wide(
        "", "nodes", "Node", "no", subresources=_STATUS, schema=_NODE, selectable=("spec.unschedulable",)
    )
    yield _type("", "pods", "Pod", "po", categories=("all",), subresources=frozenset({"status", "exec", "log"}),
                schema=_open(spec=_POD_SPEC, status=_CONDITIONS), selectable=_POD_FIELDS,
                returns_deleted=True)  # fmt: skip
    yield _type("", "services", "Service", "svc", categories=("all",), subresources=_STATUS, schema=_SERVICE,
                selectable=("spec.clusterIP", "spec.type"), returns_deleted=True)  # fmt: skip
    yield _workload("daemonsets", "DaemonSet", "ds")
    yield _workload("deployments", "Deployment", "deploy")
    yield _cluster_wide(_EXTENSIONS, "customresourcedefinitions", "CustomResourceDefinition", "crd", "crds",
                        categories=("api-extensions",), subresources=_STATUS, schema=_DEFINITION,
                        counts_generation=True)  # fmt: skip


def builtin_resources() -> Iterable[Resource]:
    """Every type that is served without a CustomResourceDefinition."""
    yield from _live_types()
    yield _type("", "secrets", "Secret", selectable=("type",))
    yield _type("", "configmaps", "ConfigMap", "cm")
    yield _type("", "events", "Event", "ev", selectable=_EVENT_FIELDS)
    yield _type("", "serviceaccounts", "ServiceAccount", "sa", schema=_SECRETS)
    yield _type("", "endpoints", "Endpoints", "ep")
    yield _type("discovery.k8s.io", "endpointslices", "EndpointSlice")
    yield _type("coordination.k8s.io", "leases", "Lease")
    yield _type(_RBAC, "roles", "Role")
    yield _type(_RBAC, "rolebindings", "RoleBinding")
    yield _cluster_wide(_RBAC, "clusterroles", "ClusterRole")
    yield _cluster_wide(_RBAC, "clusterrolebindings", "ClusterRoleBinding")
