"""The door: pages of lists, errors told apart, what comes in stripped of secrets."""

from __future__ import annotations

from typing import Literal

import pytest

from clusters.kube import client, redact
from clusters.kube.client import Door
from clusters.kube.errors import (
    AlreadyExists,
    Conflict,
    Forbidden,
    KubeError,
    ManagerConflict,
    NotFound,
    NotServed,
    Rejected,
    Unauthorized,
    Unreachable,
)
from clusters.kube.kinds import SECRETS, Resource
from intent.kinds import KINDS
from lab.apiserver import Fault
from tests.clusters.cluster import NAMESPACE, RunningCluster, peer

PEER = KINDS["BGPPeer"]


@pytest.fixture
def door(kube: RunningCluster) -> Door:
    return Door(kube.kubeconfig, timeout=3, digest_key=b"key")


def test_long_lists_come_in_pages(kube: RunningCluster, door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "_PAGE", 2)
    kube.add(*(peer(f"tor-{n}") for n in range(5)))
    items, version = door.list(PEER)
    assert [item["metadata"]["name"] for item in items] == [f"tor-{n}" for n in range(5)]
    assert {item["kind"] for item in items} == {"BGPPeer"}
    assert version


def test_a_list_whose_pages_expired_is_read_at_once(
    kube: RunningCluster, door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client, "_PAGE", 2)
    kube.add(*(peer(f"tor-{n}") for n in range(5)))
    kube.server.faults.add(Fault(verb="list", resource="bgppeers", delay=0))
    kube.server.faults.add(Fault(verb="list", resource="bgppeers", code=410))
    assert len(door.list(PEER)[0]) == 5


def test_what_is_there_and_what_is_not(kube: RunningCluster, door: Door) -> None:
    kube.add(peer())
    assert door.get(PEER, NAMESPACE, "tor-1") is not None
    assert door.get(PEER, NAMESPACE, "tor-2") is None
    with pytest.raises(NotServed):
        door.get(Resource("metallb.io", "v9", "bgppeers"), NAMESPACE, "tor-1")
    with pytest.raises(NotFound):
        door.create(PEER, peer() | {"metadata": {"name": "a", "namespace": "nowhere"}})


def test_a_dry_run_of_a_deletion_deletes_nothing(kube: RunningCluster, door: Door) -> None:
    kube.add(peer())
    metadata = kube.peer("tor-1")["metadata"]
    state = {"uid": metadata["uid"], "resource_version": metadata["resourceVersion"]}
    door.delete(PEER, NAMESPACE, "tor-1", dry_run=True, **state)
    assert kube.peers() == ["tor-1"]
    door.delete(PEER, NAMESPACE, "tor-1", **state)
    assert kube.peers() == []


@pytest.mark.parametrize("drop", ["before", "after"])
def test_a_dry_run_whose_connection_is_closed_is_asked_once_more_a_write_is_not(
    kube: RunningCluster, door: Door, drop: Literal["before", "after"]
) -> None:
    kube.server.faults.add(Fault(method="POST", resource="bgppeers", drop=drop))
    assert door.create(PEER, peer(), dry_run=True)["metadata"]["name"] == "tor-1"
    kube.server.faults.add(Fault(method="POST", resource="bgppeers", drop=drop))
    with pytest.raises(Unreachable, match="it closed the connection"):
        door.create(PEER, peer())
    assert kube.peers() == (["tor-1"] if drop == "after" else [])


def test_conflicts_are_told_apart(kube: RunningCluster, door: Door) -> None:
    kube.add(peer())
    with pytest.raises(AlreadyExists):
        door.create(PEER, peer())
    metadata = kube.peer("tor-1")["metadata"]
    state = {"uid": metadata["uid"], "resource_version": metadata["resourceVersion"]}
    with pytest.raises(ManagerConflict, match="kubectl-create"):
        door.apply(PEER, peer(peerASN=64700), **state)
    with pytest.raises(Conflict) as modified:
        door.apply(PEER, peer(), **state | {"resource_version": "1"})
    assert not isinstance(modified.value, ManagerConflict | AlreadyExists)
    with pytest.raises(Conflict):
        door.delete(PEER, NAMESPACE, "tor-1", **state | {"uid": "another"})


@pytest.mark.parametrize(
    ("token", "error"), [("look-token", Forbidden), ("nobodys-token", Unauthorized)], ids=["RBAC", "credentials"]
)
def test_refusals_are_told_apart(kube: RunningCluster, token: str, error: type[KubeError]) -> None:
    with pytest.raises(error):
        Door(kube.kubeconfig_of(token)).create(PEER, peer())


@pytest.mark.parametrize("fault", [{"code": 500}, {"drop": "before"}, {"truncate": 10}], ids=str)
def test_no_usable_answer_is_unreachable(kube: RunningCluster, door: Door, fault: dict[str, int]) -> None:
    kube.server.faults.add(Fault(resource="bgppeers", count=2, **fault))  # type: ignore[arg-type]
    with pytest.raises(Unreachable):
        door.get(PEER, NAMESPACE, "tor-1")


def test_secrets_do_not_come_through(kube: RunningCluster, door: Door) -> None:
    metadata = {"name": "s", "namespace": NAMESPACE}
    kube.add({"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "data": {"password": "c2VjcmV0"}})
    with pytest.raises(ValueError, match="facts only"):
        door.get(SECRETS, NAMESPACE, "s")


def test_the_servers_words_come_without_a_password() -> None:
    error = Rejected('BGPPeer "a" is invalid: spec.password: Invalid value: "canary": too long')
    assert "canary" not in error.message
    assert "too long" in error.message


@pytest.mark.parametrize(
    "words",
    [
        'spec: Invalid value: {"password":"canary","vrf":"red"}',
        'spec: Invalid value: {"password" : "canary"}',
        'webhook: "{\\"password\\":\\"canary\\"}" is refused',
    ],
)
def test_a_password_is_taken_out_of_an_object_that_is_quoted_as_json(words: str) -> None:
    assert "canary" not in Rejected(words).message
    assert Rejected(words).message.startswith(words[:8])


def test_passwords_of_neighbors_are_masked_each_with_its_own_mark() -> None:
    neighbors = [{"address": "a", "password": "one"}, {"address": "b", "password": "two"}, {"address": "c"}]
    configuration = {"kind": "FRRConfiguration", "spec": {"bgp": {"routers": [{"neighbors": neighbors}]}}}
    redact.strip(configuration, b"key")
    marks = [neighbor.get("inline_password", "") for neighbor in neighbors]
    assert "password" not in neighbors[0]
    assert [bool(mark) for mark in marks] == [True, True, False]
    assert not redact.same_password(marks[0], marks[1])


def test_marks_under_another_key_do_not_look_like_another_password() -> None:
    marks = [
        redact.strip(peer(password=word), key)["inline_password"]
        for word, key in (("a", b"1"), ("a", b"2"), ("b", b"1"))
    ]
    assert redact.same_password(marks[0], marks[1])
    assert not redact.same_password(marks[0], marks[2])
    assert not redact.same_password(marks[0], "")
