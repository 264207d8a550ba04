"""What is watched in a cluster: how all of a stream is looked at, and how its events are followed."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from typing import ClassVar

from clusters.kube.client import Door
from clusters.kube.errors import Forbidden, Rejected
from clusters.kube.kinds import ENDPOINT_SLICES, EVENTS, NAMESPACES, NODES, SERVICES, Served
from clusters.kube.watch import Event
from clusters.models import Cluster
from clusters.registry import resource_models
from clusters.sync import facts, services, status
from clusters.sync.events import events_follow, latest
from clusters.sync.follow import follow, known_in, list_in, listed_write, markers
from intent.kinds import Kind


class Stream:
    """One stream. namespace: None = the whole cluster; fields: a selector.

    readonly: of what bgpui never edits; judged: rules look at it. What looks and follows may raise a KubeError.
    """

    readonly: ClassVar[bool] = True
    judged: bool = True

    def __init__(self, kind: Served, namespace: str | None = None, fields: str = "") -> None:
        self.kind, self.namespace, self.fields = kind, namespace, fields
        self.name = f"{kind.plural} in {namespace}" if namespace else kind.plural

    def look(self, cluster: Cluster, door: Door) -> tuple[bool, str]:
        """Bring all rows up to date; whether something changed, and the resourceVersion to watch from."""
        raise NotImplementedError

    def follow(self, cluster: Cluster, door: Door, events: Sequence[Event]) -> bool:
        """Bring the rows up to these events; whether something changed."""
        raise NotImplementedError


class ResourceStream(Stream):
    """Objects of a kind that bgpui edits; of one namespace if no more is allowed."""

    readonly = False
    kind: Kind

    def look(self, cluster: Cluster, door: Door) -> tuple[bool, str]:
        known = markers(cluster, self.kind.kind)
        objects, version, room = list_in(door, self.kind, cluster.namespace)
        self.namespace = room or None
        adopting = cluster.listed.get(self.kind.kind) not in ("", room)
        changed = follow(cluster, self.kind.kind, known_in(known, room), objects, adopting=adopting)
        listed_write(cluster, {self.kind.kind: room})
        return changed, version

    def follow(self, cluster: Cluster, door: Door, events: Sequence[Event]) -> bool:
        return events_follow(cluster, door, self.kind.kind, events)


class NodeStream(Stream):
    """Nodes."""

    readonly = False

    def look(self, cluster: Cluster, door: Door) -> tuple[bool, str]:
        known = facts.NODES.known(cluster)
        objects, version = door.list(self.kind)
        return facts.nodes_write(cluster, objects, known), version

    def follow(self, cluster: Cluster, door: Door, events: Sequence[Event]) -> bool:
        return facts.nodes_event(cluster, {name: obj for (_, name), obj in latest(events).items()})


class NamespaceStream(Stream):
    """Namespaces."""

    def look(self, cluster: Cluster, door: Door) -> tuple[bool, str]:
        return services.namespaces_look(cluster, door)

    def follow(self, cluster: Cluster, door: Door, events: Sequence[Event]) -> bool:
        return services.namespaces_event(cluster, {name: obj for (_, name), obj in latest(events).items()})


class StatusStream(Stream):
    """Objects of a kind that others report in; of these, rules look only at FRRConfigurations."""

    kind: Kind

    def __init__(self, kind: Kind, namespace: str | None = None) -> None:
        super().__init__(kind, namespace)
        self.judged = kind.kind == "FRRConfiguration"

    def look(self, cluster: Cluster, door: Door) -> tuple[bool, str]:
        return status.status_look(cluster, door, self.kind, self.namespace or "")

    def follow(self, cluster: Cluster, door: Door, events: Sequence[Event]) -> bool:
        return status.status_event(cluster, self.kind, latest(events))


class ServiceLooks:
    """Looks at all Services of a cluster, which three streams need: one at a time, and none that is of no use."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._began = float("-inf")

    def look(self, cluster: Cluster, door: Door, since: float = float("inf")) -> tuple[bool, str]:
        """As services_look; nothing if a look that succeeded has begun after `since`, by the monotonic clock."""
        with self._lock:
            if self._began > since:
                return False, ""
            began = time.monotonic()
            found = services.services_look(cluster, door, [])
            self._began = began
            return found


class ServiceStream(Stream):
    """Services of type LoadBalancer."""

    def __init__(self, looks: ServiceLooks) -> None:
        super().__init__(SERVICES, fields=services.LOAD_BALANCERS)
        self._looks = looks

    def look(self, cluster: Cluster, door: Door) -> tuple[bool, str]:
        try:
            door.now(SERVICES, fields=self.fields)
        except Forbidden:
            raise
        except Rejected:  # older API servers know no such field selector
            self.fields = ""
        return self._looks.look(cluster, door)

    def follow(self, cluster: Cluster, door: Door, events: Sequence[Event]) -> bool:
        return services.services_event(cluster, door, latest(events))


class SliceStream(Stream):
    """EndpointSlices: they change what is known of their Services."""

    def __init__(self, looks: ServiceLooks) -> None:
        super().__init__(ENDPOINT_SLICES)
        self._looks = looks

    def look(self, cluster: Cluster, door: Door) -> tuple[bool, str]:
        version = door.now(self.kind, fields=self.fields)
        return self._looks.look(cluster, door, time.monotonic())[0], version

    def follow(self, cluster: Cluster, door: Door, events: Sequence[Event]) -> bool:
        return services.services_event(cluster, door, {}, {services.slice_of(event.obj) for event in events})


class WarningStream(SliceStream):
    """Warnings about Services."""

    judged = False

    def __init__(self, looks: ServiceLooks) -> None:
        Stream.__init__(self, EVENTS, fields=services.WARNINGS)
        self._looks = looks

    def follow(self, cluster: Cluster, door: Door, events: Sequence[Event]) -> bool:
        return services.services_event(cluster, door, {}, {services.warned_of(event.obj) for event in events})


def streams_of(cluster: Cluster) -> dict[str, Stream]:
    """All streams of a cluster by name, as far as it is known what it serves."""
    looks = ServiceLooks()
    found: list[Stream] = [ResourceStream(model.KIND) for model in resource_models().values()]
    found += [NodeStream(NODES), NamespaceStream(NAMESPACES)]
    found += [ServiceStream(looks), SliceStream(looks), WarningStream(looks)]
    found += [StatusStream(kind, room or None) for kind, room in status.status_needs(cluster)]
    return {stream.name: stream for stream in found}
