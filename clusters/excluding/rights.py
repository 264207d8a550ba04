"""Whether bgpui may label a node, and what does the same in a shell."""

from __future__ import annotations

import shlex

from clusters.models import Cluster, Node
from intent.announcements.cluster import EXCLUDED

_IGNORED = "MetalLB's speakers run with --ignore-exclude-lb: they announce from the node with the label as without it."
_NO_RIGHT = (
    "The cluster does not allow bgpui to patch nodes. Label the node with the command below, or let an administrator "
    "grant it (Helm: rbac.labelNodes)."
)


def refusal(cluster: Cluster, *, wanted: bool) -> str:
    """Why the label cannot be set, or taken off, "" = it can."""
    if wanted and cluster.ignores_exclude:
        return _IGNORED
    may = any(one["verb"] == "patch" and one["resource"] == "nodes" and one["allowed"] for one in cluster.permissions)
    return "" if may else _NO_RIGHT


def command(node: Node, *, wanted: bool) -> str:
    """What sets the label, or takes it off, in a shell; "" for a name that could mislead who pastes it."""
    line = shlex.join(["kubectl", "label", "node", node.name, f"{EXCLUDED}{'=' if wanted else '-'}"])
    return line if line.isprintable() else ""
