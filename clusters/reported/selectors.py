"""What is reported, by kind."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from django.db.models import Count, Q, QuerySet

from clusters.models import StatusObject
from clusters.models.status import BAD
from clusters.selectors import snapshot_of
from intent import rules
from intent.addresses import parse_address
from intent.findings import Finding, ObjectRef
from intent.kinds import READ_KINDS, Kind
from intent.snapshot import mapping, text

# Which columns a kind has, besides its name.
COLUMNS: Mapping[str, tuple[str, ...]] = {
    "ServiceBGPStatus": ("service", "node"),
    "ServiceL2Status": ("service", "node"),
    "ConfigurationState": ("node", "result"),
    "FRRConfiguration": ("node",),
    "FRRNodeState": ("node", "result"),
    "BGPSessionState": ("node", "peer", "vrf", "result"),
    "FRRK8sConfiguration": (),
    "NodeNetworkConfigurationPolicy": ("result",),
}
_WORDS = 5
_RESULTS = 50


@dataclass(frozen=True, slots=True)
class KindCount:
    """A kind with how many objects there are of it, and how many of these say that something is wrong."""

    kind: Kind
    number: int
    bad: int


def counts_by_kind(cluster: str = "") -> list[KindCount]:
    """Every kind, in the order of its description; one query."""
    rows = StatusObject.objects.filter(cluster__name=cluster) if cluster else StatusObject.objects.all()
    counted = rows.order_by().values("kind").annotate(number=Count("pk"), bad=Count("pk", filter=Q(result__in=BAD)))
    found = {one["kind"]: (one["number"], one["bad"]) for one in counted}
    return [KindCount(kind, *found.get(name, (0, 0))) for name, kind in READ_KINDS.items()]


def kind_of(plural: str) -> Kind | None:
    """The kind whose objects have this address."""
    return next((kind for kind in READ_KINDS.values() if kind.plural == plural), None)


def reported(kind: Kind, words: str = "") -> QuerySet[StatusObject]:
    """The objects of a kind whose name, node, service or peer is meant by all of the words."""
    rows = StatusObject.objects.filter(kind=kind.kind).select_related("cluster")
    for word in words.split()[:_WORDS]:
        found = Q(name__icontains=word) | Q(node__icontains=word) | Q(message__icontains=word)
        found |= Q(service_name__icontains=word) | Q(service_namespace__icontains=word)
        rows = rows.filter(found | Q(peer__istartswith=str(parse_address(word) or word)))
    return rows


def findings_of(row: StatusObject) -> list[Finding]:
    """What the rules say of an object; of all that is reported they look at FRRConfigurations of people only."""
    if row.kind != "FRRConfiguration" or row.shortened:
        return []
    return rules.check_frr_configuration(snapshot_of(row.cluster), ObjectRef(row.kind, row.namespace, row.name))


def results(kind: Kind) -> list[str]:
    """The different results of a kind, sorted."""
    rows = StatusObject.objects.filter(kind=kind.kind).exclude(result="").order_by("result")
    return list(rows.values_list("result", flat=True).distinct()[:_RESULTS])


def said(row: StatusObject) -> str:
    """What a row says beyond its columns."""
    status = mapping(row.body.get("status"))
    if row.kind == "ServiceBGPStatus":
        peers = [text(peer) for peer in status.get("peers") or ()]
        return f"to {', '.join(peers)}" if peers else "to no peer"
    if row.kind == "ServiceL2Status":
        names = [text(mapping(each).get("name")) for each in status.get("interfaces") or ()]
        return f"on {', '.join(names)}" if names else "on all interfaces"
    return row.message
