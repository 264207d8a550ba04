"""The ways in which others let go of an object that cannot be deleted while they name it."""

from __future__ import annotations

from dataclasses import dataclass

from django.urls import reverse

from clusters.kindpages import page_of_kind
from clusters.models import Resource
from clusters.pages import HttpRequest
from clusters.references import references_to
from clusters.registry import resource_models

_SHOWN = 50


@dataclass(frozen=True, slots=True)
class Release:
    """A link to what makes one object let go of another. label: what it does."""

    name: str
    href: str
    label: str
    way: str


def releases(request: HttpRequest, row: Resource) -> list[Release]:
    """For each object that names this one, as far as the user may change it; one query."""
    found = {(one.kind, one.namespace, one.name): one for one in references_to(row)[:_SHOWN]}
    several = []
    for kind, namespace, name in found:
        if kind not in resource_models():
            continue
        about, place = page_of_kind(kind), [row.cluster.name, namespace, name]
        may = {verb: request.user.has_perm(about.permission(verb)) for verb in ("change", "delete")}
        here, label, way = reverse(about.one, args=place), "", ""
        if row.KIND.kind == "BFDProfile" and all(may.values()):  # without the profile alone BFD would stay on
            label, way = "Disable BFD", f"{reverse(about.recreate, args=place)}?without=bfdProfile"
        elif row.KIND.kind != "BFDProfile" and may["change"]:
            label, way = "Edit", reverse(about.edit, args=place)
        several.append(Release(name, here, label, way))
    return several
