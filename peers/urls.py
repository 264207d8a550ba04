"""Everything that changes peers and BFD profiles; what shows sessions, too, belongs to the dashboard."""

from __future__ import annotations

from clusters.editing.urls import editing_urls

urlpatterns = [*editing_urls("BGPPeer", "peer", "peers")]
