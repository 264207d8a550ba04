"""What bgpui reads and never edits: looked at the more rarely, the longer it takes, since there may be very much."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import asdict
from datetime import timedelta

from clusters import clock
from clusters.kube.client import Door
from clusters.kube.discovery import Problem
from clusters.kube.errors import KubeError
from clusters.models import Cluster
from clusters.selectors import frr_configurations_of
from clusters.sync.services import namespaces_follow, services_follow
from clusters.sync.status import status_follow
from clusters.watched import reading_pause

Follow = Callable[[Cluster, Door, list[Problem]], bool]
logger = logging.getLogger(__name__)


def readonly_follow(cluster: Cluster, door: Door) -> tuple[bool, bool]:
    """Look, if it is time to, and keep what is new; whether something changed, and whether rules look at that."""
    now, last = clock.now(), cluster.readonly_at
    if last is not None and now - last < timedelta(seconds=reading_pause(cluster)):
        return False, False
    started, problems, changed = time.monotonic(), list[Problem](), set[Follow]()
    theirs = _written_by_people(cluster)
    for follow in (namespaces_follow, services_follow, status_follow):
        try:
            changed |= {follow} if follow(cluster, door, problems) else set()
        except KubeError as error:
            logger.warning("cluster %s: %s", cluster.name, error.message)
            problems.append(Problem(error.message, "bgpui tries again; what it shows of services is older until then."))
    took = time.monotonic() - started
    stored = Cluster.objects.filter(pk=cluster.pk).values_list("problems", flat=True).first() or []
    others = [problem for problem in stored if not problem.get("readonly")]
    said = [asdict(problem) | {"readonly": True} for problem in problems]
    Cluster.objects.filter(pk=cluster.pk).update(readonly_at=now, readonly_took=took, problems=others + said)
    judged = bool(changed - {status_follow}) or theirs != _written_by_people(cluster)
    return bool(changed) or others + said != stored, judged


def _written_by_people(cluster: Cluster) -> set[tuple[int, str]]:
    """Of what is reported, that which rules look at."""
    return set(frr_configurations_of(cluster).values_list("pk", "digest"))
