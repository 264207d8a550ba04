"""The history by REST: list, filters, order, JSON lines, and the way back."""

from __future__ import annotations

import asyncio
import json
import tracemalloc
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.http import StreamingHttpResponse
from pytest_django import DjangoAssertNumQueries
from rest_framework.test import APIClient

from clusters.history import exports
from clusters.history.selectors import changes
from clusters.models import Change, Cluster
from tests.api.conftest import Kube
from tests.api.manifests import LIST, NAMESPACE, manifest, url

CHANGES = "/api/v1/changes/"


def fill(cluster: Cluster, number: int) -> None:
    values = {"kind": "BGPPeer", "namespace": NAMESPACE, "action": "update", "source": "api"}
    Change.objects.bulk_create(
        Change(cluster=cluster, name=f"peer-{index}", before=manifest(), after=manifest(peerPort=index + 1), **values)
        for index in range(number)
    )


async def _read(response: StreamingHttpResponse) -> list[bytes]:
    return [piece async for piece in response.streaming_content]  # type: ignore[union-attr]


def lines(response: Any) -> list[dict[str, Any]]:
    """What a client reads of the stream, line by line."""
    assert isinstance(response, StreamingHttpResponse)
    return [json.loads(line) for line in b"".join(asyncio.run(_read(response))).splitlines()]


@pytest.mark.usefixtures("worker")
def test_an_edit_says_who_with_which_token_and_why(api: APIClient, live_cluster: Cluster, kube: Kube) -> None:
    assert api.post(f"{LIST}?wait=10s&message=rack+7", manifest()).status_code == 201
    assert api.patch(f"{url()}?wait=10s&message=faster", {"spec": {"peerPort": 1790}}).status_code == 200
    assert api.delete(f"{url()}?wait=10s&message=gone").status_code == 204
    found = api.get(f"{CHANGES}?ordering=id").json()["results"]
    assert [(one["action"], one["message"]) for one in found] == [
        ("create", "rack 7"),
        ("update", "faster"),
        ("delete", "gone"),
    ]
    update = found[1]
    assert (update["actor"], update["token"], update["source"], update["dryRun"]) == ("a-editor", "test", "api", None)
    assert update["diff"] == [{"path": "spec.peerPort", "before": None, "after": 1790}]
    assert (found[0]["before"], found[2]["after"]) == (None, None)
    assert api.get(f"{CHANGES}{update['id']}/").json() == update
    long = api.post(f"{LIST}?message={'x' * 401}", manifest())
    assert (long.status_code, long.json()["findings"][0]["field"]) == (400, "message")


def test_the_list_is_narrowed_ordered_and_paged(
    api: APIClient, cluster: Cluster, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    fill(cluster, 10)
    names = [one["name"] for one in api.get(f"{CHANGES}?ordering=-name&page_size=2").json()["results"]]
    assert names == ["peer-9", "peer-8"]
    assert api.get(f"{CHANGES}?name=peer-3&kind=BGPPeer&since=2026-01-01T00:00:00Z").json()["count"] == 1
    assert api.get(f"{CHANGES}?until=2026-01-01T00:00:00Z").json()["count"] == 0
    for query in (
        "since=yesterday",
        "until=0001-01-01T00:00:00%2B14:00",
        "x=1",
        "ordering=before",
        "action=move",
        "name=",
    ):
        assert api.get(f"{CHANGES}?{query}").status_code == 400, query
    with django_assert_max_num_queries(6):
        assert len(api.get(f"{CHANGES}?page_size=1000").json()["results"]) == 10
    fill(cluster, 1990)
    with django_assert_max_num_queries(6):
        assert len(api.get(f"{CHANGES}?page_size=1000").json()["results"]) == 1000


@pytest.mark.django_db(transaction=True)
def test_json_lines_are_all_that_the_list_has_oldest_first(api: APIClient, cluster: Cluster) -> None:
    fill(cluster, exports.PIECE * 2 + 7)
    Change.objects.filter(name="peer-1").update(message="two\nlines \u2028 and more")
    answer = api.get(f"{CHANGES}export/")
    assert (answer["Content-Type"], answer["Cache-Control"]) == ("application/jsonl", "private, no-store")
    found = lines(answer)
    assert [one["id"] for one in found] == sorted(Change.objects.values_list("pk", flat=True))
    assert found[1] == json.loads(api.get(f"{CHANGES}{found[1]['id']}/").content)
    assert [one["name"] for one in lines(api.get(f"{CHANGES}export/?name=peer-5"))] == ["peer-5"]
    assert api.get(f"{CHANGES}export/?since=yesterday").status_code == 400
    api.force_login(api_user())
    page = api.get("/changes/export/?name=peer-5&kind=")
    assert [one["name"] for one in lines(page)] == ["peer-5"]
    assert api.get("/changes/export/?since=yesterday").status_code == 400


def api_user() -> User:
    return User.objects.get()


@pytest.mark.django_db(transaction=True)
def test_the_export_holds_few_rows_in_memory_however_many_there_are(cluster: Cluster) -> None:
    async def peak() -> int:
        tracemalloc.start()
        async for _ in exports.download(changes()).streaming_content:  # type: ignore[union-attr]
            pass
        found = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return found

    fill(cluster, exports.PIECE)
    asyncio.run(peak())
    few = asyncio.run(peak())
    fill(cluster, exports.PIECE * 19)
    assert asyncio.run(peak()) < 2 * few


@pytest.mark.usefixtures("worker")
def test_an_object_goes_back_and_a_trial_changes_nothing(api: APIClient, live_cluster: Cluster, kube: Kube) -> None:
    api.post(f"{LIST}?wait=10s", manifest(peerPort=1791))
    api.patch(f"{url()}?wait=10s", {"spec": {"peerPort": 1792}})
    first = Change.objects.earliest("pk")
    path = f"{CHANGES}{first.pk}/revert/?to=after"
    trial = api.post(f"{path}&dry_run=true")
    assert trial.status_code == 200
    assert trial.json()["objects"][0]["diff"] == [{"path": "spec.peerPort", "before": 1792, "after": 1791}]
    assert kube.get("bgppeers", "peer")["spec"]["peerPort"] == 1792
    answer = api.post(f"{path}&wait=10s&message=wrong+port")
    assert (answer.status_code, answer.json()["state"], answer.json()["note"]) == (200, "applied", "wrong port")
    assert kube.get("bgppeers", "peer")["spec"]["peerPort"] == 1791
    assert api.post(f"{path}&wait=10s").status_code == 204
    assert api.post(f"{CHANGES}{first.pk}/revert/?to=elsewhere").status_code == 400
    assert api.post(f"{CHANGES}999/revert/?to=after").status_code == 404


@pytest.mark.usefixtures("worker")
def test_a_cluster_goes_back_to_before_a_change(api: APIClient, live_cluster: Cluster, kube: Kube) -> None:
    api.post(f"{LIST}?wait=10s", manifest("a"))
    api.post(f"{LIST}?wait=10s", manifest("b", peerAddress="192.0.2.2"))
    start = Change.objects.latest("pk")
    api.delete(f"{url('a')}?wait=10s")
    answer = api.post(f"{CHANGES}revert/?change={start.pk}&wait=10s")
    assert (answer.status_code, answer.json()["note"]) == (200, f"Back to before change {start.pk}.")
    assert (kube.get("bgppeers", "a") is None, kube.get("bgppeers", "b") is None) == (False, True)
    assert api.get(f"{CHANGES}?set={answer.json()['id']}").json()["count"] == 2
    assert api.post(f"{CHANGES}revert/?since=2999-01-01T00:00:00Z").status_code == 204
    for query in ("", "since=x", "since=2026-01-01T00:00:00Z&cluster=no", "change=0", "set=0", "x=1"):
        assert api.post(f"{CHANGES}revert/?{query}").status_code == 400, query


@pytest.mark.usefixtures("worker")
def test_what_others_did_under_an_edit_is_told_and_no_way_leads_back_to_the_refused_edit(
    api: APIClient, live_cluster: Cluster, kube: Kube
) -> None:
    api.post(f"{LIST}?wait=10s", manifest(peerPort=1791))
    kube.call(kube.server.store.patch, "bgppeers", NAMESPACE, "peer", {"spec": {"peerPort": 1792}}, "kubectl-patch")
    assert api.patch(f"{url()}?wait=10s", {"spec": {"peerPort": 1793}}).status_code == 409
    (theirs,) = api.get(f"{CHANGES}?source=cluster").json()["results"]
    assert theirs["diff"] == [{"path": "spec.peerPort", "before": 1791, "after": 1792}]
    assert (theirs["manager"], theirs["actor"]) == ("kubectl-patch", None)
    assert api.patch(f"{url()}?wait=10s", {"spec": {"peerPort": 1794}}).status_code == 200
    made = Change.objects.latest("pk")
    assert api.post(f"{CHANGES}revert/?change={made.pk}&wait=10s").json()["state"] == "applied"
    assert kube.get("bgppeers", "peer")["spec"]["peerPort"] == 1792


def test_roles(as_role: Callable[[str], APIClient], cluster: Cluster) -> None:
    fill(cluster, 1)
    made = Change.objects.get()
    viewer, stranger = as_role("viewer"), as_role("")
    for path in (CHANGES, f"{CHANGES}{made.pk}/", f"{CHANGES}export/"):
        assert viewer.get(path).status_code == 200
        assert stranger.get(path).status_code == 403
    for path in (f"{CHANGES}{made.pk}/revert/?to=before", f"{CHANGES}revert/?change={made.pk}"):
        assert viewer.post(path).status_code == 403
    assert viewer.delete(f"{CHANGES}{made.pk}/").status_code in (403, 405)
