"""Manifests and rows that the tests start from."""

from __future__ import annotations

from typing import Any

from rest_framework.test import APIClient

from clusters.models import Cluster, SyncState
from peers.models import BGPPeer

NAMESPACE = "metallb-system"
LIST = "/api/v1/bgppeers/"


def url(name: str = "peer", cluster: str = "lab") -> str:
    """Address of a BGPPeer."""
    return f"{LIST}{cluster}/{NAMESPACE}/{name}/"


def manifest(name: str = "peer", **spec: Any) -> dict[str, Any]:
    """A BGPPeer that no rule objects to."""
    return {
        "apiVersion": "metallb.io/v1beta2",
        "kind": "BGPPeer",
        "metadata": {"name": name, "namespace": NAMESPACE},
        "spec": {"myASN": 64500, "peerASN": 64501, "peerAddress": "192.0.2.1", **spec},
    }


def send(api: APIClient, method: str, path: str, raw: Any, media_type: str = "application/json") -> Any:
    """A request with these very bytes as body."""
    return api.generic(method.upper(), path, raw, content_type=media_type)


def row_of(cluster: Cluster, name: str = "peer", **columns: Any) -> BGPPeer:
    """A BGPPeer's row, in sync."""
    given = manifest(name)
    row = BGPPeer(
        cluster=cluster,
        namespace=NAMESPACE,
        name=name,
        uid=f"uid-{name}",
        resource_version="1",
        live=given,
        sync_state=SyncState.IN_SYNC,
    )
    row.spec = given["spec"]
    for column, value in columns.items():
        setattr(row, column, value)
    row.save()
    return row
