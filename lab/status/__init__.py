"""What MetalLB and frr-k8s report as objects of the cluster, from what the speakers took."""

from __future__ import annotations

from collections.abc import Mapping

from intent.modes import Mode
from intent.snapshot import Snapshot
from lab.apiserver import Store
from lab.controllers.metallb import MetalLB
from lab.release import Release
from lab.speakers.protocol import Speakers
from lab.status.frr_k8s import FrrK8sStatus
from lab.status.metallb import MetalLBStatus

__all__ = ["Reports"]


class Reports:
    """All status objects of a lab. node_poll, session_poll: seconds between frr-k8s' looks at FRR."""

    def __init__(
        self,
        store: Store,
        release: Release,
        controller: MetalLB,
        speakers: Speakers,
        *,
        node_poll: float,
        session_poll: float,
    ) -> None:
        own = MetalLBStatus(store, release, controller)
        beside = FrrK8sStatus(store, release, speakers, node_poll=node_poll, session_poll=session_poll)
        self._parts = (own, beside) if release.mode is Mode.FRR_K8S else (own,)

    def start(self) -> None:
        """Take in what is there."""
        for part in self._parts:
            part.start()

    def stop(self) -> None:
        """Stop writing."""
        for part in self._parts:
            part.stop()

    def take(self, snapshot: Snapshot, refusals: Mapping[str, str]) -> None:
        """The speakers took in a snapshot; refusals: by node, why not ("" = it did)."""
        for part in self._parts:
            part.take(snapshot, refusals)

    async def written(self) -> None:
        """Wait until everything that is known is written."""
        for part in self._parts:
            for objects in part.objects:
                await objects.queue.done()
