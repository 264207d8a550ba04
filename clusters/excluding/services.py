"""A node is to be excluded from load balancing, or no longer: accepted, written down, and handed to a worker."""

from __future__ import annotations

from collections.abc import Sequence

from django.db import transaction

from clusters import clock
from clusters.connecting.audit import own_audit
from clusters.edits.saving import Actor, change_confirmed, key_of
from clusters.excluding.rights import refusal
from clusters.manifest import Object
from clusters.models import Change, Exclusion, Node
from clusters.sync import outbox
from intent.announcements.cluster import EXCLUDED
from intent.confirmations import Confirmation

AUDITED = "Node"


class ExclusionRefusedError(Exception):
    """The label cannot be set or taken off here; the text says why, and the way out."""


def exclusion_ask(
    *,
    node: Node,
    wanted: bool,
    actor: Actor,
    source: str,
    message: str = "",
    confirmed: Sequence[Confirmation] = (),
) -> Exclusion | None:
    """Let a worker set the label, or take it off; None = it stands as it shall, and nothing else is on its way.

    confirmed: what whoever asks confirmed, for the history. Raises ExclusionRefusedError.
    """
    if why := refusal(node.cluster, wanted=wanted):
        raise ExclusionRefusedError(why)
    with transaction.atomic():
        # One at a time, since a first request has no row of its own to lock.
        Node.objects.select_for_update(no_key=True).filter(pk=node.pk).first()
        known = Exclusion.objects.select_for_update().filter(cluster=node.cluster, node=node.name).first()
        pending = known is not None and known.state == Exclusion.State.PENDING
        if known is not None and pending and known.wanted == wanted:
            return known
        if not pending and (EXCLUDED in node.labels) is wanted:
            return None
        row = known or Exclusion(cluster=node.cluster, node=node.name, revision=0)
        row.uid, row.wanted, row.revision = node.uid, wanted, row.revision + 1
        row.state, row.message, row.attempts, row.retry_at = Exclusion.State.PENDING, "", 0, None
        row.actor_id, row.asked_at, row.done_at = key_of(actor), clock.now(), None
        row.save()
        _audit(node, actor, source, message, wanted=wanted, confirmed=confirmed)
        outbox.enqueue_exclusion(row)
    return row


def _audit(
    node: Node, actor: Actor, source: str, message: str, *, wanted: bool, confirmed: Sequence[Confirmation]
) -> None:
    what = f"Label {EXCLUDED} {'set' if wanted else 'taken off'}."
    sides: tuple[Object, Object] = {"labels": {}}, {"labels": {EXCLUDED: ""}}
    change = own_audit(
        AUDITED,
        node.name,
        Change.Action.UPDATE,
        actor=actor,
        source=source,
        message=" ".join(filter(None, (what, message))),
        cluster=node.cluster,
        sides=sides if wanted else sides[::-1],
    )
    change_confirmed(change, confirmed)
    change.save(update_fields=["accepted"])
