"""All URLs: pages by room, the REST API under /api/v1/, probes."""

from __future__ import annotations

from django.urls import include, path

from bgpui import metrics, probes

handler400 = "bgpui.pages.bad_request"
handler404 = "bgpui.pages.not_found"

urlpatterns = [
    path("", include("bgpui.pages")),
    path("", include("bgpui.userpages")),
    path("", include("dashboard.urls")),
    path("", include("peers.urls")),
    path("", include("pools.urls")),
    path("", include("pools.loadbalancers.urls")),
    path("", include("speakers.urls")),
    path("", include("alarms.urls")),
    path("", include("clusters.urls")),
    path("", include("clusters.reported.urls")),
    path("api/", include("bgpui.api.urls")),
    path("healthz", probes.healthz, name="healthz"),
    path("readyz", probes.readyz, name="readyz"),
    path("metrics", metrics.metrics, name="metrics"),
]
