"""Notices reach real receivers, and are tried until they are taken or given up."""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
from pytest_django import Settings

from alarms.delivery import heartbeats, outbox
from alarms.delivery.news import compose
from alarms.models import Alarm, Notice, Route
from alarms.retention import alarms_expire
from clusters import clock
from clusters.models import Cluster
from clusters.nudges import connection as redis_connection
from dashboard.metrics.collector import RowsCollector
from speakers.models import Session, Sweep
from tests.alarms.conftest import Look, Routes, deliver_all
from tests.alarms.receivers import Receiver


def test_a_failed_try_is_repeated_later_with_the_same_key(told: Any, route: Routes, receiver: Receiver) -> None:
    receiver.answers = [(503, {}, b"no room for /hook/T0KEN-in-the-path"), (429, {"Retry-After": "600"}, b"")]
    route()
    notice = told()
    assert (notice.state, notice.attempts) == ("waiting", 1)
    assert notice.error.startswith("503 Service Unavailable: no room for /")
    assert "T0KEN" not in notice.error + Route.objects.get().error
    deliver_all()
    assert len(receiver.got) == 1  # its time has not come
    Notice.objects.update(next_at=clock.now() - timedelta(seconds=1))
    deliver_all()
    notice.refresh_from_db()
    assert notice.next_at - clock.now() > timedelta(seconds=500)  # as the receiver asked
    Notice.objects.update(next_at=clock.now() - timedelta(seconds=1))
    deliver_all()
    notice.refresh_from_db()
    assert (notice.state, notice.attempts) == ("sent", 3)
    assert {got.json["key"] for got in receiver.got} == {str(notice.key)}
    assert (notice.route.sent_total, notice.route.failed_total) == (1, 2)


@pytest.mark.parametrize(
    "said",
    [
        "no T0KEN-in-the-path", "T0KEN-in-the-query is no token of mine", "T0KEN%2Fother",
        "x" * 170 + "T0KEN-in-the-path", "T0KEN-in-the-path" * 200,
    ],
)  # fmt: skip
def test_no_error_repeats_what_is_secret_of_an_address(
    told: Any, route: Routes, receiver: Receiver, said: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Nor a part of it, where the answer is cut off."""
    receiver.answers = [(403, {}, said.encode())]
    route(path="/hook/T0KEN-in-the-path?token=T0KEN-in-the-query&other=T0KEN/other")
    error = told().error
    assert error.startswith("403 ")
    assert not [text for text in (error, Route.objects.get().error, caplog.text) if "T0KE" in text]


def test_pauses_grow_and_differ_and_after_the_last_try_it_is_given_up(
    told: Any, route: Routes, receiver: Receiver
) -> None:
    receiver.answers = [(500, {}, b"down")] * outbox.MOST
    route()
    notice, pauses = told(), []
    for _ in range(outbox.MOST - 1):
        notice.refresh_from_db()
        pauses.append((notice.next_at - clock.now()).total_seconds())
        Notice.objects.update(next_at=clock.now() - timedelta(seconds=1))
        deliver_all()
    notice.refresh_from_db()
    assert (notice.state, notice.attempts, notice.error) == ("dead", outbox.MOST, "500 Internal Server Error: down")
    assert all(later > sooner * 1.2 for sooner, later in pairwise(pauses[:7]))
    assert max(pauses) <= 900 * 1.2
    deliver_all()
    assert len(receiver.got) == outbox.MOST
    assert outbox.again(notice)
    deliver_all()
    notice.refresh_from_db()
    assert notice.state == "sent"


def test_who_was_away_hears_what_is_so_now_and_not_what_was(
    told: Any, route: Routes, receiver: Receiver, look: Look
) -> None:
    receiver.answers = [(500, {}, b"")]
    route(group_interval=0)
    told()
    Session.objects.update(state="Established")
    look()
    compose(clock.now())
    deliver_all()
    assert len(receiver.got) == 1  # its time has not come
    Notice.objects.update(next_at=clock.now() - timedelta(seconds=1))
    deliver_all()
    first, second = (got.json for got in receiver.got)
    assert (first["status"], second["status"], Notice.objects.count()) == ("firing", "resolved", 1)
    assert first["key"] != second["key"]  # another text: nobody may drop it as known


def test_an_alertmanager_is_tried_again_before_it_forgets(told: Any, route: Routes, receiver: Receiver) -> None:
    receiver.answers = [(503, {"Retry-After": "900"}, b"")]
    route("alertmanager")
    notice = told()
    assert notice.next_at <= clock.now() + timedelta(seconds=60)


def test_notices_about_a_cluster_keep_their_order_and_leave_one_after_another(
    told: Any, route: Routes, receiver: Receiver, look: Look, redis_url: str
) -> None:
    receiver.answers = [(500, {}, b"")]
    route()
    notice = told()
    Notice.objects.update(next_at=clock.now() - timedelta(seconds=1))
    fields = {name: getattr(notice, name) for name in ("route", "cluster", "kind", "title", "body", "created_at")}
    second = Notice.objects.create(**fields, next_at=clock.now())
    deliver_all()
    assert [got.json["key"] for got in receiver.got] == [str(notice.key)] * 2
    assert redis_connection().llen("notice") == 1  # without waiting for the next look
    redis_connection().delete("notice")
    deliver_all()
    assert receiver.got[2].json["key"] == str(second.key)


def test_a_route_whose_key_is_lost_says_so(told: Any, route: Routes, settings: Settings) -> None:
    route()
    settings.BGPUI_CREDENTIAL_KEYS = ()
    assert "no key in BGPUI_CREDENTIAL_KEYS opens" in told().error


def either(due: heartbeats.Due) -> dict[int, datetime]:
    """Those that have something to tell, whether they fail or not."""
    return due.fine | due.failing


def test_a_heartbeat_is_hit_once_for_each_sweep_of_all_clusters(
    cluster: Cluster, route: Routes, receiver: Receiver
) -> None:
    made = route("heartbeat", path="/ping/SECRET", group_interval=0)
    now = clock.now()

    def beats() -> int:
        ends = either(heartbeats.due(clock.now()))
        heartbeats.beat(ends)
        heartbeats.beat(ends)  # a message may come twice
        return len(receiver.got)

    assert beats() == 0  # never swept
    one = Sweep.objects.create(cluster=cluster, shard=0, began_at=now, ended_at=now)
    other = Sweep.objects.create(cluster=cluster, shard=1, began_at=now)
    assert beats() == 0  # not all of it
    Sweep.objects.filter(pk=other.pk).update(ended_at=now + timedelta(seconds=1))
    assert (beats(), beats()) == (1, 1)
    assert (receiver.got[0].method, receiver.got[0].path) == ("GET", "/ping/SECRET")
    receiver.answers = [(404, {}, b"no /ping/SECRET here")] * 2  # what was not taken is tried again
    Sweep.objects.filter(pk=one.pk).update(ended_at=now + timedelta(seconds=1))
    beats()
    made.refresh_from_db()
    assert ("404" in made.error, "SECRET" in made.error, made.failed_total, made.sent_total) == (True, False, 2, 1)
    Sweep.objects.update(ended_at=now - timedelta(minutes=11))
    Route.objects.update(beaten_at=None)
    assert beats() == 3  # an old sweep is no sign of life


def test_a_heartbeat_that_was_not_taken_is_tried_with_the_next_sweep(
    cluster: Cluster, route: Routes, receiver: Receiver
) -> None:
    route("heartbeat", group_interval=300)
    began = clock.now() - timedelta(minutes=5)
    taken = []
    for second, answer in ((0, 200), (310, 500), (320, 200), (330, 200)):
        receiver.answers = [(answer, {}, b"")]
        at = began + timedelta(seconds=second)
        Sweep.objects.update_or_create(cluster=cluster, shard=0, defaults={"began_at": at, "ended_at": at})
        taken.append(heartbeats.beat(either(heartbeats.due(clock.now()))))
    assert taken == [1, 0, 1, 0]


def test_what_is_old_goes_and_what_waits_stays(told: Any, route: Routes, receiver: Receiver) -> None:
    route()
    told()
    future = clock.now() + timedelta(days=1)
    alarms_expire(before=future)
    assert (Notice.objects.count(), Alarm.objects.count()) == (0, 1)  # it still fires
    Notice.objects.create(
        route=Route.objects.get(), kind="test", title="t", body={}, created_at=clock.now(), next_at=future
    )
    alarms_expire(before=future)
    assert Notice.objects.count() == 1


def test_metrics_count_what_fires_and_what_was_sent(
    cluster: Cluster, told: Any, route: Routes, receiver: Receiver, redis_url: str
) -> None:
    receiver.answers = [(500, {}, b"")]
    route()
    told()
    Notice.objects.update(next_at=clock.now() - timedelta(seconds=1))

    def samples() -> dict[tuple[str, ...], float]:
        families = RowsCollector().collect()
        return {(one.name, *one.labels.values()): one.value for family in families for one in family.samples}

    found, who = samples(), ("webhook", "webhook")
    assert found["bgpui_alarms_firing", "lab", "warning"] == 1
    assert found["bgpui_alarms_firing", "lab", "critical"] == 0
    assert found["bgpui_notices_failed_total", *who] == 1
    assert found["bgpui_notices_waiting", *who] == 1
    assert found["bgpui_notices_given_up", *who] == 0
    assert found["bgpui_route_failing", *who] == 1
    Route.objects.update(enabled=False)  # nobody waits for it then
    deliver_all()
    found = samples()
    assert Notice.objects.get().state == "dead"
    assert found["bgpui_notices_given_up", *who] == found["bgpui_route_failing", *who] == 0
