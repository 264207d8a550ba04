"""Whose fields an edit may move to bgpui, and whose it may not."""

from __future__ import annotations

from typing import Any

import pytest

from clusters.edits.refusals import Refused
from clusters.models import SyncState
from clusters.services import review
from clusters.sync import ownership
from clusters.sync.claim import Fate
from tests.clusters.cluster import NAMESPACE, RunningCluster, peer
from tests.clusters.conftest import Office

FULL = peer(holdTime="90s", sourceAddress="192.0.2.10", labels={"team": "net"})


def _create_with_python(kube: RunningCluster) -> None:
    kube.python.create_namespaced_custom_object("metallb.io", "v1beta2", NAMESPACE, "bgppeers", FULL)


def _add_label(kube: RunningCluster) -> None:
    kube.kubectl("apply", manifest=peer())
    kube.kubectl("label", "bgppeer", "tor-1", "team=net")
    kube.kubectl(
        "patch", "bgppeer", "tor-1", "--type=merge", '-p={"spec":{"holdTime":"90s","sourceAddress":"192.0.2.10"}}'
    )


OTHERS = {
    "kubectl apply": lambda kube: kube.kubectl("apply", manifest=FULL),
    "kubectl apply --server-side": lambda kube: kube.kubectl("apply", "--server-side", manifest=FULL),
    "kubectl create": lambda kube: kube.kubectl("create", manifest=FULL),
    "kubectl label and patch": _add_label,
    "the official Python client": _create_with_python,
    "the OpenShift console": lambda kube: kube.add(FULL, manager="Mozilla"),
}


@pytest.mark.parametrize("write", OTHERS.values(), ids=OTHERS.keys())
def test_the_first_edit_takes_a_persons_fields_over_and_a_cleared_field_is_gone(
    kube: RunningCluster, office: Office, write: Any
) -> None:
    write(kube)
    office.look()
    row = office.save(peer(peerASN=64700, sourceAddress="192.0.2.10"))
    assert office.work(row) == [Fate.IN_SYNC], row.sync_message
    found = kube.peer("tor-1")
    assert kube.spec("tor-1") == peer(peerASN=64700, sourceAddress="192.0.2.10")["spec"]
    assert "team" not in found["metadata"].get("labels", {})
    owners = [m for m in ownership.managers(found) if "f:spec" in m.fields]
    assert [(m.name, m.operation) for m in owners] == [("bgpui", "Apply")]


# Server-side apply creates what is not there and takes over what is, and has no precondition that nothing is there: a
# resourceVersion or uid of nothing cannot be named (kubernetes apiserver, endpoints/handlers/patch.go). POST: 409.
def test_what_bgpui_created_it_owns_gives_up_and_takes_from_nobody(kube: RunningCluster, office: Office) -> None:
    row = office.save(FULL)
    assert office.work(row) == [Fate.IN_SYNC]
    assert _of_spec(kube) == [("bgpui", "Update")]
    kube.kubectl("label", "bgppeer", "tor-1", "floor=2", "--field-manager=policy-controller")
    office.look()
    row = office.save(peer(peerASN=64700, labels={"floor": "2"}))
    assert office.work(row) == [Fate.IN_SYNC], row.sync_message
    assert kube.spec("tor-1") == peer(peerASN=64700)["spec"], "the fields that were cleared are gone"
    assert kube.peer("tor-1")["metadata"]["labels"] == {"floor": "2"}
    assert _of_spec(kube) == [("bgpui", "Apply")]
    assert ownership.holders(kube.peer("tor-1"), "metadata.labels.floor") == ("policy-controller",)


def _of_spec(kube: RunningCluster) -> list[tuple[str, str]]:
    owners = ownership.managers(kube.peer("tor-1"))
    return [(manager.name, manager.operation) for manager in owners if "f:spec" in manager.fields]


def test_an_object_that_appeared_before_it_was_created_is_not_taken_over(kube: RunningCluster, office: Office) -> None:
    row = office.save(peer(peerASN=64700))
    kube.add(FULL)
    before = kube.peer("tor-1")
    assert office.work(row) == [Fate.CONFLICT]
    assert kube.peer("tor-1") == before


def test_kubectls_own_annotation_stays_with_kubectl(kube: RunningCluster, office: Office) -> None:
    kube.kubectl("apply", manifest=FULL)
    before = kube.peer("tor-1")["metadata"]["annotations"]
    office.look()
    row = office.save(peer(peerASN=64700))
    office.work(row)
    assert kube.peer("tor-1")["metadata"]["annotations"] == before
    assert row.annotations == {}
    assert row.live is not None
    assert "kubectl.kubernetes.io" not in str(row.live["metadata"].get("annotations"))


def test_review_says_whose_fields_move(kube: RunningCluster, office: Office) -> None:
    kube.kubectl("apply", manifest=FULL)
    office.look()
    look = review(
        cluster=office.cluster, kind="BGPPeer", namespace=NAMESPACE, name="tor-1", manifest=peer(peerASN=64700)
    )
    assert look.takes_over == ("kubectl-client-side-apply",)
    changed = {diff.path: (diff.before, diff.after) for diff in look.diff}
    assert changed == {
        "spec.peerASN": (64600, 64700),
        "spec.holdTime": ("90s", None),
        "spec.sourceAddress": ("192.0.2.10", None),
        "metadata.labels.team": ("net", None),
    }
    assert (look.dry_run.accepted, look.dry_run.message) == (True, "")


MARKS = {
    "Argo CD's annotation": {"annotations": {"argocd.argoproj.io/tracking-id": "net:metallb.io/BGPPeer:x/tor-1"}},
    "Helm's label": {"labels": {"app.kubernetes.io/managed-by": "Helm"}},
    "Flux's label": {"labels": {"kustomize.toolkit.fluxcd.io/name": "net"}},
    "an owner": {"ownerReferences": [{"apiVersion": "v1", "kind": "ConfigMap", "name": "boss", "uid": "1"}]},
}


@pytest.mark.parametrize("mark", MARKS.values(), ids=MARKS.keys())
def test_what_a_tool_looks_after_is_read_only(kube: RunningCluster, office: Office, mark: dict[str, Any]) -> None:
    manifest = peer()
    manifest["metadata"] |= mark
    kube.add(manifest)
    office.look()
    row = office.row()
    with pytest.raises(Refused) as refused_change:
        office.save(peer(peerASN=64700))
    with pytest.raises(Refused) as refused_deletion:
        office.delete(row)
    for refusal in (refused_change.value, refused_deletion.value):
        assert [finding.code for finding in refusal.findings] == ["managed-elsewhere"]


@pytest.mark.parametrize(
    ("manager", "words"),
    [("argocd-controller", "Argo CD"), ("kustomize-controller", "Flux"), ("helm", "Helm"), ("HashiCorp", "HashiCorp"),
     ("metallb-operator", "metallb-operator")],
)  # fmt: skip
def test_fields_of_controllers_are_not_moved_even_if_they_came_after_the_review(
    kube: RunningCluster, office: Office, manager: str, words: str
) -> None:
    kube.add(peer())
    office.look()
    row = office.save(peer(peerASN=64700))
    kube.patch_peer("tor-1", {"holdTime": "90s"}, manager=manager)
    kube.patch_peer("tor-1", {"holdTime": None, "disableMP": True}, manager=manager)
    kube.patch_peer("tor-1", {"disableMP": False}, manager=manager)
    assert office.work(row) == [Fate.REJECTED]
    assert words in row.sync_message
    assert kube.spec("tor-1")["peerASN"] == 64600


def _argo_cd(kube: RunningCluster) -> None:
    """Client-side, as Argo CD applies by default: tracked by label, `argocd-controller` in managedFields."""
    marked = {**FULL, "metadata": {**FULL["metadata"], "labels": {"app.kubernetes.io/instance": "net"}}}
    kube.add(marked, manager="argocd-controller")


def _applied_by(manager: str) -> Any:
    apply = ("apply", "--server-side", f"--field-manager={manager}")
    return lambda kube: kube.kubectl(*apply, manifest=FULL)


TOOLS = {
    "Helm 3": lambda kube: kube.add(FULL, manager="helm"),
    "Helm 4, server-side": _applied_by("helm"),
    "Argo CD": _argo_cd,
    "Argo CD, server-side": _applied_by("argocd-controller"),
}


@pytest.mark.parametrize("write", TOOLS.values(), ids=TOOLS.keys())
def test_what_a_tool_wrote_first_is_neither_edited_nor_cleared_and_no_field_moves(
    kube: RunningCluster, office: Office, write: Any
) -> None:
    write(kube)
    before = kube.peer("tor-1")
    office.look()
    for wanted in ({**FULL["spec"], "peerASN": 64700}, peer()["spec"]):
        with pytest.raises(Refused) as refused:
            office.save({**FULL, "spec": wanted})
        assert [finding.code for finding in refused.value.findings] == ["managed-elsewhere"]
    assert kube.peer("tor-1") == before


def test_a_tool_that_comes_after_an_edit_takes_what_it_applies_by_force(kube: RunningCluster, office: Office) -> None:
    row = office.save(peer(peerASN=64700, labels={"team": "net"}))
    assert office.work(row) == [Fate.IN_SYNC], row.sync_message
    kube.kubectl("apply", "--server-side", "--force-conflicts", "--field-manager=helm", manifest=FULL)
    office.look()
    row.refresh_from_db()
    assert (row.sync_state, row.spec["peerASN"]) == (SyncState.IN_SYNC, 64600)
    assert ownership.holders(kube.peer("tor-1"), "spec.peerASN") == ("helm",)


def _labelled_by_a_controller(kube: RunningCluster, office: Office) -> None:
    kube.add(peer())
    kube.call(
        kube.server.store.patch,
        "bgppeers.metallb.io",
        NAMESPACE,
        "tor-1",
        {"metadata": {"labels": {"policy": "seen"}}},
        "policy-controller",
    )
    office.look()


def test_labels_of_others_stay_theirs(kube: RunningCluster, office: Office) -> None:
    _labelled_by_a_controller(kube, office)
    row = office.save(peer(peerASN=64700, labels={"policy": "seen"}))
    assert office.work(row) == [Fate.IN_SYNC]
    assert ownership.holders(kube.peer("tor-1"), "metadata.labels.policy") == ("policy-controller",)
    mine = next(m for m in ownership.managers(kube.peer("tor-1")) if m.name == "bgpui")
    assert not ownership.holds(mine, "metadata.labels.policy")


def test_a_cleared_field_that_another_still_holds_is_a_conflict(kube: RunningCluster, office: Office) -> None:
    _labelled_by_a_controller(kube, office)
    row = office.save(peer(peerASN=64700))
    assert office.work(row) == [Fate.CONFLICT]
    assert row.sync_state == SyncState.CONFLICT
    assert "metadata.labels.policy (held by policy-controller)" in row.sync_message


def test_an_object_whose_managed_fields_were_cleared_is_taken_over_too(kube: RunningCluster, office: Office) -> None:
    kube.add(FULL)
    found = {**kube.peer("tor-1")}
    found["metadata"] = {**found["metadata"], "managedFields": [{}]}
    kube.call(kube.server.store.update, "bgppeers.metallb.io", found, "kubectl")
    office.look()
    row = office.save(peer())
    assert office.work(row) == [Fate.IN_SYNC], row.sync_message
    assert kube.spec("tor-1") == peer()["spec"]
