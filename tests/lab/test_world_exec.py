"""Exec over HTTP reaches the lab's speakers, and everything that can go wrong there does when it is asked for."""

from __future__ import annotations

import asyncio
import ssl
from collections import defaultdict
from dataclasses import dataclass

import aiohttp
import msgspec
import pytest

from lab.cluster import Lab
from lab.containers import MARKUP, PodFault
from tests.lab.until import until

FIRST = "compute-1.example.com"
NEIGHBORS = ("vtysh", "-c", "show bgp vrf all neighbors json")


@dataclass
class Answer:
    stdout: bytes
    stderr: bytes
    status: dict[str, object]


async def run(lab: Lab, *argv: str, container: str = "frr") -> Answer:
    """One exec as a Kubernetes client does it."""
    pod = lab.world.pod(FIRST)["metadata"]
    context = ssl.create_default_context(cadata=(lab.server.ca_pem or b"").decode())
    path = f"{lab.url}/api/v1/namespaces/{pod['namespace']}/pods/{pod['name']}/exec"
    query = [("container", container), ("stdout", "1"), ("stderr", "1"), *(("command", word) for word in argv)]
    headers = {"Authorization": f"Bearer {lab.token}"}
    parts: defaultdict[int, bytearray] = defaultdict(bytearray)
    async with (
        aiohttp.ClientSession(headers=headers) as client,
        client.ws_connect(path, params=query, protocols=["v5.channel.k8s.io"], ssl=context, max_msg_size=0) as socket,
    ):
        async for message in socket:
            parts[message.data[0]] += message.data[1:]
    return Answer(bytes(parts[1]), bytes(parts[2]), msgspec.json.decode(parts[3] or b"{}"))


async def test_vtysh_answers_in_every_container_with_frrs_image_and_in_no_other() -> None:
    async with Lab(nodes=1, seed_peers=True) as lab:
        for container in ("frr", "reloader", "frr-metrics"):
            answer = await run(lab, *NEIGHBORS, container=container)
            assert list(msgspec.json.decode(answer.stdout)) == ["default", "ens4vrf", "storage"]
            assert answer.status["status"] == "Success"
        answer = await run(lab, *NEIGHBORS, container="speaker")
        assert answer.stdout == b""
        assert '"vtysh": executable file not found in $PATH' in str(answer.status["message"])


async def test_a_command_that_vtysh_refuses_ends_with_its_exit_code() -> None:
    async with Lab(nodes=1) as lab:
        answer = await run(lab, "vtysh", "-c", "show nothing")
        assert answer.stdout == b"% Unknown command: show nothing\n"
        assert answer.status["reason"] == "NonZeroExitCode"


READABLE = {PodFault.VRFS, PodFault.MARKUP}


@pytest.mark.parametrize("fault", [f for f in PodFault if f not in {PodFault.HANG, PodFault.HUGE, *READABLE}])
async def test_an_ordered_fault_spoils_the_answer_until_it_is_taken_away(fault: PodFault) -> None:
    async with Lab(nodes=1, seed_peers=True) as lab:
        lab.faults[FIRST] = fault
        spoiled = await run(lab, *NEIGHBORS)
        with pytest.raises(msgspec.DecodeError):
            msgspec.json.decode(spoiled.stdout)
        assert (spoiled.status["status"] == "Success") is (fault not in {PodFault.FAILED, PodFault.UNREACHED})
        del lab.faults[FIRST]
        assert msgspec.json.decode((await run(lab, *NEIGHBORS)).stdout)


async def test_names_are_falsified_in_an_answer_that_can_be_read() -> None:
    async with Lab(nodes=1, seed_peers=True) as lab:
        lab.faults[FIRST] = PodFault.VRFS
        vrfs = msgspec.json.decode((await run(lab, *NEIGHBORS)).stdout)
        lab.faults[FIRST] = PodFault.MARKUP
        named = msgspec.json.decode((await run(lab, *NEIGHBORS)).stdout)
    assert {*vrfs} - {*named} == {MARKUP}
    known = [facts for facts in named["default"].values() if isinstance(facts, dict) and "hostname" in facts]
    assert {facts["hostname"] for facts in known} == {MARKUP}


async def test_a_huge_answer_arrives_in_pieces() -> None:
    async with Lab(nodes=1) as lab:
        lab.faults[FIRST] = PodFault.HUGE
        assert len((await run(lab, *NEIGHBORS)).stdout) > 50 << 20


async def test_a_pod_that_hangs_ends_its_stream_when_it_is_removed() -> None:
    async with Lab(nodes=1) as lab:
        lab.faults[FIRST] = PodFault.HANG
        hanging = asyncio.ensure_future(run(lab, *NEIGHBORS))
        await until(lambda: lab.server.open_execs == 1)
        lab.world.delete_pod(FIRST)
        answer = await asyncio.wait_for(hanging, 10)
        assert (answer.stdout, answer.status) == (b"", {})
        await until(lambda: lab.server.open_execs == 0)


async def test_a_crashing_container_cannot_be_entered() -> None:
    async with Lab(nodes=1) as lab:
        lab.world.crash(FIRST)
        with pytest.raises(aiohttp.WSServerHandshakeError):
            await run(lab, *NEIGHBORS)
