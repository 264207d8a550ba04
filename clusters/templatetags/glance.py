"""What an edit means in one line, above all that is said of it in detail."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django import template

from clusters.edits.meaning import Meaning
from clusters.templatetags.meaning import layer2_totals, route_totals, session_totals
from clusters.words import counted

register = template.Library()
_WORST = ("old", "down", "degraded")  # the rest after them


@register.inclusion_tag("resources/glance.html")
def glance(meaning: Meaning) -> dict[str, Any]:
    """All totals, what hurts most first."""
    totals = list(_totals(meaning))
    return {"totals": sorted(totals, key=lambda one: _WORST.index(one[0]) if one[0] in _WORST else len(_WORST))}


def _totals(meaning: Meaning) -> Iterator[tuple[str, str]]:
    if nodes := len(meaning.frozen.nodes):
        yield "old", f"{counted(nodes, 'node')} will keep the old configuration"
    if meaning.addresses is not None and (displaced := meaning.addresses.displaced):
        yield "down", f"{counted(displaced, 'service')} will lose {'its' if displaced == 1 else 'their'} addresses"
    yield from session_totals(meaning.sessions)
    for services, words in (
        (meaning.between.lost, "for a while"),
        (meaning.between.interrupted, "while sessions reset"),
    ):
        if services:
            yield "down", f"{counted(len(services), 'service')} will be announced by nobody {words}"
    if meaning.effects is not None:
        yield from route_totals(meaning.effects)
    if meaning.layer2 is not None:
        yield from layer2_totals(meaning.layer2)
