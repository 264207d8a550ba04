"""`make demo`: a lab cluster and bgpui on it, under one supervisor, in one folder.

The product is started as anybody would start it, by its own commands and settings from the environment.
"""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import os
import secrets
import shutil
import signal
import socket
import sys
import tempfile
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import aiohttp

from lab import redis
from lab.frr.netns import available
from lab.processes import ProcessError
from lab.supervisor import Supervisor

_LONGEST_SOCKET_PATH = 100  # bytes; the kernel takes 107
_QUICK = 200  # nodes that one worker asks within two seconds, beside all else that the demo runs
_USER = "admin"


class DemoError(Exception):
    """The demo cannot run here; the text says why and what to do."""


@dataclass(frozen=True, slots=True)
class Options:
    """The demo's settings, from the environment. frr: real FRR in network namespaces instead of simulated speakers."""

    folder: Path
    port: int
    nodes: int
    mode: str
    frr: bool

    @classmethod
    def read(cls, environment: Mapping[str, str]) -> Options:
        """PORT, NODES, MODE, FRR=1, DEMO_DIR. Raises DemoError for a value that makes no sense."""
        folder = Path(environment.get("DEMO_DIR") or "var/demo").resolve()
        mode = environment.get("MODE") or "frr"
        if mode not in {"frr", "frr-k8s"}:
            raise DemoError(f"MODE is {mode!r}; it may be frr or frr-k8s")
        frr = environment.get("FRR", "") not in {"", "0"}
        return cls(
            folder,
            _number(environment, "PORT", 8000, 65_535),
            _number(environment, "NODES", 6, 5_000),
            mode,
            frr,
        )


def _number(environment: Mapping[str, str], name: str, default: int, most: int) -> int:
    text = environment.get(name) or str(default)
    if not text.isascii() or not text.isdigit() or not 1 <= int(text) <= most:
        raise DemoError(f"{name} is {text!r}; it may be a number from 1 to {most}")
    return int(text)


class Demo:
    """The supervisor of one demo. own_lab: False where the caller runs the cluster of `kubeconfig` in the folder."""

    def __init__(self, options: Options, environment: Mapping[str, str], *, own_lab: bool = True) -> None:
        self.options, self.folder = options, options.folder
        self.url = f"http://127.0.0.1:{options.port}/"
        self._supervisor = Supervisor(self.folder)
        self._own_lab = own_lab
        self._sockets: Path | None = None
        self._outer = {name: value for name, value in environment.items() if name != "DJANGO_SETTINGS_MODULE"}

    async def run(self) -> None:
        """Start everything, print the URL and the login, and wait for the end. Raises DemoError or ProcessError."""
        end = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, end.set)
        asked = asyncio.ensure_future(end.wait())
        life = asyncio.ensure_future(self._live())
        try:
            await asyncio.wait((asked, life), return_when=asyncio.FIRST_COMPLETED)
            if life.done():
                await life
        finally:
            life.cancel()
            asked.cancel()
            await asyncio.gather(life, asked, return_exceptions=True)
            await self._supervisor.stop("lab", "redis")
            (self.folder / "url").unlink(missing_ok=True)
            if self._sockets is not None:
                shutil.rmtree(self._sockets, ignore_errors=True)

    async def _live(self) -> None:
        (self.folder / "url").unlink(missing_ok=True)
        children, environment, manage = self._supervisor, self._environment(), [sys.executable, "manage.py"]
        if self._own_lab:
            (self.folder / "lab" / "ready").unlink(missing_ok=True)
            children.keep("lab", self._lab(), self._outer)
        if "BGPUI_REDIS_URL" not in self._outer and "REDIS_URL" not in self._outer:
            children.keep("redis", redis.command(self._socket(), self.folder), self._outer)
        if self._own_lab:
            await children.until("lab", self._lab_is_ready)
        await children.once("migrate", [*manage, "migrate", "--no-input"], environment)
        password = self._secret("password", 12)
        files = ["--password-file", str(password), "--token-file", str(self.folder / "token")]
        await children.once("bootstrap", [*manage, "bootstrap", "--username", _USER, *files], environment)
        for name, argv in self._product().items():
            children.keep(name, argv, environment)
        await children.until("web", self._web_is_ready)
        (self.folder / "url").write_text(f"{self.url}\n")
        print(f"\n  bgpui    {self.url}\n  login    {_USER} / {password.read_text().strip()}", flush=True)
        print(f"  files    {self.folder} (url, token, kubeconfig, logs)\n", flush=True)
        await children.failure()

    async def _lab_is_ready(self) -> bool:
        return (self.folder / "lab" / "ready").exists()

    async def _web_is_ready(self) -> bool:
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=5)) as client:
            with contextlib.suppress(aiohttp.ClientError, TimeoutError):
                async with client.get(f"{self.url}readyz") as response:
                    return response.status == 200
        return False

    def _lab(self) -> list[str]:
        options = self.options
        return [
            *(sys.executable, "-m", "lab", "serve", "--dir", str(self.folder / "lab"), "--nodes", str(options.nodes)),
            *("--mode", options.mode, "--speakers", "frr" if options.frr else "simulated", "--seed", "--webhooks"),
            *("--kubeconfig", str(self.folder / "kubeconfig")),
        ]

    def _product(self) -> dict[str, list[str]]:
        python = [sys.executable, "-m"]
        web = ["uvicorn", "bgpui.asgi:application", "--host", "127.0.0.1", "--port", str(self.options.port)]
        celery = [*python, "celery", "-A", "bgpui.celery"]

        def worker(threads: int, *queues: str) -> list[str]:
            # One process with threads: nothing is left behind when it is killed.
            pool = ["--pool", "threads", "--concurrency", str(threads), "--without-mingle", "--without-gossip"]
            names = ["--queues", ",".join(queues), "--hostname", f"{queues[0]}@%h"]
            return [*celery, "worker", *names, "--loglevel", "INFO", *pool]

        return {
            "web": [*python, *web, "--timeout-graceful-shutdown", "3", "--no-access-log"],
            "worker-apply": worker(4, "apply"),
            "worker-relist": worker(4, "relist", "ask"),
            "worker-observe": worker(4, "observe"),
            "worker-alarm": worker(2, "alarm"),
            "worker-notice": worker(2, "notice"),
            "beat": [*celery, "beat", "--loglevel", "WARNING"],
            "watch": [sys.executable, "manage.py", "watch"],
        }

    def _environment(self) -> dict[str, str]:
        """The product's settings; what the caller's environment says stays."""
        own = {
            "PYTHONUNBUFFERED": "1",
            "MALLOC_ARENA_MAX": "2",  # as the image has it
            "BGPUI_VAR_DIR": str(self.folder),
            "BGPUI_SECRET_KEY": self._secret("secret-key", 48).read_text().strip(),
            "BGPUI_CREDENTIAL_KEYS": f"{self._secret('credential-key', 32).read_text().strip()}=",  # base64 of 32 bytes
            "BGPUI_REDIS_URL": self._outer.get("REDIS_URL") or f"unix://{self._socket()}",
            "BGPUI_CLUSTERS": f"lab={self.folder / 'kubeconfig'}",
            "BGPUI_TEST_WORKLOADS": "lab",
            "BGPUI_COOKIE_NAME": f"bgpui-{self.options.port}",
            "BGPUI_SWEEP_INTERVAL": "2" if self.options.nodes <= _QUICK else "10",
            "BGPUI_RELIST_INTERVAL": "2",
        }
        return {**own, **self._outer}

    def _secret(self, name: str, size: int) -> Path:
        """A file with a random text, made once and for the owner's eyes only."""
        path = self.folder / name
        if not path.exists():
            path.touch(mode=0o600)
            path.write_text(f"{secrets.token_urlsafe(size)}\n")
        return path

    def _socket(self) -> Path:
        """Where Redis listens: in the folder, or in a short temporary one where its path is too long for a socket."""
        path = self.folder / "redis.sock"
        if len(os.fsencode(path)) <= _LONGEST_SOCKET_PATH:
            return path
        if self._sockets is None:
            self._sockets = Path(tempfile.mkdtemp(prefix="bgpui-demo-"))
        return self._sockets / "redis.sock"


@contextlib.asynccontextmanager
async def _alone(options: Options) -> AsyncIterator[None]:
    """Hold the folder and make sure of the port. Raises DemoError."""
    options.folder.mkdir(parents=True, exist_ok=True)
    with (options.folder / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise DemoError(f"a demo runs in {options.folder} already; give another DEMO_DIR and PORT") from None
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", options.port))
            except OSError as error:
                raise DemoError(f"port {options.port} is taken ({error.strerror}); give another PORT") from None
        yield


async def _main(environment: Mapping[str, str]) -> None:
    options = Options.read(environment)
    reason = available() if options.frr else None
    if reason:
        raise DemoError(f"FRR=1 is not possible: {reason}")
    async with _alone(options):
        await Demo(options, environment).run()


def main() -> int:
    """Run the demo until Ctrl-C; the exit code."""
    try:
        asyncio.run(_main(os.environ))
    except (DemoError, ProcessError) as error:
        print(error, file=sys.stderr)
        return 1
    return 0
