"""REST: rules, alarms, silences and maintenance windows, who may what, and what the history says of it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, time, timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from rest_framework.test import APIClient

from alarms.matchers import parse
from alarms.models import Alarm, MaintenanceWindow, Rule, Silence
from alarms.quietness import quiet_now, silenced_by
from clusters import clock
from clusters.models import Change, Cluster
from tests.alarms.conftest import Look
from tests.pages.rows import a_session, a_speaker, down

Clients = Callable[[str], APIClient]
RULE = {"name": "Storage", "kind": "few-established", "per": "vrf", "number": 2, "vrfs": ["storage"]}
WINDOW = {"name": "Night", "reason": "Nodes restart", "weekdays": [1], "time": "02:00", "minutes": 90}


def silence(**more: Any) -> dict[str, Any]:
    """A silence for an hour."""
    ends = timezone.now() + timedelta(hours=1)
    return {"reason": "CHG-1", "ends_at": ends.isoformat(), "matchers": [], **more}


@pytest.fixture
def alarm(cluster: Cluster, look: Look) -> Alarm:
    """A router that one node does not reach."""
    Rule.objects.exclude(kind="session-down").delete()
    a_session(a_speaker(cluster), **down())
    look()
    return Alarm.objects.get()


@pytest.mark.parametrize(
    ("path", "body", "writers"),
    [
        ("alarm-rules", RULE, {"admin"}),
        ("maintenance-windows", WINDOW, {"editor", "admin"}),
        ("silences", None, {"editor", "admin"}),
    ],
)
@pytest.mark.parametrize("role", ["", "viewer", "editor", "admin"])
def test_who_reads_and_who_writes(
    as_role: Clients, db: None, path: str, body: dict[str, Any] | None, writers: set[str], role: str
) -> None:
    api, where = as_role(role), f"/api/v1/{path}/"
    assert api.get(where).status_code == (200 if role else 403)
    made = api.post(where, body or silence())
    assert made.status_code == (201 if role in writers else 403), made.text
    if role in writers:
        entry = Change.objects.get()
        assert (entry.cluster, entry.action, str(entry.actor)) == (None, "create", f"a-{role}")
        one = f"{where}{made.json()['id']}/"
        assert api.delete(one).status_code == 204
        said = Change.objects.order_by("-pk")[0]
        assert said.action == ("update" if path == "silences" else "delete")
        assert api.get(one).status_code == (200 if path == "silences" else 404)


def test_what_a_rule_said_before_and_after_is_in_the_history(as_role: Clients) -> None:
    api = as_role("admin")
    made = api.post("/api/v1/alarm-rules/", RULE).json()
    assert api.patch(f"/api/v1/alarm-rules/{made['id']}/", {"number": 3}).status_code == 200
    entry = api.get("/api/v1/changes/?kind=AlarmRule&action=update").json()["results"][0]
    assert (entry["cluster"], entry["name"]) == (None, "Storage")
    assert entry["diff"] == [{"path": "spec.number", "before": 2, "after": 3}]
    assert api.post(f"/api/v1/changes/{entry['id']}/revert/?to=before").status_code == 404
    assert api.get("/api/v1/changes/export/").status_code == 200


def test_a_rule_stays_of_its_kind_in_rest_and_in_the_browser(
    as_role: Clients, browser: Callable[[str], Client], alarm: Alarm
) -> None:
    """What it found is open under it, and would be told as of the other kind."""
    rule = Rule.objects.get()
    refused = as_role("admin").patch(f"/api/v1/alarm-rules/{rule.pk}/", {"kind": "session-flapping"})
    assert (refused.status_code, refused.json()["findings"][0]["field"]) == (400, "kind")
    assert "add a rule, and remove this one" in refused.json()["findings"][0]["message"]
    typed = {"name": rule.name, "severity": "info", "seconds": "5", "enabled": "on", "per": "peer"}
    page = browser("admin").post(rule.get_absolute_url(), {**typed, "kind": "session-flapping"})
    assert (page.status_code, "add a rule, and remove this one" in page.text) == (422, True)
    assert browser("admin").post(rule.get_absolute_url(), {**typed, "kind": rule.kind}).status_code == 302
    rule.refresh_from_db()
    assert (rule.kind, rule.severity) == ("session-down", "info")


@pytest.mark.parametrize(
    ("path", "body", "field"),
    [
        ("alarm-rules", {**RULE, "nodes": ["a*b"]}, "nodes"), ("alarm-rules", {**RULE, "vrfs": ["x" * 64]}, "vrfs"),
        ("alarm-rules", {**RULE, "vrfs": ["red,blue"]}, "vrfs"), ("alarm-rules", {**RULE, "peers": ["a,b"]}, "peers"),
        ("alarm-rules", {**RULE, "number": 0}, "number"),
        ("alarm-rules", {**RULE, "kind": "configuration-stale"}, "vrfs"),
        ("alarm-rules", {**RULE, "kind": "weather"}, "kind"), ("alarm-rules", {**RULE, "threshold": 1}, "threshold"),
        ("alarm-rules", {**RULE, "name": "Session down"}, "name"),
        ("silences", silence(ends_at="2020-01-01T00:00:00Z"), "ends_at"), ("silences", silence(reason=""), "reason"),
        ("silences", silence(ends_at="2999-01-01T00:00:00Z"), "ends_at"),
        ("silences", silence(matchers=[{"name": "moon", "value": "x"}]), "matchers"),
        ("maintenance-windows", {**WINDOW, "starts_at": "2031-01-01T00:00:00Z"}, "starts_at"),
        ("maintenance-windows", {**WINDOW, "weekdays": []}, "weekdays"),
        ("maintenance-windows", {**WINDOW, "weekdays": [7]}, "weekdays"),
        ("maintenance-windows", {**WINDOW, "time_zone": "Mars/Base"}, "time_zone"),
        ("maintenance-windows", {"name": "n", "reason": "r", "minutes": 5}, "starts_at"),
    ],
)  # fmt: skip
def test_what_makes_no_sense_is_refused_with_its_field(
    as_role: Clients, path: str, body: dict[str, Any], field: str
) -> None:
    answer = as_role("admin").post(f"/api/v1/{path}/", body)
    assert answer.status_code == 400, answer.text
    assert answer.json()["findings"][0]["field"].startswith(field)
    assert not Change.objects.exists()


def test_an_alarm_is_listed_with_its_evidence_and_acknowledged(as_role: Clients, alarm: Alarm) -> None:
    viewer, editor, one = as_role("viewer"), as_role("editor"), f"/api/v1/alarms/{alarm.pk}/"
    (found,) = viewer.get("/api/v1/alarms/?state=firing&cluster=lab&kind=session-down").json()["results"]
    assert found == viewer.get(one).json()
    assert {"name": "1 session", "value": "The hold timer expired"} in found["evidence"]
    assert viewer.post(f"{one}acknowledge/", {}).status_code == 403
    said = editor.post(f"{one}acknowledge/", {"words": "on it"}).json()
    assert (said["acknowledged_by"], said["acknowledgement"]) == ("a-editor", "on it")
    entry = Change.objects.get()
    assert (entry.kind, entry.cluster, entry.message) == ("Alarm", alarm.cluster, "Acknowledged. on it")
    assert editor.post(f"{one}unacknowledge/").json()["acknowledged_at"] is None
    Alarm.objects.update(state="resolved")
    assert editor.post(f"{one}acknowledge/", {}).status_code == 409


@pytest.mark.parametrize(
    ("matcher", "silent"),
    [
        ("peer=tor-a", True), ("peer=tor-b", False), ("peer!=tor-b", True), ("peer=tor-*", True), ("node=node-0", True),
        ("node=node-[0]", False), ("node=*", True), ("cluster=lab", True), ("severity!=warning", False),
        ("rule=Session down", True), ("kind=session-down", True), ("vrf=red", False), ("neighbor=10.0.0.1", True),
    ],
)  # fmt: skip
def test_a_silence_is_about_what_its_matchers_say(as_role: Clients, alarm: Alarm, matcher: str, silent: bool) -> None:
    read = parse(matcher)
    body = silence(matchers=[{"name": read.name, "op": read.op, "value": read.value}])
    assert as_role("editor").post("/api/v1/silences/", body).status_code == 201
    told = as_role("viewer").get(f"/api/v1/alarms/{alarm.pk}/").json()["silenced"]
    assert told == ("CHG-1" if silent else "")


@pytest.mark.parametrize(
    ("silences", "silent"),
    [
        ([["node=worker-3"]], False), ([["node=worker-*"]], True), ([["node!=worker-3"]], False),
        ([["node!=master-*", "cluster=lab"]], True), ([["node=worker-3"], ["node=worker-4"]], True),
        ([["node=worker-3"], ["node=worker-4", "cluster=east"]], False), ([["kind=node-not-ready"]], True),
        ([["node=worker-3", "node=worker-4"]], False),
    ],
)  # fmt: skip
def test_a_silence_with_a_node_is_about_alarms_all_of_whose_nodes_match(
    cluster: Cluster, only: Callable[..., Rule], look: Look, *, silences: list[list[str]], silent: bool
) -> None:
    only("node-not-ready", seconds=0)
    for name in ("worker-3", "worker-4"):
        a_speaker(cluster, name)
        cluster.nodes.create(name=name, uid=name, ready=False)
    look()
    found, now = Alarm.objects.get(), clock.now()
    for texts in silences:
        kept = [{"name": one.name, "op": one.op, "value": one.value} for one in map(parse, texts)]
        Silence.objects.create(reason="CHG-1", starts_at=now, ends_at=now + timedelta(hours=1), matchers=kept)
    assert (silenced_by(found, quiet_now(now)) is not None) is silent
    found.number_of_nodes = 3  # one that the row does not name
    by_node = any("node" in text.partition("=")[0] for texts in silences for text in texts if "kind" not in text)
    assert (silenced_by(found, quiet_now(now)) is not None) is (silent and not by_node)


def test_a_silence_begins_and_ends(as_role: Clients, alarm: Alarm) -> None:
    api, now = as_role("editor"), clock.now()
    later = silence(starts_at=(now + timedelta(minutes=30)).isoformat())
    made = api.post("/api/v1/silences/", later).json()
    assert made["active"] is False
    assert [bool(quiet_now(now + timedelta(minutes=at))) for at in (0, 31, 61)] == [False, True, False]
    api.delete(f"/api/v1/silences/{made['id']}/")
    assert not quiet_now(now + timedelta(minutes=31))
    assert Silence.objects.get().ends_at <= clock.now()


def test_a_window_recurs_at_its_local_time_over_a_change_of_the_clocks() -> None:
    """Zurich: UTC+1 until 2031-03-30, UTC+2 from then on (the rule of the European Union)."""
    window = MaintenanceWindow(weekdays=[5], time=time(23, 30), time_zone="Europe/Zurich", minutes=60)

    def at(month: int, day: int, hour: int, minute: int) -> bool:
        return window.active(datetime(2031, month, day, hour, minute, tzinfo=UTC))

    # 2031-03-29 and 2031-04-05 are Saturdays.
    assert [at(3, 29, 22, 29), at(3, 29, 22, 30), at(3, 29, 23, 29), at(3, 29, 23, 30)] == [False, True, True, False]
    assert [at(4, 5, 21, 29), at(4, 5, 21, 30), at(4, 5, 22, 29)] == [False, True, True]
    assert window.next_start(datetime(2031, 4, 1, tzinfo=UTC)) == datetime(2031, 4, 5, 21, 30, tzinfo=UTC)
    window.enabled = False
    assert not at(4, 5, 21, 30)


def test_a_window_of_once_is_once(as_role: Clients, alarm: Alarm) -> None:
    starts = clock.now() - timedelta(minutes=1)
    body = {"name": "Once", "reason": "Cables", "starts_at": starts.isoformat(), "minutes": 10}
    made = as_role("editor").post("/api/v1/maintenance-windows/", body).json()
    assert (made["active"], made["next_start"]) == (True, None)
    assert silenced_by(alarm, quiet_now(clock.now())) == MaintenanceWindow.objects.get()
    assert not quiet_now(clock.now() + timedelta(minutes=10))
