"""FRR of one node is asked now: how its sessions are, and what each neighbor is told."""

from __future__ import annotations

from clusters.models import Node
from dashboard.nodes.progress import askable, questions
from dashboard.observe import ask


def node_ask(node: Node) -> bool:
    """Let workers ask; whether anything was asked, which it is not if there is no session or nobody can be told."""
    found = askable(node)
    asked = [ask(session, name) for session in found for name in questions(session)]
    return any([*asked, *(ask(session, "refresh") for session in found[:1])])
