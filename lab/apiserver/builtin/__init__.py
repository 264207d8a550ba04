"""Built-in resource types, and as much of their schemas as merging lists and explaining fields needs."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from lab.apiserver.builtin.definitions import DEFINITION
from lab.apiserver.builtin.networking import ENDPOINT_SLICE, SERVICE
from lab.apiserver.builtin.shapes import CONDITIONS, METADATA, keyed, partly, text_set
from lab.apiserver.builtin.workloads import DEPLOYMENT, POD, REPLICA_SET, WORKLOAD
from lab.apiserver.resources import Resource, Schema

__all__ = ["METADATA", "builtin_resources"]

_NODE = partly(
    spec=partly(taints=keyed("key"), podCIDRs=text_set()),
    status=CONDITIONS,  # addresses: a dual-stack node has two of type InternalIP
)
_SECRETS = partly(secrets=keyed("name"), imagePullSecrets=keyed("name"))
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


def _workload(plural: str, kind: str, short: str, schema: Schema) -> Resource:
    return _type(
        _APPS, plural, kind, short, categories=("all",), subresources=_STATUS, schema=schema, counts_generation=True
    )


def _live_types() -> Iterable[Resource]:
    """Types with a status."""
    yield _cluster_wide("", "namespaces", "Namespace", "ns", subresources=_STATUS, schema=partly(status=CONDITIONS),
                        selectable=("status.phase",), returns_deleted=True)  # fmt: skip
    yield _cluster_wide(
        "", "nodes", "Node", "no", subresources=_STATUS, schema=_NODE, selectable=("spec.unschedulable",)
    )
    yield _type("", "pods", "Pod", "po", categories=("all",),
                subresources=frozenset({"status", "exec", "log", "proxy"}), schema=POD, selectable=_POD_FIELDS,
                returns_deleted=True)  # fmt: skip
    yield _type("", "services", "Service", "svc", categories=("all",), subresources=_STATUS, schema=SERVICE,
                selectable=("spec.clusterIP", "spec.type"), returns_deleted=True)  # fmt: skip
    yield _workload("daemonsets", "DaemonSet", "ds", WORKLOAD)
    yield _workload("deployments", "Deployment", "deploy", DEPLOYMENT)
    yield _workload("replicasets", "ReplicaSet", "rs", REPLICA_SET)
    yield _cluster_wide(_EXTENSIONS, "customresourcedefinitions", "CustomResourceDefinition", "crd", "crds",
                        categories=("api-extensions",), subresources=_STATUS, schema=DEFINITION,
                        counts_generation=True)  # fmt: skip


def builtin_resources() -> Iterable[Resource]:
    """Every type that is served without a CustomResourceDefinition."""
    yield from _live_types()
    yield _type("", "secrets", "Secret", selectable=("type",))
    yield _type("", "configmaps", "ConfigMap", "cm")
    yield _type("", "events", "Event", "ev", selectable=_EVENT_FIELDS)
    yield _type("", "serviceaccounts", "ServiceAccount", "sa", schema=_SECRETS)
    yield _type("", "endpoints", "Endpoints", "ep")
    yield _type("discovery.k8s.io", "endpointslices", "EndpointSlice", schema=ENDPOINT_SLICE, counts_generation=True)
    yield _type("coordination.k8s.io", "leases", "Lease")
    yield _type(_RBAC, "roles", "Role")
    yield _type(_RBAC, "rolebindings", "RoleBinding")
    yield _cluster_wide(_RBAC, "clusterroles", "ClusterRole")
    yield _cluster_wide(_RBAC, "clusterrolebindings", "ClusterRoleBinding")
