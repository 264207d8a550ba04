"""The product's comparison on real FRR: what is intended for a snapshot held against what every node says."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping

from intent.announcements import Announcements
from intent.rules import refused_on
from intent.sessions import IntendedSession, sessions
from speakers.comparison.inquiry import Inquiry, Key
from speakers.comparison.prefixes import Meant
from speakers.comparison.settings import differing
from speakers.frr import commands, parse
from speakers.frr.conditions import condition
from speakers.frr.neighbor import Neighbor
from tests.frr.cluster import RealCluster


def differences(cluster: RealCluster) -> list[str]:
    """Everything that is not as it is meant to be, a line each; [] = no difference. The nodes are asked at once."""
    return cluster.wait(_differences(cluster))


async def _differences(cluster: RealCluster) -> list[str]:
    announcements, intended = Announcements(cluster.snapshot), sessions(cluster.snapshot)
    found = await asyncio.gather(*(_of_node(cluster, node, intended[node], announcements) for node in intended))
    return [line for lines in found for line in lines]


async def _of_node(
    cluster: RealCluster, node: str, intended: tuple[IntendedSession, ...], announcements: Announcements
) -> list[str]:
    neighbors = parse.neighbors(await _ask(cluster, node, commands.neighbors_all()))
    assert isinstance(neighbors, list), neighbors
    there = {(one.vrf, one.key): one for one in neighbors}
    wanted = {(one.vrf, one.neighbor): one for one in intended}
    lines = [f"{node} {vrf} {neighbor}: orphan" for vrf, neighbor in there.keys() - wanted.keys()]
    for key, session in wanted.items():
        lines += [f"{node} {key[0]} {key[1]}: {words}" for words in _of_session(there.get(key), session)]
    up = {key: wanted[key] for key, one in there.items() if one.established and key in wanted}
    return [*lines, *(await _of_prefixes(cluster, node, up, there, announcements) if up else ())]


def _of_session(neighbor: Neighbor | None, session: IntendedSession) -> Iterator[str]:
    if neighbor is None:
        yield "absent"
        return
    judged = condition(neighbor, session)
    if not neighbor.established or judged.reason:
        yield f"{'degraded' if neighbor.established else 'down'}: {judged.cause}"
    if settings := differing(neighbor, session):
        yield f"settings: {settings}"


async def _of_prefixes(
    cluster: RealCluster,
    node: str,
    up: Mapping[Key, IntendedSession],
    there: Mapping[Key, Neighbor],
    announcements: Announcements,
) -> list[str]:
    announced, stale = announcements.on(node), "; ".join(one.message for one in refused_on(cluster.snapshot, node))
    inquiry = Inquiry(
        {
            key: Meant(
                session,
                {each.prefix: each for each in announced.get(session.peer, ())},
                settings=differing(there[key], session),
                stale=stale,
                families=frozenset(there[key].families),
            )
            for key, session in up.items()
        }
    )
    assert inquiry.read(await _ask(cluster, node, inquiry.first)) is None
    if inquiry.second is not None:
        assert inquiry.explain(await _ask(cluster, node, inquiry.second)) is None
    return [
        f"{node} {vrf} {neighbor}: {each.kind} {each.prefix}: {each.words}"
        for (vrf, neighbor), found in inquiry.compared().items()
        for each in found.differences
    ]


async def _ask(cluster: RealCluster, node: str, argv: commands.Argv) -> bytes:
    answer = await cluster.fleet.exec(node, argv)
    assert answer.code == 0, answer
    return answer.stdout
