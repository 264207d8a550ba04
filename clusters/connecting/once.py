"""No cluster twice: the same by its address, by being the own one, or by the uid of its namespace kube-system."""

from __future__ import annotations

from typing import Any

from django.db.models import Q, QuerySet

from clusters.connecting.access import UnfitError, shown
from clusters.kube.connection import Access
from clusters.models import Cluster, Credential, Lease
from clusters.selectors import clusters_active, clusters_known

_WAY_OUT = "Use that one; two of the same would do everything twice."
_TURN = "connecting"  # the name of a row that is locked and never held


def once(access: Access | None, *, but: Cluster | None = None, facts: dict[str, Any] | None = None) -> None:
    """Raises UnfitError if this is another cluster than `but` that is in the list already.

    access: None = the one that bgpui runs in. facts: what a trial has found.
    """
    if access is None:
        _own(but)
    else:
        _at_address(access, but)
    uid = (facts or {}).get("uid")
    if uid and (other := _others(but).filter(uid=uid).first()):
        field = "inCluster" if access is None else "cluster.server"
        text = f"`{field}`: this is cluster {other.name}, by the uid of its namespace kube-system; it is there already."
        raise UnfitError(field, text, _WAY_OUT)


def take_turn() -> None:
    """Let those wait who connect a cluster at the same moment, until this transaction is over."""
    Lease.objects.get_or_create(name=_TURN)
    Lease.objects.select_for_update().get(name=_TURN)


def _others(but: Cluster | None) -> QuerySet[Cluster]:
    others = clusters_known().filter(Q(source=Cluster.Source.ADDED) | Q(pk__in=clusters_active()))
    return others.exclude(pk__in=[but.pk] if but is not None else [])


def _at_address(access: Access, but: Cluster | None) -> None:
    others = Credential.objects.filter(server=shown(access.server)).exclude(cluster=but).select_related("cluster")
    if other := others.first():
        text = f"`cluster.server`: cluster {other.cluster.name} is at this address already."
        raise UnfitError("cluster.server", text, _WAY_OUT)


def _own(but: Cluster | None) -> None:
    if other := _others(but).filter(kubeconfig="", credential_id="").first():
        text = f"`inCluster`: cluster {other.name} is the one that bgpui runs in already."
        raise UnfitError("inCluster", text, _WAY_OUT)
