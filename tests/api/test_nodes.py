"""/api/v1/nodes/: the list, one node, and the label that a worker sets and takes off."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from threading import Thread
from typing import Any

import pytest
from django.db import connection, transaction
from rest_framework.test import APIClient

from clusters import clock, nudges
from clusters.doors import door_of
from clusters.excluding.services import exclusion_ask
from clusters.excluding.work import exclusion_apply
from clusters.models import Change, Cluster, Exclusion, Node
from clusters.sync import outbox
from intent.announcements.cluster import EXCLUDED
from lab.apiserver import Rule, User
from tests.api.conftest import Kube
from tests.pages.test_nodes import shop

__all__ = ["shop"]
DRAIN = "/api/v1/nodes/lab/node-0/drain/"


@pytest.fixture
def node(live_cluster: Cluster, kube: Kube) -> Iterator[Node]:
    """A node that is there."""
    made = kube.call(
        kube.server.store.add, {"apiVersion": "v1", "kind": "Node", "metadata": {"name": "node-0"}}, "kubelet"
    )
    live_cluster.permissions = [{"verb": "patch", "group": "", "resource": "nodes", "allowed": True}]
    live_cluster.save()
    Node.objects.filter(name="node-0").update(uid=made["metadata"]["uid"], cluster=live_cluster)
    yield Node.objects.get(name="node-0")
    if kube.call(kube.server.store.get, "nodes", "", "node-0"):
        kube.call(kube.server.store.delete, "nodes", "", "node-0")


@pytest.fixture
def labels(kube: Kube) -> Callable[[], dict[str, str]]:
    """The node's labels, as they are in the cluster."""

    def look() -> dict[str, str]:
        found: dict[str, str] = kube.call(kube.server.store.get, "nodes", "", "node-0")["metadata"].get("labels") or {}
        return found

    return look


@pytest.fixture
def worker(monkeypatch: pytest.MonkeyPatch) -> None:
    """A worker that works while a request waits."""

    def work(_seconds: float) -> None:
        for pk in outbox.exclusions_left_over(clock.now()):
            exclusion_apply(pk)

    monkeypatch.setattr("clusters.api.waiting.sleep", work)


def test_nodes_are_listed_filtered_and_shown(api: APIClient, cluster: Cluster) -> None:
    Node.objects.filter(name="node-1").update(labels={EXCLUDED: ""}, unschedulable=True)
    assert [one["name"] for one in api.get("/api/v1/nodes/").json()["results"]] == ["node-0", "node-1"]
    for query in ("state=excluded", "state=cordoned", "name=node-1", "name_contains=-1"):
        (found,) = api.get(f"/api/v1/nodes/?{query}").json()["results"]
        assert (found["name"], found["excluded"]) == ("node-1", True)
    one = api.get("/api/v1/nodes/lab/node-0/").json()
    assert (one["progress"]["phase"], one["services"], one["addresses"]) == ("announcing", [], ["192.0.2.10"])
    assert api.get("/api/v1/nodes/lab/elsewhere/").status_code == 404
    assert api.get("/api/v1/nodes/?state=tired").status_code == 400


def test_a_worker_sets_the_label_and_takes_it_off(
    api: APIClient, node: Node, worker: None, labels: Callable[[], dict[str, str]], kube: Kube
) -> None:
    assert api.post(DRAIN + "?dry_run=true").json()["next"] == "set"
    assert Exclusion.objects.count() == 0
    answer = api.post(DRAIN + "?wait=10s&message=Disk")
    assert (answer.status_code, answer.json()["next"], EXCLUDED in labels()) == (200, "take-off", True)
    metadata = kube.call(kube.server.store.get, "nodes", "", "node-0")["metadata"]
    managers = [one["manager"] for one in metadata.get("managedFields", ())]
    assert managers[-1:] in (["bgpui"], [])  # kube-apiserver keeps none for an object that began without
    assert api.delete(DRAIN + "?wait=10s").json()["next"] == "set"
    assert EXCLUDED not in labels()
    assert list(Change.objects.filter(kind="Node").order_by("pk").values_list("source", "message")) == [
        ("api", f"Label {EXCLUDED} set. Disk"), ("api", f"Label {EXCLUDED} taken off.")
    ]  # fmt: skip


def test_without_a_worker_the_label_is_on_its_way_and_asking_twice_asks_once(api: APIClient, node: Node) -> None:
    assert [api.post(DRAIN).status_code for _ in range(2)] == [202, 202]
    assert (Exclusion.objects.get().revision, Change.objects.filter(kind="Node").count()) == (1, 1)


def test_the_last_announcement_of_a_service_is_given_up_only_by_its_number(api: APIClient, shop: Cluster) -> None:
    plan = api.get(DRAIN).json()
    assert (plan["lost"], plan["confirm"]) == (["shop/here"], ["services-withdrawn:1"])
    answer = api.post(DRAIN)
    assert (answer.status_code, answer.json()["confirm"]) == (422, ["services-withdrawn:1"])
    assert api.post(DRAIN + "?accept=nonsense").status_code == 400
    assert Exclusion.objects.count() == 0
    assert api.post(DRAIN + "?accept=services-withdrawn:1").status_code == 202


def test_without_the_right_the_answer_has_the_command(api: APIClient, cluster: Cluster) -> None:
    answer = api.post(DRAIN)
    assert (answer.status_code, answer.json()["command"]) == (409, f"kubectl label node node-0 {EXCLUDED}=")
    assert api.get(DRAIN).json()["refusal"].startswith("The cluster does not allow bgpui to patch nodes")


def test_a_viewer_reads_and_does_not_label(as_role: Callable[[str], APIClient], node: Node) -> None:
    viewer = as_role("viewer")
    assert viewer.get(DRAIN).status_code == 200
    assert (viewer.post(DRAIN).status_code, viewer.delete(DRAIN).status_code) == (403, 403)


def asked(api: APIClient) -> Exclusion:
    api.post(DRAIN)
    return Exclusion.objects.get()


def test_a_cluster_that_takes_the_right_away_says_so_in_the_row(
    api: APIClient, node: Node, kube: Kube, live_cluster: Cluster
) -> None:
    row = asked(api)
    kube.call(kube.server.tokens.add, "no-patch", User("nobody", (Rule(("list",), ("",), ("nodes",)),)))
    text = kube.kubeconfig.read_text().replace("secret", "no-patch")
    path = kube.kubeconfig.with_name("no-patch")
    path.write_text(text)
    Cluster.objects.update(kubeconfig=str(path))
    assert exclusion_apply(row.pk) is True
    row.refresh_from_db()
    assert (row.state, row.message.startswith("The cluster does not allow bgpui to patch nodes: ")) == ("failed", True)
    assert api.get(DRAIN).json()["progress"]["phase"] == "failed"


def test_another_node_of_the_same_name_is_left_alone(
    api: APIClient, node: Node, labels: Callable[[], dict[str, str]]
) -> None:
    Node.objects.update(uid="another")
    row = asked(api)
    exclusion_apply(row.pk)
    row.refresh_from_db()
    assert (row.state, EXCLUDED in labels()) == ("failed", False)


def test_a_cluster_that_is_away_is_tried_again(api: APIClient, node: Node) -> None:
    row = asked(api)
    Cluster.objects.update(kubeconfig="/nonexistent")
    assert exclusion_apply(row.pk) is True
    row.refresh_from_db()
    assert (row.state, row.attempts, bool(row.message)) == ("pending", 1, True)
    assert row.retry_at is not None
    assert outbox.exclusions_left_over(clock.now()) == []
    assert outbox.exclusions_left_over(clock.now() + timedelta(minutes=1)) == [row.pk]


def test_a_worker_that_writes_late_does_not_have_the_last_word(
    api: APIClient, node: Node, labels: Callable[[], dict[str, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody takes the wish back, and another worker does that, while the first worker's patch is on its way."""
    row = asked(api)
    door = door_of(node.cluster)
    merge = door.merge

    def late(*args: Any, **named: Any) -> Any:
        monkeypatch.setattr(door, "merge", merge)
        api.delete(DRAIN)
        exclusion_apply(row.pk)
        return merge(*args, **named)

    monkeypatch.setattr(door, "merge", late)
    exclusion_apply(row.pk)
    row.refresh_from_db()
    assert (row.state, row.wanted, EXCLUDED in labels()) == ("done", False, False)


def test_frr_is_asked_for_what_every_neighbor_is_told(api: APIClient, shop: Cluster, redis_url: str) -> None:
    assert api.post("/api/v1/nodes/lab/node-0/ask/").status_code == 202
    waiting = [str(key) for key in nudges.connection().keys("bgpui:result:*:pending")]
    assert {key.split(":")[3] for key in waiting} == {"advertised-ipv4", "advertised-ipv6", "refresh"}


@pytest.mark.skipif(connection.vendor == "sqlite", reason="SQLite has one writer at a time; `make test-stores` runs it")
@pytest.mark.django_db(transaction=True)
def test_two_first_requests_at_once_are_one(live_cluster: Cluster, node: Node) -> None:
    """The second one waits for the first, which has no row yet that it could find."""
    del live_cluster
    second: list[Exclusion | None] = []

    def ask() -> None:
        second.append(exclusion_ask(node=node, wanted=True, actor=None, source=Change.Source.API))
        connection.close()

    asking = Thread(target=ask)
    with transaction.atomic():
        first = exclusion_ask(node=node, wanted=True, actor=None, source=Change.Source.API)
        asking.start()
        asking.join(0.5)
    asking.join(60)
    assert (first, Exclusion.objects.count()) == (second[0], 1)
