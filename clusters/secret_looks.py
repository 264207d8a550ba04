"""Looks at Secrets that a worker makes for the web process, whose account then needs no right to read any."""

from __future__ import annotations

import logging
import secrets
from collections.abc import Sequence

import msgspec
import redis
from celery import current_app
from kombu.exceptions import OperationalError

from clusters.doors import door_of
from clusters.kube.errors import KubeError
from clusters.models import Cluster
from clusters.models import SecretFact as Row
from clusters.nudges import connection
from clusters.sync.secrets import secret_look
from intent.snapshot import SecretFact

logger = logging.getLogger(__name__)
_TASK = "clusters.tasks.look_at_secrets"
_WAITS = 3  # of a second each: Redis' own time limit must not end one
_KEPT = 30  # seconds
_FACTS = msgspec.json.Decoder(list[SecretFact])


def secrets_asked(cluster: Cluster, names: Sequence[str]) -> dict[str, SecretFact]:
    """What a worker sees of these Secrets now, by name; {} if none answers in time."""
    key = f"bgpui:secrets:{secrets.token_hex(16)}"
    try:
        current_app.send_task(_TASK, args=(cluster.pk, list(names), key), expires=_WAITS, retry=False)
        for _ in range(_WAITS):
            if answer := connection().blpop([key], timeout=1):
                return {fact.name: fact for fact in _FACTS.decode(answer[1])}
    except (OperationalError, redis.RedisError, OSError, msgspec.DecodeError) as error:
        logger.warning("no worker could look at Secrets: %s", error)
    return {}


def secrets_answer(cluster: Cluster, names: Sequence[str], key: str) -> None:
    """Look, and leave the answer for who waits for it; names that the cluster does not answer for are left out."""
    facts: list[SecretFact] = []
    try:
        door = door_of(cluster)
        facts.extend(fact_of(secret_look(door, cluster, name)) for name in names)
    except KubeError as error:
        logger.warning("cluster %s: no look at Secrets: %s", cluster.name, error)
    with connection().pipeline() as pipe:
        pipe.rpush(key, msgspec.json.encode(facts))
        pipe.expire(key, _KEPT)
        pipe.execute()


def fact_of(row: Row) -> SecretFact:
    """A row as the rules take it; no value of a Secret is in either."""
    return SecretFact(
        namespace=row.namespace,
        name=row.name,
        exists=row.exists,
        type=row.type,
        has_password=row.has_password,
        length_ok=row.length_ok,
        trailing_newline=row.trailing_newline,
        readable=row.readable,
    )
