"""`python -m lab serve`: a lab cluster alone. `python -m lab demo`: with bgpui on it."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import shutil
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

from lab.cluster import Lab


async def serve(options: argparse.Namespace) -> None:
    """Run a lab until SIGTERM or Ctrl-C; one line on standard output when it is ready."""
    end = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, end.set)
    folder: Path = options.dir.resolve()
    ready = folder / "ready"
    ready.unlink(missing_ok=True)
    plan = {
        "nodes": options.nodes,
        "mode": options.mode,
        "version": options.metallb,
        "frr_namespace": options.frr_namespace,
        "speakers": options.speakers,
        "seed_peers": options.seed,
        "webhooks": options.webhooks,
        "folder": folder,
        "keep": True,
    }
    lab = Lab(**plan, port=options.port or _last_port(folder))
    try:
        await lab.start()
    except OSError:
        if options.port:
            raise
        await lab.stop()  # somebody else has taken the port of the last run
        lab = Lab(**plan)
        await lab.start()
    try:
        (folder / "port").write_text(f"{lab.server.port}\n")
        if options.kubeconfig:
            shutil.copy(lab.kubeconfig, options.kubeconfig)
        ready.touch()
        print(f"lab {lab.url} {options.kubeconfig or lab.kubeconfig}", flush=True)
        await end.wait()
    finally:
        ready.unlink(missing_ok=True)
        await lab.stop()


def _last_port(folder: Path) -> int:
    """The port of the run before, so that a kubeconfig stays good; 0 if there was none."""
    with contextlib.suppress(OSError, ValueError):
        return int((folder / "port").read_text())
    return 0


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line; the exit code."""
    parser = argparse.ArgumentParser(prog="python -m lab", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("demo", help="a lab cluster and bgpui on it (PORT, NODES, MODE, FRR=1, DEMO_DIR)")
    alone = commands.add_parser("serve", help="a lab cluster alone")
    alone.add_argument("--dir", type=Path, required=True, help="where its state and its kubeconfig are kept")
    alone.add_argument("--nodes", type=int, default=6)
    alone.add_argument("--mode", choices=["frr", "frr-k8s"], default="frr")
    alone.add_argument("--metallb", default="0.16.1", help="MetalLB's version")
    alone.add_argument("--frr-namespace", default="", help="where FRR-K8s runs, such as openshift-frr-k8s")
    alone.add_argument("--speakers", choices=["simulated", "frr"], default="simulated")
    alone.add_argument("--port", type=int, default=0, help="0 = the one of the last run, else a free one")
    alone.add_argument("--seed", action="store_true", help="begin with the demo's peers and routers")
    alone.add_argument("--webhooks", action="store_true", help="MetalLB's admission webhooks judge what is applied")
    alone.add_argument("--kubeconfig", type=Path, help="where to put a copy of the kubeconfig")
    options = parser.parse_args(arguments)
    if options.command == "demo":
        from lab import demo

        return demo.main()
    asyncio.run(serve(options))
    return 0


if __name__ == "__main__":
    sys.exit(main())
