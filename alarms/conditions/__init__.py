"""What rules watch for: a function a kind, which finds all causes for which a rule holds now, from rows."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from alarms.conditions.causes import not_ready, unreachable
from alarms.conditions.comparison import attributes, extra, missing, orphan, settings
from alarms.conditions.configuration import stale
from alarms.conditions.established import few
from alarms.conditions.facts import Facts
from alarms.conditions.finding import Judged
from alarms.conditions.flapping import flapping
from alarms.conditions.sessions import down, unknown
from alarms.models import Kind, Rule

CONDITIONS: Mapping[str, Callable[[Rule, Facts], Judged]] = {
    Kind.DOWN: down,
    Kind.UNKNOWN: unknown,
    Kind.FLAPPING: flapping,
    Kind.FEW: few,
    Kind.STALE: stale,
    Kind.CLUSTER: unreachable,
    Kind.NODE: not_ready,
    Kind.MISSING: missing,
    Kind.EXTRA: extra,
    Kind.ATTRIBUTES: attributes,
    Kind.ORPHAN: orphan,
    Kind.SETTINGS: settings,
}
