"""What waits for a receiver that is away says what is so when it leaves."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from alarms.delivery import outbox
from alarms.delivery.news import compose
from alarms.models import Alarm, Notice, Route, Silence
from clusters.models import Cluster
from speakers.models import Speaker
from tests.alarms.conftest import Beats, Routes, recover
from tests.pages.rows import a_session, down


def test_an_alertmanager_is_told_again_each_minute_and_only_the_last_time_is_kept(beat: Beats, route: Routes) -> None:
    route("alertmanager", group_wait=300)
    (first,) = beat(0)
    for second in (61, 125, 190):
        (again,) = beat(second)
        assert again.kind == "repeat"
    beat.taken = False
    assert beat(240) == []
    (newer,) = beat(251)  # what waits is as old as a minute at most
    assert (newer.pk, newer.kind, newer.body["at"] > again.body["at"]) == (again.pk, "repeat", True)
    beat.taken = True
    recover()
    (end,) = beat(252)
    assert set(Notice.objects.values_list("pk", flat=True)) == {first.pk, end.pk}
    assert (end.kind, end.body["number_resolved"]) == ("news", 1)


def test_what_waits_is_one_notice_of_what_is_so_now(cluster: Cluster, beat: Beats, route: Routes) -> None:
    """While a receiver is away what comes joins, what ends is told as over, and nothing as firing that is over."""
    route(group_interval=300, recovery=False)
    beat.taken = False
    (first,) = beat(0)
    Notice.objects.update(attempts=11)
    a_session(Speaker.objects.get(), "10.0.0.2", peer="tor-b", **down())
    (second,) = beat(10)
    assert (second.pk, second.title[:7], second.key != first.key) == (first.pk, "[2 new]", True)
    assert second.attempts == 6  # what is new is not given up with what is old
    recover(neighbor="10.0.0.1")
    beat(20)
    recover(neighbor="10.0.0.2")
    (third,) = beat(30)
    assert (third.pk, third.body["status"], third.alarms.count()) == (first.pk, "resolved", 2)
    assert [one["neighbor"] for one in third.body["resolved"]] == ["10.0.0.2", "10.0.0.1"]
    assert third.title == "[2 over] lab: 1 session to tor-b 10.0.0.2 down on node-0 and 1 more"
    assert beat(40) == []
    assert Notice.objects.count() == 1


def test_what_a_worker_has_in_its_hands_stays_as_it_is(cluster: Cluster, beat: Beats, route: Routes) -> None:
    route(group_interval=0)
    beat.taken = False
    beat(0)
    Notice.objects.update(lease_until=beat.at(60), fence=1)
    a_session(Speaker.objects.get(), "10.0.0.2", peer="tor-b", **down())
    assert beat(10) == []
    Notice.objects.update(state="sent", lease_until=None)
    assert [one.body["number_firing"] for one in beat(20)] == [2]


def test_a_silence_does_not_take_back_what_was_to_be_told(beat: Beats, route: Routes) -> None:
    route()
    route("alertmanager")
    beat.taken = False
    beat(0)
    Silence.objects.create(reason="x", starts_at=beat.at(5), ends_at=beat.at(1000))
    beat(70)
    assert [(one.route.kind, one.body["number_firing"]) for one in Notice.objects.all()] == [("webhook", 1)]


def test_a_route_that_is_narrowed_takes_back_what_waits_for_it(cluster: Cluster, beat: Beats, route: Routes) -> None:
    """Neither beginning nor end of an alarm goes to a receiver that was never told of it, and shall not be."""
    made = route(group_interval=0)
    beat.taken = False
    beat(0)
    a_session(Speaker.objects.get(), "10.0.0.2", peer="tor-b", **down())
    beat(10)
    made.matchers = [{"name": "peer", "op": "=", "value": "tor-b"}]
    made.save()
    (newer,) = beat(20)
    assert [one["peer"] for one in newer.body["firing"]] == ["tor-b"]
    recover(peer="tor-a")
    assert beat(30) == []
    recover()
    (end,) = beat(40)
    assert [one["peer"] for one in end.body["resolved"]] == ["tor-b"]
    beat.taken = True
    assert beat(50) == []


def test_a_route_that_was_off_is_told_what_it_has_not_heard_of_and_no_old_ends(
    cluster: Cluster, beat: Beats, route: Routes
) -> None:
    made = route(group_interval=0, repeat_interval=0)
    assert len(beat(0)) == 1
    a_session(Speaker.objects.get(), "10.0.0.2", peer="tor-b", **down())
    (second,) = beat(10)
    Route.objects.update(enabled=False)
    Notice.objects.update(next_at=beat.start)
    assert not outbox.deliver(second.pk)
    Route.objects.update(enabled=True)
    (again,) = beat(20)
    assert again.title == f"[1 new] lab: {second.body['firing'][0]['title']}; 1 other still fires"
    Route.objects.update(enabled=False)
    recover()
    beat(30)
    Alarm.objects.update(resolved_at=beat.at(-3 * 86400))
    Route.objects.update(enabled=True)
    assert beat(40) == []
    assert not made.told_of.exists()


def test_several_that_wait_become_one(beat: Beats, route: Routes) -> None:
    """One that was given up and is sent again, or those that an older release has left."""
    route(group_interval=0)
    (old,) = beat(0)
    recover()
    (end,) = beat(10)
    beat.taken = False
    Notice.objects.update(state="waiting")
    (one,) = beat(20)
    assert (one.pk, one.body["number_resolved"], one.body["number_firing"]) == (old.pk, 1, 0)
    assert not Notice.objects.filter(pk=end.pk).exists()


def _ended(cluster: Cluster, notice: Notice, beat: Beats, number: int, ago: float) -> None:
    """Alarms of that notice that ended so many seconds before the test."""
    end = beat.at(-ago)
    made = Alarm.objects.bulk_create(
        Alarm(cluster=cluster, key=f"{ago}-{index}", kind="session-down", began_at=end, fired_at=end, resolved_at=end,
              state="resolved", rule_name="r", severity="warning", title="t", nodes=["node-0"], evidence=[["a", "b"]])
        for index in range(number)
    )  # fmt: skip
    notice.alarms.add(*made)


def test_an_alertmanager_that_is_away_for_good_waits_for_no_more_than_what_is_so(
    cluster: Cluster, beat: Beats, route: Routes
) -> None:
    """Of what is over it is told for five minutes: until then it takes for over what it does not hear of."""
    route("alertmanager")
    beat.taken = False
    (first,) = beat(0)
    _ended(cluster, first, beat, 3, ago=200)
    _ended(cluster, first, beat, 5, ago=400)
    for second in (61, 122, 183):
        Notice.objects.update(attempts=11)
        (newer,) = beat(second)
    assert (newer.pk, newer.attempts, newer.alarms.count(), newer.body["number_resolved"]) == (first.pk, 6, 1, 0)
    recover()
    beat(200)
    beat(600)
    assert not Notice.objects.exists()


def test_who_was_away_for_days_is_told_what_ended_within_one_and_the_newest_of_that(
    cluster: Cluster, beat: Beats, route: Routes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("alarms.delivery.news._OVER", 4)
    route()
    beat.taken = False
    (first,) = beat(0)
    _ended(cluster, first, beat, 3, ago=600)
    _ended(cluster, first, beat, 2, ago=3600)
    _ended(cluster, first, beat, 5, ago=90000)
    (newer,) = beat(10)
    assert (newer.title[:15], newer.alarms.count()) == ("[1 new, 4 over]", 5)
    assert [one["resolved_at"] for one in newer.body["resolved"]].count(newer.body["resolved"][0]["resolved_at"]) == 3


def test_looks_do_not_read_nodes_and_evidence_of_what_is_over_again(
    cluster: Cluster, beat: Beats, route: Routes
) -> None:
    route()
    beat.taken = False
    (first,) = beat(0)
    _ended(cluster, first, beat, 3, ago=60)
    (newer,) = beat(10)
    assert [one["nodes"] for one in newer.body["resolved"]] == [["node-0"]] * 3
    with CaptureQueriesContext(connection) as seen:
        assert compose(beat.at(20)) == []
    read = [one["sql"] for one in seen if "alarms_notice_alarms" in one["sql"]]
    assert len(read) == 1
    assert '"nodes"' not in read[0]
    assert not [one["sql"] for one in seen if "evidence" in one["sql"]]
    assert len(seen) <= 12
