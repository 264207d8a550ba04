"""What the frame of every page needs, each part computed only when a template asks for it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest
from django.urls import reverse
from django.utils.functional import SimpleLazyObject

from clusters.models import Cluster

THEMES = (("auto", "as the system"), ("light", "light"), ("dark", "dark"))
# Name of the first page, its label, the permission it needs, and the pages that count as below it.
_NAVIGATION = (
    ("home", "Sessions", "speakers.view_session", ("session",)),
    (
        "peers",
        "Peers",
        "peers.view_bgppeer",
        ("peer", "peer-new", "peer-edit", "peer-review", "peer-delete", "peer-yaml"),
    ),
    ("speakers", "Speakers", "speakers.view_speaker", ()),
    ("clusters", "Clusters", "clusters.view_cluster", ("cluster",)),
)


@dataclass(frozen=True, slots=True)
class Entry:
    """An entry of the main navigation."""

    label: str
    href: str
    current: bool


def theme_of(request: HttpRequest) -> str:
    """The theme that the cookie asks for: light, dark, or "" = as the system."""
    theme = request.COOKIES.get("theme", "")
    return theme if theme in {"light", "dark"} else ""


def chrome(request: HttpRequest) -> dict[str, Any]:
    """Context of base.html: theme, navigation, clusters, the selected one, the user's role."""
    clusters = Cluster.objects.all() if request.user.is_authenticated else Cluster.objects.none()

    def selected() -> Cluster | None:
        wanted = request.GET.get("cluster", "")
        found = [one for one in clusters if one.name == wanted] or (list(clusters) if len(clusters) == 1 else [])
        return found[0] if found else None

    def role() -> str:
        return ", ".join(group.name for group in request.user.groups.all()) or "no role"

    return {
        "theme": theme_of(request),
        "themes": THEMES,
        "clusters": clusters,
        "cluster": SimpleLazyObject(selected),
        "role": SimpleLazyObject(role) if request.user.is_authenticated else "",
        "navigation": SimpleLazyObject(lambda: _navigation(request)),
    }


def _navigation(request: HttpRequest) -> list[Entry]:
    here = request.resolver_match.url_name if request.resolver_match else ""
    return [
        Entry(label, reverse(name), here == name or here in below)
        for name, label, permission, below in _NAVIGATION
        if request.user.has_perm(permission)
    ]
