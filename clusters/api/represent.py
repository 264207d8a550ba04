"""Rows as JSON: the Kubernetes manifest, and beside it what bgpui knows of the object."""

from __future__ import annotations

from typing import Any

from clusters.models import Resource


def resource_json(row: Resource) -> dict[str, Any]:
    """A resource: its desired manifest and, read-only, both axes and the findings."""
    manifest = row.manifest
    seen = {"uid": row.uid, "resourceVersion": row.resource_version, "generation": row.generation}
    return {
        **manifest,
        "metadata": {**manifest["metadata"], **{name: value for name, value in seen.items() if value}},
        "cluster": row.cluster.name,
        "inlinePassword": row.inline_password,
        "sync": {
            "state": row.sync_state,
            "message": row.sync_message,
            "revision": row.revision,
            "appliedRevision": row.applied_revision,
            "at": row.sync_at,
        },
        "findings": row.findings,
    }
