"""Giving a change set up takes back what is in force, and what that destroys is confirmed with the numbers."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from django.contrib.auth.models import User
from django.test import Client
from pytest_django import Settings
from rest_framework.test import APIClient

from bgpui.roles import role_give
from clusters import clock
from clusters.changesets.giving_up import changeset_give_up, to_confirm
from clusters.edits.refusals import Unconfirmed
from clusters.heard import Heard, register
from clusters.models import ChangeSet, ChangeSetItem, Cluster
from clusters.sync.changesets.carry import apply_set
from lab.apiserver import Fault
from speakers.heard import heard_of, print_of
from tests.clusters.cluster import RunningCluster, node
from tests.clusters.conftest import Office
from tests.clusters.sets import accept, carry, pass_time, some_peer, states, wanted


@pytest.fixture
def half_done(kube: RunningCluster, office: Office, settings: Settings) -> ChangeSet:
    """One of two peers has another AS number, which ended its session on the only node; the other is not there yet."""
    settings.BGPUI_CONFIRM_SESSIONS = 25.0
    kube.add(node("node-0"), some_peer(1))
    office.look()
    edits = wanted(some_peer(1, peerASN=64700)), wanted(some_peer(2))
    change_set = accept(office, *edits, accept=["sessions-reset:1-of-1"])
    assert to_confirm(change_set) == (), "nothing is in force"
    _refuse_create(kube, after=1)
    apply_set(change_set.pk)
    change_set.refresh_from_db()
    assert states(change_set)["tor-1"] == ChangeSetItem.State.APPLIED
    return change_set


def test_what_is_in_force_and_would_reset_sessions_is_asked_about(half_done: ChangeSet, office: Office) -> None:
    with pytest.raises(Unconfirmed) as asked:
        changeset_give_up(change_set=half_done, actor=None)
    assert list(map(str, asked.value.needed)) == ["sessions-reset:1-of-1"]
    half_done.refresh_from_db()
    assert half_done.state == ChangeSet.State.APPLYING
    assert changeset_give_up(change_set=half_done, actor=None, accept=["sessions-reset:1-of-1"])
    half_done.refresh_from_db()
    assert half_done.message == "Given up, confirmed: sessions-reset:1-of-1."
    assert carry(half_done) == ChangeSet.State.ROLLED_BACK


def test_what_comes_into_force_while_it_is_judged_is_confirmed_too(
    kube: RunningCluster, office: Office, settings: Settings
) -> None:
    settings.BGPUI_CONFIRM_SESSIONS = 25.0
    kube.add(node("node-0"), some_peer(1))
    office.look()
    edits = wanted(some_peer(1, peerASN=64700)), wanted(some_peer(2)), wanted(some_peer(3))
    change_set = accept(office, *edits, accept=["sessions-reset:1-of-1"])
    _refuse_create(kube, after=2)  # both are tried before one is made
    apply_set(change_set.pk)
    assert list(map(str, to_confirm(change_set))) == ["sessions-reset:1-of-1"]

    def meanwhile(cluster: Cluster, _now: datetime | None) -> Heard:
        register(heard_of, print_of)
        _refuse_create(kube, after=1)
        pass_time(change_set)
        apply_set(change_set.pk)
        return heard_of(cluster)

    register(meanwhile, print_of)
    try:
        with pytest.raises(Unconfirmed) as asked:
            changeset_give_up(change_set=change_set, actor=None, accept=["sessions-reset:1-of-1"])
    finally:
        register(heard_of, print_of)
    assert states(change_set)["tor-2"] == ChangeSetItem.State.APPLIED
    assert list(map(str, asked.value.needed)) == ["sessions-reset:2-of-2"]
    change_set.refresh_from_db()
    assert change_set.state == ChangeSet.State.APPLYING


def test_what_others_change_while_it_is_judged_is_confirmed_too(
    half_done: ChangeSet, kube: RunningCluster, office: Office
) -> None:
    kube.patch_peer("tor-1", {"peerASN": 64600})
    office.look()
    assert to_confirm(half_done) == (), "others have put it back"

    def meanwhile(cluster: Cluster, _now: datetime | None) -> Heard:
        register(heard_of, print_of)
        kube.patch_peer("tor-1", {"peerASN": 64700})
        office.look()
        return heard_of(cluster)

    register(meanwhile, print_of)
    try:
        with pytest.raises(Unconfirmed) as asked:
            changeset_give_up(change_set=half_done, actor=None)
    finally:
        register(heard_of, print_of)
    assert list(map(str, asked.value.needed)) == ["sessions-reset:1-of-1"]


def test_what_a_worker_is_at_may_be_in_force(kube: RunningCluster, office: Office, settings: Settings) -> None:
    """It has sent the object, and nobody has seen the answer yet."""
    settings.BGPUI_CONFIRM_SESSIONS = 25.0
    kube.add(node("node-0"), some_peer(1))
    office.look()
    change_set = accept(
        office, wanted(some_peer(1, peerASN=64700)), wanted(some_peer(2)), accept=["sessions-reset:1-of-1"]
    )
    change_set.items.filter(name="tor-1").update(state=ChangeSetItem.State.TRYING)
    ChangeSet.objects.filter(pk=change_set.pk).update(lease_until=clock.now() + timedelta(minutes=1))
    assert list(map(str, to_confirm(change_set))) == ["sessions-reset:1-of-1"]
    pass_time(change_set)
    assert to_confirm(change_set) == (), "nobody is at it, and it is not there"


def _refuse_create(kube: RunningCluster, after: int) -> None:
    kube.server.faults.add(Fault(verb="create", resource="bgppeers", delay=0.0, count=after))
    kube.server.faults.add(Fault(verb="create", resource="bgppeers", code=503))


def test_the_page_and_rest_ask_with_the_numbers(half_done: ChangeSet, client: Client) -> None:
    user = User.objects.create_user("editor")
    role_give(user=user, role="editor")
    client.force_login(user)
    api = APIClient()
    api.force_authenticate(user)
    told = api.post(f"/api/v1/changesets/{half_done.pk}/give-up/")
    assert (told.status_code, told.json()["confirm"]) == (422, ["sessions-reset:1-of-1"])
    page = client.post(f"{half_done.get_absolute_url()}give-up/")
    assert (page.status_code, 'value="sessions-reset:1-of-1"' in page.text) == (422, True)
    assert "1 of 1 sessions reset or close." in page.text
    client.post(f"{half_done.get_absolute_url()}give-up/", {"accept": "sessions-reset:1-of-1"})
    half_done.refresh_from_db()
    assert half_done.state == ChangeSet.State.ROLLING_BACK
