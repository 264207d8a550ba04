"""The addresses where a kind is changed."""

from __future__ import annotations

from django.urls import URLPattern, path

from clusters.editing import deletion, recreating, resolving, takeover, views


def editing_urls(kind: str, one: str, many: str) -> list[URLPattern]:
    """New, edit, delete, recreate, resolve and discard; one and many as in the kind's `KindPage`."""
    address, extra = f"{many}/<slug:cluster>/<str:namespace>/<str:name>/", {"kind": kind}
    return [
        path(f"{many}/new/", views.resource_new, extra, name=f"{one}-new"),
        path(f"{address}edit/", views.resource_edit, extra, name=f"{one}-edit"),
        path(f"{address}delete/", deletion.resource_delete, extra, name=f"{one}-delete"),
        path(f"{address}recreate/", recreating.resource_recreate, extra, name=f"{one}-recreate"),
        path(f"{address}resolve/", resolving.resource_resolve, extra, name=f"{one}-resolve"),
        path(f"{address}take-over/", takeover.resource_take_over, extra, name=f"{one}-take-over"),
        path(f"{address}discard/", deletion.resource_discard, extra, name=f"{one}-discard"),
    ]
