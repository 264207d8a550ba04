"""How `kubectl apply` turns into `kubectl apply --server-side`: the annotation of the former stands for its fields.

apimachinery's lastAppliedManager and lastAppliedUpdater; both act for the field manager "kubectl" alone.
"""

from __future__ import annotations

from typing import Final

import msgspec

from lab.apiserver import fields
from lab.apiserver.fields import Paths
from lab.apiserver.resources import Manifest, Schema

ANNOTATION: Final = "kubectl.kubernetes.io/last-applied-configuration"
MANAGER: Final = "kubectl"


def takeable(live: Manifest, schema: Schema) -> Paths:
    """Fields that client-side apply set and nobody changed since: taking them over is no conflict."""
    try:
        last = msgspec.json.decode(_annotation(live), type=dict)
    except msgspec.DecodeError:
        return set()
    difference = fields.compare(last, live, schema)
    changed = difference.written | difference.removed
    return {path for path in fields.paths_of(last, schema) if not any(path[: len(gone)] == gone for gone in changed)}


def renew(live: Manifest | None, applied: Manifest, result: Manifest) -> None:
    """Write what was applied into the annotation, in place, where there is one."""
    if live is None or not _annotation(live):
        return
    own = applied["metadata"]
    annotations = {name: value for name, value in own.get("annotations", {}).items() if name != ANNOTATION}
    kept = {name: value for name, value in own.items() if name != "managedFields"} | {"annotations": annotations}
    text = msgspec.json.encode(applied | {"metadata": kept}).decode() + "\n"
    result["metadata"]["annotations"] = {**result["metadata"].get("annotations", {}), ANNOTATION: text}


def _annotation(manifest: Manifest) -> str:
    return str(manifest["metadata"].get("annotations", {}).get(ANNOTATION, ""))
