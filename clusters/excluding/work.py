"""The label of a node, brought into the cluster by a worker."""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import Any

from clusters import clock
from clusters.doors import door_of
from clusters.kube.errors import Conflict, Forbidden, KubeError, NotFound, Rejected
from clusters.kube.kinds import NODES
from clusters.models import Exclusion
from clusters.sync.apply import pause
from clusters.sync.facts import nodes_event
from intent.announcements.cluster import EXCLUDED

_ROUNDS = 20  # wishes that a task carries out before it lets others have their turn
State = Exclusion.State
logger = logging.getLogger(__name__)


def exclusion_apply(pk: int) -> bool:
    """Carry out what was last asked for, and what is asked for meanwhile; whether anything was to be done."""
    worked = False
    for _ in range(_ROUNDS):
        row = Exclusion.objects.select_related("cluster").filter(pk=pk, state=State.PENDING).first()
        if row is None:
            break
        worked, outcome = True, _carried_out(row)
        logger.info("node %s revision %s: %s %s", row, row.revision, outcome["state"], outcome["message"])
        mine = Exclusion.objects.filter(pk=pk, revision=row.revision)
        if mine.update(**outcome) and outcome["state"] == State.PENDING:
            break
        # Others asked for something else meanwhile, and another worker may have done that before this one wrote.
        Exclusion.objects.filter(pk=pk).exclude(revision=row.revision).update(state=State.PENDING)
    return worked


def _carried_out(row: Exclusion) -> dict[str, Any]:
    """Columns that say what became of it."""
    patch = {"metadata": {"uid": row.uid, "labels": {EXCLUDED: "" if row.wanted else None}}}
    try:
        node = door_of(row.cluster).merge(NODES, None, row.node, patch)
    except Forbidden as error:
        return _failed(f"The cluster does not allow bgpui to patch nodes: {error.message}")
    except Conflict as error:
        return _failed(f"This is not the node that was looked at any more: {error.message}")
    except (Rejected, NotFound) as error:
        return _failed(error.message)
    except KubeError as error:
        attempts = row.attempts + 1
        retry_at = clock.now() + timedelta(seconds=pause(error, attempts))
        return {"state": State.PENDING, "message": error.message[:500], "attempts": attempts, "retry_at": retry_at}
    nodes_event(row.cluster, {row.node: node})
    return {"state": State.DONE, "message": "", "done_at": clock.now(), "retry_at": None}


def _failed(words: str) -> dict[str, Any]:
    return {"state": State.FAILED, "message": words[:500], "retry_at": None}
