"""What the rules say of a cluster without an edit is worked out once, and anew after any change that they look at."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from clusters.edits.unedited import findings_without
from clusters.lazy import LazyMapping, LazySequence
from intent.rules import check
from intent.snapshot import Mode, Resource, SecretFact, Snapshot
from tests.intent.manifests import ALL, NODES, advertisement, cluster, peer, pool, service

SERVICES = (service("web", "203.0.113.9", nodes=ALL[:1], local=True),)
OBJECTS = (
    peer(passwordSecret={"name": "secret"}, bfdProfile="nowhere"),
    pool(serviceAllocation={"namespaces": ["shop"]}),
    advertisement(aggregationLength=24),
)
FOREIGN = Resource.from_manifest({"kind": "FRRConfiguration", "metadata": {"name": "own", "namespace": "frr"}})


def picture(**parts: Any) -> Snapshot:
    """As rows are read: equal parts are other objects each time."""
    made = cluster(*OBJECTS, mode=Mode.FRR_K8S, services=SERVICES, secrets=(SecretFact("metallb-system", "secret"),))
    lazy = {
        "services": LazySequence(lambda: list(parts.get("services", SERVICES))),
        "namespaces": LazyMapping(lambda: dict(parts.get("namespaces", {"shop": {}}))),
        "frr_configurations": LazySequence(lambda: list(parts.get("frr_configurations", ()))),
    }
    return replace(made, **{**parts, **lazy}, memo={})


CHANGES: dict[str, Any] = {
    "resources": cluster(peer(), pool("other", ["203.0.112.0/20"]), advertisement()).resources,
    "nodes": NODES[:1],
    "services": (),
    "namespaces": {},
    "secrets": (),
    "frr_configurations": (FOREIGN,),
    "version": "0.15.0",
    "mode": Mode.NATIVE,
    "served_fields": {"BGPPeer": frozenset({"myASN"})},
}


def test_the_same_answer_is_given_as_long_as_nothing_changes() -> None:
    first = findings_without(picture())
    assert first == tuple(check(picture()))
    assert findings_without(picture()) is first


@pytest.mark.parametrize("part", CHANGES)
def test_any_change_is_looked_at(part: str) -> None:
    findings_without(picture())
    changed = picture(**{part: CHANGES[part]})
    assert findings_without(changed) == tuple(check(picture(**{part: CHANGES[part]})))
    assert findings_without(picture()) == tuple(check(picture()))


def test_who_is_asked_about_is_named_first_and_alone() -> None:
    ref = next(one.ref for one in picture().resources if one.ref.kind == "BGPAdvertisement")
    assert findings_without(picture(), {ref}, alone=True) == tuple(check(picture(), {ref}))
    assert set(findings_without(picture(), {ref}, alone=True)) < set(findings_without(picture(), {ref}))
