"""One object is refused: the cluster and the rows are as before, and the change set says which and why."""

from __future__ import annotations

from typing import Any

import pytest

from clusters.changesets.giving_up import changeset_give_up
from clusters.edits.inforce import refused_edit
from clusters.models import Change, ChangeSet, ChangeSetItem, SyncState
from clusters.sync.changesets import carry as carrying
from clusters.sync.changesets.carry import apply_set
from clusters.sync.changesets.claim import SetClaim
from clusters.sync.claim import Fate
from lab.apiserver import Fault
from peers.models import BGPPeer
from tests.clusters.cluster import NAMESPACE, RunningCluster
from tests.clusters.conftest import Office
from tests.clusters.sets import (
    Item,
    accept,
    carry,
    die_at,
    gone,
    holds,
    let_through,
    pass_time,
    refuse,
    rows_say,
    some_peer,
    states,
    wanted,
)
from tests.intent.manifests import profile

State = ChangeSet.State


def _start(kube: RunningCluster, office: Office) -> tuple[Any, Any]:
    kube.add(some_peer(1, labels={"team": "net"}), some_peer(2, holdTime="90s"), some_peer(3), some_peer(4))
    office.look()
    return holds(kube), rows_say(office)


def _theirs() -> list[tuple[Any, ...]]:
    """Changes of tor-1 by others: its AS after them, and the hold time before and after."""
    rows = Change.objects.filter(source=Change.Source.CLUSTER, name="tor-1").order_by("pk")
    return list(rows.values_list("after__spec__peerASN", "before__spec__holdTime", "after__spec__holdTime"))


def _four(office: Office) -> ChangeSet:
    """Made, changed, changed, deleted."""
    edits = gone("tor-4"), wanted(some_peer(1, peerASN=64700)), wanted(some_peer(2)), wanted(profile())
    return accept(office, *edits)


def test_the_third_of_four_is_refused_and_the_cluster_is_as_before(kube: RunningCluster, office: Office) -> None:
    before, said = _start(kube, office)
    change_set = _four(office)
    refuse(kube, 1, verb="patch", name="tor-2")  # after its trial
    assert carry(change_set) == State.ROLLED_BACK
    assert states(change_set) == {
        "fast": Item.UNDONE, "tor-1": Item.UNDONE, "tor-2": Item.REFUSED, "tor-4": Item.SKIPPED,
    }  # fmt: skip
    words = change_set.items.get(name="tor-2").words
    assert words == 'admission webhook "bgppeersvalidationwebhook.metallb.io" denied the request: not on a Friday'
    assert change_set.message == f"BGPPeer tor-2: {words}"
    assert (holds(kube), rows_say(office)) == (before, said)
    office.look()
    assert rows_say(office) == said


def test_a_deletion_that_is_refused_brings_back_what_was_deleted(kube: RunningCluster, office: Office) -> None:
    before, said = _start(kube, office)
    change_set = accept(office, gone("tor-1"), gone("tor-2"), gone("tor-3"))
    refuse(kube, 1, verb="delete", name="tor-1")
    assert carry(change_set) == State.ROLLED_BACK
    assert states(change_set) == {"tor-1": Item.REFUSED, "tor-2": Item.SKIPPED, "tor-3": Item.SKIPPED}
    change_set = accept(office, gone("tor-1"), gone("tor-2"), gone("tor-3"))
    refuse(kube, 1, verb="delete", name="tor-3")
    assert carry(change_set) == State.ROLLED_BACK
    assert states(change_set) == {"tor-1": Item.UNDONE, "tor-2": Item.UNDONE, "tor-3": Item.REFUSED}
    assert (holds(kube), rows_say(office)) == (before, said)


def test_somebody_else_wrote_one_before_its_turn(kube: RunningCluster, office: Office) -> None:
    _, said = _start(kube, office)
    change_set = _four(office)
    kube.patch_peer("tor-2", {"peerASN": 64999})
    before = holds(kube)
    assert carry(change_set) == State.ROLLED_BACK
    assert "The object was changed in the cluster since it was read" in change_set.message
    assert states(change_set)["tor-2"] == Item.REFUSED
    assert holds(kube) == before
    office.look()
    assert rows_say(office).keys() == said.keys()
    assert office.row("tor-2").sync_state == SyncState.IN_SYNC
    assert office.row("tor-2").spec["peerASN"] == 64999


def test_who_only_writes_the_status_is_no_conflict(kube: RunningCluster, office: Office) -> None:
    _start(kube, office)
    change_set = _four(office)
    kube.call(kube.server.store.patch, "bgppeers.metallb.io", NAMESPACE, "tor-2", {"metadata": {"finalizers": ["a/b"]}})
    assert carry(change_set) == State.APPLIED


def _applied_then_refused(kube: RunningCluster, office: Office, meanwhile: Any) -> ChangeSet:
    """The set waits at its third object, others do something, and then the webhook says no."""
    change_set = _four(office)
    let_through(kube, 1, verb="patch", name="tor-2")
    kube.server.faults.add(Fault(verb="patch", name="tor-2", code=503))
    apply_set(change_set.pk)
    assert states(change_set)["tor-1"] == Item.APPLIED
    meanwhile()
    refuse(kube, 0, verb="patch", name="tor-2")
    carry(change_set)
    return change_set


def test_what_others_changed_since_is_left_alone_and_told(kube: RunningCluster, office: Office) -> None:
    _start(kube, office)
    change_set = _applied_then_refused(kube, office, lambda: kube.patch_peer("tor-1", {"holdTime": "30s"}))
    assert change_set.state == State.FAILED_ROLLBACK
    item = change_set.items.get(name="tor-1")
    assert item.state == Item.LEFT
    assert item.words == "Changed in the cluster meanwhile by kubectl-edit: spec.holdTime."
    assert _theirs() == [(64700, None, "30s")], "the history has it beside the way back"
    assert kube.spec("tor-1") == some_peer(1, peerASN=64700, holdTime="30s")["spec"]
    assert office.row("tor-1").spec["holdTime"] == "30s"
    assert office.row("tor-1").sync_state == SyncState.IN_SYNC
    assert kube.call(kube.server.store.get, "bfdprofiles.metallb.io", NAMESPACE, "fast") is None


def test_what_others_changed_is_left_alone_also_when_it_was_followed_meanwhile(
    kube: RunningCluster, office: Office
) -> None:
    _start(kube, office)

    def meanwhile() -> None:
        kube.patch_peer("tor-1", {"holdTime": "30s"})
        office.look()

    change_set = _applied_then_refused(kube, office, meanwhile)
    assert (change_set.state, states(change_set)["tor-1"]) == (State.FAILED_ROLLBACK, Item.LEFT)
    assert BGPPeer.KIND.canonical(office.row("tor-1").spec) == some_peer(1, peerASN=64700, holdTime="30s")["spec"]
    assert _theirs() == [(64700, None, "30s")], "once"


@pytest.mark.parametrize("seen", [False, True])
def test_what_others_changed_before_an_object_had_its_turn_is_theirs_in_the_history(
    kube: RunningCluster, office: Office, seen: bool
) -> None:
    _start(kube, office)
    change_set = _four(office)
    kube.patch_peer("tor-1", {"holdTime": "30s"})
    if seen:
        office.look()
    assert carry(change_set) == State.ROLLED_BACK
    office.look()
    assert _theirs() == [(64600, None, "30s")]


def test_what_others_deleted_since_stays_deleted(kube: RunningCluster, office: Office) -> None:
    _start(kube, office)
    store = kube.server.store

    def meanwhile() -> None:
        kube.call(store.delete, "bfdprofiles.metallb.io", NAMESPACE, "fast")
        kube.call(store.delete, "bgppeers.metallb.io", NAMESPACE, "tor-1")
        office.look()

    change_set = _applied_then_refused(kube, office, meanwhile)
    assert change_set.state == State.FAILED_ROLLBACK
    assert states(change_set)["fast"] == Item.UNDONE, "it shall not be there, and is not"
    assert states(change_set)["tor-1"] == Item.LEFT
    assert kube.peers() == ["tor-2", "tor-3", "tor-4"]
    assert not BGPPeer.objects.filter(name="tor-1").exists()


def test_the_cluster_goes_away_while_it_is_taken_back(kube: RunningCluster, office: Office) -> None:
    before, said = _start(kube, office)
    change_set = _four(office)
    refuse(kube, 1, verb="patch", name="tor-2")
    let_through(kube, 3, verb="patch", name="tor-1")  # its trial, the fields that move, and the edit
    kube.server.faults.add(Fault(verb="patch", name="tor-1", code=503, count=2))
    apply_set(change_set.pk)
    change_set.refresh_from_db()
    assert (change_set.state, states(change_set)["tor-1"]) == (State.ROLLING_BACK, Item.UNDOING)
    assert carry(change_set) == State.ROLLED_BACK
    assert (holds(kube), rows_say(office)) == (before, said)


def test_a_way_back_that_is_refused_is_told(kube: RunningCluster, office: Office) -> None:
    _start(kube, office)
    change_set = _four(office)
    refuse(kube, 1, verb="patch", name="tor-2")
    refuse(kube, 3, "nor back", verb="patch", name="tor-1")
    assert carry(change_set) == State.FAILED_ROLLBACK
    item = change_set.items.get(name="tor-1")
    assert (item.state, item.words.endswith("nor back")) == (Item.LEFT, True)
    assert states(change_set)["fast"] == Item.UNDONE, "the others are taken back all the same"
    assert office.row("tor-1").spec["peerASN"] == 64700


def test_the_refused_edit_that_a_row_held_comes_back(kube: RunningCluster, office: Office) -> None:
    _start(kube, office)
    refuse(kube, 0, "no", verb="patch", name="tor-1")
    office.work(office.save(some_peer(1, peerASN=65000)))
    before, said = holds(kube), rows_say(office)
    assert office.row("tor-1").sync_state == SyncState.REJECTED
    change_set = _four(office)
    refuse(kube, 1, verb="patch", name="tor-2")
    assert carry(change_set) == State.ROLLED_BACK
    assert (holds(kube), rows_say(office)) == (before, said)
    assert office.row("tor-1").spec["peerASN"] == 65000


def test_history_tells_both_ways(kube: RunningCluster, office: Office) -> None:
    _start(kube, office)
    change_set = _four(office)
    refuse(kube, 1, verb="patch", name="tor-2")
    carry(change_set)
    found = Change.objects.order_by("pk").values_list("name", "action", "message")
    assert [entry for entry in found if entry[0] in ("tor-1", "tor-2")] == [
        ("tor-1", "update", ""),
        ("tor-2", "update", ""),
        ("tor-2", "update", "Not applied: its change set was taken back."),
        ("tor-1", "update", "Rolled back with its change set."),
    ]
    office.look()
    assert not Change.objects.filter(source=Change.Source.CLUSTER).exists()


def test_the_refused_deletion_that_a_row_held_comes_back(kube: RunningCluster, office: Office) -> None:
    _start(kube, office)
    refuse(kube, 0, "no", verb="delete", name="tor-1")
    assert office.work(office.delete(office.row("tor-1"))) == [Fate.REJECTED]
    said = rows_say(office)
    change_set = _four(office)
    refuse(kube, 1, verb="patch", name="tor-2")
    assert (carry(change_set), rows_say(office)) == (State.ROLLED_BACK, said)
    assert refused_edit(office.row("tor-1")) == {
        "manifest": None,
        "state": "rejected",
        "message": office.row("tor-1").sync_message,
    }


@pytest.mark.parametrize("refused", [False, True], ids=["to the end", "and back"])
@pytest.mark.parametrize("moment", ["before", "after"])
@pytest.mark.parametrize("step", range(0, 26, 2))
def test_a_worker_killed_at_any_step_is_followed_by_another(
    kube: RunningCluster, office: Office, monkeypatch: pytest.MonkeyPatch, refused: bool, moment: str, step: int
) -> None:
    before, said = _start(kube, office)
    change_set = _four(office)
    if refused:
        refuse(kube, 2, verb="patch", name="tor-2")  # after its trial and the fields that move
    calls = die_at(monkeypatch, moment, step)
    try:
        apply_set(change_set.pk)
        assert len(calls) <= step
    except KeyboardInterrupt:
        assert not apply_set(change_set.pk), "the lease of the dead holds"
    carried = carry(change_set)
    monkeypatch.undo()
    if refused:
        assert carried == State.ROLLED_BACK
        assert (holds(kube), rows_say(office)) == (before, said)
        return
    assert carried == State.APPLIED
    assert kube.peers() == ["tor-1", "tor-2", "tor-3"]
    assert [kube.peer(name)["metadata"]["generation"] for name in ("tor-1", "tor-2", "tor-3")] == [2, 2, 1]
    assert {row.sync_state for row in BGPPeer.objects.all()} == {SyncState.IN_SYNC}


@pytest.mark.parametrize("lost", [None, "delete", "create"], ids=str)
def test_what_only_a_recreation_could_change_goes_back_by_one(
    kube: RunningCluster, office: Office, lost: str | None
) -> None:
    """The CRD's own rule: enableGracefulRestart cannot be changed after creation."""
    kube.add(some_peer(1, enableGracefulRestart=False), some_peer(2))
    office.look()
    before, said = holds(kube), rows_say(office)
    change_set = accept(
        office, wanted(some_peer(1, enableGracefulRestart=True), recreate=True), wanted(some_peer(2, peerASN=64700))
    )
    refuse(kube, 1, verb="patch", name="tor-2")
    if lost is not None:
        let_through(kube, 2 if lost == "delete" else 1, verb=lost, resource="bgppeers")  # a trial, and there
        kube.server.faults.add(Fault(verb=lost, resource="bgppeers", drop="after"))
    assert carry(change_set) == State.ROLLED_BACK, change_set.message
    assert states(change_set) == {"tor-1": Item.UNDONE, "tor-2": Item.REFUSED}
    assert (holds(kube), rows_say(office)) == (before, said)
    office.look()
    assert rows_say(office) == said


def test_what_came_back_without_an_answer_and_was_seen_stays(kube: RunningCluster, office: Office) -> None:
    kube.add(some_peer(1, enableGracefulRestart=False), some_peer(2))
    office.look()
    edits = wanted(some_peer(1, enableGracefulRestart=True), recreate=True), wanted(some_peer(2, peerASN=64700))
    change_set = accept(office, *edits)
    refuse(kube, 1, verb="patch", name="tor-2")
    let_through(kube, 1, verb="create", resource="bgppeers")
    kube.server.faults.add(Fault(verb="create", resource="bgppeers", drop="after"))
    uids = []
    for _ in range(20):
        apply_set(change_set.pk)
        uids += [kube.peer(name)["metadata"]["uid"] for name in kube.peers() if name == "tor-1"]
        office.look()
        pass_time(change_set)
    change_set.refresh_from_db()
    assert change_set.state == State.ROLLED_BACK
    assert len(set(uids)) == 1, "it was brought back once"
    assert kube.spec("tor-1")["enableGracefulRestart"] is False


def test_a_row_that_follows_the_cluster_at_that_moment_does_not_hold_up_the_way_back(
    kube: RunningCluster, office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A row whose newest revision counts as applied is nobody's work: its change set would never be settled."""
    _start(kube, office)
    change_set = accept(office, wanted(some_peer(1, peerASN=64700)), wanted(some_peer(2)))
    refuse(kube, 1, verb="patch", name="tor-2")
    real = carrying._work

    def late(held: SetClaim, item: ChangeSetItem) -> Any:
        work = real(held, item)
        if item.state == Item.APPLIED:
            monkeypatch.setattr(carrying, "_work", real)
            kube.patch_peer("tor-1", {"holdTime": "60s"})
            office.look()
        return work

    monkeypatch.setattr(carrying, "_work", late)
    while apply_set(change_set.pk):  # nobody waits for a lease to run out
        continue
    change_set.refresh_from_db()
    assert change_set.state == State.FAILED_ROLLBACK
    assert states(change_set) == {"tor-1": Item.LEFT, "tor-2": Item.REFUSED}
    assert kube.spec("tor-1")["holdTime"] == office.row("tor-1").hold_time == "60s"


@pytest.mark.parametrize(
    ("fault", "state"), [({"drop": "before"}, State.ROLLED_BACK), ({"drop": "after"}, State.FAILED_ROLLBACK)], ids=str
)
def test_what_was_begun_and_never_in_force_is_not_left(
    kube: RunningCluster, office: Office, fault: dict[str, Any], state: str
) -> None:
    """The write got no answer, others wrote the object then, and the change set is given up."""
    _start(kube, office)
    change_set = accept(office, wanted(some_peer(1, peerASN=64700)), wanted(some_peer(2, peerASN=64700)))
    let_through(kube, 2, verb="patch", name="tor-1")  # its trial, and the fields that move
    kube.server.faults.add(Fault(verb="patch", name="tor-1", **fault))
    apply_set(change_set.pk)
    assert states(change_set)["tor-1"] == Item.TRYING
    kube.patch_peer("tor-1", {"peerASN": 64999})
    assert changeset_give_up(change_set=change_set, actor=None)
    assert carry(change_set) == state
    item = change_set.items.get(name="tor-1")
    left = state == State.FAILED_ROLLBACK
    assert item.state == (Item.LEFT if left else Item.CONFLICT)
    assert item.words.startswith("It was not in force.") is not left
    assert kube.spec("tor-1")["peerASN"] == 64999
