"""What tools write on their objects by themselves: it has no place in a file from which they make them.

Sources are those of `clusters.sync.owners`; Helm writes its annotations and managed-by on all that it makes, charts
repeat the others of their labels, and Argo CD's label tracking takes app.kubernetes.io/instance.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from clusters.kube.redact import LAST_APPLIED
from clusters.manifest import Object
from clusters.sync.owners import owner_of

Mark = tuple[str, str]  # labels or annotations, and the key
_KEYS = frozenset(
    {
        LAST_APPLIED, "argocd.argoproj.io/tracking-id", "argocd.argoproj.io/instance",
        "kustomize.toolkit.fluxcd.io/name", "kustomize.toolkit.fluxcd.io/namespace",
        "kustomize.toolkit.fluxcd.io/checksum", "olm.owner", "olm.owner.kind", "olm.owner.namespace", "olm.managed",
        "fleet.cattle.io/bundle-id", "objectset.rio.cattle.io/id", "objectset.rio.cattle.io/hash",
        "configmanagement.gke.io/managed", "kapp.k14s.io/app", "kapp.k14s.io/association",
    }
)  # fmt: skip
_GROUPS = ("meta.helm.sh/", "helm.toolkit.fluxcd.io/")
_ROOMS = ("labels", "annotations")
_INSTANCE = "app.kubernetes.io/instance"
# Recommended labels that people set, too: only those of an object that the tool looks after are its own.
_OF_TOOL = {
    "Argo CD": frozenset({_INSTANCE}),
    "Helm": frozenset({_INSTANCE, "app.kubernetes.io/managed-by", "helm.sh/chart"}),
    "Flux": frozenset({"app.kubernetes.io/managed-by", "helm.sh/chart"}),
}


def marks_of(*objects: Mapping[str, Any] | None) -> frozenset[Mark]:
    """The marks that any of these states of an object bears."""
    return frozenset(mark for obj in objects if obj is not None for mark in _marks(obj))


def marks_beside(manifest: Mapping[str, Any], live: Mapping[str, Any]) -> frozenset[Mark]:
    """The marks of an object that is held against a file: a label by which Argo CD tracks it is in no file."""
    lists = [(obj.get("metadata") or {}).get("labels") or {} for obj in (manifest, live)]
    tracked = {("labels", _INSTANCE)} if _INSTANCE in lists[1] and _INSTANCE not in lists[0] else set()
    return marks_of(manifest, live) | tracked


def unmarked(manifest: Object, marks: frozenset[Mark]) -> Object:
    """The manifest without these."""
    return _with(manifest, marks, {})


def marked_as(manifest: Object, live: Mapping[str, Any]) -> Object:
    """The manifest with the marks that the object bears now, and no other ones."""
    return _with(manifest, marks_beside(manifest, live), live)


def _marks(obj: Mapping[str, Any]) -> Iterator[Mark]:
    owner = owner_of(obj)
    own = _OF_TOOL.get(owner.tool, frozenset()) if owner is not None else frozenset()
    metadata = obj.get("metadata") or {}
    for room in _ROOMS:
        for key in metadata.get(room) or {}:
            if key in _KEYS or key in own or key.startswith(_GROUPS):
                yield room, key


def _with(manifest: Object, marks: frozenset[Mark], source: Mapping[str, Any]) -> Object:
    """The manifest with the marks as another state has them."""
    metadata, there = dict(manifest["metadata"]), source.get("metadata") or {}
    for room in _ROOMS:
        kept = {key: value for key, value in metadata.pop(room, {}).items() if (room, key) not in marks}
        kept |= {key: value for key, value in (there.get(room) or {}).items() if (room, key) in marks}
        metadata |= {room: kept} if kept else {}
    return {**manifest, "metadata": metadata}
