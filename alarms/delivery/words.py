"""What a notice says to people."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from clusters.words import counted

_LISTED = 20  # alarms in a text


def headline(body: Mapping[str, Any]) -> str:
    """One line: what fires, what is over, where."""
    if body["test"]:
        return "Test notice of bgpui"
    firing, over = body["number_firing"], body["number_resolved"]
    said = [f"{firing:,} firing"] if firing else []
    said += [f"{over:,} over"] if over else []
    first = (body["firing"] or body["resolved"])[0]
    more = firing + over - 1
    return f"[{', '.join(said)}] {body['cluster']}: {first['title']}{f' and {more:,} more' if more else ''}"


def lines(body: Mapping[str, Any], say: Callable[[str], str] = str) -> list[str]:
    """All of it, an alarm a paragraph. say: how what is not our own text is written."""
    if body["test"]:
        return ["This is a test: notices of this route get here.", f"Asked for by {say(body['asked_by'])}."]
    found = _part("Firing", body["firing"], body["number_firing"], say)
    return [*found, *_part("Over", body["resolved"], body["number_resolved"], say)]


def _part(title: str, alarms: Sequence[Mapping[str, Any]], number: int, say: Callable[[str], str]) -> list[str]:
    if not number:
        return []
    found = [f"{title}: {counted(number, 'alarm')}"]
    for alarm in alarms[:_LISTED]:
        found.append(f"- [{alarm['severity']}] {say(alarm['title'])}")
        found.append(f"  {say(alarm['cause'])}" if alarm["cause"] else "")
        ended = f", until {alarm['resolved_at']}" if alarm["resolved_at"] else ""
        before = "before " if alarm.get("began_before") else ""  # which notices of older releases do not say
        found.append(f"  since {before}{alarm['began_at']}{ended}; rule {say(alarm['rule'])}")
        found.append(f"  acknowledged by {say(alarm['acknowledged_by'])}" if alarm["acknowledged_by"] else "")
        found.append(f"  {alarm['url']}" if alarm["url"] else "")
    if number > _LISTED:
        found.append(f"and {number - _LISTED:,} more")
    return [line for line in found if line]
