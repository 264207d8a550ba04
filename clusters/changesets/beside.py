"""Objects that people keep beside MetalLB's in a folder, and that an import passes over, with the reason."""

from __future__ import annotations

from clusters.kube.plain import PLAIN_KINDS
from intent.kinds import STATUS_KINDS

_CORE = frozenset(
    {
        "ConfigMap", "Endpoints", "Event", "LimitRange", "Node", "PersistentVolume", "PersistentVolumeClaim", "Pod",
        "PodTemplate", "ReplicationController", "ResourceQuota", "Secret", "ServiceAccount",
    }
)  # fmt: skip
_OF_KUBERNETES = frozenset({"apps", "autoscaling", "batch", "extensions", "policy"})  # groups, besides *.k8s.io
_APPLY = "apply it with oc or kubectl"


def left_out(kind: str, api_version: object, refusal: str) -> str:
    """Why a document is passed over, in words that follow its name; "" for one that is read.

    refusal: why whoever imports may make no test workloads, "" = he may.
    """
    group = api_version.rpartition("/")[0] if isinstance(api_version, str) else ""
    if kind == "Kustomization":
        return "is for kustomize and left out"
    if kind in STATUS_KINDS:
        return "is written by MetalLB itself and left out"
    if kind in PLAIN_KINDS:
        reason = f"{kind}s are taken for test workloads. {refusal.rstrip('.')}"
        return f"is left out: {reason}; {_APPLY}" if refusal else ""
    if kind == "Secret" and not group:
        return f"is left out, since passwords are not taken from files; {_APPLY}"
    if (not group and kind in _CORE and api_version == "v1") or group in _OF_KUBERNETES or group.endswith(".k8s.io"):
        return f"is a kind of Kubernetes itself and left out; {_APPLY}"
    return ""
