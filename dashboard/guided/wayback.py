"""The way back of a VRF's traffic: what nmstate's policies prove of it, or else a policy to copy."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import yaml

from clusters.models import Cluster, StatusObject
from clusters.selectors import nodes_of
from clusters.words import counted
from intent.kinds import READ_KINDS
from intent.returnpath import MAIN_TABLE, PolicyPath, return_path

_KIND = READ_KINDS["NodeNetworkConfigurationPolicy"]
_NETWORKS = ("172.30.0.0/16", "10.128.0.0/14", "169.254.0.0/17")  # OpenShift's defaults: services, pods, OVN-Kubernetes
_TABLE, _PRIORITY, _METRIC = 2, 998, 150
_NODES = 6  # that are named


@dataclass(frozen=True, slots=True)
class WayBack:
    """state: yes or unknown. policies: those that mention the VRF, with their rows. offer: YAML to copy, "" = none."""

    state: str
    word: str
    why: str
    policies: tuple[tuple[PolicyPath, StatusObject], ...]
    offer: str
    command: str = f"oc get {_KIND.plural}.{_KIND.group}"


def way_back(cluster: Cluster, vrf: str, router: str, nodes: set[str]) -> WayBack:
    """What is known of the way back from a VRF on these nodes, all if none is given."""
    if not cluster.served.get(f"{_KIND.plural}.{_KIND.group}"):
        why = "This cluster does not serve nmstate's policies, so nothing says how its nodes route."
        return WayBack("unknown", "not known", why, (), policy_yaml(vrf, router))
    rows = {row.name: row for row in StatusObject.objects.filter(cluster=cluster, kind=_KIND.kind, shortened=False)}
    wanted = [node for node in nodes_of(cluster) if not nodes or node.name in nodes]
    told = ((row.name, row.result, row.body.get("spec") or {}) for row in rows.values())
    path = return_path(vrf, told, wanted)
    policies = tuple((one, rows[one.name]) for one in path.policies)
    if path.known:
        why = "nmstate says so. That packets take this way is not tried from here."
        return WayBack("yes", f"configured on {counted(len(path.proved), 'node')}", why, policies, "")
    offer = "" if path.proved else policy_yaml(vrf, router)
    return WayBack("unknown", "not known", _why(vrf, path.policies, path.open), policies, offer)


def _why(vrf: str, policies: tuple[PolicyPath, ...], left: tuple[str, ...]) -> str:
    if not policies:
        return f"No policy of nmstate mentions the VRF {vrf}."
    named = ", ".join(left[:_NODES]) + (" …" if len(left) > _NODES else "")
    return f"No policy that is in force and complete is for {named or 'any node'}."


def policy_yaml(vrf: str, router: str) -> str:
    """A policy as OpenShift's symmetric routing needs it; what stands in <> is to be filled in."""
    name = vrf if vrf.isprintable() else ""
    own: dict[str, Any] = {"name": name, "type": "vrf", "state": "up"}
    own["vrf"] = {"port": ["<interface>"], "route-table-id": _TABLE}
    route = {
        "destination": "::/0" if ":" in router else "0.0.0.0/0",
        "metric": _METRIC,
        "next-hop-address": router or "<router>",
        "next-hop-interface": "<interface>",
        "table-id": _TABLE,
    }
    rules = [{"ip-to": network, "priority": _PRIORITY, "route-table": MAIN_TABLE} for network in _NETWORKS]
    desired = {"interfaces": [own], "routes": {"config": [route]}, "route-rules": {"config": rules}}
    spec = {"nodeSelector": {"node-role.kubernetes.io/worker": ""}, "desiredState": desired}
    policy = {"apiVersion": _KIND.api_version, "kind": _KIND.kind, "metadata": {"name": f"{name}-policy"}, "spec": spec}
    return yaml.safe_dump(policy, sort_keys=False, allow_unicode=True)
