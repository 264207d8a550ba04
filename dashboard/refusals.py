"""Absent neighbors by cause: nodes whose speakers refuse their configuration are one problem, with the rule."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace

from clusters.stale import Refusal, refusals, refusals_reported
from clusters.words import HEALTH_WORDS, bounded, counted
from dashboard.filters import Filters
from dashboard.problem import Problem

_WORDS = 500  # characters of a rule's message
_TOLD = 160  # of what is said at the top of the page; the problem below it has all


def by_refusal(found: list[Problem], filters: Filters) -> list[Problem]:
    """Absent neighbors of nodes that refuse their configuration become one problem a rule; at most a query a kind."""
    refused = refusals() if any(problem.health == "absent" for problem in found) else []
    rest: list[Problem] = []
    causes: dict[Refusal, list[Problem]] = defaultdict(list)
    for problem in found:
        why = next((one for one in refused if _explains(one, problem)), None) if problem.health == "absent" else None
        (rest if why is None else causes[why]).append(problem)
    rest += [_refused(why, several, filters) for why, several in causes.items()]
    return sorted(rest, key=lambda problem: (not _outweighs(problem, rest), *problem.order))


def leading(found: list[Problem]) -> Problem | None:
    """The refusal that outweighs all other problems, if one does."""
    return found[0] if found and _outweighs(found[0], found) else None


def _outweighs(problem: Problem, found: list[Problem]) -> bool:
    """Whether it is a refusal, and no other problem touches more sessions: it is what to solve first."""
    return problem.refused and problem.number >= max(other.number for other in found)


@dataclass(frozen=True, slots=True)
class Kept:
    """Nodes that keep their old configuration, as MetalLB says. told: who says what, MetalLB first, then the rules."""

    nodes: tuple[str, ...]
    told: tuple[tuple[str, str], ...]


def kept_old(filters: Filters) -> Kept | None:
    """None if MetalLB reports none; one query then, else one a kind more."""
    reported = [why for why in refusals_reported() if _wanted(why, filters)]
    nodes = tuple(dict.fromkeys(node for why in reported for node in why.finding.nodes))
    if not nodes:
        return None
    rules = [why for why in refusals() if not why.reported and set(why.finding.nodes) & set(nodes)]
    return Kept(nodes, tuple((why.teller, _ended(why.finding.message)) for why in (*reported[:1], *rules[:1])))


def _ended(message: str) -> str:
    """As much of it as a headline bears, with an end."""
    words = bounded(message, _TOLD).rstrip(".")
    return words if words.endswith("…") else f"{words}."


def _wanted(why: Refusal, filters: Filters) -> bool:
    return filters.cluster in {"", why.cluster} and (not filters.node or filters.node in why.finding.nodes)


def _explains(why: Refusal, problem: Problem) -> bool:
    """Whether this is why the node lacks what it should run."""
    return problem.cluster == why.cluster and problem.nodes[0] in why.finding.nodes


def _refused(why: Refusal, several: list[Problem], filters: Filters) -> Problem:
    first, number = several[0], sum(problem.number for problem in several)
    nodes = [node for node in why.finding.nodes if filters.node in {"", node}]
    if len(several) == 1:
        return replace(first, detail=bounded(why.finding.message, _WORDS), refused=True, kind="configuration")
    return replace(
        first,
        number=number,
        of=sum(problem.of for problem in several),
        title=f"{number:,} {HEALTH_WORDS['absent']}",
        peer="",
        peer_href="",
        neighbor="",
        remote_as=None,
        vrf="",
        nodes=nodes[:2],
        more_nodes=max(0, len(nodes) - 2),
        since=min((problem.since for problem in several if problem.since), default=None),
        cause=f"The speakers refuse their configuration: {bounded(why.finding.message, _WORDS)}",
        detail=f"{counted(len(several), 'neighbor')} not in FRR",
        href=filters.query(health="absent"),
        refused=True,
        kind="configuration",
    )
