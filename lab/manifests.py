"""Kubernetes objects of a lab cluster: nodes, DaemonSets, pods, the controller's Deployment."""

from __future__ import annotations

import hashlib
import json
import uuid
from collections.abc import Mapping
from datetime import UTC, datetime
from ipaddress import IPv4Address, IPv6Address
from typing import Any

from lab.release import DaemonLayout, Release

Manifest = dict[str, Any]
_ZONES = "abc"
# Beside its own network each node has a NIC on those of the documentation's routers and of the demo's.
_LINKS = (IPv4Address("10.0.0.0"), IPv4Address("10.1.0.0"), IPv6Address("2620:52:0:88::"), IPv6Address("2001:db8:1::"))
_PREFIX = {4: 16, 6: 64}
_KUBELET = "v1.33.4"
_NODE_INFO = {
    "kubeletVersion": _KUBELET,
    "kubeProxyVersion": _KUBELET,
    "containerRuntimeVersion": "cri-o://1.33.3",
    "osImage": "Red Hat Enterprise Linux CoreOS 9.6",
    "kernelVersion": "5.14.0-570.el9.x86_64",
    "operatingSystem": "linux",
    "architecture": "amd64",
}


def stamp(moment: datetime | None = None) -> str:
    """A time as Kubernetes writes it."""
    return (moment or datetime.now(UTC)).strftime("%Y-%m-%dT%H:%M:%SZ")


def node_name(number: int) -> str:
    """The name of a lab node; numbers begin with 1."""
    return f"compute-{number}.example.com"


def node(number: int, name: str = "", labels: Mapping[str, str] | None = None) -> Manifest:
    """A ready worker node; zones go round, four nodes share a rack."""
    name = name or node_name(number)
    place = {
        "kubernetes.io/hostname": name,
        "kubernetes.io/os": "linux",
        "kubernetes.io/arch": "amd64",
        "node-role.kubernetes.io/worker": "",
        "topology.kubernetes.io/zone": f"zone-{_ZONES[(number - 1) % len(_ZONES)]}",
        "rack": f"rack-{(number - 1) // 4 + 1}",
    }
    own, cidrs = _addresses(number)
    addresses = [{"type": "InternalIP", "address": address} for address in own]
    reasons = {
        "Ready": "KubeletReady",
        "MemoryPressure": "KubeletHasSufficientMemory",
        "DiskPressure": "KubeletHasNoDiskPressure",
    }
    conditions = [
        {"type": kind, "status": str(kind == "Ready"), "reason": reason, "lastTransitionTime": stamp()}
        for kind, reason in reasons.items()
    ]
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {
            "name": name,
            "labels": {**place, **(labels or {})},
            "annotations": {"k8s.ovn.org/host-cidrs": json.dumps(cidrs)},
        },
        "spec": {},
        "status": {
            "addresses": [*addresses, {"type": "Hostname", "address": name}],
            "conditions": conditions,
            "capacity": {"cpu": "16", "memory": "65536Mi", "pods": "250"},
            "allocatable": {"cpu": "15500m", "memory": "64000Mi", "pods": "250"},
            "nodeInfo": dict(_NODE_INFO),
        },
    }


def _addresses(number: int) -> tuple[list[str], list[str]]:
    """A node's own addresses, and all of its NICs' as OVN-Kubernetes tells them; the host part is the same on each."""
    low = IPv4Address("192.168.10.10") if number < 240 else IPv4Address("10.100.0.0")
    own = (low + number, IPv6Address("fd00:10::") + number)
    beside = (link + (int(own[0]) & 0xFFFF) for link in _LINKS)
    cidrs = [f"{address}/{_PREFIX[address.version]}" for address in (*own, *beside)]
    return [str(address) for address in own], cidrs


def daemon_set(layout: DaemonLayout, release: Release, frr_version: str) -> Manifest:
    """The DaemonSet; its status is written when its pods are there."""
    return {
        "apiVersion": "apps/v1",
        "kind": "DaemonSet",
        "metadata": {"name": layout.name, "namespace": layout.namespace, "labels": dict(layout.labels)},
        "spec": {
            "selector": {"matchLabels": dict(layout.labels)},
            "template": {"metadata": {"labels": dict(layout.labels)}, "spec": _pod_spec(layout, release, frr_version)},
            "updateStrategy": {"type": "RollingUpdate"},
        },
    }


def _pod_spec(layout: DaemonLayout, release: Release, frr_version: str) -> Manifest:
    variable = {"name": "METALLB_BGP_TYPE", "value": release.mode.value}
    own: Manifest = {"env": [variable]}
    flags: tuple[str, ...] = ("--frrk8s-secret-passthrough",) if release.secret_passthrough else ()
    flags += ("--ignore-exclude-lb",) if release.ignores_exclude else ()
    if flags:
        own["args"] = ["--port=7472", "--log-level=info", *flags]
    containers = [
        {"name": name, "image": image, **(own if name == "speaker" else {})}
        for name, image in layout.images(frr_version).items()
    ]
    return {"hostNetwork": True, "serviceAccountName": layout.account, "containers": containers}


def pod(layout: DaemonLayout, release: Release, owner: Manifest, host: Manifest, frr_version: str) -> Manifest:
    """A running pod of the DaemonSet on a node, under a fresh name."""
    unique = uuid.uuid4()
    address = next(a["address"] for a in host["status"]["addresses"] if a["type"] == "InternalIP")
    name = f"{layout.name}-{_suffix(unique)}"
    reference = {
        "apiVersion": "apps/v1",
        "kind": "DaemonSet",
        "name": layout.name,
        "uid": owner["metadata"]["uid"],
        "controller": True,
        "blockOwnerDeletion": True,
    }
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "name": name,
            "namespace": layout.namespace,
            "labels": {**layout.labels, "pod-template-generation": "1"},
            "ownerReferences": [reference],
        },
        "spec": {**_pod_spec(layout, release, frr_version), "nodeName": host["metadata"]["name"]},
        "status": {
            "phase": "Running",
            "hostIP": address,
            "podIP": address,
            "podIPs": [{"ip": address}],
            "startTime": stamp(),
            "conditions": [
                {"type": kind, "status": "True", "lastTransitionTime": stamp()}
                for kind in ("Initialized", "Ready", "ContainersReady", "PodScheduled")
            ],
            "containerStatuses": [
                container_status(container, image) for container, image in layout.images(frr_version).items()
            ],
        },
    }


def container_status(name: str, image: str, restarts: int = 0) -> Manifest:
    """A container that runs since now."""
    digest = hashlib.sha256(image.encode()).hexdigest()
    return {
        "name": name,
        "image": image,
        "imageID": f"{image.rpartition(':')[0]}@sha256:{digest}",
        "containerID": f"cri-o://{uuid.uuid4().hex}{uuid.uuid4().hex}",
        "ready": True,
        "started": True,
        "restartCount": restarts,
        "state": {"running": {"startedAt": stamp()}},
        "lastState": {},
    }


def crashing(status: Manifest) -> Manifest:
    """The same container after it ended with an error and waits to be started again."""
    restarts = status["restartCount"] + 1
    words = {"reason": "CrashLoopBackOff", "message": f"back-off restarting failed container {status['name']}"}
    return {**status, "ready": False, "started": False, "restartCount": restarts, "state": {"waiting": words}}


def controller(release: Release) -> Manifest:
    """The Deployment of MetalLB's controller, which has no FRR."""
    labels = {"app": "metallb", "component": "controller"}
    image = f"quay.io/metallb/controller:v{release.version}"
    variable = {"name": "METALLB_BGP_TYPE", "value": release.mode.value}
    containers = [{"name": "controller", "image": image, "env": [variable]}]
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "controller", "namespace": release.namespace, "labels": labels},
        "spec": {
            "replicas": 1,
            "selector": {"matchLabels": labels},
            "template": {
                "metadata": {"labels": labels},
                "spec": {"serviceAccountName": "controller", "containers": containers},
            },
        },
    }


def namespaced(kind: str, namespace: str, name: str) -> Manifest:
    """A plain core object, such as a ServiceAccount."""
    return {"apiVersion": "v1", "kind": kind, "metadata": {"name": name, "namespace": namespace}}


def _suffix(unique: uuid.UUID) -> str:
    """Five letters and digits as Kubernetes chooses them."""
    letters = "bcdfghjklmnpqrstvwxz2456789"
    return "".join(letters[byte % len(letters)] for byte in unique.bytes[:5])
