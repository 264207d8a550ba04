"""What is not worth a row: the last full answer of every node, and answers to questions asked on demand; in Redis.

Counters, timers and capabilities move with every poll. They are kept as FRR printed them, compressed, and read when a
page asks. All of it may vanish at any time: nothing here decides a state.
"""

from __future__ import annotations

import logging
import zlib
from collections.abc import Iterable
from datetime import UTC, datetime

import msgspec
import redis
from isal import isal_zlib
from msgspec import Struct

from clusters.nudges import connection
from speakers.frr import parse
from speakers.frr.bfd import bfd_of, placed
from speakers.frr.detail import NeighborDetail
from speakers.frr.neighbor import BFDPeer
from speakers.frr.routes import Table
from speakers.models import Session

NODE_TTL = 600  # seconds
RESULT_TTL = 600
PENDING_TTL = 30
_INFLATED_LIMIT = 2 * parse.DOCUMENT_LIMIT
log = logging.getLogger(__name__)


class NodeAnswer(Struct, frozen=True, array_like=True):
    """The JSON texts of one node's answer. at: Unix seconds at which the node was asked."""

    node: str
    at: float
    neighbors: bytes
    bfd: bytes


class Detail(Struct):
    """One session in full, as of `at`. bfd: the session of bfdd; `neighbor.bfd` is what bgpd knows of it."""

    at: datetime
    neighbor: NeighborDetail
    bfd: BFDPeer | None


class CommandResult(Struct, frozen=True):
    """The answer to a command asked on demand. text: FRR's words, redacted; table: for routes.

    meant: the prefixes of the family that MetalLB's objects announce to the session's peer, None = not known.
    """

    at: datetime
    command: str  # the same for a shell
    ok: bool
    text: str = ""
    error: str = ""
    table: Table | None = None
    meant: list[str] | None = None

    @property
    def missing(self) -> list[str]:
        """What is meant and FRR does not have; nothing is known of a table that is not kept whole."""
        if self.table is None or self.table.total > len({path.network for path in self.table.paths}):
            return []
        there = {path.network for path in self.table.paths}
        return [prefix for prefix in self.meant or () if prefix not in there]


def _node_key(cluster_id: int, node: str) -> str:
    return f"bgpui:node:{cluster_id}:{node}"


def _result_key(session_pk: int, name: str) -> str:
    return f"bgpui:result:{session_pk}:{name}"


def _pack(value: Struct) -> bytes:
    return isal_zlib.compress(msgspec.msgpack.encode(value), 1)  # zlib's format in a quarter of its time


def nodes_put(cluster_id: int, answers: Iterable[NodeAnswer]) -> None:
    """Keep the answers of some nodes, in one round trip; without Redis they are lost."""
    try:
        with connection().pipeline(transaction=False) as pipeline:
            for answer in answers:
                pipeline.set(_node_key(cluster_id, answer.node), _pack(answer), ex=NODE_TTL)
            pipeline.execute()
    except redis.RedisError as error:
        log.warning("details are not kept: %s", error)


def session_detail(session: Session) -> Detail | None:
    """Everything that FRR said of a session in its node's last answer; None if that is gone or does not name it."""
    try:
        stored = connection().get(_node_key(session.cluster_id, session.node))
        if not isinstance(stored, bytes):
            return None
        inflated = zlib.decompressobj().decompress(stored, _INFLATED_LIMIT)
        answer = msgspec.msgpack.decode(inflated, type=NodeAnswer)
    except (redis.RedisError, zlib.error, msgspec.MsgspecError):
        return None
    neighbor = parse.detail(answer.neighbors, session.vrf, session.neighbor)
    if neighbor is None:
        return None
    peers = parse.bfd_peers(answer.bfd)
    bfd = None if isinstance(peers, parse.Unparsed) else bfd_of(neighbor, placed(peers), neighbor.local_host)
    return Detail(datetime.fromtimestamp(answer.at, UTC), neighbor, bfd)


def command_put(session_pk: int, name: str, result: CommandResult) -> None:
    """Keep the answer to a question ("neighbor", "ipv4", "ipv6") and end its pending mark. Raises redis.RedisError."""
    with connection().pipeline() as pipeline:
        pipeline.set(_result_key(session_pk, name), _pack(result), ex=RESULT_TTL)
        pipeline.delete(_result_key(session_pk, name) + ":pending")
        pipeline.execute()


def command_get(session_pk: int, name: str) -> CommandResult | None:
    """The last answer to a question, None if none is kept."""
    try:
        stored = connection().get(_result_key(session_pk, name))
        if not isinstance(stored, bytes):
            return None
        inflated = zlib.decompressobj().decompress(stored, _INFLATED_LIMIT)
        return msgspec.msgpack.decode(inflated, type=CommandResult)
    except (redis.RedisError, zlib.error, msgspec.MsgspecError):
        return None


def command_start(session_pk: int, name: str) -> bool:
    """Mark a question as asked; False if it is pending already. Raises redis.RedisError."""
    return bool(connection().set(_result_key(session_pk, name) + ":pending", b"1", nx=True, ex=PENDING_TTL))


def command_end(session_pk: int, name: str) -> None:
    """End the pending mark of a question without an answer; it ends by itself after a while."""
    try:
        connection().delete(_result_key(session_pk, name) + ":pending")
    except redis.RedisError as error:
        log.warning("mark of %s stays: %s", name, error)


def command_pending(session_pk: int, name: str) -> bool:
    """Whether a question is asked and not answered yet."""
    try:
        return bool(connection().exists(_result_key(session_pk, name) + ":pending"))
    except redis.RedisError:
        return False
