"""What a notice says to people."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

from clusters.words import bounded, counted

_LISTED = 20  # alarms in a text, of those that fire and of those that are over
_TEXT = 12_000  # characters of them: Mattermost takes 16,383 in a post, Slack 40,000
_TITLE = 200
_CLUSTER = 63


def headline(body: Mapping[str, Any]) -> str:
    """One line of at most 200 characters: what this notice says first, where, and how much still fires besides."""
    if body["test"]:
        return "Test notice of bgpui"
    new, grown, over = body["number_new"], body["number_grown"], body["number_resolved"]
    changed, still = new + grown + over, body["number_firing"] - new - grown
    words = ((new, "new"), (grown, "grown"), (over, "over"), (0 if changed else still, "still firing"))
    said = ", ".join(f"{number:,} {word}" for number, word in words if number)
    first = (body["resolved"] if over and not new + grown else body["firing"])[0]
    begins = f"[{said}] {bounded(body['cluster'], _CLUSTER)}: "
    more = (changed or still) - 1
    ends = f" and {more:,} more" if more else ""
    if changed and still:
        ends += f"; {counted(still, 'other still fires', 'others still fire')}"
    return f"{begins}{bounded(first['title'], _TITLE - len(begins) - len(ends))}{ends}"


def lines(body: Mapping[str, Any], say: Callable[[str], str] = str) -> list[str]:
    """All of it, an alarm a paragraph, first what is new. say: how what is not our own text is written."""
    if body["test"]:
        return ["This is a test: notices of this route get here.", f"Asked for by {say(body['asked_by'])}."]
    fires = islice(body["firing"], _LISTED)
    new, grown, over = (body.get(f"number_{name}", 0) for name in ("new", "grown", "resolved"))
    parts = (
        ("New", new, list(islice(fires, new))),
        ("Grown", grown, list(islice(fires, grown))),
        ("Still firing", body["number_firing"] - new - grown, list(fires)),
        ("Over", over, body["resolved"][:_LISTED]),
    )
    found, room = list[str](), _TEXT
    for title, number, alarms in parts:
        if number:
            told = list(_paragraphs(alarms, say, room))
            found += [f"{title}: {counted(number, 'alarm')}", *(line for one in told for line in one)]
            found += [f"and {number - len(told):,} more"] if len(told) < number else []
            room -= sum(len(line) for one in told for line in one)
    return found


def _paragraphs(alarms: Sequence[Mapping[str, Any]], say: Callable[[str], str], room: int) -> Iterator[list[str]]:
    """As many of them as there is room for, in characters."""
    for alarm in alarms:
        told = _paragraph(alarm, say)
        room -= sum(map(len, told))
        if room < 0:
            return
        yield told


def _paragraph(alarm: Mapping[str, Any], say: Callable[[str], str]) -> list[str]:
    ended = f", until {alarm['resolved_at']}" if alarm["resolved_at"] else ""
    before = "before " if alarm.get("began_before") else ""  # which notices of older releases do not say
    found = [
        f"- [{alarm['severity']}] {say(alarm['title'])}",
        f"  {say(alarm['cause'])}" if alarm["cause"] else "",
        f"  since {before}{alarm['began_at']}{ended}; rule {say(alarm['rule'])}",
        f"  acknowledged by {say(alarm['acknowledged_by'])}" if alarm["acknowledged_by"] else "",
        f"  {alarm['url']}" if alarm["url"] else "",
    ]
    return [line for line in found if line]
