"""A real kube-apiserver and etcd, to be used like `lab.apiserver.ApiServer`."""

from __future__ import annotations

import asyncio
import base64
import json
import shutil
import ssl
import tempfile
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from lab.apiserver.auth import User
from lab.apiserver.errors import ApiError
from lab.apiserver.exec import ExecHandler, Streams
from lab.apiserver.faults import Faults
from lab.apiserver.kubeconfig import kubeconfig
from lab.apiserver.logs import LogHandler, Logs
from lab.apiserver.resources import Manifest, Resource
from lab.apiserver.storage import Event
from lab.apiserver.tls import Authority
from lab.apiserver.writes import Admission
from lab.control_plane import processes
from lab.control_plane.admission import PROBE, webhooks_at
from lab.control_plane.binaries import find
from lab.control_plane.callbacks import ADMISSION, TOKENS, Callbacks
from lab.control_plane.client import Client, patiently
from lab.control_plane.gate import Gate
from lab.control_plane.janitor import Janitor
from lab.control_plane.processes import ADDRESS_TYPE, ADMIN, Papers
from lab.control_plane.rights import RemoteTokens
from lab.control_plane.store import RemoteStore
from lab.ports import free_port, listens

_DECLARED = ["ExtendWebSocketsToKubelet"]
_WEBHOOKS = "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations"


class ControlPlane:
    """Processes of its own in a folder of its own; `close` ends them. tokens, tls: as for ApiServer.

    audit: the policy of an audit log.

    Raises Missing where the programs are not there (`load`), ProcessError if they do not start.
    """

    def __init__(
        self, tokens: Mapping[str, str | User] | None = None, *, tls: bool = True, audit: Path | None = None
    ) -> None:
        self._binaries, self._audit = find(), audit
        self._folder = Path(tempfile.mkdtemp(prefix="bgpui-control-plane-"))
        self._papers = Papers(self._folder, Authority("lab-ca"))
        self._etcd_port, self._port, self._callback_port = free_port(), free_port(), free_port()
        self._write_papers()
        inside = self._client_context()  # as the administrator; who comes through the gate is nobody yet
        self.client = Client(self._port, inside)
        self._children: list[processes.Child] = []
        self._tls = tls
        self._registered = False
        self._cancel: Callable[[], None] = lambda: None
        self.faults = Faults()
        self.tokens = RemoteTokens(self.client, tokens or {})
        self.store = RemoteStore(self.client, self._prepared)
        self.exec: ExecHandler | None = None
        """What runs a command in a container."""
        self._streams = Streams(lambda: self.exec)
        self.logs: LogHandler | None = None
        """What pods/log answers."""
        logs, pods = Logs(lambda: self.logs), partial(self.store.get, "pods")
        self._callbacks = Callbacks(self._streams, logs, pods, self.tokens.review)
        self._janitor = Janitor(self.store, self.client)
        self._gate = Gate(self.faults, self._port, self._trust())
        self.host, self.port = "127.0.0.1", 0
        self.ca_pem: bytes | None = self._papers.authority.pem if tls else None

    @property
    def url(self) -> str:
        return f"{'https' if self._tls else 'http'}://{self.host}:{self.port}"

    @property
    def open_execs(self) -> int:
        """Exec streams that are running."""
        return len(self._streams)

    @property
    def admin_kubeconfig(self) -> dict[str, Any]:
        """For programs that belong to the cluster: past the gate, with the administrator's certificate."""
        return self._kubeconfig(f"https://127.0.0.1:{self._port}", "admin")

    @property
    def folder(self) -> Path:
        """Where its papers and logs are."""
        return self._folder

    def certificate(self, file: str, name: str) -> tuple[Path, Path]:
        """A server certificate that the API server trusts, and its key."""
        self._papers.issue(file, name)
        return self._folder / f"{file}.crt", self._folder / f"{file}.key"

    def use_webhooks(self, admission: Admission | None) -> None:
        """Have the API server ask this hook; the lab's own writes pass, as they do past the embedded one."""
        self._callbacks.admission = admission

    def register_webhooks(self, name: str, webhooks: list[Manifest]) -> None:
        """Have the API server ask at URLs whose certificates are ours."""
        authority = base64.b64encode(self._papers.authority.pem).decode()
        for webhook in webhooks:
            webhook["clientConfig"]["caBundle"] = authority
        self.client.request("POST", _WEBHOOKS, {"metadata": {"name": name}, "webhooks": webhooks})

    def _register_own(self) -> None:
        """Register the hook for as long as the API server runs, and wait until it is asked."""
        url = f"https://127.0.0.1:{self._callback_port}{ADMISSION}"
        self.register_webhooks("lab", webhooks_at(url, ADMIN))
        probe = {"metadata": {"name": PROBE}}

        def is_asked() -> bool:
            try:
                self.client.request("POST", "/api/v1/namespaces/default/configmaps", probe, query={"dryRun": "All"})
            except ApiError as refusal:
                return refusal.code == 403
            return False

        patiently(is_asked, "webhooks are asked")

    def load(self) -> None:
        """Start the processes; `start` does it too, once."""
        if self._children:
            return
        etcd = processes.etcd(self._binaries, self._folder, self._etcd_port)
        server = processes.kube_apiserver(self._binaries, self._papers, self._port, self._etcd_port, self._audit)
        self._children = [etcd, server]
        etcd.start()
        etcd.wait_until(lambda: listens(self._etcd_port))
        server.start()
        server.wait_until(self.client.is_ready)
        self.tokens.grant()

    async def start(self, host: str = "127.0.0.1", port: int = 0) -> None:
        """Let clients in; after a `stop` at the same port."""
        self.load()
        self.host = host
        await self._callbacks.start(self._callback_port, self._server_context())
        if not self._registered:
            self._registered = True
            await asyncio.to_thread(self._register_own)
        self._cancel = self.store.watch(self._pod_changed, "pods")
        self._janitor.start()
        self.port = await self._gate.start(host, port or self.port, self._server_context() if self._tls else None)

    async def stop(self) -> None:
        """Close the port and every connection; objects stay."""
        await self._gate.stop()
        self._cancel()
        self._janitor.stop()
        await self._callbacks.stop()

    def close(self) -> None:
        """End the processes and forget everything."""
        self.store.close()
        for child in reversed(self._children):
            child.stop()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _prepared(self, resource: Resource, manifest: Manifest) -> Manifest:
        """Every node's kubelet is ours, and understands WebSockets."""
        if resource.group_resource == "nodes":
            status = manifest.setdefault("status", {})
            status["addresses"] = [*status.get("addresses", ()), {"type": ADDRESS_TYPE, "address": "localhost"}]
            status["daemonEndpoints"] = {"kubeletEndpoint": {"Port": self._callback_port}}
            status["declaredFeatures"] = _DECLARED
        return manifest

    def _pod_changed(self, event: Event) -> None:
        if event.type == "DELETED":
            self._streams.cut(event.new.manifest["metadata"]["uid"])

    def _write_papers(self) -> None:
        papers = self._papers
        papers.write("ca.crt", papers.authority.pem)
        papers.issue("apiserver", "kube-apiserver", "system:masters")
        papers.issue("admin", ADMIN, "system:masters")
        asks = self._kubeconfig(f"https://127.0.0.1:{self._callback_port}{TOKENS}", "apiserver")
        papers.write("tokens.kubeconfig", json.dumps(asks).encode())

    def _kubeconfig(self, url: str, papers: str) -> dict[str, Any]:
        found = kubeconfig(url, "", self._papers.authority.pem)
        path = self._papers.path
        found["users"][0]["user"] = {
            "client-certificate": path(f"{papers}.crt"), "client-key": path(f"{papers}.key")
        }  # fmt: skip
        return found

    def _trust(self) -> ssl.SSLContext:
        return ssl.create_default_context(cadata=self._papers.authority.pem.decode())

    def _client_context(self) -> ssl.SSLContext:
        context = self._trust()
        context.load_cert_chain(self._papers.path("admin.crt"), self._papers.path("admin.key"))
        return context

    def _server_context(self) -> ssl.SSLContext:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cadata=self._papers.authority.pem.decode())
        context.load_cert_chain(self._papers.path("apiserver.crt"), self._papers.path("apiserver.key"))
        context.verify_mode = ssl.CERT_OPTIONAL
        return context
