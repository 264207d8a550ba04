"""Giving a change set up: what is in force of it is taken back, which can end sessions and withdraw prefixes itself."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import F

from clusters import clock
from clusters.edits.refusals import Unconfirmed
from clusters.edits.saving import Actor
from clusters.heard import heard
from clusters.models import ChangeSet, ChangeSetItem
from clusters.registry import resource_models, rows_of
from clusters.selectors import resource_of, snapshot_of
from clusters.sync import outbox
from intent.announcements import ServiceRef
from intent.confirmations import Confirmation, confirmations, unconfirmed
from intent.effects import effects
from intent.findings import ObjectRef
from intent.session_changes import session_changes
from intent.sessions import placed
from intent.snapshot import Resource

_RUNNING = (ChangeSet.State.PENDING, ChangeSet.State.APPLYING)
_IN_FORCE = (ChangeSetItem.State.TRYING, ChangeSetItem.State.DELETED, ChangeSetItem.State.APPLIED)


def to_confirm(change_set: ChangeSet) -> tuple[Confirmation, ...]:
    """What has to be confirmed before it is given up, as things stand; nothing while nothing of it is in force."""
    items = list(change_set.items.filter(state__in=_IN_FORCE, kind__in=resource_models()))
    if change_set.state not in _RUNNING or not items:
        return ()
    cluster, busy = change_set.cluster, _busy(change_set)
    live = snapshot_of(cluster)
    there = {resource.ref: resource for resource in live.resources}
    now: dict[ObjectRef, Resource | None] = {}
    then: dict[ObjectRef, Resource | None] = {}
    for item in items:
        ref = ObjectRef(item.kind, item.namespace, item.name)
        held = there.get(ref)
        if busy and item.state == ChangeSetItem.State.TRYING:
            held = None if item.after is None else resource_of(ref, item.after)
            live = live.without(ref) if held is None else live.with_resource(held)
        now[ref] = held
        before = None if item.before is None else resource_of(ref, item.before)
        same_password = before is not None and held is not None and held.inline_password
        then[ref] = replace(before, inline_password=True) if before is not None and same_password else before
    back = live.without(*then).with_resources(each for each in then.values() if each is not None)
    sessions = session_changes(back, now)
    total = sum(len(nodes) for _session, nodes in placed(live).values())
    services = {ServiceRef(one.namespace, one.name) for one in live.services}
    told = effects(live, back, None, heard(cluster).up)
    return confirmations(sessions, total, told, services, settings.BGPUI_CONFIRM_SESSIONS)


def changeset_give_up(*, change_set: ChangeSet, actor: Actor, accept: Collection[str] = ()) -> bool:
    """Take back what is in force of it, and the rest with it; False if it has its outcome by now, or is at it already.

    accept: codes of what is confirmed. Raises Unconfirmed. A worker that is still at it must not write its outcome over
    this.
    """
    judged = _in_force(change_set)
    needed = _confirmed(change_set, accept)
    with transaction.atomic():
        list(ChangeSet.objects.select_for_update().filter(pk=change_set.pk))  # what workers write waits from here on
        if _in_force(change_set) != judged:  # a worker was at it meanwhile, or others were
            needed = _confirmed(change_set, accept)
        return _turned(change_set, actor, needed)


def _in_force(change_set: ChangeSet) -> tuple[object, ...]:
    """The items that are, how far each of them is, and what of their objects was seen last."""
    items = list(change_set.items.filter(state__in=_IN_FORCE).order_by("pk"))
    seen = []
    for kind in sorted({item.kind for item in items} & resource_models().keys()):
        names = [item.name for item in items if item.kind == kind]
        rows = rows_of(kind).filter(cluster=change_set.cluster, name__in=names).order_by("pk")
        seen += list(rows.values_list("pk", "live__metadata__resourceVersion"))
    return [(item.pk, item.state) for item in items], seen, _busy(change_set)


def _busy(change_set: ChangeSet) -> bool:
    """Whether a worker is at it, so that what it tries may be in force before anybody has seen it."""
    until = ChangeSet.objects.filter(pk=change_set.pk).values_list("lease_until", flat=True).first()
    return until is not None and until > clock.now()


def _confirmed(change_set: ChangeSet, accept: Collection[str]) -> tuple[Confirmation, ...]:
    """What had to be confirmed, and is. Raises Unconfirmed."""
    needed = to_confirm(change_set)
    if left := unconfirmed(needed, accept):
        raise Unconfirmed(left)
    return needed


def _turned(change_set: ChangeSet, actor: Actor, needed: Collection[Confirmation]) -> bool:
    """From here on it is taken back; False if it has its outcome by now. Within a transaction."""
    by = f" by {actor.get_username()}" if actor is not None else ""
    confirmed = f", confirmed: {', '.join(map(str, needed))}" if needed else ""
    values: dict[str, Any] = {"state": ChangeSet.State.ROLLING_BACK, "fence": F("fence") + 1, "lease_until": None}
    values |= {"retry_at": None, "attempts": 0, "message": f"Given up{by}{confirmed}."[:300]}
    done = ChangeSet.objects.filter(pk=change_set.pk, state__in=_RUNNING).update(**values)
    outbox.enqueue_set(change_set)
    return bool(done)
