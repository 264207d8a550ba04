"""The pages of the clusters."""

from __future__ import annotations

from django.urls import path

from clusters import views
from clusters.changesets import views as changesets

urlpatterns = [
    path("clusters/", views.clusters, name="clusters"),
    path("clusters/<slug:name>/", views.cluster, name="cluster"),
    path("changes/sets/", changesets.changeset_list, name="changesets"),
    path("changes/sets/new/", changesets.changeset_new, name="changeset-new"),
    path("changes/sets/<int:pk>/", changesets.changeset_report, name="changeset"),
    path("changes/sets/<int:pk>/give-up/", changesets.changeset_end, name="changeset-give-up"),
]
