"""Peers and BFD profiles; the pages of peers that show their sessions belong to the dashboard."""

from __future__ import annotations

from clusters.editing.urls import editing_urls
from clusters.resources.urls import resource_urls

urlpatterns = [*editing_urls("BGPPeer", "peer", "peers"), *resource_urls("BFDProfile", "bfd-profile", "bfd-profiles")]
