"""Pools, advertisements and communities."""

from __future__ import annotations

from clusters.resources.urls import resource_urls

urlpatterns = [
    *resource_urls("IPAddressPool", "pool", "pools"),
    *resource_urls("BGPAdvertisement", "bgp-advertisement", "bgp-advertisements"),
    *resource_urls("L2Advertisement", "l2-advertisement", "l2-advertisements"),
    *resource_urls("Community", "community", "communities"),
]
