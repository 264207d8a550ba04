"""Single changes of objects, followed as a look at all of them is: by the same code, under the same guards."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator

from clusters.kube.client import Door
from clusters.kube.watch import DELETED, Event, newer
from clusters.manifest import Object
from clusters.models import Cluster
from clusters.registry import resource_models
from clusters.sync.follow import Key, Marker, follow, markers

logger = logging.getLogger(__name__)
_ROUNDS = 5  # of a row that others write at the same time
_GONE = ("", "")
State = tuple[str, str]


def events_follow(cluster: Cluster, door: Door, kind: str, events: Iterable[Event]) -> bool:
    """Bring the rows up to these events, each change by itself; whether something changed. Raises KubeError.

    An event that is not newer than what its row says is dropped. Where a row cannot tell, there being none or none of
    its object, the object is read: it may be one that was made or deleted here since.
    """
    changed = False
    for turn in _turns(events):
        changed |= _follow(cluster, door, kind, turn)
    return changed


def latest(events: Iterable[Event]) -> dict[Key, Object | None]:
    """The last state of each object, None = deleted."""
    return {event.key: None if event.type == DELETED else event.obj for event in events}


def _turns(events: Iterable[Event]) -> Iterator[dict[Key, Event]]:
    """The events in their order, those together that are about different objects."""
    turn: dict[Key, Event] = {}
    for event in events:
        if event.key in turn:
            yield turn
            turn = {}
        turn[event.key] = event
    if turn:
        yield turn


def _follow(cluster: Cluster, door: Door, kind: str, turn: dict[Key, Event]) -> bool:
    left, read, changed = dict(turn), dict[Key, State](), False
    for _ in range(_ROUNDS):
        known = markers(cluster, kind, {name for _namespace, name in left})
        left = {key: event for key, event in left.items() if not _settled(event, known.get(key), read.get(key))}
        if not left:
            return changed
        objects = []
        for key, event in left.items():
            obj = _newest(door, kind, event, known.get(key), read)
            objects += [obj] if obj is not None else []
        changed |= follow(cluster, kind, {key: known[key] for key in left if key in known}, objects, adopting=False)
    logger.warning("cluster %s: %d %s change faster than they are followed", cluster.name, len(left), kind)
    return changed


def _settled(event: Event, marker: Marker | None, read: State | None) -> bool:
    """Whether the row says what the event says, or what came after it."""
    state = _GONE if marker is None else (marker.uid, marker.resource_version)
    if read is not None:
        return state == read
    if not state[1]:
        return event.type == DELETED
    return state[1] == event.version or newer(event.version, state[1]) is False


def _newest(door: Door, kind: str, event: Event, marker: Marker | None, read: dict[Key, State]) -> Object | None:
    known = marker.resource_version if marker is not None else ""
    if event.key not in read and newer(event.version, known):
        return None if event.type == DELETED else event.obj
    obj = door.get(resource_models()[kind].KIND, event.key[0], event.key[1])
    metadata = obj["metadata"] if obj is not None else {}
    read[event.key] = str(metadata.get("uid", "")), str(metadata.get("resourceVersion", ""))
    return obj
