"""Pages for YAML in and out: import of pasted text or files, and export of a selection."""

from __future__ import annotations

import re
from typing import Any

from django.contrib.auth.decorators import permission_required
from django.http import HttpResponse
from django.views.decorators.http import require_GET, require_http_methods

from clusters.api.exports import FORMATS, download, selection_of
from clusters.api.imports import judged
from clusters.api.problems import BadParameter
from clusters.changesets.drafts import packed
from clusters.changesets.imports import LARGEST, Imported, TooMuchError, read_import
from clusters.changesets.rights import rights_check
from clusters.models import Cluster
from clusters.pages import HttpRequest, render_page
from clusters.registry import resource_models
from clusters.selectors import clusters_active
from intent.rules import DOCUMENTED

_PASSWORD = re.compile(r"(?i)password(?!secret)")
_SKIPPED = 20  # documents of which Review says again that they are left out
_PAGE_LIMIT = 2 * 1024 * 1024  # bytes of the edits that a page carries to Review


def _cluster(name: str | None) -> Cluster | None:
    active = list(clusters_active())
    return next((one for one in active if one.name == name), active[0] if len(active) == 1 else None)


@require_http_methods(["GET", "POST"])
@permission_required("clusters.add_changeset", raise_exception=True)
def yaml_import(request: HttpRequest) -> HttpResponse:
    """Paste or upload manifests, and see what each document would be; Review is the next page."""
    if request.method != "POST":
        return _page(request, _cluster(request.GET.get("cluster")))
    cluster = _cluster(request.POST.get("cluster"))
    if cluster is None:
        return _page(request, None, trouble="Choose the cluster.", status=422)
    files = [(str(file.name)[:200], file) for file in request.FILES.getlist("files")]
    text = request.POST.get("text", "")
    if sum(file.size or 0 for _, file in files) > LARGEST:
        trouble = f"The files have more than {LARGEST:,} bytes together; import them in parts."
        return _page(request, cluster, trouble=trouble, status=413)
    raw = [(name, file.read()) for name, file in files] + ([("", text.encode())] if text.strip() else [])
    try:
        documents = read_import(raw, cluster, user=request.user)
    except TooMuchError as error:
        return _page(request, cluster, trouble=str(error), status=413)
    if not documents:
        return _page(request, cluster, trouble="There is no document in it: paste some, or choose files.", status=422)
    return _judged(request, cluster, documents, text)


def _judged(request: HttpRequest, cluster: Cluster, documents: list[Imported], text: str) -> HttpResponse:
    wanted = [one.wanted for one in documents if one.wanted is not None]
    rights_check(request.user, cluster, wanted)
    told = judged(documents, cluster, sorted(DOCUMENTED))  # they are acknowledged at Review
    invalid = any(one["status"] == "invalid" for one in told)
    edits, trouble = "", ""
    if not invalid and wanted:
        edits = packed(wanted)
        if len(edits.encode()) > _PAGE_LIMIT:
            edits, trouble = "", "This is too much for one page: import it in parts, or send it to the REST API."
    shown = "" if _PASSWORD.search(text) or any(one.kind == "Secret" for one in documents) else text
    more = {
        "documents": told,
        "invalid": sum(one["status"] == "invalid" for one in told),
        "unread": sum(fault["code"] == "unreadable" for one in documents for fault in one.faults),
        "skipped": [f"{one.kind} {one.name} ({one.where}) {one.note}." for one in documents if one.note][:_SKIPPED],
        "edits": edits,
        "text": shown if invalid else "",
        "trouble": trouble,
    }
    return _page(request, cluster, status=422 if invalid else 413 if trouble else 200, **more)


def _page(request: HttpRequest, cluster: Cluster | None, *, status: int = 200, **more: Any) -> HttpResponse:
    context = {"cluster": cluster, "active": list(clusters_active()), "kinds": list(resource_models()), **more}
    return render_page(request, "changesets/import.html", context, status=status)


@require_GET
@permission_required("clusters.view_cluster", raise_exception=True)
def yaml_export(request: HttpRequest) -> HttpResponse:
    """Choose what to export, and in which form; with `format` the file."""
    cluster, trouble = _cluster(request.GET.get("cluster")), ""
    query = request.GET.copy()
    query.setlist("name", query.get("name", "").replace(",", " ").split())
    form = query.get("format", "")
    if form in FORMATS and cluster is not None:
        try:
            return download(selection_of(query, cluster, request.user), form)
        except BadParameter as error:
            trouble = error.text
    context = {
        "cluster": cluster,
        "active": list(clusters_active()),
        "kinds": [(kind, kind in query.getlist("kind") or not query.getlist("kind")) for kind in resource_models()],
        "trouble": trouble or ("Choose the cluster." if form and cluster is None else ""),
        "wanted": {"name": request.GET.get("name", ""), "labels": request.GET.get("labels", "")},
    }
    return render_page(request, "changesets/export.html", context, status=422 if trouble else 200)
