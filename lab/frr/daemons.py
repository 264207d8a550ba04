"""FRR's daemons on a machine: started as MetalLB starts them, configured as MetalLB's reloader does it.

`frr-reload.py --reload` lets vtysh parse the whole text first, so that one that FRR refuses leaves the running one as
it is. (MetalLB calls it with --test before, which parses it once more with the same outcome.) After a reload FRR 8.4
holds new sessions back for 4 seconds.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from lab.frr.delta import delta
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
    namespaces, each of which is a VRF of that name; only with one from the start FRR hears of later ones.
    config: what is in force.
    """

    def __init__(self, machine: Machine, *, listen: int, vrfs: Sequence[str] = ()) -> None:
        self.machine = machine
        self.config = ""
        self._blank = True
        self.vrfs = vrfs
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

    async def reload(self, config: str) -> None:
        """Bring the running configuration to `config` as MetalLB's reloader does. Raises ConfigRefusedError.

        One that FRR cannot parse changes nothing.
        """
        if config == self.config:
            return
        if self._blank:  # reading the file is all there is to do, and ten times faster
            await self._run(config, [[*_READ, "--dryrun"], _READ])
        else:
            try:
                await self._run(config, [_RELOAD])
            except ConfigRefusedError:
                # MetalLB tries again after a failure. The reloader of FRR 8.4 removes an unnumbered neighbor before the
                # neighbor's other lines, which then cannot be removed: a failure that leaves nothing to do.
                await self._run(config, [_RELOAD])
        self.config, self._blank = config, False

    async def amend(self, config: str) -> None:
        """Bring a running configuration of the lab's own to `config`, at once."""
        change = delta(self.config, config)
        if change:
            await self._run(change, [_READ])
        self.config, self._blank = config, False

    async def restart(self, *, keep: bool) -> None:
        """All daemons end as by a crash and start again, with the configuration in force if that is kept."""
        await self.machine.run("kill -KILL $(cat /run/frr/*.pid)\nrm -f /run/frr/*.vty /run/frr/*.pid")
        await self.start()
        await self._begin_with(self.config if keep else "")

    async def revive(self, config: str = "") -> None:
        """Start a bgpd that was killed again, with the configuration in force or another one."""
        await self.machine.run(_start(*self._bgpd))
        await self._begin_with(config or self.config)

    async def _begin_with(self, config: str) -> None:
        self.config, self._blank = "", True
        if config:
            await self.amend(config)

    async def _run(self, config: str, steps: Sequence[Sequence[str]]) -> None:
        # Without its namespace in the text, the reloader would take the VRF's away.
        text = config + "".join(f"\nvrf {vrf}\n netns /run/netns/{vrf}\nexit-vrf\n" for vrf in self.vrfs)
        for argv, stdin in [(["tee", _CONFIG], text.encode()), *((argv, None) for argv in steps)]:
            stdout, stderr, code = await self.machine.exec(argv, stdin)
            if code:
                raise ConfigRefusedError(_words(stderr + stdout))

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


def _start(daemon: str, *options: str) -> str:
    files = f"-i /run/frr/{daemon}.pid --log file:/run/frr/{daemon}.log"  # a daemon has no standard output to log to
    return f"{DAEMONS / daemon} -d {' '.join(options)} -f /dev/null {files} >>/run/frr/{daemon}.out 2>&1"


def _words(output: bytes) -> str:
    """The errors among what the reloader printed, without its time stamps."""
    lines = [line for line in output.decode(errors="replace").splitlines() if line.strip()]
    wrong = [line for line in lines if "ERROR" in line or "WARN" in line or not _LOG_PREFIX.match(line)]
    return "\n".join(_LOG_PREFIX.sub("", line) for line in wrong or lines)[:2000]
