"""What snapshots that are made of each other share, so that a change costs little, changes no answer."""

from __future__ import annotations

from typing import Any

import pytest

from intent.announcements import Announcements
from intent.rules import check
from intent.snapshot import Snapshot
from tests.intent.manifests import (
    ALL,
    RACK_A,
    RACK_B,
    advertisement,
    cluster,
    l2,
    manifest,
    peer,
    pool,
    profile,
    selecting,
    service,
)

SERVICES = (
    service("a", "203.0.113.1", labels={"app": "a"}),
    service("b", "203.0.113.9", labels={"app": "b"}, nodes=ALL[:1], local=True),
    service("c", "198.51.100.7"),
)
OBJECTS = (
    peer("tor"),
    peer("rack", peerAddress="10.0.0.2", **RACK_A),
    profile("fast"),
    pool("pool", labels={"tier": "1"}),
    pool("other", ["198.51.100.0/24"]),
    advertisement("adv", serviceSelectors=selecting(app="a"), communities=["known"]),
    advertisement("wide", aggregationLength=24, ipAddressPoolSelectors=selecting(tier="1")),
    l2("link"),
    manifest("Community", "names", {"communities": [{"name": "known", "value": "65000:1"}]}, version="v1beta1"),
)
EDITS: dict[str, dict[str, Any]] = {
    "other services": advertisement("adv", serviceSelectors=selecting(app="b"), communities=["known"]),
    "other pools": advertisement("wide", aggregationLength=24, ipAddressPools=["other"]),
    "other nodes": advertisement("wide", aggregationLength=24, **RACK_B),
    "another range": pool("pool", ["203.0.113.0/29"], {"tier": "1"}),
    "other labels": pool("other", ["198.51.100.0/24"], {"tier": "1"}),
    "another alias": manifest(
        "Community", "names", {"communities": [{"name": "known", "value": "65000:2"}]}, version="v1beta1"
    ),
    "another peer": peer("tor", bfdProfile="none"),
    "a new peer": peer("new", peerAddress="10.0.0.3"),
    "a new pool": pool("new", ["203.0.113.128/25"]),
}


def told(snapshot: Snapshot) -> tuple[Any, ...]:
    """All that rules say and nodes announce."""
    announcements = Announcements(snapshot)
    return tuple(check(snapshot)), [announcements.on(node) for node in ALL], [announcements.status_on(n) for n in ALL]


@pytest.mark.parametrize("edit", EDITS)
def test_an_answer_does_not_depend_on_what_was_asked_before(edit: str) -> None:
    before = cluster(*OBJECTS, services=SERVICES)
    first = told(before)
    changed = {(one["kind"], one["metadata"]["name"]): one for one in (*OBJECTS, EDITS[edit])}
    after = before.with_resources(cluster(EDITS[edit]).resources)
    fresh = cluster(*OBJECTS, services=SERVICES).with_resources(cluster(EDITS[edit]).resources)
    assert told(after) == told(fresh)
    assert told(after)[1:] == told(cluster(*changed.values(), services=SERVICES))[1:]
    assert told(after)[1:] != first[1:] or told(after)[0] != first[0]
    assert told(before) == first
