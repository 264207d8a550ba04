"""The pages of the clusters: connection, mode, versions, and what the service account may do."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.conf import settings
from django.contrib.auth.decorators import permission_required
from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.views.decorators.http import require_GET

from clusters import clock
from clusters.connecting.sealing import is_current
from clusters.kube.permissions import Permission, missing_as_yaml
from clusters.models import Cluster
from clusters.pages import HttpRequest, render_page
from clusters.registry import resource_models, rows_of
from clusters.selectors import as_numbers_of, clusters_known, is_active, nodes_of
from clusters.stale import Refusal, refusals
from clusters.watched import watching
from clusters.watching.term import watcher
from intent.notices import notices
from intent.snapshot import Mode

_AWAY_AFTER = 6  # intervals of reading the cluster without success


def connection_state(cluster: Cluster) -> str:
    """off, live, stale (nothing for a while) or never."""
    if not is_active(cluster):
        return "off"
    if cluster.connected_at is None:
        return "never"
    age = (clock.now() - cluster.connected_at).total_seconds()
    return "stale" if age > _AWAY_AFTER * settings.BGPUI_RELIST_INTERVAL or cluster.error else "live"


@require_GET
@permission_required("clusters.view_cluster", raise_exception=True)
def clusters(request: HttpRequest) -> HttpResponse:
    """All clusters with their connections."""
    refused = refusals()
    rows = [
        (row, connection_state(row), _keeping_old(refused, row), watching(row))
        for row in clusters_known().select_related("baseline")
    ]
    return render_page(request, "clusters/clusters.html", {"rows": rows, "watcher": watcher()}, part="table")


def _keeping_old(refused: Iterable[Refusal], row: Cluster) -> int:
    """How many nodes of a cluster keep their old configuration."""
    return len({node for why in refused if why.cluster_id == row.pk for node in why.finding.nodes})


def _by_purpose(permissions: list[dict[str, Any]]) -> list[tuple[dict[str, Any], str]]:
    """What serves one purpose, and is allowed or not, is one row with all its verbs."""
    verbs: dict[tuple[Any, ...], list[str]] = {}
    first: dict[tuple[Any, ...], dict[str, Any]] = {}
    for permission in permissions:
        key = tuple(value for name, value in sorted(permission.items()) if name != "verb")
        verbs.setdefault(key, []).append(permission["verb"])
        first.setdefault(key, permission)
    return [(first[key], ", ".join(found)) for key, found in verbs.items()]


@require_GET
@permission_required("clusters.view_cluster", raise_exception=True)
def cluster(request: HttpRequest, name: str) -> HttpResponse:
    """One cluster: what was learnt of it, what is missing, and the Role that would allow it."""
    row = get_object_or_404(clusters_known().select_related("credential"), name=name)
    missing = [
        permission for permission in row.permissions if not (permission.get("allowed") or permission.get("optional"))
    ]
    refused, nodes = refusals(row), nodes_of(row)
    context = {
        "cluster": row,
        "state": connection_state(row),
        "watching": (streams := watching(row)),
        "watcher": watcher(),
        "missing_streams": [each for each in row.streams if not each["live"]] if streams in ("live", "partly") else [],
        "refused": refused,
        "old": _keeping_old(refused, row),
        "missing": missing,
        "active": is_active(row),
        "credential": (credential := getattr(row, "credential", None)),
        "expired": credential is not None and (credential.expires_at or clock.now()) < clock.now(),
        "old_key": credential is not None and not is_current(credential.sealed),
        "permissions": _by_purpose(row.permissions),
        "role_yaml": missing_as_yaml([Permission(**permission) for permission in missing], row.identity),
        "counts": [(kind, rows_of(kind).filter(cluster=row).count()) for kind in resource_models()],
        "node_count": len(nodes),
        "notices": notices(Mode(row.mode), row.metallb_version, nodes, as_numbers_of(row)),
        "ways": Cluster.Observe.choices,
        "by_settings": dict(Cluster.Observe.choices)[settings.BGPUI_OBSERVE],
    }
    return render_page(request, "clusters/cluster.html", context, part="connection")
