"""The page of a cluster's baseline: pinned, held against the cluster, put back through Review, given up; no script."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from clusters import clock
from clusters.models import Baseline, ChangeSet, Cluster
from clusters.sync.findings import findings_write
from clusters.sync.relist import relist
from tests.clusters.cluster import RunningCluster
from tests.clusters.sets import carry, some_peer
from tests.pages.forms import fields, post
from tests.pages.test_resources import text

PAGE = "/clusters/lab/baseline/"


@pytest.fixture
def drifted(editor: Client, live_cluster: Cluster, kube: RunningCluster) -> str:
    """One peer changed, one missing, one extra; the page."""
    kube.add(some_peer(1, holdTime="60s"), some_peer(3))
    relist(live_cluster)
    pinned = yaml.safe_dump_all([some_peer(1, holdTime="90s"), some_peer(2)])
    assert editor.post(PAGE, {"step": "pin", "text": pinned, "note": "rack design"})["Location"] == PAGE
    return editor.get(PAGE).text


def test_the_page_tells_what_differs_and_is_narrowed(editor: Client, drifted: str) -> None:
    said = text(drifted)
    assert "3 objects differ from what is pinned" in said
    assert "rack design" in said
    assert "missing tor-2 BGPPeer pinned, and not in the cluster" in said
    assert "extra tor-3 BGPPeer in the cluster, and not pinned" in said
    assert "changed tor-1 BGPPeer spec.holdTime pinned 90s , is 60s" in said
    only = text(editor.get(f"{PAGE}?state=extra").text)
    assert ("tor-3" in only, "tor-1" in only) == (True, False)
    assert "Nothing that differs matches" in text(editor.get(f"{PAGE}?kind=Community").text)
    for page in ("/clusters/", "/clusters/lab/"):
        assert "3 objects differ from" in text(editor.get(page).text)


def test_it_is_put_back_through_review(
    editor: Client, live_cluster: Cluster, kube: RunningCluster, drifted: str
) -> None:
    review = post(editor, PAGE, "back", {"state": "changed"})
    assert "Put lab back to the baseline 1 object in cluster lab" in text(review.text)
    review = post(editor, PAGE, "back", {})
    assert post(editor, "/changes/sets/new/", "apply", fields(review.text)).status_code == 302
    assert carry(ChangeSet.objects.get()) == "applied"
    assert (kube.peers(), kube.spec("tor-1")["holdTime"]) == (["tor-1", "tor-2"], "90s")
    findings_write(live_cluster)  # as a worker does after an edit
    assert "Everything stands as it is pinned." in text(editor.get(PAGE).text)
    assert post(editor, PAGE, "back", {})["Location"] == PAGE


def test_a_moment_or_files_are_pinned_and_what_is_none_is_told(
    editor: Client, live_cluster: Cluster, kube: RunningCluster
) -> None:
    kube.add(some_peer(1))
    relist(live_cluster)
    assert post(editor, PAGE, "moment", {"moment": clock.now().isoformat()}).status_code == 302
    assert Baseline.objects.get().source == "moment"
    bad: list[tuple[str, dict[str, Any], str]] = [
        ("moment", {"moment": "soon"}, "must be a time"),
        ("moment", {"moment": "0001-01-01T00:00:00+14:00"}, "years 1 to 9999 UTC"),
        ("moment", {"moment": "2020-01-01T00:00"}, "older than the history"),
        ("moment", {"moment": "2999-01-01T00:00"}, "still to come"),
        ("pin", {"text": "kind: ["}, "cannot be read"),
        ("pin", {"text": ""}, "no object in it"),
    ]
    for step, sent, told in bad:
        answer = post(editor, PAGE, step, sent)
        assert (answer.status_code, told in text(answer.text)) == (422, True), told
    file = SimpleUploadedFile("peers.yaml", yaml.safe_dump(some_peer(2)).encode())
    assert post(editor, PAGE, "pin", {"files": file}).status_code == 302
    assert Baseline.objects.get().source == "manifests"
    assert post(editor, PAGE, "unpin", {}).status_code == 302
    assert not Baseline.objects.exists()


def test_long_values_can_be_seen_whole_and_defaults_are_told(
    editor: Client, live_cluster: Cluster, kube: RunningCluster
) -> None:
    names = [f"node-{number}.rack-{number}.example.com" for number in range(9)]
    selector = {"matchExpressions": [{"key": "kubernetes.io/hostname", "operator": "In", "values": names}]}
    kube.add(some_peer(1, nodeSelectors=[selector], peerPort=1790))
    relist(live_cluster)
    post(editor, PAGE, "pin", {"text": yaml.safe_dump(some_peer(1))})
    page = editor.get(PAGE).text
    whole = page.partition('aria-label="Whole value of spec.nodeSelectors"')[2].partition("</pre>")[0]
    assert all(name in whole for name in names)
    assert "spec.peerPort pinned not set (179 by default) , is 1790" in text(page)


def test_what_is_put_back_is_pending_until_it_is_in_force(editor: Client, drifted: str) -> None:
    assert "on its way" not in text(drifted)
    review = post(editor, PAGE, "back", {})
    post(editor, "/changes/sets/new/", "apply", fields(review.text))
    assert text(editor.get(PAGE).text).count("An edit of it is on its way") == 3
    carry(ChangeSet.objects.get())
    assert "Everything stands as it is pinned." in text(editor.get(PAGE).text)


def test_a_viewer_sees_it_and_changes_nothing(viewer: Client, drifted: str) -> None:
    page = viewer.get(PAGE)
    assert page.status_code == 200
    assert ('value="back"' in page.text, 'value="pin"' in page.text, 'value="unpin"' in page.text) == (False,) * 3
    for step in ("back", "pin", "moment", "unpin"):
        assert post(viewer, PAGE, step, {}).status_code == 403
