"""JSON merge patches (RFC 7396) of manifests."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from clusters.api.problems import Conflict, fault
from clusters.edits.rebase import newest, refused
from clusters.edits.threeway import side_json, three_way
from clusters.models import Resource


def row_patched(row: Resource, patch: Any) -> Any:
    """What the patch makes of the object; a refused edit that the row holds is done to what the cluster holds first.

    Raises Conflict if the object is gone, or if others changed a field that the refused edit changes, too, and the
    patch does not say what it shall be.
    """
    if refused(row) and row.base is not None and row.live is None:
        raise Conflict("The object was deleted in the cluster meanwhile. Use PUT to make it anew.")
    stands = newest(row)
    unsaid = [field for field in stands.contested if not field.named_in(patch)]
    if unsaid:
        hint = "Name the field in the patch, or PUT the whole object."
        message = "was changed by the edit that is in conflict, and in the cluster too"
        found = [fault(field.path, message, code="contested", value=field.theirs, hint=hint) for field in unsaid]
        names = ", ".join(field.path for field in unsaid[:5])
        fields = [side_json(field) for field in three_way(row)]
        raise Conflict(f"Say in the patch what shall become of {names}: {message}.", findings=found, fields=fields)
    return manifest_patched(stands.manifest, patch)


def patched(target: Any, patch: Any) -> Any:
    """The target with a JSON merge patch applied (RFC 7396): null removes, objects merge, all else replaces."""
    if not isinstance(patch, Mapping):
        return patch
    merged = dict(target) if isinstance(target, Mapping) else {}
    for name, value in patch.items():
        if value is None:
            merged.pop(name, None)
        else:
            merged[name] = patched(merged.get(name), value)
    return merged


def manifest_patched(manifest: Mapping[str, Any], patch: Any) -> Any:
    """A manifest with a merge patch applied; removing the password, which no manifest shows, stays an order."""
    merged = patched(manifest, patch)
    spec = patch.get("spec") if isinstance(patch, Mapping) else None
    if isinstance(spec, Mapping) and "password" in spec and spec["password"] is None:
        merged["spec"]["password"] = None
    return merged
