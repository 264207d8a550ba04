"""The addresses of a kind's pages."""

from __future__ import annotations

from django.urls import URLPattern, path

from clusters.editing.urls import editing_urls
from clusters.resources.detail import resource_detail
from clusters.resources.lists import resource_list


def resource_urls(kind: str, one: str, many: str) -> list[URLPattern]:
    """List, one object, and everything that changes it; one and many as in the kind's `KindPage`."""
    address, extra = f"{many}/<slug:cluster>/<str:namespace>/<str:name>/", {"kind": kind}
    return [
        path(f"{many}/", resource_list, extra, name=many),
        *editing_urls(kind, one, many),
        path(address, resource_detail, extra, name=one),
    ]
