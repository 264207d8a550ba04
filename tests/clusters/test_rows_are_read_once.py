"""Rows that say the same are taken as the same object, whoever asks; one that changes is read anew."""

from __future__ import annotations

import pytest

from clusters.intended import desired_resource
from clusters.models import Cluster, Node, Service
from clusters.registry import resource_models
from clusters.selectors import snapshot_of
from intent.snapshot import Resource
from peers.models import BFDProfile
from tests.kinds import NAMESPACE, saved

pytestmark = pytest.mark.django_db


@pytest.fixture
def cluster() -> Cluster:
    return Cluster.objects.create(name="lab", namespace=NAMESPACE)


@pytest.mark.parametrize("kind", sorted(resource_models()))
def test_a_row_is_read_as_its_model_says_it(cluster: Cluster, kind: str) -> None:
    row = saved(cluster, kind)
    (found,) = snapshot_of(cluster, desired=True).resources
    assert found == desired_resource(row)


def test_only_what_changed_is_made_anew(cluster: Cluster) -> None:
    first, second = (saved(cluster, "BFDProfile", name) for name in ("first", "second"))
    Node.objects.create(cluster=cluster, name="node-1", uid="1", labels={"rack": "a"}, addresses=["10.0.0.1"])
    Service.objects.create(cluster=cluster, namespace="shop", name="web", addresses=["203.0.113.1"])
    before = snapshot_of(cluster, desired=True)
    BFDProfile.objects.filter(pk=second.pk).update(receive_interval=999)
    Node.objects.update(labels={"rack": "b"})
    Service.objects.update(addresses=["203.0.113.2"])
    after = snapshot_of(cluster, desired=True)
    assert _named(after.resources, first.name) is _named(before.resources, first.name)
    assert _named(after.resources, second.name).spec["receiveInterval"] == 999
    assert dict(after.nodes[0].labels) == {"rack": "b"}
    assert [one.addresses for one in (*before.services, *after.services)] == [("203.0.113.2",)] * 2
    BFDProfile.objects.filter(pk=first.pk).update(deleting=True)
    assert [one.name for one in snapshot_of(cluster, desired=True).resources] == [second.name]


def _named(resources: tuple[Resource, ...], name: str) -> Resource:
    return next(one for one in resources if one.name == name)
