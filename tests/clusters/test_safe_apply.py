"""A change on trial: reverted unless it is confirmed in time, once, whatever dies meanwhile."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User

from clusters import clock
from clusters.changesets import judge as judging_together
from clusters.changesets.giving_up import changeset_give_up
from clusters.changesets.judge import SomeRefused
from clusters.edits import judging
from clusters.edits.refusals import Refused
from clusters.models import Change, ChangeSet, ChangeSetItem, Node, Trial
from clusters.sync import outbox
from clusters.sync.changesets.carry import apply_set
from clusters.sync.changesets.close import sets_close
from clusters.tasks import watch_trials
from clusters.trials.ending import trial_keep, trial_revert
from clusters.trials.stays import counted_stays
from clusters.trials.watch import trials_watch
from peers.models import BGPPeer
from speakers.models import Session, Speaker
from tests.clusters.cluster import RunningCluster
from tests.clusters.conftest import Office
from tests.clusters.sets import accept, carry, die_at, gone, holds, rows_say, some_peer, states, wanted
from tests.intent.manifests import profile
from tests.kinds import example
from tests.pages.rows import a_session, a_speaker, down
from tests.pages.services import a_service

State, Item = ChangeSet.State, ChangeSetItem.State
FIVE = timedelta(minutes=5)


@pytest.fixture
def before(kube: RunningCluster, office: Office) -> Any:
    """What the cluster and the rows say at the beginning."""
    kube.add(some_peer(1, labels={"team": "net"}), some_peer(2, holdTime="90s"), some_peer(3))
    office.look()
    return holds(kube), rows_say(office)


def on_trial(office: Office) -> ChangeSet:
    """Made, changed and deleted, and in force."""
    edits = gone("tor-3"), wanted(some_peer(1, peerASN=64700)), wanted(profile())
    change_set = accept(office, *edits, window=FIVE)
    assert carry(change_set) == State.APPLIED
    return change_set


def trial_of(change_set: ChangeSet) -> Trial:
    return Trial.objects.select_related("change_set__cluster").get(pk=change_set.pk)


def time_is_over(change_set: ChangeSet) -> None:
    Trial.objects.filter(pk=change_set.pk).update(deadline=clock.now() - timedelta(seconds=1))


def test_what_nobody_confirms_is_reverted_and_the_history_says_why(
    kube: RunningCluster, office: Office, before: Any
) -> None:
    change_set = on_trial(office)
    trial = trial_of(change_set)
    assert trial.in_force_at is not None
    assert trial.deadline == trial.in_force_at + FIVE
    assert trials_watch() == 0
    time_is_over(change_set)
    assert trials_watch() == 1
    assert carry(change_set) == State.ROLLED_BACK
    assert set(states(change_set).values()) == {Item.UNDONE}
    assert (holds(kube), rows_say(office)) == before
    assert (change_set.message, trial_of(change_set).reason) == ("Nobody confirmed within 5 min.",) * 2
    told = {one.message for one in Change.objects.filter(change_set=change_set).order_by("-pk")[:3]}
    assert told == {"Reverted: Nobody confirmed within 5 min."}


def test_what_is_confirmed_stays(kube: RunningCluster, office: Office, before: Any) -> None:
    change_set = on_trial(office)
    ann = User.objects.create_user("ann")
    assert trial_keep(trial=trial_of(change_set), actor=ann)
    after = holds(kube)
    time_is_over(change_set)
    assert trials_watch() == 0
    assert not trial_revert(trial=trial_of(change_set), reason="too late")
    assert (holds(kube), trial_of(change_set).reason, trial_of(change_set).ended_by) == (
        after,
        "Confirmed by ann.",
        ann,
    )
    assert after != before[0]


def test_it_is_confirmed_only_in_force_and_in_time(office: Office, before: Any) -> None:
    change_set = accept(office, wanted(some_peer(1, peerASN=64700)), window=FIVE)
    assert not trial_keep(trial=trial_of(change_set), actor=None)
    carry(change_set)
    time_is_over(change_set)
    assert not trial_keep(trial=trial_of(change_set), actor=None)


def test_what_does_not_come_into_force_in_time_is_given_up(kube: RunningCluster, office: Office, before: Any) -> None:
    change_set = accept(office, wanted(some_peer(1, peerASN=64700)), gone("tor-3"), window=FIVE)
    time_is_over(change_set)
    assert trials_watch() == 1
    assert carry(change_set) == State.ROLLED_BACK
    assert (holds(kube), rows_say(office)) == before
    assert change_set.message == "It was not in force within 5 min."


def test_a_set_that_is_given_up_or_refused_ends_its_trial(office: Office, before: Any) -> None:
    change_set = accept(office, wanted(some_peer(1, peerASN=64700)), window=FIVE)
    assert changeset_give_up(change_set=change_set, actor=None)
    assert carry(change_set) == State.ROLLED_BACK
    assert trial_of(change_set).state == Trial.State.VOID
    time_is_over(change_set)
    assert trials_watch() == 0


def test_what_others_changed_meanwhile_is_left_alone_and_told(
    kube: RunningCluster, office: Office, before: Any
) -> None:
    change_set = on_trial(office)
    kube.patch_peer("tor-1", {"peerASN": 64999})
    office.look()
    time_is_over(change_set)
    watch_trials()
    assert carry(change_set) == State.FAILED_ROLLBACK
    assert states(change_set) == {"fast": Item.UNDONE, "tor-1": Item.LEFT, "tor-3": Item.UNDONE}
    assert kube.spec("tor-1")["peerASN"] == 64999
    assert "spec.peerASN" in change_set.items.get(name="tor-1").words


def test_an_object_on_trial_is_not_edited_until_that_is_over(office: Office, before: Any) -> None:
    change_set = on_trial(office)
    with pytest.raises(Refused) as refused:
        office.save(some_peer(1, peerASN=64701))
    (found,) = refused.value.findings
    assert (found.code, found.value) == ("held-by-change-set", str(change_set.pk))
    assert "kept or reverted there" in found.hint
    with pytest.raises(SomeRefused):
        accept(office, gone("tor-1"))
    assert trial_keep(trial=trial_of(change_set), actor=None)
    assert office.save(some_peer(1, peerASN=64701)).pending


def test_what_a_trial_deleted_is_not_made_anew_before_it_is_over(
    kube: RunningCluster, office: Office, before: Any
) -> None:
    change_set = on_trial(office)
    assert not BGPPeer.objects.filter(name="tor-3").exists()
    with pytest.raises(Refused) as refused:
        office.save(some_peer(3, holdTime="90s"))
    assert [(one.code, one.value) for one in refused.value.findings] == [("held-by-change-set", str(change_set.pk))]
    time_is_over(change_set)
    watch_trials()
    assert carry(change_set) == State.ROLLED_BACK
    assert (holds(kube), rows_say(office)) == before
    assert office.save(some_peer(3, holdTime="90s")).pending


@pytest.mark.parametrize("together", [False, True], ids=["alone", "in a set"])
def test_nor_is_one_that_a_trial_deletes_while_the_new_one_is_judged(
    kube: RunningCluster, office: Office, monkeypatch: pytest.MonkeyPatch, together: bool
) -> None:
    real = judging.judge

    def judge(*args: Any, **more: Any) -> Any:
        found = real(*args, **more)
        monkeypatch.undo()
        kube.add(some_peer(3))
        office.look()
        assert carry(accept(office, gone("tor-3"), window=FIVE)) == State.APPLIED
        return found

    for module in (judging, judging_together):
        monkeypatch.setattr(module, "judge", judge)
    with pytest.raises((Refused, SomeRefused)):
        accept(office, wanted(some_peer(3))) if together else office.save(some_peer(3))
    assert not BGPPeer.objects.exists()


def test_a_password_cannot_be_on_trial(kube: RunningCluster, office: Office) -> None:
    kube.add(some_peer(1, password="hunter22"))
    office.look()
    with pytest.raises(SomeRefused) as refused:
        accept(office, gone("tor-1"), window=FIVE)
    assert [found.code for found in refused.value.findings[0]] == ["password-cannot-return"]


@pytest.mark.parametrize("moment", ["before", "after"])
@pytest.mark.parametrize("step", range(0, 9, 2))
def test_a_worker_killed_at_any_step_of_the_revert_is_followed_by_another(
    kube: RunningCluster, office: Office, before: Any, monkeypatch: pytest.MonkeyPatch, step: int, moment: str
) -> None:
    change_set = on_trial(office)
    time_is_over(change_set)
    watch_trials()
    calls = die_at(monkeypatch, moment, step)
    try:
        apply_set(change_set.pk)
        assert len(calls) <= step
    except KeyboardInterrupt:
        assert not apply_set(change_set.pk), "the lease of the dead holds"
    watch_trials()
    assert carry(change_set) == State.ROLLED_BACK
    monkeypatch.undo()
    assert (holds(kube), rows_say(office)) == before
    backs = Change.objects.filter(change_set=change_set, message__startswith="Reverted:")
    assert sorted(backs.values_list("name", flat=True)) == ["fast", "tor-1", "tor-3"]


def test_of_two_workers_that_see_it_overdue_one_reverts_it(office: Office, before: Any) -> None:
    change_set = on_trial(office)
    time_is_over(change_set)
    both = [trial_of(change_set), trial_of(change_set)]
    assert [trial_revert(trial=one, reason="Nobody.") for one in both] == [True, False]
    change_set.refresh_from_db()
    assert change_set.state == State.ROLLING_BACK


def test_a_lost_message_is_found_by_beat(office: Office, before: Any) -> None:
    """Redis may be away or restarted: the rows say what is to be done."""
    change_set = on_trial(office)
    time_is_over(change_set)
    watch_trials()
    assert outbox.sets_left_over(clock.now()) == [change_set.pk]


def test_a_cluster_that_is_given_up_ends_its_trials(office: Office, before: Any) -> None:
    change_set = on_trial(office)
    sets_close(ChangeSet.objects.filter(cluster=office.cluster), "The cluster was removed.")
    assert (trial_of(change_set).state, trial_of(change_set).reason) == (Trial.State.KEPT, "The cluster was removed.")


# What has to stay: sessions that were up, as FRR said.


@pytest.fixture
def sessions(office: Office, before: Any) -> dict[str, Session]:
    """A session of each peer, up with four prefixes."""
    Node.objects.get_or_create(cluster=office.cluster, name="node-1", defaults={"uid": "1"})
    speaker = a_speaker(office.cluster, "node-1")
    return {
        f"tor-{n}": a_session(speaker, f"192.0.2.{n}", peer=f"tor-{n}", prefixes_sent=4, families=["ipv4Unicast"])
        for n in (1, 2)
    }


def now(session: Session, **columns: Any) -> None:
    Session.objects.filter(pk=session.pk).update(**columns)


def a_change(office: Office, **spec: Any) -> ChangeSet:
    change_set = accept(office, wanted(some_peer(1, **spec)), window=FIVE)
    carry(change_set)
    return change_set


def grace_is_over(change_set: ChangeSet) -> None:
    Trial.objects.filter(pk=change_set.pk).update(in_force_at=clock.now() - timedelta(seconds=91))


def test_a_session_that_has_to_stay_and_does_not_is_a_reason_at_once(
    office: Office, sessions: dict[str, Session]
) -> None:
    change_set = a_change(office, holdTime="60s")
    assert trials_watch() == 0
    Speaker.objects.update(misses=3)
    now(sessions["tor-2"], **down())
    assert trials_watch() == 0  # what was seen is old: nobody says that it is down now
    Speaker.objects.update(misses=0)
    assert trials_watch() == 1
    words = "1 session that has to stay is not Established: node-1 → 192.0.2.2 (The hold timer expired)."
    assert trial_of(change_set).reason == words


def test_a_session_that_the_change_resets_has_time_to_come_back(office: Office, sessions: dict[str, Session]) -> None:
    # FRR's bgpd ends a session that gets another remote AS; see tests/frr/test_resets.py.
    change_set = a_change(office, peerASN=64700)
    now(sessions["tor-1"], **down())
    assert trials_watch() == 0
    grace_is_over(change_set)
    assert trials_watch() == 1


def test_a_session_that_the_change_closes_need_not_stay(office: Office, sessions: dict[str, Session]) -> None:
    change_set = accept(office, gone("tor-1"), window=FIVE)
    carry(change_set)
    sessions["tor-1"].delete()
    grace_is_over(change_set)
    assert trials_watch() == 0
    assert counted_stays(trial_of(change_set).stays) == (1, 0)


@pytest.mark.parametrize("services", [4, 3])
def test_prefixes_that_have_to_stay_are_missed_unless_their_services_went(
    kube: RunningCluster, office: Office, sessions: dict[str, Session], services: int
) -> None:
    kube.add(
        {**example("IPAddressPool", "blue"), "spec": {"addresses": ["203.0.113.0/24"]}},
        {**example("BGPAdvertisement", "all"), "spec": {"ipAddressPools": ["blue"]}},
    )
    office.look()
    Node.objects.get_or_create(cluster=office.cluster, name="node-1", defaults={"uid": "1"})
    change_set = a_change(office, holdTime="60s")
    for number in range(services):
        a_service(office.cluster, f"web-{number}", f"203.0.113.{number}", pool="blue", endpoint_nodes=["node-1"])
    now(sessions["tor-2"], prefixes_sent=3)
    assert trials_watch() == 0
    grace_is_over(change_set)
    assert trials_watch() == (services > 3)
    if services > 3:
        words = "Prefixes that have to stay are not announced any more on 1 session: node-1 → 192.0.2.2 (3 of 4)."
        assert trial_of(change_set).reason == words
