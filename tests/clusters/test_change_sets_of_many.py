"""Change sets of very many objects, or over a slow API server: what takes long goes on where it was, or is not waited
for.
"""

from __future__ import annotations

from time import monotonic

import pytest

from clusters.changesets.review import changeset_review
from clusters.models import ChangeSet
from clusters.sync.changesets import carry as carrying
from clusters.sync.changesets import tryout
from clusters.sync.changesets.carry import apply_set
from lab.apiserver import Fault
from tests.clusters.cluster import RunningCluster
from tests.clusters.conftest import Office
from tests.clusters.sets import accept, carry, some_peer, wanted

State = ChangeSet.State


def _requests(kube: RunningCluster, resource: str = "bgppeers") -> int:
    return sum(asked.resource == resource for _method, asked in kube.server.faults.happened)


def test_trials_that_take_longer_than_a_task_may_go_on_in_the_next(
    kube: RunningCluster, office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A task is killed after 100 seconds; one that began anew each time would never come to an end."""
    monkeypatch.setattr(carrying, "_TURN", 0.0)
    monkeypatch.setattr(tryout, "_SPELL", 0.0)
    change_set = accept(office, *(wanted(some_peer(number)) for number in range(1, 5)))
    kube.server.faults.add(Fault(resource="bgppeers", verb="create", delay=0.001, count=100))
    apply_set(change_set.pk)
    change_set.refresh_from_db()
    assert (change_set.state, change_set.tried) == (State.PENDING, 1)
    assert carry(change_set) == State.APPLIED
    # Each is tried once and made once; a trial whose connection a real API server had just closed is asked once more.
    assert 8 <= _requests(kube) < 1 + 2 + 3 + 4 + 4


def test_a_cluster_that_is_away_is_asked_once(kube: RunningCluster, office: Office) -> None:
    kube.server.faults.add(Fault(resource="bgppeers", verb="create", drop="before", count=100))
    review = changeset_review(cluster=office.cluster, edits=[wanted(some_peer(number)) for number in range(1, 9)])
    assert {item.dry_run.accepted for item in review.items} == {None}
    assert {item.dry_run.independent for item in review.items} == {True}
    assert _requests(kube) <= 4, "one object, and the retries of its request"


def test_review_waits_for_trials_no_longer_than_anybody_would(
    kube: RunningCluster, office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("clusters.changesets.review._PATIENCE", 0.5)
    kube.server.faults.add(Fault(resource="bgppeers", verb="create", delay=0.2, count=100))
    begun = monotonic()
    review = changeset_review(cluster=office.cluster, edits=[wanted(some_peer(number)) for number in range(1, 21)])
    told = [item.dry_run.accepted for item in review.items]
    assert monotonic() - begun < 3
    assert told[0] is True
    assert told[-1] is None
    assert not review.blocked()
    assert "tried before anything is written" in review.items[-1].dry_run.message


def test_a_secret_that_many_objects_name_is_looked_at_once(kube: RunningCluster, office: Office) -> None:
    kube.server.faults.add(Fault(resource="secrets", verb="get", delay=0.001, count=1000))
    edits = [wanted(some_peer(number, passwordSecret={"name": f"s-{number % 2}"})) for number in range(1, 21)]
    changeset_review(cluster=office.cluster, edits=edits, dry_run=False)
    assert _requests(kube, "secrets") == 2


def test_many_secrets_are_not_all_waited_for(kube: RunningCluster, office: Office) -> None:
    kube.server.faults.add(Fault(resource="secrets", verb="get", delay=0.001, count=1000))
    edits = [wanted(some_peer(number, passwordSecret={"name": f"s-{number}"})) for number in range(1, 51)]
    changeset_review(cluster=office.cluster, edits=edits, dry_run=False)
    assert _requests(kube, "secrets") == 20
