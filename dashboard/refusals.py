"""Nodes that keep their old configuration: one problem a reason, with the neighbors that FRR lacks for it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from django.urls import reverse

from clusters.places import Place, places_of
from clusters.stale import Freeze, freezes, refusals
from clusters.words import HEALTH_WORDS, bounded, counted
from dashboard.filters import Filters
from dashboard.problem import OLD, Problem

_WORDS = 500  # characters of a rule's message
_TOLD = 160  # of what is said at the top of the page; the problem below it has all
_OBJECTS = 5
_LINKED = 200  # reasons whose objects are links


def frozen(filters: Filters) -> list[Freeze]:
    """The reasons for which nodes keep their old configuration; a query a kind and one more."""
    return [freeze for freeze in freezes(refusals()) if freeze.nodes and _wanted(freeze, filters)]


def by_refusal(found: list[Problem], why: Iterable[Freeze], filters: Filters) -> list[Problem]:
    """A problem for each reason, instead of those about the neighbors that FRR lacks for it.

    A query for each kind of object that is to be mended. While the filters ask for some sessions only, a reason for
    which none of them is absent is left out.
    """
    reasons = list(why)
    rest: list[Problem] = []
    absent: dict[int, list[Problem]] = defaultdict(list)
    for problem in found:
        number = _explains(reasons, problem) if problem.health == "absent" else None
        (rest if number is None else absent[number]).append(problem)
    pages = places_of((freeze.cluster, ref) for freeze in reasons[:_LINKED] for ref in freeze.objects[:_OBJECTS])
    about_nodes = filters == Filters(cluster=filters.cluster, node=filters.node)
    rest += [
        _refused(freeze, absent[number], filters, pages)
        for number, freeze in enumerate(reasons)
        if about_nodes or absent[number]
    ]
    return sorted(rest, key=lambda problem: (not _outweighs(problem, rest), *problem.order))


def leading(found: list[Problem]) -> Problem | None:
    """The refusal that outweighs all other problems, if one does."""
    return found[0] if found and _outweighs(found[0], found) else None


def _outweighs(problem: Problem, found: list[Problem]) -> bool:
    """Whether it is a refusal, and no other problem touches more sessions: it is what to solve first."""
    return problem.refused and problem.number >= max(other.number for other in found)


@dataclass(frozen=True, slots=True)
class Kept:
    """Nodes that keep their old configuration. told: who says what, MetalLB and frr-k8s first, then the rules.

    href: where these nodes are.
    """

    number: int
    first: str
    told: tuple[tuple[str, str], ...]
    href: str


def kept_old(why: Iterable[Freeze], filters: Filters) -> Kept | None:
    """All of them in one sentence; None if there are none."""
    reasons = list(why)
    nodes = list(dict.fromkeys(node for freeze in reasons for node in freeze.nodes))
    if not nodes:
        return None
    first: dict[str, str] = {}
    for one in sorted((one for freeze in reasons for one in freeze.told), key=lambda one: not one.reported):
        words = _ended(one.finding.message)
        if not any(words in said for said in first.values()):  # MetalLB's words are often the rule's, with more before
            first.setdefault(one.teller, words)
    href = f"{reverse('speakers')}?state=old" + (f"&cluster={filters.cluster}" if filters.cluster else "")
    return Kept(len(nodes), nodes[0], tuple(first.items()), href)


def _ended(message: str) -> str:
    """As much of it as a headline bears, with an end."""
    words = bounded(message, _TOLD).rstrip(".")
    return words if words.endswith("…") else f"{words}."


def _wanted(freeze: Freeze, filters: Filters) -> bool:
    return filters.cluster in {"", freeze.cluster} and (not filters.node or filters.node in freeze.nodes)


def _explains(reasons: list[Freeze], problem: Problem) -> int | None:
    """Which reason it is for which the node lacks what it should run."""
    for number, freeze in enumerate(reasons):
        if problem.cluster == freeze.cluster and problem.nodes[0] in freeze.nodes:
            return number
    return None


def _refused(freeze: Freeze, absent: list[Problem], filters: Filters, pages: Mapping[Place, str]) -> Problem:
    """absent: what FRR lacks for it, which may be nothing. pages: of objects."""
    number, one = sum(problem.number for problem in absent), absent[0] if len(absent) == 1 else None
    nodes = [filters.node] if filters.node else sorted(freeze.nodes)
    more = 0 if filters.node else freeze.more_nodes
    message = bounded(freeze.message, _WORDS)
    lacking = f"{counted(len(absent), 'neighbor')} not in FRR" if absent else "what FRR runs is older than what is set"
    since = [problem.since for problem in absent if problem.since]
    return Problem(
        health="absent" if absent else OLD,
        number=number,
        of=sum(problem.of for problem in absent),
        title=one.title if one else f"{number:,} {HEALTH_WORDS['absent']}" if absent else "old configuration",
        cluster=freeze.cluster,
        peer=one.peer if one else "",
        peer_href=one.peer_href if one else "",
        neighbor=one.neighbor if one else "",
        remote_as=one.remote_as if one else None,
        vrf=one.vrf if one else "",
        nodes=nodes[:2],
        more_nodes=max(0, len(nodes) - 2) + more,
        since=min(since) if since else freeze.since,
        cause=f"The speakers refuse their configuration: {message}",
        detail=f"{lacking} · {' and '.join(freeze.tellers)} so",
        href=_href(absent, filters),
        kind="configuration",
        reason=one.reason if one else "",
        touches="" if one else "all that was changed since",
        group=one.group if one else None,
        refused=True,
        began_before=any(problem.began_before for problem in absent),
        objects=tuple((str(ref), pages.get((freeze.cluster, ref), "")) for ref in freeze.objects[:_OBJECTS]),
        places={place: left for problem in absent for place, left in problem.places.items()},
    )


def _href(absent: list[Problem], filters: Filters) -> str:
    if len(absent) == 1:
        return absent[0].href
    if absent:
        return filters.query(health="absent")
    return f"{reverse('speakers')}?state=old" + (f"&cluster={filters.cluster}" if filters.cluster else "")
