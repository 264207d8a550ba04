"""What is known of Secrets with passwords: those that peers refer to, and those that they could."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from django.db import transaction

from clusters import clock
from clusters.kube.client import Door
from clusters.kube.discovery import Problem
from clusters.kube.errors import Forbidden
from clusters.models import Cluster, SecretFact
from clusters.sync.owners import looked_after_by
from clusters.sync.upsert import upsert
from intent.rules.secrets import BASIC_AUTH

_FACTS = ("exists", "type", "has_password", "length_ok", "trailing_newline", "readable", "listed", "managed_by")
_REFERRED_AGE = timedelta(seconds=60)
_LISTED_AGE = timedelta(minutes=10)
_AT_ONCE = 50


@dataclass(slots=True)
class SecretsSeen:
    """A look at Secrets. referred: names that peers use; listed: the tool that looks after each that was listed, by
    name, None = they were not listed this time. read: facts that are new; refused: names that may not be looked at.
    """

    referred: Sequence[str]
    listed: Mapping[str, str] | None = None
    read: list[SecretFact] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)


def secrets_look(cluster: Cluster, door: Door, referred: Sequence[str], *, listing: bool) -> SecretsSeen:
    """Look at the Secrets of `cluster.secret_namespace` that were not looked at lately, a few at a time.

    listing: ask for the names of all of type basic-auth, too; a Role need not allow that.
    """
    namespace = cluster.secret_namespace
    seen = SecretsSeen(referred, _listed(door, namespace) if listing else None)
    known = {fact.name: fact for fact in cluster.secret_facts.all() if fact.namespace == namespace}
    offered = seen.listed if seen.listed is not None else [fact.name for fact in known.values() if fact.listed]
    now = clock.now()
    ages = dict.fromkeys(offered, _LISTED_AGE) | dict.fromkeys(referred, _REFERRED_AGE)
    due = [name for name, age in ages.items() if name not in known or now - known[name].checked_at > age]
    due.sort(key=lambda name: known[name].checked_at if name in known else now - timedelta(days=365))
    for name in due[:_AT_ONCE]:
        seen.read.append(secret_look(door, cluster, name))
    newest = known | {fact.name: fact for fact in seen.read}
    seen.refused = [name for name in referred if name in newest and not newest[name].readable]
    return seen


def secret_look(door: Door, cluster: Cluster, name: str) -> SecretFact:
    """What may be known of one Secret now, not saved. Raises KubeError but for Forbidden."""
    fact = SecretFact(cluster=cluster, namespace=cluster.secret_namespace, name=name, checked_at=clock.now())
    try:
        found = door.secret_fact(fact.namespace, name)
    except Forbidden:
        fact.readable = False
        return fact
    fact.exists = found is not None
    for key, value in (found or {}).items():
        setattr(fact, key, value)
    return fact


def _listed(door: Door, namespace: str) -> dict[str, str] | None:
    try:
        found = door.secret_list(namespace, BASIC_AUTH)
    except Forbidden:
        return {}
    return {str(obj["metadata"]["name"]): looked_after_by(obj)[:253] for obj in found}


def secrets_problem(refused: Sequence[str]) -> Problem:
    """What is missing to judge these Secrets."""
    named = ", ".join(refused[:5]) + (" …" if len(refused) > 5 else "")
    text = f"Secret {named} may not be looked at, so nobody knows here whether it holds a usable password."
    return Problem(text, "Allow bgpui to get Secrets in MetalLB's namespace, or check them yourself.")


def secrets_write(cluster: Cluster, seen: SecretsSeen) -> bool:
    """Keep what was read, drop what is neither referred to nor listed; whether something changed."""
    namespace = cluster.secret_namespace
    known = {(fact.namespace, fact.name): fact for fact in cluster.secret_facts.all()}
    facts = {key: fact for key, fact in known.items() if key[0] == namespace}
    for fact in seen.read:
        old = facts.get((namespace, fact.name))
        fact.listed, fact.managed_by = (old.listed, old.managed_by) if old else (False, "")
        facts[namespace, fact.name] = fact
    before = {key: _values(fact) for key, fact in known.items()}
    if seen.listed is not None:
        for (_, name), fact in facts.items():
            fact.listed, fact.managed_by = name in seen.listed, seen.listed.get(name, "")
    wanted = {key: fact for key, fact in facts.items() if fact.listed or key[1] in seen.referred}
    save = [fact for key, fact in wanted.items() if fact in seen.read or before.get(key) != _values(fact)]
    gone = [fact.pk for key, fact in known.items() if key not in wanted]
    changed = bool(gone) or any(before.get(key) != _values(fact) for key, fact in wanted.items())
    if save or gone:
        with transaction.atomic():
            upsert(SecretFact, save, key=("cluster", "namespace", "name"), fields=(*_FACTS, "checked_at"))
            SecretFact.objects.filter(pk__in=gone).delete()
    return changed


def _values(fact: SecretFact) -> tuple[Any, ...]:
    return tuple(getattr(fact, name) for name in _FACTS)
