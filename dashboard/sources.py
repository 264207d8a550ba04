"""Who says what of a session, and since when: FRR, frr-k8s and MetalLB, told apart."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from django.urls import reverse

from clusters.models import Cluster, StatusObject
from clusters.observing import REPORTED, asks, reports_are_watched
from clusters.words import counted
from speakers.models import Session, Speaker
from speakers.reports import Report, report_of

_SERVED = "bgpsessionstates.frrk8s.metallb.io"
_MOST = 2000  # services of a node that are counted
_VTYSH, _METRICS = "vtysh", "metrics of the speaker"
_METALLB = "ServiceBGPStatus"
_INTERIM = "only-reported"


@dataclass(frozen=True, slots=True)
class Source:
    """One of them. state: of the session, "" = it tells none; at: when it was asked, or first seen to say so."""

    name: str
    state: str
    at: datetime | None
    words: str = ""
    href: str = ""


@dataclass(frozen=True, slots=True)
class Sources:
    """All of them. disagree: what two of them say otherwise, and which is newer; "" = nothing."""

    told: tuple[Source, ...]
    disagree: str = ""

    def as_json(self) -> dict[str, Any]:
        """For REST."""
        return {"told": [asdict(source) for source in self.told], "disagree": self.disagree}


def sources(session: Session) -> Sources:
    """At most three queries."""
    cluster, told = session.cluster, [_heard(session)]
    served = bool(cluster.served.get(_SERVED))
    report = report_of(session) if served else None
    if served:
        told.append(_report(cluster, report))
    if session.peer and cluster.served.get("servicebgpstatuses.metallb.io"):
        told.append(_services(session))
    return Sources(tuple(told), _disagree(session, report) if report else "")


def _heard(session: Session) -> Source:
    """What FRR said, or in its place the speaker of native mode."""
    speaker, cluster = session.speaker, session.cluster
    if speaker.source == Speaker.Source.METRICS:
        return Source(_METRICS, session.state, speaker.observed_at, "native mode: there is no FRR")
    if speaker.source == Speaker.Source.STATUS or (speaker.asked_at is None and not asks(cluster)):
        return Source(_VTYSH, "", None, speaker.error or cluster.observing_why or "not asked")
    if _interim(session):
        return Source(_VTYSH, "", speaker.observed_at, "another state; it is asked again within a minute")
    state = "" if session.state == Session.State.UNKNOWN else session.state
    return Source(_VTYSH, state, speaker.observed_at, speaker.error if speaker.misses else "")


def _interim(session: Session) -> bool:
    """Whether what FRR said was overtaken by a report, in quiet mode."""
    return session.reason == _INTERIM and session.speaker.source == Speaker.Source.VTYSH


def _report(cluster: Cluster, report: Report | None) -> Source:
    if report is None:
        return Source(REPORTED, "", None, "FRR-K8s reports nothing of it")
    href = reverse("status-object", args=["bgpsessionstates", cluster.name, report.namespace, report.name])
    bfd = f"BFD {report.bfd}" if report.bfd else ""
    watched = "" if reports_are_watched(cluster) else "not followed by an event stream"
    return Source(REPORTED, report.state, report.seen_at, " · ".join(filter(None, (bfd, watched))), href)


def _services(session: Session) -> Source:
    """What MetalLB means to announce there; whether it is announced depends on the session (metallb.io API)."""
    rows = StatusObject.objects.filter(cluster=session.cluster_id, kind=_METALLB, node=session.node)
    found = rows.order_by("-seen_at").values_list("seen_at", "body__status__peers")[:_MOST]
    meant = [at for at, peers in found if isinstance(peers, list) and session.peer in peers]
    words = f"{counted(len(meant), 'service')} meant for this peer from this node"
    href = f"{reverse('status-kind', args=['servicebgpstatuses'])}?cluster={session.cluster.name}&node={session.node}"
    return Source(_METALLB, "", max(meant) if meant else None, words, href)


def _disagree(session: Session, report: Report) -> str:
    """FRR's answer and the report, where one of them says Established and the other one does not."""
    heard = session.speaker.observed_at
    if session.speaker.source != Speaker.Source.VTYSH or heard is None or session.state == Session.State.UNKNOWN:
        return ""
    if _interim(session):
        return (
            f"FRR-K8s has reported {report.state} since FRR was asked. That counts until it may be asked again: "
            "in quiet mode once a minute."
        )
    if (session.state == Session.State.ESTABLISHED) == report.up:
        return ""
    newer = "FRR was asked after that, so its answer counts." if heard >= report.seen_at else "The report is newer."
    return (
        f"They disagree: FRR says {session.state}, FRR-K8s reports {report.state}. {newer} "
        "FRR-K8s looks at its sessions every two minutes and does not say when it did."
    )
