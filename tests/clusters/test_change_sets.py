"""Several edits as one: accepted together, tried, applied in order, and nobody else's business until they are done."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from clusters import clock
from clusters.changesets.giving_up import changeset_give_up
from clusters.changesets.judge import Judged, SomeRefused, judge_together
from clusters.changesets.review import changeset_review
from clusters.changesets.save import changeset_save
from clusters.changesets.wanted import AnyEdit, Wanted
from clusters.edits.refusals import Refused, RevisionMismatch
from clusters.kube.client import Door
from clusters.models import Change, ChangeSet, ChangeSetItem, Cluster, SyncState
from clusters.services import resource_discard, review
from clusters.sync import outbox
from clusters.sync.apply import apply_pending
from clusters.sync.changesets.carry import apply_set
from intent.findings import Finding
from lab.apiserver import Fault
from peers.models import BFDProfile, BGPPeer
from tests.clusters.cluster import NAMESPACE, RunningCluster, peer
from tests.clusters.conftest import Office
from tests.clusters.sets import (
    Item,
    accept,
    carry,
    gone,
    holds,
    pass_time,
    refuse,
    rows_say,
    some_peer,
    states,
    wanted,
)
from tests.intent.manifests import profile

State = ChangeSet.State


def _codes(found: Finding) -> str:
    return found.code


def test_what_is_referred_to_is_made_first(kube: RunningCluster, office: Office) -> None:
    change_set = accept(office, wanted(some_peer(1, bfdProfile="fast")), wanted(some_peer(2)), wanted(profile()))
    assert carry(change_set) == State.APPLIED
    assert list(states(change_set)) == ["fast", "tor-1", "tor-2"]
    assert set(states(change_set).values()) == {Item.APPLIED}
    made = kube.call(kube.server.store.get, "bfdprofiles.metallb.io", NAMESPACE, "fast")
    assert made is not None
    assert int(made["metadata"]["resourceVersion"]) < int(kube.peer("tor-1")["metadata"]["resourceVersion"])
    assert {row.sync_state for row in BGPPeer.objects.all()} == {SyncState.IN_SYNC}


def test_deletions_come_last_and_the_other_way_round(kube: RunningCluster, office: Office) -> None:
    """MetalLB's webhook refuses to delete a BFDProfile that a peer names (bfdprofile_webhook.go)."""
    kube.add(profile(), some_peer(1, bfdProfile="fast"), some_peer(2, bfdProfile="fast"))
    office.look()
    edits = gone("fast", "BFDProfile"), gone("tor-2"), wanted(some_peer(1))
    change_set = accept(office, *edits)
    assert carry(change_set) == State.APPLIED
    assert list(states(change_set)) == ["tor-1", "tor-2", "fast"]
    assert holds(kube).keys() == {("BGPPeer", "tor-1")}
    assert rows_say(office).keys() == {("BGPPeer", "tor-1")}


def test_everything_is_saved_in_one_transaction(kube: RunningCluster, office: Office) -> None:
    with CaptureQueriesContext(connection) as asked:
        accept(office, *(wanted(some_peer(number)) for number in range(1, 21)), note="a rack")
    statements = [query["sql"] for query in asked]
    writes = [number for number, sql in enumerate(statements) if sql.startswith(("INSERT", "UPDATE"))]
    looks = [number for number, sql in enumerate(statements) if '"clusters_node"' in sql]
    begun = [number for number, sql in enumerate(statements) if sql.startswith(("SAVEPOINT", "BEGIN"))]
    assert (len(looks), looks[0] < writes[0]) == (1, True), "judged before others have to wait"
    ends = [number for number, sql in enumerate(statements) if sql.startswith(("RELEASE", "COMMIT"))]
    assert (begun[0] < writes[0], ends[-1] > writes[-1]) == (True, True)
    assert statements[begun[0]].split()[-1] == statements[ends[-1]].split()[-1], "all are in the outermost one"
    assert (BGPPeer.objects.count(), ChangeSetItem.objects.count(), Change.objects.count()) == (20, 20, 20)
    change = Change.objects.first()
    assert change is not None
    assert (change.message, change.change_set) == ("a rack", ChangeSet.objects.get())


def test_a_long_set_is_prepared_in_few_queries(kube: RunningCluster, office: Office) -> None:
    def queries(number: int) -> int:
        edits = [wanted(some_peer(one)) for one in range(1, number + 1)]
        with CaptureQueriesContext(connection) as asked:
            changeset_review(cluster=office.cluster, edits=edits, dry_run=False)
        return len(asked)

    assert queries(3) == queries(60)


def test_one_that_the_rules_refuse_stops_all(kube: RunningCluster, office: Office) -> None:
    edits = wanted(some_peer(1)), wanted(some_peer(2, peerASN=0)), wanted(profile())
    with pytest.raises(SomeRefused) as refused:
        accept(office, *edits)
    assert [bool(found) for found in refused.value.findings] == [False, True, False]
    assert not ChangeSet.objects.exists()
    assert (BGPPeer.objects.count(), Change.objects.count()) == (0, 0)


def test_they_are_judged_beside_each_other(kube: RunningCluster, office: Office) -> None:
    with pytest.raises(SomeRefused) as refused:
        accept(office, wanted(peer("one")), wanted(peer("two")))
    assert all(refused.value.findings)
    review = changeset_review(
        cluster=office.cluster, edits=[wanted(some_peer(1, bfdProfile="fast")), wanted(profile())]
    )
    assert not review.blocked()
    assert [item.ref.name for item in review.items] == ["fast", "tor-1"]
    assert review.given == (1, 0)


def test_nothing_to_do_is_no_change_set(kube: RunningCluster, office: Office) -> None:
    kube.add(some_peer(1))
    office.look()
    edits = [wanted(some_peer(1))]
    assert changeset_review(cluster=office.cluster, edits=edits).nothing
    assert changeset_save(cluster=office.cluster, edits=edits, actor=None, source="api") is None


def test_what_others_changed_since_it_was_seen_is_no_object_that_stands(kube: RunningCluster, office: Office) -> None:
    carry(accept(office, wanted(some_peer(1)), wanted(some_peer(2))))
    kube.patch_peer("tor-2", {"holdTime": "77s"})
    change_set = accept(office, wanted(some_peer(1)), wanted(some_peer(2)))
    assert (carry(change_set), list(states(change_set))) == (State.ROLLED_BACK, ["tor-2"])
    assert kube.spec("tor-2")["holdTime"] == "77s"


def test_review_tries_each_and_says_what_is_introduced_and_solved(kube: RunningCluster, office: Office) -> None:
    kube.add(some_peer(1, bfdProfile="fast"))
    office.look()
    refuse(kube, 0, verb="patch", name="tor-1", words="tor-1 is holy")
    review = changeset_review(
        cluster=office.cluster, edits=[wanted(profile()), wanted(some_peer(1, bfdProfile="fast", peerASN=64700))]
    )
    assert [item.dry_run.accepted for item in review.items] == [True, False]
    assert "tor-1 is holy" in review.items[1].dry_run.message
    assert [diff.path for diff in review.items[1].diff] == ["spec.peerASN"]
    assert list(map(_codes, review.solved)) == ["bfd-profile-missing"]
    assert review.blocked()


def test_all_are_tried_before_the_first_is_written(kube: RunningCluster, office: Office) -> None:
    kube.add(some_peer(1), some_peer(2))
    office.look()
    before, said = holds(kube), rows_say(office)
    change_set = accept(office, wanted(some_peer(1, peerASN=64700)), wanted(some_peer(2, peerASN=64700)))
    refuse(kube, 0, verb="patch", name="tor-2")
    assert carry(change_set) == State.ROLLED_BACK
    assert states(change_set) == {"tor-1": Item.SKIPPED, "tor-2": Item.REFUSED}
    assert change_set.message.startswith("BGPPeer tor-2: admission webhook")
    assert (holds(kube), rows_say(office)) == (before, said)
    assert kube.peer("tor-1")["metadata"]["generation"] == 1


def test_what_only_the_others_make_possible_is_not_refused_by_a_trial(
    kube: RunningCluster, office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    """MetalLB's webhook judges a peer beside those that stand (validate.go); a swap of addresses is fine as a whole."""
    kube.add(some_peer(1))
    office.look()
    tried = Door.create

    def webhook(door: Door, kind: object, manifest: dict[str, dict[str, str]], *, dry_run: bool = False) -> object:
        taken = {one["spec"]["peerAddress"] for one in kube.call(kube.server.store.list, "bgppeers.metallb.io")}
        if manifest["spec"]["peerAddress"] in taken:
            from clusters.kube.errors import Rejected

            raise Rejected("duplicate peer address", code=403)
        return tried(door, kind, manifest, dry_run=dry_run)  # type: ignore[arg-type]

    monkeypatch.setattr(Door, "create", webhook)
    edits = wanted(some_peer(1, peerAddress="192.0.2.9")), wanted(some_peer(2, peerAddress="192.0.2.1"))
    review = changeset_review(cluster=office.cluster, edits=edits)
    assert [(item.dry_run.accepted, item.dry_run.independent) for item in review.items] == [(True, True), (None, False)]
    assert "BGPPeer tor-1 of this change" in review.items[1].dry_run.message
    assert carry(accept(office, *edits)) == State.APPLIED


def test_the_cluster_away_costs_time_and_nothing_else(kube: RunningCluster, office: Office) -> None:
    kube.add(some_peer(1))
    office.look()
    change_set = accept(office, wanted(some_peer(1, peerASN=64700)), wanted(some_peer(2)))
    kube.stop()
    try:
        pauses = []
        for _ in range(3):
            apply_set(change_set.pk)
            change_set.refresh_from_db()
            assert change_set.retry_at is not None
            pauses.append(round((change_set.retry_at - clock.now()).total_seconds()))
            pass_time(change_set)
        office.look()
    finally:
        kube.start()
    assert (pauses, change_set.state) == ([1, 2, 4], State.PENDING)
    office.look()
    change_set.refresh_from_db()
    assert change_set.retry_at is None, "the cluster is back, so there is nothing to wait for"
    assert change_set.pk in outbox.sets_left_over(clock.now())
    assert carry(change_set) == State.APPLIED
    assert kube.spec("tor-1")["peerASN"] == 64700


@pytest.mark.parametrize("fault", [{"code": 503}, {"drop": "before"}, {"drop": "after"}], ids=str)
def test_a_write_without_an_answer_is_tried_again_and_acts_once(
    kube: RunningCluster, office: Office, fault: dict[str, str]
) -> None:
    change_set = accept(office, wanted(some_peer(1)), wanted(some_peer(2)))
    kube.server.faults.add(Fault(verb="create", resource="bgppeers", delay=0.0, count=2))  # the trials
    kube.server.faults.add(Fault(verb="create", resource="bgppeers", **fault))  # type: ignore[arg-type]
    assert carry(change_set) == State.APPLIED
    assert [kube.peer(f"tor-{number}")["metadata"]["generation"] for number in (1, 2)] == [1, 1]


def test_its_rows_are_worked_on_by_nobody_else(kube: RunningCluster, office: Office) -> None:
    kube.add(some_peer(1))
    office.look()
    change_set = accept(office, wanted(some_peer(1, peerASN=64700)), wanted(some_peer(2)))
    assert outbox.left_over(clock.now()) == []
    assert outbox.is_empty(office.cluster)
    assert outbox.sets_left_over(clock.now()) == [change_set.pk]
    for row in BGPPeer.objects.all():
        assert apply_pending("BGPPeer", row.pk) == []
    assert kube.peers() == ["tor-1"]


def test_an_edit_by_others_meanwhile_is_refused_and_told_where_to_wait(kube: RunningCluster, office: Office) -> None:
    kube.add(some_peer(1))
    office.look()
    change_set = accept(office, wanted(some_peer(1, peerASN=64700)), wanted(some_peer(2)))
    with pytest.raises(Refused, match=f"Change set {change_set.pk} is not settled"):
        office.save(some_peer(1, peerASN=64800))
    with pytest.raises(Refused, match=f"Change set {change_set.pk} is not settled"):
        office.delete(office.row())
    with pytest.raises(SomeRefused):
        accept(office, wanted(some_peer(2, peerASN=64800)))
    with pytest.raises(RevisionMismatch) as mismatch:
        resource_discard(row=office.row(), actor=None)
    assert f"change set {change_set.pk}" in mismatch.value.note
    seen = review(
        cluster=office.cluster, kind="BGPPeer", namespace=NAMESPACE, name="tor-1", manifest=some_peer(1), dry_run=False
    )
    assert "held-by-change-set" in map(_codes, seen.findings)
    assert carry(change_set) == State.APPLIED
    office.save(some_peer(1, peerASN=64800))


def test_an_edit_on_its_way_is_not_overtaken(kube: RunningCluster, office: Office) -> None:
    office.save(some_peer(1))
    with pytest.raises(SomeRefused) as refused:
        accept(office, wanted(some_peer(1, peerASN=64700)), wanted(some_peer(2)))
    assert [finding.code for finding in refused.value.findings[0]] == ["edit-on-its-way"]


def test_who_saves_between_judging_and_saving_is_not_overwritten(
    kube: RunningCluster, office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    kube.add(some_peer(1))
    office.look()
    calls: list[object] = []

    def and_meanwhile(edits: Sequence[AnyEdit], **options: bool) -> Judged:
        found = judge_together(edits, **options)
        if not calls:
            calls.append(office.work(office.save(some_peer(1, peerASN=64800))))
        return found

    monkeypatch.setattr("clusters.changesets.save.judge_together", and_meanwhile)
    with pytest.raises(RevisionMismatch):
        accept(office, wanted(some_peer(1, peerASN=64700), base_revision=1), wanted(some_peer(2)))
    assert not ChangeSet.objects.exists()
    assert BGPPeer.objects.count() == 1
    assert kube.spec("tor-1")["peerASN"] == 64800


def test_two_workers_with_the_same_task_write_once(kube: RunningCluster, office: Office) -> None:
    change_set = accept(office, wanted(some_peer(1)), wanted(some_peer(2)))
    applied = Door.create
    inner = []

    def and_another(door: Door, *args: object, **more: object) -> object:
        inner.append(apply_set(change_set.pk))
        return applied(door, *args, **more)  # type: ignore[arg-type]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Door, "create", and_another)
        assert carry(change_set) == State.APPLIED
    assert set(inner) == {False}


def test_passwords_are_no_part_of_a_set(kube: RunningCluster, office: Office) -> None:
    kube.add(some_peer(1, password="hunter2-canary"))
    office.look()
    with pytest.raises(SomeRefused) as refused:
        accept(office, wanted(some_peer(2, password="hunter2-canary")), gone("tor-1"))
    codes = [[finding.code for finding in found] for found in refused.value.findings]
    assert codes == [["password-in-list"], ["password-cannot-return"]]
    assert carry(accept(office, gone("tor-1"))) == State.APPLIED, "alone it takes nothing back"


def test_the_number_of_what_is_not_there_is_told(kube: RunningCluster, office: Office) -> None:
    with pytest.raises(SomeRefused) as refused:
        accept(office, gone("tor-1"), wanted(some_peer(2)))
    assert [finding.code for finding in refused.value.findings[0]] == ["not-there"]


def test_giving_up_takes_back_what_is_in_force(kube: RunningCluster, office: Office) -> None:
    kube.add(some_peer(1))
    office.look()
    before, said = holds(kube), rows_say(office)
    change_set = accept(office, wanted(some_peer(1, peerASN=64700)), wanted(some_peer(2)))
    kube.server.faults.add(Fault(verb="create", resource="bgppeers", delay=0.0, count=1))
    kube.server.faults.add(Fault(verb="create", resource="bgppeers", code=503))
    apply_set(change_set.pk)
    change_set.refresh_from_db()
    assert states(change_set) == {"tor-1": Item.APPLIED, "tor-2": Item.TRYING}
    assert changeset_give_up(change_set=change_set, actor=None)
    assert not changeset_give_up(change_set=change_set, actor=None)
    assert carry(change_set) == State.ROLLED_BACK
    assert (holds(kube), rows_say(office)) == (before, said)


def test_kinds_that_are_not_known_are_no_edits(kube: RunningCluster, office: Office) -> None:
    with pytest.raises(KeyError):
        accept(office, Wanted("Secret", NAMESPACE, "x", {"kind": "Secret"}))
    assert not BFDProfile.objects.exists()


def test_rows_are_written_in_one_order_whatever_the_order_of_work(kube: RunningCluster, office: Office) -> None:
    """Two that each wait for a row of the other would both end in an error of PostgreSQL (13.3.4, Deadlocks)."""
    edits = [wanted(some_peer(number)) for number in (3, 1, 2)]
    accept(office, *edits, wanted(profile()))
    assert list(BGPPeer.objects.order_by("pk").values_list("name", flat=True)) == ["tor-1", "tor-2", "tor-3"]
    items = ChangeSetItem.objects.order_by("position").values_list("name", flat=True)
    assert list(items) == ["fast", "tor-3", "tor-1", "tor-2"]


def test_a_cluster_that_is_back_does_not_cut_short_the_time_in_which_an_object_is_gone(
    kube: RunningCluster, office: Office
) -> None:
    """What came back within MetalLB's debounce of 3 seconds would never have been gone for its speakers."""
    kube.add(some_peer(1))
    office.look()
    change_set = accept(office, wanted(some_peer(1, peerASN=64700), recreate=True))
    apply_set(change_set.pk)
    change_set.refresh_from_db()
    assert (states(change_set), kube.peers()) == ({"tor-1": Item.DELETED}, [])
    until = change_set.retry_at
    Cluster.objects.update(error="away")
    office.look()
    change_set.refresh_from_db()
    assert change_set.retry_at == until is not None
    assert carry(change_set) == State.APPLIED
