"""What others than FRR say of sessions: frr-k8s in BGPSessionStates, and the speakers of native mode in metrics."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from clusters import clock
from clusters.models import Cluster, StatusObject
from clusters.observing import REPORTED, reports_are_watched
from speakers.frr.conditions import STATES, UNKNOWN, Condition, Evidence
from speakers.frr.reasons import REASONS

if TYPE_CHECKING:
    from speakers.models import Session

_ESTABLISHED = "Established"
_BFD_DOWN = {"Down", "Admin Down"}
# What only FRR itself could say, while it is not asked.
UNTOLD: dict[str, Any] = {
    "remote_as": None, "local_as": None, "remote_router_id": "", "local_router_id": "", "link": "", "bgp_version": None,
    "hostname": "", "hold_time": None, "keepalive_time": None, "families": [], "bfd": "", "prefixes_sent": None,
    "prefixes_received": None, "connections_established": 0, "connections_dropped": 0, "differs": "",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Report:
    """One session as reported. seen_at: when it was first seen like this; state: `bgpState` of FRR, or "Down"."""

    vrf: str
    neighbor: str
    state: str
    bfd: str
    seen_at: datetime
    name: str = ""
    namespace: str = ""
    sent: int | None = None  # prefixes, where they are told
    reason: str = "only-reported"  # why nothing is known of the cause

    @property
    def up(self) -> bool:
        """Whether it is Established."""
        return self.state == _ESTABLISHED


def reports_of(cluster: Cluster, nodes: Sequence[str] | None = None) -> dict[str, list[Report]]:
    """What frr-k8s reports, by node, None = of all; one query."""
    rows = StatusObject.objects.filter(cluster=cluster, kind=REPORTED).order_by("seen_at", "name")
    rows = rows if nodes is None else rows.filter(node__in=nodes)
    found: dict[str, dict[tuple[str, str], Report]] = defaultdict(dict)
    columns = ("node", "vrf", "peer", "result", "message", "seen_at", "name", "namespace")
    for node, vrf, peer, state, message, at, name, namespace in rows.values_list(*columns):
        bfd = message.removeprefix("BFD ") if message.startswith("BFD ") else ""
        found[node][vrf, peer] = Report(vrf[:63], peer[:100], state, bfd[:20], at, name, namespace)
    return {node: list(several.values()) for node, several in found.items()}


def report_of(session: Session) -> Report | None:
    """What frr-k8s reports of one session; one query."""
    row = (
        StatusObject.objects.filter(cluster=session.cluster_id, kind=REPORTED, node=session.node)
        .filter(vrf=session.vrf, peer=session.neighbor)
        .order_by("-seen_at")
        .first()
    )
    if row is None:
        return None
    bfd = row.message.removeprefix("BFD ") if row.message.startswith("BFD ") else ""
    return Report(row.vrf, row.peer, row.result, bfd, row.seen_at, row.name, row.namespace)


def reported_as_of(cluster: Cluster) -> datetime | None:
    """The moment for which the rows say what the cluster holds; None = they were never read."""
    return clock.now() if reports_are_watched(cluster) else cluster.readonly_at


def reported(report: Report) -> Condition:
    """Judge a session by what is reported; FRR's reasons are not in it."""
    if report.state == _ESTABLISHED:
        if report.bfd in _BFD_DOWN:
            words = REASONS["bfd-down"].title
            return Condition(report.state, words, "bfd-down", words, {"bfdStatus": report.bfd})
        return Condition(report.state)
    if report.state not in STATES:
        return unreported()
    cause = REASONS[report.reason].title
    return Condition(report.state, reason=report.reason, cause=cause, evidence=_evidence(report))


def unreported() -> Condition:
    """An intended session of which nothing is reported: that does not mean that it is down."""
    return Condition(UNKNOWN, reason="not-reported", cause=REASONS["not-reported"].title)


def _evidence(report: Report) -> Evidence:
    if report.reason == "only-metrics":
        return {"metallb_bgp_session_up": 0}
    return {"bgpStatus": report.state, **({"bfdStatus": report.bfd} if report.bfd else {})}
