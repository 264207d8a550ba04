"""Clusters are added, renamed, given other credentials, switched off, and removed; each with its audit entry."""

from __future__ import annotations

import uuid
from typing import Any

from django.db import IntegrityError, transaction

from clusters import clock
from clusters.connecting.access import expires_at, shown
from clusters.connecting.audit import cluster_audit
from clusters.connecting.clearing import rows_clear
from clusters.connecting.once import once, take_turn
from clusters.connecting.sealing import access_seal
from clusters.connecting.trial import Trial
from clusters.doors import door_close
from clusters.edits.refusals import RevisionMismatch
from clusters.edits.saving import Actor
from clusters.kube.connection import Access
from clusters.models import Change, ChangeSet, Cluster, Credential
from clusters.observing import observing_write
from clusters.registry import resource_models, rows_of
from clusters.selectors import is_active
from clusters.services import resource_discard
from clusters.sync.changesets.close import sets_close

_IN_CLUSTER = "the service account of bgpui's own pod"
# What was learnt of the cluster that the row stood for before.
_UNLEARNT: dict[str, Any] = {
    "kubeconfig": "", "context": "", "credential_id": "", "error": "", "problems": [], "permissions": [],
    "identity": "", "uid": "", "served": {}, "listed": {}, "streams": [], "checked_at": None, "connected_at": None,
    "readonly_at": None, "watched_at": None, "event_at": None, "event_lag": None, "discovered_at": None,
    "permissions_at": None, "observe": "", "observing": "sweep", "observing_why": "",
}  # fmt: skip


class NotEditableError(Exception):
    """The cluster is not one that may be changed here; the text says why and what to do."""


def cluster_add(
    *, name: str, label: str, access: Access | None, trial: Trial, actor: Actor, source: str, message: str = ""
) -> Cluster:
    """A new cluster, as it was tried; None = the one that bgpui runs in. Its name may be that of one that was removed.

    Raises NotEditableError if the name is taken, UnfitError if it was added meanwhile, NoKeyError.
    """
    now = clock.now()
    values = _UNLEARNT | trial.facts | {"checked_at": now, "connected_at": now}
    values |= {"label": label, "source": Cluster.Source.ADDED, "enabled": True, "removed_at": None}
    with transaction.atomic():
        take_turn()
        once(access, facts=trial.facts)
        known = Cluster.objects.select_for_update().filter(name=name).first()
        if known is not None and known.removed_at is None:
            raise NotEditableError(_taken(name))
        cluster = _made(name, values) if known is None else _again(known, values)
        _store(cluster, access)
        cluster_audit(cluster, Change.Action.CREATE, f"Cluster added: {_words(cluster)}.", actor, source, message)
    return cluster


def cluster_connect(
    *, cluster: Cluster, access: Access | None, trial: Trial, actor: Actor, source: str, message: str = ""
) -> Cluster:
    """Other credentials, or another address, for the same cluster. Raises NotEditableError, UnfitError, NoKeyError."""
    editable(cluster)
    door_close(cluster)
    with transaction.atomic():
        take_turn()
        once(access, but=cluster, facts=trial.facts)
        if not Cluster.objects.select_for_update().filter(pk=cluster.pk, removed_at=None).exists():
            raise NotEditableError(f"Cluster {cluster.name} was removed meanwhile. Add it again.")
        was = _words(cluster)
        Cluster.objects.filter(pk=cluster.pk).update(**trial.facts, error="")
        cluster.refresh_from_db()
        _store(cluster, access)
        cluster_audit(
            cluster, Change.Action.UPDATE, f"Credentials: {_words(cluster)} (were: {was}).", actor, source, message
        )
    return cluster


def cluster_set(
    *,
    cluster: Cluster,
    label: str | None = None,
    enabled: bool | None = None,
    actor: Actor,
    source: str,
    message: str = "",
) -> Cluster:
    """Another label, or switched on or off. Raises NotEditableError."""
    editable(cluster)
    wanted = {"label": label, "enabled": enabled}
    changes = {name: value for name, value in wanted.items() if value not in (None, getattr(cluster, name))}
    if not changes:
        return cluster
    said = [f"Label: {label}." if label else "Label taken away."] if "label" in changes else []
    said += ["Switched on." if enabled else "Switched off."] if "enabled" in changes else []
    with transaction.atomic():
        Cluster.objects.filter(pk=cluster.pk).update(**changes, **({"streams": []} if enabled is False else {}))
        cluster.refresh_from_db()
        cluster_audit(cluster, Change.Action.UPDATE, " ".join(said), actor, source, message)
    if enabled is False:
        door_close(cluster)
    return cluster


def cluster_observe(*, cluster: Cluster, observe: str, actor: Actor, source: str, message: str = "") -> Cluster:
    """Choose how its sessions are observed, "" = as the settings say; of clusters of the settings, too."""
    if cluster.observe == observe:
        return cluster
    words = dict(Cluster.Observe.choices)
    said = f"Sessions are observed {f'so: {words[observe]}' if observe else 'as the settings say'}."
    with transaction.atomic():
        # Which rights are needed depends on it: they are asked for with the next look.
        Cluster.objects.filter(pk=cluster.pk).update(observe=observe, permissions_at=None, discovered_at=None)
        cluster.refresh_from_db()
        observing_write(cluster)
        cluster_audit(cluster, Change.Action.UPDATE, said, actor, source, message)
    return cluster


def cluster_remove(*, cluster: Cluster, actor: Actor, source: str, message: str = "") -> None:
    """Forget the credentials at once and what was learnt soon after; the history stays, under its name.

    What is in the cluster stays as it is. Edits that have not got there are given up, and change sets closed.
    Raises NotEditableError for one that the settings name, and if somebody edits its objects at this moment.
    """
    if cluster.source == Cluster.Source.SETTINGS and is_active(cluster):
        raise NotEditableError(_named(cluster))
    try:
        removed = _remove(cluster, actor, source, message)
    except RevisionMismatch as mismatch:
        text = f"Objects of cluster {cluster.name} were edited at this moment, so nothing was removed. Try again."
        raise NotEditableError(text) from mismatch
    if removed:
        door_close(cluster)
        rows_clear(Cluster.objects.get(pk=cluster.pk))


def _remove(cluster: Cluster, actor: Actor, source: str, message: str) -> bool:
    """All of it or nothing; whether it was still there. Raises RevisionMismatch."""
    by = f" by {actor.get_username()}" if actor is not None else ""
    with transaction.atomic():
        values = {"removed_at": clock.now(), "enabled": False, "credential_id": "", "streams": []}
        if not Cluster.objects.filter(pk=cluster.pk, removed_at=None).update(**values):
            return False
        cluster_audit(cluster, Change.Action.DELETE, f"Cluster removed: {_words(cluster)}.", actor, source, message)
        Credential.objects.filter(cluster=cluster).delete()
        sets_close(ChangeSet.objects.filter(cluster=cluster), f"Closed: cluster {cluster.name} was removed{by}.")
        for kind in resource_models():
            for row in rows_of(kind).select_related("cluster").filter(cluster=cluster):
                if row.pending:
                    resource_discard(row=row, actor=actor, source=source)
    return True


def editable(cluster: Cluster) -> None:
    """Raises NotEditableError for a cluster that the settings name, or named."""
    if cluster.source == Cluster.Source.SETTINGS:
        raise NotEditableError(_named(cluster))


def _named(cluster: Cluster) -> str:
    if not is_active(cluster):
        return f"The settings named cluster {cluster.name}, and do not any more. It can only be removed."
    return f"The settings name cluster {cluster.name}. Change BGPUI_CLUSTERS, and start bgpui again."


def _made(name: str, values: dict[str, Any]) -> Cluster:
    try:
        with transaction.atomic():
            return Cluster.objects.create(name=name, **values)
    except IntegrityError as error:  # somebody else added one at the same moment
        raise NotEditableError(_taken(name)) from error


def _again(cluster: Cluster, values: dict[str, Any]) -> Cluster:
    """The row of one that was removed, for one of the same name."""
    Cluster.objects.filter(pk=cluster.pk).update(**values)
    cluster.refresh_from_db()
    return cluster


def _taken(name: str) -> str:
    return f"There is a cluster {name} already. Choose another name."


def _store(cluster: Cluster, access: Access | None) -> None:
    Credential.objects.filter(cluster=cluster).delete()
    cluster.credential_id = uuid.uuid4().hex if access is not None else ""
    cluster.save(update_fields=["credential_id"])
    if access is not None:
        kind = Credential.Kind.CERTIFICATE if access.certificate else Credential.Kind.BEARER
        Credential.objects.create(
            cluster=cluster,
            sealed=access_seal(cluster, access),
            server=shown(access.server),
            kind=kind,
            expires_at=expires_at(access),
            stored_at=clock.now(),
        )


def _words(cluster: Cluster) -> str:
    """What it is connected with, as far as that may be told."""
    found = Credential.objects.filter(cluster=cluster).first()
    if found is None:
        return cluster.kubeconfig or _IN_CLUSTER
    return f"{found.get_kind_display()} for {found.server}"
