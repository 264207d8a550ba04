"""Pods that ReplicaSets make: where they run, their addresses, and how they begin."""

from __future__ import annotations

from collections.abc import Iterable
from ipaddress import IPv4Address, IPv6Address
from typing import Any

from lab.apiserver import Manifest
from lab.manifests import container_status, stamp

_NETWORKS = (IPv4Address("10.128.0.0"), IPv6Address("fd01::"))  # OVN-Kubernetes' cluster network
_FIRST = 256


class PodAddresses:
    """The next free addresses of the pod network, one of each family with the same number."""

    def __init__(self) -> None:
        self._last = _FIRST

    def seen(self, pod: Manifest) -> None:
        """A pod that has its addresses already."""
        for item in (pod.get("status") or {}).get("podIPs") or ():
            if "." in item["ip"]:
                self._last = max(self._last, int(IPv4Address(item["ip"])) - int(_NETWORKS[0]))

    def next(self) -> list[str]:
        """IPv4 and IPv6."""
        self._last += 1
        return [str(network + self._last) for network in _NETWORKS]


def owner(manifest: Manifest) -> Manifest:
    """A reference to the controller of an object."""
    metadata = manifest["metadata"]
    return {
        "apiVersion": manifest["apiVersion"],
        "kind": manifest["kind"],
        "name": metadata["name"],
        "uid": metadata["uid"],
        "controller": True,
        "blockOwnerDeletion": True,
    }


def owned_by(manifest: Manifest, kind: str) -> str:
    """The uid of the controller of this kind, "" if there is none."""
    owners = manifest["metadata"].get("ownerReferences") or ()
    return next((str(o["uid"]) for o in owners if o.get("controller") and o.get("kind") == kind), "")


def is_ready(pod: Manifest) -> bool:
    """The condition Ready."""
    conditions = (pod.get("status") or {}).get("conditions") or ()
    return any(condition["type"] == "Ready" and condition["status"] == "True" for condition in conditions)


def made_from(replica_set: Manifest) -> Manifest:
    """A new pod from the template of a ReplicaSet, not scheduled yet."""
    template, metadata = replica_set["spec"]["template"], replica_set["metadata"]
    own = template.get("metadata") or {}
    return {
        "metadata": {
            "generateName": f"{metadata['name']}-",
            "namespace": metadata["namespace"],
            "labels": own.get("labels") or {},
            "annotations": own.get("annotations") or {},
            "ownerReferences": [owner(replica_set)],
        },
        "spec": template["spec"],
    }


def fitting(pod: Manifest, nodes: Iterable[Manifest], load: dict[str, int]) -> str:
    """The node for a pod: ready, schedulable, with the labels that it wants, with the fewest pods; "" if none fits."""
    wanted = pod["spec"].get("nodeSelector") or {}
    fit = [
        node["metadata"]["name"]
        for node in nodes
        if _takes_pods(node) and wanted.items() <= (node["metadata"].get("labels") or {}).items()
    ]
    return min(fit, key=lambda name: (load.get(name, 0), name), default="")


def running(pod: Manifest, host: Manifest | None, addresses: list[str]) -> Manifest:
    """The status of a pod whose containers run since now."""
    conditions = ("Initialized", "Ready", "ContainersReady", "PodScheduled")
    status: dict[str, Any] = {
        "phase": "Running",
        "podIP": addresses[0],
        "podIPs": [{"ip": address} for address in addresses],
        "startTime": stamp(),
        "conditions": [{"type": kind, "status": "True", "lastTransitionTime": stamp()} for kind in conditions],
        "containerStatuses": [container_status(c["name"], c.get("image", "")) for c in pod["spec"]["containers"]],
    }
    own = [a["address"] for a in ((host or {}).get("status") or {}).get("addresses") or () if a["type"] == "InternalIP"]
    return status | ({"hostIP": own[0]} if own else {})


def unscheduled(number: int) -> Manifest:
    """The status of a pod that no node takes."""
    words = f"0/{number} nodes are available: {number} node(s) didn't match Pod's node affinity/selector."
    condition = {"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": words}
    return {"phase": "Pending", "conditions": [condition | {"lastTransitionTime": stamp()}]}


def _takes_pods(node: Manifest) -> bool:
    conditions = (node.get("status") or {}).get("conditions") or ()
    ready = all(c["status"] == "True" for c in conditions if c["type"] == "Ready")
    return ready and not (node.get("spec") or {}).get("unschedulable")
