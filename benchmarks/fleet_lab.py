"""A lab for benchmarks, as a process of its own: `python -m benchmarks.fleet_lab FOLDER NODES`.

Every node runs four sessions in three VRFs to simulated routers. Prints "ready" when they are up; ends with its stdin.
"""

from __future__ import annotations

import asyncio
import gc
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks import beside
from lab.cluster import Lab
from lab.routers import Router

_PEERS = (
    ("tor-a", "default", "172.30.0.1", 64601),
    ("tor-b", "default", "172.30.0.2", 64602),
    ("edge-red", "ens4vrf", "172.31.0.1", 64700),
    ("storage-a", "storage", "172.32.0.1", 64800),
)
SESSIONS = len(_PEERS)  # of a node
_MY_ASN = {"default": 64500, "ens4vrf": 100, "storage": 64520}


async def _serve(folder: Path, nodes: int) -> None:
    routers = [Router(name, (address,), (asn,), vrf=vrf) for name, vrf, address, asn in _PEERS]
    async with Lab(folder=folder, nodes=nodes, mode="frr", routers=routers) as lab:
        for name, vrf, address, asn in _PEERS:
            spec = {"myASN": _MY_ASN[vrf], "peerASN": asn, "peerAddress": address}
            spec |= {"vrf": vrf} if vrf != "default" else {}
            metadata = {"name": name, "namespace": lab.release.namespace}
            manifest = {"apiVersion": "metallb.io/v1beta2", "kind": "BGPPeer", "metadata": metadata, "spec": spec}
            lab.store.add(manifest, manager="kubectl-client-side-apply")
        await lab.settled()
        gc.freeze()  # thousands of sessions: looking through them stops all execs for 0.2 s, which no API server does
        await beside.ready()


@contextmanager
def fleet_lab(folder: Path, nodes: int) -> Iterator[Path]:
    """A running lab; gives the path of its kubeconfig."""
    with beside.running("benchmarks.fleet_lab", folder, nodes):
        yield folder / "kubeconfig"


if __name__ == "__main__":
    asyncio.run(_serve(Path(sys.argv[1]), int(sys.argv[2])))
