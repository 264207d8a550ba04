"""Machines of the lab: shells that are process 1 of their own network, mount, UTS and PID namespaces.

What runs in a machine ends with it, and a machine ends when its shell reads the end of its input: when it is
stopped, and also when the process that made it is gone, however it went. Therefore no signal on the parent's death
is needed (that one follows the thread that forked, not the process).
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import subprocess
from collections.abc import Sequence
from functools import cache
from pathlib import Path

DAEMONS = Path("/usr/lib/frr")
INSTALL = "apt-get install frr frr-pythontools iproute2 nftables"

_NEEDED = ("vtysh", "ip", "nft", "nsenter", "unshare")
_MARK = "--done--"

# FRR is set up in private mounts, so that no machine sees another's VRFs and sockets, and the host's FRR stays alone.
_GROUND = """
mount -t tmpfs tmpfs /run
mount -t tmpfs tmpfs /etc/frr
mount -t tmpfs tmpfs /var/tmp
mkdir -p /run/netns /run/frr
echo 'service integrated-vtysh-config' > /etc/frr/vtysh.conf
hostname {name}
ip link set lo up
"""
# In a user namespace only one account exists: root. FRR and its group are made to be that one.
_ROOTLESS = """
printf 'root:x:0:0::/:/bin/sh\\nfrr:x:0:0::/:/bin/false\\n' > /run/passwd
printf 'root:x:0:\\nfrr:x:0:\\nfrrvty:x:0:\\n' > /run/group
mount --bind /run/passwd /etc/passwd
mount --bind /run/group /etc/group
"""


class NamespaceError(RuntimeError):
    """A command inside of a machine failed; the text is what it printed."""


@cache
def available() -> str | None:
    """Why FRR cannot run in namespaces here, with the way out; None if it can."""
    missing = [name for name in _NEEDED if not shutil.which(name)]
    missing += [name for name in ("zebra", "bgpd", "bfdd", "frr-reload.py") if not (DAEMONS / name).exists()]
    if missing:
        return f"{', '.join(missing)} not found; install with: {INSTALL}"
    tried = subprocess.run([*_unshare(), "true"], capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL)
    if tried.returncode:
        return f"namespaces are not allowed here ({tried.stderr.strip()}); run as root"
    return None


def _unshare() -> list[str]:
    user = [] if os.geteuid() == 0 else ["--user", "--map-root-user"]
    return ["unshare", *user, "--net", "--mount", "--uts", "--pid", "--fork", "--kill-child", "--mount-proc"]


class Machine:
    """A shell in its own namespaces. `inside` is the machine whose user namespace it shares (rootless: the switch).

    `pid` is the shell's process id as seen from outside, once started.
    """

    def __init__(self, name: str, inside: Machine | None = None) -> None:
        self.name = name
        self.pid = 0
        self._inside = inside
        self._shell: asyncio.subprocess.Process | None = None
        self._turn = asyncio.Lock()

    async def start(self) -> None:
        """Make the namespaces, the private mounts and the loopback."""
        argv = _unshare() if self._inside is None else [*self._inside.enter(), *_nested()]
        self._shell = await asyncio.create_subprocess_exec(
            *argv,
            "sh",
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            limit=1 << 20,
        )
        rootless = _ROOTLESS if os.geteuid() else ""
        await self.run(_GROUND.format(name=self.name) + rootless + "chown frr:frr /run/frr /etc/frr")
        self.pid = _child(self._shell.pid)

    async def run(self, script: str) -> str:
        """Run shell lines of our own in the machine; what they print, or NamespaceError at the first that fails."""
        if self._shell is None or self._shell.stdin is None or self._shell.stdout is None:
            raise NamespaceError(f"{self.name} is not started")
        async with self._turn:
            with contextlib.suppress(ConnectionError):
                self._shell.stdin.write(f"( set -e\n{script}\n) </dev/null 2>&1; echo {_MARK} $?\n".encode())
                await self._shell.stdin.drain()
            printed: list[str] = []
            while line := (await self._shell.stdout.readline()).decode(errors="replace"):
                before, mark, code = line.partition(_MARK)
                printed.append(before)
                if mark:
                    break
            else:
                code = "gone"
        text = "".join(printed)
        if code.strip() != "0":
            raise NamespaceError(f"{self.name}: exit {code.strip()}: {text.strip()}")
        return text

    def enter(self) -> list[str]:
        """The argv prefix that runs a program in this machine's network, mount and UTS namespaces."""
        user = [] if os.geteuid() == 0 else ["--user", "--preserve-credentials"]
        return ["nsenter", "--target", str(self.pid), *user, "--net", "--mount", "--uts"]

    async def exec(self, argv: Sequence[str], stdin: bytes | None = None) -> tuple[bytes, bytes, int]:
        """Run a program from outside: stdout, stderr and exit code. A cancelled call ends the program."""
        process = await asyncio.create_subprocess_exec(
            *self.enter(),
            *argv,
            stdin=asyncio.subprocess.DEVNULL if stdin is None else asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        try:
            stdout, stderr = await process.communicate(stdin)
        except asyncio.CancelledError:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()
            raise
        return stdout, stderr, process.returncode or 0

    async def stop(self) -> None:
        """End the shell, and with it every process of the machine and its namespaces."""
        if self._shell is None:
            return
        with contextlib.suppress(ProcessLookupError):
            self._shell.kill()
        await self._shell.wait()
        self._shell = None


def _child(pid: int) -> int:
    return int(Path(f"/proc/{pid}/task/{pid}/children").read_text().split()[0])


def _nested() -> list[str]:
    """Inside of a user namespace of ours we are root already and need no second one."""
    return [part for part in _unshare() if part not in {"--user", "--map-root-user"}]
