"""The filters of the list of BGPPeers."""

from __future__ import annotations

from django.test import Client
from django.urls import reverse

from clusters.models import Cluster
from tests.api.manifests import row_of


def test_an_empty_vrf_is_the_default_one(editor: Client, cluster: Cluster) -> None:
    for name, vrf in (("unset", None), ("empty", ""), ("red", "red")):
        row_of(cluster, name, vrf=vrf)
    page = editor.get(reverse("peers"), {"vrf": "default"})
    assert [row.name for row in page.context["page"]] == ["empty", "unset"]
