"""Who announces an address: FRR of every node is asked, and MetalLB's objects; by a worker, who keeps it in Redis."""

from __future__ import annotations

import ipaddress
import logging
import zlib
from collections import defaultdict
from datetime import datetime

import msgspec
import redis
from asgiref.sync import async_to_sync
from celery import current_app
from django.conf import settings
from django.utils import timezone
from kombu.exceptions import OperationalError
from msgspec import Struct

from clusters.doors import door_of
from clusters.heard import Heard, heard
from clusters.kube.errors import KubeError
from clusters.kube.exec import ExecResult
from clusters.models import Cluster
from clusters.nudges import connection
from clusters.selectors import is_silent, snapshot_of
from clusters.stale import nodes_keeping_old
from clusters.words import bounded
from dashboard.observe import target_of
from intent.announcements import Announcement, Announcements
from intent.sessions import sessions
from speakers.frr import commands, lookup, parse, text
from speakers.models import Session, Speaker
from speakers.sweep import ask_all

TTL = 600  # seconds that an answer is kept
PENDING_TTL = 60
_LIMIT = 64 << 20
_WHY = 160  # characters
_OLD = "the node keeps its old configuration"
_FILTERED = "the session is up, but FRR does not send it there: a filter, or another configuration than MetalLB's"
log = logging.getLogger(__name__)


class Told(Struct):
    """A neighbor, and the BGPPeer that it is; "" = none is known."""

    peer: str
    neighbor: str


class Untold(Struct):
    """A neighbor that should be told of what the node originates, and is not. why: in words. href: of the session."""

    peer: str
    neighbor: str
    why: str
    href: str


class Row(Struct):
    """A node and VRF that has the prefix, or should. found None = FRR does not have it; known: the node answered.

    told: whom FRR tells. meant: whom MetalLB's objects announce it to from this node in this VRF. communities,
    local_preference: as they are set towards these. untold: those of them that are not told, though the node originates
    it. names: BGPPeers by neighbor.
    """

    node: str
    vrf: str
    session: int | None
    found: lookup.Found | None
    told: list[Told]
    meant: list[Told]
    communities: list[str]
    local_preference: int | None
    known: bool = True
    untold: list[Untold] = []
    names: dict[str, str] = {}

    @property
    def own(self) -> bool:
        """Whether this node originates it."""
        return self.found is not None and any(not path.peer for path in self.found.paths)

    @property
    def announced(self) -> bool:
        """Whether this node originates it, and tells somebody."""
        return self.own and bool(self.told)

    @property
    def sources(self) -> list[tuple[lookup.FoundPath, str]]:
        """The paths, and the BGPPeer that each is from; "" = this node itself, or nobody known."""
        return [(path, self.names.get(path.peer, "")) for path in self.found.paths] if self.found else []

    @property
    def order(self) -> tuple[bool, bool, str, str]:
        """What does not fit first, then who originates it."""
        fits = self.own == bool(self.meant) and not self.untold and self.own == self.announced
        return not self.known or fits, not self.own, self.node, self.vrf


class Lookup(Struct):
    """The answer of a cluster. asked: nodes; failed: those without an answer, and why."""

    at: datetime
    prefix: str
    asked: int
    failed: list[tuple[str, str]]
    rows: list[Row]

    @property
    def answered(self) -> int:
        """Nodes that answered."""
        return self.asked - len(self.failed)

    @property
    def announcing(self) -> int:
        """Nodes that originate it and tell somebody."""
        return len({row.node for row in self.rows if row.announced})

    @property
    def silent(self) -> int:
        """Nodes that originate it and tell nobody."""
        return len({row.node for row in self.rows if row.own} - {row.node for row in self.rows if row.announced})

    @property
    def untold(self) -> int:
        """Neighbors that should be told by nodes that originate it, and are not."""
        return sum(len(row.untold) for row in self.rows)

    @property
    def missing(self) -> int:
        """Nodes that should and do not, though they answered."""
        return len({row.node for row in self.rows if row.known and row.meant and not row.own})


def _key(cluster: int, prefix: str) -> str:
    return f"bgpui:lookup:{cluster}:{prefix}"


def ask(cluster: Cluster, prefix: str) -> bool:
    """Let a worker look it up; False if that is under way, or nobody can be told."""
    mark = _key(cluster.pk, prefix) + ":pending"
    try:
        if not connection().set(mark, b"1", nx=True, ex=PENDING_TTL):
            return False
        task = "dashboard.tasks.look_up"
        current_app.send_task(task, args=(cluster.pk, prefix), expires=PENDING_TTL, retry=False)
    except (redis.RedisError, OperationalError, OSError) as error:
        log.warning("nobody can be asked for a prefix: %s", error)
        return False
    return True


def pending(cluster: Cluster, prefix: str) -> bool:
    """Whether it is being looked up."""
    try:
        return bool(connection().exists(_key(cluster.pk, prefix) + ":pending"))
    except redis.RedisError:
        return False


def last(cluster: Cluster, prefix: str) -> Lookup | None:
    """The answer that is kept, None if none is."""
    try:
        stored = connection().get(_key(cluster.pk, prefix))
        if not isinstance(stored, bytes):
            return None
        return msgspec.msgpack.decode(zlib.decompressobj().decompress(stored, _LIMIT), type=Lookup)
    except (redis.RedisError, zlib.error, msgspec.MsgspecError):
        return None


def look_up(cluster: Cluster, prefix: str) -> Lookup:
    """Ask every node that FRR runs on, and keep the answer. Raises commands.ArgumentError, redis.RedisError."""
    prefix = commands.prefix_argument(prefix)
    vrfs: dict[str, list[str]] = defaultdict(list)
    for node, vrf in Session.objects.filter(cluster=cluster).values_list("node", "vrf").distinct().order_by("vrf"):
        vrfs[node].append(vrf)
    speakers = [row for row in Speaker.objects.filter(cluster=cluster).order_by("node") if vrfs[row.node]]
    questions = [(target_of(row), commands.lookup(prefix, vrfs[row.node])) for row in speakers if row.pod]
    failed = [(row.node, "this node has no pod with FRR") for row in speakers if not row.pod]
    found: dict[tuple[str, str], lookup.Found] = {}
    try:
        door, seconds = door_of(cluster).connection, settings.BGPUI_EXEC_TIMEOUT
        concurrency = settings.BGPUI_EXEC_CONCURRENCY
        silent = [cluster.error] * len(questions) if is_silent(cluster) else None
        ask_nodes = async_to_sync(ask_all)
        results = silent or ask_nodes(door, questions, concurrency=concurrency, seconds=seconds)
    except KubeError as error:
        results = [error.message] * len(questions)
    for (target, _argv), result in zip(questions, results, strict=True):
        parsed = _read(result, vrfs[target.node])
        if isinstance(parsed, str):
            failed.append((target.node, parsed))
        else:
            found |= {(target.node, each.vrf): each for each in parsed}
    rows = sorted(_rows(cluster, prefix, found, {node for node, _why in failed}), key=lambda row: row.order)
    answer = Lookup(timezone.now(), prefix, len(speakers), failed, rows)
    answer_keep(cluster, answer)
    return answer


def answer_keep(cluster: Cluster, answer: Lookup) -> None:
    """Keep an answer for the pages, and end its pending mark. Raises redis.RedisError."""
    with connection().pipeline() as pipeline:
        pipeline.set(_key(cluster.pk, answer.prefix), zlib.compress(msgspec.msgpack.encode(answer), 1), ex=TTL)
        pipeline.delete(_key(cluster.pk, answer.prefix) + ":pending")
        pipeline.execute()


def _read(result: ExecResult | str, vrfs: list[str]) -> list[lookup.Found] | str:
    if isinstance(result, str):
        return result
    if result.code:
        return text.first_line(result.stderr, result.stdout) or f"exit code {result.code}"
    parsed = lookup.answers(result.stdout, vrfs)
    return parsed.reason if isinstance(parsed, parse.Unparsed) else parsed


def _rows(cluster: Cluster, prefix: str, found: dict[tuple[str, str], lookup.Found], silent: set[str]) -> list[Row]:
    meant, known, old = _meant(cluster, prefix), heard(cluster), nodes_keeping_old(cluster)
    names: dict[tuple[str, str], dict[str, str]] = defaultdict(dict)
    places: dict[tuple[str, str], int] = {}
    columns = ("node", "vrf", "neighbor", "peer", "pk")
    for node, vrf, neighbor, peer, pk in Session.objects.filter(cluster=cluster).order_by("pk").values_list(*columns):
        places[node, vrf] = pk
        names[node, vrf][neighbor] = peer
    rows = []
    for node, vrf in {**found, **meant}:
        intended, here = meant.get((node, vrf), []), found.get((node, vrf))
        own_names = names[node, vrf] | {one.neighbor: one.peer for one, _each in intended}
        preferences = {each.local_pref for _one, each in intended}
        row = Row(
            node=node,
            vrf=vrf,
            session=places.get((node, vrf)),
            found=here,
            told=[Told(own_names.get(to, ""), to) for to in here.advertised_to] if here else [],
            meant=sorted((one for one, _each in intended), key=lambda one: (one.peer, one.neighbor)),
            communities=sorted({str(name) for _one, each in intended for name in each.communities}),
            local_preference=preferences.pop() if len(preferences) == 1 else None,
            known=node not in silent,
            names={path.peer: own_names[path.peer] for path in here.paths if path.peer in own_names} if here else {},
        )
        row.untold = _untold(row, known, old=node in old)
        rows.append(row)
    return rows


def _untold(row: Row, known: Heard, *, old: bool) -> list[Untold]:
    """Whom the node should tell of what it originates, and does not. old: it keeps its old configuration."""
    if not row.own:
        return []
    told, found = {one.neighbor for one in row.told}, []
    for one in row.meant:
        key = row.node, row.vrf, one.neighbor
        if one.neighbor in told:
            continue
        why, href = known.why(key).words, known.why(key).href
        if key in known.up:
            why, href = _OLD if old else _FILTERED, ""
        found.append(Untold(one.peer, one.neighbor, bounded(why, _WHY), href))
    return found


def _meant(cluster: Cluster, prefix: str) -> dict[tuple[str, str], list[tuple[Told, Announcement]]]:
    """What MetalLB's objects announce of it, by node and VRF. Nodes share tables; each is searched once."""
    snapshot, wanted = snapshot_of(cluster), ipaddress.ip_network(prefix)
    announcements, seen = Announcements(snapshot), dict[int, tuple[tuple[Announcement, ...], Announcement | None]]()
    found: dict[tuple[str, str], list[tuple[Told, Announcement]]] = defaultdict(list)
    for node, intended in sessions(snapshot).items():
        tables = announcements.on(node)
        for session in intended:
            table = tables.get(session.peer, ())
            if id(table) not in seen:
                seen[id(table)] = table, next((each for each in table if _covers(each.prefix, wanted)), None)
            if (match := seen[id(table)][1]) is not None:
                found[node, session.vrf].append((Told(session.peer, session.neighbor), match))
    return found


def _covers(prefix: str, wanted: ipaddress.IPv4Network | ipaddress.IPv6Network) -> bool:
    """Whether a prefix is what was asked for: it, or, for an address, one that holds it."""
    network = ipaddress.ip_network(prefix)
    if network.version != wanted.version:
        return False
    alone = wanted.prefixlen == wanted.max_prefixlen
    return wanted.network_address in network if alone else network == wanted
