"""Peers and BFD profiles; the page of a peer with its sessions belongs to the dashboard."""

from __future__ import annotations

from django.urls import path

from clusters.editing.urls import editing_urls
from clusters.resources.lists import resource_list
from clusters.resources.urls import resource_urls

urlpatterns = [
    path("peers/", resource_list, {"kind": "BGPPeer"}, name="peers"),
    *editing_urls("BGPPeer", "peer", "peers"),
    *resource_urls("BFDProfile", "bfd-profile", "bfd-profiles"),
]
