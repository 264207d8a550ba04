"""A receiver that swallows packets holds up nothing but its own notices."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest

from alarms.delivery import outbox
from alarms.models import Notice, Route
from alarms.secrets import secrets_seal
from clusters import clock
from clusters.models import Cluster
from clusters.nudges import connection as redis_connection
from tests.alarms.conftest import Routes, deliver_all
from tests.alarms.receivers import Receiver

BODY = {"test": True, "asked_by": "", "at": "2031-01-01T00:00:00Z"}


@pytest.fixture
def waiting(route: Routes) -> Callable[[Route, int], list[Notice]]:
    """Notices of one route that wait, each about a cluster of its own."""

    def write(to: Route, number: int) -> list[Notice]:
        now = clock.now()
        clusters = [Cluster.objects.create(name=f"c{index}") for index in range(number)]
        return [
            Notice.objects.create(route=to, cluster=one, kind="news", title="t", body=BODY, created_at=now, next_at=now)
            for one in clusters
        ]

    return write


@pytest.fixture
def swallows() -> Iterator[str]:
    """An address of a server that takes no connection: its backlog is full (listen(2)), so that SYNs are dropped."""
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen(0)
        held = [socket.socket() for _ in range(2)]
        for one in held:
            one.settimeout(0)
            one.connect_ex(server.getsockname())
        yield f"http://127.0.0.1:{server.getsockname()[1]}/"
        for one in held:
            one.close()


def test_one_try_finds_out_that_nobody_is_there_for_all_that_wait(
    route: Routes, waiting: Callable[[Route, int], list[Notice]], swallows: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("alarms.delivery.http.TIMEOUT", 0.1)
    made = route()
    made.sealed = secrets_seal(made, url=swallows, key="k" * 16, token="")
    made.save()
    rows = waiting(made, 3)
    Notice.objects.filter(pk=rows[2].pk).update(attempts=outbox.MOST - 1)
    later = clock.now() + timedelta(hours=1)
    other = Notice.objects.create(route=made, kind="test", title="t", body=BODY, created_at=later, next_at=later)
    deliver_all()
    made.refresh_from_db()
    assert made.failed_total == 1
    found = [(one.state, one.attempts, one.error) for one in Notice.objects.order_by("pk")]
    error = "no answer within 0.1 s"
    assert found == [("waiting", 1, error), ("waiting", 1, error), ("dead", outbox.MOST, error), ("waiting", 0, "")]
    assert outbox.left_over(clock.now()) == []
    assert Notice.objects.get(pk=other.pk).next_at == later


def test_what_a_receiver_says_of_one_notice_is_no_try_of_others(
    route: Routes, receiver: Receiver, waiting: Callable[[Route, int], list[Notice]], redis_url: str
) -> None:
    receiver.answers = [(400, {}, b"")]
    first, second = waiting(route(), 2)
    assert not outbox.deliver(first.pk)
    assert redis_connection().llen("notice") == 1  # the other one goes at once
    redis_connection().delete("notice")
    assert outbox.deliver(second.pk)
    assert [one.attempts for one in Notice.objects.order_by("pk")] == [1, 1]


def test_a_route_has_one_worker_at_a_time(
    route: Routes, receiver: Receiver, waiting: Callable[[Route, int], list[Notice]]
) -> None:
    first, second = waiting(route(), 2)
    slack = route("slack")
    other = Notice.objects.create(
        route=slack, kind="test", title="t", body=BODY, created_at=first.created_at, next_at=first.next_at
    )
    Notice.objects.filter(pk=first.pk).update(lease_until=clock.now() + outbox.lease_of(first), fence=1)
    assert outbox.left_over(clock.now()) == [other.pk]
    assert (outbox.deliver(second.pk), outbox.deliver(other.pk)) == (False, True)
    Notice.objects.filter(pk=first.pk).update(lease_until=clock.now() - timedelta(seconds=1))
    assert outbox.deliver(second.pk)
