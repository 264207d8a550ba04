"""Writing what people say of alarms, each with an entry in the history."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from rest_framework.serializers import ModelSerializer

from alarms.delivery.body import body_of_test
from alarms.delivery.outbox import again, enqueue
from alarms.delivery.words import headline
from alarms.models import Alarm, Inhibition, MaintenanceWindow, Notice, Route, Rule, Silence
from clusters import clock
from clusters.connecting.audit import own_audit
from clusters.edits.saving import Actor, key_of
from clusters.models import Change
from clusters.nudges import nudge

KINDS = {
    Rule: "AlarmRule",
    Route: "AlarmRoute",
    Silence: "Silence",
    MaintenanceWindow: "MaintenanceWindow",
    Inhibition: "AlarmInhibition",
}


def row_save(asked: ModelSerializer[Any], *, actor: Actor, source: str, **more: Any) -> Any:
    """The row of a serializer that is valid, with its entry."""
    known = asked.instance
    before = known.told if known is not None else None
    with transaction.atomic():
        row = asked.save(**more)
        action = Change.Action.CREATE if before is None else Change.Action.UPDATE
        own_audit(KINDS[type(row)], str(row), action, actor=actor, source=source, sides=(before, row.told))
    nudge("alarms")
    return row


def row_delete(row: Any, *, actor: Actor, source: str) -> None:
    """Delete it, with its entry."""
    with transaction.atomic():
        own_audit(KINDS[type(row)], str(row), Change.Action.DELETE, actor=actor, source=source, sides=(row.told, None))
        row.delete()
    nudge("alarms")


def silence_end(silence: Silence, *, actor: Actor, source: str) -> Silence:
    """It counts no more, and stays in the list; one that has ended is left as it is."""
    now, before = clock.now(), silence.told
    if silence.ends_at <= now:
        return silence
    silence.starts_at, silence.ends_at = min(silence.starts_at, now), now
    with transaction.atomic():
        silence.save(update_fields=["starts_at", "ends_at"])
        own_audit(
            KINDS[Silence], str(silence), Change.Action.UPDATE,
            actor=actor, source=source, message="Ended.", sides=(before, silence.told),
        )  # fmt: skip
    nudge("alarms")
    return silence


def alarm_acknowledge(alarm: Alarm, *, actor: Actor, source: str, words: str, undo: bool = False) -> bool:
    """Somebody looks after it (undo: no longer); False if it does not fire any more."""
    at = None if undo else clock.now()
    columns = {"acknowledged_at": at, "acknowledged_by_id": None if undo else key_of(actor)}
    words = "" if undo else words.strip()[:300]
    with transaction.atomic():
        rows = Alarm.objects.filter(pk=alarm.pk, state=Alarm.State.FIRING)
        done = bool(rows.update(**columns, acknowledgement=words))
        if done:
            what = "Acknowledgement taken back." if undo else "Acknowledged."
            own_audit(
                "Alarm", alarm.title, Change.Action.UPDATE,
                actor=actor, source=source, message=f"{what} {words}".strip(), cluster=alarm.cluster,
            )  # fmt: skip
    if done:
        nudge("alarms")
    return done


def notice_test(route: Route, *, actor: Actor, source: str) -> Notice:
    """A notice that only shows whether notices get there, in the outbox like any other."""
    now = clock.now()
    body = body_of_test(actor.get_username() if actor is not None else "", now)
    with transaction.atomic():
        notice = Notice.objects.create(
            route=route, kind=Notice.Kind.TEST, title=headline(body), body=body, created_at=now, next_at=now
        )
        own_audit(
            KINDS[Route], route.name, Change.Action.UPDATE, actor=actor, source=source, message="Test notice sent."
        )
        enqueue(notice.pk)
    return notice


def notice_again(notice: Notice, *, actor: Actor, source: str) -> bool:
    """Try a notice that was given up from the beginning; False if it was not."""
    with transaction.atomic():
        done = again(notice)
        if done:
            words = f"Notice sent again: {notice.title}"
            own_audit(KINDS[Route], notice.route.name, Change.Action.UPDATE, actor=actor, source=source, message=words)
    return done
