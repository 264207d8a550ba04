"""What exec reaches in the lab's pods, and the ways in which it can go wrong."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Awaitable, Sequence
from enum import StrEnum
from urllib.parse import urlencode

from lab.apiserver import ExecResult, Store
from lab.apiserver.errors import internal
from lab.release import FRR_CONTAINERS
from lab.speakers.protocol import Speakers
from lab.speakers.vtysh.shell import is_vtysh

_HUGE, _PIECE = 50 << 20, 1 << 20
MARKUP = "<script>alert(1)</script>"
_NAMES = re.compile(rb'("hostname": ?)"[^"]*"')
_PAGE = f"<html><head><title>502 Bad Gateway</title></head><body>{MARKUP}</body></html>\n".encode()


class PodFault(StrEnum):
    """What a node's FRR container does instead of answering well."""

    HANG = "hang"  # never answers
    GARBAGE = "garbage"  # octets that are no text
    HALF = "half"  # the answer is cut in the middle, exit code 0
    HUGE = "huge"  # 50 MB of JSON before it ends
    EMPTY = "empty"  # nothing, exit code 0
    PAGE = "page"  # an HTML page, as from a proxy in between
    FAILED = "failed"  # exit code 1 with words on standard error
    VRFS = "vrfs"  # the default VRF under a name that no VRF can have
    MARKUP = "markup"  # every neighbor calls itself by a piece of HTML
    UNREACHED = "unreached"  # the API server has no way to the node's kubelet


class Containers:
    """The API server's exec handler. faults: by node; a fault stays until it is taken away.

    delay: seconds before every answer, by node.
    """

    def __init__(self, store: Store, speakers: Speakers) -> None:
        self._store, self._speakers = store, speakers
        self.faults: dict[str, PodFault] = {}
        self.delays: dict[str, float] = {}

    def __call__(
        self,
        namespace: str,
        pod: str,
        container: str,
        argv: Sequence[str],
        _stdin: asyncio.StreamReader | None,
    ) -> Awaitable[ExecResult] | AsyncIterator[ExecResult]:
        """Run a command in a container. Raises ApiError if the container has no such program."""
        manifest = self._store.get("pods", namespace, pod) or {"spec": {}}
        node = manifest["spec"].get("nodeName", "")
        if container not in FRR_CONTAINERS:
            raise _no_program(argv[0])
        if self.faults.get(node) is PodFault.HUGE:
            return _huge()
        return self._run(node, argv)

    async def log(self, namespace: str, pod: str, container: str, _follow: bool) -> bytes:
        """What a container has logged; the lab has only FRR's."""
        manifest = self._store.get("pods", namespace, pod) or {"spec": {}}
        try:
            return await self._speakers.log(manifest["spec"].get("nodeName", "")) if container == "frr" else b""
        except KeyError:
            return b""

    async def _run(self, node: str, argv: Sequence[str]) -> ExecResult:
        fault = self.faults.get(node)
        if node in self.delays:
            await asyncio.sleep(self.delays[node])
        if fault is PodFault.UNREACHED:
            raise self._unreached(node, argv)
        if fault is PodFault.HANG:
            await asyncio.Event().wait()
        try:
            result = await self._speakers.exec(node, argv)
        except KeyError:
            raise _no_program(argv[0]) from None
        if result.code == 127 and not is_vtysh(argv[0]):
            raise _no_program(argv[0])
        return result if fault is None else _spoiled(fault, result)

    def _unreached(self, node: str, argv: Sequence[str]) -> Exception:
        """As the API server of Kubernetes 1.30 words it after it upgraded to v5, each node with its own address."""
        manifest = self._store.get("nodes", "", node) or {"status": {"addresses": [{"address": node}]}}
        where = f"{manifest['status']['addresses'][0]['address']}:10250"
        url = f"https://{where}/exec/metallb-system/speaker/frr?{urlencode({'command': argv[0]})}"
        words = f'error sending request: Post "{url}": dial tcp {where}: connect: no route to host'
        return internal(f"Internal error occurred: {words}", "InternalError")


def _spoiled(fault: PodFault, result: ExecResult) -> ExecResult:
    spoiled = {
        PodFault.GARBAGE: ExecResult(bytes(range(256)) * 8),
        PodFault.HALF: ExecResult(result.stdout[: len(result.stdout) // 2]),
        PodFault.EMPTY: ExecResult(),
        PodFault.PAGE: ExecResult(_PAGE),
        PodFault.FAILED: ExecResult(stderr=b"Exiting: failed to connect to any daemons.\n", code=1),
        PodFault.VRFS: ExecResult(result.stdout.replace(b'"default"', f'"{MARKUP}"'.encode())),
        PodFault.MARKUP: ExecResult(_NAMES.sub(rf'\1"{MARKUP}"'.encode(), result.stdout)),
    }
    return spoiled.get(fault, result)


async def _huge() -> AsyncIterator[ExecResult]:
    yield ExecResult(b'{"default":{"vrfId":0,"vrfName":"')
    for _ in range(_HUGE // _PIECE):
        yield ExecResult(b"x" * _PIECE)
    yield ExecResult(b'"}}\n')


def _no_program(name: str) -> Exception:
    words = (
        "error executing command in container: failed to exec in container: OCI runtime exec failed: exec failed: "
        f'unable to start container process: exec: "{name}": executable file not found in $PATH: unknown'
    )
    return internal(words, "InternalError")
