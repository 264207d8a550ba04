"""ETag, If-Match and If-None-Match."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from rest_framework.test import APIClient

from clusters import clock
from clusters.models import Cluster, SyncState
from peers.models import BGPPeer
from tests.api.conftest import Kube
from tests.api.manifests import LIST, NAMESPACE, manifest, row_of, url


def test_a_get_with_the_current_tag_is_answered_304_without_body(api: APIClient, cluster: Cluster) -> None:
    row_of(cluster)
    for path in (url(), LIST, "/api/v1/clusters/lab/"):
        first = api.get(path)
        again = api.get(path, headers={"If-None-Match": first["ETag"]})
        assert (again.status_code, again.content, again["ETag"]) == (304, b"", first["ETag"])


@pytest.mark.parametrize(
    "change",
    [
        {"peer_asn": 64502},
        {"sync_state": SyncState.REJECTED},
        {"labels": {"a": "b"}},
        {"severity": "error", "findings": [{}]},
    ],
)
def test_a_get_is_never_304_when_anything_that_it_shows_has_changed(
    api: APIClient, cluster: Cluster, change: dict[str, object]
) -> None:
    row = row_of(cluster)
    tag = api.get(url())["ETag"]
    BGPPeer.objects.filter(pk=row.pk).update(**change)
    assert api.get(url(), headers={"If-None-Match": tag}).status_code == 200


@pytest.mark.parametrize("method", ["put", "patch", "delete"])
def test_a_write_with_the_tag_of_another_object_is_refused(api: APIClient, cluster: Cluster, method: str) -> None:
    row = row_of(cluster)
    tag = api.get(url())["ETag"]
    BGPPeer.objects.filter(pk=row.pk).update(peer_asn=64999)
    answer = getattr(api, method)(url(), manifest(), headers={"If-Match": tag})
    row.refresh_from_db()
    assert (answer.status_code, row.revision, row.peer_asn) == (412, 0, 64999)


@pytest.mark.parametrize("method", ["put", "patch", "delete"])
def test_a_write_with_the_tag_that_was_read_is_taken(api: APIClient, cluster: Cluster, method: str) -> None:
    row_of(cluster)
    tag = api.get(url())["ETag"]
    assert getattr(api, method)(url(), manifest(peerASN=64502), headers={"If-Match": tag}).status_code == 202


def test_what_is_no_configuration_does_not_stand_in_the_way_of_a_write(api: APIClient, cluster: Cluster) -> None:
    row = row_of(cluster)
    tag = api.get(url())["ETag"]
    later = clock.now() + timedelta(seconds=10)
    BGPPeer.objects.filter(pk=row.pk).update(sessions_up=2, sessions_at=later, sync_at=later, resource_version="77")
    assert api.put(url(), manifest(peerASN=64502), headers={"If-Match": tag}).status_code == 202


def test_the_tag_of_a_write_guards_the_next_one(api: APIClient, cluster: Cluster) -> None:
    first = api.put(url(), manifest())
    second = api.put(url(), manifest(peerASN=64502), headers={"If-Match": first["ETag"]})
    assert second.status_code == 202
    assert api.put(url(), manifest(peerASN=64503), headers={"If-Match": first["ETag"]}).status_code == 412


def test_if_match_needs_an_object(api: APIClient, cluster: Cluster) -> None:
    assert api.put(url(), manifest(), headers={"If-Match": "*"}).status_code == 412
    assert api.put(url(), manifest(), headers={"If-Match": '"0123456789abcdef.0"'}).status_code == 412
    assert not BGPPeer.objects.exists()


def test_if_none_match_star_creates_and_never_replaces(api: APIClient, cluster: Cluster) -> None:
    assert api.put(url(), manifest(), headers={"If-None-Match": "*"}).status_code == 202
    assert api.put(url(), manifest(peerASN=64502), headers={"If-None-Match": "*"}).status_code == 412


def test_a_weak_tag_guards_nothing(api: APIClient, cluster: Cluster) -> None:
    row_of(cluster)
    weak = f"W/{api.get(url())['ETag']}"
    assert api.put(url(), manifest(), headers={"If-Match": weak}).status_code == 412


def test_a_tag_from_before_a_conflict_writes_over_nothing(
    api: APIClient, live_cluster: Cluster, kube: Kube, work: Callable[[], None]
) -> None:
    api.put(url(), manifest())
    work()
    saved = api.put(url(), manifest(peerASN=64600))
    kube.call(kube.server.store.patch, "bgppeers", NAMESPACE, "peer", {"spec": {"holdTime": "30s"}}, "kubectl-edit")
    work()
    again = api.put(url(), manifest(peerASN=64601), headers={"If-Match": saved["ETag"]})
    seen = api.put(url(), manifest(peerASN=64601), headers={"If-Match": api.get(url())["ETag"]})
    assert (saved.status_code, again.status_code, seen.status_code) == (202, 412, 202)
