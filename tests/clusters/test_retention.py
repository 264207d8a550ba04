"""History is kept as long as the settings say."""

from __future__ import annotations

from datetime import timedelta

from pytest_django import Settings

from clusters import clock
from clusters.models import Change, Cluster, NodeEvent
from clusters.retention import expire
from dashboard.tasks import history_expire
from speakers.models import CounterDay, Gap, Transition


def test_changes_and_transitions_have_their_own_age(db: None, settings: Settings) -> None:
    settings.BGPUI_CHANGE_DAYS, settings.BGPUI_TRANSITION_DAYS, settings.BGPUI_COUNTER_DAYS = 100, 10, 30
    cluster, now = Cluster.objects.create(name="lab"), clock.now()
    for days in (5, 50, 500):
        change = Change.objects.create(cluster=cluster, kind="BGPPeer", name=str(days))
        at = now - timedelta(days=days)
        Change.objects.filter(pk=change.pk).update(at=at)
        Transition.objects.create(cluster=cluster, node=str(days), vrf="default", neighbor="x", at=at, new_state="Idle")
        Gap.objects.create(cluster=cluster, node=str(days), began_at=at - timedelta(days=30), ended_at=at)
        NodeEvent.objects.create(cluster=cluster, node=str(days), at=at, kind=NodeEvent.Kind.READY)
        CounterDay.objects.create(cluster=cluster, node=str(days), day=at.date(), points=b"")
    history_expire()
    assert set(Change.objects.values_list("name", flat=True)) == {"5", "50"}
    for model in (Transition, Gap, NodeEvent, CounterDay):
        assert set(model.objects.values_list("node", flat=True)) == {"5"}


def test_more_than_one_transaction_is_done(db: None) -> None:
    cluster = Cluster.objects.create(name="lab")
    Change.objects.bulk_create(Change(cluster=cluster, kind="BGPPeer", name=str(n)) for n in range(501))
    assert (expire(Change.objects.all()), Change.objects.count()) == (501, 0)
