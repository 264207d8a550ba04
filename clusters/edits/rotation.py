"""A new password for the Secret that an object refers to: written into the same Secret, without reading it."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from django.conf import settings
from django.db.models import QuerySet

from clusters.changes import change_of
from clusters.doors import door_of
from clusters.edits.edit import Edit, prepare, secret_name
from clusters.edits.judging import connected, judge_password
from clusters.edits.refusals import ClusterUnreachable, Refused, Unconfirmed
from clusters.edits.saving import Actor, change_confirmed
from clusters.kube.errors import Conflict, KubeError, NotFound, Rejected
from clusters.models import Change, Cluster, Resource
from clusters.secrets import FIELD, inline_in_force, referring, secret_in_force
from clusters.selectors import snapshot_of
from intent.confirmations import Confirmation, confirmations, unconfirmed
from intent.findings import Finding, Severity
from intent.rules import blocking
from intent.session_changes import SessionChange
from intent.sessions import placed

_UNKNOWN = " It is not known whether it was written."
_LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Rotated:
    """The Secret that has a new password, the other objects that take theirs from it, and what is to be confirmed."""

    namespace: str
    secret: str
    shared_with: tuple[Resource, ...]
    confirm: tuple[Confirmation, ...] = ()


def rotation_of(row: Resource, password: str) -> Rotated:
    """What a new password would do; writes nothing. Raises Refused."""
    return _judged(row, password)[1]


def to_confirm(cluster: Cluster, objects: Iterable[Resource]) -> tuple[Confirmation, ...]:
    """What has to be confirmed before these objects get another password, which resets all of their sessions."""
    running = placed(snapshot_of(cluster))
    names = {one.name for one in objects if one.KIND.kind == "BGPPeer" and one.namespace == cluster.namespace}
    resets = [
        SessionChange(name, session.vrf, session.neighbor, reset=nodes)
        for name, (session, nodes) in running.items()
        if name in names
    ]
    total = sum(len(nodes) for _session, nodes in running.values())
    return confirmations(resets, total, None, (), settings.BGPUI_CONFIRM_SESSIONS)


def password_rotate(
    *, row: Resource, password: str, actor: Actor, source: str, accept: Collection[str] = ()
) -> Rotated:
    """Write the password into the Secret, with an audit entry for each object that it is for.

    accept: codes of what is confirmed. Raises Refused or Unconfirmed, nothing is written then; ClusterUnreachable, the
    history says then that it may have been written.
    """
    edit, rotated = _judged(row, password)
    if left := unconfirmed(rotated.confirm, accept):
        raise Unconfirmed(left)
    entries = _record(row, rotated, actor, source)
    try:
        _write(edit, rotated.secret, password)
    except Refused:
        entries.delete()
        raise
    # It is looked at again at once; what was known is of the password before.
    facts = row.cluster.secret_facts.filter(namespace=rotated.namespace, name=rotated.secret)
    facts.update(checked_at=_LONG_AGO)
    for entry in entries:
        entry.message = entry.message.removesuffix(_UNKNOWN)
        entry.save(update_fields=["message"])
    return rotated


def _judged(row: Resource, password: str) -> tuple[Edit, Rotated]:
    cluster, name = row.cluster, secret_in_force(row)
    edit = prepare(cluster, row.KIND.kind, row.namespace, row.name, row.manifest, None)
    edit = replace(edit, new_password=password)
    stop = _obstacles(edit, row, name) or blocking([*connected(edit), *judge_password(edit)])
    if stop:
        raise Refused(stop)
    sharing = tuple(referring(cluster, name, but=row))
    return edit, Rotated(cluster.secret_namespace, name, sharing, to_confirm(cluster, (row, *sharing)))


def _obstacles(edit: Edit, row: Resource, name: str) -> list[Finding]:
    if inline_in_force(row):
        text = "The password stands in the object itself, so no Secret can take a new one."
        return [_finding(edit, "password-inline", "spec.password", text, "Move it to a Secret first.")]
    if not name or row.deleting:
        text = "The object refers to no Secret whose password could be renewed."
        return [_finding(edit, "no-secret", f"spec.{FIELD}", text, "Edit the object and type a password there.")]
    if not edit.new_password:
        return [_finding(edit, "password-missing", "spec.password", "There is no password.", "Type the new one.")]
    fact = row.cluster.secret_facts.filter(namespace=row.cluster.secret_namespace, name=name).first()
    if fact is not None and fact.managed_by:
        text = f"{fact.managed_by} looks after Secret {name} and would undo the change."
        return [_finding(edit, "managed-elsewhere", f"spec.{FIELD}.name", text, "Renew the password there.")]
    return []


def _write(edit: Edit, name: str, password: str) -> None:
    namespace = edit.cluster.secret_namespace
    try:
        door = door_of(edit.cluster)
        if name == secret_name(edit.name):
            door.secret_write(namespace, name, password, force=True)
        else:
            door.secret_renew(namespace, name, password)
    except NotFound as error:
        text = f"Secret {name} does not exist in {namespace}."
        hint = "Create it, or type a password in the form: it becomes a Secret of its own."
        raise Refused([_finding(edit, "secret-missing", f"spec.{FIELD}.name", text, hint)]) from error
    except (Rejected, Conflict) as error:
        text = f"Secret {name} cannot be written: {error.message}"
        hint = f"Allow bgpui to create and patch Secrets in {namespace}."
        raise Refused([_finding(edit, "password-not-written", "spec.password", text, hint)]) from error
    except KubeError as error:
        raise ClusterUnreachable(f"The password cannot be written to the cluster now: {error.message}") from error


def _record(row: Resource, rotated: Rotated, actor: Actor, source: str) -> QuerySet[Change]:
    """The entries, before anything is written: who is interrupted leaves a history that does not say too much."""
    entries = []
    for one in (row, *rotated.shared_with):
        change = change_of(one, one.manifest, one.manifest, source=source, revision=one.revision)
        through = "" if one is row else f", by way of {row.name}"
        change.actor_id, change.new_password = actor.pk if actor is not None else None, True
        change.message = f"New password in Secret {rotated.secret}{through}."[: 500 - len(_UNKNOWN)] + _UNKNOWN
        change_confirmed(change, rotated.confirm)
        entries.append(change)
    Change.objects.bulk_create(entries)
    return Change.objects.filter(pk__in=[entry.pk for entry in entries])


def _finding(edit: Edit, code: str, field: str, text: str, hint: str) -> Finding:
    return Finding(code, Severity.ERROR, field, "", text, "bgpui", hint, (edit.ref,))
