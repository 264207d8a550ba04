"""Objects as columns of their rows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from clusters import clock
from clusters.kube.redact import INLINE_PASSWORD
from clusters.manifest import plain
from clusters.models import Resource, SyncState


def desired_columns(model: type[Resource], manifest: Mapping[str, Any], *, inline_password: bool) -> dict[str, Any]:
    """The columns that hold what the object shall be."""
    clean = plain(manifest) or {}
    row = model(labels=clean["metadata"].get("labels", {}), annotations=clean["metadata"].get("annotations", {}))
    row.spec = clean["spec"]
    names = ["labels", "annotations", "extra", *(field.column for field in model.KIND.fields if not field.secret)]
    return {name: getattr(row, name) for name in names} | {"inline_password": inline_password}


def live_columns(live: Mapping[str, Any] | None) -> dict[str, Any]:
    """The columns that hold the object last seen; None = it is not there."""
    metadata = (live or {}).get("metadata") or {}
    return {
        "live": live,
        "uid": str(metadata.get("uid", ""))[:64],
        "resource_version": str(metadata.get("resourceVersion", ""))[:64],
        "generation": metadata.get("generation") or 0,
    }


def following(row: Resource | type[Resource], live: Mapping[str, Any] | None) -> dict[str, Any]:
    """The columns of a row that has nothing of its own to say: desired is what the cluster holds."""
    model = row if isinstance(row, type) else type(row)
    now = clock.now()
    settled: dict[str, Any] = {"sync_state": SyncState.IN_SYNC, "sync_message": "", "sync_at": now}
    settled |= {
        "base": None,
        "deleting": False,
        "refused_deletion": False,
        "lease_until": None,
        "attempts": 0,
        "retry_at": None,
        "updated_at": now,
    }
    inline = bool((live or {}).get(INLINE_PASSWORD))
    return desired_columns(model, live or {}, inline_password=inline) | live_columns(live) | settled
