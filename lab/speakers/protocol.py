"""What the lab asks of the speakers of a cluster, simulated or real."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from intent.snapshot import Snapshot
from lab.apiserver import ExecResult


class Speakers(Protocol):
    """The FRR of every node. refusals: by node, why its newest configuration is not in force ("" = it is).

    passwords: TCP-MD5 keys by BGPPeer name.
    """

    refusals: dict[str, str]

    async def start(self, snapshot: Snapshot, passwords: Mapping[str, str]) -> None:
        """Start all speakers with this configuration."""

    async def apply(self, snapshot: Snapshot, passwords: Mapping[str, str]) -> None:
        """The cluster changed: bring every speaker to it, as far as MetalLB would accept it."""

    async def restart(self, node: str) -> None:
        """The node's pod was replaced: its FRR starts anew."""

    async def exec(self, node: str, argv: Sequence[str]) -> ExecResult:
        """Run a program in the node's FRR container. KeyError if the node has no speaker."""

    async def log(self, node: str) -> bytes:
        """What the node's FRR has logged. KeyError if the node has no speaker."""

    async def settled(self) -> None:
        """Wait until what is under way is done."""

    async def stop(self) -> None:
        """End them; nothing is left."""
