"""An object of every kind that people configure, with all fields that MetalLB 0.16.1 knows, which no rule refuses."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

from clusters.models import Cluster, Resource
from clusters.registry import resource_models
from clusters.sync.references import references_write
from intent.kinds import KINDS

NAMESPACE = "metallb-system"
_NODES = [{"matchLabels": {"rack": "1"}}, {"matchExpressions": [{"key": "gpu", "operator": "Exists"}]}]
SPECS: dict[str, dict[str, Any]] = {
    "BGPPeer": {"myASN": 64500, "peerASN": 64501, "peerAddress": "192.0.2.1", "routerID": "192.0.2.9"},
    "BFDProfile": {
        "receiveInterval": 150, "transmitInterval": 160, "detectMultiplier": 4, "echoInterval": 60, "echoMode": True,
        "passiveMode": True, "minimumTtl": 250,
    },
    "IPAddressPool": {
        "addresses": ["203.0.113.0/28", "203.0.113.32-203.0.113.40", "2001:db8::/124"], "autoAssign": False,
        "avoidBuggyIPs": True,
        "serviceAllocation": {
            "priority": 10, "namespaces": ["web", "mail"],
            "namespaceSelectors": [{"matchLabels": {"team": "blue"}}],
            "serviceSelectors": [{"matchExpressions": [{"key": "tier", "operator": "In", "values": ["a", "b"]}]}],
        },
    },
    "BGPAdvertisement": {
        "ipAddressPools": ["blue", "green"], "ipAddressPoolSelectors": [{"matchLabels": {"zone": "b"}}],
        "peers": ["tor-a", "tor-b"], "nodeSelectors": _NODES, "aggregationLength": 30, "aggregationLengthV6": 126,
        "localPref": 200, "communities": ["65535:65282", "large:64500:1:2"],
    },
    "L2Advertisement": {
        "ipAddressPools": ["blue"], "ipAddressPoolSelectors": [{"matchLabels": {"zone": "b"}}],
        "nodeSelectors": _NODES, "interfaces": ["eth0", "eth1"],
        "serviceSelectors": [{"matchLabels": {"app": "web"}}],
    },
    "Community": {"communities": [{"name": "quiet", "value": "65535:65282"}, {"name": "far", "value": "64500:7"}]},
}  # fmt: skip


def example(kind: str, name: str = "one", **spec: Any) -> dict[str, Any]:
    """A manifest; None takes a field away."""
    fields = {**deepcopy(SPECS[kind]), **spec}
    return {
        "apiVersion": KINDS[kind].api_version,
        "kind": kind,
        "metadata": {"name": name, "namespace": NAMESPACE},
        "spec": {field: value for field, value in fields.items() if value is not None},
    }


def saved(
    cluster: Cluster, kind: str, name: str = "one", spec: dict[str, Any] | None = None, **columns: Any
) -> Resource:
    """The row of an object that is in sync with the cluster."""
    manifest = example(kind, name)
    manifest["spec"] = deepcopy(SPECS[kind] if spec is None else spec)
    live = deepcopy(manifest)
    live["metadata"] |= {"uid": f"uid-{name}", "resourceVersion": "1"}
    row = resource_models()[kind](
        cluster=cluster, namespace=NAMESPACE, name=name, uid=f"uid-{name}", resource_version="1", live=live
    )
    row.spec = manifest["spec"]
    for column, value in columns.items():
        setattr(row, column, value)
    row.save()
    references_write(cluster, [row.ref])
    return row


def furnished(cluster: Cluster) -> None:
    """The pools and peers that the examples of advertisements name."""
    for number, name in enumerate(("blue", "green")):
        saved(cluster, "IPAddressPool", name, {"addresses": [f"10.{number}.0.0/16", f"2001:db8:{number + 1}::/64"]})
    for number, name in enumerate(("tor-a", "tor-b")):
        saved(cluster, "BGPPeer", name, {**SPECS["BGPPeer"], "peerAddress": f"192.0.2.10{number}"})
