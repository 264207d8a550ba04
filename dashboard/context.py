"""What the frame of every page needs, each part computed only when a template asks for it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any
from urllib.parse import urlencode

from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.functional import SimpleLazyObject

from alarms.selectors import firing_count, sweeps_stopped
from clusters.kindpages import page_of_kind
from clusters.models import Cluster, Trial
from clusters.selectors import clusters_known
from clusters.trials.selectors import under_way, with_trials

_TRIALS = 5  # on every page
THEMES = (("auto", "as the system"), ("light", "light"), ("dark", "dark"))


_CLUSTERS = ("cluster", "baseline", "cluster-new", "cluster-credentials", "cluster-remove")


@dataclass(frozen=True, slots=True)
class Place:
    """A page of the navigation: its name, label, the permission that it needs, and the pages that count as below it."""

    name: str
    label: str
    permission: str
    below: tuple[str, ...] = ()


def _kind(label: str, kind: str, *more: str) -> Place:
    about = page_of_kind(kind)
    below: tuple[str, ...] = (
        about.one,
        about.new,
        about.edit,
        about.delete,
        about.discard,
        about.recreate,
        about.resolve,
        about.take_over,
    )
    below += more
    return Place(about.many, label, about.permission("view"), below)


_ALARMS = (
    Place("alarms", "Alarms", "alarms.view_alarm", ("alarm",)),
    Place("alarm-rules", "Rules", "alarms.view_rule", ("alarm-rule", "alarm-rule-new", "inhibition", "inhibition-new")),
    Place("alarm-routes", "Routes", "alarms.view_route", ("alarm-route", "alarm-route-new")),
    Place("notices", "Notices", "alarms.view_notice"),
    Place(
        "silences",
        "Silences",
        "alarms.view_silence",
        ("silence", "silence-new", "maintenance-window", "maintenance-window-new"),
    ),
)

_SESSIONS = (
    Place("home", "Sessions", "speakers.view_session", ("session",)),
    Place("topology", "Topology", "speakers.view_session"),
    Place("routes", "Routes", "speakers.view_session"),
    Place("timeline", "Timeline", "speakers.view_session"),
    Place("wall", "Wall", "speakers.view_session"),
)


def _places() -> tuple[tuple[str, tuple[Place, ...]], ...]:
    """The main navigation: each entry a label and its pages, which are named beneath if there are several."""
    return (
        ("Sessions", _SESSIONS),
        ("Alarms", _ALARMS),
        ("Peers", (_kind("Peers", "BGPPeer", "peer-password"), _kind("BFD profiles", "BFDProfile"))),
        ("Pools", (_kind("Pools", "IPAddressPool", "pool-addresses"),)),
        (
            "Advertisements",
            (_kind("BGP", "BGPAdvertisement"), _kind("L2", "L2Advertisement"), _kind("Communities", "Community")),
        ),
        ("Guided", (Place("guides", "Guided", "clusters.add_changeset", ("guide", "guided-checks")),)),
        ("Services", (Place("services", "Services", "clusters.view_service", ("service",)),)),
        (
            "Changes",
            (
                Place("changes", "History", "clusters.view_change", ("change", "changes-revert", "change-revert")),
                Place("changesets", "Change sets", "clusters.view_changeset", ("changeset", "changeset-new")),
                Place("import", "Import", "clusters.add_changeset"),
                Place("export", "Export", "clusters.view_cluster"),
            ),
        ),
        (
            "Speakers",
            (
                Place("speakers", "Speakers", "speakers.view_speaker"),
                Place("nodes", "Nodes", "clusters.view_node", ("node", "drain")),
                Place("status", "Reported", "clusters.view_statusobject", ("status-kind", "status-object")),
            ),
        ),
        ("Clusters", (Place("clusters", "Clusters", "clusters.view_cluster", _CLUSTERS),)),
    )


@dataclass(frozen=True, slots=True)
class Entry:
    """An entry of the navigation; beneath: the pages of a group, () if it is only one; count: of alarms that fire."""

    label: str
    href: str
    current: bool
    beneath: tuple[Entry, ...] = ()
    count: int | None = None


def theme_of(request: HttpRequest) -> str:
    """The theme that the cookie asks for: light, dark, or "" = as the system."""
    theme = request.COOKIES.get("theme", "")
    return theme if theme in {"light", "dark"} else ""


def chrome(request: HttpRequest) -> dict[str, Any]:
    """Context of base.html: theme, navigation, clusters, the selected one, trials under way, role, alarms that fire."""
    clusters: QuerySet[Any] = with_trials(clusters_known()) if request.user.is_authenticated else Cluster.objects.none()

    def selected() -> Cluster | None:
        return chosen() or (clusters[0] if len(clusters) == 1 else None)

    def chosen() -> Cluster | None:
        wanted = _cluster_named(request)
        return next((one for one in clusters if one.name == wanted), None) if wanted else None

    def navigation() -> list[Entry]:
        cluster = chosen() if len(clusters) > 1 else None
        return _navigation(request, urlencode({"cluster": cluster.name}) if cluster is not None else "", firing)

    def role() -> str:
        return ", ".join(group.name for group in request.user.groups.all()) or "no role"

    @cache
    def firing() -> int:
        return firing_count() if request.user.has_perm("alarms.view_alarm") else 0

    def trials() -> list[Trial]:
        return list(under_way()[:_TRIALS]) if any(one.on_trial for one in clusters) else []

    return {
        "theme": theme_of(request),
        "themes": THEMES,
        "clusters": clusters,
        "cluster": SimpleLazyObject(selected),
        "role": SimpleLazyObject(role) if request.user.is_authenticated else "",
        "navigation": SimpleLazyObject(navigation),
        "stopped": SimpleLazyObject(sweeps_stopped),
        "firing": firing,
        "trials": SimpleLazyObject(trials),
        "here": request.get_full_path() if request.method == "GET" else "",
        "list_here": SimpleLazyObject(lambda: _list_here(request)),
    }


def _cluster_named(request: HttpRequest) -> str:
    """The cluster that the address names: as a filter, or as the place of an object; "" = none."""
    inside = request.resolver_match.kwargs if request.resolver_match else {}
    return str(request.GET.get("cluster") or inside.get("cluster") or "")


def _list_here(request: HttpRequest) -> str:
    """The page of the navigation that this one counts as, so that another cluster is looked at in the same way."""
    here = request.resolver_match.url_name if request.resolver_match else ""
    places = (place for _, some in _places() for place in some)
    return reverse(next((place.name for place in places if here == place.name or here in place.below), "home"))


def _navigation(request: HttpRequest, query: str, firing: Callable[[], int]) -> list[Entry]:
    """query: of each page, so that a chosen cluster stays chosen; "" = none. firing: how many alarms do."""
    here = request.resolver_match.url_name if request.resolver_match else ""
    found = []
    for label, places in _places():
        allowed = [place for place in places if request.user.has_perm(place.permission)]
        tail = f"?{query}" if query else ""
        pages = [Entry(one.label, reverse(one.name) + tail, here == one.name or here in one.below) for one in allowed]
        if pages:
            current = any(page.current for page in pages)
            count = firing() if places is _ALARMS else None
            found.append(Entry(label, pages[0].href, current, tuple(pages) if len(pages) > 1 else (), count))
    return found
