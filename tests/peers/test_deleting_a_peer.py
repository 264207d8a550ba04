"""The page that deletes a peer."""

from __future__ import annotations

from django.test import Client
from django.urls import reverse

from clusters.models import Cluster
from tests.api.manifests import NAMESPACE, row_of


def test_one_of_several_peers_that_clash_can_be_deleted(editor: Client, cluster: Cluster) -> None:
    for number in (1, 2, 3):
        row = row_of(cluster, f"tor-{number}", router_id=f"10.0.0.{number}", peer_address=f"192.0.2.{number}")
        row.live = row.manifest | {"metadata": {"name": row.name, "namespace": NAMESPACE, "uid": row.uid}}
        row.live["metadata"]["resourceVersion"] = "1"
        row.save()
    page = editor.get(reverse("peer-delete", args=["lab", NAMESPACE, "tor-1"]))
    assert (page.context["findings"], page.context["blocked"]) == ((), False)
