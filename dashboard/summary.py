"""The home page's first sentences: what it means, then what is counted."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import NamedTuple
from urllib.parse import urlencode

from django.urls import reverse

from clusters.words import HEALTH_WORDS, counted
from dashboard.filters import Filters
from dashboard.problem import Problem
from dashboard.redundancy import Thin, have, thin
from dashboard.refusals import Kept
from speakers.counts import Counts
from speakers.reach import DOWN, UNSEEN
from speakers.redundancy import Redundancy


@dataclass(frozen=True, slots=True)
class Sentence:
    """lead, then what is stressed (with a link), then the rest. tone: up, down, warn or unknown."""

    lead: str
    stressed: str
    href: str
    rest: str
    tone: str

    def __str__(self) -> str:
        return f"{self.lead}{self.stressed}{self.rest}"


def sentence(
    counts: Counts,
    filters: Filters,
    thinned: Thinned,
    *,
    blind: str = "",
    refused: Problem | None = None,
    unasked: int = 0,
) -> Sentence:
    """The sentence that leads. A filter must not sound like the whole.

    thinned: nodes with too little left beside what is down. blind: why nothing can be said ("" = it can). refused: the
    refusal that outweighs all other problems. unasked: nodes whose sessions nobody has looked at yet.
    """
    said = _said(counts, filters, thinned, blind, unasked)
    if refused is not None and not blind:
        said = _refused(counts, filters, refused, unasked)
    if blind or not filters.partial:
        return said
    return replace(said, lead=f"Filtered: {said.lead[:1].lower()}{said.lead[1:]}")


def _said(counts: Counts, filters: Filters, thinned: Thinned, blind: str, unasked: int) -> Sentence:
    down, unseen, whole = counts.number(DOWN), counts.number(UNSEEN), counts.intended
    odd = counts.healths["degraded"] + counts.healths["orphan"]
    if blind:
        return Sentence("The state is not known: ", blind, "", ".", "unknown")
    if down:
        words = f"{down:,} of {counted(whole, 'session')} {'is' if down == 1 else 'are'} down"
        return _down(counts, filters, thinned, words, unasked)
    if unseen:
        text = f"{unseen:,} of {counted(whole, 'session')} {'is' if unseen == 1 else 'are'} unknown"
        return Sentence("Nothing is known to be down; ", text, filters.query(health="unknown"), ".", "unknown")
    if unasked and not filters.partial:
        return Sentence("Nothing is known to be down; ", _not_heard(unasked), reverse("speakers"), ".", "unknown")
    if odd:
        word = "degraded" if counts.healths["degraded"] else "orphan"
        number = counts.healths[word]
        what = f"{number:,} {'is' if number == 1 else 'are'} {HEALTH_WORDS[word]}"
        return Sentence("No session is down; ", what, filters.query(health=word), ".", "warn")
    return Sentence(
        f"All {counted(whole, 'session')} are up." if whole != 1 else "The session is up.", "", "", "", "up"
    )


def _not_heard(number: int) -> str:
    return f"{counted(number, 'node')} {'was' if number == 1 else 'were'} not heard of yet"


def _refused(counts: Counts, filters: Filters, problem: Problem, unasked: int) -> Sentence:
    number, down = problem.number_of_nodes, counts.number(DOWN)
    what = f"{counted(number, 'node')} {'refuses its' if number == 1 else 'refuse their'} configuration"
    lost = 0 < len(counts.cut_off) == counts.number_of_nodes and not filters.partial and not unasked
    rest = f"; {down:,} of {counted(counts.intended, 'session')} {'is' if down == 1 else 'are'} down."
    rest = rest if down else "; no session is down."
    return Sentence("No node has a session left: " if lost else "", what, problem.href, rest, "down")


def _down(counts: Counts, filters: Filters, thinned: Thinned, words: str, unasked: int) -> Sentence:
    lost = len(counts.cut_off)
    health = "down" if counts.healths["down"] else "absent"
    href = filters.query(health=health)
    if filters.partial:  # what the nodes have left beside is not known here
        return Sentence("", words, href, ".", "down")
    if lost and lost == counts.number_of_nodes and not unasked:
        return Sentence("", "No node has a session left", href, "." if lost > 1 else f"; {words}.", "down")
    if lost:
        return Sentence("", have(lost, "no session left"), href, f"; {words}.", "down")
    if none := thinned.none:
        return Sentence("", none.words, filters.query(vrf=none.vrf, health=health), f"; {words}.", "down")
    safe = "No node is known to be cut off; " if counts.number(UNSEEN) or unasked else "No node is cut off; "
    if last := thinned.last:
        return Sentence(safe, last.words, href, ".", "down")
    return Sentence(safe, words, href, ".", "down")


class Thinned(NamedTuple):
    """Nodes that have lost some of their sessions, and in a VRF all of them (none), or all but one (last)."""

    none: Thin | None = None
    last: Thin | None = None

    @classmethod
    def of(cls, counts: Counts, left: Redundancy) -> Thinned:
        """Nothing where a filter leaves out what nodes have beside."""
        if counts.filters.partial:
            return cls()
        several = len({vrf for _cluster, vrf, _neighbor in counts.totals}) > 1
        beside = {(node.cluster, node.node) for node in counts.cut_off}
        none, last = (thin(left.left, word, beside=beside, named=several) for word in ("no", "one"))
        return cls(none, last)


@dataclass(frozen=True, slots=True)
class Count:
    """A number at the top of the page."""

    label: str
    value: str
    href: str
    tone: str = ""


class Config(NamedTuple):
    """Objects of all kinds by what is the matter, with the list that shows them."""

    pending: tuple[int, str]
    stuck: tuple[int, str]
    broken: tuple[int, str]


_CONFIG = ("Edits pending", "Edits stuck", "Broken rules")


def headline_counts(
    counts: Counts,
    filters: Filters,
    kept: Kept | None,
    *,
    flaps: int,
    alarms: int,
    config: Config,
) -> list[Count]:
    """The numbers that matter; what is zero and unusual is left out. kept: nodes with an old configuration."""
    down, unseen = counts.number(DOWN), counts.number(UNSEEN)
    found = [
        Count("Up", f"{counts.healths['up']:,}", filters.query(health="up")),
        Count("Down", f"{down:,}", filters.query(health="down"), "down" if down else ""),
        Count("Unknown", f"{unseen:,}", filters.query(health="unknown"), "soft" if unseen else ""),
    ]
    for health, label in (("degraded", "Degraded"), ("orphan", "Not intended")):
        if counts.healths[health]:
            found.append(Count(label, f"{counts.healths[health]:,}", filters.query(health=health), "warn"))
    found.append(Count("Drops, 24 h", f"{flaps:,}", ""))
    if alarms:
        cluster = f"?{urlencode({'cluster': filters.cluster})}" if filters.cluster else ""
        found.append(Count("Alarms", f"{alarms:,}", f"{reverse('alarms')}{cluster}", "down"))
    for label, (number, href), tone in zip(_CONFIG, config, ("", "down", "down"), strict=True):
        if number:
            found.append(Count(label, f"{number:,}", href, tone))
    if kept is not None:
        found.append(Count("Old config", counted(kept.number, "node"), kept.href, "down"))
    elif not any(number for number, _ in config):
        found.append(Count("Config", "in sync", reverse("peers")))
    return found


def also(counts: Counts, sentence: Sentence, thinned: Thinned, unasked: int = 0) -> list[str]:
    """The second line as clauses: what the first one has not said yet."""
    down, unseen = counts.number(DOWN), counts.number(UNSEEN)
    clauses = [one.words for one in thinned if one and one.words not in str(sentence)]
    if down and f"{down:,} of" not in str(sentence):
        are = "is" if down == 1 else "are"
        clauses.append(f"{down:,} of {counted(counts.intended, 'intended session')} {are} down")
    if unseen and f"{unseen:,} of" not in str(sentence):
        clauses.append(
            f"{unseen:,} {'is' if unseen == 1 and not clauses else 'are' if not clauses else ''} unknown".replace(
                "  ", " "
            )
        )
    if counts.healths["degraded"]:
        clauses.append(f"{counts.healths['degraded']:,} degraded")
    if number := counts.healths["orphan"]:
        clauses.append(f"{number:,} {'is' if number == 1 else 'are'} {HEALTH_WORDS['orphan']}")
    if unasked and _not_heard(unasked) not in str(sentence):
        clauses.append(_not_heard(unasked))
    return clauses
