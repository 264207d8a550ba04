"""What to tell a running router so that one configuration of ours becomes another, without a reset that nobody wants.

The reloader of FRR does this for any text, in seconds; routers of the lab only ever run what lab.frr.router writes.
"""

from __future__ import annotations

from itertools import groupby

Line = tuple[tuple[str, ...], str]
"""A line and the lines that lead to it: (("router bgp 1", "address-family ipv4 unicast"), "network 192.0.2.0/24")."""


def delta(old: str, new: str) -> str:
    """Lines for `vtysh -f` that turn `old` into `new`; "" if there is nothing to do."""
    before, after = _read(old), _read(new)
    instances = {context[0] for context, _ in after if context}
    gone = [f"no {name}" for name in dict.fromkeys(c[0] for c, _ in before if c) if name not in instances]
    kept = {(context, _subject(line)) for context, line in after}
    stale: list[Line] = []
    for context, line in before:
        if (context, line) in after or not context or context[0] not in instances:
            continue
        neighbor = _neighbor(line)
        if neighbor and not any(context[:1] == c[:1] and _neighbor(text) == neighbor for c, text in after):
            stale.append((context[:1], f"no {neighbor}"))
        elif (context, _subject(line)) not in kept:
            stale.append((context, f"no {line}"))
    fresh = [entry for entry in after if entry not in before]
    return "\n".join([*gone, *_write([*dict.fromkeys(stale), *fresh])])


def _read(text: str) -> list[Line]:
    """The lines of a text with what encloses them, by their indentation."""
    lines: list[Line] = []
    context: list[str] = []
    for raw in text.splitlines():
        line, depth = raw.strip(), len(raw) - len(raw.lstrip())
        del context[depth:]
        if line.startswith(("router ", "address-family ")):
            context.append(line)
        elif line not in {"exit", "exit-address-family", ""}:
            lines.append((tuple(context), line))
    return lines


def _write(lines: list[Line]) -> list[str]:
    written = []
    for context, some in groupby(lines, key=lambda entry: entry[0]):
        written += [*context, *(line for _, line in some), *("exit" for _ in context)]
    return written


def _subject(line: str) -> str:
    """What a line sets: a later one about the same takes its place."""
    words = line.split()
    if words[0] == "neighbor":
        return " ".join(words[:4] if words[2] == "timers" and words[3] == "connect" else words[:3])
    return line if words[0] == "network" or words[:2] == ["bgp", "listen"] else " ".join(words[:2])


def _neighbor(line: str) -> str:
    """Whose line it is: `neighbor NAME`, also for the range of a peer group, which goes away with it."""
    words = line.split()
    if words[:2] == ["bgp", "listen"]:
        return f"neighbor {words[-1]}"
    return " ".join(words[:2]) if words[0] == "neighbor" else ""
