"""Changing a BGPPeer in the browser: form, YAML, checks, Review, apply; the same without JavaScript."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from html import unescape
from typing import Any

import pytest
from django.contrib.sessions.models import Session as LoginSession
from django.test import Client

from clusters.models import Cluster
from peers.models import BGPPeer
from tests.clusters.cluster import RunningCluster
from tests.pages.rows import EXAMPLE, a_peer, manifest

NEW = "/peers/new/"
PEER = "/peers/lab/metallb-system/doc-example-peer/"
FORM = {
    "from": "form",
    "cluster": "lab",
    "name": "doc-example-peer",
    "namespace": "metallb-system",
}
Work = Callable[[Cluster], None]


def fields(page: str) -> dict[str, Any]:
    """The inputs of the page's own form, as a browser would send them back (without buttons)."""
    form = page.partition('<main id="main"')[2]
    form = form[form.rindex("<form") :] if 'id="edit"' not in form else form[form.index('id="edit"') :]
    found: dict[str, Any] = {}
    for tag in re.findall(r"<input [^>]*>", form):
        attributes = dict(re.findall(r'(\w+)="([^"]*)"', tag))
        if attributes.get("type") == "checkbox" and " checked" not in tag:
            continue
        if "name" in attributes:
            found.setdefault(attributes["name"], []).append(unescape(attributes.get("value", "")))
    for name, value in re.findall(r'<textarea [^>]*name="(\w+)"[^>]*>\n?(.*?)</textarea>', form, re.DOTALL):
        found[name] = [unescape(value)]
    return found


def problem(page: str, field: str) -> str:
    """What stands beside a field."""
    found = re.search(
        rf'<div id="p-f-{re.escape(field)}"[^>]*>(.*?)</div>\s*(?:<p id="placement"|</div>|<div id="p-)',
        page,
        re.DOTALL,
    )
    assert found, field
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", found[1])).split())


def post(client: Client, path: str, step: str, data: dict[str, Any], **headers: str) -> Any:
    return client.post(path, {**data, "step": step}, headers=headers)


def test_the_documented_peer_goes_through_the_form_into_the_cluster(
    editor: Client, live_cluster: Cluster, kube: RunningCluster, work: Work
) -> None:
    typed = {**FORM, **{name: str(value) for name, value in EXAMPLE.items()}}
    review = post(editor, NEW, "review", typed)
    assert review.status_code == 200
    assert "spec.peerASN" in review.text
    assert "The API server and its webhooks accept this" in review.text
    assert not BGPPeer.objects.exists()
    applied = post(editor, NEW, "apply", fields(review.text))
    assert (applied.status_code, applied["Location"]) == (302, PEER)
    assert "pending" in editor.get(PEER).text
    work(live_cluster)
    assert kube.spec("doc-example-peer") == EXAMPLE
    assert "in sync" in editor.get(PEER).text


@pytest.mark.parametrize(
    ("typed", "field", "said"),
    [
        ({"myASN": ""}, "myASN", "required"),
        ({"name": ""}, "name", "empty"),
        ({"name": "Upper_Case"}, "name", "lower case"),
        ({"namespace": "default"}, "namespace", "metallb-system"),
        ({"myASN": "sixty"}, "myASN", "whole number"),
        ({"peerASN": "0"}, "peerASN", "MetalLB refuses"),
        ({"peerASN": "4294967296"}, "peerASN", "4294967295"),
        ({"peerAddress": "router.example"}, "peerAddress", "address"),
        ({"holdTime": "1s"}, "holdTime", "3"),
        ({"holdTime": "soon"}, "holdTime", "duration"),
        ({"nodeSelectors": "rack in 3)"}, "nodeSelectors", "line 1 cannot be read"),
        ({"nodeSelectors": "ra ck=3"}, "nodeSelectors", "line 1 cannot be read"),
        ({"bfdProfile": "nowhere"}, "bfdProfile", "nowhere"),
    ],
)
def test_a_mistake_is_shown_beside_its_field_and_nothing_is_saved(
    editor: Client, cluster: Cluster, typed: dict[str, str], field: str, said: str
) -> None:
    data = {**FORM, **{name: str(value) for name, value in EXAMPLE.items()}, **typed}
    response = post(editor, NEW, "review", data)
    assert response.status_code == 422
    assert said in problem(response.text, field)
    assert not BGPPeer.objects.exists()
    for name, value in typed.items():
        assert fields(response.text)[name] == [value]


def test_a_documented_rule_needs_its_tick(editor: Client, cluster: Cluster) -> None:
    data = {**FORM, **{name: str(value) for name, value in EXAMPLE.items()}, "holdTime": "30s", "keepaliveTime": "30s"}
    refused = post(editor, NEW, "review", data)
    assert refused.status_code == 422
    code = re.search(r'name="accept" value="([\w-]+)"', refused.text)
    assert code
    assert "I know; do it anyway" in problem(refused.text, "keepaliveTime")
    review = post(editor, NEW, "review", {**data, "accept": code[1]})
    assert review.status_code == 200
    assert post(editor, NEW, "apply", fields(review.text)).status_code == 302
    assert BGPPeer.objects.get().keepalive_time == "30s"


def test_leaving_a_field_checks_the_form_without_replacing_it(editor: Client, cluster: Cluster) -> None:
    data = {**FORM, "myASN": "0", "peerAddress": "10.0.0.1", "peerASN": "64501", "nodeSelectors": "rack in (0, 1)"}
    checks = post(editor, NEW, "check", data, **{"HX-Request": "true"}).text
    assert "<form" not in checks
    assert "MetalLB refuses" in problem(checks, "myASN")
    assert problem(checks, "peerASN") == ""
    assert "Chooses 2 of 3 nodes: node-0, node-1." in checks
    assert "not ready" in checks


def test_a_typed_password_becomes_a_secret_and_is_readable_nowhere(
    editor: Client, live_cluster: Cluster, kube: RunningCluster, work: Work
) -> None:
    secret = "k3y-of-the-t0wer"
    typed = {**FORM, **{name: str(value) for name, value in EXAMPLE.items()}, "password": secret}
    review = post(editor, NEW, "review", typed)
    assert review.status_code == 200
    assert secret not in review.text
    kept = "".join(str(login.get_decoded()) for login in LoginSession.objects.all())
    assert secret not in kept
    form = post(editor, NEW, "form", fields(review.text))
    assert secret not in form.text
    assert post(editor, NEW, "apply", fields(review.text)).status_code == 302
    work(live_cluster)
    live = kube.peer("doc-example-peer")
    assert live["spec"]["passwordSecret"]["name"] == "doc-example-peer-bgp-password"
    assert "password" not in live["spec"]
    assert secret not in editor.get(PEER).text
    row = BGPPeer.objects.get()
    assert secret not in json.dumps([row.live, row.base, row.manifest])
    late = post(editor, NEW, "apply", fields(review.text))
    assert "The password is not known any more" in late.text


def test_form_and_yaml_show_the_same_object(editor: Client, cluster: Cluster) -> None:
    selectors = [
        {"matchLabels": {"rack": "1"}, "matchExpressions": [{"key": "gpu", "operator": "DoesNotExist"}]},
        {"matchExpressions": [{"key": "kubernetes.io/hostname", "operator": "In", "values": ["node-0", "node-1"]}]},
    ]
    a_peer(cluster, "doc-example-peer", {**EXAMPLE, "nodeSelectors": selectors, "ebgpMultiHop": False, "vrf": ""})
    form = editor.get(f"{PEER}edit/").text
    assert fields(form)["nodeSelectors"] == ["rack=1, !gpu\nkubernetes.io/hostname in (node-0, node-1)"]
    yaml = post(editor, f"{PEER}edit/", "yaml", fields(form)).text
    back = post(editor, f"{PEER}edit/", "form", fields(yaml)).text
    spec = json.loads(fields(back)["base"][0])["spec"]
    assert spec == {**EXAMPLE, "nodeSelectors": selectors, "ebgpMultiHop": False, "vrf": ""}
    assert "Nothing would change." in post(editor, f"{PEER}edit/", "review", fields(back)).text


def test_a_field_of_a_newer_metallb_survives_the_form(editor: Client, cluster: Cluster) -> None:
    row = a_peer(cluster, "doc-example-peer", {**EXAMPLE, "futureField": {"deep": [1]}})
    form = fields(editor.get(f"{PEER}edit/").text)
    review = post(editor, f"{PEER}edit/", "review", {**form, "peerASN": "64777"})
    post(editor, f"{PEER}edit/", "apply", fields(review.text))
    row.refresh_from_db()
    assert row.spec == {**EXAMPLE, "peerASN": 64777, "futureField": {"deep": [1]}}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a: [", "line"),
        ("- just\n- a list", "must be an object"),
        ("kind: Secret\napiVersion: v1", "must be BGPPeer"),
        ("a: &a [*a]", "alias"),
        ("one: 1\n---\ntwo: 2", "2 documents"),
        ("metadata: {name: other}", "is not doc-example-peer"),
        ("x: !!python/object/apply:os.system [id]", "tag"),
    ],
)
def test_yaml_that_is_no_peer_is_refused_with_the_place(editor: Client, cluster: Cluster, text: str, said: str) -> None:
    a_peer(cluster, "doc-example-peer")
    response = post(editor, f"{PEER}edit/", "review", {"from": "yaml", "yaml": text})
    assert response.status_code == 422
    assert said in unescape(response.text)
    assert fields(response.text)["yaml"][0].strip() == text


def test_a_change_by_somebody_else_after_review_is_shown_before_anything_is_overwritten(
    editor: Client, cluster: Cluster
) -> None:
    row = a_peer(cluster, "doc-example-peer")
    form = fields(editor.get(f"{PEER}edit/").text)
    review = post(editor, f"{PEER}edit/", "review", {**form, "peerASN": "64777"})
    BGPPeer.objects.filter(pk=row.pk).update(revision=5, applied_revision=5, hold_time="30s")
    response = post(editor, f"{PEER}edit/", "apply", fields(review.text))
    assert response.status_code == 409
    assert "Somebody changed this peer" in response.text
    assert BGPPeer.objects.get().peer_asn == EXAMPLE["peerASN"]
    assert post(editor, f"{PEER}edit/", "apply", fields(response.text)).status_code == 302
    assert BGPPeer.objects.get().peer_asn == 64777


def test_what_the_cluster_refuses_cannot_be_applied(
    editor: Client, live_cluster: Cluster, kube: RunningCluster, work: Work
) -> None:
    kube.add(manifest("doc-example-peer", {**EXAMPLE, "enableGracefulRestart": True}))
    work(live_cluster)
    form = fields(editor.get(f"{PEER}edit/").text)
    form["base"] = [form["base"][0].replace("true", "false")]
    form.pop("enableGracefulRestart")
    response = post(editor, f"{PEER}edit/", "review", form)
    assert "cannot be changed" in unescape(response.text)
    assert 'value="apply"' not in response.text


def test_a_second_peer_of_the_same_name_is_refused(editor: Client, cluster: Cluster) -> None:
    a_peer(cluster, "doc-example-peer")
    data = {**FORM, **{name: str(value) for name, value in EXAMPLE.items()}}
    response = post(editor, NEW, "review", data)
    assert response.status_code == 422
    assert "There is a BGPPeer doc-example-peer already" in problem(response.text, "name")


def test_deleting_is_reviewed_first(editor: Client, live_cluster: Cluster, kube: RunningCluster, work: Work) -> None:
    kube.add(manifest("doc-example-peer", EXAMPLE))
    work(live_cluster)
    BGPPeer.objects.update(sessions_intended=3, sessions_up=2)
    review = editor.get(f"{PEER}delete/")
    assert "3 sessions will close, 2 of them up now" in review.text
    assert kube.peers() == ["doc-example-peer"]
    assert editor.post(f"{PEER}delete/", fields(review.text)).status_code == 302
    work(live_cluster)
    assert "doc-example-peer" not in kube.peers()
    assert not BGPPeer.objects.exists()


def test_a_conflict_shows_three_sides_and_two_ways_out(editor: Client, cluster: Cluster) -> None:
    row = a_peer(cluster, "doc-example-peer")
    row.base, row.live = row.live, manifest("doc-example-peer", {**EXAMPLE, "peerASN": 64999})
    row.hold_time, row.sync_state, row.revision, row.applied_revision = "30s", "conflict", 3, 3
    row.sync_message = "spec.peerASN was changed by kubectl-edit"
    row.save()
    page = editor.get(PEER).text
    table = page.partition('aria-label="Conflict"')[2].partition("</table>")[0]
    rows = [re.findall(r">([^<>]+)</(?:code|td)>", row) for row in table.split("<tr>")[2:]]
    assert rows == [
        ["spec.holdTime", "\N{EN DASH}", "30s", "\N{EN DASH}"],
        ["spec.peerASN", "64501", "64501", "64999"],
    ]
    review = post(editor, f"{PEER}edit/", "review", {"from": "review", "manifest": json.dumps(row.manifest)})
    assert "spec.holdTime" in review.text
    assert editor.post(f"{PEER}discard/", {"revision": "3"}).status_code == 302
    left = BGPPeer.objects.get()
    assert (left.sync_state, left.peer_asn, left.hold_time) == ("in_sync", 64999, None)


@pytest.mark.parametrize(
    "data", [{}, {"from": "form", "base": "[]"}, {"from": "review", "manifest": "{"}, {"from": "yaml"}]
)
@pytest.mark.parametrize("step", ["check", "form", "yaml", "review", "apply", "dance"])
def test_no_post_breaks_the_editor(editor: Client, cluster: Cluster, data: dict[str, str], step: str) -> None:
    a_peer(cluster, "doc-example-peer")
    for path in (NEW, f"{PEER}edit/"):
        assert post(editor, path, step, data).status_code in {200, 302, 422}
