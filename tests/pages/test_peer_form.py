"""The form of a BGPPeer and its YAML tab: what is checked, what is kept, what is refused."""

from __future__ import annotations

import json
import re
from html import unescape

import pytest
from django.test import Client

from clusters.models import Cluster
from peers.models import BGPPeer
from tests.pages.forms import FORM, NEW, PEER, fields, post, problem
from tests.pages.rows import EXAMPLE, a_peer


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
    assert problem(refused.text, "keepaliveTime").startswith("documented "), "as REST and the docs call it"
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
    assert "Selects 2 of 3 nodes: node-0, node-1." in checks
    assert "not ready" in checks


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
        ("a: &a [*a]", "the alias *a stands in what &a itself names"),
        ("a: *a", "the alias *a has no anchor &a before it"),
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


def test_a_second_peer_of_the_same_name_is_refused(editor: Client, cluster: Cluster) -> None:
    a_peer(cluster, "doc-example-peer")
    data = {**FORM, **{name: str(value) for name, value in EXAMPLE.items()}}
    response = post(editor, NEW, "review", data)
    assert response.status_code == 422
    assert "There is a BGPPeer doc-example-peer already" in problem(response.text, "name")


@pytest.mark.parametrize(
    "data", [{}, {"from": "form", "base": "[]"}, {"from": "review", "manifest": "{"}, {"from": "yaml"}]
)
@pytest.mark.parametrize("step", ["check", "form", "yaml", "review", "apply", "dance"])
def test_no_post_breaks_the_editor(editor: Client, cluster: Cluster, data: dict[str, str], step: str) -> None:
    a_peer(cluster, "doc-example-peer")
    for path in (NEW, f"{PEER}edit/"):
        assert post(editor, path, step, data).status_code in {200, 302, 422}


def test_a_refused_review_begins_with_what_to_solve(editor: Client, cluster: Cluster) -> None:
    typed = {**FORM, "myASN": "0", "peerASN": "64501", "peerAddress": "nowhere", "holdTime": "1s"}
    refused = post(editor, NEW, "review", typed)
    assert refused.status_code == 422
    summary = refused.text.partition('id="summary"')[2].partition("</section>")[0]
    assert "autofocus" in summary.partition(">")[0]
    assert "3 problems to solve before Review" in summary
    targets = re.findall(r'href="#([\w-]+)"', summary)
    assert targets == ["f-myASN", "f-peerAddress", "f-holdTime"]
    assert all(f'id="{target}"' in refused.text for target in targets)
    assert refused.text.index('id="summary"') < refused.text.index('id="edit"')
    yaml = post(editor, NEW, "review", {**FORM, "from": "yaml", "yaml": "kind: BGPPeer\nspec: {myASN: 0}"})
    assert 'href="#yaml"' in yaml.text.partition('id="summary"')[2].partition("</section>")[0]
    assert 'id="summary"' not in post(editor, NEW, "form", typed).text


def test_a_selector_that_cannot_be_read_chooses_nothing_yet(editor: Client, cluster: Cluster) -> None:
    typed = {**FORM, "nodeSelectors": "rack in ("}
    checked = post(editor, NEW, "check", typed, **{"HX-Request": "true"}).text
    assert '<p id="s-f-nodeSelectors" class="chosen" hx-swap-oob="true"></p>' in checked
    assert "Selects" not in checked
    assert "Selects 1 of 3 nodes" in post(editor, NEW, "check", {**typed, "nodeSelectors": "rack=1"}).text


def test_checks_while_typing_wait_for_each_other(editor: Client, cluster: Cluster) -> None:
    """A request that replaces another one aborts it, which htmx writes to the console as an error."""
    assert 'hx-sync="this:queue last"' in editor.get(NEW).text
