"""How the nodes' VRF leads back into the cluster: nmstate's NodeNetworkConfigurationPolicy, as OpenShift documents it.

OpenShift, "Managing symmetric routing with MetalLB": the VRF has its own table; rules send what is for the cluster's
networks to the main one.
"""

from __future__ import annotations

from lab.manifests import Manifest
from lab.seed.writing import manifest

_GROUP, _PLURAL, _KIND = "nmstate.io", "nodenetworkconfigurationpolicies", "NodeNetworkConfigurationPolicy"
_TABLE, _MAIN = 2, 254
_CLUSTER = ("172.30.0.0/16", "10.128.0.0/14", "169.254.0.0/17")  # services, pods, OVN-Kubernetes' own


def nmstate_definition() -> Manifest:
    """The CustomResourceDefinition, its spec left open as nmstate leaves it."""
    loose = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    version = {
        "name": "v1",
        "served": True,
        "storage": True,
        "schema": {"openAPIV3Schema": {"type": "object", "properties": {"spec": loose, "status": loose}}},
        "subresources": {"status": {}},
    }
    names = {"kind": _KIND, "plural": _PLURAL, "singular": _KIND.lower(), "shortNames": ["nncp"]}
    spec = {"group": _GROUP, "names": names, "scope": "Cluster", "versions": [version]}
    return manifest("apiextensions.k8s.io/v1", "CustomResourceDefinition", f"{_PLURAL}.{_GROUP}", spec=spec)


def vrf_policy() -> Manifest:
    """The VRF ens4vrf over the interface ens4, with its return path."""
    vrf = {"name": "ens4vrf", "type": "vrf", "state": "up", "vrf": {"port": ["ens4"], "route-table-id": _TABLE}}
    nic = {"name": "ens4", "type": "ethernet", "state": "up", "ipv4": {"dhcp": True, "enabled": True}}
    route = {
        "destination": "0.0.0.0/0",
        "metric": 150,
        "next-hop-address": "192.168.130.1",
        "next-hop-interface": "ens4",
        "table-id": _TABLE,
    }
    rules = [{"ip-to": network, "priority": 998, "route-table": _MAIN} for network in _CLUSTER]
    desired = {"interfaces": [vrf, nic], "routes": {"config": [route]}, "route-rules": {"config": rules}}
    spec = {
        "nodeSelector": {"node-role.kubernetes.io/worker": ""},
        "maxUnavailable": 3,
        "desiredState": desired,
    }
    configured = {"type": "Available", "status": "True", "reason": "SuccessfullyConfigured"}
    return manifest(f"{_GROUP}/v1", _KIND, "ens4vrf", spec=spec, status={"conditions": [configured]})
