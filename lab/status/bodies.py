"""What MetalLB's status objects look like (metallb.io/v1beta1)."""

from __future__ import annotations

from collections.abc import Hashable, Iterable

from lab.apiserver import Manifest
from lab.status.layer2 import Owner

_PREFIX = "metallb.io/"


def service_bgp(node: str, service: tuple[str, str], peers: Iterable[str], namespace: str) -> Manifest:
    """A ServiceBGPStatus: the BGPPeers that a node is meant to announce a service to."""
    return _about_service("bgp-", node, service, namespace, {"peers": list(peers)})


def service_l2(owner: Owner, namespace: str) -> Manifest:
    """A ServiceL2Status: the node that announces a service."""
    return _about_service("l2-", owner.node, owner.service, namespace,
                          {"interfaces": [{"name": name} for name in owner.interfaces]})  # fmt: skip


def service_of(manifest: Manifest) -> tuple[str, Hashable]:
    """The node and the service that such an object is about."""
    labels = manifest["metadata"].get("labels") or {}
    service = labels.get(f"{_PREFIX}service-namespace", ""), labels.get(f"{_PREFIX}service-name", "")
    return labels.get(f"{_PREFIX}node", ""), service


def _about_service(prefix: str, node: str, service: tuple[str, str], namespace: str, status: Manifest) -> Manifest:
    labels = {"node": node, "service-namespace": service[0], "service-name": service[1]}
    who = {"node": node, "serviceNamespace": service[0], "serviceName": service[1]}
    return {
        "metadata": {
            "generateName": prefix,
            "namespace": namespace,
            "labels": {f"{_PREFIX}{name}": value for name, value in labels.items()},
        },
        "status": who | status,
    }


def configuration_state(node: str, refusal: str, namespace: str, judged: str) -> Manifest:
    """A ConfigurationState of a speaker, or of the controller for node "". judged: the time of the last judgement."""
    component = "speaker" if node else "controller"
    labels = {f"{_PREFIX}component-type": component} | ({f"{_PREFIX}node-name": node} if node else {})
    message = f"configuration error: {refusal}" if refusal else ""
    condition = {
        "type": "configReconcilerValid" if node else "poolReconcilerValid",
        "status": "False" if refusal else "True",
        "reason": "ConfigurationError" if refusal else "Reconciled",
        "message": message,
        "lastTransitionTime": judged,
    }
    return {
        "metadata": {"name": f"speaker-{node}" if node else component, "namespace": namespace, "labels": labels},
        "status": {
            "result": "Invalid" if refusal else "Valid",
            "errorSummary": message,
            "conditions": [condition],
        },
    }


def node_of(manifest: Manifest) -> tuple[str, Hashable]:
    """The node that a ConfigurationState is about."""
    labels = manifest["metadata"].get("labels") or {}
    return labels.get(f"{_PREFIX}node-name", ""), ""
