"""etcd and kube-apiserver as child processes, on ports of their own with certificates of their own."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from lab.apiserver.tls import Authority
from lab.control_plane.binaries import Binaries
from lab.ports import free_port

_PATIENCE, _PAUSE = 60.0, 0.1  # seconds
_TAIL = 30  # lines of a log
ADMIN = "lab-admin"
AUDIT_LOG = "audit.log"
ADDRESS_TYPE = "ExternalDNS"
"""By which of a Node's addresses the API server calls the kubelet; nobody else uses this type."""


class ProcessError(RuntimeError):
    """A program did not start; the text ends with the last lines of its log."""


@dataclass(slots=True)
class Child:
    """A program that ends when the thread that started it does, where the system has setpriv."""

    name: str
    argv: list[str]
    log: Path
    process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        tied = [] if shutil.which("setpriv") is None else ["setpriv", "--pdeathsig", "KILL", "--"]
        with self.log.open("ab") as output:
            self.process = subprocess.Popen([*tied, *self.argv], stdout=output, stderr=output, start_new_session=True)

    def wait_until(self, ready: Callable[[], bool]) -> None:
        """Raises ProcessError if it ends, or is not ready in time."""
        for _ in range(int(_PATIENCE / _PAUSE)):
            if ready():
                return
            try:
                code = self._running().wait(_PAUSE)
            except subprocess.TimeoutExpired:
                continue
            raise ProcessError(self._words(f"ended with exit code {code}"))
        raise ProcessError(self._words(f"was not ready after {_PATIENCE:g} s"))

    def stop(self) -> None:
        if self.process is not None:
            self.process.kill()  # nothing of it is kept
            self.process.wait()

    def _running(self) -> subprocess.Popen[bytes]:
        if self.process is None:
            raise RuntimeError(f"{self.name} was not started")
        return self.process

    def _words(self, what: str) -> str:
        lines = self.log.read_text(errors="replace").splitlines()[-_TAIL:]
        return "\n".join([f"{self.name} {what}; the end of {self.log}:", *lines])


def etcd(binaries: Binaries, folder: Path, port: int) -> Child:
    """An etcd that keeps nothing beyond its life."""
    peer = f"http://127.0.0.1:{free_port()}"
    argv = [str(binaries.etcd), f"--data-dir={folder / 'etcd'}", "--unsafe-no-fsync", "--log-level=warn"]
    argv += [f"--{name}=http://127.0.0.1:{port}" for name in ("listen-client-urls", "advertise-client-urls")]
    argv += [f"--{name}={peer}" for name in ("listen-peer-urls", "initial-advertise-peer-urls")]
    return Child("etcd", [*argv, f"--initial-cluster=default={peer}"], folder / "etcd.log")


@dataclass(frozen=True, slots=True)
class Papers:
    """Certificates, keys and the like as files in a folder."""

    folder: Path
    authority: Authority

    def issue(self, file: str, name: str, organization: str = "") -> None:
        """Write a certificate and its key."""
        certificate, key = self.authority.issue(name, organization=organization)
        self.write(f"{file}.crt", certificate)
        self.write(f"{file}.key", key)

    def write(self, file: str, content: bytes) -> Path:
        path = self.folder / file
        path.touch(mode=0o600)
        path.write_bytes(content)
        return path

    def path(self, file: str) -> str:
        return str(self.folder / file)


def kube_apiserver(binaries: Binaries, papers: Papers, port: int, etcd_port: int, audit: Path | None = None) -> Child:
    """An API server with RBAC that asks us whose a token is; its admission is what a bare cluster has.

    audit: a policy by which it keeps an audit log, in the folder of the papers.

    The ServiceAccount plugin is off because no controller makes tokens for pods, the taints because no kubelet
    reports.
    """
    path = papers.path
    flags = {
        "etcd-servers": f"http://127.0.0.1:{etcd_port}",
        "bind-address": "127.0.0.1",
        "secure-port": port,
        "tls-cert-file": path("apiserver.crt"),
        "tls-private-key-file": path("apiserver.key"),
        "client-ca-file": path("ca.crt"),
        "anonymous-auth": "false",
        "authorization-mode": "RBAC",
        "authentication-token-webhook-config-file": path("tokens.kubeconfig"),
        "authentication-token-webhook-version": "v1",
        "authentication-token-webhook-cache-ttl": "0s",
        "service-account-issuer": "https://kubernetes.default.svc",
        "service-account-key-file": path("apiserver.crt"),
        "service-account-signing-key-file": path("apiserver.key"),
        "service-cluster-ip-range": "10.96.0.0/16,fd00:10:96::/112",
        "disable-admission-plugins": "ServiceAccount,TaintNodesByCondition",
        "endpoint-reconciler-type": "none",
        "kubelet-certificate-authority": path("ca.crt"),
        "kubelet-client-certificate": path("apiserver.crt"),
        "kubelet-client-key": path("apiserver.key"),
        "kubelet-preferred-address-types": ADDRESS_TYPE,
        "profiling": "false",
    }
    if audit is not None:
        flags |= {"audit-policy-file": str(audit), "audit-log-path": path(AUDIT_LOG), "audit-log-mode": "blocking"}
    argv = [str(binaries.kube_apiserver), *(f"--{name}={value}" for name, value in flags.items())]
    return Child("kube-apiserver", argv, papers.folder / "kube-apiserver.log")
