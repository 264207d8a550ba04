"""A cluster of others, to be used like `lab.apiserver.ApiServer` as far as it lets itself be."""

from __future__ import annotations

import builtins
import shutil
import ssl
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Never

import pytest

from lab.apiserver import User
from lab.apiserver.faults import Faults
from lab.apiserver.resources import Manifest, Resource
from lab.apiserver.tls import Authority
from lab.control_plane.gate import Gate, Head
from lab.control_plane.processes import Papers
from lab.control_plane.rights import RemoteTokens
from lab.control_plane.store import RemoteStore, path_of
from tests.cluster.tenancy import OwnClient

_NODES = "makes Nodes and pods, for which a cluster has controllers and kubelets of its own"
_KUBELET = "needs the lab's kubelet endpoint, which the API server does not call"
_WEBHOOKS = "needs webhooks of the lab, which the API server does not call"


def left_out(reason: str) -> Never:
    """Skip the test."""
    pytest.skip(f"in a cluster of KUBECONFIG: {reason}")


class Unreached:
    """What the API server would have to call; skips the test that sets it."""

    def __get__(self, cluster: BorrowedCluster, _owner: type[BorrowedCluster]) -> None:
        return None

    def __set__(self, cluster: BorrowedCluster, handler: object) -> None:
        left_out(_KUBELET)


class BorrowedCluster:
    """tokens, tls: as for ApiServer. Who comes with a token is impersonated; the rights are RBAC objects."""

    exec = logs = Unreached()

    def __init__(self, client: OwnClient, tokens: Mapping[str, str | User], *, tls: bool = True) -> None:
        self._papers = Papers(Path(tempfile.mkdtemp(prefix="bgpui-borrowed-")), Authority("lab-ca"))
        self._tls = tls
        self.faults = Faults()
        self.tokens = RemoteTokens(client, tokens)
        self.store = OwnStore(client)
        self.open_execs = 0
        self._gate = ImpersonatingGate(self.faults, client.port, self.tokens)
        self._granted = False
        self.host, self.port = "127.0.0.1", 0
        self.ca_pem: bytes | None = self._papers.authority.pem if tls else None

    @property
    def url(self) -> str:
        return f"{'https' if self._tls else 'http'}://{self.host}:{self.port}"

    def use_webhooks(self, admission: object) -> None:
        """Skips the test that wants any."""
        if admission is not None:
            left_out(_WEBHOOKS)

    async def start(self, host: str = "127.0.0.1", port: int = 0) -> None:
        """Let clients in; after a `stop` at the same port."""
        if not self._granted:
            self.tokens.grant()
            self._granted = True
        self.host = host
        self.port = await self._gate.start(host, port or self.port, self._server_context() if self._tls else None)

    async def stop(self) -> None:
        """Close the port and every connection."""
        await self._gate.stop()

    def close(self) -> None:
        """What was made stays until the tenancy ends."""
        self.store.close()
        shutil.rmtree(self._papers.folder, ignore_errors=True)

    def _server_context(self) -> ssl.SSLContext:
        self._papers.issue("gate", "kube-apiserver")
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(self._papers.path("gate.crt"), self._papers.path("gate.key"))
        return context


class OwnStore(RemoteStore):
    """Shows and changes what the tests made, and nothing else."""

    def __init__(self, client: OwnClient) -> None:
        super().__init__(client, self._prepared)
        self._own = client

    def list(
        self, resource: str, namespace: str | None = None, labels: str = "", fields: str = ""
    ) -> builtins.list[Manifest]:
        kind = self.registry.find(resource)
        found = super().list(resource, namespace, labels, fields)
        metadata = ((each, each["metadata"]) for each in found)
        return [each for each, of in metadata if self._own.owns(path_of(kind, of.get("namespace"), of["name"]))]

    def add(self, manifest: Manifest, manager: str = "") -> Manifest:
        """A CustomResourceDefinition that the cluster has is taken as it is."""
        if manifest["kind"] == "CustomResourceDefinition":
            there = self.get("customresourcedefinitions.apiextensions.k8s.io", "", manifest["metadata"]["name"])
            if there is not None:
                self.registry.install(there)
                return there
        return super().add(manifest, manager)

    @staticmethod
    def _prepared(resource: Resource, manifest: Manifest) -> Manifest:
        if resource.group_resource in ("nodes", "pods"):
            left_out(_NODES)
        return manifest


class ImpersonatingGate(Gate):
    """Passes requests on to `kubectl proxy` in the name of the user whose token they bear."""

    def __init__(self, faults: Faults, port: int, tokens: RemoteTokens) -> None:
        super().__init__(faults, port, None)
        self._tokens = tokens

    def passed_on(self, head: Head) -> bytes | None:
        user = self._tokens.whose(head.headers.get("authorization", "").removeprefix("Bearer "))
        if user is None:
            return None
        first, *lines = head.raw.rstrip(b"\r\n").split(b"\r\n")
        kept = [line for line in lines if not line.lower().startswith((b"authorization:", b"impersonate-"))]
        names = [f"Impersonate-User: {user.name}", *(f"Impersonate-Group: {group}" for group in user.groups)]
        return b"\r\n".join([first, *kept, *(name.encode() for name in names), b"", b""])
