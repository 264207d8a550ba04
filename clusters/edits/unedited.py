"""What the rules say of a cluster without any edit: asked again only if something in it has changed since."""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

from clusters.lazy import LazyMapping, LazySequence
from intent import rules
from intent.findings import Finding, ObjectRef
from intent.snapshot import Snapshot

_KEPT = 8  # answers that a process keeps


class _Answer(NamedTuple):
    snapshot: Snapshot
    asked: frozenset[ObjectRef]
    alone: bool
    found: tuple[Finding, ...]


_answers: deque[_Answer] = deque(maxlen=_KEPT)


def findings_without(
    snapshot: Snapshot, asked: Collection[ObjectRef] = (), *, alone: bool = False
) -> tuple[Finding, ...]:
    """All findings. asked: the objects that they name before others. alone: only those that involve one of these."""
    wanted = frozenset(asked)
    for answer in tuple(_answers):
        if (answer.asked, answer.alone) == (wanted, alone) and _same(answer.snapshot, snapshot):
            return answer.found
    found = tuple(rules.Checked(snapshot, wanted).findings(wanted if alone else None))
    _answers.append(_Answer(replace(snapshot, memo={}), wanted, alone, found))
    return found


def _same(one: Snapshot, other: Snapshot) -> bool:
    """Whether both say the same; rows that do are the same objects, so that this is quick."""
    here, there = (replace(each, services=(), namespaces={}, frr_configurations=(), memo={}) for each in (one, other))
    return (
        here == there
        and _alike(one.services, other.services)
        and _alike(one.namespaces, other.namespaces)
        and _alike(one.frr_configurations, other.frr_configurations)
    )


def _alike(one: Sequence[Any] | Mapping[str, Any], other: Sequence[Any] | Mapping[str, Any]) -> bool:
    """What the rules did not look at plays no role."""
    if isinstance(one, LazySequence | LazyMapping) and one.unread:
        return True
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        return dict(one) == dict(other)
    return tuple(one) == tuple(other)
