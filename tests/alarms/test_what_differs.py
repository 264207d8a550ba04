"""Alarms about what is not as it is meant to be: one a router, and nothing of what is not seen."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from alarms.models import Alarm, Rule
from clusters import clock
from clusters.models import Cluster
from speakers.models import Comparison, PrefixDifference, Session, Speaker
from tests.alarms.conftest import Look, firing
from tests.pages.rows import a_session, a_speaker, down

Only = Callable[..., Rule]


def differs(row: Session, kind: str, *prefixes: str) -> None:
    """Prefixes that differ for six minutes."""
    Comparison.objects.create(session=row, meant=3, compared_at=clock.now(), **{kind: len(prefixes)})
    since = clock.now() - timedelta(minutes=6)
    for prefix in prefixes:
        PrefixDifference.objects.create(
            session=row, cluster=row.cluster, kind=kind, prefix=prefix, words=f"{kind} by hand", since=since
        )


@pytest.mark.parametrize(
    ("rule", "kind", "title"),
    [
        ("prefix-missing", "missing", "3 prefixes missing to tor 10.0.0.1 on node-0, node-1"),
        ("prefix-unintended", "extra", "3 prefixes that are not intended to tor 10.0.0.1 on node-0, node-1"),
        ("attributes-differ", "attributes", "3 prefixes with other attributes to tor 10.0.0.1 on node-0, node-1"),
    ],
)
def test_prefixes_that_differ_are_one_alarm_a_router(
    cluster: Cluster, only: Only, look: Look, rule: str, kind: str, title: str
) -> None:
    only(rule)
    first, second = (a_session(a_speaker(cluster, f"node-{n}"), peer="tor") for n in range(2))
    differs(first, kind, "203.0.113.1/32", "203.0.113.2/32")
    differs(second, kind, "203.0.113.1/32")
    other = next(one for one in ("missing", "extra", "attributes") if one != kind)
    differs(a_session(a_speaker(cluster, "node-2"), "10.0.0.9"), other, "203.0.113.1/32")
    look()
    assert firing() == [title]
    (alarm,) = Alarm.objects.all()
    assert (alarm.cause, alarm.sessions, alarm.peer) == (f"{kind} by hand", 2, "tor")
    Comparison.objects.update(missing=0, extra=0, attributes=0)
    look()
    assert firing() == []


def test_what_was_known_too_long_ago_or_before_the_session_came_up_is_neither_new_nor_over(
    cluster: Cluster, only: Only, look: Look
) -> None:
    only("prefix-missing")
    row = a_session(a_speaker(cluster), peer="tor", since=clock.now() + timedelta(seconds=1))
    differs(row, "missing", "203.0.113.1/32")
    look()
    assert not Alarm.objects.exists()
    Session.objects.update(since=clock.now() - timedelta(days=2))
    look()
    assert not Alarm.objects.get().blind
    Comparison.objects.update(compared_at=clock.now() - timedelta(hours=1))
    look()
    assert Alarm.objects.get().blind


def test_differences_that_are_counted_and_not_kept_are_an_alarm_too(cluster: Cluster, only: Only, look: Look) -> None:
    only("prefix-unintended", seconds=0)
    differs(a_session(a_speaker(cluster), peer="tor"), "extra", "203.0.113.1/32", "203.0.113.2/32")
    PrefixDifference.objects.all().delete()
    look()
    assert firing() == ["2 prefixes that are not intended to tor 10.0.0.1 on node-0"]


def test_what_is_not_seen_any_more_is_not_over_and_what_is_down_is_no_missing_prefix(
    cluster: Cluster, only: Only, look: Look
) -> None:
    only("prefix-missing")
    row = a_session(a_speaker(cluster), peer="tor")
    differs(row, "missing", "203.0.113.1/32")
    look()
    Speaker.objects.update(misses=5)
    look()
    assert Alarm.objects.get().blind
    Speaker.objects.update(misses=0)
    Session.objects.update(**down())
    look()
    assert firing() == []


@pytest.mark.parametrize(
    ("kind", "columns", "title"),
    [
        ("session-orphan", {"intended": False, "peer": ""}, "1 session that no BGPPeer intends to 10.0.0.1 on node-0"),
        ("settings-differ", {"differs": "the hold time is 20s"}, "1 session set otherwise to tor 10.0.0.1 on node-0"),
    ],
)
def test_sessions_that_are_not_as_intended_are_alarms(
    cluster: Cluster, only: Only, look: Look, kind: str, columns: dict[str, Any], title: str
) -> None:
    only(kind)
    row = a_session(a_speaker(cluster), peer="tor")
    look()
    assert firing() == []
    Session.objects.filter(pk=row.pk).update(**columns, differs_since=clock.now() - timedelta(minutes=6))
    look()
    look(70)
    assert firing() == [title]
