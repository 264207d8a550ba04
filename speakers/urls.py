"""The page of the speakers."""

from __future__ import annotations

from django.urls import path

from speakers import views

urlpatterns = [path("speakers/", views.speakers, name="speakers")]
