"""The pages of alarms: what they say, who may do what on them, and that every page says when sweeps have stopped."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from alarms.models import Alarm, MaintenanceWindow, Notice, Route, Rule, Silence
from clusters import clock
from clusters.models import Change, Cluster
from peers.models import BGPPeer
from speakers.models import Sweep
from tests.alarms.conftest import Look
from tests.alarms.receivers import Receiver
from tests.api.conftest import user
from tests.pages.conftest import Browser
from tests.pages.rows import a_peer, a_session, a_speaker, down
from tests.pages.test_access import _INLINE

__all__ = ["user"]
READ = ["/alarms/", "/alarms/{alarm}/", "/alarms/rules/", "/alarms/routes/", "/alarms/notices/", "/alarms/silences/"]
EDIT = ["/alarms/silences/new/", "/alarms/silences/{silence}/", "/alarms/windows/new/", "/alarms/windows/{window}/"]
ADMIN = [
    "/alarms/inhibitions/new/",
    "/alarms/rules/new/",
    "/alarms/rules/{rule}/",
    "/alarms/routes/new/",
    "/alarms/routes/{route}/",
]


@pytest.fixture
def rows(cluster: Cluster, look: Look, route: Callable[..., Route]) -> dict[str, int]:
    """One of everything: a router that is lost, and a notice that was given up."""
    rule = Rule.objects.exclude(kind="session-down").delete() and Rule.objects.get()
    a_session(a_speaker(cluster), **down(cause="<b>hold</b> timer"))
    look()
    alarm, now = Alarm.objects.get(), clock.now()
    made = route(matchers=[{"name": "vrf", "op": "=", "value": "<i>"}])
    notice = Notice.objects.create(
        route=made, cluster=cluster, kind="news", title="[1 firing]", body={}, created_at=now, next_at=now,
        state="dead", attempts=12, error="500 <u>down</u>",
    )  # fmt: skip
    notice.alarms.add(alarm)
    silence = Silence.objects.create(
        reason="CHG-1", starts_at=now, ends_at=now + timedelta(hours=1), matchers=[{"name": "vrf", "value": "red"}]
    )
    window = MaintenanceWindow.objects.create(name="Night", reason="r", weekdays=[1], time="02:00", minutes=60)
    found: dict[str, Any] = {"alarm": alarm, "rule": rule, "route": made, "silence": silence, "window": window}
    return {name: row.pk for name, row in (found | {"notice": notice}).items()}


@pytest.mark.parametrize("path", READ + EDIT + ADMIN)
def test_who_sees_which_page(browser: Browser, rows: dict[str, int], path: str) -> None:
    may = {"": [], "viewer": READ, "editor": READ + EDIT, "admin": READ + EDIT + ADMIN}
    for role, allowed in may.items():
        page = browser(role).get(path.format(**rows))
        assert page.status_code == (200 if path in allowed else 403), role
        if page.status_code == 200:
            assert not _INLINE.search(page.text)
            assert not any(tag in page.text for tag in ("<b>hold", "<u>down", "<i>"))
            assert "T0KEN" not in page.text


@pytest.mark.parametrize("path", [*EDIT, *ADMIN, "/alarms/{alarm}/acknowledge/", "/alarms/routes/{route}/test/"])
def test_a_viewer_posts_nothing(browser: Browser, rows: dict[str, int], path: str) -> None:
    for data in ({"name": "x"}, {"remove": "1"}):
        assert browser("viewer").post(path.format(**rows), data).status_code == 403


def test_alarms_say_what_fires_and_the_navigation_and_home_how_many(browser: Browser, rows: dict[str, int]) -> None:
    page = browser("viewer").get("/alarms/").text
    assert "1 session to tor-a 10.0.0.1 down on node-0" in page
    assert "1 alarm</span> fires" in page
    home = browser("viewer").get("/").text
    assert '<span id="tally" class="tally">1<' in home
    assert '<span id="tally" class="tally" hx-swap-oob="true">1<' in browser("viewer").get("/alarms/standing/").text
    assert "<dt>Alarms</dt>" in home
    one = browser("viewer").get(f"/alarms/{rows['alarm']}/").text
    assert "500 &lt;u&gt;down" in one
    assert "[1 firing]" in one
    assert "/alarms/silences/new/?m=" not in one  # for editors
    empty = browser("viewer").get("/alarms/?state=resolved").text
    assert "No alarm matches" in empty


def test_an_alarm_leads_to_its_peer_and_nodes_that_are_still_there(
    browser: Browser, cluster: Cluster, rows: dict[str, int]
) -> None:
    viewer, path = browser("viewer"), f"/alarms/{rows['alarm']}/"
    peer, node = "/peers/lab/metallb-system/tor-a/", "/nodes/lab/node-0/"
    a_peer(cluster)
    page = viewer.get(path).text
    assert f'<a href="{peer}">tor-a</a>' in page
    assert f'<a href="{node}">node-0</a>' in page
    BGPPeer.objects.all().delete()
    cluster.nodes.all().delete()
    page = viewer.get(path).text
    assert (peer in page, node in page) == (False, False)


def test_an_alarm_is_acknowledged(browser: Browser, rows: dict[str, int]) -> None:
    editor, path = browser("editor"), f"/alarms/{rows['alarm']}/"
    page = editor.post(f"{path}acknowledge/", {"words": "on my way"}, follow=True).text
    assert "a-editor looks after it" in page
    assert "on my way" in editor.get("/alarms/").text
    editor.post(f"{path}acknowledge/", {"undo": "1"})
    assert Alarm.objects.get().acknowledged_by is None
    assert Change.objects.filter(kind="Alarm", source="browser").count() == 2


def test_an_alarm_is_silenced_from_its_page(browser: Browser, rows: dict[str, int]) -> None:
    editor: Client = browser("editor")
    page = editor.get(f"/alarms/{rows['alarm']}/").text
    href = page.partition('href="/alarms/silences/new/')[2].partition('"')[0].replace("&amp;", "&")
    form = editor.get(f"/alarms/silences/new/{href}").text
    assert "neighbor=10.0.0.1" in form
    data = {"reason": "repair", "starts_at": "2026-01-01T00:00", "matchers": "neighbor=10.0.0.1\nvrf=default"}
    bad = editor.post("/alarms/silences/new/", {**data, "ends_at": "2026-01-01T00:00"})
    assert (bad.status_code, "must be later than now" in bad.text) == (422, True)
    wrong = editor.post("/alarms/silences/new/", {**data, "ends_at": "2026-01-02T00:00", "matchers": "moon=full"})
    assert (wrong.status_code, "moon=full</textarea>" in wrong.text) == (422, True)
    assert "Alarms that match: " in wrong.text.partition('id="summary"')[2], "an error has the name of its input"
    ends = clock.now() + timedelta(hours=2)
    editor.post(
        "/alarms/silences/new/",
        {**data, "starts_at": f"{clock.now():%Y-%m-%dT%H:%M}", "ends_at": f"{ends:%Y-%m-%dT%H:%M}"},
    )
    made = Silence.objects.get(reason="repair")
    assert str(made.author) == "a-editor"
    assert "silenced" in editor.get("/alarms/").text
    editor.post(f"/alarms/silences/{made.pk}/", {"remove": "1"})
    assert "silenced" not in editor.get("/alarms/").text


def test_rules_and_windows_are_written_in_the_browser(browser: Browser, rows: dict[str, int]) -> None:
    admin: Client = browser("admin")
    rule = {"name": "VRFs", "kind": "few-established", "severity": "critical", "enabled": "on", "seconds": "0"}
    rule |= {
        "number": "2",
        "window": "900",
        "per": "vrf",
        "vrfs": "red, blue*",
        "clusters": "",
        "nodes": "",
        "peers": "",
    }
    assert admin.post("/alarms/rules/new/", {**rule, "nodes": "a*b"}).status_code == 422
    assert admin.post("/alarms/rules/new/", rule).status_code == 302
    made = Rule.objects.get(name="VRFs")
    assert (made.vrfs, made.number, made.seconds) == (["red", "blue*"], 2, 0)
    assert "fewer than 2 for each VRF" in admin.get("/alarms/rules/").text
    admin.post(f"/alarms/rules/{made.pk}/", {**rule, "enabled": ""} | {"number": "3"})
    admin.post(f"/alarms/rules/{made.pk}/", {"remove": "1"})
    assert not Rule.objects.filter(name="VRFs").exists()
    window = {"name": "Patch", "reason": "r", "weekdays": ["1", "3"], "time": "02:00", "time_zone": "UTC"}
    admin.post("/alarms/windows/new/", {**window, "minutes": "60", "enabled": "on", "matchers": "", "starts_at": ""})
    assert MaintenanceWindow.objects.get(name="Patch").weekdays == [1, 3]
    assert Change.objects.filter(kind="AlarmRule").count() == 3
    assert "VRFs" in admin.get("/changes/?kind=AlarmRule").text
    for change in Change.objects.filter(kind="AlarmRule"):
        page = admin.get(change.get_absolute_url())
        assert (page.status_code, "none: a change of bgpui itself" in page.text) == (200, True)
        assert "Put it back" not in page.text
        assert admin.post(f"{change.get_absolute_url()}revert/", {"to": "before"}).status_code == 404


def test_a_route_is_added_tested_and_its_secret_is_kept(browser: Browser, receiver: Receiver, db: None) -> None:
    admin: Client = browser("admin")
    data = {"name": "hook", "kind": "webhook", "enabled": "on", "url": f"{receiver.url}/T0KEN", "key": "k" * 20}
    data |= {"recipients": "", "matchers": "severity=critical", "group_wait": "5", "recovery": "on"}
    assert admin.post("/alarms/routes/new/", data | {"url": "http://169.254.169.254/"}).status_code == 422
    assert admin.post("/alarms/routes/new/", data).status_code == 302
    route = Route.objects.get()
    page = admin.post(f"/alarms/routes/{route.pk}/test/", follow=True).text
    assert "Test notice of bgpui" in page
    kept = route.sealed
    again = {**data, "url": "", "key": "", "group_wait": "7"}
    assert admin.post(f"/alarms/routes/{route.pk}/", again).status_code == 302
    route.refresh_from_db()
    assert (route.sealed, route.group_wait) == (kept, 7)
    Notice.objects.update(state="dead")
    admin.post(f"/alarms/notices/{Notice.objects.get().pk}/resend/")
    assert Notice.objects.get().state == "waiting"


def test_every_page_says_when_sweeps_have_stopped(browser: Browser, cluster: Cluster) -> None:
    viewer: Client = browser("viewer")
    assert "have stopped" not in viewer.get("/peers/").text  # never swept is said elsewhere
    sweep = Sweep.objects.create(cluster=cluster, shard=0, began_at=clock.now(), ended_at=clock.now())
    assert "have stopped" not in viewer.get("/peers/").text
    Sweep.objects.filter(pk=sweep.pk).update(ended_at=clock.now() - timedelta(minutes=5))
    for path in ("/", "/peers/", "/clusters/", "/alarms/", "/alarms/standing/"):
        page = viewer.get(path).text
        assert "Sweeps of cluster lab have stopped" in page, path
        assert "Do the workers and beat run" in page, path
    Cluster.objects.update(error="The API server did not answer within 10 s.")
    page = viewer.get("/peers/").text
    assert "Its API server cannot be used" in page
    assert "Do the workers" not in page
    cluster.delete()
    assert "have stopped" not in viewer.get("/peers/").text
