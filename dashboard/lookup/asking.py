"""FRR of every node is asked for a prefix; by a worker."""

from __future__ import annotations

from collections import defaultdict

from asgiref.sync import async_to_sync
from django.conf import settings

from clusters import clock
from clusters.doors import door_of
from clusters.kube.errors import KubeError
from clusters.kube.exec import ExecResult
from clusters.models import Cluster
from clusters.observing import asks
from clusters.selectors import is_silent
from dashboard.lookup.answer import Lookup
from dashboard.lookup.behind import aggregates_of, services_of
from dashboard.lookup.kept import answer_keep
from dashboard.lookup.rows import meant_of, rows_of
from dashboard.turns import target_of
from speakers.frr import commands, lookup, parse, text
from speakers.models import Session, Speaker
from speakers.sweep import ask_all

_NAMED = 20  # services
_NO_POD = "this node has no pod with FRR"
_NO_VRF = "vtysh cannot be asked for any of its VRFs by name"


def look_up(cluster: Cluster, prefix: str) -> Lookup:
    """Ask every node that FRR runs on, and keep the answer. Raises commands.ArgumentError, redis.RedisError."""
    prefix = commands.prefix_argument(prefix)
    vrfs, unasked = _vrfs(cluster)
    speakers = [row for row in Speaker.objects.filter(cluster=cluster).order_by("node") if row.node in vrfs]
    why_none = {row.node: _NO_POD if not row.pod else "" if vrfs[row.node] else _NO_VRF for row in speakers}
    failed = [(node, why) for node, why in why_none.items() if why]
    asked = [row for row in speakers if not why_none[row.node]]
    questions = [(target_of(row), commands.lookup(prefix, vrfs[row.node])) for row in asked]
    found: dict[tuple[str, str], lookup.Found] = {}
    try:
        door, seconds = door_of(cluster).connection, settings.BGPUI_EXEC_TIMEOUT
        concurrency = settings.BGPUI_EXEC_CONCURRENCY
        why_not = "" if asks(cluster) else cluster.observing_why
        why_not = why_not or (cluster.error if is_silent(cluster) else "")
        silent = [why_not] * len(questions) if why_not else None
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
    meant, covering = meant_of(cluster, prefix)
    rows = sorted(rows_of(cluster, meant, found, {node for node, _why in failed}), key=lambda row: row.order)
    services = services_of(cluster, prefix, covering)
    said = services[:_NAMED], len(services), sorted(unasked), aggregates_of(prefix, covering)
    answer = Lookup(clock.now(), prefix, len(speakers), failed, rows, *said)
    answer_keep(cluster, answer)
    return answer


def _vrfs(cluster: Cluster) -> tuple[dict[str, list[str]], set[str]]:
    """The VRFs of each node, and those of all nodes that vtysh cannot be asked for; one query."""
    found: dict[str, list[str]] = defaultdict(list)
    for node, vrf in Session.objects.filter(cluster=cluster).values_list("node", "vrf").distinct().order_by("vrf"):
        found[node].append(vrf)
    unfit = {vrf for several in found.values() for vrf in several if not commands.is_vrf(vrf)}
    return {node: [vrf for vrf in several if vrf not in unfit] for node, several in found.items()}, unfit


def _read(result: ExecResult | str, vrfs: list[str]) -> list[lookup.Found] | str:
    if isinstance(result, str):
        return result
    if result.code:
        return text.first_line(result.stderr, result.stdout) or f"exit code {result.code}"
    parsed = lookup.answers(result.stdout, vrfs)
    return parsed.reason if isinstance(parsed, parse.Unparsed) else parsed
