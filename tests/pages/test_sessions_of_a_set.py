"""Review of a change set says what happens to sessions: intent before and after, peer by peer."""

from __future__ import annotations

from typing import Any

from clusters.changesets.review import changeset_review
from clusters.changesets.wanted import Wanted
from clusters.models import Cluster
from tests.clusters.sets import gone, some_peer, wanted
from tests.pages.rows import EXAMPLE, a_peer


def changes(cluster: Cluster, *edits: Wanted) -> dict[tuple[str, str], tuple[int, int, int]]:
    review = changeset_review(cluster=cluster, edits=edits, dry_run=False)
    return {(one.peer, one.neighbor): (one.opened, one.closed, one.changed) for one in review.sessions}


def of(name: str, **spec: Any) -> Wanted:
    manifest = some_peer(1, **EXAMPLE | spec)
    manifest["metadata"]["name"] = name
    return wanted(manifest)


def test_sessions_open_close_and_change(cluster: Cluster) -> None:
    a_peer(cluster, "stays")
    a_peer(cluster, "goes", {**EXAMPLE, "peerAddress": "10.0.0.2"})
    a_peer(cluster, "moves", {**EXAMPLE, "peerAddress": "10.0.0.3"})
    a_peer(cluster, "untouched", {**EXAMPLE, "peerAddress": "10.0.0.9"})
    one_node = [{"matchLabels": {"rack": "1"}}]
    assert changes(
        cluster,
        of("stays", holdTime="30s", keepaliveTime="10s"),
        gone("goes"),
        of("moves", peerAddress="10.0.0.4"),
        of("comes", peerAddress="10.0.0.5", nodeSelectors=one_node),
    ) == {
        ("stays", "10.0.0.1"): (0, 0, 3),
        ("goes", "10.0.0.2"): (0, 3, 0),
        ("moves", "10.0.0.3"): (0, 3, 0),
        ("moves", "10.0.0.4"): (3, 0, 0),
        ("comes", "10.0.0.5"): (1, 0, 0),
    }


def test_a_peer_that_is_made_anew_closes_its_sessions_first(cluster: Cluster) -> None:
    a_peer(cluster, "tor")
    manifest = of("tor").manifest
    assert manifest is not None
    assert changes(cluster, wanted(dict(manifest), recreate=True)) == {("tor", "10.0.0.1"): (3, 3, 0)}


def test_what_opens_no_session_says_nothing(cluster: Cluster) -> None:
    a_peer(cluster, "tor")
    profile: dict[str, Any] = {"apiVersion": "metallb.io/v1beta1", "kind": "BFDProfile"}
    profile |= {"metadata": {"name": "fast", "namespace": "metallb-system"}, "spec": {}}
    assert changes(cluster, wanted(profile), of("tor")) == {}
