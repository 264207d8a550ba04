"""The others who write to a cluster, at the server's own speed: kubectl, a GitOps manager, and a controller."""

from __future__ import annotations

import json
from typing import Any

from lab.apiserver import ApiError, Store
from tests.clusters.cluster import NAMESPACE, peer

PEERS = "bgppeers.metallb.io"
_LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"
_TRACKING = {"argocd.argoproj.io/tracking-id": "net:metallb.io/BGPPeer:metallb-system"}
ADDRESSES = {"tor-1": "192.0.2.1", "tor-2": "192.0.2.2"}
Spec = dict[str, Any]


def manifest_of(name: str, change: Spec) -> dict[str, Any]:
    """The peer in a file of somebody's; change: fields of its spec, and `team` for a label."""
    spec = {field: value for field, value in change.items() if field != "team"}
    labels = {"team": change["team"]} if "team" in change else None
    return peer(name, labels=labels, **{"peerAddress": ADDRESSES[name], **spec})


class Others:
    """Everything here is called on the server's loop; what the API server refuses is refused."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._synced: dict[str, dict[str, Any]] = {}

    def client_side_apply(self, name: str, change: Spec) -> None:
        """`kubectl apply`: what the last one set and this one does not goes, the rest of the object stays."""
        wanted = manifest_of(name, change)
        text = json.dumps(wanted)
        live = self._store.get(PEERS, NAMESPACE, name)
        annotated = {**wanted, "metadata": {**wanted["metadata"], "annotations": {_LAST_APPLIED: text}}}
        manager = "kubectl-client-side-apply"
        if live is None:
            self._store.add(annotated, manager)
            return
        last = json.loads(live["metadata"].get("annotations", {}).get(_LAST_APPLIED, "{}"))
        patch: dict[str, Any] = {"metadata": dict(annotated["metadata"]), "spec": dict(wanted["spec"])}
        patch["spec"] |= dict.fromkeys(last.get("spec", {}).keys() - wanted["spec"].keys())
        labels = wanted["metadata"].get("labels", {})
        patch["metadata"]["labels"] = labels | dict.fromkeys(
            last.get("metadata", {}).get("labels", {}).keys() - labels.keys()
        )
        self._store.patch(PEERS, NAMESPACE, name, patch, manager)

    def server_side_apply(self, name: str, change: Spec) -> None:
        """`kubectl apply --server-side --force-conflicts`."""
        self._store.apply(manifest_of(name, change), "kubectl")

    def edit(self, name: str, change: Spec) -> None:
        """`kubectl edit`, of one field."""
        metadata = {"labels": {"team": change["team"]}} if "team" in change else {}
        spec = {field: value for field, value in change.items() if field != "team"}
        if self._store.get(PEERS, NAMESPACE, name) is not None:
            self._store.patch(PEERS, NAMESPACE, name, {"metadata": metadata, "spec": spec}, "kubectl-edit")

    def delete(self, name: str, _change: Spec) -> None:
        self._store.delete(PEERS, NAMESPACE, name)

    def recreate(self, name: str, change: Spec) -> None:
        """Delete, and create under the same name: another uid."""
        self.delete(name, change)
        if self._store.get(PEERS, NAMESPACE, name) is None:
            self._store.add(manifest_of(name, change), "kubectl-create")

    def sync(self, name: str, change: Spec) -> None:
        """The GitOps manager brings what is in Git now."""
        manifest = manifest_of(name, change)
        manifest["metadata"]["annotations"] = dict(_TRACKING)
        self._synced[name] = manifest
        self._store.apply(manifest, "argocd-controller")

    def heal(self, name: str, _change: Spec) -> None:
        """It puts back what it brought, also if it was deleted."""
        if name in self._synced:
            self._store.apply(self._synced[name], "argocd-controller")

    def hold(self, name: str, _change: Spec) -> None:
        """A controller puts its finalizer on."""
        self._finalizers(name, ["example.com/drain"])

    def let_go(self, name: str, _change: Spec) -> None:
        """It takes it off again."""
        self._finalizers(name, None)

    def _finalizers(self, name: str, value: list[str] | None) -> None:
        if self._store.get(PEERS, NAMESPACE, name) is not None:
            self._store.patch(PEERS, NAMESPACE, name, {"metadata": {"finalizers": value}}, "controller")


ACTS = ("client_side_apply", "server_side_apply", "edit", "delete", "recreate", "sync", "heal", "hold", "let_go")


def act(others: Others, what: str, name: str, change: Spec) -> None:
    """One of ACTS; a refusal by the API server (a conflict, an object that is going) leaves things as they are."""
    try:
        getattr(others, what)(name, change)
    except ApiError:
        return
