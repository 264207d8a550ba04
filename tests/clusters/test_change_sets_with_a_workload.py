"""A Namespace, a Deployment and a Service beside our own kinds: made in order, tried, taken back."""

from __future__ import annotations

from typing import Any

import pytest

from clusters.changesets import judge, save
from clusters.changesets.judge import SomeRefused
from clusters.changesets.review import changeset_review
from clusters.changesets.wanted import Wanted
from clusters.models import ChangeSet
from clusters.sync.changesets.carry import apply_set
from lab.apiserver import Fault
from tests.cluster.choice import BORROWED
from tests.clusters.cluster import RunningCluster
from tests.clusters.conftest import Office
from tests.clusters.sets import Item, accept, carry, pass_time, refuse, some_peer, states, wanted

pytestmark = pytest.mark.skipif(BORROWED, reason="has the product make a Namespace, in a cluster of KUBECONFIG")
State = ChangeSet.State
ROOM = "bgpui-test"
LABELS = {"app": "test"}
KINDS = {"Namespace": "namespaces", "Deployment": "deployments.apps", "Service": "services"}


def _workload() -> list[Wanted]:
    pod = {"metadata": {"labels": LABELS}, "spec": {"containers": [{"name": "web", "image": "example.com/web:1"}]}}
    deployment = {"replicas": 2, "selector": {"matchLabels": LABELS}, "template": pod}
    service = {"type": "LoadBalancer", "selector": LABELS, "ports": [{"port": 80}]}
    return [
        wanted({"apiVersion": "v1", "kind": "Service", "metadata": _named("web"), "spec": service}),
        wanted({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": _named("web"), "spec": deployment}),
        wanted({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": ROOM}}),
    ]


def _named(name: str) -> dict[str, str]:
    return {"name": name, "namespace": ROOM}


def _there(kube: RunningCluster, kind: str) -> dict[str, Any] | None:
    key = ("", ROOM) if kind == "Namespace" else (ROOM, "web")
    found: dict[str, Any] | None = kube.call(kube.server.store.get, KINDS[kind], *key)
    return found


@pytest.fixture(autouse=True)
def _no_room(kube: RunningCluster) -> Any:
    yield
    for kind in ("Service", "Deployment", "Namespace"):
        found = _there(kube, kind)
        if found is not None:
            metadata = found["metadata"]
            kube.call(kube.server.store.delete, KINDS[kind], metadata.get("namespace", ""), metadata["name"])


def test_a_workload_is_made_in_order_and_marked(kube: RunningCluster, office: Office) -> None:
    review = changeset_review(cluster=office.cluster, edits=[*_workload(), wanted(some_peer(1))])
    told = {(item.ref.kind, item.dry_run.accepted, item.dry_run.independent) for item in review.items}
    assert told == {
        ("Namespace", True, True), ("BGPPeer", True, True), ("Deployment", None, False), ("Service", None, False),
    }  # fmt: skip
    assert f"its namespace {ROOM} is made by this change" in review.items[-1].dry_run.message
    change_set = accept(office, *_workload(), wanted(some_peer(1)))
    assert carry(change_set) == State.APPLIED, change_set.message
    order = change_set.items.order_by("position").values_list("kind", flat=True)
    assert list(order) == ["Namespace", "BGPPeer", "Deployment", "Service"]
    for kind in KINDS:
        metadata = (_there(kube, kind) or {})["metadata"]
        assert metadata["labels"]["app.kubernetes.io/managed-by"] == "bgpui"
        assert metadata["annotations"]["bgpui.io/change-set"] == str(change_set.pk)


def test_the_workload_is_taken_back_if_another_object_is_refused(kube: RunningCluster, office: Office) -> None:
    change_set = accept(office, *_workload(), wanted(some_peer(1)))
    refuse(kube, 0, verb="create", resource="services")
    assert carry(change_set) == State.ROLLED_BACK, change_set.message
    assert {_there(kube, kind) is None for kind in KINDS} == {True}
    assert kube.peers() == []


@pytest.mark.parametrize("fault", [{"drop": "after"}, {"code": 503}], ids=str)
def test_an_answer_that_is_lost_makes_nothing_twice(
    kube: RunningCluster, office: Office, fault: dict[str, Any]
) -> None:
    change_set = accept(office, *_workload())
    kube.server.faults.add(Fault(verb="create", resource="deployments", **fault))
    apply_set(change_set.pk)
    pass_time(change_set)
    assert carry(change_set) == State.APPLIED
    assert (_there(kube, "Deployment") or {})["spec"]["replicas"] == 2


def test_what_stands_already_is_left_as_it_is(kube: RunningCluster, office: Office) -> None:
    kube.call(kube.server.store.create, "namespaces", {"metadata": {"name": ROOM, "labels": {"own": "er"}}})
    change_set = accept(office, *_workload())
    refuse(kube, 0, verb="create", resource="services")
    assert carry(change_set) == State.ROLLED_BACK
    assert (_there(kube, "Namespace") or {})["metadata"]["labels"]["own"] == "er", "it was there before"
    assert _there(kube, "Deployment") is None


def test_another_object_of_the_name_is_a_conflict(kube: RunningCluster, office: Office) -> None:
    assert carry(accept(office, *_workload())) == State.APPLIED
    other = _workload()[1]
    assert other.manifest is not None
    more = {**other.manifest, "spec": {**other.manifest["spec"], "replicas": 5}}
    (told,) = changeset_review(cluster=office.cluster, edits=[wanted(more)]).items
    assert told.dry_run.accepted is False
    assert "is in the cluster already, and not as it is written here" in told.dry_run.message
    change_set = accept(office, wanted(more))
    assert carry(change_set) == State.ROLLED_BACK
    assert "it is another one" in change_set.message
    assert (_there(kube, "Deployment") or {})["spec"]["replicas"] == 2


def test_only_what_was_made_here_is_removed(kube: RunningCluster, office: Office) -> None:
    gone = [Wanted(one.kind, one.namespace, one.name, None) for one in _workload()]
    kube.call(kube.server.store.create, "namespaces", {"metadata": {"name": ROOM}})
    told = changeset_review(cluster=office.cluster, edits=[gone[2]]).items[0].dry_run
    assert (told.accepted, "bgpui has not made this object" in told.message) == (False, True), "Review says so, too"
    change_set = accept(office, gone[2])
    assert carry(change_set) == State.ROLLED_BACK
    assert "bgpui has not made this object" in change_set.message
    kube.call(kube.server.store.delete, "namespaces", "", ROOM)
    assert carry(accept(office, *_workload())) == State.APPLIED
    change_set = accept(office, *gone)
    assert carry(change_set) == State.APPLIED, change_set.message
    assert list(change_set.items.order_by("position").values_list("kind", flat=True)) == [
        "Service", "Deployment", "Namespace",
    ]  # fmt: skip
    assert {_there(kube, kind) is None for kind in KINDS} == {True}


def test_a_namespace_that_others_use_too_stays(kube: RunningCluster, office: Office) -> None:
    assert carry(accept(office, *_workload())) == State.APPLIED
    theirs = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "theirs", "namespace": ROOM}}
    kube.add({**theirs, "spec": {"ports": [{"port": 80}]}})
    room = next(Wanted(one.kind, one.namespace, one.name, None) for one in _workload() if one.kind == "Namespace")
    told = changeset_review(cluster=office.cluster, edits=[room]).items[0].dry_run
    assert (told.accepted, "its deletion would take it along: services/theirs." in told.message) == (False, True)
    change_set = accept(office, room)
    assert carry(change_set) == State.ROLLED_BACK
    assert "services/theirs" in change_set.message
    assert _there(kube, "Namespace") is not None
    kube.call(kube.server.store.delete, "services", ROOM, "theirs")
    assert carry(accept(office, *(Wanted(o.kind, o.namespace, o.name, None) for o in _workload()))) == State.APPLIED


def test_what_was_removed_comes_back(kube: RunningCluster, office: Office) -> None:
    assert carry(accept(office, *_workload())) == State.APPLIED
    before = (_there(kube, "Service") or {})["spec"]
    change_set = accept(office, *(Wanted(one.kind, one.namespace, one.name, None) for one in _workload()))
    refuse(kube, 1, verb="delete", resource="deployments")  # after its trial
    assert carry(change_set) == State.ROLLED_BACK, change_set.message
    assert {item.kind: item.state for item in change_set.items.all()} == {
        "Service": Item.UNDONE, "Deployment": Item.REFUSED, "Namespace": Item.SKIPPED,
    }  # fmt: skip
    assert (_there(kube, "Service") or {})["spec"] == before


def test_what_others_changed_since_is_not_removed(kube: RunningCluster, office: Office) -> None:
    change_set = accept(office, *_workload(), wanted(some_peer(1)))
    kube.server.faults.add(Fault(verb="create", resource="services", code=503))
    apply_set(change_set.pk)
    assert states(change_set)["web"] in (Item.APPLIED, Item.TRYING)
    patch = {"spec": {"replicas": 7}}
    kube.call(kube.server.store.patch, "deployments.apps", ROOM, "web", patch, "kubectl-scale")
    refuse(kube, 0, verb="create", resource="services")
    assert carry(change_set) == State.FAILED_ROLLBACK
    left = change_set.items.get(state=Item.LEFT, kind="Deployment")
    assert left.words == "Changed in the cluster meanwhile."
    assert (_there(kube, "Deployment") or {})["spec"]["replicas"] == 7
    assert change_set.items.get(kind="Namespace").words == "It stays, for what is left in it."


def test_names_and_kinds_are_checked(kube: RunningCluster, office: Office) -> None:
    for one in (
        Wanted("Namespace", "", "Not A Name", {"kind": "Namespace", "metadata": {"name": "Not A Name"}}),
        Wanted("Service", "", "web", {"kind": "Service", "metadata": {"name": "web"}}),
        Wanted("Deployment", ROOM, "web", {"apiVersion": "apps/v1beta1", "kind": "Deployment", "metadata": {}}),
    ):
        with pytest.raises(SomeRefused):
            accept(office, one)


def test_what_another_change_set_is_making_is_left_to_that(kube: RunningCluster, office: Office) -> None:
    """Else this one would find it made, and that one could still take it back."""
    first = accept(office, *_workload())
    with pytest.raises(SomeRefused) as refused:
        accept(office, _workload()[2], wanted(some_peer(1)))
    assert refused.value.findings[0][0].message.startswith(f"Change set {first.pk} is not settled yet")
    assert carry(first) == State.APPLIED
    assert carry(accept(office, _workload()[2], wanted(some_peer(1)))) == State.APPLIED


def test_of_two_that_are_accepted_at_once_one_is_refused(
    kube: RunningCluster, office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = judge.judge_together

    def late(*args: Any, **options: Any) -> Any:
        found = real(*args, **options)
        monkeypatch.setattr(save, "judge_together", real)
        accept(office, _workload()[2])
        return found

    monkeypatch.setattr(save, "judge_together", late)
    with pytest.raises(SomeRefused):
        accept(office, _workload()[2])
    assert ChangeSet.objects.count() == 1
