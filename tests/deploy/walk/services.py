"""The services of docker-compose.yml as processes of an account that may write nothing but its own folder."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.demo import ROOT
from tests.deploy.programs import program
from tests.deploy.walk.image import Image


def composed(environment: Mapping[str, str]) -> dict[str, Any]:
    """bgpui's own services of docker-compose.yml, as Compose's reference implementation reads it.

    environment: what a user exports; the program by itself looks at no variable.
    """
    command = [str(program("compose")), "-format", "json", str(ROOT / "docker-compose.yml")]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    found = {name: spec for name, spec in json.loads(done.stdout)["services"].items() if "build" in spec}
    for spec in found.values():
        assert environment.keys() <= spec["environment"].keys()
        spec["environment"] |= environment
    return found


class Service:
    """One of bgpui's own services. secrets, kubeconfigs: folders that are mounted; port: in the place of 8000."""

    def __init__(self, name: str, spec: dict[str, Any], image: Image, folder: Path, port: int) -> None:
        self.name, self._spec, self._image, self._port = name, spec, image, port
        self._mounts = {"/run/bgpui": folder / "run" / name, "/run/secrets": folder / "secrets",
                        "/etc/bgpui/kubeconfigs": folder / "kubeconfigs"}  # fmt: skip
        self._as = ["setpriv", "--pdeathsig=KILL", "--no-new-privs"]
        run = self._mounts["/run/bgpui"]
        run.mkdir(parents=True)
        if os.getuid() == 0:
            self._as += ["--reuid=nobody", "--regid=nogroup", "--clear-groups"]
            shutil.chown(run, "nobody", "nogroup")
        self.log = folder / f"{name}.log"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it."""
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                self._command(self._spec["command"]), stdout=log, stderr=log, **self._own()
            )

    def wait(self) -> int:
        """Its exit code, once it has ended."""
        assert self._process is not None
        return self._process.wait(120)

    def stop(self) -> int:
        """As an engine stops a container; the exit code."""
        assert self._process is not None
        self._process.send_signal(signal.SIGTERM)
        return self._process.wait(30)

    def healthy(self) -> bool:
        """Whether its health check passes."""
        assert self._process is not None
        assert self._process.poll() is None, self.log.read_text()[-2000:]
        kind, *rest = self._spec["healthcheck"]["test"]
        argv = ["/bin/sh", "-c", *rest] if kind == "CMD-SHELL" else rest
        return subprocess.run(self._command(argv), capture_output=True, check=False, **self._own()).returncode == 0

    def execute(self, *argv: str, stdin: str = "") -> str:
        """`docker compose exec`; what it prints."""
        done: subprocess.CompletedProcess[str] = subprocess.run(
            self._command(list(argv)), input=stdin, text=True, capture_output=True, check=False, **self._own()
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def file(self, name: str) -> Path:
        """A file of its own folder."""
        return self._mounts["/run/bgpui"] / name

    def _command(self, argv: list[str]) -> list[str]:
        return [*self._as, *(re.sub(r"\b8000\b", str(self._port), self._mapped(part)) for part in argv)]

    def _mapped(self, text: str) -> str:
        text = self._image.path(text)
        for place, folder in self._mounts.items():
            text = text.replace(place, str(folder))
        return text

    def _own(self) -> dict[str, Any]:
        given = self._image.environment | {k: str(v) for k, v in self._spec["environment"].items() if v is not None}
        environment = {name: self._mapped(value) for name, value in given.items()}
        return {"cwd": self._image.path("/app"), "env": environment}
