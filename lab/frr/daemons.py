"""FRR's daemons on a machine: started as MetalLB starts them, configured as MetalLB's reloader does it.

`frr-reload.py --reload` lets vtysh parse the whole text first, so that one that FRR refuses leaves the running one as
it is. (MetalLB calls it with --test before, which parses it once more with the same outcome.) After a reload FRR 8.4
holds new sessions back for 4 seconds.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from lab.frr.netns import DAEMONS, Machine, NamespaceError

_CONFIG = "/etc/frr/frr.conf"
_READ = ["vtysh", "-f", _CONFIG]
_RELOAD = [f"{DAEMONS}/frr-reload.py", "--stdout", "--reload", _CONFIG]
_LOG_PREFIX = re.compile(r"^[\d-]+ [\d:,]+ +(?:\x1b\[91m)? *[A-Z]+(?:\x1b\[0m)?: ")


class ConfigRefusedError(ValueError):
    """FRR does not accept a configuration; the text is FRR's own."""


class Daemons:
    """zebra, bfdd, staticd and bgpd (and mgmtd where this FRR has one) of one machine.

    listen: the TCP port of bgpd, 0 = it only dials, as on MetalLB's nodes. vrfs: the machine's named network
    namespaces, each of which is a VRF of that name. config: what is in force.
    """

    def __init__(self, machine: Machine, *, listen: int, vrfs: Sequence[str] = ()) -> None:
        self.machine = machine
        self.config = ""
        self._blank = True
        self._vrfs = vrfs
        self._bgpd = ["bgpd", "-p", str(listen)]
        self._zebra = ["zebra", *(["--vrfwnetns"] if vrfs else [])]

    async def start(self) -> None:
        """Start all daemons, without a configuration. Raises NamespaceError."""
        others: list[list[str]] = [["bfdd"], ["staticd"], self._bgpd]
        first = [self._zebra] + ([["mgmtd"]] if (DAEMONS / "mgmtd").exists() else [])
        script = [_start(*argv) for argv in first]
        # -d returns when the daemon is up; zebra comes first, since the others ask it for VRFs and interfaces.
        script += [f"{_start(*argv)} & p{n}=$!" for n, argv in enumerate(others)]
        script += [f"wait $p{n}" for n in range(len(others))]
        await self.machine.run("\n".join(script))

    async def load(self, config: str) -> None:
        """Read a first configuration that is known to be good."""
        await self._apply(config, [_READ])

    async def reload(self, config: str) -> None:
        """Bring the running configuration to `config`, touching only what differs. Raises ConfigRefusedError.

        One that FRR cannot parse changes nothing.
        """
        if config == self.config:
            return
        # Reading the file is all there is to do on daemons without a configuration, and ten times faster.
        await self._apply(config, [[*_READ, "--dryrun"], _READ] if self._blank else [_RELOAD])

    async def _apply(self, config: str, steps: Sequence[Sequence[str]]) -> None:
        await self._write(config)
        for argv in steps:
            self._blank = self._blank and argv is not _READ
            stdout, stderr, code = await self.machine.exec(argv)
            if code:
                await self._write(self.config)
                raise ConfigRefusedError(_words(stdout + stderr))
        self.config = config

    async def restart(self, *, keep: bool) -> None:
        """All daemons end as by a crash and start again, with the configuration in force if that is kept."""
        await self.machine.run("kill -KILL $(cat /run/frr/*.pid)\nrm -f /run/frr/*.vty /run/frr/*.pid")
        await self.start()
        config, self.config, self._blank = self.config, "", True
        if keep and config:
            await self.load(config)

    async def vtysh(self, *commands: str) -> str:
        """Standard output of vtysh for `commands`, in order."""
        argv = ["vtysh", *(part for command in commands for part in ("-c", command))]
        stdout, stderr, code = await self.machine.exec(argv)
        if code:
            raise NamespaceError(_words(stdout + stderr))
        return stdout.decode(errors="replace")

    async def signal(self, daemon: str, name: str) -> None:
        """Send a daemon a signal, e.g. ("bgpd", "STOP")."""
        await self.machine.run(f"kill -{name} $(cat /run/frr/{daemon}.pid)")

    async def kill(self, daemon: str) -> None:
        """End a daemon as a crash would: the sockets close, nobody says goodbye."""
        await self.signal(daemon, "KILL")
        await self.machine.run(f"rm -f /run/frr/{daemon}.vty")

    async def revive(self) -> None:
        """Start bgpd again with the configuration that is in force."""
        await self.machine.run(_start(*self._bgpd))
        await self.machine.exec(_READ)

    async def _write(self, config: str) -> None:
        # Without its namespace in the text, the reloader would take the VRF's away.
        text = config + "".join(f"vrf {vrf}\n netns /run/netns/{vrf}\nexit-vrf\n" for vrf in self._vrfs)
        stdout, stderr, code = await self.machine.exec(["tee", _CONFIG], text.encode())
        if code:
            raise NamespaceError(_words(stderr or stdout))


def _start(daemon: str, *options: str) -> str:
    pid = f"-i /run/frr/{daemon}.pid"
    return f"{DAEMONS / daemon} -d {' '.join(options)} -f /dev/null {pid} >>/run/frr/{daemon}.log 2>&1"


def _words(output: bytes) -> str:
    """The errors among what the reloader printed, without its time stamps."""
    lines = [line for line in output.decode(errors="replace").splitlines() if line.strip()]
    wrong = [line for line in lines if "ERROR" in line or "WARN" in line or not _LOG_PREFIX.match(line)]
    return "\n".join(_LOG_PREFIX.sub("", line) for line in wrong or lines)[:2000]
