"""`show route-map NAME json` and `show ip|ipv6 prefix-list NAME json`: read from the text that configures the speaker.

zebra and bgpd each answer with an object of their own; zebra knows nothing of what bgpd sets.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from lab.speakers.node import Speaker
from lab.speakers.vtysh.document import Style, document
from lab.speakers.vtysh.grammar import Arguments

_ACTIONS = {False: "Exit routemap", True: "Continue to next entry"}
_WELL_KNOWN = {"65535:65281": "no-export", "65535:65282": "no-advertise", "65535:65283": "local-AS"}


def route_map(speaker: Speaker, arguments: Arguments, _now: float) -> str:
    """The entries of one route map, as each daemon has them."""
    name = arguments["NEIGHBOR"]
    rules = list(_rules(speaker.config().splitlines(), name))
    if not rules:
        return "".join(f"{daemon}: 'route-map {name}' not found\n" for daemon in ("ZEBRA", "BGP"))
    inert = [{**rule, "setClauses": []} for rule in rules]
    return "".join(
        _of(daemon, name, {"invoked": 0, "rules": some}) for daemon, some in (("ZEBRA", inert), ("BGP", rules))
    )


def prefix_list(speaker: Speaker, arguments: Arguments, _now: float) -> str:
    """The lines of one prefix list, as each daemon has them."""
    name, word = arguments["NEIGHBOR"], "ipv6" if "ipv6" in arguments else "ip"
    head = f"{word} prefix-list {name} seq "
    lines = [line.removeprefix(head).split() for line in speaker.config().splitlines() if line.startswith(head)]
    entries = [{"sequenceNumber": int(line[0]), "type": line[1], "prefix": line[2]} for line in lines]
    if not entries:
        return ""
    found = {"addressFamily": "IPv6" if word == "ipv6" else "IPv4", "entries": entries}
    return _of("ZEBRA", name, found) + _of("BGP", name, found)


def _of(daemon: str, name: str, found: dict[str, Any]) -> str:
    return document({daemon: {name: found}}, Style(compact_empty=False))


def _rules(lines: Iterable[str], name: str) -> Iterable[dict[str, Any]]:
    rule: dict[str, Any] | None = None
    for line in lines:
        words = line.split()
        if words[:2] == ["route-map", name]:
            rule = {"sequenceNumber": int(words[3]), "type": words[2], "matchClauses": [], "setClauses": []}
            rule["action"] = _ACTIONS[False]
        elif rule is not None and words[:1] == ["exit"]:
            yield rule
            rule = None
        elif rule is not None and words[0] == "match":
            rule["matchClauses"].append(" ".join(words[1:]))
        elif rule is not None and words[0] == "set":
            rule["setClauses"].append(" ".join(_WELL_KNOWN.get(word, word) for word in words[1:]))
        elif rule is not None and words == ["on-match", "next"]:
            rule["action"] = _ACTIONS[True]
