"""BGPPeers between v1beta1 and v1beta2, as MetalLB's webhook converts them.

Source: MetalLB v0.16.2, api/v1beta1/bgppeer_conversion.go and the JSON tags of both types. What is expected here is
what these functions and encoding/json print, with the defaults of the schema.
"""

from __future__ import annotations

from typing import Any

import pytest

from lab.crds import crds
from tests.lab.apiserver.conftest import NAMESPACE, RunningServer

PEERS = f"/apis/metallb.io/v1beta2/namespaces/{NAMESPACE}/bgppeers"
OLDER = PEERS.replace("v1beta2", "v1beta1")
PEER: dict[str, Any] = {"myASN": 64512, "peerASN": 64513, "peerAddress": "192.0.2.1"}
UNSET = {"holdTime": "0s", "keepaliveTime": "0s"}
DEFAULTS = {"peerPort": 179, "disableMP": False, "dualStackAddressFamily": False}
EXISTS = {"key": "k", "operator": "Exists"}
SELECTORS: list[dict[str, Any]] = [
    {},
    {"matchLabels": {"a": "b"}},
    {"matchExpressions": [{**EXISTS, "values": ["x"]}]},
]


@pytest.fixture
def metallb(api: RunningServer) -> RunningServer:
    if api.call(api.server.store.get, "customresourcedefinitions", "", "bgppeers.metallb.io") is None:
        for crd in crds():
            api.call(api.server.store.add, crd)
    api.request("DELETE", PEERS)
    return api


def body(**spec: Any) -> dict[str, Any]:
    return {"metadata": {"name": "p1"}, "spec": spec}


@pytest.mark.parametrize(
    ("older", "stored"),
    [
        (PEER, {**PEER, **UNSET}),
        ({**PEER, "holdTime": "90s"}, {**PEER, "holdTime": "1m30s", "keepaliveTime": "0s"}),
        (
            {**PEER, "holdTime": "1h", "keepaliveTime": "1500ms"},
            {**PEER, "holdTime": "1h0m0s", "keepaliveTime": "1.5s"},
        ),
        ({**PEER, "ebgpMultiHop": False, "routerID": "", "nodeSelectors": [], "peerPort": 0}, {**PEER, **UNSET}),
        ({**PEER, "peerASN": 0, "peerAddress": ""}, {"myASN": 64512, **UNSET}),
        ({**PEER, "nodeSelectors": SELECTORS}, {**PEER, **UNSET, "nodeSelectors": SELECTORS}),
    ],
    ids=("no timers", "one timer", "as Go prints it", "zero values", "nothing required is left", "selectors"),
)
def test_what_is_written_in_the_older_version(
    metallb: RunningServer, older: dict[str, Any], stored: dict[str, Any]
) -> None:
    made = metallb.request("POST", OLDER, body(**older))
    assert made.body["apiVersion"] == "metallb.io/v1beta1"
    spec = metallb.request("GET", f"{PEERS}/p1").body["spec"]
    assert spec == {**stored, **DEFAULTS, "passwordSecret": {}}


def test_what_is_read_in_the_older_version(metallb: RunningServer) -> None:
    newer = {"vrf": "red", "connectTime": "10s", "passwordSecret": {"name": "x"}, "dualStackAddressFamily": True}
    selectors = [{}, {"matchExpressions": [EXISTS]}]
    metallb.request("POST", PEERS, body(**PEER, **newer, keepaliveTime="30s", nodeSelectors=selectors))
    spec = metallb.request("GET", f"{OLDER}/p1").body["spec"]
    assert spec == {
        **PEER,
        "peerPort": 179,
        "holdTime": "0s",
        "keepaliveTime": "30s",
        "nodeSelectors": [{}, {"matchExpressions": [{**EXISTS, "values": []}]}],
    }
    assert metallb.request("GET", f"{PEERS}/p1").body["spec"]["vrf"] == "red"


def test_what_is_no_duration_is_not_converted(metallb: RunningServer) -> None:
    """The schema of v1beta1 takes any text, metav1.Duration does not."""
    refused = metallb.request("POST", OLDER, body(**PEER, holdTime="soon"))
    assert refused.code == 500
    assert 'conversion webhook for metallb.io/v1beta1, Kind=BGPPeer failed: time: invalid duration "soon"' in (
        refused.message
    )
    assert metallb.request("GET", f"{PEERS}/p1").code == 404


def test_a_change_in_the_older_version_loses_the_newer_fields(metallb: RunningServer) -> None:
    metallb.request("POST", PEERS, body(**PEER, vrf="red", holdTime="90s"))
    media = "application/merge-patch+json"
    assert metallb.request("PATCH", f"{OLDER}/p1", {"spec": {"peerASN": 64514}}, media=media).code == 200
    spec = metallb.request("GET", f"{PEERS}/p1").body["spec"]
    assert ("vrf" in spec, spec["holdTime"], spec["keepaliveTime"]) == (False, "1m30s", "0s")
