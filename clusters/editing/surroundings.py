"""What a form shows of the cluster that the object is for: names that exist, and what its selectors choose now."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from clusters.editing.drafts import Draft
from clusters.editing.forms import Surroundings
from clusters.editing.shapes import shape_of
from clusters.kindpages import Names
from clusters.models import Cluster
from clusters.registry import resource_models
from clusters.words import counted
from intent.kinds import Field
from intent.modes import Mode
from intent.selectors import any_matches

_NAMED = 6
_OFFERED = 200
Labelled = Sequence[tuple[str, Mapping[str, str]]]


def surroundings_of(draft: Draft) -> Surroundings:
    """Everything about the draft's cluster; nothing without one."""
    cluster, about = draft.cluster, draft.about
    if cluster is None:
        return Surroundings()
    return Surroundings(
        mode=Mode(cluster.mode),
        version=cluster.metallb_version,
        served=frozenset(cluster.served_fields.get(about.kind.kind, ())),
        offers={path: tuple(names(cluster)[: _OFFERED + 1]) for path, names in about.offers.items()},
        suggests={path: tuple(known(cluster)[:_OFFERED]) for path, known in about.suggests.items()},
        previews=dict(_previews(draft, cluster)),
    )


def names_of(kind: str) -> Names:
    """The names of a kind's objects in MetalLB's namespace."""

    def names(cluster: Cluster) -> Sequence[str]:
        rows = resource_models()[kind]._default_manager.filter(  # noqa: SLF001  # Django's public name
            cluster=cluster, namespace=cluster.namespace
        )
        return list(rows.order_by("name").values_list("name", flat=True)[: _OFFERED + 1])

    return names


def _nodes(cluster: Cluster) -> Labelled:
    return list(cluster.nodes.values_list("name", "labels"))


def _pools(cluster: Cluster) -> Labelled:
    model = resource_models().get("IPAddressPool")
    if model is None:
        return []
    rows = model._default_manager.filter(cluster=cluster, namespace=cluster.namespace)  # noqa: SLF001
    return list(rows.order_by("name").values_list("name", "labels"))


def _services(cluster: Cluster) -> Labelled:
    rows = cluster.services.order_by("namespace", "name").values_list("namespace", "name", "labels")
    return [(f"{namespace}/{name}", labels) for namespace, name, labels in rows]


def _namespaces(cluster: Cluster) -> Labelled:
    return list(cluster.namespaces.order_by("name").values_list("name", "labels"))


# By the name of the field: what it chooses, where that is found, and the field beside it that adds some by name.
_CHOSEN: Mapping[str, tuple[str, Callable[[Cluster], Labelled], str]] = {
    "nodeSelectors": ("node", _nodes, ""),
    "preference": ("node", _nodes, ""),
    "ipAddressPoolSelectors": ("pool", _pools, "ipAddressPools"),
    "serviceSelectors": ("service", _services, ""),
    "namespaceSelectors": ("namespace", _namespaces, "namespaces"),
}


def _previews(draft: Draft, cluster: Cluster) -> Iterator[tuple[str, str]]:
    found: dict[str, Labelled] = {}
    for path, field, holder in _selecting(draft.about.kind.fields, draft.manifest["spec"], ""):
        if field.name not in _CHOSEN:
            continue
        if path in draft.texts:  # it cannot be read, so it chooses nothing yet
            yield path, ""
            continue
        word, read, beside = _CHOSEN[field.name]
        if word not in found:
            found[word] = read(cluster)
        value = holder.get(field.name)
        yield path, selected([value] if field.type == "object" else value, found[word], word, holder.get(beside))


def _selecting(fields: Sequence[Field], holder: Any, path: str) -> Iterator[tuple[str, Field, Mapping[str, Any]]]:
    """The fields that hold selectors, with their paths and the objects that they are in."""
    held = holder if isinstance(holder, Mapping) else {}
    for field in fields:
        shape, value, at = shape_of(field), held.get(field.name), f"{path}{field.name}"
        if shape in {"selectors", "selector"}:
            yield at, field, held
        elif shape == "parts":
            yield from _selecting(field.properties, value, f"{at}.")
        elif shape == "rows" and field.items is not None and isinstance(value, list):
            for index, item in enumerate(value):
                yield from _selecting(field.items.properties, item, f"{at}[{index}].")


def selected(selectors: Any, labelled: Labelled, word: str, names: Any = None) -> str:
    """What selectors choose, and names besides, in words: "Selects 2 of 6 nodes: a, b." """
    by_name = {name for name in names if isinstance(name, str)} if isinstance(names, list) else set()
    found = any_matches if selectors or not by_name else lambda _selectors, _labels: False
    chosen = [name for name, labels in labelled if name in by_name or found(selectors, labels)]
    some = 0 < len(chosen) < len(labelled)
    named = ", ".join(chosen[:_NAMED]) + (" …" if len(chosen) > _NAMED else "")
    return f"Selects {len(chosen):,} of {counted(len(labelled), word)}" + (f": {named}" if some else "") + "."
