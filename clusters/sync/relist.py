"""One look at a cluster: what it holds becomes what the rows say, in few requests and short transactions."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import timedelta
from typing import Any

from django.db.models import Exists, F, OuterRef, Q

from clusters import clock
from clusters.doors import door_of
from clusters.kube.client import Door
from clusters.kube.discovery import Problem
from clusters.kube.errors import Forbidden, KubeError, NotServed, Silent
from clusters.kube.kinds import Served
from clusters.manifest import Object
from clusters.models import ChangeSet, ChangeSetItem, Cluster
from clusters.registry import resource_models, rows_of
from clusters.sync import facts, outbox
from clusters.sync.findings import findings_write
from clusters.sync.follow import Marker, follow, known_in, list_in, listed_write, markers
from clusters.sync.mirror import Known
from clusters.sync.readonly import readonly_follow
from clusters.sync.references import references_resolve, references_rewrite
from clusters.sync.secrets import SecretsSeen, secrets_look, secrets_problem, secrets_write

logger = logging.getLogger(__name__)
_DISCOVERY_AGE = timedelta(seconds=60)
_Item = ChangeSetItem.State


@dataclass(slots=True)
class _Seen:
    """What the cluster said. A kind that could not be listed is not in `objects`: its rows stay as they are.

    listed: the namespace that each of the others was listed in, "" = all.
    """

    listed: dict[str, str]
    known: dict[str, dict[tuple[str, str], Marker]]
    objects: dict[str, list[Object]]
    nodes: list[Object] | None
    nodes_known: Known
    secrets: SecretsSeen
    problems: list[Problem]
    discovered: dict[str, Any]


def relist(cluster: Cluster) -> bool:
    """Look at the cluster and write what is new; whether something changed. A cluster that is away is a fact, too."""
    started = clock.now()
    try:
        seen = _look(cluster, door_of(cluster))
    except KubeError as error:
        logger.warning("cluster %s: %s", cluster.name, error.message)
        silent = (cluster.silent_since or started) if isinstance(error, Silent) else None
        Cluster.objects.filter(pk=cluster.pk).update(checked_at=started, error=error.message, silent_since=silent)
        return cluster.error != error.message
    was_away = bool(cluster.error)
    changed = _describe(cluster, seen)
    for kind, objects in seen.objects.items():
        adopting = cluster.listed.get(kind) not in ("", seen.listed[kind])
        changed |= follow(cluster, kind, seen.known[kind], objects, adopting=adopting)
    listed_write(cluster, seen.listed)
    if seen.nodes is not None:
        changed |= facts.nodes_write(cluster, seen.nodes, seen.nodes_known)
    changed |= secrets_write(cluster, seen.secrets)
    shown, judged = readonly_follow(cluster, door_of(cluster))
    if seen.discovered:  # rarely, since rows that are written bring their own along
        references_rewrite(cluster)
    elif changed or judged:
        references_resolve(cluster, ("Secret", "Namespace"))
    if changed or judged or seen.discovered:
        changed |= bool(findings_write(cluster))
    if was_away:
        _wake(cluster)
    return changed or shown or was_away


def _look(cluster: Cluster, door: Door) -> _Seen:
    due = cluster.discovered_at is None or clock.now() - cluster.discovered_at > _DISCOVERY_AGE
    discovered = facts.discover(cluster, door) if due else {}
    for name, value in discovered.items():
        setattr(cluster, name, value)
    seen = _Seen({}, {}, {}, None, {}, SecretsSeen(()), [], discovered)
    for kind, model in resource_models().items():
        known = markers(cluster, kind)
        answer = _list(door, model.KIND, cluster.namespace, seen.problems)
        if answer is not None:
            seen.objects[kind], room = answer
            seen.listed[kind] = room
            seen.known[kind] = known_in(known, room)
    seen.nodes_known = facts.NODES.known(cluster)
    try:
        seen.nodes = door.nodes()
    except Forbidden as error:
        seen.problems.append(Problem(error.message, "Allow bgpui to list nodes."))
    names = _referenced(seen.objects.get("BGPPeer"), cluster)
    seen.secrets = secrets_look(cluster, door, names, listing=due)
    seen.problems += [secrets_problem(seen.secrets.refused)] if seen.secrets.refused else []
    return seen


def _list(door: Door, kind: Served, namespace: str, problems: list[Problem]) -> tuple[list[Object], str] | None:
    """The objects and the namespace that they were listed in, "" = all; nothing is known of other namespaces then."""
    try:
        objects, _version, room = list_in(door, kind, namespace)
    except Forbidden as error:
        problems.append(Problem(error.message, f"Allow bgpui to list {kind.plural}."))
    except NotServed:
        text = f"The API server does not know {kind.plural}.{kind.group}."
        problems.append(Problem(text, "Install MetalLB with its CustomResourceDefinitions."))
    else:
        return objects, room
    return None


def _referenced(peers: list[Object] | None, cluster: Cluster) -> list[str]:
    """The Secrets that BGPPeers name; MetalLB looks for them in its own namespace whatever else they say."""
    if peers is None:  # could not be listed: go on with those that are known
        return [fact.name for fact in cluster.secret_facts.all()]
    secrets = ((peer.get("spec") or {}).get("passwordSecret") or {} for peer in peers)
    names = (secret.get("name") for secret in secrets if isinstance(secret, dict))
    return sorted({name for name in names if isinstance(name, str) and 0 < len(name) <= 253})


def _describe(cluster: Cluster, seen: _Seen) -> bool:
    """Write the cluster's own row; whether something that people see changed."""
    problems = seen.discovered.pop("problems", None)
    before: Mapping[str, Any] = Cluster.objects.filter(pk=cluster.pk).values().first() or {}
    if problems is None:
        problems = [problem for problem in before.get("problems", []) if not problem.keys() & {"passing", "readonly"}]
    passing = [asdict(problem) | {"passing": True} for problem in seen.problems]
    rare = [problem for problem in before.get("problems", []) if problem.get("readonly")]
    now = clock.now()
    values = {
        **seen.discovered,
        "problems": problems + passing + rare,
        "error": "",
        "silent_since": None,
        "checked_at": now,
        "connected_at": now,
    }
    Cluster.objects.filter(pk=cluster.pk).update(**values)
    times = ("checked_at", "connected_at", "discovered_at", "permissions_at")
    return any(before.get(name) != value for name, value in values.items() if name not in times)


def _wake(cluster: Cluster) -> None:
    """The cluster is back: what waited for it need not wait longer."""
    for kind in resource_models():
        waiting = rows_of(kind).filter(cluster=cluster).exclude(revision=F("applied_revision"))
        waiting.update(retry_at=None)
        for pk in waiting.values_list("pk", flat=True)[:500]:
            outbox.send(kind, pk)
    sets = ChangeSet.objects.filter(cluster=cluster, state__in=ChangeSet.OPEN)
    # One in the middle of a recreation waits for the speakers to see that the object is gone.
    between = Q(state=_Item.DELETED) | Q(state=_Item.UNDOING, action=ChangeSetItem.Action.RECREATE)
    sets = sets.exclude(Exists(ChangeSetItem.objects.filter(between, change_set=OuterRef("pk"))))
    sets.update(retry_at=None)
    for pk in sets.values_list("pk", flat=True)[:100]:
        outbox.send_set(pk)
