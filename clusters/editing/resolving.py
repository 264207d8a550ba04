"""A conflict settled field by field: what was reviewed, what the edit wants, and what stands, side by side."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_GET

from clusters.editing.drafts import packed
from clusters.editing.views import row_of
from clusters.edits.rebase import refused
from clusters.edits.threeway import three_way
from clusters.kindpages import page_of_kind
from clusters.manifest import plain
from clusters.pages import HttpRequest, render_page


@require_GET
def resource_resolve(request: HttpRequest, kind: str, cluster: str, namespace: str, name: str) -> HttpResponse:
    """The page; what is chosen goes to Review, or into the form to be merged by hand."""
    about = page_of_kind(kind)
    about.require(request, "change")
    row = row_of(kind, cluster, namespace, name)
    sides = three_way(row) if refused(row) else ()
    if not sides:
        messages.info(request, f"There is nothing to resolve for {name}.")
        return redirect(row)
    context = {
        "about": about,
        "row": row,
        "sides": sides,
        "mine": packed(row.manifest),
        "origin": packed(plain(row.base)),
        "revision": row.revision,
        "address": row.get_absolute_url(),
    }
    return render_page(request, "resources/resolve.html", context)
