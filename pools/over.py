"""Over which sessions pools and BGPAdvertisements are meant to be announced, and which of these are up."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from clusters.heard import Over, heard, over
from clusters.models import Resource
from clusters.selectors import snapshot_of
from intent.reaching import sessions_of_pools

_KINDS = {"IPAddressPool": "pool", "BGPAdvertisement": "advertisement"}


def announced_over(row: Resource) -> Over | None:
    """Of a pool or a BGPAdvertisement as the cluster holds it, None for other kinds; a fixed number of queries."""
    about = _KINDS.get(row.KIND.kind)
    if about is None or row.namespace != row.cluster.namespace:
        return None
    return over(heard(row.cluster), sessions_of_pools(snapshot_of(row.cluster), **{about: row.name}))


def over_json(found: Over | None) -> dict[str, Any] | None:
    """The same as JSON."""
    if found is None:
        return None
    return {"meant": found.meant, "up": found.up, "notUp": [asdict(one) for one in found.missing]}
