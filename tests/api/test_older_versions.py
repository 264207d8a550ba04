"""A BGPPeer that others write in v1beta1 into a cluster, and its way to v1beta2 with the first edit here."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from rest_framework.test import APIClient

from clusters.models import Cluster
from clusters.sync.relist import relist
from tests.api.conftest import Kube
from tests.api.manifests import NAMESPACE, manifest

PEER = f"/api/v1/bgppeers/lab/{NAMESPACE}/peer/"


@pytest.mark.embedded("needs MetalLB's conversion webhook")
def test_timers_that_the_conversion_gave_are_told_and_go_with_an_edit(
    api: APIClient, live_cluster: Cluster, kube: Kube, work: Callable[[], None]
) -> None:
    """MetalLB gives 0s to timers that v1beta1 does not set (api/v1beta1/bgppeer_conversion.go).

    Nobody owns what a conversion sets, so that an apply that leaves it out would leave it alone.
    """
    older = {**manifest(), "apiVersion": "metallb.io/v1beta1"}
    kube.call(kube.server.store.apply, older, "kubectl")
    relist(live_cluster)
    found = api.get(PEER).json()
    assert {found["spec"][name] for name in ("holdTime", "keepaliveTime")} == {"0s"}
    assert found["olderWriters"] == [{"manager": "kubectl", "apiVersion": "metallb.io/v1beta1"}]
    answer = api.put(PEER, manifest())
    assert answer.status_code == 202
    work()
    assert not {"holdTime", "keepaliveTime"} & kube.get("bgppeers", "peer")["spec"].keys()
    found = api.get(PEER).json()
    assert (found["sync"]["state"], found["olderWriters"]) == ("in_sync", [])
