"""Over which sessions pools and BGPAdvertisements are meant to be announced, and which of these are up."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from clusters.heard import Over, heard, over
from clusters.models import Resource
from clusters.selectors import snapshot_of
from intent.findings import ObjectRef
from intent.pool_choice import pool_choice_of
from intent.pools import AddressRange, address_range, ranges
from intent.reaching import sessions_of_pools
from intent.snapshot import Snapshot

_KINDS = {"IPAddressPool": "pool", "BGPAdvertisement": "advertisement"}


def announced_over(row: Resource) -> Over | None:
    """Of a pool or a BGPAdvertisement as the cluster holds it, None for other kinds; a fixed number of queries."""
    about = _KINDS.get(row.KIND.kind)
    if about is None or row.namespace != row.cluster.namespace:
        return None
    snapshot = snapshot_of(row.cluster)
    own = _ranges(row, snapshot)

    def concerns(_peer: str, prefix: str) -> bool:
        found = address_range(prefix)
        return found is not None and any(found.overlaps(one) for one in own)

    return over(heard(row.cluster), sessions_of_pools(snapshot, **{about: row.name}), concerns)


def _ranges(row: Resource, snapshot: Snapshot) -> list[AddressRange]:
    """The addresses of the pool, or of the pools that the advertisement selects."""
    pools = {pool.name: pool for pool in snapshot.in_force("IPAddressPool")}
    names = {row.name}
    if row.KIND.kind == "BGPAdvertisement":
        found = snapshot.find(ObjectRef(row.KIND.kind, row.namespace, row.name))
        names = set(pool_choice_of(snapshot).names(found.spec)) if found is not None else set()
    return [one for name in names & pools.keys() for one in ranges(pools[name])]


def over_json(found: Over | None) -> dict[str, Any] | None:
    """The same as JSON."""
    if found is None:
        return None
    return {
        "meant": found.meant,
        "up": found.up,
        "notUp": [asdict(one) for one in found.missing],
        "differing": found.differing,
        "unclear": found.unclear,
        "unsure": found.unsure,
        "notAsMeant": [asdict(one) for one in found.different],
    }
