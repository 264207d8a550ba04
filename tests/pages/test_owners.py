"""Objects that tools look after, in a browser without scripts: read-only, edited into a patch, or taken over."""

from __future__ import annotations

import json
import re
from html import unescape

import pytest
from django.test import Client

from clusters.models import Change, Cluster
from peers.models import BGPPeer
from tests.clusters.cluster import RunningCluster
from tests.pages.conftest import Browser
from tests.pages.forms import PEER, Work, fields, post
from tests.pages.rows import EXAMPLE, manifest
from tests.pages.test_resources import text

EDIT, TAKE = f"{PEER}edit/", f"{PEER}take-over/"


@pytest.fixture(autouse=True)
def _owned(live_cluster: Cluster, kube: RunningCluster, work: Work) -> None:
    """A peer of a Flux Kustomization."""
    owned = manifest("doc-example-peer", EXAMPLE)
    name, room = "kustomize.toolkit.fluxcd.io/name", "kustomize.toolkit.fluxcd.io/namespace"
    owned["metadata"]["labels"] = {name: "net", room: "flux-system"}
    kube.add(owned, manager="kustomize-controller")
    work(live_cluster)


def test_the_page_says_whose_it_is_and_where_it_lives(editor: Client, browser: Browser) -> None:
    said = text(editor.get(PEER).text)
    assert "Flux (Kustomization flux-system/net) looks after it" in said
    assert "Probably in the Git repository of Kustomization flux-system/net" in said
    assert "As label kustomize.toolkit.fluxcd.io/name tells." in said
    assert "Read-only here" in said
    assert (TAKE in editor.get(PEER).text, TAKE in browser("admin").get(PEER).text) == (False, True)


@pytest.mark.parametrize("tab", ["form", "yaml"])
def test_an_edit_ends_in_a_patch(editor: Client, kube: RunningCluster, tab: str) -> None:
    form = {**fields(editor.get(EDIT).text), "peerASN": "64777"}
    if tab == "yaml":
        form = fields(post(editor, EDIT, "yaml", form).text)
    review = post(editor, EDIT, "review", form)
    assert review.status_code == 200
    assert 'value="apply"' not in review.text
    assert "accept this, asked with a dry run" in review.text
    diff = re.search(r'<pre id="patch-diff"[^>]*>(.*?)</pre>', review.text, re.DOTALL)
    assert diff is not None
    assert "-  peerASN: 64501\n+  peerASN: 64777\n" in unescape(diff[1])
    assert "kustomize.toolkit" not in diff[1]
    sent = fields(review.text)
    merge = post(editor, EDIT, "patch:merge", sent)
    assert json.loads(merge.content) == {"spec": {"peerASN": 64777}}
    assert merge["Content-Disposition"] == 'attachment; filename="bgppeer-doc-example-peer.merge.json"'
    assert post(editor, EDIT, "patch:manifest", sent).content.startswith(
        b"apiVersion: metallb.io/v1beta2\nkind: BGPPeer"
    )
    assert post(editor, EDIT, "apply", sent).status_code == 422
    assert (kube.spec("doc-example-peer")["peerASN"], Change.objects.exists()) == (64501, False)


def test_an_administrator_takes_it_over_after_typing_its_name(
    browser: Browser, editor: Client, live_cluster: Cluster, kube: RunningCluster, work: Work
) -> None:
    admin = browser("admin")
    assert editor.get(TAKE).status_code == 403
    page = admin.get(TAKE)
    assert "Flux applies it again at every interval" in text(page.text)
    assert "kustomize-controller Update spec, labels and annotations move to bgpui" in text(page.text)
    form = fields(page.text)
    for typed in ({"name": "doc", "reason": "x"}, {"name": "doc-example-peer", "reason": " "}):
        assert admin.post(TAKE, {**form, **typed}).status_code == 422
    assert admin.post(TAKE, {**form, "name": "doc-example-peer", "reason": "the night"})["Location"] == PEER
    work(live_cluster)
    said = text(admin.get(PEER).text)
    assert "Taken over from Flux (Kustomization flux-system/net)" in said
    assert "a-admin took it over" in said
    assert admin.get(TAKE)["Location"] == PEER
    review = post(editor, EDIT, "review", {**fields(editor.get(EDIT).text), "peerASN": "64777"})
    assert post(editor, EDIT, "apply", fields(review.text)).status_code == 302
    work(live_cluster)
    assert (kube.spec("doc-example-peer")["peerASN"], BGPPeer.objects.get().sync_state) == (64777, "in_sync")
