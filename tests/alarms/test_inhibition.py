"""Alarms that follow from others are shown with their cause, and nobody is told of them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from pytest_django import Settings
from rest_framework.test import APIClient

from alarms.delivery.news import compose
from alarms.models import Alarm, Inhibition, Notice, Route, Rule
from clusters import clock
from clusters.models import Cluster, NodeEvent
from dashboard.metrics.collector import RowsCollector
from speakers.models import Speaker, Transition
from tests.alarms.conftest import Look
from tests.pages.conftest import Browser
from tests.pages.rows import a_session, a_speaker, down

pytestmark = pytest.mark.usefixtures("default_rules")
LATER = 400  # seconds after which every default rule has held for long enough


@pytest.fixture
def unseen(cluster: Cluster) -> Speaker:
    """A node that is not ready, and whose speaker is silent."""
    speaker = a_speaker(cluster, "node-1", misses=5, seconds=100)
    a_session(speaker)
    cluster.nodes.filter(name="node-1").update(ready=False)
    at = clock.now() - timedelta(seconds=90)
    NodeEvent.objects.create(cluster=cluster, node="node-1", at=at, kind=NodeEvent.Kind.NOT_READY)
    return speaker


def alarm(kind: str) -> Alarm:
    return Alarm.objects.select_related("inhibited_by").get(kind=kind)


def causes() -> dict[str, str | None]:
    """Of the alarms that fire, by kind, the kind of the one that explains each."""
    rows = Alarm.objects.filter(state="firing").select_related("inhibited_by")
    return {one.kind: one.inhibited_by.kind if one.inhibited_by else None for one in rows}


def test_a_node_that_is_not_ready_explains_its_sessions_but_not_those_of_others(
    cluster: Cluster, unseen: Speaker, look: Look
) -> None:
    look()
    assert causes() == {"node-not-ready": None}, "it began before the sessions did, and fires first"
    assert alarm("node-not-ready").title == "node-1 is not ready"
    look(LATER)
    assert causes() == {"node-not-ready": None, "session-unknown": "node-not-ready"}
    a_session(a_speaker(cluster, "node-2", misses=5, seconds=100), "10.0.0.9")
    look(LATER)
    assert causes()["session-unknown"] is None, "node-2 is ready: something else is wrong, too"


def test_more_nodes_than_a_row_names_are_known_all_the_same(cluster: Cluster, look: Look) -> None:
    for number in range(60):
        name = f"worker-{number:02}"
        cluster.nodes.create(name=name, uid=name, ready=False)
        a_session(a_speaker(cluster, name, misses=5, seconds=100))
    look()
    look(LATER)
    assert alarm("session-unknown").number_of_nodes == 60
    assert causes()["session-unknown"] == "node-not-ready"


def test_a_cluster_that_does_not_answer_explains_what_is_not_known_and_nothing_else(
    cluster: Cluster, look: Look
) -> None:
    a_session(a_speaker(cluster, misses=5, seconds=100))
    a_session(a_speaker(cluster, "node-2"), "10.0.0.2", **down())
    connected = clock.now() - timedelta(minutes=10)
    Cluster.objects.filter(pk=cluster.pk).update(error="connection refused", connected_at=connected)
    look(LATER)
    assert causes()["session-unknown"] == "cluster-unreachable"
    assert causes().get("session-down") is None
    assert alarm("cluster-unreachable").cause == "connection refused"
    Cluster.objects.filter(pk=cluster.pk).update(error="")
    look(LATER + 10)
    assert causes()["session-unknown"] == "cluster-unreachable", "what follows ends a moment later"
    look(LATER + 30)
    assert causes()["session-unknown"] == "cluster-unreachable"
    look(LATER + 100)
    assert causes()["session-unknown"] is None


def test_whether_nodes_are_ready_is_not_known_while_the_cluster_is_away(
    cluster: Cluster, unseen: Speaker, look: Look
) -> None:
    look()
    Cluster.objects.filter(pk=cluster.pk).update(error="connection refused")
    cluster.nodes.update(ready=True)
    look(1)
    assert (alarm("node-not-ready").state, alarm("node-not-ready").blind) == ("firing", True)
    Cluster.objects.filter(pk=cluster.pk).update(error="")
    look(2)
    assert alarm("node-not-ready").state == "resolved"


def test_who_is_told_of_the_cause_is_told_of_what_follows_when_it_is_over(
    cluster: Cluster, unseen: Speaker, look: Look, route: Callable[..., Route]
) -> None:
    route()
    look(LATER)
    compose(clock.now() + timedelta(seconds=LATER))
    assert [one.kind for one in Notice.objects.get().alarms.all()] == ["node-not-ready"]
    cluster.nodes.update(ready=True)
    for seconds in (LATER + 10, LATER + 100):
        look(seconds)
    (made,) = compose(clock.now() + timedelta(hours=1))
    assert "session-unknown" in {one.kind for one in Notice.objects.get(pk=made).alarms.all()}


def test_who_is_not_told_of_the_cause_is_told_of_what_follows(
    cluster: Cluster, unseen: Speaker, look: Look, route: Callable[..., Route]
) -> None:
    route(matchers=[{"name": "kind", "op": "=", "value": "session-*"}])
    look(LATER)
    assert causes()["session-unknown"] == "node-not-ready"
    assert compose(clock.now() + timedelta(seconds=LATER))
    assert "node-1 not heard" in Notice.objects.get().title


def test_an_inhibition_with_a_node_is_about_alarms_all_of_whose_nodes_match(
    cluster: Cluster, unseen: Speaker, look: Look
) -> None:
    sides = [{"name": "kind", "op": "=", "value": "node-not-ready"}], [{"name": "node", "op": "=", "value": "node-1"}]
    Inhibition.objects.all().delete()
    Inhibition.objects.create(name="node-1", sources=sides[0], targets=sides[1], equal=["cluster"])
    look(LATER)
    assert causes()["session-unknown"] == "node-not-ready"
    a_session(a_speaker(cluster, "node-2", misses=5, seconds=100), "10.0.0.9")
    look(LATER)
    assert causes()["session-unknown"] is None


def test_two_alarms_that_match_both_sides_do_not_silence_each_other(cluster: Cluster, look: Look) -> None:
    Rule.objects.all().delete()
    for name in ("one", "two"):
        Rule.objects.create(name=name, kind="session-down", severity="warning", seconds=0)
    side = [{"name": "kind", "op": "=", "value": "session-down"}]
    Inhibition.objects.create(name="itself", sources=side, targets=side, equal=["cluster"])
    a_session(a_speaker(cluster), **down())
    look()
    assert Alarm.objects.filter(state="firing", inhibited_by=None).count() == 2


def test_of_two_that_explain_each_other_one_fires_and_chains_are_kept(
    cluster: Cluster, unseen: Speaker, look: Look
) -> None:
    sides = [[{"name": "kind", "op": "=", "value": value}] for value in ("session-unknown", "node-not-ready")]
    back = Inhibition.objects.create(name="back", sources=sides[0], targets=sides[1], equal=["cluster", "node"])
    look(LATER)
    look(LATER)
    assert sorted(map(str, causes().values())) in (["None", "node-not-ready"], ["None", "session-unknown"])
    back.sources = [{"name": "kind", "op": "=", "value": "cluster-unreachable"}]
    back.equal = ["cluster"]
    back.save()
    connected = clock.now() - timedelta(minutes=10)
    Cluster.objects.filter(pk=cluster.pk).update(error="connection refused", connected_at=connected)
    Inhibition.objects.filter(sources=back.sources).exclude(pk=back.pk).delete()
    look(LATER)
    told = {"node-not-ready": "cluster-unreachable", "session-unknown": "node-not-ready", "cluster-unreachable": None}
    assert causes() == told


def test_pages_say_what_inhibits_and_what_follows(
    cluster: Cluster, unseen: Speaker, look: Look, browser: Browser
) -> None:
    look(LATER)
    viewer, cause, effect = browser("viewer"), alarm("node-not-ready"), alarm("session-unknown")
    page = viewer.get("/alarms/").text
    assert "<title>(1) Alarms" in page, "what follows is not counted"
    assert page.index(cause.title) < page.index(f">{effect.title}<")
    assert f'inhibited<span class="sub">by <a href="/alarms/{cause.pk}/">' in page
    assert "so nobody who is told of that one gets a notice: <a" in viewer.get(f"/alarms/{effect.pk}/").text
    assert effect.title in viewer.get(f"/alarms/{cause.pk}/").text.partition("What follows from it")[2]
    assert effect.title not in viewer.get("/wall/").text


def test_inhibitions_are_written_in_the_browser_by_admins(browser: Browser, cluster: Cluster) -> None:
    admin = browser("admin")
    data = {"name": "mine", "enabled": "on", "sources": "kind=node-not-ready", "targets": "rule=x", "equal": "cluster"}
    assert browser("editor").post("/alarms/inhibitions/new/", data).status_code == 403
    assert admin.post("/alarms/inhibitions/new/", {**data, "targets": ""}).status_code == 422
    assert admin.post("/alarms/inhibitions/new/", {**data, "equal": "moon"}).status_code == 422
    assert admin.post("/alarms/inhibitions/new/", data).status_code == 302
    made = Inhibition.objects.get(name="mine")
    assert "<code>rule=x</code>" in admin.get("/alarms/rules/").text
    admin.post(f"/alarms/inhibitions/{made.pk}/", {**data, "enabled": ""} | {"equal": "cluster, node"})
    made.refresh_from_db()
    assert made.equal == ["cluster", "node"]
    admin.post(f"/alarms/inhibitions/{made.pk}/", {"remove": "1"})
    assert not Inhibition.objects.filter(name="mine").exists()


def test_rest_tells_and_writes_the_same(cluster: Cluster, unseen: Speaker, look: Look, browser: Browser) -> None:
    look(LATER)
    browser("admin")
    api = APIClient()
    api.force_authenticate(User.objects.get(username="a-admin"))
    (found,) = api.get("/api/v1/alarms/?inhibited=true").json()["results"]
    cause = alarm("node-not-ready")
    told = {"id": cause.pk, "title": "node-1 is not ready", "kind": "node-not-ready", "state": "firing"}
    assert (found["kind"], found["inhibited_by"]) == ("session-unknown", told)
    assert [one["inhibited_by"] for one in api.get("/api/v1/alarms/?inhibited=false").json()["results"]] == [None]
    sides: dict[str, Any] = {name: [{"name": "kind", "value": "session-down"}] for name in ("sources", "targets")}
    place = "/api/v1/alarm-inhibitions/"
    made = api.post(place, {"name": "mine", **sides}, format="json")
    assert (made.status_code, made.json()["enabled"], made.json()["equal"]) == (201, True, [])
    assert api.post(place, {"name": "all", **sides, "targets": []}, format="json").status_code == 400
    assert api.patch(f"{place}{made.json()['id']}/", {"enabled": False}, format="json").json()["enabled"] is False
    assert api.delete(f"{place}{made.json()['id']}/").status_code == 204
    wrong = {"name": "x", "kind": "cluster-unreachable", "nodes": ["node-1"]}
    assert "use clusters" in str(api.post("/api/v1/alarm-rules/", wrong, format="json").json())


def test_metrics_tell_what_follows_and_what_flaps(
    cluster: Cluster, unseen: Speaker, look: Look, redis_url: str, settings: Settings
) -> None:
    settings.BGPUI_FLAP_COUNT = 2
    for seconds in (10, 20):
        at = clock.now() - timedelta(seconds=seconds)
        lost = {"cluster": cluster, "node": "node-1", "vrf": "default", "neighbor": "10.0.0.1", "at": at}
        Transition.objects.create(**lost, old_state="Established", new_state="Idle")
    look(LATER)
    told = {
        (sample.name, sample.labels.get("severity")): sample.value
        for family in RowsCollector().collect()
        for sample in family.samples
        if sample.labels.get("cluster") == "lab"
    }
    assert told["bgpui_alarms_inhibited", None] == 1
    assert told["bgpui_alarms_firing", "warning"] >= 2
    assert told["bgpui_sessions_flapping", None] == 1
