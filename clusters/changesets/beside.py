"""Objects that people keep beside MetalLB's in a folder, and that an import passes over, with the reason."""

from __future__ import annotations

from functools import cached_property
from typing import Any

from clusters.kube.plain import PLAIN_KINDS
from clusters.models import Cluster, Namespace, Service
from clusters.workloads import workloads_refused
from intent.findings import ObjectRef
from intent.kinds import STATUS_KINDS

_CORE = frozenset(
    {
        "ConfigMap", "Endpoints", "Event", "LimitRange", "Node", "PersistentVolume", "PersistentVolumeClaim", "Pod",
        "PodTemplate", "ReplicationController", "ResourceQuota", "Secret", "ServiceAccount",
    }
)  # fmt: skip
_OF_KUBERNETES = frozenset({"apps", "autoscaling", "batch", "extensions", "policy"})  # groups, besides *.k8s.io
_APPLY = "apply it with oc or kubectl"


class Ground:
    """What an import meets: the Namespaces and Services of the cluster as last listed, and what its user may make."""

    def __init__(self, cluster: Cluster, user: Any) -> None:
        self.cluster = cluster
        self.refusal = workloads_refused(user, cluster)  # why he may make no test workloads, "" = he may

    @cached_property
    def _namespaces(self) -> frozenset[str]:
        return frozenset(Namespace.objects.filter(cluster=self.cluster).values_list("name", flat=True))

    @cached_property
    def _services(self) -> frozenset[tuple[str, str]]:
        return frozenset(Service.objects.filter(cluster=self.cluster).values_list("namespace", "name"))

    def holds(self, ref: ObjectRef) -> bool:
        """Whether it is one of these Namespaces or Services."""
        if ref.kind == "Namespace":
            return ref.name in self._namespaces
        return ref.kind == "Service" and (ref.namespace, ref.name) in self._services


def left_out(ref: ObjectRef, api_version: object, ground: Ground) -> str:
    """Why a document is passed over, in words that follow its name; "" for one that is read. ref: as it says itself."""
    kind = ref.kind
    group = api_version.rpartition("/")[0] if isinstance(api_version, str) else ""
    if kind == "Kustomization":
        return "is for kustomize and left out"
    if kind in STATUS_KINDS:
        return "is written by MetalLB itself and left out"
    if kind in PLAIN_KINDS:
        return _workload(ref, ground)
    if kind == "Secret" and not group:
        return f"is left out, since passwords are not taken from files; {_APPLY}"
    if (not group and kind in _CORE and api_version == "v1") or group in _OF_KUBERNETES or group.endswith(".k8s.io"):
        return f"is a kind of Kubernetes itself and left out; {_APPLY}"
    return ""


def _workload(ref: ObjectRef, ground: Ground) -> str:
    """The same of a kind that a test workload consists of."""
    if ground.holds(ref):
        return "is in the cluster already and left as it is; to change it, use oc or kubectl"
    if ground.refusal:
        return f"is left out: {ref.kind}s are taken for test workloads. {ground.refusal.rstrip('.')}; {_APPLY}"
    if PLAIN_KINDS[ref.kind].namespaced and not ref.namespace:
        return f"is left out, since it names no namespace; {_APPLY}"
    return ""
