"""How every fault ends: each accepted edit in force once, nothing lost or back again, every row tells the truth."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import timedelta
from typing import Any, NamedTuple, Protocol

from clusters import clock
from clusters.manifest import same
from clusters.registry import resource_models, rows_of
from clusters.sync import outbox
from clusters.sync.apply import apply_pending
from intent.kinds import KINDS
from tests.clusters.cluster import RunningCluster
from tests.clusters.conftest import Office
from tests.demo import Demo

Key = tuple[str, str]
HELD = ("rejected", "conflict")
ENDS: dict[str, tuple[dict[str, Any] | None, int]] = {
    "create": ({"peerASN": 64700}, 1),
    "update": ({"peerASN": 64700}, 2),
    "delete": (None, 0),
}
"""How each of tests.clusters.edits ends: the spec and the generation in the cluster."""
_ROUNDS = 12


class Row(NamedTuple):
    """What a row says. wanted: the manifest that it asks for."""

    state: str
    message: str
    pending: bool
    wanted: Mapping[str, Any]


class World(Protocol):
    """Rows and objects by kind and name."""

    def rows(self) -> dict[Key, Row]: ...

    def objects(self) -> dict[Key, Mapping[str, Any]]: ...


class Here:
    """bgpui in this process, on the lab's API server. kinds: that the test is about."""

    def __init__(self, kube: RunningCluster, office: Office, *kinds: str) -> None:
        self._kube, self._office = kube, office
        self._kinds = kinds or tuple(resource_models())

    def rows(self) -> dict[Key, Row]:
        found = {}
        for kind in self._kinds:
            for row in rows_of(kind).filter(cluster=self._office.cluster):
                found[kind, row.name] = Row(row.sync_state, row.sync_message, row.pending, row.manifest)
        return found

    def objects(self) -> dict[Key, Mapping[str, Any]]:
        store = self._kube.server.store
        plurals = {kind: f"{KINDS[kind].plural}.{KINDS[kind].group}" for kind in self._kinds}
        lists = {kind: self._kube.call(store.list, plural) for kind, plural in plurals.items()}
        return {(kind, obj["metadata"]["name"]): obj for kind, objects in lists.items() for obj in objects}

    def settle(self) -> None:
        """What workers and beat do until nothing is left to do; leases of the dead and waits run out."""
        for _ in range(_ROUNDS):
            pass_time(*self._kinds)
            for kind, pk in outbox.left_over(clock.now()):
                apply_pending(kind, pk)
            self._office.look()
            if not any(row.pending for row in self.rows().values()):
                return


class There:
    """A demo, asked as its users ask it; BGPPeers only."""

    def __init__(self, demo: Demo) -> None:
        self._demo = demo

    def rows(self) -> dict[Key, Row]:
        found = {}
        for row in self._demo.api("GET", "bgppeers/?page_size=200").json()["results"]:
            sync, pending = row["sync"], row["sync"]["revision"] != row["sync"]["appliedRevision"]
            found["BGPPeer", row["metadata"]["name"]] = Row(sync["state"], sync["message"], pending, row)
        return found

    def objects(self) -> dict[Key, Mapping[str, Any]]:
        listed = json.loads(self._demo.kubectl("get", "bgppeers", "-A", "-o", "json").stdout)
        return {("BGPPeer", obj["metadata"]["name"]): obj for obj in listed["items"]}


def pass_time(*kinds: str) -> None:
    """All leases and waits of rows of these kinds are over."""
    before = clock.now() - timedelta(seconds=1)
    for rows in map(rows_of, kinds):
        rows.exclude(retry_at=None).update(retry_at=before)
        rows.exclude(lease_until=None).update(lease_until=before)


def truthful(world: World) -> None:
    """No row says more than is so: in sync is as the cluster is, what is refused has words, nothing is missing."""
    rows, objects = world.rows(), world.objects()
    for key, row in rows.items():
        live = objects.get(key)
        as_it_stands = same(KINDS[key[0]], live, row.wanted)
        if row.state == "in_sync":
            assert not row.pending, key
            assert as_it_stands, f"{key} is said to be in sync: {row.wanted} is not {live}"
        elif row.state in HELD:
            assert row.message, f"{key} is {row.state} without a word"
            assert not row.pending, key
        else:
            assert row.pending, f"{key} is {row.state}, and nobody will do anything about it"
    assert objects.keys() <= rows.keys(), "objects without a row"


def in_force_once(
    world: World, spec: Mapping[str, Any] | None, generation: int, *, kind: str = "BGPPeer", name: str = "tor-1"
) -> None:
    """The last accepted edit is in force, and as many edits as were accepted have been written.

    spec: fields as the edit wants them, None = the object is gone. generation: 1, and one more for each edit.
    """
    truthful(world)
    row, live = world.rows().get((kind, name)), world.objects().get((kind, name))
    if spec is None:
        assert (row, live) == (None, None)
        return
    assert row is not None
    assert live is not None
    assert row.state == "in_sync", row
    assert {field: live["spec"].get(field) for field in spec} == dict(spec)
    assert live["metadata"]["generation"] == generation, "an edit was lost, or written twice"


def refused(
    world: World, state: str, words: str, generation: int, *, kind: str = "BGPPeer", name: str = "tor-1"
) -> None:
    """The last accepted edit was not written, and the row says so and why. generation: 0 = there is no object."""
    truthful(world)
    row, live = world.rows()[kind, name], world.objects().get((kind, name))
    assert (row.state, words in row.message) == (state, True), row
    assert (live["metadata"]["generation"] if live is not None else 0) == generation
