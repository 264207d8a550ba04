"""One BFDProfile by itself."""

from __future__ import annotations

from collections.abc import Iterator

from intent.findings import Finding
from intent.rules.subject import FRR, Subject


def echo_interval(subject: Subject) -> Iterator[Finding]:
    """An interval for packets that are never sent."""
    if subject.number("echoInterval") is not None and not subject.flag("echoMode"):
        message, hint = "echoInterval has no effect without echoMode", "Switch echoMode on, or leave echoInterval out."
        yield subject.warning("echo-interval-without-echo", "echoInterval", message, source=FRR, hint=hint)
