"""What is kept of the findings of a large cluster: some objects and nodes, and how many more there are."""

from __future__ import annotations

import pytest

from clusters.models import Cluster, Node
from clusters.stale import by_node, refusals
from clusters.sync.findings import findings_write
from tests.kinds import saved

NODES = 300


@pytest.mark.django_db
def test_thousands_of_node_names_are_kept_once_and_every_node_has_its_reasons() -> None:
    cluster = Cluster.objects.create(name="lab", mode="frr", metallb_version="0.16.1", namespace="metallb-system")
    Node.objects.bulk_create(Node(cluster=cluster, name=f"node-{number:03}") for number in range(NODES))
    rows = [
        saved(cluster, "BGPPeer", f"tor-{number}", {"myASN": 0, "peerASN": 64512, "peerAddress": f"192.0.2.{number}"})
        for number in range(10)
    ]
    findings_write(cluster)
    kept = []
    for row in rows:
        row.refresh_from_db()
        (found,) = (finding for finding in row.findings if finding["code"] == "my-asn-zero")
        assert len(found["nodes"]) + found["more_nodes"] == NODES
        kept.append(len(found["nodes"]))
    assert sorted(kept) == [20] * 7 + [NODES] * 3
    assert {len(why) for why in by_node(refusals(cluster)).values()} >= {3}
    assert len(by_node(refusals(cluster))) == NODES
