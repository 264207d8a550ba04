"""The page of one object: what is configured, whether the cluster has it, what the rules say, and who changed it."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from django.views.decorators.http import require_GET

from clusters import clock
from clusters.editing.drafts import packed
from clusters.editing.views import row_of
from clusters.editing.yaml_text import manifest_yaml
from clusters.edits.inforce import as_in_force
from clusters.edits.overriding import may_override
from clusters.edits.takeover import ownership_of
from clusters.edits.threeway import three_way
from clusters.kindpages import KindPage, page_of_kind
from clusters.manifest import differences, plain
from clusters.models import Resource, SyncState
from clusters.pages import HttpRequest, render_page
from clusters.resources.history import history
from clusters.resources.spec import entries
from clusters.resources.told import tell_saved
from clusters.resources.uses import used_by, uses
from clusters.sync.ownership import older_writers
from clusters.trials.selectors import trial_of

_SEVERITIES = {"error": 0, "documented": 1, "warning": 2}


@require_GET
def resource_detail(request: HttpRequest, kind: str, cluster: str, namespace: str, name: str) -> HttpResponse:
    """The page, or its live part."""
    about = page_of_kind(kind)
    about.require(request, "view")
    row = row_of(kind, cluster, namespace, name)
    context = resource_context(request, about, row)
    if about.more is not None:
        context |= about.more(context["row"])
    return render_page(request, "resources/detail.html", context, part="live")


def resource_context(request: HttpRequest, about: KindPage, row: Resource) -> dict[str, Any]:
    """What the page of any object shows."""
    tell_saved(request, row)
    unsettled = row.pending or row.sync_state != SyncState.IN_SYNC
    kind = about.kind
    (shown,) = as_in_force([row])
    named = {use.field: use for use in uses(shown)}
    return {
        "about": about,
        "row": shown,
        "beside": shown is not row,
        "may": {verb: request.user.has_perm(about.permission(verb)) for verb in ("change", "delete")}
        | {"take_over": may_override(request.user)},
        "trial": trial_of(row),
        "owned": ownership_of(row),
        "findings": sorted(row.findings, key=lambda found: _SEVERITIES.get(found.get("severity", ""), 3)),
        "entries": entries(kind.fields, shown.spec, about.meanings(row.cluster), named),
        "extra": [(name, value) for name, value in shown.extra.items() if name not in {f.name for f in kind.fields}],
        "used_by": used_by(row),
        "sides": three_way(row) if row.sync_state == SyncState.CONFLICT else (),
        "waiting": differences(kind, row.live, row.wanted) if unsettled else (),
        "ours": packed(row.manifest),
        "origin": packed(plain(row.base)),
        "history": history(row),
        "yaml": manifest_yaml(shown.manifest),
        "older": older_writers(row.live or {}, kind.api_version),
        "oc": f"oc get {kind.plural}.{kind.group} -n {row.namespace} {row.name} -o yaml",
        "now": clock.now(),
    }
