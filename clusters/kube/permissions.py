"""What bgpui needs to be allowed, what it is allowed, and the Roles that grant the rest."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import yaml

from clusters.kube.client import Door
from clusters.kube.kinds import Served
from clusters.kube.plain import PLAIN_KINDS

VERBS = ("get", "create", "delete")  # of a workload for a test
_RBAC = "rbac.authorization.k8s.io"


@dataclass(frozen=True, slots=True)
class Permission:
    """One verb on one resource; namespace "" = in the whole cluster. why: what does not work without it.

    optional: nothing is missing without it.
    """

    verb: str
    group: str
    resource: str
    subresource: str
    namespace: str
    why: str
    allowed: bool = False
    optional: bool = False

    def as_dict(self) -> dict[str, Any]:
        """As JSON."""
        return asdict(self)


def needs(
    kinds: Iterable[Served],
    namespace: str,
    frr_namespaces: Iterable[str],
    secret_namespace: str,
    reported: Iterable[tuple[Served, str]] = (),
    *,
    exec_wanted: bool = True,
    native: bool = False,
) -> list[Permission]:
    """Everything bgpui does in a cluster whose MetalLB lives in `namespace` and whose FRR in `frr_namespaces`.

    secret_namespace: where the Secrets with passwords are looked for. reported: what is only read, with the namespace,
    "" = of the cluster. exec_wanted: commands are run in pods. native: there is no FRR, only metrics of the speakers.
    """
    rows = [*_kind_rows(kinds, namespace), *_FIXED]
    rows += [(_READ, kind.group, kind.plural, "", where, f"to show {kind.plural}") for kind, where in reported]
    rows += _frr_rows(frr_namespaces)
    rows.append((("create", "patch"), "", "secrets", "", secret_namespace, "to keep passwords that are typed here"))
    rows.append((("get",), "", "secrets", "", secret_namespace, "to check the Secrets that peers refer to"))
    offering = "to offer Secrets by name in the form; values are never asked for"
    return [
        *(
            Permission(verb, group, resource, sub, where, why, optional=sub == "exec" and (native or not exec_wanted))
            for verbs, group, resource, sub, where, why in rows
            for verb in verbs
        ),
        Permission("list", "", "secrets", "", secret_namespace, offering, optional=True),
        Permission(
            "patch", "", "nodes", "", "", "to exclude a node from load balancing before it is drained", optional=True
        ),
        *((Permission("get", "", "pods", "proxy", namespace, _METRICS, optional=True),) if native else ()),
    ]


_METRICS = "to read the metrics of MetalLB's speakers, all that tells of sessions in native mode"
_Row = tuple[tuple[str, ...], str, str, str, str, str]  # verbs, group, resource, subresource, namespace, why
_READ = ("list", "watch")
_FIXED: tuple[_Row, ...] = (
    (_READ, "", "nodes", "", "", "to know which nodes a peer selects"),
    (_READ, "", "services", "", "", "to show LoadBalancer services and what is left of pools"),
    (_READ, "discovery.k8s.io", "endpointslices", "", "", "to know from which nodes a service is announced"),
    (_READ, "", "namespaces", "", "", "to know which namespaces a pool serves"),
    (_READ, "", "events", "", "", "to show why a service got no address"),
)


def _kind_rows(kinds: Iterable[Served], namespace: str) -> Iterator[_Row]:
    for kind in kinds:
        yield ("get", "list", "watch"), kind.group, kind.plural, "", namespace, f"to show {kind.plural}"
        yield ("create", "patch", "delete"), kind.group, kind.plural, "", namespace, f"to edit {kind.plural}"


def _frr_rows(namespaces: Iterable[str]) -> Iterator[_Row]:
    for room in dict.fromkeys(namespaces):
        yield ("list",), "", "pods", "", room, "to find the pods with FRR"
        # A WebSocket begins as a GET; newer API servers ask for `create` as well.
        yield ("get", "create"), "", "pods", "exec", room, "to ask FRR about its sessions"
        yield ("get",), "", "pods", "log", room, "to show what FRR logged when a session changed"


def workload_needs() -> list[Permission]:
    """What it takes to make and remove a workload for a test, in a namespace that is not there yet."""
    return [
        Permission(verb, kind.group, kind.plural, "", "", "to make and remove a workload for a test")
        for kind in PLAIN_KINDS.values()
        for verb in VERBS
    ]


def review(door: Door, wanted: Iterable[Permission]) -> list[Permission]:
    """Ask the API server about each (SelfSubjectAccessReview). Raises KubeError."""
    return [
        replace(need, allowed=door.can(need.verb, need.group, need.resource, need.namespace, need.subresource))
        for need in wanted
    ]


def missing_as_yaml(permissions: Sequence[Permission], identity: str = "") -> str:
    """The Roles and bindings that grant what is not allowed, for an administrator to apply; "" if nothing is missing.

    identity: our user name to the API server; without it the binding names a ServiceAccount `bgpui` to be adjusted.
    """
    missing = [permission for permission in permissions if not (permission.allowed or permission.optional)]
    documents = []
    for namespace in dict.fromkeys(permission.namespace for permission in missing):
        rules = _rules([permission for permission in missing if permission.namespace == namespace])
        # Under one name for all, what is missing now would replace what was granted before.
        name = f"bgpui-{hashlib.sha256(repr(rules).encode()).hexdigest()[:8]}"
        documents += [_head("Role", "ClusterRole", name, namespace) | {"rules": rules}]
        documents += [_binding(name, namespace, identity)]
    return yaml.safe_dump_all(documents, sort_keys=False) if documents else ""


def _rules(missing: list[Permission]) -> list[dict[str, Any]]:
    verbs: dict[tuple[str, str], list[str]] = {}
    for permission in missing:
        resource = f"{permission.resource}/{permission.subresource}" if permission.subresource else permission.resource
        verbs.setdefault((permission.group, resource), []).append(permission.verb)
    return [
        {"apiGroups": [group], "resources": [resource], "verbs": granted}
        for (group, resource), granted in verbs.items()
    ]


def _binding(name: str, namespace: str, identity: str) -> dict[str, Any]:
    role = {"apiGroup": _RBAC, "kind": "Role" if namespace else "ClusterRole", "name": name}
    head = _head("RoleBinding", "ClusterRoleBinding", name, namespace)
    return head | {"roleRef": role, "subjects": [_subject(identity)]}


def _head(namespaced: str, clustered: str, name: str, namespace: str) -> dict[str, Any]:
    metadata = {"name": name} | ({"namespace": namespace} if namespace else {})
    kind = namespaced if namespace else clustered
    return {"apiVersion": f"{_RBAC}/v1", "kind": kind, "metadata": metadata}


def _subject(identity: str) -> dict[str, str]:
    account = identity.removeprefix("system:serviceaccount:").split(":") if identity.startswith("system:s") else []
    if len(account) == 2:
        return {"kind": "ServiceAccount", "name": account[1], "namespace": account[0]}
    if identity:
        return {"apiGroup": _RBAC, "kind": "User", "name": identity}
    return {"kind": "ServiceAccount", "name": "bgpui", "namespace": "bgpui"}
