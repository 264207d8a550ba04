"""Several objects in one request."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from clusters.models import Change, Cluster
from peers.models import BGPPeer
from tests.api.conftest import Kube
from tests.api.manifests import LIST, manifest, row_of, send


def peers(number: int, **spec: Any) -> list[dict[str, Any]]:
    return [manifest(f"peer-{index}", peerAddress=f"192.0.2.{index + 1}", **spec) for index in range(number)]


def test_a_list_creates_all_of_them_with_a_result_each(api: APIClient, cluster: Cluster) -> None:
    answer = api.post(LIST, peers(3))
    assert answer.status_code == 202
    assert [item["resource"]["metadata"]["name"] for item in answer.json()] == ["peer-0", "peer-1", "peer-2"]
    assert {item["status"] for item in answer.json()} == {202}
    assert (BGPPeer.objects.count(), Change.objects.count()) == (3, 3)


@pytest.mark.usefixtures("worker")
def test_with_wait_each_has_its_outcome(api: APIClient, live_cluster: Cluster, kube: Kube) -> None:
    answer = api.post(f"{LIST}?wait=10s", peers(3))
    assert (answer.status_code, [item["status"] for item in answer.json()]) == (201, [201, 201, 201])
    assert all(kube.get("bgppeers", f"peer-{index}") for index in range(3))


def test_one_that_the_rules_refuse_refuses_all_and_says_which(api: APIClient, cluster: Cluster) -> None:
    bodies = peers(3)
    bodies[1]["spec"]["peerASN"] = 0
    answer = api.post(LIST, bodies)
    assert answer.status_code == 422
    assert {finding["field"] for finding in answer.json()["findings"]} == {"[1].spec.peerASN"}
    assert (BGPPeer.objects.count(), Change.objects.count()) == (0, 0)


def test_they_are_judged_beside_each_other(api: APIClient, cluster: Cluster) -> None:
    answer = api.post(LIST, [manifest("one"), manifest("two")])
    assert answer.status_code == 422
    assert {finding["field"][:3] for finding in answer.json()["findings"]} == {"[0]", "[1]"}
    assert not BGPPeer.objects.exists()


def test_a_long_list_is_judged_at_once_and_before_others_have_to_wait(api: APIClient, cluster: Cluster) -> None:
    with CaptureQueriesContext(connection) as asked:
        assert api.post(LIST, peers(20)).status_code == 202
    statements = [query["sql"] for query in asked]
    looks = [number for number, sql in enumerate(statements) if '"clusters_node"' in sql]
    writes = [number for number, sql in enumerate(statements) if sql.startswith("INSERT")]
    assert (len(looks), looks < writes) == (1, True)


def test_the_number_of_looks_does_not_grow_with_the_list(api: APIClient, cluster: Cluster) -> None:
    """What is written for each object is; whether it exists, and what became of it, is asked of all at once."""

    def selects(number: int, first: int) -> int:
        bodies = [manifest(f"new-{first + n}", peerAddress=f"192.0.2.{first + n}") for n in range(number)]
        with CaptureQueriesContext(connection) as asked:
            assert api.post(LIST, bodies).status_code == 202
        return sum(query["sql"].startswith("SELECT") for query in asked)

    selects(1, 1)
    assert selects(3, 10) == selects(30, 20)


def test_one_that_exists_refuses_all(api: APIClient, cluster: Cluster) -> None:
    row_of(cluster, "peer-1", vrf="red")
    answer = api.post(LIST, peers(3))
    assert (answer.status_code, [finding["field"] for finding in answer.json()["findings"]]) == (
        409,
        ["[1].metadata.name"],
    )
    assert BGPPeer.objects.count() == 1


@pytest.mark.parametrize("body", [[], [[]], [None], ["x"], peers(1) * 2, peers(1) * 201, [*peers(1), {"spec": 5}]])
def test_a_list_that_is_none_of_manifests_is_refused(api: APIClient, cluster: Cluster, body: list[Any]) -> None:
    assert api.post(LIST, body).status_code == 400
    assert not BGPPeer.objects.exists()


def test_a_password_is_not_taken_from_a_list(api: APIClient, cluster: Cluster) -> None:
    answer = api.post(LIST, peers(2, password="hunter2-canary"))
    assert (answer.status_code, {finding["code"] for finding in answer.json()["findings"]}) == (
        400,
        {"password-in-list"},
    )
    assert b"canary" not in answer.content


def test_dry_run_of_a_list_saves_nothing(api: APIClient, live_cluster: Cluster, kube: Kube) -> None:
    answer = api.post(f"{LIST}?dry_run=true", peers(2))
    assert (answer.status_code, [item["dryRun"]["ok"] for item in answer.json()]) == (200, [True, True])
    assert not BGPPeer.objects.exists()
    assert kube.get("bgppeers", "peer-0") is None


def test_a_yaml_stream_is_a_list(api: APIClient, cluster: Cluster) -> None:
    text = "\n---\n".join(
        f"metadata: {{name: peer-{index}}}\nspec: {{myASN: 64500, peerASN: 64501, peerAddress: 192.0.2.{index}}}"
        for index in (1, 2)
    )
    answer = send(api, "POST", LIST, text.encode(), "application/yaml")
    assert (answer.status_code, BGPPeer.objects.count()) == (202, 2)


@pytest.mark.parametrize(
    ("spec", "refused"),
    [
        ({}, set()),
        ({"vrf": "red"}, {("unknown-field", "vrf")}),
        ({"peerASN": None, "dynamicASN": "external"}, {("required", "peerASN"), ("unknown-field", "dynamicASN")}),
    ],
    ids=("as it was", "newer field", "newer way to say the AS"),
)
def test_an_older_version_is_judged_as_it_was_sent(
    api: APIClient, cluster: Cluster, spec: dict[str, Any], refused: set[tuple[str, str]]
) -> None:
    """v1beta1 lacks vrf and dynamicASN, and requires peerASN (MetalLB api/v1beta1/bgppeer_types.go)."""
    older = {**manifest(**spec), "apiVersion": "metallb.io/v1beta1"}
    answer = api.post(LIST, [older])
    told = answer.json()["findings"] if refused else []
    assert {(finding["code"], finding["field"].rpartition(".")[2]) for finding in told} == refused
    assert answer.status_code == (422 if refused else 202)
