"""Every row of the table of docs/why.md in the product's own rows, on real FRR, and what its first look says after.

All of it happens at the same time, each to a session of its own.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.db.models import QuerySet

from speakers.models import Session, Transition
from tests.frr.ground import NODES, ONE, Ground
from tests.frr.observed import observed_lab
from tests.frr.troubles import PLACES, PLAIN, TROUBLES, objects, place
from tests.speakers.lab import Observer, observing
from tests.waiting import eventually

pytestmark = [pytest.mark.frr, pytest.mark.django_db]
DOCUMENT = Path(__file__).parents[2] / "docs" / "why.md"
# test_resets.py, where a node crashes; tests/speakers/test_causes_on_simulated_speakers.py, since it passes by itself
ELSEWHERE = {"collision-received", "silent"}
LATE = {name for name, trouble in TROUBLES.items() if not trouble.early}


def neighbors(ground: Ground, node: str) -> dict[tuple[str, str], dict[str, Any]]:
    """What FRR itself says of every neighbor of a node."""
    answer = json.loads(ground.vtysh("show bgp vrf all neighbors json", node=node))
    return {
        (vrf, name): facts
        for vrf, neighbors in answer.items()
        for name, facts in neighbors.items()
        if isinstance(facts, dict)
    }


def missing(ground: Ground, *nodes: str) -> list[str]:
    """The troubles whose sessions are not whole in FRR's own eyes."""
    return [
        f"{PLACES[where]}: {facts['bgpState']}, {facts.get('peerBfdInfo', {}).get('status', 'no BFD')}, {node}"
        for node in nodes
        for where, facts in neighbors(ground, node).items()
        if where in PLACES and not whole(PLACES[where], facts)
    ]


def whole(name: str, facts: dict[str, Any]) -> bool:
    """Whether a session is up, BFD too if it has that, and all of its families."""
    spec = TROUBLES[name].spec
    families = facts.get("neighborCapabilities", {}).get("multiprotocolExtensions", {})
    wanted = {"ipv4Unicast", "ipv6Unicast"} if "dualStackAddressFamily" in spec else set()
    both = all(families.get(family, {}).get("advertisedAndReceived") for family in wanted)
    bfd = "bfdProfile" not in spec or facts.get("peerBfdInfo", {}).get("status") == "Up"
    return facts["bgpState"] == "Established" and both and bfd


def none(found: list[str]) -> bool:
    assert not found, found
    return True


def unaware(ground: Ground) -> list[str]:
    """The troubles of which a router has not noticed.

    The lab's routers take nodes as dynamic neighbors, and one that takes a new connection while it holds the old one
    may go on without BFD (seen with FRR 8.4.4).
    """
    silent = [(name, place(name), node) for name, trouble in TROUBLES.items() for node in trouble.silent]
    return [f"{name}, {node}" for name, (vrf, address), node in silent if ground.holds(address, vrf, node)]


@pytest.fixture
def observed(tmp_path: Path, db: None, redis_url: str) -> Iterator[Observer]:
    """bgpui at work on a lab that no other test has, since the troubles of one that fails would stay in it."""
    running = observed_lab(tmp_path)
    with observing(running) as observer:
        yield observer
    running.close()


@pytest.fixture
def troubled(observed: Observer) -> Observer:
    """All peers, with what is wrong from the beginning; the others are up, and bgpui has seen them so."""
    ground = Ground(observed.running)
    for manifest in objects():
        ground.running.call(ground.lab.store.add, manifest)
    ground.settled()
    observed.relist()
    eventually(lambda: none([one for one in missing(ground, ONE) if one.partition(":")[0] in LATE]), 120, 0.5)
    observed.sweep()
    return observed


def sessions_of(observer: Observer) -> QuerySet[Session]:
    return Session.objects.filter(cluster=observer.cluster).exclude(neighbor=PLAIN)


def causes(observer: Observer, seen: dict[str, set[str]]) -> bool:
    """Whether a look has shown each trouble by one of its causes by now."""
    observer.sweep()
    for row in sessions_of(observer).filter(node=ONE):
        seen.setdefault(PLACES[row.vrf, row.neighbor], set()).add(row.reason)
    left = {name: seen.get(name) for name, trouble in TROUBLES.items() if not seen.get(name, set()) & trouble.reasons}
    assert not left, left
    return True


def test_every_row_of_the_table_and_the_way_back(troubled: Observer) -> None:
    ground = Ground(troubled.running)
    for by_hand in (False, True):
        for name, trouble in TROUBLES.items():
            if not trouble.early and trouble.by_hand is by_hand:
                trouble.begin(ground, place(name)[1])
        ground.settled()
    troubled.relist()
    seen: dict[str, set[str]] = {}
    eventually(lambda: causes(troubled, seen), timeout=120, interval=1.0)

    eventually(lambda: none(unaware(ground)), timeout=120, interval=0.5)
    for by_hand in (True, False):
        for name, trouble in TROUBLES.items():
            if trouble.by_hand is by_hand:
                trouble.end(ground, place(name)[1])
        ground.settled()
    troubled.relist()
    eventually(lambda: none(missing(ground, *NODES)), timeout=150, interval=0.5)
    troubled.sweep()

    after = {
        (row.node, PLACES[row.vrf, row.neighbor]): (row.state, row.degraded, row.reason)
        for row in sessions_of(troubled)
    }
    assert after == {(node, name): ("Established", "", "") for node in NODES for name in TROUBLES}
    assert set(troubled.health().values()) == {"up"}
    for name, trouble in TROUBLES.items():
        vrf, neighbor = place(name)
        history = Transition.objects.filter(node=ONE, vrf=vrf, neighbor=neighbor).order_by("at", "pk")
        told = [(one.old_state, one.new_state, one.reason) for one in history]
        assert told[-1][1] == "Established", (name, told)
        assert trouble.reasons & {reason for _, _, reason in told}, (name, told)


def test_the_table_has_no_other_causes() -> None:
    table = DOCUMENT.read_text().partition("Each row is produced")[0]
    rows = [line.split("|")[2] for line in table.splitlines() if line.startswith("| ") and "`" in line.split("|")[2]]
    tried = {reason for trouble in TROUBLES.values() for reason in trouble.reasons}
    assert {cause for row in rows for cause in re.findall(r"`([a-z-]+)`", row)} == tried | ELSEWHERE
