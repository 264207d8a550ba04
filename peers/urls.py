"""Pages about BGPPeers; the page of one peer, which shows its sessions too, belongs to the dashboard."""

from __future__ import annotations

from django.urls import path

from peers.views import editing, lists

_ONE = "peers/<slug:cluster>/<str:namespace>/<str:name>/"

urlpatterns = [
    path("peers/", lists.peers, name="peers"),
    path("peers/new/", editing.peer_new, name="peer-new"),
    path(f"{_ONE}edit/", editing.peer_edit, name="peer-edit"),
    path(f"{_ONE}delete/", editing.peer_delete, name="peer-delete"),
    path(f"{_ONE}discard/", editing.peer_discard, name="peer-discard"),
]
