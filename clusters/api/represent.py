"""Rows as JSON: the Kubernetes manifest, and beside it what bgpui knows of the object."""

from __future__ import annotations

from typing import Any

from clusters.edits.inforce import manifest_in_force, refused_edit
from clusters.models import Resource
from clusters.references import references_to
from clusters.secrets import inline_in_force
from clusters.sync.ownership import older_writers

_USES = 500


def resource_json(row: Resource) -> dict[str, Any]:
    """A resource: its manifest as it is in force and, read-only, a refused edit, both axes and the findings."""
    manifest = manifest_in_force(row)
    seen = {"uid": row.uid, "resourceVersion": row.resource_version, "generation": row.generation}
    return {
        **manifest,
        "metadata": {**manifest["metadata"], **{name: value for name, value in seen.items() if value}},
        "cluster": row.cluster.name,
        "inlinePassword": inline_in_force(row),
        "edit": refused_edit(row),
        "sync": {
            "state": row.sync_state,
            "message": row.sync_message,
            "revision": row.revision,
            "appliedRevision": row.applied_revision,
            "at": row.sync_at,
        },
        "findings": row.findings,
    }


def used_by_json(row: Resource) -> list[dict[str, str]]:
    """The objects that name this one, and in which field; at most 500."""
    names = ("kind", "namespace", "name", "field")
    return [dict(zip(names, found, strict=True)) for found in references_to(row).values_list(*names)[:_USES]]


def older_writers_json(row: Resource) -> list[dict[str, str]]:
    """Who wrote the object in an older version of its kind."""
    found = older_writers(row.live or {}, row.KIND.api_version)
    return [{"manager": manager, "apiVersion": version} for manager, version in found]
