"""Every kind through the browser, without any script: form, YAML, Review, apply, delete, discard, rows of lists."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

import pytest
import yaml
from django.test import Client

from clusters.editing.shapes import shape_of, written
from clusters.kindpages import page_of_kind
from clusters.models import Cluster, Namespace, SyncState
from clusters.registry import resource_models
from clusters.sync.apply import apply_pending
from intent.kinds import KINDS, Field
from tests.clusters.cluster import RunningCluster
from tests.kinds import NAMESPACE, SPECS, example, furnished, saved
from tests.pages.conftest import Browser
from tests.pages.forms import fields, post, problem

KIND = pytest.mark.parametrize("kind", SPECS)
Data = dict[str, Any]


def _new(kind: str) -> str:
    return f"/{page_of_kind(kind).many}/new/"


def _one(kind: str) -> str:
    return f"/{page_of_kind(kind).many}/lab/{NAMESPACE}/one/"


def _live(kube: RunningCluster, kind: str) -> dict[str, Any] | None:
    described = KINDS[kind]
    found = kube.call(kube.server.store.get, f"{described.plural}.{described.group}", NAMESPACE, "one")
    return None if found is None else described.canonical(found["spec"])


def _work(kind: str) -> None:
    for pk in resource_models()[kind]._default_manager.filter(name="one").values_list("pk", flat=True):
        apply_pending(kind, pk)


def _type(data: Data, more: Callable[[Data, str], Data], field: Field, value: Any, name: str) -> Data:
    """The form after somebody has typed a value; `more` presses "Add a row" and gives the form that comes back."""
    shape = shape_of(field)
    if shape == "parts":
        for part in field.properties:
            if part.name in value:
                data = _type(data, more, part, value[part.name], f"{name}.{part.name}")
    elif shape == "rows" or (shape == "lines" and f"rows.{name}" in data):
        for index, item in enumerate(value):
            data = data if index == 0 else more(data, name)
            for part in field.items.properties if field.items else ():
                data = _type(data, more, part, item[part.name], f"{name}[{index}].{part.name}")
            if not isinstance(item, dict):
                data[f"{name}[{index}]"] = [item]
    elif shape == "tick":
        data = {**data, name: ["true"] if value else []}
    elif shape == "lines" and name in data.get("ticks", []):
        data = {**data, name: value}
    else:
        data = {**data, name: [written(shape, value)]}
    return data


@pytest.fixture
def around(cluster: Cluster) -> None:
    """What the examples refer to."""
    furnished(cluster)
    for name in ("web", "mail"):
        Namespace.objects.create(cluster=cluster, name=name)


@KIND
@pytest.mark.usefixtures("around")
def test_every_field_goes_through_the_form_into_the_cluster_and_back(
    editor: Client, live_cluster: Cluster, kube: RunningCluster, kind: str
) -> None:
    data = fields(editor.get(_new(kind)).text)

    def more(data: Data, name: str) -> Data:
        return fields(post(editor, _new(kind), f"add:{name}", data).text)

    for name, value in SPECS[kind].items():
        data = _type(data, more, KINDS[kind].field(name), value, name)
    review = post(editor, _new(kind), "review", {**data, "name": "one"})
    assert review.status_code == 200, review.text
    assert "The API server and its webhooks accept this" in review.text
    applied = post(editor, _new(kind), "apply", fields(review.text))
    assert (applied.status_code, applied["Location"]) == (302, _one(kind))
    _work(kind)
    assert _live(kube, kind) == KINDS[kind].canonical(SPECS[kind])

    form = fields(editor.get(f"{_one(kind)}edit/").text)
    same = post(editor, f"{_one(kind)}edit/", "review", form).text
    assert ("Nothing would change." in same, 'value="apply"' in same) == (True, False)
    tab = fields(post(editor, f"{_one(kind)}edit/", "yaml", form).text)
    assert yaml.safe_load(tab["yaml"][0])["spec"] == resource_models()[kind]._default_manager.get(name="one").spec

    page = editor.get(f"{_one(kind)}delete/")
    assert _live(kube, kind) is not None
    assert editor.post(f"{_one(kind)}delete/", fields(page.text)).status_code == 302
    _work(kind)
    assert _live(kube, kind) is None
    assert not resource_models()[kind]._default_manager.filter(name="one").exists()


@KIND
def test_no_id_stands_twice_in_a_form(editor: Client, cluster: Cluster, kind: str) -> None:
    furnished(cluster)
    saved(cluster, kind)
    for path in (_new(kind), f"{_one(kind)}edit/"):
        ids = re.findall(r' id="([^"]+)"', editor.get(path).text)
        assert len(ids) == len(set(ids)), sorted(each for each in ids if ids.count(each) > 1)


@KIND
@pytest.mark.usefixtures("around")
def test_yaml_makes_what_the_form_makes(editor: Client, live_cluster: Cluster, kube: RunningCluster, kind: str) -> None:
    tab = fields(post(editor, _new(kind), "yaml", fields(editor.get(_new(kind)).text)).text)
    text = yaml.safe_dump(example(kind))
    review = post(editor, _new(kind), "review", {**tab, "yaml": text})
    assert review.status_code == 200, review.text
    assert post(editor, _new(kind), "apply", fields(review.text)).status_code == 302
    _work(kind)
    assert _live(kube, kind) == KINDS[kind].canonical(SPECS[kind])


@KIND
def test_an_edit_can_be_given_up(editor: Client, cluster: Cluster, kind: str) -> None:
    row = saved(cluster, kind, sync_state=SyncState.REJECTED, sync_message="no", revision=2, applied_revision=2)
    assert "Give the edit up" in editor.get(_one(kind)).text
    assert editor.post(f"{_one(kind)}discard/", {"revision": "2"})["Location"] == _one(kind)
    row.refresh_from_db()
    assert row.sync_state == SyncState.IN_SYNC


@KIND
@pytest.mark.parametrize("role", ["", "viewer"])
def test_who_may_not_edit_finds_every_door_closed(browser: Browser, cluster: Cluster, kind: str, role: str) -> None:
    saved(cluster, kind)
    for path in (_new(kind), *(f"{_one(kind)}{verb}/" for verb in ("edit", "delete", "discard"))):
        assert post(browser(role), path, "apply", {"revision": "0"}).status_code == 403


@KIND
@pytest.mark.parametrize(
    "step", ["check", "form", "yaml", "review", "apply", "upgrade", "add:nothing", "drop:[", "dance"]
)
@pytest.mark.parametrize(
    "data", [{}, {"from": "form", "base": "[]"}, {"from": "form", "rows.communities": ",,9,x"}, {"from": "yaml"}]
)
def test_no_post_breaks_an_editor(editor: Client, cluster: Cluster, kind: str, step: str, data: Data) -> None:
    saved(cluster, kind)
    for path in (_new(kind), f"{_one(kind)}edit/"):
        assert post(editor, path, step, data).status_code in {200, 302, 422}


def test_rows_are_added_and_removed_without_losing_what_was_typed(editor: Client, cluster: Cluster) -> None:
    path = f"{_one('Community')}edit/"
    given = [{"name": "a", "value": "1:1", "newer": 1}, {"name": "b", "value": "1:2"}]
    saved(cluster, "Community", spec={"communities": given})
    data = fields(editor.get(path).text)
    assert data["rows.communities"] == ["0,1,"]
    more = fields(post(editor, path, "add:communities", {**data, "communities[2].name": "c"}).text)
    assert (more["rows.communities"], more["communities[2].name"]) == (["0,1,2,"], ["c"])
    again = fields(post(editor, path, "add:communities", more).text)
    assert again["rows.communities"] == ["0,1,2,,"]
    less = fields(post(editor, path, "drop:communities[1]", again).text)
    assert json.loads(less["base"][0])["spec"] == {"communities": [given[0], {"name": "c"}]}
    emptied = {**less, "communities[0].name": "", "communities[0].value": "", "communities[1].value": "1:3"}
    review = post(editor, path, "review", emptied)
    assert json.loads(fields(review.text)["manifest"][0])["spec"] == {"communities": [{"name": "c", "value": "1:3"}]}


def test_a_mistake_in_a_row_is_shown_in_the_row_that_the_page_shows(editor: Client, cluster: Cluster) -> None:
    path = _new("L2Advertisement")
    Cluster.objects.update(metallb_version="")  # unknown: the fields of every release are there
    data = fields(editor.get(path).text)
    data = fields(post(editor, path, "add:preferredNodeSelectors", data).text)
    assert data["rows.preferredNodeSelectors"] == [","]
    data |= {
        "name": "one",
        "preferredNodeSelectors[1].weight": "101",
        "preferredNodeSelectors[1].preference": "rack in 1",
    }
    checks = post(editor, path, "check", data, **{"HX-Request": "true"}).text
    assert "between 1 and 100" in problem(checks, "preferredNodeSelectors-1-weight")
    assert "cannot be read" in problem(checks, "preferredNodeSelectors-1-preference")
    assert problem(checks, "preferredNodeSelectors-0-weight") == ""
    kept = fields(post(editor, path, "review", data).text)
    assert kept["preferredNodeSelectors[0].preference"] == ["rack in 1"]


@pytest.mark.usefixtures("around")
def test_selectors_say_what_they_choose_now(editor: Client, cluster: Cluster) -> None:
    resource_models()["IPAddressPool"]._default_manager.filter(name="green").update(labels={"zone": "b"})
    Namespace.objects.filter(name="web").update(labels={"team": "blue"})
    path = _new("BGPAdvertisement")
    page = editor.get(path).text
    assert "Selects 3 of 3 nodes." in page  # without it there would be no place for what comes later
    data = {**fields(page), "name": "one", "nodeSelectors": "rack in (0, 2)"}

    def checked(path: str, **typed: str) -> str:
        return str(post(editor, path, "check", {**data, **typed}, **{"HX-Request": "true"}).text)

    assert "Selects 2 of 3 nodes: node-0, node-2." in checked(path)
    assert "Selects 2 of 2 pools." in checked(path)
    assert "Selects 1 of 2 pools: green." in checked(path, ipAddressPoolSelectors="zone=b")
    assert "Selects 1 of 2 pools: blue." in checked(path, ipAddressPools="blue")
    pool = fields(editor.get(_new("IPAddressPool")).text)
    answer = post(
        editor, _new("IPAddressPool"), "check", {**pool, "serviceAllocation.namespaceSelectors": "team=blue"},
        **{"HX-Request": "true"},
    )  # fmt: skip
    assert "Selects 1 of 2 namespaces: web." in answer.text


def test_names_that_exist_are_offered_and_others_are_taken_too(editor: Client, cluster: Cluster) -> None:
    furnished(cluster)
    saved(cluster, "Community", "names", {"communities": [{"name": "quiet", "value": "65535:65282"}]})
    page = editor.get(_new("BGPAdvertisement")).text
    for offered in ('name="ipAddressPools" value="blue"', 'name="peers" value="tor-b"', '<option value="quiet"'):
        assert offered in page
    assert '<option value="65535:65282" label="no-advertise">' in page
    data = {**fields(page), "name": "one", "ipAddressPools": "blue", "ipAddressPools.more": "of-tomorrow\r\n"}
    base = json.loads(fields(post(editor, _new("BGPAdvertisement"), "form", data).text)["base"][0])
    assert base["spec"]["ipAddressPools"] == ["blue", "of-tomorrow"]


def test_more_names_than_fit_into_boxes_are_typed(editor: Client, cluster: Cluster) -> None:
    for number in range(51):
        saved(cluster, "IPAddressPool", f"pool-{number}", {"addresses": [f"10.{number}.0.0/24"]})
    data = fields(editor.get(_new("BGPAdvertisement")).text)
    assert "ipAddressPools" not in data.get("ticks", [])
    base = fields(post(editor, _new("BGPAdvertisement"), "form", {**data, "ipAddressPools": "pool-7\r\npool-9"}).text)
    assert json.loads(base["base"][0])["spec"]["ipAddressPools"] == ["pool-7", "pool-9"]


@pytest.mark.parametrize(("version", "there"), [("0.15.3", False), ("0.16.1", True)])
def test_fields_that_the_cluster_would_refuse_are_not_in_the_form_unless_they_are_set(
    editor: Client, cluster: Cluster, version: str, there: bool
) -> None:
    Cluster.objects.update(metallb_version=version)
    page = editor.get(_new("BGPAdvertisement")).text
    assert ('name="serviceSelectors"' in page) is there
    assert ("since the cluster would refuse it: <code>serviceSelectors</code>" in page) is not there
    saved(cluster, "BGPAdvertisement", spec={"serviceSelectors": [{"matchLabels": {"app": "web"}}]})
    edit = editor.get(f"{_one('BGPAdvertisement')}edit/").text
    assert 'name="serviceSelectors"' in edit
    assert ("Came with MetalLB 0.16.0; this cluster runs 0.15.3." in edit) is not there


def test_a_peer_of_the_older_version_is_taken_over_and_says_so(editor: Client, cluster: Cluster) -> None:
    old = {**example("BGPPeer"), "apiVersion": "metallb.io/v1beta1"}
    tab = {"from": "yaml", "cluster": "lab", "yaml": yaml.safe_dump(old)}
    page = post(editor, _new("BGPPeer"), "yaml", tab).text
    assert "v1beta1 is deprecated" in page
    assert "switches keepalives off" in page
    upgraded = fields(post(editor, _new("BGPPeer"), "upgrade", tab).text)
    assert yaml.safe_load(upgraded["yaml"][0]) == example("BGPPeer")
    review = post(editor, _new("BGPPeer"), "review", tab)
    assert post(editor, _new("BGPPeer"), "apply", fields(review.text)).status_code == 302
    row = resource_models()["BGPPeer"]._default_manager.get()
    assert row.manifest == example("BGPPeer")
