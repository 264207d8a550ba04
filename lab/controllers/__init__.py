"""What the controllers of a cluster do beside its DaemonSets: pods of Deployments, endpoints and addresses of Services.

Each controller watches the store and brings one kind of object to where it should be, on the event loop.
"""

from __future__ import annotations

from lab.apiserver import Store
from lab.controllers.deployments import Deployments
from lab.controllers.endpoints import Endpoints
from lab.controllers.metallb import MetalLB
from lab.controllers.queue import Queue
from lab.controllers.replicasets import ReplicaSets
from lab.release import Release

__all__ = ["Controllers"]


class Controllers:
    """All controllers of a lab cluster. pod_start: seconds from a pod's creation until it is ready."""

    def __init__(self, store: Store, release: Release, *, pod_start: float) -> None:
        self.metallb = MetalLB(store, release)
        self._sets = ReplicaSets(store, pod_start)
        self._deployments, self._endpoints = Deployments(store), Endpoints(store)
        self._all = (self._sets, self._deployments, self._endpoints, self.metallb)

    @property
    def _queues(self) -> tuple[Queue[tuple[str, str]], ...]:
        workloads = (self._deployments.queue, self._sets.sets, self._sets.starting, self._endpoints.queue)
        return (*workloads, self.metallb.queue, self.metallb.figures)

    @property
    def is_idle(self) -> bool:
        """Whether everything is where it should be."""
        return not any(self._queues)

    def start(self) -> None:
        """Bring what is there to where it should be, without the pauses of a real start, and go on from then."""
        for controller in self._all:
            controller.start()
        while not self.is_idle:
            for queue in self._queues:
                queue.drain()

    async def settled(self) -> None:
        """Wait until everything is where it should be."""
        while not self.is_idle:
            for queue in self._queues:
                await queue.done()

    def stop(self) -> None:
        """Stop acting."""
        for controller in self._all:
            controller.stop()
