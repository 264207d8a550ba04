"""`python -m tests.soak`: SOAK_MINUTES, or SOAK_ROUNDS; SOAK_SEED and SOAK_FROM replay; MODE, NODES as for the demo."""

from __future__ import annotations

import asyncio
import os
import sys
import tempfile
import time
from contextlib import AsyncExitStack
from pathlib import Path

from lab.apiserver import write_kubeconfig
from lab.cluster import Lab
from lab.demo import Demo, Options
from lab.ports import free_port
from tests.soak.run import Length, Soak
from tests.soak.shown import Shown
from tests.soak.stage import Stage
from tests.soak.truth import Truth
from tests.soak.upkeep import Upkeep

_STARTS_WITHIN = 120.0  # seconds


async def soak(folder: Path, length: Length) -> int:
    """Run it; 0 if nothing was wrong."""
    options = Options.read({**os.environ, "DEMO_DIR": str(folder), "PORT": str(free_port())})
    print(f"seed {length.seed}, from round {length.first}; files in {folder}", flush=True)
    async with AsyncExitStack() as stack:
        plan = {"mode": options.mode, "nodes": options.nodes, "session_poll": 10.0}
        lab = await stack.enter_async_context(
            Lab(**plan, seed_peers=True, webhooks=True, folder=folder / "lab", keep=True)
        )
        write_kubeconfig(folder / "kubeconfig", lab.url, lab.token, lab.server.ca_pem)
        outer = {name: value for name, value in os.environ.items() if not name.startswith("BGPUI_")}
        demo = asyncio.ensure_future(Demo(options, outer, own_lab=False).run())
        truth = Truth(lab)
        following = asyncio.ensure_future(truth.follow())
        try:
            await _started(folder, demo)
            shown = Shown((folder / "url").read_text().strip(), folder, truth)
            stack.push_async_callback(shown.close)
            upkeep = Upkeep(folder)
            stack.push_async_callback(upkeep.close)
            await shown.log_in()
            running = Soak(Stage(lab, folder, truth, shown), upkeep, length)
            work, page = asyncio.ensure_future(running.run()), asyncio.ensure_future(shown.listen())
            await asyncio.wait((work, page, demo, following), return_when=asyncio.FIRST_COMPLETED)
            page.cancel()
            if work.done():
                await work
            else:
                work.cancel()
                running.found.append("the run was ended")
            print(*running.sum_up(), sep="\n", flush=True)
        finally:
            demo.cancel()
            following.cancel()
            ended = await asyncio.gather(demo, following, return_exceptions=True)
            print(*(repr(one) for one in ended if isinstance(one, Exception)), sep="\n", flush=True)
        return 1 if running.found else 0


async def _started(folder: Path, demo: asyncio.Future[None]) -> None:
    deadline = time.monotonic() + _STARTS_WITHIN
    while not (folder / "url").exists():  # the demo writes it
        assert not demo.done(), "the demo does not start"
        assert time.monotonic() < deadline, "the demo takes too long to start"
        await asyncio.sleep(0.2)


def main() -> int:
    """The exit code."""
    told = os.environ
    seed = int(told.get("SOAK_SEED") or time.time())
    length = Length(
        float(told.get("SOAK_MINUTES") or 30), int(told.get("SOAK_ROUNDS") or 0), int(told.get("SOAK_FROM") or 1), seed
    )
    folder = Path(told["SOAK_DIR"]) if told.get("SOAK_DIR") else Path(tempfile.mkdtemp(prefix="bgpui-soak-"))
    folder.mkdir(parents=True, exist_ok=True)
    return asyncio.run(soak(folder, length))


if __name__ == "__main__":
    sys.exit(main())
