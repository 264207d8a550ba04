"""References as rows: whatever is written at either end, they say who names whom, and whether that leads somewhere."""

from __future__ import annotations

from typing import Any

from django.db import connection
from django.test.utils import CaptureQueriesContext

from clusters.models import Reference
from clusters.references import references_from, references_to
from clusters.resources.uses import used_by
from clusters.services import resource_discard
from clusters.sync.references import references_rewrite
from lab.apiserver import Fault
from peers.models import BFDProfile
from pools.models import Community, IPAddressPool
from tests.clusters.cluster import NAMESPACE, RunningCluster
from tests.clusters.conftest import Office
from tests.clusters.sets import accept, carry, refuse, some_peer, wanted
from tests.intent.manifests import profile


def _object(kind: str, name: str, **spec: Any) -> dict[str, Any]:
    metadata = {"name": name, "namespace": NAMESPACE}
    return {"apiVersion": "metallb.io/v1beta1", "kind": kind, "metadata": metadata, "spec": spec}


def _told() -> set[tuple[Any, ...]]:
    return set(Reference.objects.values_list("name", "field", "to_kind", "to_name", "resolved"))


def test_what_is_adopted_brings_its_references(kube: RunningCluster, office: Office) -> None:
    kube.add(
        profile(),
        some_peer(1, bfdProfile="fast", passwordSecret={"name": "key"}),
        _object("IPAddressPool", "blue", addresses=["198.51.100.0/24"]),
        _object("Community", "names", communities=[{"name": "far", "value": "64512:1"}]),
        _object("BGPAdvertisement", "out", ipAddressPools=["blue", "red"], peers=["tor-1"], communities=["far", "1:2"]),
    )
    office.look()
    assert _told() == {
        ("tor-1", "spec.bfdProfile", "BFDProfile", "fast", True),
        ("tor-1", "spec.passwordSecret.name", "Secret", "key", False),
        ("out", "spec.ipAddressPools[0]", "IPAddressPool", "blue", True),
        ("out", "spec.ipAddressPools[1]", "IPAddressPool", "red", False),
        ("out", "spec.peers[0]", "BGPPeer", "tor-1", True),
        ("out", "spec.communities[0]", "Community", "far", True),
    }
    named = BFDProfile.objects.select_related("cluster").get()
    with CaptureQueriesContext(connection) as asked:
        uses = used_by(named)
    assert ([(use.kind, use.name) for use in uses], len(asked)) == ([("BGPPeer", "tor-1")], 1)
    assert [found.name for found in references_to(Community.objects.select_related("cluster").get())] == ["out"]
    assert [found.to_name for found in references_from(office.row())] == ["fast", "key"]


def test_what_is_named_comes_and_goes(kube: RunningCluster, office: Office) -> None:
    kube.add(some_peer(1, bfdProfile="fast"))
    office.look()
    assert _told() == {("tor-1", "spec.bfdProfile", "BFDProfile", "fast", False)}
    row = office.save(profile())
    assert _told() == {("tor-1", "spec.bfdProfile", "BFDProfile", "fast", False)}, "not there yet"
    office.work(row)
    assert _told() == {("tor-1", "spec.bfdProfile", "BFDProfile", "fast", True)}
    kube.call(kube.server.store.delete, "bfdprofiles.metallb.io", NAMESPACE, "fast")
    office.look()
    assert _told() == {("tor-1", "spec.bfdProfile", "BFDProfile", "fast", False)}


def test_an_edit_names_the_old_and_the_new_until_it_is_through(kube: RunningCluster, office: Office) -> None:
    kube.add(profile(), profile("slow"), some_peer(1, bfdProfile="fast"))
    office.look()
    row = office.save(some_peer(1, bfdProfile="slow"))
    assert {found[3] for found in _told()} == {"fast", "slow"}
    office.work(row)
    assert {found[3] for found in _told()} == {"slow"}
    refuse(kube, 0, verb="patch", name="tor-1")
    row = office.save(some_peer(1))
    assert {found[3] for found in _told()} == {"slow"}, "the cluster still says so"
    office.work(row)
    office.save(some_peer(1, bfdProfile="fast"))
    assert {found[3] for found in _told()} == {"fast", "slow"}
    resource_discard(row=office.row(), actor=None)
    assert {found[3] for found in _told()} == {"slow"}


def test_what_is_deleted_names_others_until_it_is_gone(kube: RunningCluster, office: Office) -> None:
    kube.add(profile(), some_peer(1, bfdProfile="fast"))
    office.look()
    row = office.delete(office.row())
    assert len(_told()) == 1, "MetalLB's webhook would refuse to delete the profile now"
    office.work(row)
    assert _told() == set()


def test_a_change_set_and_its_way_back_keep_them_right(kube: RunningCluster, office: Office) -> None:
    kube.add(some_peer(1), some_peer(2))
    office.look()
    edits = wanted(profile()), wanted(some_peer(1, bfdProfile="fast")), wanted(some_peer(2, holdTime="90s"))
    change_set = accept(office, *edits)
    assert _told() == {("tor-1", "spec.bfdProfile", "BFDProfile", "fast", False)}
    kube.server.faults.add(Fault(verb="patch", name="tor-2", delay=0.0))
    refuse(kube, 0, verb="patch", name="tor-2")
    carry(change_set)
    assert _told() == set()
    assert carry(accept(office, *edits)) == "applied"
    assert _told() == {("tor-1", "spec.bfdProfile", "BFDProfile", "fast", True)}


def test_namespaces_that_pools_name_are_known(kube: RunningCluster, office: Office) -> None:
    spec = {"addresses": ["198.51.100.0/24"], "serviceAllocation": {"namespaces": [NAMESPACE, "nowhere"]}}
    kube.add(_object("IPAddressPool", "blue", **spec))
    office.look()
    assert {(found[3], found[4]) for found in _told()} == {(NAMESPACE, True), ("nowhere", False)}


def test_names_in_other_namespaces_mean_nothing(kube: RunningCluster, office: Office) -> None:
    kube.add(some_peer(1, bfdProfile="fast"), {**profile(), "metadata": {"name": "fast", "namespace": "default"}})
    office.look()
    assert _told() == {("tor-1", "spec.bfdProfile", "BFDProfile", "fast", False)}
    assert not references_to(BFDProfile.objects.select_related("cluster").get()).exists()


def test_what_was_missed_is_made_up_for(kube: RunningCluster, office: Office) -> None:
    kube.add(profile(), some_peer(1, bfdProfile="fast"))
    office.look()
    right = _told()
    Reference.objects.all().delete()
    Reference.objects.create(cluster=office.cluster, kind="BGPPeer", name="old", field="spec.x", to_kind="BGPPeer")
    references_rewrite(office.cluster)
    assert _told() == right


def test_their_cost_does_not_depend_on_how_many_there_are(kube: RunningCluster, office: Office) -> None:
    def cost(number: int) -> int:
        kube.clear()
        office.look()
        kube.add(*(some_peer(one, bfdProfile=f"profile-{one}") for one in range(1, number + 1)))
        with CaptureQueriesContext(connection) as asked:
            office.look()
        return len(asked)

    cost(1)
    assert cost(2) == cost(15)
    assert IPAddressPool.objects.count() == 0
