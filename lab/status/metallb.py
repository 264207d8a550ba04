"""The status objects of MetalLB's own pods: ServiceBGPStatus, ServiceL2Status, ConfigurationState."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import replace

from intent.announcements import Announcements
from intent.kinds import STATUS_KINDS
from intent.snapshot import Snapshot
from lab.apiserver import Manifest, Store
from lab.controllers.metallb import MetalLB
from lab.manifests import stamp
from lab.release import Release
from lab.status import bodies, layer2
from lab.status.objects import NOBODY, Pods, StatusObjects, on_its_node

_SINCE = {"ServiceL2Status": (0, 14, 6), "ServiceBGPStatus": (0, 15, 0), "ConfigurationState": (0, 15, 3)}
_CONTROLLER = {"app": "metallb", "component": "controller"}


class MetalLBStatus:
    """Writes what speakers and the controller report, as far as the release does it."""

    def __init__(self, store: Store, release: Release, controller: MetalLB) -> None:
        self._release, self._controller = release, controller
        speaker = release.daemons[0]
        place = on_its_node(speaker.labels)
        self._speakers = Pods(store, speaker.namespace, place)
        self._everybody = Pods(store, release.namespace, lambda pod: NOBODY if _is_controller(pod) else place(pod))
        self._bgp = StatusObjects(store, STATUS_KINDS["ServiceBGPStatus"], bodies.service_of, self._speakers)
        self._l2 = StatusObjects(store, STATUS_KINDS["ServiceL2Status"], bodies.service_of, self._speakers)
        states = STATUS_KINDS["ConfigurationState"]
        self._states = StatusObjects(store, states, bodies.node_of, self._everybody)
        self._config: Snapshot | None = None
        self._judged = stamp()

    @property
    def objects(self) -> tuple[StatusObjects, ...]:
        """All writers."""
        return (self._bgp, self._l2, self._states)

    def start(self) -> None:
        """Take in what is there."""
        for pods in (self._speakers, self._everybody):
            pods.start()
        for objects in self.objects:
            objects.start()

    def stop(self) -> None:
        """Stop writing."""
        for pods in (self._speakers, self._everybody):
            pods.stop()
        for objects in self.objects:
            objects.stop()

    def take(self, snapshot: Snapshot, refusals: Mapping[str, str]) -> None:
        """What the speakers do with a snapshot; a node that refuses it goes on saying what it said."""
        taking = [node.name for node in snapshot.nodes if not refusals.get(node.name)]
        if self._writes("ServiceBGPStatus"):
            self._announce(snapshot, taking)
        if self._writes("ServiceL2Status"):
            self._answer(snapshot, taking)
        if self._writes("ConfigurationState"):
            self._judge(snapshot, refusals)
        every = [NOBODY, *(node.name for node in snapshot.nodes)]
        for objects in (self._bgp, self._l2, self._states):
            objects.keep(every)

    def _writes(self, kind: str) -> bool:
        return self._release.numbers >= _SINCE[kind]

    def _announce(self, snapshot: Snapshot, nodes: list[str]) -> None:
        announcements, namespace = Announcements(snapshot), self._release.namespace
        for node in nodes:
            services = {(ref.namespace, ref.name): peers for ref, peers in announcements.status_on(node).items()}
            wanted: dict[Hashable, Manifest] = {
                service: bodies.service_bgp(node, service, peers, namespace) for service, peers in services.items()
            }
            self._bgp.want(node, wanted)

    def _answer(self, snapshot: Snapshot, nodes: list[str]) -> None:
        found: dict[str, dict[Hashable, Manifest]] = {node: {} for node in nodes}
        for owner in layer2.owners(snapshot):
            if owner.node in found:
                found[owner.node][owner.service] = bodies.service_l2(owner, self._release.namespace)
        for node, wanted in found.items():
            self._l2.want(node, wanted)

    def _judge(self, snapshot: Snapshot, refusals: Mapping[str, str]) -> None:
        """MetalLB notes the time of every judgement; it judges when something else than services changed."""
        config, namespace = replace(snapshot, services=()), self._release.namespace
        if config != self._config:
            self._config, self._judged = config, stamp()
        for node in snapshot.nodes:
            state = bodies.configuration_state(node.name, refusals.get(node.name, ""), namespace, self._judged)
            self._states.want(node.name, {"": state})
        refusal = "; ".join(finding.message for finding in self._controller.refusal)
        self._states.want(NOBODY, {"": bodies.configuration_state("", refusal, namespace, self._judged)})


def _is_controller(pod: Manifest) -> bool:
    return _CONTROLLER.items() <= (pod["metadata"].get("labels") or {}).items()
