"""What FRR tells held against what is meant, in the largest cluster: what is meant, the answers of a node, the rows.

2,000 nodes with 20 sessions each, 5,000 Services of which half are Local. No node is asked: its answers are made here.
"""

from __future__ import annotations

import json
import os
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from benchmarks.in_process import django_ready

if TYPE_CHECKING:
    from clusters.models import Cluster
    from intent.snapshot import Snapshot
    from speakers.comparison.inquiry import Inquiry, Key
    from speakers.comparison.prefixes import Meant

ROUNDS = int(os.environ.get("ROUNDS", "3"))
LOOK = 100  # nodes that one look asks
SHARES = (10, 1)  # of the services: a tenth of them, and all


def cpu(work: Callable[[], object]) -> float:
    """CPU seconds, the median of ROUNDS, after once to warm up."""
    found = []
    for _ in range(ROUNDS + 1):
        began = time.process_time()
        work()
        found.append(time.process_time() - began)
    return statistics.median(found[1:])


def fleet(nodes: int, share: int = 1, communities: Sequence[str] = ()) -> Snapshot:
    """The cluster of bench_intent with some of its services. communities: of the prefixes of single addresses."""
    from benchmarks.bench_intent import snapshot

    of = snapshot(nodes)
    marked = (
        replace(one, spec={**one.spec, "communities": list(communities)}) if one.name.startswith("a") else one
        for one in of.resources
    )
    return replace(of, resources=tuple(marked), services=of.services[: len(of.services) // share])


def meant_on(of: Snapshot, node: str) -> dict[Key, Meant]:
    """What the sessions of a node are meant to tell."""
    from intent.announcements import announced_on
    from intent.sessions import sessions_on
    from speakers.comparison.prefixes import Meant

    told = announced_on(of, node)
    return {
        (one.vrf, one.neighbor): Meant(
            one, {each.prefix: each for each in told[one.peer]}, families=[f"{name}Unicast" for name in one.families]
        )
        for one in sessions_on(of, node)
    }


def answer(meant: Mapping[Key, Meant]) -> tuple[bytes, bytes]:
    """What FRR says when all is as it is meant to be: to the first question, and to the one about prefix lists."""
    routes, maps, lists = list[Any](), list[Any](), list[Any]()
    for one in meant.values():
        rows = {prefix: {"network": prefix, "nextHop": "0.0.0.0", "path": ""} for prefix in one.announced}  # noqa: S104
        routes.append({"bgpTableVersion": 1, "defaultLocPrf": 100, "advertisedRoutes": rows})
        rules, several = _policy(one)
        maps.append({"BGP": rules})
        lists += several
    return _text([*routes, *maps]), _text(lists)


def _policy(one: Meant) -> tuple[dict[str, Any], list[Any]]:
    """The route map of a session, and its prefix lists, as MetalLB writes them."""
    from intent.policies import neighbor_id

    name, lists, rules = neighbor_id(one.session), list[Any](), list[dict[str, Any]]()
    marks = sorted({mark for each in one.announced.values() for mark in each.communities})
    named = {f"{name}-{mark}-ip-community-prefixes": f"community {mark} additive" for mark in marks}
    for number, (which, action) in enumerate({**named, f"{name}-allowed-ipv4": ""}.items(), start=1):
        last = not action
        prefixes = [p for p, each in one.announced.items() if last or any(str(m) in action for m in each.communities)]
        entries = [{"type": "permit", "prefix": prefix} for prefix in prefixes]
        lists.append({"BGP": {which: {"entries": entries}}})
        rules.append(
            {
                "sequenceNumber": number,
                "type": "permit",
                "matchClauses": [f"ip address prefix-list {which}"],
                "setClauses": [] if last else [action],
                "action": "Exit routemap" if last else "Continue to next entry",
            }
        )
    return {f"{name}-out": {"rules": rules}}, lists


def _text(documents: Sequence[Any]) -> bytes:
    return "\n".join(map(json.dumps, documents)).encode()


def compared(meant: Mapping[Key, Meant], said: tuple[bytes, bytes]) -> Inquiry:
    """Read the answers of a node and compare. Raises RuntimeError if something differs."""
    from speakers.comparison.inquiry import Inquiry

    inquiry = Inquiry(meant)
    if inquiry.read(said[0]) is not None or (inquiry.second is not None and inquiry.explain(said[1]) is not None):
        raise RuntimeError("the answers cannot be read")
    for key, found in inquiry.compared().items():
        if found.differences:
            raise RuntimeError(f"{key}: {found.differences[0]}")
    return inquiry


def of_one_node() -> None:
    """Figures comparison.node.cpu.<services>, comparison.node.growth; the same of prefixes with a community."""
    from benchmarks.report import record

    for word, marks in (("node", ()), ("marked", ("64500:1",))):
        costs = []
        for share in SHARES:
            of = fleet(200, share, marks)
            meant = meant_on(of, "node-7")
            said, number = answer(meant), sum(len(one.announced) for one in meant.values())
            costs.append(cpu(partial(compared, meant, said)) / number * 1e6)
            with_marks = ", half of them with a community" if marks else ""
            what = f"reading and comparing the answers of one node, {number:,} prefixes{with_marks}"
            record(f"comparison.{word}.cpu.{len(of.services)}", costs[-1] * number / 1000, "ms", what)
        record(
            f"comparison.{word}.growth",
            costs[1] / costs[0],
            "x",
            "the cost of one prefix where there are 10 times as many",
        )


def of_a_cluster(cluster: Cluster, nodes: int) -> dict[str, float]:
    """CPU seconds of finding out what is meant, and of writing a look at LOOK nodes with nothing and something new."""
    from clusters import clock
    from dashboard.compare import wanted
    from dashboard.meant import Intentions
    from speakers.comparison.prefixes import Compared, Difference, Kind
    from speakers.comparison.services import Looked, comparisons_write
    from speakers.models import Session

    some = [one for each in list(wanted(cluster, Intentions(cluster)).values())[:LOOK] for one in each]

    def tables() -> None:
        intentions = Intentions(cluster)
        for node in {one.known.node for one in some}:
            intentions.meant_on(node, Session.objects.filter(cluster=cluster, node=node))

    def looks(*lacking: str) -> list[Looked]:
        differing = tuple(Difference(prefix, Kind.MISSING, "its network statement is missing") for prefix in lacking)
        numbers = {Kind.MISSING: len(differing)} if differing else {}
        found = Compared(500, 500 - len(lacking), differing, numbers)
        return [Looked(row.pk, row.since, digest, row.prefixes_sent, found) for row, digest in some]

    turns = iter(range(1_000_000))
    return {
        "meant": cpu(lambda: wanted(cluster, Intentions(cluster))),
        "tables": cpu(tables),
        "same": cpu(lambda: comparisons_write(cluster.pk, looks(), clock.now())),
        "new": cpu(lambda: comparisons_write(cluster.pk, looks(f"198.18.0.{next(turns)}/32"), clock.now())),
    }


WHAT = {
    "meant": "finding out what every session is meant to tell",
    "tables": f"all that the sessions of {LOOK} nodes are meant to tell",
    "same": f"writing a look at {LOOK} nodes, nothing differs",
    "new": f"writing a look at {LOOK} nodes, a prefix of each session differs",
}


def main() -> None:
    """Figures comparison.*: of one node by prefixes, and of clusters by nodes."""
    from django.core.management import call_command
    from django.db import connection

    from benchmarks.bench_intent import NODES
    from benchmarks.bench_preview import filled
    from benchmarks.report import record
    from clusters.models import Cluster

    of_one_node()
    call_command("migrate", verbosity=0)
    costs: dict[str, list[float]] = {}
    for nodes in NODES:
        Cluster.objects.all().delete()
        cluster = filled(fleet(nodes))
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE")
        for name, seconds in of_a_cluster(cluster, nodes).items():
            costs.setdefault(name, []).append(seconds)
            record(f"comparison.{name}.cpu.{nodes}", seconds, "s", f"{WHAT[name]}; {nodes:,} nodes, 20 sessions each")
    for name, (few, many) in costs.items():
        record(f"comparison.{name}.growth", many / few, "x", f"{WHAT[name]}: 10 times the nodes")


if __name__ == "__main__":
    # The rows are of one moment; they must not grow old meanwhile.
    with django_ready(BGPUI_SWEEP_INTERVAL="600"):
        main()
