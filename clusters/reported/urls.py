"""The addresses of what is reported."""

from __future__ import annotations

from django.urls import path

from clusters.reported import views

urlpatterns = [
    path("status/", views.kinds, name="status"),
    path("status/<slug:plural>/", views.objects, name="status-kind"),
    path("status/<slug:plural>/<slug:cluster>/<str:namespace>/<str:name>/", views.one, name="status-object"),
]
