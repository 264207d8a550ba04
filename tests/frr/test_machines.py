"""Machines end with what they run, however the lab ends."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from lab.frr.daemons import Daemons
from lab.frr.netns import Machine, NamespaceError
from tests.waiting import eventually

pytestmark = pytest.mark.frr

LAB_WITH_FRR = """
import asyncio, sys
from lab.frr.daemons import Daemons
from lab.frr.netns import Machine

async def main():
    switch = Machine("switch")
    await switch.start()
    node = Machine("node", switch)
    await node.start()
    await Daemons(node, listen=0).start()
    print(node.pid, flush=True)
    await asyncio.sleep(60)

asyncio.run(main())
"""


def network_namespace(pid: int | str) -> str:
    """The identity of a process's network namespace."""
    return str(Path(f"/proc/{pid}/ns/net").readlink())


def processes_in(namespace: str) -> list[str]:
    """Command lines of the processes whose network namespace has this identity."""
    found = []
    for process in Path("/proc").iterdir():
        if not process.name.isdigit():
            continue
        try:
            if network_namespace(process.name) == namespace:
                found.append((process / "cmdline").read_text())
        except OSError:
            continue
    return found


async def test_a_machine_has_its_own_hostname_and_network() -> None:
    machine = Machine("compute-1.example.com")
    await machine.start()
    try:
        stdout, _, code = await machine.exec(["hostname"])
        assert (stdout, code) == (b"compute-1.example.com\n", 0)
        assert network_namespace(machine.pid) != network_namespace("self")
    finally:
        await machine.stop()


async def test_a_script_that_fails_says_what_it_printed() -> None:
    machine = Machine("machine")
    await machine.start()
    try:
        with pytest.raises(NamespaceError, match=r"exit 3: only this"):
            await machine.run("echo only this; exit 3")
        assert await machine.run("echo still there") == "still there\n"
    finally:
        await machine.stop()


async def test_stopping_a_machine_ends_its_daemons() -> None:
    machine = Machine("machine")
    await machine.start()
    await Daemons(machine, listen=0).start()
    namespace = network_namespace(machine.pid)
    assert any("bgpd" in command for command in processes_in(namespace))

    await machine.stop()

    assert eventually(lambda: not processes_in(namespace))


def test_nothing_survives_a_lab_that_is_killed() -> None:
    with subprocess.Popen([sys.executable, "-c", LAB_WITH_FRR], stdout=subprocess.PIPE, text=True) as lab:
        assert lab.stdout is not None
        namespace = network_namespace(lab.stdout.readline().strip())
        assert any("zebra" in command for command in processes_in(namespace))

        os.kill(lab.pid, signal.SIGKILL)

    assert eventually(lambda: not processes_in(namespace))
