"""Single events come to the rows by the code and under the guards of a look at everything."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from clusters.doors import door_of
from clusters.kube.client import Door
from clusters.kube.kinds import ENDPOINT_SLICES, EVENTS, NAMESPACES, NODES, SERVICES
from clusters.kube.redact import INLINE_PASSWORD
from clusters.kube.watch import Event, newer
from clusters.models import Change, Namespace, Node, Service, ServiceAddress, StatusObject, SyncState
from clusters.sync import facts, services, status
from clusters.sync.claim import Fate
from clusters.sync.events import events_follow
from clusters.sync.follow import follow as all_follow
from clusters.sync.streams import Stream, streams_of
from intent.kinds import STATUS_KINDS
from lab.apiserver import Fault
from peers.models import BGPPeer
from tests.clusters.cluster import NAMESPACE, RunningCluster, endpoints, node, peer, service
from tests.clusters.conftest import Office

PEERS = "bgppeers.metallb.io"
SHOP = "shop"


@pytest.fixture(autouse=True)
def _shop(kube: RunningCluster) -> None:
    if kube.call(kube.server.store.get, "namespaces", "", SHOP) is None:
        kube.call(kube.server.store.create, "namespaces", {"metadata": {"name": SHOP, "labels": {"tier": "front"}}})


def event(kube: RunningCluster, office: Office, name: str = "tor-1", kind: str = "MODIFIED") -> Event:
    """The object as it stands, stripped at the door, as an event."""
    obj = door_of(office.cluster).strip(copy.deepcopy(kube.peer(name)))
    return Event(kind, obj, obj["metadata"]["resourceVersion"])


def deleted(kube: RunningCluster, office: Office, name: str = "tor-1") -> Event:
    """Delete the object; the event of that, whose resourceVersion is that of the deletion (Kubernetes API concepts)."""
    before = event(kube, office, name)
    kube.call(kube.server.store.delete, PEERS, NAMESPACE, name)
    version = str(kube.server.store.version)
    obj = {**before.obj, "metadata": {**before.obj["metadata"], "resourceVersion": version}}
    return Event("DELETED", obj, version)


def follow(office: Office, *events: Event) -> bool:
    office.cluster.refresh_from_db()
    return events_follow(office.cluster, door_of(office.cluster), "BGPPeer", events)


def stream(office: Office, name: str) -> Stream:
    office.cluster.refresh_from_db()
    return streams_of(office.cluster)[name]


def test_each_change_of_a_burst_is_followed_and_recorded(kube: RunningCluster, office: Office) -> None:
    office.look()
    kube.add(peer())
    events = [event(kube, office, kind="ADDED")]
    for asn in (64700, 64701):
        kube.patch_peer("tor-1", {"peerASN": asn})
        events.append(event(kube, office))
    assert follow(office, *events)
    row = office.row()
    assert (row.peer_asn, row.sync_state, row.pending) == (64701, SyncState.IN_SYNC, False)
    events.append(deleted(kube, office))
    follow(office, events[-1])
    assert BGPPeer.objects.count() == 0
    assert list(Change.objects.order_by("pk").values_list("action", flat=True)) == ["create", "delete"]


def test_changes_of_one_object_are_changes_by_themselves(kube: RunningCluster, office: Office) -> None:
    kube.add(peer())
    office.look()
    events = []
    for asn in (64700, 64701):
        kube.patch_peer("tor-1", {"peerASN": asn})
        events.append(event(kube, office))
    follow(office, *events)
    after = [change.after["spec"]["peerASN"] for change in Change.objects.order_by("pk") if change.after]
    assert after == [64700, 64701]


def test_an_older_event_never_overwrites_a_newer_row(kube: RunningCluster, office: Office) -> None:
    kube.add(peer())
    old = event(kube, office)
    kube.patch_peer("tor-1", {"peerASN": 64700})
    office.look()
    assert follow(office, old) is False
    assert (office.row().peer_asn, Change.objects.count()) == (64700, 0)


def test_a_pending_edit_is_never_overwritten_by_an_event(kube: RunningCluster, office: Office) -> None:
    kube.add(peer())
    office.look()
    row = office.save(peer(peerASN=64700))
    kube.patch_peer("tor-1", {"holdTime": "90s"})
    follow(office, event(kube, office))
    row = office.row()
    assert row.live is not None
    assert (row.peer_asn, row.pending, row.live["spec"]["holdTime"]) == (64700, True, "90s")
    assert office.work(row) == [Fate.CONFLICT]


def test_a_pending_edit_survives_the_event_of_its_objects_deletion(kube: RunningCluster, office: Office) -> None:
    kube.add(peer())
    office.look()
    row = office.save(peer(peerASN=64700))
    follow(office, deleted(kube, office))
    assert (office.row().live, office.row().pending) == (None, True)
    assert office.work(row) == [Fate.CONFLICT]


def test_a_late_event_does_not_bring_back_what_was_deleted_here(kube: RunningCluster, office: Office) -> None:
    row = office.save(peer())
    office.work(row)
    made = event(kube, office, kind="ADDED")
    office.work(office.delete(office.row()))
    assert follow(office, made) is False
    assert (BGPPeer.objects.count(), Change.objects.filter(source="cluster").count()) == (0, 0)


def test_an_object_made_anew_under_the_same_name_is_another_one(kube: RunningCluster, office: Office) -> None:
    kube.add(peer())
    office.look()
    gone = deleted(kube, office)
    kube.add(peer(peerASN=64700))
    follow(office, gone, event(kube, office, kind="ADDED"))
    assert (office.row().peer_asn, office.row().uid) == (64700, kube.peer("tor-1")["metadata"]["uid"])
    assert follow(office, gone) is False
    assert office.row().peer_asn == 64700


def test_a_row_that_a_worker_writes_at_the_same_time_still_takes_in_the_newer_event(
    kube: RunningCluster, office: Office, monkeypatch: Any
) -> None:
    kube.add(peer())
    office.look()
    kube.patch_peer("tor-1", {"holdTime": "30s"})
    newest, rounds = event(kube, office), list[int]()

    def beside(*args: Any, **more: Any) -> bool:
        """The row moves between the look at it and the write, once."""
        rounds.append(BGPPeer.objects.filter(fence=0).update(fence=1))
        return all_follow(*args, **more)

    monkeypatch.setattr("clusters.sync.events.follow", beside)
    follow(office, newest)
    assert (office.row().spec["holdTime"], rounds) == ("30s", [1, 0])


def test_resource_versions_are_numbers_that_grow() -> None:
    assert (newer("10", "9"), newer("9", "10"), newer("9", "9")) == (True, False, False)
    assert (newer("abc", "9"), newer("9", ""), newer("٣", "1")) == (None, None, None)


def test_where_versions_cannot_be_compared_the_object_is_read(kube: RunningCluster, office: Office) -> None:
    kube.add(peer())
    office.look()
    kube.patch_peer("tor-1", {"peerASN": 64700})
    follow(office, event(kube, office)._replace(version="opaque"))
    assert office.row().peer_asn == 64700


def test_an_events_password_stays_at_the_door(kube: RunningCluster, office: Office) -> None:
    office.look()
    kube.add(peer(password="hunter2-inline"))
    told = event(kube, office, kind="ADDED")
    assert "hunter2" not in str(told)
    assert told.obj[INLINE_PASSWORD]
    follow(office, told)
    assert office.row().inline_password
    assert "hunter2" not in str(BGPPeer.objects.values())


def test_nodes_and_namespaces_come_go_and_change(kube: RunningCluster, office: Office) -> None:
    office.look()
    kube.add(node("node-1"))
    nodes, rooms = stream(office, "nodes"), stream(office, "namespaces")
    told = [Event("ADDED", obj, "1") for obj in door_of(office.cluster).list(NODES)[0]]
    assert nodes.follow(office.cluster, door_of(office.cluster), told)
    assert not nodes.follow(office.cluster, door_of(office.cluster), told)
    assert Node.objects.get().name == "node-1"
    assert nodes.follow(office.cluster, door_of(office.cluster), [told[0]._replace(type="DELETED")])
    assert not Node.objects.exists()
    gone = [Event("DELETED", obj, "1") for obj in door_of(office.cluster).list(NAMESPACES)[0]]
    assert rooms.follow(office.cluster, door_of(office.cluster), gone[:1])
    assert Namespace.objects.count() == len(gone) - 1


def test_a_service_its_endpoints_and_its_warning(kube: RunningCluster, office: Office) -> None:
    office.look()
    door = door_of(office.cluster)
    kube.add(service("web", "203.0.113.7", pool="gold"), service("mail"))
    told = [Event("ADDED", obj, "1") for obj in door.list(SERVICES, SHOP)[0]]
    assert stream(office, "services").follow(office.cluster, door, told)
    assert list(ServiceAddress.objects.values_list("address", "pool")) == [("203.0.113.7", "gold")]
    kube.add(endpoints("web", "node-1", "node-2"), endpoints("other", "node-3"))
    slices = [Event("ADDED", obj, "1") for obj in door.list(ENDPOINT_SLICES)[0]]
    assert stream(office, "endpointslices").follow(office.cluster, door, slices)
    assert Service.objects.get(name="web").endpoint_nodes == ["node-1", "node-2"]
    assert Service.objects.get(name="mail").endpoint_nodes == []
    assert not stream(office, "endpointslices").follow(office.cluster, door, slices)
    warning = {
        "apiVersion": "v1", "kind": "Event", "metadata": {"name": "mail.1", "namespace": SHOP}, "type": "Warning",
        "involvedObject": {"kind": "Service", "namespace": SHOP, "name": "mail"}, "message": "no available IPs",
        "source": {"component": "metallb-controller"}, "lastTimestamp": "2026-01-01T00:00:00Z",
    }  # fmt: skip
    kube.add(warning)
    warnings = [Event("ADDED", obj, "1") for obj in door.list(EVENTS)[0]]
    assert stream(office, "events").follow(office.cluster, door, warnings)
    assert Service.objects.get(name="mail").warning == "no available IPs"
    others = told[0].obj | {"spec": {"type": "ClusterIP"}}
    stream(office, "services").follow(office.cluster, door, [Event("MODIFIED", others, "2")])
    assert list(Service.objects.values_list("name", flat=True)) == [told[1].obj["metadata"]["name"]]


def test_what_is_reported_is_followed_by_kind(kube: RunningCluster, office: Office) -> None:
    office.look()
    kind = STATUS_KINDS["ServiceBGPStatus"]
    obj = {
        "apiVersion": kind.api_version, "kind": kind.kind,
        "metadata": {"name": "a", "namespace": NAMESPACE, "uid": "u", "resourceVersion": "5"},
        "status": {"node": "node-1", "serviceName": "web", "serviceNamespace": SHOP},
    }  # fmt: skip
    own = stream(office, f"{kind.plural} in {NAMESPACE}")
    assert own.follow(office.cluster, door_of(office.cluster), [Event("ADDED", obj, "5")])
    assert StatusObject.objects.get().service_name == "web"
    assert own.follow(office.cluster, door_of(office.cluster), [Event("DELETED", obj, "6")])
    assert not StatusObject.objects.exists()


def test_a_list_does_not_overwrite_what_an_event_brought_meanwhile(
    kube: RunningCluster, office: Office, monkeypatch: Any
) -> None:
    kube.add(service("web", "203.0.113.7"), service("old", "203.0.113.8"), node("node-1"))
    office.look()
    door, gathered = door_of(office.cluster), Door.gather

    def slow(self: Door, kind: Any, *args: Any, **more: Any) -> Any:
        answer = gathered(self, kind, *args, **more)
        if kind is SERVICES:
            monkeypatch.setattr(Door, "gather", gathered)
            kube.call(kube.server.store.patch, "services", SHOP, "web", {"metadata": {"labels": {"now": "newer"}}})
            kube.call(kube.server.store.delete, "services", SHOP, "old")
            told = {(SHOP, "web"): door.get(SERVICES, SHOP, "web"), (SHOP, "old"): None}
            assert services.services_event(office.cluster, door, told)
        return answer

    monkeypatch.setattr(Door, "gather", slow)
    kube.call(kube.server.store.patch, "services", SHOP, "web", {"metadata": {"labels": {"now": "older"}}})
    services.services_look(office.cluster, door, [])
    assert {row.name: row.labels for row in Service.objects.all()} == {"web": {"now": "newer"}}
    known = facts.NODES.known(office.cluster)
    facts.nodes_event(office.cluster, {"node-1": None})
    assert not facts.nodes_write(office.cluster, [node("node-1")], known)
    assert not Node.objects.exists()


def test_a_stream_begins_with_a_look_at_everything(kube: RunningCluster, office: Office) -> None:
    office.look()
    kube.add(peer(), node("node-1"), service("web", "203.0.113.7"), endpoints("web", "node-1"))
    door = door_of(office.cluster)
    office.cluster.refresh_from_db()
    for each in streams_of(office.cluster).values():
        _changed, version = each.look(office.cluster, door)
        assert version.isdigit(), each.name
    assert (BGPPeer.objects.count(), Node.objects.count()) == (1, 1)
    assert Service.objects.get().endpoint_nodes == ["node-1"]
    assert Change.objects.get().action == "create"


def test_a_stream_of_what_may_be_listed_in_one_namespace_only(kube: RunningCluster, office: Office) -> None:
    office.look()
    kube.server.faults.add(Fault(verb="list", resource="bgppeers", code=403))
    own = stream(office, "bgppeers")
    own.look(office.cluster, door_of(office.cluster))
    office.cluster.refresh_from_db()
    assert (own.namespace, office.cluster.listed["BGPPeer"]) == (NAMESPACE, NAMESPACE)


def test_old_api_servers_that_cannot_select_services_by_type_send_all(kube: RunningCluster, office: Office) -> None:
    office.look()
    words = {"kind": "Status", "message": "field label not supported: spec.type", "reason": "BadRequest", "code": 400}
    kube.server.faults.add(Fault(verb="list", resource="services", code=400, status=words))
    own = stream(office, "services")
    own.look(office.cluster, door_of(office.cluster))
    assert own.fields == ""
    assert status.status_needs(office.cluster)
