"""Sessions and speakers over REST, and questions to a node."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import redis
from rest_framework.test import APIClient

from clusters import clock
from clusters.models import Cluster
from speakers import live
from speakers.counters.keeping import fleet_write, points_write
from speakers.frr import parse
from speakers.models import Gap, Session, Speaker, Transition
from speakers.sweep import Observation
from tests.api.manifests import LIST, row_of
from tests.stores.clock import StandingClocks

SESSIONS = "/api/v1/sessions/"
NOW = datetime(2031, 1, 1, 12, tzinfo=UTC)
FIELDS = {
    "cluster", "node", "vrf", "neighbor", "peer", "state", "health", "observed_at", "age", "since", "reason", "cause",
    "evidence", "remote_as", "local_as", "remote_router_id", "local_router_id", "link", "bgp_version", "uptime",
    "timers", "families", "bfd", "prefixes", "technology_preview",
}  # fmt: skip


@pytest.fixture
def session(cluster: Cluster, clocks: StandingClocks) -> Session:
    """A session that was Established four seconds ago."""
    clocks.stand(NOW)
    speaker = Speaker.objects.create(
        cluster=cluster,
        node="node-0",
        pod="speaker-x",
        observed_at=NOW - timedelta(seconds=4),
        frr_version="10.5.3",
    )
    return Session.objects.create(
        speaker=speaker,
        cluster=cluster,
        node="node-0",
        vrf="red",
        neighbor="192.0.2.1",
        peer="rack-1",
        intended=True,
        state="Established",
        since=NOW - timedelta(hours=1),
        established_at=NOW - timedelta(hours=1),
        remote_as=4200000001,
        local_as=64500,
        remote_router_id="192.0.2.1",
        local_router_id="10.0.0.1",
        link="external",
        bgp_version=4,
        hold_time=90,
        keepalive_time=30,
        families=["ipv4Unicast"],
        bfd="Up",
        prefixes_sent=3,
    )


def test_a_session_says_what_the_documented_verification_shows(api: APIClient, session: Session) -> None:
    (found,) = api.get(SESSIONS).json()["results"]
    assert found.keys() >= FIELDS
    assert {key: found[key] for key in ("state", "health", "remote_as", "local_as", "link", "bgp_version")} == {
        "state": "Established",
        "health": "up",
        "remote_as": 4200000001,
        "local_as": 64500,
        "link": "external",
        "bgp_version": 4,
    }
    assert (found["age"], found["uptime"], found["technology_preview"]) == (4, 3600, True)
    assert (found["timers"], found["prefixes"]) == ({"hold": 90, "keepalive": 30}, {"sent": 3, "received": None})


@pytest.mark.parametrize(("seconds", "health"), [(0, "up"), (15, "late"), (60, "unknown")])
def test_health_ages_with_the_clock_and_is_what_the_filter_means(
    api: APIClient, session: Session, clocks: StandingClocks, seconds: int, health: str
) -> None:
    clocks.stand(NOW + timedelta(seconds=seconds))
    (found,) = api.get(f"{SESSIONS}?health={health}").json()["results"]
    assert (found["health"], found["age"]) == (health, 4 + seconds)
    others = [word for word in ("up", "late", "unknown", "down") if word != health]
    assert api.get(f"{SESSIONS}?{'&'.join(f'health={word}' for word in others)}").json()["count"] == 0


@pytest.mark.parametrize(("seconds", "word"), [(0, "up"), (15, "unknown"), (600, "unknown")])
def test_a_peers_sessions_are_counted_as_of_now(
    api: APIClient, session: Session, clocks: StandingClocks, seconds: int, word: str
) -> None:
    row_of(session.cluster, "rack-1", sessions_intended=1, sessions_up=1)
    row_of(session.cluster, "other")
    clocks.stand(NOW + timedelta(seconds=seconds))
    axes = [item["sessions"] for item in api.get(f"{LIST}?ordering=-name").json()["results"]]
    none = {"intended": 0, "up": 0, "degraded": 0, "down": 0, "unknown": 0}
    assert axes == [{**none, "intended": 1, word: 1}, none]


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ("cluster=lab&node=node-0&vrf=red&neighbor=192.0.2.1", 1), ("vrf=default", 0), ("state=Established", 1),
        ("state=Idle&state=Active", 0), ("peer=rack-1", 1), ("remote_as=4200000001", 1), ("intended=false", 0),
    ],
)  # fmt: skip
def test_sessions_are_found_by_their_parts(api: APIClient, session: Session, query: str, count: int) -> None:
    assert api.get(f"{SESSIONS}?{query}").json()["count"] == count


@pytest.mark.parametrize("place", ["sessions/?since_after", "transitions/?before"])
def test_a_moment_before_the_first_year_is_told(api: APIClient, place: str) -> None:
    assert api.get(f"/api/v1/{place}=0001-01-01T00:00:00%2B14:00").status_code == 400


def test_without_redis_a_session_is_shown_without_its_live_part(api: APIClient, session: Session) -> None:
    found = api.get(f"{SESSIONS}{session.pk}/").json()
    assert (found["state"], found["live"]) == ("Established", None)
    assert api.get(f"{SESSIONS}{session.pk + 1}/").status_code == 404


@pytest.mark.usefixtures("redis_url")
def test_the_live_part_is_the_nodes_last_answer(api: APIClient, session: Session) -> None:
    document = (
        b'{"red":{"vrfName":"red","192.0.2.1":{"bgpState":"Established","remoteAs":4200000001,'
        b'"bgpTimerHoldTimeMsecs":90000,"messageStats":{"updatesSent":7,"updatesRecv":2}}}}'
    )
    answer = live.NodeAnswer("node-0", clock.now().timestamp(), document, b"")
    live.nodes_put(session.cluster_id, [answer])
    found = api.get(f"{SESSIONS}{session.pk}/").json()["live"]
    assert found["milliseconds"]["hold_time"] == 90000
    assert {"name": "UPDATE", "sent": 7, "received": 2} in found["messages"]


def test_a_question_without_redis_is_answered_503(api: APIClient, session: Session, monkeypatch: Any) -> None:
    def away(*_: object) -> bool:
        raise redis.ConnectionError("away")

    monkeypatch.setattr(live, "connection", away)
    answer = api.post(f"{SESSIONS}{session.pk}/refresh/")
    assert (answer.status_code, answer["Retry-After"]) == (503, "5")


@pytest.mark.usefixtures("redis_url")
def test_a_refresh_that_no_worker_takes_is_not_called_one(api: APIClient, session: Session, monkeypatch: Any) -> None:
    monkeypatch.setattr(live, "PENDING_TTL", 1)
    answer = api.post(f"{SESSIONS}{session.pk}/refresh/?wait=5s")
    assert (answer.status_code, answer["Location"]) == (202, f"http://testserver{SESSIONS}{session.pk}/")


@pytest.mark.usefixtures("redis_url")
def test_routes_are_asked_for_once_and_read_later(api: APIClient, session: Session) -> None:
    path = f"{SESSIONS}{session.pk}/routes/?family=ipv6"
    assert api.get(path).status_code == 404
    asked = api.post(path)
    assert (asked.status_code, asked["Location"]) == (202, f"http://testserver{path}")
    answer = live.CommandResult(clock.now(), "oc exec …", ok=True, text="BGP table version is 1")
    live.command_put(session.pk, "ipv6", answer)
    found = api.get(path).json()
    assert (found["ok"], found["text"], found["paths"]) == (True, "BGP table version is 1", [])


@pytest.mark.usefixtures("redis_url")
def test_routes_with_wait_are_answered_when_the_worker_has_them(
    api: APIClient, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    def work(_seconds: float) -> None:
        live.command_put(session.pk, "ipv4", live.CommandResult(clock.now(), "oc exec …", ok=True, text="fresh"))

    monkeypatch.setattr("clusters.api.waiting.sleep", work)
    answer = api.post(f"{SESSIONS}{session.pk}/routes/?wait=5s")
    assert (answer.status_code, answer.json()["text"]) == (200, "fresh")


def test_log_lines_are_asked_for_once_and_read_later(api: APIClient, session: Session, redis_url: str) -> None:
    path = f"{SESSIONS}{session.pk}/log/"
    assert api.get(path).status_code == 404
    asked = api.post(path)
    assert (asked.status_code, asked["Location"]) == (202, f"http://testserver{path}")
    live.command_put(session.pk, "log", live.CommandResult(clock.now(), "oc logs …", ok=True, text="%ADJCHANGE"))
    assert api.get(path).json()["text"] == "%ADJCHANGE"
    assert api.post(f"{path}?family=ipv4").status_code == 400


@pytest.mark.parametrize("query", ["family=ipv5", "family=ipv4&family=ipv6", "wait=2m", "vrf=red"])
def test_a_question_that_is_none_is_refused(api: APIClient, session: Session, query: str) -> None:
    assert api.post(f"{SESSIONS}{session.pk}/routes/?{query}").status_code == 400


def test_a_vrf_that_vtysh_cannot_be_asked_for_is_a_conflict_with_its_reason(api: APIClient, session: Session) -> None:
    Session.objects.filter(pk=session.pk).update(vrf="all")
    answer = api.post(f"{SESSIONS}{session.pk}/routes/")
    assert (answer.status_code, answer.json()["detail"]) == (
        409, "FRR cannot be asked about this VRF alone. vtysh reads the VRF name 'all' as all VRFs."
    )  # fmt: skip


def test_a_viewer_may_ask_and_a_stranger_may_not(
    as_role: Callable[[str], APIClient], session: Session, redis_url: str
) -> None:
    path = f"{SESSIONS}{session.pk}/refresh/"
    assert as_role("viewer").post(path).status_code == 202
    assert as_role("").post(path).status_code == 403


def test_a_speaker_says_how_its_last_poll_went(api: APIClient, session: Session) -> None:
    Speaker.objects.update(error="timed out after 5 s", misses=1)
    (found,) = api.get("/api/v1/speakers/?freshness=late").json()["results"]
    assert (found["pod"], found["frr_version"], found["age"], found["error"]) == (
        "speaker-x",
        "10.5.3",
        4,
        "timed out after 5 s",
    )


def test_reading_changes_nothing_and_asks_nobody(api: APIClient, session: Session, monkeypatch: Any) -> None:
    monkeypatch.setattr("celery.current_app.send_task", lambda *a, **k: pytest.fail("a GET enqueued a task"))
    for path in (SESSIONS, f"{SESSIONS}{session.pk}/", f"{SESSIONS}{session.pk}/routes/", "/api/v1/speakers/"):
        api.get(path)
    assert api.get(f"{SESSIONS}{session.pk}/refresh/").status_code == 405


def test_a_session_tells_its_uptime_and_what_nobody_observed(api: APIClient, session: Session) -> None:
    place = {"session": session, "cluster": session.cluster, "node": "node-0", "vrf": "red", "neighbor": "192.0.2.1"}
    for hours, old, new in ((12, "", "Established"), (4, "Established", "Idle"), (3, "Idle", "Established")):
        Transition.objects.create(**place, at=NOW - timedelta(hours=hours), old_state=old, new_state=new)
    seconds = [NOW - timedelta(hours=hours) for hours in (2, 1)]
    Gap.objects.create(cluster=session.cluster, node="node-0", began_at=seconds[0], ended_at=seconds[1])
    told = api.get(f"{SESSIONS}{session.pk}/history/").json()
    expected = {"up": 36_000.0, "down": 3600.0, "unknown": 3600.0, "ratio": pytest.approx(10 / 11)}
    assert told["uptime"] == {"24h": expected, "30d": expected}
    assert told["losses"] == {"24h": 1, "30d": 1}
    assert told["flaps"] == {"losses": 0, "window": 900, "limit": 3, "flapping": False}
    assert [span["state"] for span in told["spans"]] == ["Established", "Idle", "Established", "Unknown", "Established"]
    assert told["spans"][-1]["end"] == "2031-01-01T12:00:00Z"
    assert api.get(f"{SESSIONS}{session.pk}/history/?since=1").status_code == 400


def test_a_session_and_a_peer_tell_what_was_counted(api: APIClient, session: Session, clocks: StandingClocks) -> None:
    begin = NOW - timedelta(minutes=10)
    for minutes, counted in ((0, (5, 3)), (5, (6, 3)), (10, (6, 9))):
        updates, prefixes = counted
        document = (
            f'{{"red":{{"vrfName":"red","192.0.2.1":{{"bgpState":"Established","messageStats":{{"updatesRecv":{updates}}},'
            f'"addressFamilyInfo":{{"ipv4Unicast":{{"sentPrefixCounter":{prefixes}}}}}}}}}}}\n[]'
        )
        answer = parse.answer(document.encode())
        assert isinstance(answer, parse.Answer)
        points_write(session.cluster_id, [Observation("node-0", begin + timedelta(minutes=minutes), answer)])
    fleet_write(session.cluster, NOW)
    told = api.get(f"{SESSIONS}{session.pk}/counters/?reach=1h").json()
    assert (told["at"], told["step"]) == ("2031-01-01T12:00:00Z", 300)
    series = {one["name"]: one for one in told["series"]}
    assert series["updates_received"]["values"][-4:] == [None, 5, 6, 6]
    assert series["updates_received"]["counter"] is True
    sent = series["prefixes_sent.ipv4Unicast"]
    assert (sent["begin"], sent["values"][-2:], len(sent["values"])) == ("2031-01-01T11:05:00Z", [3, 9], 12)
    row = row_of(session.cluster, "rack-1", vrf="red")
    peer = f"{LIST}{session.cluster.name}/{row.namespace}/rack-1/counters/"
    assert {one["name"]: one["values"][-1] for one in api.get(peer).json()["series"]} == {
        "up": 1, "down": 0, "unknown": 0, "prefixes_received": 0, "prefixes_sent": 3,
    }  # fmt: skip
    assert len(api.get(f"{peer}?reach=7d").json()["series"][0]["values"]) == 7 * 288
    for odd in (f"{SESSIONS}{session.pk}/counters/?reach=1y", f"{peer}?since=1"):
        assert api.get(odd).status_code == 400
