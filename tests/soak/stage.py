"""What can break, and how: each fault begins, lasts, and ends, and leaves nothing behind."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext, suppress
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

from lab.apiserver import Fault
from lab.cluster import Lab
from lab.containers import MARKUP, PodFault
from lab.routers import Listening
from tests.soak.shown import Away, Shown
from tests.soak.truth import FALSIFIED, MUTE, Truth

_ENDLESS = 1 << 30
_RESTART = 1.5  # seconds until a container or an API server is there again
STEADY = ("10.1.0.2", "10.9.0.1", "2001:db8:1::10", "10.3.0.1")  # routers of the seed that cause no trouble themselves
_STORAGE = {"10.3.0.1": "storage"}
KILLED = ("web", "worker-apply", "worker-relist", "worker-observe", "worker-alarm", "worker-notice", "beat", "watch")
_HABITS: tuple[dict[str, Any], ...] = (
    {"shutdown": f"maintenance {MARKUP}"},
    {"listening": Listening.DROPPED},
    {"listening": Listening.REFUSED},
    {"listening": Listening.MUTE},
    {"asns": (64999,)},
    {"password": "another"},
    {"bounce": 1.5},
    {"families": ("ipv6",)},
)
_SPELLS = {PodFault.VRFS: FALSIFIED, PodFault.MARKUP: "tells names that are HTML"}
_TROUBLES: tuple[dict[str, Any], ...] = (
    {"code": 500},
    {"code": 503},
    {"code": 429, "retry_after": 1},
    {"drop": "before"},
    {"drop": "after"},
    {"truncate": 60},
    {"delay": 3.0},
)


@dataclass
class Stage:
    """What faults act on. edits: holdTime that storage-a was given last, in seconds."""

    lab: Lab
    folder: Path
    truth: Truth
    shown: Shown
    edit: int = 0
    held: dict[str, asyncio.Lock] = field(default_factory=dict)

    def alone(self, thing: str) -> asyncio.Lock:
        """Two faults of one thing take turns."""
        return self.held.setdefault(thing, asyncio.Lock())


Happening = Callable[[Stage, Random], AbstractAsyncContextManager[str]]


@asynccontextmanager
async def pod_answers_badly(stage: Stage, random: Random) -> AsyncIterator[str]:
    """A node's FRR hangs, is out of reach, answers garbage, half a JSON, 50 MB, an error, HTML, or wrong names."""
    node, fault = random.choice(list(stage.truth.nodes())), random.choice(list(PodFault))
    async with stage.alone(node):
        stage.lab.faults[node] = fault
        with stage.truth.spell(_SPELLS.get(fault, MUTE), node):
            yield f"{_short(node)} {fault}"
        stage.lab.faults.pop(node, None)


@asynccontextmanager
async def pod_is_slow(stage: Stage, random: Random) -> AsyncIterator[str]:
    """A node's FRR takes seconds to answer."""
    node, seconds = random.choice(list(stage.truth.nodes())), random.uniform(0.5, 6.0)
    async with stage.alone(node):
        stage.lab.containers.delays[node] = seconds
        try:
            yield f"{_short(node)} slow {seconds:.1f} s"
        finally:
            stage.lab.containers.delays.pop(node, None)


@asynccontextmanager
async def pod_vanishes(stage: Stage, random: Random) -> AsyncIterator[str]:
    """A pod is deleted; its successor's FRR knows nothing of before."""
    node = random.choice(list(stage.truth.nodes()))
    async with stage.alone(node):
        with suppress(KeyError):
            stage.lab.world.delete_pod(node)
        yield f"{_short(node)} pod deleted"
        await asyncio.sleep(_RESTART)


@asynccontextmanager
async def frr_restarts(stage: Stage, random: Random) -> AsyncIterator[str]:
    """FRR's container crashes, and runs again some seconds later."""
    node = random.choice(list(stage.truth.nodes()))
    async with stage.alone(node):
        stage.lab.world.crash(node)
        stage.lab.faults[node] = PodFault.FAILED
        with stage.truth.spell(MUTE, node):
            yield f"{_short(node)} FRR crashed"
        stage.lab.faults.pop(node, None)
        stage.lab.world.recover(node)
        await asyncio.sleep(_RESTART)


@asynccontextmanager
async def router_misbehaves(stage: Stage, random: Random) -> AsyncIterator[str]:
    """A router is shut down (with markup in its message), silent, mute, closed, bounces, or is set up wrongly."""
    address, habit = random.choice(STEADY), random.choice(_HABITS)
    vrf = _STORAGE.get(address, "default")
    async with stage.alone(address):
        before = stage.lab.router(address, vrf)
        stage.lab.routers.change(address, vrf, **habit)
        try:
            yield f"{before.name} {next(iter(habit))}"
        finally:
            stage.lab.routers.change(address, vrf, **{name: getattr(before, name) for name in habit})


@asynccontextmanager
async def api_server_restarts(stage: Stage, random: Random) -> AsyncIterator[str]:
    """Every connection ends; the server comes back without its history of events."""
    async with stage.alone("server"):
        await stage.lab.server.stop()
        with stage.truth.spell(MUTE):
            yield "API server away"
        await stage.lab.server.start()


@asynccontextmanager
async def api_server_is_ill(stage: Stage, random: Random) -> AsyncIterator[str]:
    """Every request is refused, dropped, cut short or late."""
    trouble = random.choice(_TROUBLES)
    async with stage.alone("server"):
        stage.lab.server.faults.add(Fault(count=_ENDLESS, **trouble))
        refuses = "code" in trouble or trouble.get("drop") == "before"
        with stage.truth.spell(MUTE) if refuses else nullcontext():
            yield f"API server {next(iter(trouble))} {next(iter(trouble.values()))}"
        stage.lab.server.faults.clear()


@asynccontextmanager
async def node_leaves(stage: Stage, random: Random) -> AsyncIterator[str]:
    """The last node is deleted, and joins anew."""
    async with stage.alone("nodes"):
        name = max(stage.truth.nodes())
        number = int(name.split("-")[1].split(".")[0])
        async with stage.alone(name):
            stage.lab.world.remove_node(name)
            try:
                yield f"{_short(name)} left"
            finally:
                stage.lab.world.add_node(number, name)
                await asyncio.sleep(_RESTART)


@asynccontextmanager
async def peer_goes(stage: Stage, random: Random) -> AsyncIterator[str]:
    """Somebody deletes a BGPPeer, and makes it again with markup in an annotation."""
    async with stage.alone("peer"):
        place = "bgppeers.metallb.io", stage.lab.release.namespace, "tor-old"
        manifest = stage.lab.store.get(*place)
        assert manifest is not None
        stage.lab.store.delete(*place)
        try:
            yield "tor-old deleted"
        finally:
            metadata = {"name": "tor-old", "namespace": place[1], "annotations": {"example.com/note": MARKUP}}
            stage.lab.store.add({**manifest, "metadata": metadata})


@asynccontextmanager
async def edit_is_made(stage: Stage, random: Random) -> AsyncIterator[str]:
    """Somebody changes a BGPPeer by REST."""
    seconds = random.randrange(30, 90)
    async with stage.alone("edit"):
        manifest = stage.lab.store.get("bgppeers.metallb.io", stage.lab.release.namespace, "storage-a")
        assert manifest is not None
        kept = {name: manifest["metadata"][name] for name in ("name", "namespace")}
        body = {
            **{name: manifest[name] for name in ("apiVersion", "kind")},
            "metadata": kept,
            "spec": {**manifest["spec"], "holdTime": f"{seconds}s", "keepaliveTime": "10s"},
        }
        with suppress(Away):
            status, answer = await stage.shown.api("PUT", f"bgppeers/lab/{kept['namespace']}/storage-a/", body)
            stage.edit = seconds if status in {200, 202} else stage.edit
            assert status in {200, 202, 409, 503}, (status, answer)
        yield f"storage-a holdTime {seconds}s"


@asynccontextmanager
async def process_is_killed(stage: Stage, random: Random) -> AsyncIterator[str]:
    """kill -9 of the web process, a worker, beat or the watcher; its supervisor starts it again."""
    name = random.choice(KILLED)
    async with stage.alone(name):
        _send(stage, name, signal.SIGKILL)
        yield f"{name} killed"
        await asyncio.sleep(10)  # who ends five times within 10 s of a start is not started again


@asynccontextmanager
async def worker_stands_still(stage: Stage, random: Random) -> AsyncIterator[str]:
    """A worker or beat is stopped, and goes on."""
    name = random.choice(KILLED[1:-1])
    async with stage.alone(name):
        _send(stage, name, signal.SIGSTOP)
        try:
            yield f"{name} stopped"
        finally:
            _send(stage, name, signal.SIGCONT)


def _send(stage: Stage, process: str, number: signal.Signals) -> None:
    with suppress(ProcessLookupError, ValueError, OSError):
        os.kill(int((stage.folder / "pids" / process).read_text()), number)


def _short(node: str) -> str:
    return node.partition(".")[0]


KILLING: tuple[Happening, ...] = (process_is_killed,)
OTHERS: tuple[Happening, ...] = (
    *(pod_answers_badly,) * 4,
    pod_is_slow,
    pod_vanishes,
    frr_restarts,
    *(router_misbehaves,) * 2,
    api_server_restarts,
    api_server_is_ill,
    node_leaves,
    peer_goes,
    edit_is_made,
    worker_stands_still,
)
