"""The advertisements that are for one Service."""

from __future__ import annotations

from dataclasses import dataclass

from clusters.kindpages import page_of_kind
from clusters.models import Service
from intent.addresses import parse_address
from intent.announcements.advertisements import advertisements
from intent.placement import placement_of
from intent.pool_choice import pool_choice_of
from intent.pools import pool_index_of
from intent.selectors import Selection
from intent.snapshot import Snapshot


@dataclass(frozen=True, slots=True, kw_only=True)
class Covering:
    """An advertisement that is for a Service. nodes: on how many.

    Of BGPAdvertisements only: peers, by name, None = all; lengths, of IPv4 and IPv6 prefixes; local_pref, 0 = not set.
    """

    kind: str
    name: str
    nodes: int
    peers: tuple[str, ...] | None = ()
    lengths: tuple[int, int] | None = None
    local_pref: int = 0
    communities: tuple[str, ...] = ()

    @property
    def page(self) -> str:
        """Name of its page."""
        return page_of_kind(self.kind).one


def covering(row: Service, snapshot: Snapshot) -> list[Covering]:
    """The advertisements of its pool that are for this Service."""
    placement = placement_of(snapshot)
    addresses = [one for address in row.addresses if (one := parse_address(address)) is not None]
    pool = pool_index_of(snapshot).holding_all(addresses) if addresses else row.requested_pool
    choice = pool_choice_of(snapshot)
    found = [
        Covering(
            kind="BGPAdvertisement",
            name=each.name,
            nodes=len(placement.names(each.nodes)),
            peers=None if each.peers is None else tuple(sorted(each.peers)),
            lengths=each.lengths,
            local_pref=each.local_pref,
            communities=tuple(map(str, sorted(each.communities))),
        )
        for each in advertisements(snapshot, placement)
        if pool in each.pools and each.services.chooses(row.labels)
    ]
    return found + [
        Covering(kind="L2Advertisement", name=each.name, nodes=len(placement.names(placement.mask(each.spec))))
        for each in snapshot.in_force("L2Advertisement")
        if pool in choice.names(each.spec) and Selection(each.spec.get("serviceSelectors")).chooses(row.labels)
    ]
