"""Deleting an object and making it anew, reviewed first as one change."""

from __future__ import annotations

from django.http import HttpResponse
from django.views.decorators.http import require_GET

from clusters.changesets.pages import set_review
from clusters.changesets.recreation import recreation
from clusters.editing.views import row_of
from clusters.kindpages import page_of_kind
from clusters.pages import HttpRequest


@require_GET
def resource_recreate(request: HttpRequest, kind: str, cluster: str, namespace: str, name: str) -> HttpResponse:
    """Review of the recreation as the object stands, without the field that `?without=` names."""
    about = page_of_kind(kind)
    about.require(request, "change")
    row = row_of(kind, cluster, namespace, name)
    without = request.GET.get("without")
    spec = {field: value for field, value in row.spec.items() if field != without}
    return set_review(request, recreation(row.cluster, row, {**row.manifest, "spec": spec}))
