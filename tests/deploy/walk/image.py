"""The steps of the Containerfile in a folder that stands for the image's root."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
from pathlib import Path

from tests.demo import ROOT

_PATH = "/usr/local/bin:/usr/bin:/bin"  # programs that every account may run
_PLACES = re.compile(r"(?<![\w./-])/(?=(opt/bgpui|app|tmp)\b)")


class Image:
    """A root folder; `path` says where something of the image lies."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._workdir = root
        self.environment: dict[str, str] = {}

    def path(self, text: str) -> str:
        """A text of the image with the folders of this one."""
        return _PLACES.sub(f"{self._root}/", text)

    def build(self) -> None:
        """Carry out the first stage, and take over what the second one sets. Raises CalledProcessError."""
        for folder in ("tmp", "opt", "app"):
            (self._root / folder).mkdir()
        text = (ROOT / "Containerfile").read_text().replace("\\\n", " ")
        stages = re.split(r"^FROM .*$", text, flags=re.MULTILINE)[1:]
        for line in stages[0].splitlines():
            word, _, rest = line.partition(" ")
            if word in _STEPS:
                _STEPS[word](self, rest.strip())
        for line in stages[1].splitlines():
            if line.startswith("ENV "):
                self._env(line.removeprefix("ENV "))

    def _enter(self, where: str) -> None:
        self._workdir = Path(self.path(where))

    def _env(self, text: str) -> None:
        for pair in shlex.split(text):
            name, _, value = pair.partition("=")
            self.environment[name] = value.replace("$PATH", _PATH)

    def _copy(self, text: str) -> None:
        source, target = text.split()
        place = Path(self.path(target)) if target.startswith("/") else self._workdir / target
        if (ROOT / source).is_dir():
            shutil.copytree(ROOT / source, place, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(ROOT / source, place)

    def _run(self, text: str) -> None:
        command = self.path(re.sub(r"^python ", "python3.11 ", text))
        network = {name: value for name, value in os.environ.items() if name.startswith("PIP_")}
        clean = {"PATH": _PATH, "HOME": str(self._root / "tmp")} | network
        clean |= {name: self.path(value) for name, value in self.environment.items()}
        subprocess.run(["/bin/sh", "-c", command], cwd=self._workdir, env=clean, check=True, stdout=subprocess.DEVNULL)


_STEPS = {"WORKDIR": Image._enter, "ENV": Image._env, "COPY": Image._copy, "RUN": Image._run}
