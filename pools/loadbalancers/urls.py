"""The addresses of the pages of Services."""

from __future__ import annotations

from django.urls import path

from pools.loadbalancers import views

urlpatterns = [
    path("services/", views.services, name="services"),
    path("pools/<slug:cluster>/<str:namespace>/<str:name>/addresses/", views.addresses, name="pool-addresses"),
    path("services/<slug:cluster>/<str:namespace>/<str:name>/", views.service, name="service"),
]
