"""One BGPPeer: what is configured, whether the cluster has it, its sessions, and who changed it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.contrib.auth.decorators import permission_required
from django.db.models import QuerySet
from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.views.decorators.http import require_GET

from clusters.editing.drafts import packed
from clusters.editing.selector_text import write_selectors
from clusters.editing.yaml_text import manifest_yaml
from clusters.manifest import FieldDiff, differences
from clusters.models import Change, SyncState
from clusters.pages import HttpRequest, page_of, render_page
from dashboard.facts import text_of
from dashboard.tallies import Tally, tallies
from peers.models import BGPPeer
from speakers.selectors import sessions

_CHANGES = 20
_SEVERITIES = {"error": 0, "documented": 1, "warning": 2}


@dataclass(frozen=True, slots=True)
class Clash:
    """A field in a conflict: as it was reviewed, as we want it, as it is now."""

    path: str
    base: Any
    ours: Any
    theirs: Any


@dataclass(frozen=True, slots=True)
class Event:
    """A change in the history, its differences with it."""

    change: Change
    diff: tuple[FieldDiff, ...]


def clashes(row: BGPPeer) -> list[Clash]:
    """The three-way view of a conflict: every field that we or they changed since it was reviewed."""
    ours = {diff.path: diff for diff in differences(row.KIND, row.base, row.manifest)}
    theirs = {diff.path: diff for diff in differences(row.KIND, row.base, row.live)}
    found = []
    for path in [*ours, *(path for path in theirs if path not in ours)]:
        before = (ours.get(path) or theirs[path]).before
        found.append(Clash(path, before, *(side[path].after if path in side else before for side in (ours, theirs))))
    return found


def history(row: BGPPeer) -> list[Event]:
    """The newest changes, by us and by others."""
    rows = Change.objects.filter(
        cluster_id=row.cluster_id, kind=row.KIND.kind, namespace=row.namespace, name=row.name
    ).select_related("actor")
    return [Event(change, differences(row.KIND, change.before, change.after)) for change in rows[:_CHANGES]]


@require_GET
@permission_required("peers.view_bgppeer", raise_exception=True)
def peer(request: HttpRequest, cluster: str, namespace: str, name: str) -> HttpResponse:
    """The page, or its live part."""
    rows = BGPPeer.objects.select_related("cluster")
    row = get_object_or_404(rows, cluster__name=cluster, namespace=namespace, name=name)
    own: QuerySet[Any] = sessions(cluster=row.cluster).filter(peer=name).order_by("severity", "node", "vrf")
    (tally,) = tallies([row])
    unsettled = row.pending or row.sync_state != SyncState.IN_SYNC
    context = {
        "peer": row,
        "tally": tally,
        "page": page_of(request, own),
        "findings": sorted(row.findings, key=lambda found: _SEVERITIES.get(found.get("severity", ""), 3)),
        "fields": [
            (field, _shown(field.name, row.spec[field.name])) for field in row.KIND.fields if field.name in row.spec
        ],
        "extra": list(row.extra.items()),
        "clashes": clashes(row) if row.sync_state == SyncState.CONFLICT else [],
        "waiting": differences(row.KIND, row.live, None if row.deleting else row.manifest) if unsettled else (),
        "ours": packed(row.manifest),
        "history": history(row),
        "yaml": manifest_yaml(row.manifest),
        "oc": f"oc get bgppeers.metallb.io -n {row.namespace} {row.name} -o yaml",
        "now": timezone.now(),
        "ticket": _ticket(row, tally),
    }
    return render_page(request, "dashboard/peer.html", context, part="live")


def _shown(name: str, value: Any) -> Any:
    return (write_selectors(value) or value) if name == "nodeSelectors" else value


def _ticket(row: BGPPeer, tally: Tally) -> str:
    spec = row.spec
    router, asn = spec.get("peerAddress") or spec.get("interface"), spec.get("peerASN") or spec.get("dynamicASN")
    lines = [
        f"BGPPeer {row.namespace}/{row.name}, cluster {row.cluster.name}",
        f"router {router}, AS {asn}, own AS {spec.get('myASN')}, VRF {spec.get('vrf') or 'default'}",
        f"sessions: {tally.up} of {tally.intended} up" + (f", {tally.rest}" if tally.rest else ""),
        f"config: {row.get_sync_state_display()}",
        row.sync_message,
    ]
    return text_of(lines)
