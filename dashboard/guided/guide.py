"""What every guided way is: the parts that it asks for, how they belong together, and who may walk it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from django.db.models import Q, QuerySet
from django.http import QueryDict

from clusters.changesets.wanted import Wanted
from clusters.kindpages import page_of_kind
from clusters.models import Cluster
from clusters.registry import rows_of
from dashboard.guided.parts import Part, Piece
from peers.models import BGPPeer

IDENTITY = ("name", "myASN", "peerASN", "peerAddress")
RARER = ("holdTime", "keepaliveTime", "ebgpMultiHop", "passwordSecret")
ROUTES = ("communities", "localPref", "aggregationLength", "aggregationLengthV6", "nodeSelectors")
_CHOICES = 200  # objects that a select offers
_LONGEST_NAME = 253


@dataclass(frozen=True, slots=True)
class Setting:
    """Where a way is walked, and what was answered so far."""

    cluster: Cluster
    post: QueryDict
    user: Any = None


class Guide:
    """One guided way. lead: what it is for. kinds: what it makes; who may not add these does not see it."""

    slug: ClassVar[str]
    title: ClassVar[str]
    lead: ClassVar[str]
    kinds: ClassVar[tuple[str, ...]]
    template: ClassVar[str] = "guided/ways/plain.html"

    def parts(self, here: Setting) -> list[Part]:
        """What is asked for."""
        raise NotImplementedError

    def join(self, here: Setting, pieces: Mapping[str, Piece]) -> None:
        """Let the objects refer to each other, and say what the answers mean."""

    def beside(self, here: Setting, pieces: Mapping[str, Piece]) -> Sequence[Wanted]:
        """What is made besides the parts."""
        return ()

    def context(self, here: Setting, pieces: Mapping[str, Piece]) -> dict[str, Any]:
        """More for the template."""
        return {}

    def allowed(self, user: Any) -> bool:
        """Whether the user may make all that it makes."""
        needed = {page_of_kind(kind).permission("add") for kind in self.kinds} | {"clusters.add_changeset"}
        return bool(user.has_perms(needed))


def names(cluster: Cluster, kind: str) -> list[str]:
    """Objects of a kind in MetalLB's namespace that are not being deleted."""
    rows = rows_of(kind).filter(cluster=cluster, namespace=cluster.namespace, deleting=False)
    return list(rows.order_by("name").values_list("name", flat=True)[:_CHOICES])


def peers_of(cluster: Cluster) -> QuerySet[BGPPeer]:
    """The peers that MetalLB looks at and that stay."""
    return BGPPeer.objects.filter(cluster=cluster, namespace=cluster.namespace, deleting=False)


def habits(cluster: Cluster) -> dict[str, Any]:
    """What all peers have alike and a new one must have, too: routerID, and in the default VRF myASN."""
    ids = peers_of(cluster).order_by().values_list("router_id", flat=True)
    numbers = peers_of(cluster).filter(Q(vrf=None) | Q(vrf="")).order_by().values_list("my_asn", flat=True)
    alike: dict[str, list[Any]] = {"myASN": list(numbers.distinct()[:2]), "routerID": list(ids.distinct()[:2])}
    return {name: values[0] for name, values in alike.items() if len(values) == 1 and values[0]}


def asks_peer(cluster: Cluster, *fields: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """What is asked of a new peer, and what stands behind a fold: a router ID is asked where others have one."""
    wanted = peers_of(cluster).exclude(router_id=None).exclude(router_id="").exists()
    asked = (*IDENTITY, *fields, *(("routerID",) if wanted else ()))
    return asked, tuple(name for name in ("routerID", *RARER) if name not in asked)


def joined(adv: Piece, pool: Piece, peer: Piece) -> None:
    """Let an advertisement announce one pool to one peer; without a name of its own it is called after them."""
    if not (pool.name and peer.name):
        return
    adv.draft.manifest["spec"] = {"ipAddressPools": [pool.name], "peers": [peer.name], **adv.draft.manifest["spec"]}
    adv.remarks = [f"It announces {pool.name} to {peer.name}, and to nobody else."]
    if not adv.draft.name:
        adv.rename(f"{pool.name}-to-{peer.name}"[:_LONGEST_NAME])
