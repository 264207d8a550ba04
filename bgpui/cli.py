"""The command line: `bgpui status` shows what is wrong with a cluster's BGP sessions, for when all else is down."""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bgpui.shared import Problem, problems
from bgpui.status import HEALTH, CannotTell, Row, Status, look
from clusters.words import age_words, utc_stamp
from speakers.frr.text import clean

_COLUMNS = ("NODE", "VRF", "NEIGHBOR", "PEER", "STATE", "HEALTH", "SINCE", "CAUSE")
_NAMED = 2  # nodes and peers of a problem


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; 0 = all sessions are up, 1 = there are problems, 2 = that cannot be told."""
    options = _parser().parse_args(arguments)
    kubeconfig = options.kubeconfig or os.environ.get("KUBECONFIG", "").split(os.pathsep)[0]
    path = Path(kubeconfig) if kubeconfig else _default_kubeconfig()
    try:
        status = look(path, options.context, seconds=options.timeout, concurrency=options.concurrency)
        if options.vrf:
            status.keep_vrf(options.vrf)
    except CannotTell as answer:
        _explain(answer, as_json=options.output == "json")
        return 2
    found, now = problems(status.rows), datetime.now(UTC)
    if options.output == "json":
        print(_json(status, status.rows if options.all else [row for row in status.rows if row.health != "up"], found))
    else:
        each = [Problem("", (row,)) for row in status.rows]
        print(_table(status, [_cells(one, now) for one in (each if options.all else found)]))
    return status.exit_code


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="bgpui", description="MetalLB's BGP on Kubernetes.")
    commands = parser.add_subparsers(dest="command", required=True, metavar="command")
    status = commands.add_parser(
        "status",
        help="the sessions that are not as they should be, straight from the cluster",
        description="Asks the FRR of every node once, by exec, and holds it against the BGPPeers. Needs no server. "
        "Sessions that are not up for one cause are one line.",
        epilog="Exit code: 0 all sessions are up, 1 there are problems, 2 that cannot be told.",
    )
    status.add_argument("--kubeconfig", metavar="FILE", help="default: $KUBECONFIG, ~/.kube/config, else the own pod's")
    status.add_argument("--context", metavar="NAME", help="a context of that file; default: its current one")
    status.add_argument("--vrf", metavar="NAME", help="only this VRF (“default” is one, too)")
    status.add_argument("--all", action="store_true", help="a line for each session, up or not")
    status.add_argument("-o", "--output", choices=("table", "json"), default="table")
    status.add_argument("--timeout", type=_positive, default=5.0, metavar="SECONDS", help="for one node; default: 5")
    status.add_argument("--concurrency", type=int, choices=range(1, 513), default=32, metavar="N", help="default: 32")
    return parser


def _positive(text: str) -> float:
    value = float(text)
    if not 0 < value <= 600:
        raise argparse.ArgumentTypeError("must be more than 0 and at most 600")
    return value


def _default_kubeconfig() -> Path | None:
    """None = the service account of the pod that this runs in."""
    path = Path.home() / ".kube" / "config"
    return path if path.is_file() or "KUBERNETES_SERVICE_HOST" not in os.environ else None


def _explain(answer: CannotTell, *, as_json: bool) -> None:
    if as_json:
        body = {"error": str(answer), "way_out": answer.way_out, "manifests": answer.manifests}
        print(json.dumps(body, indent=2))
        return
    print(f"{clean(str(answer), 1000)}\n{answer.way_out}", file=sys.stderr)
    if answer.manifests:
        print(answer.manifests, end="")


def _json(status: Status, shown: Sequence[Row], found: Sequence[Problem]) -> str:
    body = {
        "mode": status.mode,
        "version": status.version,
        "namespace": status.namespace,
        "nodes": {"asked": status.asked, "answered": status.answered},
        "counts": _counts(status),
        "problems": [_problem(one) for one in found],
        "sessions": [asdict(row) for row in shown],
        "notes": [asdict(note) for note in status.notes],
    }
    return json.dumps(body, indent=2, default=utc_stamp)


def _problem(one: Problem) -> dict[str, Any]:
    places = sorted({(row.vrf, row.neighbor, row.peer) for row in one.rows})
    return {
        "kind": one.kind,
        "health": one.health,
        "sessions": len(one.rows),
        "nodes": one.nodes,
        "neighbors": [{"vrf": vrf, "neighbor": neighbor, "peer": peer} for vrf, neighbor, peer in places],
        "since": one.since,
        "at_least": one.at_least,
        "reason": one.main.reason,
        "cause": one.cause,
    }


def _counts(status: Status) -> dict[str, int]:
    found = Counter(row.health for row in status.rows)
    return {word: found[word] for word in HEALTH}


def _table(status: Status, shown: Sequence[tuple[str, ...]]) -> str:
    lines = [tuple(clean(value, 300) or "-" for value in cells) for cells in shown]
    widths = [max(map(len, column)) for column in zip(_COLUMNS, *lines, strict=True)]
    rows = [_COLUMNS, *lines] if lines else []
    text = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    return "\n".join([*text, *([""] if text else []), _summary(status), *_notes(status)])


def _cells(one: Problem, now: datetime) -> tuple[str, ...]:
    columns = zip(*((row.vrf, row.neighbor, row.peer, row.state) for row in one.rows), strict=True)
    words = [_several(sorted(set(column) - {""})) for column in columns]
    number = f"{len(one.rows):,} " if len(one.rows) > 1 else ""
    since = age_words(now - one.since) if one.since else ""
    if since and one.health == "degraded":  # since when it is so FRR does not tell
        since = f"up for {since}"
    elif since and one.at_least:
        since = f"at least {since}"
    return _several(one.nodes), *words, number + one.health, since, one.cause


def _several(names: Sequence[str]) -> str:
    """The first of them."""
    more = f" and {len(names) - _NAMED:,} more" if len(names) > _NAMED else ""
    return ", ".join(names[:_NAMED]) + more


def _summary(status: Status) -> str:
    counts = ", ".join(f"{number:,} {word}" for word, number in reversed(_counts(status).items()) if number)
    where = f"{status.mode} mode, MetalLB {status.version or 'of unknown version'} in {status.namespace or '?'}"
    return (
        f"{len(status.rows):,} sessions{f': {counts}' if counts else ''}; "
        f"{status.answered:,} of {status.asked:,} nodes answered; {where}"
    )


def _notes(status: Status) -> list[str]:
    return [f"note: {clean(note.text, 500)} {note.way_out}" for note in status.notes]


if __name__ == "__main__":
    sys.exit(main())
