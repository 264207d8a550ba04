"""What is left if something fails, as a plain statement: nobody announces it, one node does, one router hears."""

from __future__ import annotations

from clusters.words import counted
from pools.loadbalancers.announced import AddressStanding

Statement = tuple[str, str]  # a code, and the sentence


def redundancy(one: AddressStanding, nodes: int) -> Statement:
    """Of one address. Codes: none, unknown, one-session, one-node, one-router, redundant. nodes: of the cluster."""
    telling = [standing for standing in one.standings if standing.announced]
    names = [node for standing in telling for node in standing.nodes]
    routers = frozenset[tuple[str, str]]().union(*(standing.told for standing in telling))
    if not names and any(standing.unsure for standing in one.standings):
        return (
            "unknown",
            "Nobody knows whether it is announced over BGP: sessions that would carry it were not heard of lately.",
        )
    if not names:
        whom = "No node announces" if nodes != 1 else "The only node does not announce"
        return "none", f"{f'None of the {nodes:,} nodes announces' if nodes > 1 else whom} it over BGP."
    if len(names) == 1:
        told = next(iter(telling)).told
        if len(told) == 1:
            return "one-session", f"Only one node announces it, {names[0]}, over one session: no redundancy left."
        return "one-node", f"Only one node announces it, {names[0]}: no redundancy left if that node fails."
    if len(routers) == 1:
        ((_vrf, neighbor),) = routers
        many = counted(len(names), "node")
        return "one-router", f"{many} announce it, but to {neighbor} only: no redundancy left if it fails."
    return "redundant", f"{counted(len(names), 'node')} announce it to {counted(len(routers), 'router')}."
