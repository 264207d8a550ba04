"""What MetalLB and frr-k8s report, and nmstate's policies: read where the API server serves it, and kept as rows."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from django.db import models

from clusters import clock
from clusters.kube.client import Door, Many
from clusters.kube.discovery import Problem
from clusters.kube.errors import Forbidden, NotServed
from clusters.kube.frr_text import MASK
from clusters.kube.redact import INLINE_PASSWORD
from clusters.kube.transport import Object
from clusters.models import Cluster, StatusObject
from clusters.sync.happened import reports_happened
from clusters.sync.mirror import Mirror
from clusters.told import nodes_told
from intent import returnpath
from intent.addresses import parse_address
from intent.kinds import READ_KINDS, Kind
from intent.snapshot import mapping, text

_MOST = 50_000  # objects of a kind
_LARGEST = 128 * 1024  # characters of an object that are kept
_STEPS = ((2000, 100_000), (200, 8_000), (20, 500), (3, 100))  # entries of a list, characters of a text
_TELLING = frozenset(("BGPSessionState", "ServiceBGPStatus"))  # a change is worth a look at the node at once
_NODE_LABEL = "metallb.io/node-name"
_HOSTNAME = "kubernetes.io/hostname"
_FIELDS = (
    "uid", "node", "service_namespace", "service_name", "peer", "vrf", "result", "message", "body", "shortened",
    "created_at",
)  # fmt: skip
STATUS = Mirror(
    StatusObject, key=("kind", "namespace", "name"), fields=_FIELDS, also=("seen_at",), happens=reports_happened
)
_LIMITS = {
    field.name: field.max_length
    for field in StatusObject._meta.fields  # noqa: SLF001  # Django's public name for it
    if isinstance(field, models.CharField)
}
Columns = dict[str, str]


def status_rooms(kind: Kind, cluster: Cluster) -> list[str]:
    """The namespaces where objects of a kind count, [""] for one without namespaces."""
    if kind.scope == "Cluster":
        return [""]
    return list(cluster.frr_namespaces) if kind.group != "metallb.io" else [cluster.namespace]


def status_served(cluster: Cluster) -> list[Kind]:
    """The kinds that this cluster's API server serves in the version that is known here."""
    return [
        kind for kind in READ_KINDS.values() if kind.version in cluster.served.get(f"{kind.plural}.{kind.group}", ())
    ]


def status_needs(cluster: Cluster) -> list[tuple[Kind, str]]:
    """Which kinds are to be read in which namespaces, "" = of the cluster."""
    return [(kind, room) for kind in status_served(cluster) for room in status_rooms(kind, cluster)]


def status_follow(cluster: Cluster, door: Door, problems: list[Problem]) -> bool:
    """Keep the objects as listed; whether something changed. Raises KubeError; a missing right is a problem."""
    served = status_served(cluster)
    read = [name for name, kind in READ_KINDS.items() if kind not in served]  # there can be none of these any more
    known = STATUS.known(cluster)
    rows: list[StatusObject] = []
    for kind in served:
        try:
            listed = [row for room in status_rooms(kind, cluster) for row in _listed(cluster, door, kind, room)]
        except Forbidden as error:
            problems.append(Problem(error.message, f"Allow bgpui to list {kind.plural}."))
            continue
        except NotServed:
            listed = []
        if len(listed) >= _MOST:
            words = f"There are more {kind.plural} than the {_MOST:,} that are read."
            problems.append(Problem(words, "Ask the cluster itself for the others."))
        read.append(kind.kind)
        rows += listed
    return STATUS.write(cluster, rows, {key: state for key, state in known.items() if key[0] in read}).changed


def status_look(cluster: Cluster, door: Door, kind: Kind, namespace: str) -> tuple[bool, str]:
    """Keep the objects of one kind in one namespace, "" = of the cluster; whether something changed, and as of when."""
    known = STATUS.known(cluster, kind=kind.kind, **({"namespace": namespace} if namespace else {}))
    listed = _listed(cluster, door, kind, namespace)
    return STATUS.write(cluster, listed, known).changed, listed.version


def status_event(cluster: Cluster, kind: Kind, objects: Mapping[tuple[str, str], Object | None]) -> bool:
    """Keep these objects as an event stream says, None = gone; whether something changed."""
    rows = {(kind.kind, *key): _row(cluster, kind, obj) for key, obj in objects.items() if obj is not None}
    keys = [(kind.kind, *key) for key in objects]
    concerned = _nodes_of(cluster, kind, objects) if kind.kind in _TELLING else set()
    changed = STATUS.follow(cluster, keys, lambda left: [row for key, row in rows.items() if key in left])
    if changed and kind.kind in _TELLING:
        nodes_told(cluster, concerned | {row.node for row in rows.values()})
    return changed


def _nodes_of(cluster: Cluster, kind: Kind, objects: Mapping[tuple[str, str], Object | None]) -> set[str]:
    """The nodes that those of these objects were about which are gone now."""
    gone = [name for (_, name), obj in objects.items() if obj is None]
    if not gone:
        return set()
    rows = StatusObject.objects.filter(cluster=cluster, kind=kind.kind, name__in=gone)
    return set(rows.values_list("node", flat=True))


def _listed(cluster: Cluster, door: Door, kind: Kind, namespace: str) -> Many[StatusObject]:
    return door.gather(kind, lambda obj: _row(cluster, kind, obj), namespace or None, most=_MOST)


def _row(cluster: Cluster, kind: Kind, obj: Object) -> StatusObject:
    obj = _TOLD.get(kind.kind, dict)(obj)
    metadata = mapping(obj.get("metadata"))
    body, shortened = _body(kind, obj)
    columns = _COLUMNS.get(kind.kind, _nothing)(obj)
    return StatusObject(
        cluster=cluster,
        kind=kind.kind,
        namespace=text(metadata.get("namespace"))[:63],
        name=text(metadata.get("name"))[:253],
        uid=text(metadata.get("uid"))[:64],
        body=body,
        shortened=shortened,
        created_at=_instant(metadata.get("creationTimestamp")),
        seen_at=clock.now(),
        **{name: value[: _LIMITS[name]] for name, value in columns.items()},
    )


def _nothing(_obj: Object) -> Columns:
    return {}


def _of_service(obj: Object) -> Columns:
    status = mapping(obj.get("status"))
    names = {"node": "node", "service_namespace": "serviceNamespace", "service_name": "serviceName"}
    return {column: text(status.get(name)) for column, name in names.items()}


def _of_configuration(obj: Object) -> Columns:
    status, metadata = mapping(obj.get("status")), mapping(obj.get("metadata"))
    node = text(mapping(metadata.get("labels")).get(_NODE_LABEL))
    return {"node": node, "result": text(status.get("result")), "message": text(status.get("errorSummary"))}


def _of_frr_configuration(obj: Object) -> Columns:
    labels = mapping(mapping(mapping(obj.get("spec")).get("nodeSelector")).get("matchLabels"))
    return {"node": text(labels.get(_HOSTNAME))}


def _of_frr_node(obj: Object) -> Columns:
    status = mapping(obj.get("status"))
    results = [text(status.get(name)) for name in ("lastConversionResult", "lastReloadResult")]
    bad = [result for result in results if result and result != "success"]
    result = "failed" if bad else "success" if any(results) else ""
    return {"node": text(mapping(obj.get("metadata")).get("name")), "result": result, "message": "\n".join(bad)}


def _of_session(obj: Object) -> Columns:
    status = mapping(obj.get("status"))
    peer = text(status.get("peer"))
    # frr-k8s writes IPv6 addresses in full, with - for :, so that they fit a label
    address = parse_address(peer) or parse_address(peer.replace("-", ":"))
    bfd = text(status.get("bfdStatus"))
    return {
        "node": text(status.get("node")),
        "peer": str(address) if address else peer,
        "vrf": text(status.get("vrf")) or "default",
        "result": text(status.get("bgpStatus")),
        "message": f"BFD {bfd}" if bfd and bfd != "N/A" else "",
    }


def _of_policy(obj: Object) -> Columns:
    conditions = [mapping(each) for each in mapping(obj.get("status")).get("conditions") or ()]
    true = {text(each.get("type")): text(each.get("message")) for each in conditions if each.get("status") == "True"}
    result = next((name for name in ("Degraded", returnpath.AVAILABLE, "Progressing") if name in true), "")
    return {"result": result, "message": true[result] if result == "Degraded" else ""}


_COLUMNS: Mapping[str, Callable[[Object], Columns]] = {
    "ServiceBGPStatus": _of_service,
    "ServiceL2Status": _of_service,
    "ConfigurationState": _of_configuration,
    "FRRConfiguration": _of_frr_configuration,
    "FRRNodeState": _of_frr_node,
    "BGPSessionState": _of_session,
    "NodeNetworkConfigurationPolicy": _of_policy,
}


def _policy_told(obj: Object) -> Object:
    """A policy without what is not about VRFs and routes; kubectl repeats the whole of it in an annotation."""
    spec, metadata = mapping(obj.get("spec")), mapping(obj.get("metadata"))
    state = returnpath.told(mapping(spec.get("desiredState")))
    kept = {name: value for name, value in metadata.items() if name != "annotations"}
    return {**obj, "metadata": kept, "spec": {**_some(spec, "nodeSelector"), "desiredState": state}}


def _some(value: Mapping[str, Any], *names: str) -> dict[str, Any]:
    return {name: value[name] for name in names if name in value}


_TOLD: Mapping[str, Callable[[Object], Object]] = {"NodeNetworkConfigurationPolicy": _policy_told}


def _body(kind: Kind, obj: Object) -> tuple[Object, bool]:
    """The object as people see it, and whether it was too large for that."""
    metadata = mapping(obj.get("metadata"))
    shown = {name: metadata[name] for name in ("name", "namespace", "labels", "annotations") if metadata.get(name)}
    body: Object = {"apiVersion": kind.api_version, "kind": kind.kind, "metadata": shown}
    body |= {name: _unmarked(obj[name]) for name in ("spec", "status") if obj.get(name)}
    shortened = False
    for items, characters in _STEPS:
        if len(json.dumps(body)) <= _LARGEST:
            break
        body, shortened = _shortened(body, items, characters), True
    return body, shortened


def _unmarked(value: Any) -> Any:
    """A JSON value with the mask where the door left the mark of a password."""
    if isinstance(value, dict):
        shown = {name: _unmarked(inner) for name, inner in value.items() if name != INLINE_PASSWORD}
        return shown | ({"password": MASK} if INLINE_PASSWORD in value else {})
    return [_unmarked(inner) for inner in value] if isinstance(value, list) else value


def _shortened(value: Any, items: int, characters: int) -> Any:
    if isinstance(value, str):
        return value if len(value) <= characters else f"{value[:characters]}…"
    if isinstance(value, dict):
        return {name[:200]: _shortened(inner, items, characters) for name, inner in list(value.items())[:items]}
    return [_shortened(inner, items, characters) for inner in value[:items]] if isinstance(value, list) else value


def _instant(found: object) -> datetime | None:
    try:
        return datetime.fromisoformat(text(found)) if found else None
    except ValueError:
        return None
