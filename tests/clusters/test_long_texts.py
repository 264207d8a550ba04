"""Texts of others that are longer than any name: PostgreSQL holds columns to their length."""

from __future__ import annotations

import pytest

from clusters.models import Service
from intent.kinds import KINDS
from tests.clusters.cluster import NAMESPACE, RunningCluster, service
from tests.clusters.conftest import Office

_LONG = "x" * 1500
_SPECS = {
    "BGPPeer": {"myASN": 1, "peerASN": 2, "peerAddress": _LONG, "vrf": "red", "bfdProfile": _LONG, "routerID": _LONG,
                "sourceAddress": _LONG, "passwordSecret": {"name": _LONG}},
    "BGPAdvertisement": {"ipAddressPools": [_LONG], "peers": [_LONG], "communities": [_LONG]},
    "L2Advertisement": {"ipAddressPools": [_LONG], "interfaces": [_LONG]},
    "IPAddressPool": {"addresses": [_LONG], "serviceAllocation": {"namespaces": [_LONG]}},
    "Community": {"communities": [{"name": _LONG, "value": _LONG}]},
}  # fmt: skip


@pytest.mark.parametrize("kind", _SPECS)
def test_an_object_is_followed_whatever_the_length_of_its_texts(
    kube: RunningCluster, office: Office, kind: str
) -> None:
    head = {"apiVersion": KINDS[kind].api_version, "kind": kind, "metadata": {"name": "long", "namespace": NAMESPACE}}
    kube.add(head | {"spec": _SPECS[kind]})
    office.look()
    office.cluster.refresh_from_db()
    assert not office.cluster.error


@pytest.mark.embedded("makes a Service that a real API server refuses")
def test_a_service_is_followed_whatever_the_length_of_its_annotations(kube: RunningCluster, office: Office) -> None:
    kube.kubectl("apply", manifest={"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop"}})
    named = {f"metallb.io/{name}": _LONG for name in ("address-pool", "allow-shared-ip", "loadBalancerIPs")}
    kube.add(service("web", "10.0.0.1", pool=_LONG, annotations=named, loadBalancerClass=_LONG))
    office.look()
    office.cluster.refresh_from_db()
    assert not office.cluster.error
    assert Service.objects.get().name == "web"
