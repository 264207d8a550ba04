"""Pages for YAML in and out."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from clusters.models import ChangeSet, Cluster
from clusters.sync.relist import relist
from tests.clusters.cluster import RunningCluster
from tests.clusters.sets import carry, some_peer
from tests.intent.manifests import profile
from tests.kinds import saved
from tests.pages.forms import fields
from tests.pages.test_resources import text


def stream(*documents: Any) -> str:
    return yaml.safe_dump_all(documents, sort_keys=False)


def test_pasted_and_uploaded_manifests_are_reviewed_and_applied(
    editor: Client, live_cluster: Cluster, kube: RunningCluster
) -> None:
    kube.add(some_peer(1), some_peer(2))
    relist(live_cluster)
    files = [SimpleUploadedFile("fast.yaml", stream(profile()).encode())]
    pasted = stream(some_peer(1), some_peer(2, bfdProfile="fast"), some_peer(3))
    page = editor.post("/import/", {"text": pasted, "files": files})
    said = text(page.text)
    assert page.status_code == 200
    assert "new fast BFDProfile fast.yaml, document 1 line 1" in said
    assert "equal tor-1 BGPPeer document 1 line 1" in said
    assert "changed tor-2 BGPPeer document 2" in said
    assert "spec.bfdProfile \N{EN DASH} → fast" in said
    form = page.text[page.text.index('action="/changes/sets/new/"') :].partition("</form>")[0]
    review = editor.post("/changes/sets/new/", {**fields(f'<main id="main"<form {form}</form>'), "step": "review"})
    assert "Import of 4 documents 3 objects" in text(review.text)
    assert editor.post("/changes/sets/new/", {**fields(review.text), "step": "apply"}).status_code == 302
    assert carry(ChangeSet.objects.get()) == "applied"
    assert kube.peers() == ["tor-1", "tor-2", "tor-3"]


def test_what_cannot_be_taken_is_told_and_the_text_stays(editor: Client, cluster: Cluster) -> None:
    page = editor.post("/import/", {"text": stream(some_peer(1), some_peer(2, peerASN=0), {"kind": "<b>Pod</b>"})})
    said = text(page.text)
    assert page.status_code == 422
    assert "2 of 3 documents cannot be taken, so none is" in said
    assert "invalid tor-2 BGPPeer document 2" in said
    assert "&lt;b&gt;Pod&lt;/b&gt;" in page.text
    assert "peerASN: 0" in page.text
    assert 'value="review">Review' not in page.text
    assert not ChangeSet.objects.exists()


@pytest.mark.parametrize(
    ("sent", "status", "words"),
    [
        ({}, 422, "There is no document in it"),
        ({"text": "a: ["}, 422, "cannot be read"),
        ({"text": stream(*({"kind": "x"} for _ in range(1001)))}, 413, "more than 1000 documents"),
    ],
)
def test_bounds_are_told_in_words(
    editor: Client, cluster: Cluster, sent: dict[str, str], status: int, words: str
) -> None:
    page = editor.post("/import/", sent)
    assert (page.status_code, words in page.text) == (status, True)


def test_ten_megabytes_and_more_are_refused(editor: Client, cluster: Cluster) -> None:
    files = [SimpleUploadedFile(name, b"#" * (6 * 1024 * 1024)) for name in ("a.yaml", "b.yaml")]
    assert editor.post("/import/", {"files": files}).status_code == 413


def test_a_password_does_not_come_back(editor: Client, cluster: Cluster) -> None:
    page = editor.post("/import/", {"text": stream(some_peer(1, password="hunter2-canary"))})
    assert (page.status_code, "passwordSecret" in page.text, "canary" in page.text) == (422, True, False)


def test_documented_rules_are_left_to_review(editor: Client, live_cluster: Cluster) -> None:
    page = editor.post("/import/", {"text": stream(some_peer(1, holdTime="9s", keepaliveTime="9s"))})
    assert page.status_code == 200
    assert 'value="review">Review' in page.text


def test_an_export_is_chosen_on_a_page_and_downloaded(viewer: Client, cluster: Cluster) -> None:
    saved(cluster, "BFDProfile")
    saved(cluster, "IPAddressPool", "blue")
    page = viewer.get("/export/?kind=BFDProfile").text
    assert 'value="BFDProfile" checked' in page
    assert 'value="BGPPeer" checked' not in page
    answer = viewer.get("/export/?kind=BFDProfile&name=&labels=&format=yaml")
    assert answer["Content-Disposition"] == 'attachment; filename="metallb-lab.yaml"'
    assert [one["kind"] for one in yaml.safe_load_all(answer.content)] == ["BFDProfile"]
    everything = yaml.safe_load_all(viewer.get("/export/?format=yaml&name=one+blue").content)
    assert [one["kind"] for one in everything] == ["BFDProfile", "IPAddressPool"]
    assert viewer.get("/export/?format=kustomize").content[:2] == b"PK"
    assert viewer.get("/export/?format=yaml&labels=%3D").status_code == 422
    assert "/export/?kind=BFDProfile" in viewer.get("/bfd-profiles/").text
    assert "/export/?kind=BGPPeer" in viewer.get("/peers/").text


def test_lists_lead_to_the_import_whoever_may(viewer: Client, editor: Client, cluster: Cluster) -> None:
    assert '<a class="button" href="/import/?cluster=lab">Import</a>' in editor.get("/peers/?cluster=lab").text
    assert ">Import</a>" not in viewer.get("/peers/?cluster=lab").text.partition('<main id="main"')[2]


def test_who_may_not_write_does_not_import(viewer: Client, browser: Any, cluster: Cluster) -> None:
    assert viewer.get("/import/").status_code == 403
    assert browser("").get("/export/").status_code == 403


def test_a_field_is_named_once_and_what_is_left_out_says_why(editor: Client, cluster: Cluster) -> None:
    wrong = {"apiVersion": "metallb.io/v1beta1", "kind": "IPAddressPool", "metadata": {"name": "p"}}
    secret = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "pw"}, "data": {"token": "Y2FuYXJ5"}}
    page = editor.post("/import/", {"text": stream({**wrong, "spec": {"addresses": ["203.0.113.0"]}}, secret)})
    said = text(page.text)
    assert "document 1 line 1 addresses[0] is a bare address" in said
    assert "is left out, since passwords are not taken from files" in said
    assert "Y2FuYXJ5" not in page.text


def test_a_mistake_in_one_document_hides_no_other(editor: Client, live_cluster: Cluster) -> None:
    pasted = f"{stream(some_peer(1))}---\nkind: [\n---\n{stream(some_peer(2))}---\na: b: c\n"
    page = editor.post("/import/", {"text": pasted})
    said = text(page.text)
    line = pasted[: pasted.index("kind: [")].count("\n") + 1
    assert page.status_code == 422
    assert "2 of 4 documents cannot be taken" in said
    assert "new tor-1 BGPPeer document 1 line 1" in said
    assert "new tor-2 BGPPeer document 3" in said
    assert f"document 2 line {line + 1} cannot be read: did not find expected node content" in said
    assert f"document 4 line {pasted.count(chr(10))} cannot be read: mapping values are not allowed" in said
    assert 'value="review">Review' not in page.text


def test_any_number_of_documents_is_looked_at_with_the_same_queries(editor: Client, cluster: Cluster) -> None:
    asked: dict[str, list[int]] = {"import": [], "review": []}
    for number in (3, 60):
        text = stream(*(some_peer(index + 1) for index in range(number)), profile())
        with CaptureQueriesContext(connection) as queries:
            page = editor.post("/import/", {"text": text})
        assert page.status_code == 200
        asked["import"].append(len(queries))
        form = page.text[page.text.index('action="/changes/sets/new/"') :].partition("</form>")[0]
        sent = fields(f'<main id="main"<form {form}</form>')
        with CaptureQueriesContext(connection) as queries:
            assert editor.post("/changes/sets/new/", {**sent, "step": "review"}).status_code == 200
        asked["review"].append(len(queries))
    assert asked["import"][0] == asked["import"][1]
    assert asked["review"][0] == asked["review"][1]
    assert asked["import"][0] < asked["review"][0]  # what it means is worked out at Review, and not before


def test_review_says_again_what_is_left_out(editor: Client, live_cluster: Cluster) -> None:
    secret = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "pw"}}
    page = editor.post("/import/", {"text": stream(some_peer(1), secret)})
    form = page.text[page.text.index('action="/changes/sets/new/"') :].partition("</form>")[0]
    review = editor.post("/changes/sets/new/", {**fields(f'<main id="main"<form {form}</form>'), "step": "review"})
    assert "Secret pw (document 2 (line 11)) is left out, since passwords are not taken from files" in text(review.text)
    alone = text(editor.post("/import/", {"text": stream(secret)}).text)
    assert "Nothing of it is taken here, so there is nothing to review" in alone


def test_too_much_pasted_text_is_told_with_the_limit_and_the_way_out(editor: Client, cluster: Cluster) -> None:
    answer = editor.post("/import/", {"text": "#" * (4 * 1024 * 1024 + 1)})
    assert answer.status_code == 413
    assert "4.0\xa0MB in all" in answer.text
    assert "as files, which may have 10.0\xa0MB together" in answer.text
