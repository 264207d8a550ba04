"""Edits of one BGPPeer, one of each sort, for tests of what becomes of them."""

from __future__ import annotations

from peers.models import BGPPeer
from tests.clusters.cluster import RunningCluster, peer
from tests.clusters.conftest import Office

WRITES = {"create": "create", "update": "patch", "delete": "delete"}
"""The verb that carries each of them out."""


def accept(kube: RunningCluster, office: Office, edit: str) -> BGPPeer:
    """An edit of this sort, accepted and not carried out."""
    if edit != "create":
        kube.add(peer())
        office.look()
    if edit == "delete":
        office.delete(office.row())
    else:
        office.save(peer(peerASN=64700))
    return office.row()
