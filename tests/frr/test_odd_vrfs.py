"""VRFs of odd names on real FRR: those that can be asked for by name, and what becomes of others."""

from __future__ import annotations

from collections.abc import AsyncIterator

import msgspec
import pytest

from lab.frr.daemons import Daemons
from lab.frr.netns import Machine
from speakers.comparison.inquiry import _documents
from speakers.frr import commands, lookup, parse, policy, routes

pytestmark = pytest.mark.frr

FIT = ("red", "a?b", "a!b", "!ab", "#ab", "a;b", "$(id)", "`id`", "a&b", "<ab>", "[a]", "{a}", "(a)", "*", "a,b", "-c",
       ".ab", "~a", "^a", "a=b", "a+b", "a:b", "@ab", "röt", "view", "vrf", "json", "neighbors", "exit", "10.0.0.0",
       "VRFNAME", "A.B.C.D", "AL", "n")  # fmt: skip
UNFIT = ("ab|", "al")
NEIGHBOR, PREFIX = "10.0.0.1", "203.0.113.0/24"


def configuration() -> str:
    """A neighbor, a network and the objects that MetalLB names after both, in every VRF."""
    parts = []
    for vrf in (*FIT, *UNFIT):
        name = f"{NEIGHBOR}-{vrf}"
        parts += [
            f"router bgp 64512 vrf {vrf}",
            f" neighbor {NEIGHBOR} remote-as 64513",
            " address-family ipv4 unicast",
            f"  network {PREFIX}",
            " exit-address-family",
            "exit",
            f"ip prefix-list {name}-allowed-ipv4 seq 1 permit {PREFIX}",
            f"route-map {name}-out permit 1",
            f" match ip address prefix-list {name}-allowed-ipv4",
            "exit",
        ]
    return "\n".join(parts)


@pytest.fixture
async def daemons() -> AsyncIterator[Daemons]:
    machine = Machine("node")
    await machine.start()
    found = Daemons(machine, listen=0)
    try:
        await found.start()
        await found.reload(configuration())
        yield found
    finally:
        await machine.stop()


async def test_each_question_about_a_vrf_of_an_odd_name_is_answered_for_it_alone(daemons: Daemons) -> None:
    async def ask(argv: commands.Argv) -> bytes:
        stdout, _stderr, code = await daemons.machine.exec(argv)
        assert code == 0, argv
        return stdout

    every = parse.neighbors(await ask(commands.neighbors_all()))
    assert isinstance(every, list)
    assert {one.vrf for one in every} >= set(FIT)
    for vrf in FIT:
        neighbor = msgspec.json.decode(await ask(commands.neighbor(vrf, NEIGHBOR, json=True)))
        assert list(neighbor) == [NEIGHBOR], vrf
        table = msgspec.json.decode(await ask(commands.routes(vrf, "ipv4")))
        assert (table["vrfName"], list(table["routes"])) == (vrf, [PREFIX])
        assert isinstance(routes.table(await ask(commands.routes(vrf, "ipv4"))), routes.Table)
        name = f"{NEIGHBOR}-{vrf}"
        told = _documents(await ask(commands.told([(vrf, NEIGHBOR, "ipv4")], [f"{name}-out"])))
        assert isinstance(told, list)
        assert "advertisedRoutes" in told[0]
        assert any(policy.route_map(one, f"{name}-out") for one in told[1:]), vrf
        key = (4, f"{name}-allowed-ipv4")
        explained = _documents(await ask(commands.explained([(vrf, PREFIX)], [key])))
        assert isinstance(explained, list)
        assert lookup.found(vrf, explained[0]).network == PREFIX
        assert any(policy.prefix_list(one, key[1]) is not None for one in explained[1:]), vrf
        assert b"Nexthop" in (await ask(commands.next_hop(vrf, NEIGHBOR))).title()


async def test_what_vtysh_reads_otherwise_is_why_it_is_not_asked(daemons: Daemons) -> None:
    assert all(map(commands.vrf_unfit, UNFIT))
    assert "Unknown action" in await daemons.vtysh(f"show bgp vrf ab| neighbors {NEIGHBOR} json")
    assert "vrfName" in (table := await daemons.vtysh("show bgp vrf al ipv4 unicast json"))
    assert table.count('"vrfName"') > len(FIT)  # those of all VRFs
