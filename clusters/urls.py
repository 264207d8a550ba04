"""The pages of the clusters."""

from __future__ import annotations

from django.urls import path

from clusters import views

urlpatterns = [
    path("clusters/", views.clusters, name="clusters"),
    path("clusters/<slug:name>/", views.cluster, name="cluster"),
]
