"""An API server with many objects, as a process of its own: `python -m benchmarks.objects_lab FOLDER PEERS SERVICES`.

Prints "ready" when they are there; ends with its stdin. Every service has an EndpointSlice.
"""

from __future__ import annotations

import asyncio
import secrets
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from ipaddress import IPv4Address
from pathlib import Path
from typing import Any

from benchmarks import beside
from lab.apiserver import ApiServer, write_kubeconfig
from lab.crds import crds

NAMESPACE = "metallb-system"


def peer(number: int, **spec: Any) -> dict[str, Any]:
    """One of many BGPPeers that do not clash."""
    address = str(IPv4Address("10.64.0.1") + number)
    metadata = {"name": f"peer-{number:05}", "namespace": NAMESPACE, "labels": {"rack": str(number % 40)}}
    spec = {"myASN": 64500, "peerASN": 64600 + number % 900, "peerAddress": address, "holdTime": "90s", **spec}
    return {"apiVersion": "metallb.io/v1beta2", "kind": "BGPPeer", "metadata": metadata, "spec": spec}


def service(number: int) -> list[dict[str, Any]]:
    """A Service of type LoadBalancer with an address, and its endpoints."""
    metadata = {"name": f"web-{number:05}", "namespace": f"shop-{number % 50}"}
    address = str(IPv4Address("198.18.0.1") + number)
    slices = {**metadata, "labels": {"kubernetes.io/service-name": metadata["name"]}}
    return [
        {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": metadata,
            "spec": {
                "type": "LoadBalancer",
                "allocateLoadBalancerNodePorts": False,  # there are not as many
                "ports": [{"name": "web", "port": 80}],
            },
            "status": {"loadBalancer": {"ingress": [{"ip": address}]}},
        },
        {
            "apiVersion": "discovery.k8s.io/v1",
            "kind": "EndpointSlice",
            "metadata": slices,
            "addressType": "IPv4",
            "endpoints": [{"addresses": ["10.128.0.9"], "nodeName": f"node-{number % 20}"}],
        },
    ]


async def _serve(folder: Path, peers: int, services: int) -> None:
    token = secrets.token_urlsafe(16)
    server = ApiServer(None, {token: "admin"})
    await server.start()
    for crd in crds():
        server.store.add(crd)
    for name in (NAMESPACE, *(f"shop-{number}" for number in range(50))):
        server.store.create("namespaces", {"metadata": {"name": name}})
    for number in range(peers):
        server.store.add(peer(number), "kubectl-client-side-apply")
    for number in range(services):
        for manifest in service(number):
            server.store.add(manifest)
    write_kubeconfig(folder / "kubeconfig", server.url, token, server.ca_pem)
    await beside.ready()
    await server.stop()


@contextmanager
def objects_lab(folder: Path, *, peers: int = 0, services: int = 0) -> Iterator[Path]:
    """A running server; gives the path of its kubeconfig."""
    folder.mkdir(parents=True, exist_ok=True)
    with beside.running("benchmarks.objects_lab", folder, peers, services):
        yield folder / "kubeconfig"


if __name__ == "__main__":
    asyncio.run(_serve(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])))
