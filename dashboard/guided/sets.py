"""A set of peers for a set of pools: each pool is announced to its own peer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dashboard.guided.guide import ROUTES, Guide, Setting, asks_peer, habits, joined, names
from dashboard.guided.parts import Part, Piece

_MOST = 20
_FIRST = (1, 2)


class PeersForPools(Guide):
    """OpenShift, "Configure a specific set of BGP peers for a given address pool"."""

    slug = "pools"
    title = "Announce pools to peers of their own"
    lead = "Several pools, each with a peer and an advertisement that announces it to this peer alone."
    kinds = ("BGPPeer", "IPAddressPool", "BGPAdvertisement")
    template = "guided/ways/pools.html"

    def parts(self, here: Setting) -> list[Part]:
        """A pool, a peer and an advertisement for each row."""
        asked, more = asks_peer(here.cluster)
        usual = habits(here.cluster)
        pools, peers = names(here.cluster, "IPAddressPool"), names(here.cluster, "BGPPeer")
        found = []
        for number in rows(here):
            group = str(number)
            found += [
                Part(
                    key=f"pool-{number}",
                    kind="IPAddressPool",
                    title=f"Pool {number}",
                    asks=("name", "addresses"),
                    more=("autoAssign", "avoidBuggyIPs"),
                    choices=pools,
                    group=group,
                ),
                Part(
                    key=f"peer-{number}",
                    kind="BGPPeer",
                    title=f"Peer {number}",
                    asks=asked,
                    more=("vrf", *more),
                    prefill=usual,
                    choices=peers,
                    group=group,
                ),
                Part(
                    key=f"adv-{number}",
                    kind="BGPAdvertisement",
                    title=f"Advertisement {number}",
                    asks=("name",),
                    more=ROUTES,
                    group=group,
                ),
            ]
        return found

    def join(self, here: Setting, pieces: Mapping[str, Piece]) -> None:
        """Each advertisement names the pool and the peer of its row."""
        for number in rows(here):
            joined(pieces[f"adv-{number}"], pieces[f"pool-{number}"], pieces[f"peer-{number}"])

    def context(self, here: Setting, pieces: Mapping[str, Piece]) -> dict[str, Any]:
        """The rows, and whether there may be more or fewer."""
        numbers = rows(here)
        groups = [(number, [one for one in pieces.values() if one.part.group == str(number)]) for number in numbers]
        return {
            "groups": groups,
            "rows": ",".join(map(str, numbers)),
            "more_rows": len(numbers) < _MOST,
            "fewer_rows": len(numbers) > 1,
        }


def rows(here: Setting) -> list[int]:
    """The numbers of the rows, after what the button that was pressed does to them."""
    told = here.post.get("rows", "")[:200].split(",")
    found = list(dict.fromkeys(int(one) for one in told if one.isascii() and one.isdigit() and len(one) < 4))[:_MOST]
    found = found or list(_FIRST)
    step = here.post.get("step", "")
    if step == "add:row" and len(found) < _MOST:
        found.append(max(found) + 1)
    drop = step.partition("drop:row-")[2]
    return [one for one in found if str(one) != drop] or found
