"""What happens to nodes, and to FRR on them, is kept as events; a first look tells of nothing."""

from __future__ import annotations

from typing import Any

from clusters.models import NodeEvent, StatusObject
from clusters.sync.happened import reports_happened
from tests.clusters.cluster import RunningCluster, node
from tests.clusters.conftest import Office


def told() -> list[tuple[str, str, str]]:
    """The events since, oldest first."""
    found = [(one.node, one.kind, one.text) for one in NodeEvent.objects.order_by("pk")]
    NodeEvent.objects.all().delete()
    return found


def test_nodes_that_turn_come_and_go(kube: RunningCluster, office: Office) -> None:
    kube.add(node("node-1"), node("node-2"))
    office.look()
    assert told() == []
    kube.kubectl("cordon", "node-1")
    kube.kubectl("label", "node", "node-2", "rack=b", "zone=east")
    office.look()
    assert told() == [("node-1", "node-cordoned", ""), ("node-2", "node-labels", "rack=b added, zone=east added")]
    kube.kubectl("label", "node", "node-2", "rack=c", "zone-", "--overwrite")
    kube.kubectl("uncordon", "node-1")
    office.look()
    office.look()
    labels = "rack: b → c, zone=east removed"
    assert told() == [("node-1", "node-uncordoned", ""), ("node-2", "node-labels", labels)]
    conditions: list[dict[str, Any]] = [{"type": "Ready", "status": "Unknown"}]
    kube.kubectl("delete", "node", "node-1")
    kube.add({**node("node-3"), "status": {"conditions": conditions}})
    office.look()
    assert sorted(told()) == [("node-1", "node-removed", ""), ("node-3", "node-added", "")]


def test_a_reload_of_frr_k8s_is_an_event_and_one_that_failed_another(office: Office) -> None:
    """frr-k8s writes the running configuration and the result into FRRNodeState (internal/controller, 0.0.17)."""

    def state(result: str, config: str) -> StatusObject:
        body = {"status": {"runningConfig": config}}
        good = "success" if not result else "failed"
        place = {"cluster": office.cluster, "kind": "FRRNodeState", "name": "node-1", "node": "node-1"}
        return StatusObject(**place, body=body, result=good, message=result, seen_at="2026-11-25T16:00:00Z")

    state("", "router bgp 1").save()
    for row in (state("", "router bgp 1"), state("", "router bgp 2"), state("line 3: unknown command", "")):
        reports_happened(office.cluster, [row], ())
    assert told() == [
        ("node-1", "frr-reloaded", ""),
        ("node-1", "frr-refused", "line 3: unknown command"),
    ]
