"""Everything that changes a BGPPeer; list and page of a peer show its sessions too and belong to the dashboard."""

from __future__ import annotations

from django.urls import path

from peers.views import editing

_ONE = "peers/<slug:cluster>/<str:namespace>/<str:name>/"

urlpatterns = [
    path("peers/new/", editing.peer_new, name="peer-new"),
    path(f"{_ONE}edit/", editing.peer_edit, name="peer-edit"),
    path(f"{_ONE}delete/", editing.peer_delete, name="peer-delete"),
    path(f"{_ONE}discard/", editing.peer_discard, name="peer-discard"),
]
