"""Asking nodes what they tell their neighbors: at most two execs a node, many nodes at once."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from clusters.kube.connection import Connection
from clusters.kube.exec import ExecError, Executor
from speakers.comparison.inquiry import Inquiry
from speakers.frr import commands
from speakers.frr.text import first_line
from speakers.sweep import OUTPUT_LIMIT, Target


async def inquire(
    connection: Connection, inquiries: Mapping[Target, Inquiry], *, concurrency: int = 32, seconds: float = 5.0
) -> dict[Target, str]:
    """Bring every inquiry to its end; the reason by target, "" = answered. A node that hangs delays no other."""
    turn = asyncio.Semaphore(concurrency)

    async with Executor(connection, timeout=seconds, limit=OUTPUT_LIMIT) as executor:

        async def one(target: Target, inquiry: Inquiry) -> str:
            async with turn:
                return await _inquire(executor, target, inquiry)

        reasons = await asyncio.gather(*(one(target, inquiry) for target, inquiry in inquiries.items()))
    return dict(zip(inquiries, reasons, strict=True))


async def _inquire(executor: Executor, target: Target, inquiry: Inquiry) -> str:
    try:
        said = await _run(executor, target, inquiry.first)
        unread = inquiry.read(said)
        if unread is None and inquiry.second is not None:
            unread = inquiry.explain(await _run(executor, target, inquiry.second))
    except (ExecError, commands.ArgumentError) as error:
        return str(error)
    return "" if unread is None else unread.reason


async def _run(executor: Executor, target: Target, argv: commands.Argv) -> bytes:
    result = await executor.run(target.namespace, target.pod, target.container, argv)
    if result.code == 0 or result.stdout.startswith(b"{"):
        return result.stdout
    raise ExecError("refused", first_line(result.stderr, result.stdout) or f"exit code {result.code}")
