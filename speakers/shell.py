"""What a person types in a shell to see what FRR was asked."""

from __future__ import annotations

from collections.abc import Sequence

from speakers.frr import commands
from speakers.models import Speaker


def oc(speaker: Speaker, argv: Sequence[str]) -> str:
    """The command that shows the same; "" without a pod, or for names that could mislead who pastes it.

    In native mode there is no FRR that could be asked.
    """
    asked = speaker.pod and speaker.source != Speaker.Source.METRICS
    line = commands.oc_line(speaker.namespace, speaker.pod, speaker.container, argv) if asked else ""
    return line if line.isprintable() else ""
