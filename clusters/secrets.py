"""Secrets with passwords, as edits and pages need them: which can be chosen, who refers to them, what is left over."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any

from django.conf import settings
from django.db.models import Q

from clusters.doors import door_of
from clusters.edits.inforce import where
from clusters.edits.rebase import refused
from clusters.kube.errors import KubeError
from clusters.manifest import has_inline_password
from clusters.models import Cluster, Resource
from clusters.registry import resource_models, rows_of
from clusters.secret_looks import fact_of, secrets_asked
from clusters.selectors import is_active
from clusters.sync.secrets import secret_look
from intent.rules.secrets import BASIC_AUTH
from intent.selectors import subdomain_error
from intent.snapshot import SecretFact, Snapshot, mapping

FIELD = "passwordSecret"
_OFFERED = 200
_SHARING = 200
_LOOKED_AT = 20  # while somebody waits; the others are as they were seen last


@dataclass(frozen=True, slots=True)
class Leftover:
    """A Secret that nothing refers to any more. command: removes it; "" for a name that could mislead who pastes it."""

    name: str
    namespace: str
    command: str


def secret_of(spec: Mapping[str, Any]) -> str:
    """The Secret that a spec refers to, "" = none."""
    reference = spec.get(FIELD)
    name = reference.get("name") if isinstance(reference, Mapping) else None
    return name if isinstance(name, str) else ""


def secret_in_force(row: Resource) -> str:
    """The Secret that MetalLB takes the object's password from, "" = none; an edit that was refused has no say."""
    return secret_of(mapping(mapping(row.live).get("spec"))) if refused(row) else secret_of(row.spec)


def inline_in_force(row: Resource) -> bool:
    """Whether the password stands in the object itself; the same holds."""
    return has_inline_password(row.live) if refused(row) else row.inline_password


def secrets_usable(cluster: Cluster) -> Sequence[str]:
    """The names of Secrets that hold a password which FRR takes."""
    facts = cluster.secret_facts.filter(
        namespace=cluster.secret_namespace,
        readable=True,
        exists=True,
        type=BASIC_AUTH,
        has_password=True,
        length_ok=True,
    )
    return list(facts.order_by("name").values_list("name", flat=True)[:_OFFERED])


def referring(cluster: Cluster, name: str, *, but: Resource) -> list[Resource]:
    """The other objects, as they are in force, that MetalLB takes the password of this Secret for; a query a kind."""
    return _where(cluster, but, lambda column: _in_force(column, name))


def _in_force(column: str, name: str) -> Q:
    return where(lambda path: Q(**{f"{path}__name": name}), column, FIELD)


def _where(cluster: Cluster, but: Resource, condition: Callable[[str], Q]) -> list[Resource]:
    """The objects other than `but` for which the condition holds of the column with the reference to a Secret."""
    found: list[Resource] = []
    for kind, model in resource_models().items():
        column = next((field.column for field in model.KIND.fields if field.name == FIELD), "")
        if column:
            rows = rows_of(kind).filter(cluster=cluster, namespace=cluster.namespace, deleting=False)
            rows = rows.filter(condition(column)).order_by("name")
            found += [row for row in rows[: _SHARING + 1] if (row.KIND, row.pk) != (but.KIND, but.pk)]
    return found[:_SHARING]


def leftover(row: Resource) -> Leftover | None:
    """The Secret that nothing would refer to without this object, not even an edit that was refused and may come again.

    bgpui asks for no right to delete it.
    """
    name, namespace = secret_in_force(row), row.cluster.secret_namespace
    if not name or row.namespace != row.cluster.namespace:
        return None
    if _where(row.cluster, row, lambda column: _in_force(column, name) | Q(**{f"{column}__name": name})):
        return None
    known = row.cluster.secret_facts.filter(namespace=namespace, name=name).first()
    if known is not None and known.readable and not known.exists:
        return None
    plain = not subdomain_error(name)
    command = shlex.join(["oc", "delete", "secret", "-n", namespace, name]) if plain else ""
    return Leftover(name, namespace, command)


def looked_at(cluster: Cluster, snapshot: Snapshot, names: Iterable[str], *, fresh: bool = False) -> Snapshot:
    """The snapshot with the first of these Secrets as they are now, unless all is well with what is known of them.

    fresh: even then, for what is known may be old. Without an answer of the cluster the snapshot stays as it is.
    """
    if cluster.error or not is_active(cluster):
        return snapshot
    known = {fact.name: fact for fact in snapshot.secrets if fact.namespace == snapshot.secret_namespace}
    due = (name for name in names if name and not subdomain_error(name) and (fresh or not _is_well(known.get(name))))
    seen = _seen(cluster, list(islice(due, _LOOKED_AT)))
    others = (fact for fact in snapshot.secrets if known.get(fact.name) is not fact or fact.name not in seen)
    return replace(snapshot, secrets=(*others, *seen.values())) if seen else snapshot


def _is_well(fact: SecretFact | None) -> bool:
    return fact is not None and fact == SecretFact(fact.namespace, fact.name)


def _seen(cluster: Cluster, names: Sequence[str]) -> dict[str, SecretFact]:
    """These Secrets as they are now, as far as the cluster answers."""
    if not names:
        return {}
    if settings.BGPUI_SECRETS_BY_WORKER:
        return secrets_asked(cluster, names)
    found: dict[str, SecretFact] = {}
    try:
        for name in names:
            found[name] = fact_of(secret_look(door_of(cluster), cluster, name))
    except KubeError:
        pass
    return found
