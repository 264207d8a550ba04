"""References as rows: written anew whenever a row of either end is written."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable

from django.db import transaction

from clusters.models import Cluster, Namespace, Reference, Resource, SecretFact
from clusters.references import names_in, states_of
from clusters.registry import resource_models, rows_of
from clusters.sync.upsert import CHUNK, chunks
from intent.findings import ObjectRef
from intent.references import references_of

_LONGEST = {"field": 200, "to_name": 253}  # no object has a longer name
_COMMUNITY = "Community"
Key = tuple[str, str, str, str, str, str]
Targets = dict[str, set[str]]


def references_write(cluster: Cluster, refs: Iterable[ObjectRef]) -> None:
    """Bring the references from these objects up to date, and whether those to them lead somewhere."""
    touched = sorted(set(refs))
    for some in chunks(touched):
        with transaction.atomic():
            _write(cluster, some)


def references_rewrite(cluster: Cluster) -> None:
    """The same for all objects of a cluster, and for those that are not there any more."""
    known = Reference.objects.filter(cluster=cluster).values_list("kind", "namespace", "name").distinct()
    refs = {ObjectRef(*key) for key in known}
    for kind in resource_models():
        rows = rows_of(kind).filter(cluster=cluster).values_list("namespace", "name")
        refs |= {ObjectRef(kind, namespace, name) for namespace, name in rows}
    references_write(cluster, refs)
    references_resolve(cluster, ("Secret", "Namespace"))


def references_resolve(cluster: Cluster, kinds: Collection[str]) -> None:
    """Look anew whether references to these kinds lead somewhere."""
    named = Reference.objects.filter(cluster=cluster, to_kind__in=kinds).values_list("to_kind", "to_name")
    targets: Targets = defaultdict(set)
    for kind, name in named.distinct():
        targets[kind].add(name)
    _resolve(cluster, targets)


def _write(cluster: Cluster, touched: Collection[ObjectRef]) -> None:
    names: dict[str, set[str]] = defaultdict(set)
    for ref in touched:
        names[ref.kind].add(ref.name)
    rows: list[Resource] = []
    known: dict[Key, int] = {}
    for kind, some in names.items():
        rows += rows_of(kind).filter(cluster=cluster, name__in=some)
        held = Reference.objects.filter(cluster=cluster, kind=kind, name__in=some)
        known |= {_key(reference): reference.pk for reference in held if reference.ref in touched}
    wanted = {_key(reference): reference for row in rows if row.ref in touched for reference in _references(row)}
    gone = [pk for key, pk in known.items() if key not in wanted]
    news = [reference for key, reference in wanted.items() if key not in known]
    if gone:
        Reference.objects.filter(pk__in=gone).delete()
    if news:
        Reference.objects.bulk_create(news, batch_size=CHUNK, ignore_conflicts=True)
    targets: Targets = defaultdict(set)
    for reference in news:
        targets[reference.to_kind].add(reference.to_name)
    for ref in touched:
        if ref.kind != _COMMUNITY and ref.namespace == cluster.namespace:
            targets[ref.kind].add(ref.name)
    if _COMMUNITY in names:  # which aliases it had before, nobody knows any more
        aliases = Reference.objects.filter(cluster=cluster, to_kind=_COMMUNITY)
        targets[_COMMUNITY] |= set(aliases.values_list("to_name", flat=True))
    _resolve(cluster, targets)


def _references(row: Resource) -> Iterable[Reference]:
    """Of the object as it shall be, and as it is as long as that is another one."""
    for state in states_of(row):
        for named in references_of(state):
            if len(named.field) <= _LONGEST["field"] and len(named.name) <= _LONGEST["to_name"]:
                yield Reference(
                    cluster_id=row.cluster_id,
                    kind=row.KIND.kind,
                    namespace=row.namespace,
                    name=row.name,
                    field=named.field,
                    to_kind=named.kind,
                    to_name=named.name,
                )


def _key(reference: Reference) -> Key:
    source = reference.kind, reference.namespace, reference.name
    return *source, reference.field, reference.to_kind, reference.to_name


def _resolve(cluster: Cluster, targets: Targets) -> None:
    for kind, names in targets.items():
        for some in chunks(sorted(names)):
            held = Reference.objects.filter(cluster=cluster, to_kind=kind, to_name__in=some)
            told = list(held.values_list("pk", "to_name", "resolved"))
            there = _there(cluster, kind, {name for _, name, _ in told}) if told else {}
            moved: dict[bool | None, list[int]] = defaultdict(list)
            for pk, name, resolved in told:
                if there.get(name) is not resolved:
                    moved[there.get(name)].append(pk)
            for resolved, pks in moved.items():
                Reference.objects.filter(pk__in=pks).update(resolved=resolved)


def _there(cluster: Cluster, kind: str, names: Collection[str]) -> dict[str, bool]:
    """Which of these names the cluster knows; what is not in it, nobody could look at."""
    if kind == "Secret":
        facts = SecretFact.objects.filter(cluster=cluster, namespace=cluster.secret_namespace, readable=True)
        return dict(facts.filter(name__in=names).values_list("name", "exists"))
    if kind == "Namespace":
        found = set(Namespace.objects.filter(cluster=cluster, name__in=names).values_list("name", flat=True))
        return {name: name in found for name in names} if cluster.namespaces.exists() else {}
    if kind not in resource_models():
        return {}
    rows = rows_of(kind).filter(cluster=cluster, namespace=cluster.namespace, live__isnull=False)
    if kind != _COMMUNITY:
        rows = rows.filter(name__in=names)
        found = set(rows.values_list("name", flat=True))
    else:
        found = {name for row in rows for name in names_in(row)}
    return {name: name in found for name in names}
