"""MetalLB's own definitions, from the folder that METALLB_CRDS names."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
import yaml

from lab.apiserver import cel
from tests.lab.apiserver.conftest import NAMESPACE, RunningServer

pytestmark = pytest.mark.skipif("METALLB_CRDS" not in os.environ, reason="METALLB_CRDS names no folder")
MERGE = "application/merge-patch+json"
APPLY = "application/apply-patch+yaml"
PEERS = f"/apis/metallb.io/v1beta2/namespaces/{NAMESPACE}/bgppeers"
STATUSES = f"/apis/metallb.io/v1beta1/namespaces/{NAMESPACE}/servicebgpstatuses"


def definitions() -> list[dict[str, Any]]:
    return [yaml.safe_load(path.read_text()) for path in sorted(Path(os.environ["METALLB_CRDS"]).glob("*.yaml"))]


@pytest.fixture
def metallb(api: RunningServer) -> RunningServer:
    store = api.server.store
    for crd in definitions():
        if api.call(store.get, "customresourcedefinitions", "", crd["metadata"]["name"]) is None:
            api.call(store.add, crd)
    api.request("DELETE", PEERS)
    return api


def peer(**spec: Any) -> dict[str, Any]:
    return {"metadata": {"name": "p1"}, "spec": {"myASN": 64512, "peerASN": 64513, "peerAddress": "192.0.2.1", **spec}}


def test_every_rule_is_enforced() -> None:
    schemas = [version["schema"]["openAPIV3Schema"] for crd in definitions() for version in crd["spec"]["versions"]]
    assert [rule for schema in schemas for rule in cel.unknown_rules(schema)] == []


@pytest.mark.parametrize(
    ("spec", "field"),
    [
        ({"myASN": -1}, "spec.myASN"),
        ({"peerPort": 16385}, "spec.peerPort"),
        ({"peerPort": 0}, "spec.peerPort"),
        ({"dynamicASN": "both"}, "spec.dynamicASN"),
        ({"connectTime": "65536s"}, "spec.connectTime"),
        ({"connectTime": "10"}, "spec.connectTime"),
        (
            {"nodeSelectors": [{"matchExpressions": [{"key": "a"}]}]},
            "spec.nodeSelectors[0].matchExpressions[0].operator",
        ),
    ],
)
def test_a_peer_that_breaks_its_schema_is_refused(metallb: RunningServer, spec: dict[str, Any], field: str) -> None:
    answer = metallb.request("POST", PEERS, peer(**spec))
    assert answer.code == 422
    assert answer.body["details"]["causes"][0]["field"] == field


def test_graceful_restart_cannot_be_switched_but_removed_and_set_again(metallb: RunningServer) -> None:
    metallb.request("POST", PEERS, peer(enableGracefulRestart=True))

    changes = [{"spec": {"enableGracefulRestart": value}} for value in (False, None, False)]
    codes = [metallb.request("PATCH", f"{PEERS}/p1", change, media=MERGE).code for change in changes]
    assert codes == [422, 200, 200]


def test_the_old_version_of_a_peer_lacks_the_vrf_and_warns(metallb: RunningServer) -> None:
    metallb.request("POST", PEERS, peer(vrf="red"))
    old = metallb.request("GET", PEERS.replace("v1beta2", "v1beta1") + "/p1")
    assert "v1beta1 is deprecated" in old.warning
    assert "vrf" not in old.body["spec"]
    assert metallb.request("GET", f"{PEERS}/p1").body["spec"]["vrf"] == "red"


def test_node_selectors_are_owned_as_one_list(metallb: RunningServer) -> None:
    body = peer(nodeSelectors=[{"matchLabels": {"a": "b"}}]) | {"apiVersion": "metallb.io/v1beta2", "kind": "BGPPeer"}
    made = metallb.request("PATCH", f"{PEERS}/p1", body, media=APPLY, fieldManager="a").body
    assert made["metadata"]["managedFields"][0]["fieldsV1"]["f:spec"]["f:nodeSelectors"] == {}


def test_what_a_status_object_is_about_cannot_change(metallb: RunningServer) -> None:
    metallb.request("POST", STATUSES, {"metadata": {"name": "s1"}})
    path = f"{STATUSES}/s1/status"
    first = metallb.request("PATCH", path, {"status": {"node": "n1"}}, media=MERGE)
    second = metallb.request("PATCH", path, {"status": {"node": "n2"}}, media=MERGE)
    metallb.request("DELETE", f"{STATUSES}/s1")
    assert (first.code, second.code) == (200, 422)
    assert "Value is immutable" in second.message
