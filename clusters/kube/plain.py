"""Objects of Kubernetes itself that a change set may carry: as much as a workload for a test of a service needs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from clusters.kube.writing import FIELD_MANAGER

MANAGED_BY = "app.kubernetes.io/managed-by"
CHANGE_SET = "bgpui.io/change-set"
NOT_OURS = "bgpui has not made this object, so it does not remove it."


@dataclass(frozen=True, slots=True)
class PlainKind:
    """A kind that is made and removed as a whole, and not kept in rows."""

    kind: str
    group: str
    version: str
    plural: str
    namespaced: bool = True

    @property
    def api_version(self) -> str:
        """apps/v1; v1 for the core."""
        return f"{self.group}/{self.version}" if self.group else self.version


PLAIN_KINDS = {
    kind.kind: kind
    for kind in (
        PlainKind("Namespace", "", "v1", "namespaces", namespaced=False),
        PlainKind("Deployment", "apps", "v1", "deployments"),
        PlainKind("Service", "", "v1", "services"),
    )
}


def marked(manifest: Mapping[str, Any], change_set: int) -> dict[str, Any]:
    """The manifest with the marks by which it is known again: made by bgpui, in this change set."""
    metadata = dict(manifest["metadata"])
    metadata["labels"] = {**(metadata.get("labels") or {}), MANAGED_BY: FIELD_MANAGER}
    metadata["annotations"] = {**(metadata.get("annotations") or {}), CHANGE_SET: str(change_set)}
    return {**manifest, "metadata": metadata}


def made_here(live: Mapping[str, Any]) -> bool:
    """Whether bgpui has made the object, and so may remove it."""
    return ((live.get("metadata") or {}).get("labels") or {}).get(MANAGED_BY) == FIELD_MANAGER


def change_set_of(live: Mapping[str, Any]) -> str:
    """The change set that made the object, "" if none did."""
    return str(((live.get("metadata") or {}).get("annotations") or {}).get(CHANGE_SET, ""))


def covers(live: object, wanted: object) -> bool:
    """Whether an object says all that a manifest says; what the API server fills in does not count."""
    if isinstance(wanted, Mapping):
        return isinstance(live, Mapping) and all(
            value is None or (name in live and covers(live[name], value)) for name, value in wanted.items()
        )
    if isinstance(wanted, list | tuple):
        return isinstance(live, list | tuple) and len(live) == len(wanted) and all(map(covers, live, wanted))
    return live == wanted and isinstance(live, bool) == isinstance(wanted, bool)


def states(live: Mapping[str, Any], manifest: Mapping[str, Any]) -> bool:
    """Whether spec and labels of an object are as the manifest wants them."""
    labels = ((live.get("metadata") or {}).get("labels") or {}), (manifest["metadata"].get("labels") or {})
    return covers(live.get("spec") or {}, manifest.get("spec") or {}) and covers(*labels)
