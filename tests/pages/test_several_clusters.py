"""Everything narrows to a cluster, in the browser and by REST, and stays so while one walks about."""

from __future__ import annotations

import re

import pytest
from django.contrib.auth.models import User
from django.db.models import Model
from django.test import Client
from django.urls import reverse
from rest_framework.test import APIClient

from bgpui.models import token_create
from clusters import clock
from clusters.kindpages import page_of_kind
from clusters.models import Change, ChangeSet, Cluster, Service, StatusObject
from clusters.registry import resource_models
from intent.kinds import READ_KINDS, Kind
from speakers.models import Transition
from tests.pages.rows import a_session, a_speaker

PAGES = (
    *(page_of_kind(kind).many for kind in resource_models()),
    *("services", "speakers", "changes", "changesets", "home"),
)
LISTS = (
    *(model.KIND.plural for model in resource_models().values()),
    *(kind.plural for kind in READ_KINDS.values()),
    *("services", "speakers", "sessions", "transitions", "changes", "changesets"),
)


@pytest.fixture
def both(cluster: Cluster) -> None:
    """The same in two clusters, but for the name of the second in everything."""
    other = Cluster.objects.create(name="west", source="added", label="West coast", connected_at=clock.now())
    for row, mark in ((cluster, "of-lab"), (other, "of-west")):
        about = {"cluster": row, "name": mark, "namespace": "metallb-system"}
        made: list[Model] = [model(**about) for model in resource_models().values()]
        made += [StatusObject(**about, kind=kind, seen_at=clock.now()) for kind in READ_KINDS]
        made.append(Service(cluster=row, namespace="web", name=mark, uid=mark))
        made.append(Change(cluster=row, kind="BGPPeer", namespace="m", name=mark, action="create", source="api"))
        made.append(ChangeSet(cluster=row, source="api", note=mark))
        made.append(Transition(cluster=row, node=mark, vrf="default", neighbor="10.0.0.1", at=clock.now()))
        for one in made:
            one.save()
        a_session(a_speaker(row, mark), peer=mark)


@pytest.mark.usefixtures("both")
@pytest.mark.parametrize("name", PAGES)
def test_each_list_page_narrows_to_a_cluster(viewer: Client, name: str) -> None:
    narrows(viewer, reverse(name))


@pytest.mark.usefixtures("both")
@pytest.mark.parametrize("kind", READ_KINDS.values(), ids=list(READ_KINDS))
def test_each_list_of_what_is_reported_narrows_to_a_cluster(viewer: Client, kind: Kind) -> None:
    narrows(viewer, reverse("status-kind", args=[kind.plural]))


def narrows(viewer: Client, path: str) -> None:
    for name, mark, other in (("lab", "of-lab", "of-west"), ("west", "of-west", "of-lab")):
        page = viewer.get(f"{path}?cluster={name}").text
        assert mark in page
        assert other not in page
    assert {"of-lab", "of-west"} <= set(re.findall(r"of-\w+", viewer.get(path).text))


@pytest.mark.usefixtures("both")
@pytest.mark.parametrize("name", LISTS)
def test_each_list_of_the_api_narrows_to_a_cluster(cluster: Cluster, name: str) -> None:
    user = User.objects.create_superuser("root")
    _token, key = token_create(user=user, name="x")
    api = APIClient(headers={"Authorization": f"Bearer {key}"})
    assert api.get(f"/api/v1/{name}/").json()["count"] == 2
    for wanted, mark in (("lab", "of-lab"), ("west", "of-west")):
        answer = api.get(f"/api/v1/{name}/?cluster={wanted}")
        assert answer.json()["count"] == 1, answer.json()
        assert mark in answer.content.decode()


@pytest.mark.usefixtures("both")
@pytest.mark.parametrize(
    "path", ["/peers/?cluster=west", "/peers/west/metallb-system/of-west/", "/services/?cluster=west"]
)
def test_the_navigation_keeps_the_chosen_cluster(viewer: Client, path: str) -> None:
    page = viewer.get(path).text
    navigation = page[page.index("<header") : page.index("<main")]
    for target in ("/", "/pools/", "/services/", "/speakers/", "/changes/"):
        assert f'href="{target}?cluster=west"' in navigation
    assert "West coast" in navigation
    here = "/services/" if "services" in path else "/peers/"
    assert f'href="{here}?cluster=lab"' in navigation  # another cluster is looked at in the same way
    assert 'href="/pools/?cluster' not in viewer.get("/peers/").text


def test_one_cluster_needs_no_choice(viewer: Client, cluster: Cluster) -> None:
    assert 'href="/pools/"' in viewer.get("/peers/?cluster=lab").text
