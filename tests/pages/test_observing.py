"""How sessions are observed: chosen in the browser and in REST, shown wherever it matters, and who says what."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from pytest_django import Settings

from clusters import clock
from clusters.models import Change, Cluster, StatusObject
from speakers.models import Session, Speaker
from tests.pages.conftest import Browser
from tests.pages.rows import a_peer, a_session, a_speaker
from tests.test_metrics import scraped

SERVED = {"bgpsessionstates.frrk8s.metallb.io": ["v1beta1"], "servicebgpstatuses.metallb.io": ["v1beta1"]}
WHY = "bgpui may not run commands in the pods with FRR. Grant get and create on pods/exec in metallb-system."


def observed(cluster: Cluster, way: str, why: str = "") -> None:
    Cluster.objects.filter(pk=cluster.pk).update(mode="frr-k8s", served=SERVED, observing=way, observing_why=why)
    cluster.refresh_from_db()


def reported(cluster: Cluster, state: str, seconds: int = 30, **values: Any) -> StatusObject:
    seen_at = clock.now() - timedelta(seconds=seconds)
    columns: dict[str, Any] = {
        "node": "node-0",
        "peer": "10.0.0.1",
        "vrf": "default",
        "result": state,
        "name": "node-0-x",
        "uid": "u",
    }
    columns |= {"kind": "BGPSessionState", "namespace": "metallb-system", "seen_at": seen_at, **values}
    return StatusObject.objects.create(cluster=cluster, **columns)


@pytest.fixture
def session(cluster: Cluster) -> Session:
    a_peer(cluster, "tor")
    row = a_session(a_speaker(cluster, "node-0"), neighbor="10.0.0.1", peer="tor", intended=True)
    assert isinstance(row, Session)
    return row


def test_the_way_is_chosen_for_a_cluster_of_the_settings_too_and_the_history_says_who(
    browser: Browser, cluster: Cluster
) -> None:
    admin = browser("admin")
    page = admin.get("/clusters/lab/").text
    assert "As the settings say: every sweep asks each speaker" in page
    admin.post("/clusters/lab/observe/", {"observe": "no-exec", "note": "our policy"})
    cluster.refresh_from_db()
    assert (cluster.observe, cluster.observing) == ("no-exec", "nothing")  # FRR mode reports no sessions
    told = Change.objects.latest("pk")
    assert (told.kind, told.name, told.source) == ("Cluster", "lab", "browser")
    assert told.message.endswith("no command is run; only what is reported counts. our policy")
    admin.post("/clusters/lab/observe/", {"observe": "sometimes"})
    cluster.refresh_from_db()
    assert cluster.observe == "no-exec"
    assert browser("editor").post("/clusters/lab/observe/", {"observe": ""}).status_code == 403
    assert browser("viewer").get("/clusters/lab/").text.count("observe-head") == 0


def test_the_way_is_chosen_in_rest(browser: Browser, cluster: Cluster) -> None:
    admin, path = browser("admin"), "/api/v1/clusters/lab/"
    answer = admin.patch(path, {"observe": "quiet"}, content_type="application/json")
    assert answer.status_code == 200
    assert (answer.json()["observe"], answer.json()["observing"]) == ("quiet", "sweep")
    assert answer.json()["observing_why"].startswith("Quiet mode needs reports of sessions")
    assert Change.objects.latest("pk").source == "api"
    refused = admin.patch(path, {"observe": "loud"}, content_type="application/json")
    assert refused.status_code == 400
    named = admin.patch(path, {"observe": "", "label": "West"}, content_type="application/json")
    assert named.status_code == 409  # the settings name it
    assert Cluster.objects.get().observe == "quiet"
    assert browser("viewer").patch(path, {"observe": ""}, content_type="application/json").status_code == 403


@pytest.mark.parametrize(
    ("way", "why", "words"),
    [
        ("sweep", "", ""),
        ("sweep", "Quiet mode needs a live event stream.", "Quiet mode needs a live event stream."),
        ("quiet", "", "<b>Quiet mode</b>: each speaker is asked once a minute at most"),
        ("no-exec", WHY, (f"<b>No exec</b>: only what FRR-K8s reports is known, up to two minutes late; "
                         f"everything else is unknown. {WHY}")),
        ("nothing", "MetalLB runs in native mode.", ("<b>Nothing can be known of sessions here.</b> MetalLB runs in "
                                                    "native mode.")),
    ],
)  # fmt: skip
def test_the_way_is_told_where_people_look(
    viewer: Client, cluster: Cluster, session: Session, way: str, why: str, words: str
) -> None:
    observed(cluster, way, why)
    home = viewer.get("/").text
    assert (words in home) if words else ("observing" not in home and "mode</b>" not in home)
    if way == "sweep" and not why:
        return
    assert (why or words)[:40] in viewer.get("/clusters/lab/").text or way == "quiet"
    assert viewer.get("/api/v1/clusters/lab/").json()["observing"] == way


def test_in_native_mode_no_page_offers_what_only_frr_could_answer(
    editor: Client, cluster: Cluster, session: Session
) -> None:
    why = "MetalLB runs in native mode: there is no FRR that could be asked."
    Cluster.objects.update(mode="native", observing="metrics", observing_why=why)
    Speaker.objects.update(source="metrics", observed_at=clock.now())
    page = editor.get(session.get_absolute_url()).text
    assert (why in page, "oc exec" in page, "Ask FRR now" in page) == (True, False, False)
    assert "Log lines" in page
    for path in (f"/guided/checks/lab/metallb-system/{session.peer}/", f"/nodes/lab/{session.node}/drain/"):
        page = editor.get(path).text
        assert ("Ask FRR now" in page, "oc exec" in page) == (False, False), path
    assert "oc exec" not in editor.get("/speakers/").text


def test_a_quiet_speaker_is_not_called_late_by_the_interval_of_others(
    viewer: Client, cluster: Cluster, session: Session
) -> None:
    observed(cluster, "quiet")
    Speaker.objects.update(observed_at=clock.now() - timedelta(seconds=58), every=60)
    page = viewer.get("/").text
    assert "once a minute at most</span>" in page
    assert 'data-limit="210"' in page
    assert viewer.get(f"/api/v1/sessions/{session.pk}/").json()["health"] == "up"
    (speaker,) = viewer.get("/api/v1/speakers/").json()["results"]
    assert (speaker["freshness"], speaker["quiet"], speaker["heard_from"]) == ("live", True, "vtysh")
    assert "once a minute at most" in viewer.get("/speakers/").text
    Speaker.objects.update(every=0)
    assert viewer.get(f"/api/v1/sessions/{session.pk}/").json()["health"] == "unknown"


@pytest.mark.parametrize(
    ("state", "report", "seconds", "said"),
    [
        ("Established", "Established", 30, ""),
        ("Idle", "Active", 30, ""),  # they take turns
        ("Established", "Idle", 30, "FRR was asked after that, so its answer counts."),
        ("Idle", "Established", 0, "The report is newer."),
    ],
)
def test_who_says_what_and_where_they_disagree(
    viewer: Client, cluster: Cluster, session: Session, state: str, report: str, seconds: int, said: str
) -> None:
    observed(cluster, "sweep")
    Session.objects.update(state=state)
    Speaker.objects.update(observed_at=clock.now() - timedelta(seconds=5))
    row = reported(cluster, report, seconds, message="BFD Up")
    services = {"status": {"peers": ["tor", "other"]}}
    reported(cluster, "", kind="ServiceBGPStatus", name="bgp-x", peer="", body=services)
    page = viewer.get(f"/sessions/{session.pk}/").text
    assert "Who says what" in page
    assert f'href="{row.get_absolute_url()}">BGPSessionState</a>' in page
    assert "1 service meant for this peer from this node" in page
    assert ("They disagree" in page) is bool(said)
    answer = viewer.get(f"/api/v1/sessions/{session.pk}/sources/").json()
    assert [one["name"] for one in answer["told"]] == ["vtysh", "BGPSessionState", "ServiceBGPStatus"]
    assert [one["state"] for one in answer["told"]] == [state, report, ""]
    assert answer["told"][1]["words"].startswith("BFD Up")
    assert said in answer["disagree"]
    assert bool(answer["disagree"]) is bool(said)


def test_without_exec_the_page_says_what_cannot_be_known_and_what_to_grant(
    viewer: Client, cluster: Cluster, session: Session
) -> None:
    observed(cluster, "no-exec", WHY)
    Speaker.objects.update(source="status")
    Session.objects.update(state="Unknown", reason="not-reported", cause="Nothing reports this session, <b>sorry</b>")
    page = viewer.get(f"/sessions/{session.pk}/").text
    assert "Nothing reports this session, &lt;b&gt;sorry&lt;/b&gt;" in page
    assert page.count(f"bgpui does not ask it here. {WHY}") == 1
    assert "0 times" not in page
    assert 'id="ask-log"' in page
    assert 'id="ask-ipv4"' not in page
    assert "What is known" in page
    path = f"/api/v1/sessions/{session.pk}"
    told = viewer.get(f"{path}/sources/").json()["told"]
    assert (told[0]["state"], told[0]["words"]) == ("", WHY)
    answer = viewer.get(f"{path}/").json()
    assert (answer["heard_from"], answer["connections"]) == ("status", {"established": None, "dropped": None})
    for answer in (viewer.post(f"{path}/routes/"), viewer.post("/api/v1/routes/?prefix=203.0.113.0/24&cluster=lab")):
        assert answer.status_code == 409
        assert WHY in answer.json()["detail"]
    assert WHY in viewer.post("/routes/", {"prefix": "203.0.113.0/24"}).text


def test_metrics_say_how_sessions_are_observed_and_how_old_an_answer_may_be(
    viewer: Client, cluster: Cluster, session: Session, settings: Settings
) -> None:
    settings.BGPUI_METRICS_OPEN = True
    for way, interval in (("sweep", 10.0), ("quiet", 60.0), ("no-exec", None)):
        observed(cluster, way)
        found = scraped(viewer)
        assert found["bgpui_cluster_observing"] == {(("cluster", "lab"), ("way", way)): 1.0}
        assert found["bgpui_sweep_interval_seconds"].get((("cluster", "lab"),)) == interval
