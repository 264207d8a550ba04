"""Safe apply in the browser: chosen in Review, counted down on every page, kept or reverted with a button."""

from __future__ import annotations

import re
from datetime import timedelta
from html import unescape

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from clusters import clock
from clusters.models import Change, ChangeSet, Cluster, Trial
from clusters.sync.relist import relist
from tests.clusters.cluster import RunningCluster
from tests.clusters.sets import carry, some_peer
from tests.pages.conftest import Browser
from tests.pages.forms import fields, post

TOR = "/peers/lab/metallb-system/tor-1/"


@pytest.fixture
def tor(live_cluster: Cluster, kube: RunningCluster) -> Cluster:
    kube.add(some_peer(1))
    relist(live_cluster)
    return live_cluster


def changed(editor: Client) -> ChangeSet:
    """The peer with another AS, on trial and in force."""
    form = fields(editor.get(f"{TOR}edit/").text) | {"peerASN": "64999"}
    review = fields(post(editor, f"{TOR}edit/", "review", form).text)
    answer = post(editor, f"{TOR}edit/", "apply", {**review, "safe_apply": "5m", "note": "new AS"})
    made = ChangeSet.objects.get()
    assert (answer.status_code, answer["Location"]) == (302, made.get_absolute_url())
    assert carry(made) == ChangeSet.State.APPLIED
    return made


def text(page: str) -> str:
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", page)).split())


def test_an_edit_on_trial_counts_down_on_every_page_and_is_kept(
    tor: Cluster, kube: RunningCluster, editor: Client
) -> None:
    made = changed(editor)
    assert kube.spec("tor-1")["peerASN"] == 64999
    for address in ("/", "/peers/", "/services/", "/changes/", TOR, made.get_absolute_url()):
        page = editor.get(address).text
        counted = rf"Change set {made.pk} in lab on trial Reverted in (5 min|4 min( \d+ s)?)"
        assert re.search(counted, text(page)), address
        assert re.search(r'<time datetime="[^"]+" data-left="(300|2\d\d)">', page)
        assert f'action="/changes/sets/{made.pk}/confirm/"' in page
    assert "cannot be edited until that is over" in editor.get(TOR).text
    kept = editor.post(f"/changes/sets/{made.pk}/confirm/", {"here": "/peers/"})
    assert kept["Location"] == "/peers/"
    assert f"Change set {made.pk} is kept." in editor.get("/peers/").text
    assert "data-left" not in editor.get(TOR).text
    assert Trial.objects.get().state == Trial.State.KEPT


def test_it_is_reverted_with_a_button_or_by_itself_and_pages_say_why(
    tor: Cluster, kube: RunningCluster, editor: Client
) -> None:
    made = changed(editor)
    answer = editor.post(f"/changes/sets/{made.pk}/revert-now/", {"here": "//evil.example/"})
    assert answer["Location"] == made.get_absolute_url()
    assert "being reverted Asked for by a-editor." in text(editor.get("/peers/").text)
    assert carry(made) == ChangeSet.State.ROLLED_BACK
    assert kube.spec("tor-1")["peerASN"] == 64600
    assert text(editor.get(made.get_absolute_url()).text).count("Asked for by a-editor.") == 1
    for address in ("/changes/", TOR):
        page = editor.get(address).text
        assert "Reverted: Asked for by a-editor." in text(page), address
        assert f'in <a href="{made.get_absolute_url()}">' in page, address
    assert 'class="note trial"' not in editor.get("/peers/").text


def test_a_deletion_and_a_set_are_on_trial_too(tor: Cluster, kube: RunningCluster, editor: Client) -> None:
    form = fields(editor.get(f"{TOR}delete/").text)
    answer = editor.post(f"{TOR}delete/", {**form, "safe_apply": "15m"})
    made = ChangeSet.objects.get()
    assert answer["Location"] == made.get_absolute_url()
    carry(made)
    assert kube.peers() == []
    anew = fields(editor.get("/peers/new/").text)
    anew |= {"name": "tor-1", "myASN": "64500", "peerASN": "64999", "peerAddress": "192.0.2.1"}
    refused = post(editor, "/peers/new/", "review", anew)
    assert (refused.status_code, f"Change set {made.pk} is not settled yet, or on trial" in text(refused.text)) == (
        422,
        True,
    )
    assert editor.post(f"/changes/sets/{made.pk}/revert-now/").status_code == 302
    carry(made)
    assert kube.peers() == ["tor-1"]
    again = fields(editor.get(f"{TOR}recreate/").text)
    editor.post("/changes/sets/new/", {**again, "step": "apply", "safe_apply": "2m"})
    assert Trial.objects.filter(state=Trial.State.RUNNING).get().window == 120


@pytest.mark.parametrize("window", ["soon", "1s"])
def test_a_window_that_is_none_saves_nothing(tor: Cluster, editor: Client, window: str) -> None:
    form = fields(editor.get(f"{TOR}edit/").text) | {"peerASN": "64999"}
    review = fields(post(editor, f"{TOR}edit/", "review", form).text) | {"safe_apply": window}
    assert post(editor, f"{TOR}edit/", "apply", review).status_code == 422
    deletion = fields(editor.get(f"{TOR}delete/").text) | {"safe_apply": window}
    assert "Nothing was saved." in editor.post(f"{TOR}delete/", deletion).text
    again = fields(editor.get(f"{TOR}recreate/").text) | {"step": "apply", "safe_apply": window}
    assert editor.post("/changes/sets/new/", again).status_code == 422
    assert not Change.objects.filter(source="browser").exists()


def test_a_typed_password_is_refused_on_trial(tor: Cluster, editor: Client) -> None:
    form = fields(editor.get(f"{TOR}edit/").text) | {"password": "hunter22"}
    review = fields(post(editor, f"{TOR}edit/", "review", form).text)
    refused = post(editor, f"{TOR}edit/", "apply", {**review, "safe_apply": "5m"})
    assert (refused.status_code, ChangeSet.objects.count()) == (422, 0)
    assert "A password cannot be part of a change set" in unescape(refused.text)
    assert "hunter22" not in refused.text


def test_viewers_see_it_and_have_no_buttons(tor: Cluster, editor: Client, browser: Browser) -> None:
    made, viewer = changed(editor), browser("viewer")
    page = viewer.get("/peers/").text
    assert "data-left" in page
    assert "revert-now" not in page
    assert viewer.post(f"/changes/sets/{made.pk}/revert-now/").status_code == 403
    assert viewer.post(f"/changes/sets/{made.pk}/confirm/").status_code == 403
    assert "data-left" not in browser("").get("/tokens/").text


def test_the_part_of_a_page_is_fetched_anew_and_a_page_without_a_trial_asks_nothing_more(
    tor: Cluster, editor: Client
) -> None:
    editor.get("/peers/")
    with CaptureQueriesContext(connection) as without:
        editor.get("/peers/")
    assert not [one for one in without if 'FROM "clusters_trial"' in one["sql"].partition("EXISTS")[0]]
    changed(editor)
    part = editor.get("/changes/trials/?here=/peers/", headers={"HX-Request": "true"}).text
    assert part.lstrip().startswith('<div id="trials"')
    assert '<input type="hidden" name="here" value="/peers/">' in part
    Trial.objects.update(deadline=clock.now() - timedelta(seconds=9))
    assert 'data-left="0">0 s<' in editor.get("/peers/").text
