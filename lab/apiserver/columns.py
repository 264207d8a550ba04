"""The columns that `kubectl get` shows for built-in types; those with priority 1 come with `-o wide`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from lab.apiserver.resources import Manifest

Cell = Callable[[Manifest], Any]


@dataclass(frozen=True, slots=True)
class Column:
    name: str
    cell: Cell
    priority: int = 0
    type: str = "string"
    description: str = ""


def age(timestamp: str | None, now: datetime | None = None) -> str:
    """Time since an RFC 3339 timestamp as kubectl prints it."""
    if not timestamp:
        return "<unknown>"
    try:
        since = datetime.fromisoformat(timestamp)
    except ValueError:
        return "<invalid>"
    return _human(int(((now or datetime.now(UTC)) - since).total_seconds()))


def _human(seconds: int) -> str:
    minutes, hours, days = seconds // 60, seconds // 3600, seconds // 86400
    steps = [
        (120, f"{max(seconds, 0)}s"),
        (600, f"{minutes}m{seconds % 60}s" if seconds % 60 else f"{minutes}m"),
        (3 * 3600, f"{minutes}m"),
        (8 * 3600, f"{hours}h{minutes % 60}m" if minutes % 60 else f"{hours}h"),
        (48 * 3600, f"{hours}h"),
        (8 * 86400, f"{days}d{hours % 24}h" if hours % 24 else f"{days}d"),
        (2 * 365 * 86400, f"{days}d"),
    ]
    return next((text for limit, text in steps if seconds < limit), f"{days // 365}y")


def _field(path: str, absent: Any = "<none>") -> Cell:
    steps = path.split(".")

    def cell(manifest: Manifest) -> Any:
        value: Any = manifest
        for step in steps:
            value = value.get(step) if isinstance(value, dict) else None
        return absent if value in (None, "") else value

    return cell


def _number(name: str, path: str) -> Column:
    return Column(name, _field(path, 0), 0, "integer")


def _wide(name: str, path: str) -> Column:
    return Column(name, _field(path), 1)


def _statuses(pod: Manifest) -> list[Manifest]:
    return (pod.get("status") or {}).get("containerStatuses") or []


def _ready(pod: Manifest) -> str:
    containers = (pod.get("spec") or {}).get("containers") or []
    return f"{sum(bool(status.get('ready')) for status in _statuses(pod))}/{len(containers)}"


def _pod_status(pod: Manifest) -> str:
    if "deletionTimestamp" in pod["metadata"]:
        return "Terminating"
    for status in _statuses(pod):
        state = status.get("state") or {}
        reason = (state.get("waiting") or state.get("terminated") or {}).get("reason")
        if reason:
            return str(reason)
    own = pod.get("status") or {}
    return str(own.get("reason") or own.get("phase") or "Unknown")


def _restarts(pod: Manifest) -> str:
    return str(sum(int(status.get("restartCount") or 0) for status in _statuses(pod)))


def _node_status(node: Manifest) -> str:
    conditions = (node.get("status") or {}).get("conditions") or []
    ready = next((c.get("status") for c in conditions if c.get("type") == "Ready"), "Unknown")
    words = {"True": "Ready", "False": "NotReady"}.get(str(ready), "Unknown")
    return words + (",SchedulingDisabled" if (node.get("spec") or {}).get("unschedulable") else "")


def _roles(node: Manifest) -> str:
    mark = "node-role.kubernetes.io/"
    roles = sorted(name.removeprefix(mark) for name in node["metadata"].get("labels") or () if name.startswith(mark))
    return ",".join(roles) or "<none>"


def _internal_address(node: Manifest) -> str:
    addresses = (node.get("status") or {}).get("addresses") or []
    return next((str(a.get("address")) for a in addresses if a.get("type") == "InternalIP"), "<none>")


def _ports(service: Manifest) -> str:
    ports = (service.get("spec") or {}).get("ports") or []
    texts = [
        f"{p.get('port')}{':' + str(p['nodePort']) if p.get('nodePort') else ''}/{p.get('protocol', 'TCP')}"
        for p in ports
    ]
    return ",".join(texts) or "<none>"


def _external_address(service: Manifest) -> str:
    ingress = ((service.get("status") or {}).get("loadBalancer") or {}).get("ingress") or []
    addresses = [str(item.get("ip") or item.get("hostname")) for item in ingress]
    pending = "<pending>" if (service.get("spec") or {}).get("type") == "LoadBalancer" else "<none>"
    return ",".join(addresses) or pending


def _selector(path: str) -> Cell:
    field = _field(path, {})
    return lambda manifest: ",".join(f"{k}={v}" for k, v in sorted((field(manifest) or {}).items())) or "<none>"


def _containers(key: str) -> Cell:
    field = _field("spec.template.spec.containers", [])
    return lambda manifest: ",".join(str(container.get(key, "")) for container in field(manifest))


def _ready_deployment(deployment: Manifest) -> str:
    ready = _field("status.readyReplicas", 0)(deployment)
    return f"{ready}/{_field('spec.replicas', 1)(deployment)}"


def _data_count(manifest: Manifest) -> int:
    return len(manifest.get("data") or ()) + len(manifest.get("binaryData") or ())


def _event_object(event: Manifest) -> str:
    involved = event.get("involvedObject") or {}
    return f"{str(involved.get('kind', '')).lower()}/{involved.get('name', '')}"


def _slice_ports(slice_: Manifest) -> str:
    return ",".join(str(port.get("port", "*")) for port in slice_.get("ports") or ()) or "<unset>"


def _addresses(slice_: Manifest) -> str:
    addresses = [address for endpoint in slice_.get("endpoints") or () for address in endpoint.get("addresses") or ()]
    return ",".join(map(str, addresses)) or "<unset>"


AGE = Column("Age", lambda manifest: age(manifest["metadata"].get("creationTimestamp")))
AGELESS = {("", "events"), ("apiextensions.k8s.io", "customresourcedefinitions")}
BUILTIN: dict[tuple[str, str], list[Column]] = {
    ("", "namespaces"): [Column("Status", _field("status.phase", ""))],
    ("", "nodes"): [
        Column("Status", _node_status), Column("Roles", _roles), AGE,
        Column("Version", _field("status.nodeInfo.kubeletVersion", "")),
        Column("Internal-IP", _internal_address, 1), _wide("OS-Image", "status.nodeInfo.osImage"),
        _wide("Kernel-Version", "status.nodeInfo.kernelVersion"),
        _wide("Container-Runtime", "status.nodeInfo.containerRuntimeVersion"),
    ],
    ("", "pods"): [
        Column("Ready", _ready), Column("Status", _pod_status), Column("Restarts", _restarts),
        _wide("IP", "status.podIP"), _wide("Node", "spec.nodeName"),
    ],
    ("", "services"): [
        Column("Type", _field("spec.type", "ClusterIP")), Column("Cluster-IP", _field("spec.clusterIP")),
        Column("External-IP", _external_address), Column("Port(s)", _ports),
        Column("Selector", _selector("spec.selector"), 1),
    ],
    ("", "secrets"): [Column("Type", _field("type", "")), Column("Data", _data_count, 0, "integer")],
    ("", "configmaps"): [Column("Data", _data_count, 0, "integer")],
    ("", "events"): [
        Column("Last Seen", lambda event: age(event.get("lastTimestamp") or event["metadata"]["creationTimestamp"])),
        Column("Type", _field("type", "")), Column("Reason", _field("reason", "")), Column("Object", _event_object),
        Column("Message", _field("message", "")),
    ],
    ("apps", "daemonsets"): [
        _number("Desired", "status.desiredNumberScheduled"), _number("Current", "status.currentNumberScheduled"),
        _number("Ready", "status.numberReady"), _number("Up-to-date", "status.updatedNumberScheduled"),
        _number("Available", "status.numberAvailable"),
        Column("Node Selector", _selector("spec.template.spec.nodeSelector")),
        Column("Containers", _containers("name"), 1), Column("Images", _containers("image"), 1),
        Column("Selector", _selector("spec.selector.matchLabels"), 1),
    ],
    ("apps", "deployments"): [
        Column("Ready", _ready_deployment), _number("Up-to-date", "status.updatedReplicas"),
        _number("Available", "status.availableReplicas"), Column("Containers", _containers("name"), 1),
        Column("Images", _containers("image"), 1), Column("Selector", _selector("spec.selector.matchLabels"), 1),
    ],
    ("apps", "replicasets"): [
        _number("Desired", "spec.replicas"), _number("Current", "status.replicas"),
        _number("Ready", "status.readyReplicas"), Column("Containers", _containers("name"), 1),
        Column("Images", _containers("image"), 1), Column("Selector", _selector("spec.selector.matchLabels"), 1),
    ],
    ("discovery.k8s.io", "endpointslices"): [
        Column("AddressType", _field("addressType", "")), Column("Ports", _slice_ports),
        Column("Endpoints", _addresses),
    ],
    ("coordination.k8s.io", "leases"): [Column("Holder", _field("spec.holderIdentity", ""))],
    ("apiextensions.k8s.io", "customresourcedefinitions"): [
        Column("Created At", _field("metadata.creationTimestamp", "")),
    ],
}  # fmt: skip
