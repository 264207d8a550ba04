"""What else is in a namespace: its deletion takes everything along (Kubernetes docs, "Namespaces")."""

from __future__ import annotations

from clusters.kube.client import Door
from clusters.kube.errors import Forbidden, NotServed
from clusters.kube.kinds import PODS, SERVICES, Resource
from clusters.kube.plain import made_here

_LOOKED_AT = (
    SERVICES,
    PODS,
    Resource("", "v1", "configmaps"),
    Resource("", "v1", "persistentvolumeclaims"),
    Resource("apps", "v1", "deployments"),
    Resource("apps", "v1", "statefulsets"),
    Resource("apps", "v1", "daemonsets"),
    Resource("batch", "v1", "jobs"),
    Resource("batch", "v1", "cronjobs"),
)
# Kubernetes and OpenShift put these into every namespace.
_EVERYWHERE = {"kube-root-ca.crt", "openshift-service-ca.crt"}
_MOST = 5


def strangers_in(door: Door, namespace: str) -> list[str]:
    """Objects that bgpui has not made, at most five, as far as it may look; what belongs to others is left out.

    Raises KubeError.
    """
    found: list[str] = []
    for kind in _LOOKED_AT:
        try:
            objects = door.list(kind, namespace)[0]
        except (Forbidden, NotServed):
            continue
        names = (obj["metadata"]["name"] for obj in objects if not made_here(obj) and not _owned(obj))
        found += [f"{kind.plural}/{name}" for name in names if name not in _EVERYWHERE]
        if len(found) >= _MOST:
            break
    return found[:_MOST]


def refusal(namespace: str, strangers: list[str]) -> str:
    """Why the namespace stays, and the way out."""
    named = ", ".join(strangers)
    text = f"Namespace {namespace} holds what bgpui has not made, and its deletion would take it along: {named}."
    return f"{text} Remove it first, or delete the namespace yourself."


def _owned(obj: dict[str, dict[str, object]]) -> bool:
    """Whether it goes with another object, as a pod with its ReplicaSet."""
    return bool(obj["metadata"].get("ownerReferences"))
