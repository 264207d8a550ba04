"""Random interleavings of everybody who touches a BGPPeer, in single steps: hypothesis chooses, the ledger judges."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any, ClassVar

from django.db import transaction
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from clusters.doors import door_of
from clusters.edits.refusals import Refused, RevisionMismatch
from clusters.kube.errors import KubeError
from clusters.manifest import Object, plain
from clusters.models import Change, Cluster
from clusters.services import resource_discard
from clusters.sync.apply import attempt
from clusters.sync.claim import Claim, Lost, Outcome, claim
from clusters.sync.events import events_follow
from clusters.sync.follow import Key, Marker, follow, markers
from clusters.sync.streams import ResourceStream
from lab.apiserver import Fault
from peers.models import BGPPeer
from tests.clusters.cluster import NAMESPACE, RunningCluster
from tests.clusters.conftest import Office
from tests.faults.closing import HELD, Here, pass_time, truthful
from tests.faults.ledger import KIND, Edit, Ledger, state_of
from tests.faults.others import ACTS, ADDRESSES, PEERS, Others, act, manifest_of

NAMES = st.sampled_from(sorted(ADDRESSES))
FIELDS = st.sampled_from(["peerASN", "holdTime", "team"])
FAULTS: dict[str, dict[str, Any]] = {
    "lost before": {"drop": "before"},
    "lost after": {"drop": "after"},
    "cut short": {"truncate": 10},
    "busy": {"code": 429, "retry_after": 1},
    "broken": {"code": 500},
    "conflict": {"code": 409, "status": {"kind": "Status", "reason": "Conflict", "code": 409}},
}
WRITES = ("create", "patch", "delete")


class Watching(Office):
    """A look is one at the peers, as the watcher's."""

    def look(self) -> bool:
        return ResourceStream(KIND).look(self.cluster, door_of(self.cluster))[0]


class Interleaving(RuleBasedStateMachine):
    """One run. Steps of bgpui are its own functions, so that anything may come between any two of them."""

    kube: ClassVar[RunningCluster]
    cluster: ClassVar[Cluster]
    runs: ClassVar[int] = 0
    progress: ClassVar[Callable[[int], None]] = staticmethod(lambda _runs: None)
    """Told how many runs there were, after every 250."""

    def __init__(self) -> None:
        super().__init__()
        type(self).runs += 1
        if self.runs % 250 == 0:
            type(self).progress(self.runs)
        self._undo = transaction.atomic()
        self._undo.__enter__()
        self.kube.clear()
        self.office = Watching(self.cluster)
        self.world = Here(self.kube, self.office, "BGPPeer")
        self.ledger = Ledger()
        store = self.kube.server.store
        self.others = Others(store)
        self._cancel = self.kube.call(store.watch, self.ledger.stored, PEERS)
        self.claims: list[tuple[Claim, Outcome | None]] = []
        self.looks: list[tuple[dict[Key, Marker], list[Object]]] = []
        self.told = 0
        self._number = 0
        self._accepted = 0

    # People, by pages and REST.

    @rule(name=NAMES, fields=st.sets(FIELDS, min_size=1, max_size=2))
    def save(self, name: str, fields: set[str]) -> None:
        row = BGPPeer.objects.filter(cluster=self.cluster, name=name).first()
        change = self._change(fields)
        manifest = manifest_of(name, change) if row is None else _changed(row.manifest, change)
        self._accept(name, row, lambda: self.office.save(manifest, base_revision=row.revision if row else 0))

    @rule(name=NAMES)
    def remove(self, name: str) -> None:
        row = BGPPeer.objects.select_related("cluster").filter(cluster=self.cluster, name=name).first()
        if row is not None:
            found = row
            self._accept(name, row, lambda: self.office.delete(found, base_revision=found.revision))

    @rule(name=NAMES)
    def discard(self, name: str) -> None:
        row = BGPPeer.objects.select_related("cluster").filter(cluster=self.cluster, name=name).first()
        if row is not None and (row.pending or row.sync_state in HELD):
            resource_discard(row=row, actor=None, base_revision=row.revision)
            self.ledger.given_up.add(name)

    # Workers, step by step; one that is not heard of again is dead.

    @rule(name=NAMES, presumed_dead=st.booleans())
    def claims_it(self, name: str, presumed_dead: bool) -> None:
        if presumed_dead:
            pass_time("BGPPeer")
        row = BGPPeer.objects.filter(cluster=self.cluster, name=name).first()
        held = claim("BGPPeer", row.pk) if row is not None else None
        if held is not None:
            self.claims.append((held, None))

    @precondition(lambda self: any(outcome is None for _, outcome in self.claims))
    @rule(data=st.data())
    def carries_it_out(self, data: st.DataObject) -> None:
        open_ones = [index for index, (_, outcome) in enumerate(self.claims) if outcome is None]
        index = data.draw(st.sampled_from(open_ones))
        held = self.claims[index][0]
        try:
            self.claims[index] = held, attempt(held)
        except Lost:
            self.claims.pop(index)

    @precondition(lambda self: any(outcome is not None for _, outcome in self.claims))
    @rule(data=st.data())
    def writes_the_outcome(self, data: st.DataObject) -> None:
        done = [index for index, (_, outcome) in enumerate(self.claims) if outcome is not None]
        held, outcome = self.claims.pop(data.draw(st.sampled_from(done)))
        try:
            if outcome is not None:
                held.settle(outcome)
        except Lost:
            return

    @rule(name=NAMES)
    def work(self, name: str) -> None:
        pass_time("BGPPeer")
        row = BGPPeer.objects.filter(cluster=self.cluster, name=name).first()
        if row is not None:
            self.office.work(row)

    # The others, between two requests or in the middle of one of ours.

    @rule(what=st.sampled_from(ACTS), name=NAMES, field=FIELDS)
    def somebody(self, what: str, name: str, field: str) -> None:
        self.kube.call(self._as_somebody(what, name, field))

    @rule(
        what=st.sampled_from(ACTS),
        name=NAMES,
        field=FIELDS,
        moment=st.sampled_from(["before", "after"]),
        verb=st.sampled_from(["get", *WRITES]),
    )
    def somebody_in_between(self, what: str, name: str, field: str, moment: str, verb: str) -> None:
        callback: dict[str, Any] = {moment: self._as_somebody(what, name, field)}
        self.kube.server.faults.add(Fault(verb=verb, resource="bgppeers", name=name, **callback))

    @rule(fault=st.sampled_from(sorted(FAULTS)), verb=st.sampled_from(["get", "list", *WRITES]))
    def fault(self, fault: str, verb: str) -> None:
        self.kube.server.faults.add(Fault(verb=verb, resource="bgppeers", **FAULTS[fault]))

    # The watcher and the periodic look.

    @rule(count=st.integers(1, 4))
    def events_come(self, count: int) -> None:
        events = self.ledger.events[self.told : self.told + count]
        self._follow(copy.deepcopy(events))
        self.told += len(events)

    @precondition(lambda self: self.told > 0)
    @rule(back=st.integers(1, 6))
    def events_come_again(self, back: int) -> None:
        self._follow(copy.deepcopy(self.ledger.events[max(0, self.told - back) : self.told]))

    @rule()
    def the_stream_is_lost(self) -> None:
        self.told = len(self.ledger.events)
        self.look()

    @rule()
    def look(self) -> None:
        self._unless_away(self.office.look)

    @rule()
    def look_begins(self) -> None:
        known = markers(self.cluster, "BGPPeer")
        self._unless_away(lambda: self.looks.append((known, door_of(self.cluster).list(KIND)[0])))

    @precondition(lambda self: bool(self.looks))
    @rule(newest=st.booleans())
    def look_ends(self, newest: bool) -> None:
        known, objects = self.looks.pop(-1 if newest else 0)
        follow(self.cluster, "BGPPeer", known, objects, adopting=False)

    # What must hold.

    @invariant()
    def nothing_is_said_that_is_not_so(self) -> None:
        """A row that is in sync with this version of the object says what the object says."""
        self.ledger.check()
        store = self.kube.server.store
        for row in BGPPeer.objects.all():
            self.ledger.seen.add(row.uid)
            if row.sync_state != "in_sync":
                continue
            live = store.get(PEERS, NAMESPACE, row.name)
            if live is not None and live["metadata"]["resourceVersion"] == row.resource_version:
                assert state_of(plain(live)) == state_of(row.manifest), f"{row} is said to be in sync"

    def teardown(self) -> None:
        try:
            self._end()
        finally:
            self.abandon()

    def abandon(self) -> None:
        """Leave nothing behind."""
        self.kube.call(self._cancel)
        self.kube.server.faults.clear()
        transaction.set_rollback(True)
        self._undo.__exit__(None, None, None)

    def _end(self) -> None:
        self.kube.server.faults.clear()
        for name in ADDRESSES:
            self.kube.call(self._as_somebody("let_go", name, "team"))
        self.world.settle()
        self.ledger.check()
        truthful(self.world)
        rows = self.world.rows()
        for name in ADDRESSES:
            edit = self.ledger.newest(name)
            if edit is None or name in self.ledger.given_up or self.ledger.done(edit):
                continue
            row = rows.get(("BGPPeer", name))
            if row is None:
                assert edit.wanted is None, f"lost without a word: {edit}"
                continue
            assert row.state in HELD, f"neither written nor told: {edit}, {row}"
            assert edit.wanted is None or state_of(row.wanted) == edit.wanted, f"another edit is told: {edit}, {row}"
        entries = Change.objects.exclude(source=Change.Source.CLUSTER).exclude(message="Edit discarded.")
        assert entries.count() == self._accepted, "history does not have each accepted edit once"

    def _accept(self, name: str, row: BGPPeer | None, save: Callable[[], Any]) -> None:
        before, seen = self.ledger.newest(name), len(self.ledger.writes)
        there = state_of(self.kube.server.store.get(PEERS, NAMESPACE, name))
        try:
            saved = save()
        except (Refused, RevisionMismatch):
            return
        if row is not None and saved.revision == row.revision:
            return
        self._accepted += 1
        waiting = row is not None and row.pending
        anew = waiting and (bool(row and row.deleting) or bool(before and before.anew))
        base = saved.base
        uid = str(base["metadata"].get("uid", "")) if base else ""
        wanted = None if saved.deleting else state_of(saved.manifest)
        self.ledger.accepted(Edit(name, wanted, state_of(base), uid, anew, there, seen))

    def _as_somebody(self, what: str, name: str, field: str) -> Callable[[], None]:
        change = self._change({field})

        def acts() -> None:
            before, self.ledger.actor = self.ledger.actor, what
            act(self.others, what, name, change)
            self.ledger.actor = before

        return acts

    def _change(self, fields: set[str]) -> dict[str, Any]:
        """A value of its own for each field, so that every edit can be told from every other."""
        self._number += 1
        values = {"peerASN": 64700 + self._number, "holdTime": f"{90 + self._number}s", "team": f"t{self._number}"}
        return {field: values[field] for field in sorted(fields)}

    def _follow(self, events: list[Any]) -> None:
        self._unless_away(lambda: events_follow(self.cluster, door_of(self.cluster), "BGPPeer", events))

    def _unless_away(self, work: Callable[[], object]) -> None:
        try:
            work()
        except KubeError:
            return


def _changed(manifest: Object, change: dict[str, Any]) -> Object:
    """The whole object as a form or REST sends it, with these fields changed."""
    fields = dict(change)
    metadata = dict(manifest["metadata"])
    if "team" in fields:
        metadata["labels"] = {**metadata.get("labels", {}), "team": fields.pop("team")}
    return {**manifest, "metadata": metadata, "spec": {**manifest["spec"], **fields}}
