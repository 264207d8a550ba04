"""bgpui at work on a cluster of real FRR in FRR-K8s mode, where frr-k8s writes what FRR says every second."""

from __future__ import annotations

from pathlib import Path

from tests.frr.ground import NODES
from tests.frr.troubles import routers
from tests.speakers.lab import RunningLab


def observed_lab(folder: Path) -> RunningLab:
    """A lab with a router for each trouble, and no peers."""
    return RunningLab(
        folder, nodes=len(NODES), mode="frr-k8s", speakers="frr", routers=routers(),
        vrfs={"ens4vrf": 5, "storage": 6}, node_poll=1.0, session_poll=1.0,
    )  # fmt: skip
