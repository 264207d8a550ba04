"""Each of the speaker's seven reasons not to announce: something is broken, it is shown, mended and shown green."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.demo import Demo

_PATIENCE = 60_000  # milliseconds; a look, MetalLB's debounce, and a sweep
_NODE = "compute-4.example.com"  # without an endpoint of the service
_OURS = """
apiVersion: metallb.io/v1beta1
kind: IPAddressPool
metadata: {name: chained, namespace: metallb-system}
spec: {addresses: [198.18.7.0/24], autoAssign: false}
---
apiVersion: metallb.io/v1beta1
kind: BGPAdvertisement
metadata: {name: chained, namespace: metallb-system}
spec: {ipAddressPools: [chained], peers: [tor-a, tor-b]}
---
apiVersion: v1
kind: Service
metadata: {name: chained, namespace: shop, labels: {app: web}, annotations: {metallb.io/address-pool: chained}}
spec:
  type: LoadBalancer
  selector: {app: web}
  ports: [{port: 80}]
"""
_FOR_WEB: dict[str, Any] = {"serviceSelectors": [{"matchLabels": {"app": "web"}}]}
_RIVAL = {
    "apiVersion": "metallb.io/v1beta1",
    "kind": "BGPAdvertisement",
    "metadata": {"name": "chained-rival", "namespace": "metallb-system"},
    "spec": {**_FOR_WEB, "ipAddressPools": ["chained"], "peers": ["tor-a"], "localPref": 200},
}
_EXCLUDE = "node.kubernetes.io/exclude-from-external-load-balancers"
_ADVERTISEMENT = ("bgpadvertisement", "chained", "-n", "metallb-system")
_SERVICE = ("service", "chained", "-n", "shop")
_STATUS = ("node", _NODE, "--subresource=status")


@dataclass(frozen=True)
class Breakage:
    """reason: MetalLB's word (speaker/bgp_controller.go). broken and mended: merge patches of the target."""

    reason: str
    link: str
    change: tuple[str, ...]
    target: tuple[str, ...]
    broken: dict[str, Any]
    mended: dict[str, Any]


def _unavailable(state: str) -> dict[str, Any]:
    since = {"lastTransitionTime": "2026-01-01T00:00:00Z", "lastHeartbeatTime": "2026-01-01T00:00:00Z"}
    one = {"type": "NetworkUnavailable", "status": state, "reason": "NoRouteCreated", "message": "", **since}
    ready = {"type": "Ready", "status": "True", "reason": "KubeletReady", "message": "", **since}
    return {"status": {"conditions": [ready, one]}}


BREAKAGES = [
    Breakage(
        "notOwner", "advertisement", ("BGPAdvertisement chained",), _ADVERTISEMENT,
        {"spec": {"nodeSelectors": [{"matchLabels": {"rack": "nowhere"}}]}}, {"spec": {"nodeSelectors": None}},
    ),
    Breakage(
        "noMatchingAdvertisement", "advertisement", ("BGPAdvertisement chained", "Service chained"), _ADVERTISEMENT,
        {"spec": {"serviceSelectors": [{"matchLabels": {"app": "db"}}]}}, {"spec": {"serviceSelectors": None}},
    ),
    Breakage(
        "conflictingAdvertisements", "advertisement", ("BGPAdvertisement chained", "BGPAdvertisement chained-rival"),
        _ADVERTISEMENT, {"spec": {**_FOR_WEB, "localPref": 100}},
        {"spec": {"serviceSelectors": None, "localPref": None}},
    ),
    Breakage(
        "nodeNetworkUnavailable", "node", (f"Node {_NODE}",), _STATUS, _unavailable("True"), _unavailable("False")
    ),
    Breakage(
        "nodeLabeledExcludeBalancers", "node", (f"Node {_NODE}",), ("node", _NODE),
        {"metadata": {"labels": {_EXCLUDE: ""}}}, {"metadata": {"labels": {_EXCLUDE: None}}},
    ),
    Breakage(
        "noLocalEndpoints", "node", ("Service chained",), _SERVICE,
        {"spec": {"externalTrafficPolicy": "Local"}}, {"spec": {"externalTrafficPolicy": "Cluster"}},
    ),
    Breakage(
        "noEndpoints", "node", ("Service chained",), _SERVICE,
        {"spec": {"selector": {"app": "nobody"}}}, {"spec": {"selector": {"app": "web"}}},
    ),
]  # fmt: skip


@pytest.fixture(scope="module")
def ours(demo: Demo) -> Iterator[Demo]:
    """A pool, an advertisement and a service of our own."""
    demo.kubectl("apply", "-f", "-", stdin=_OURS)
    yield demo
    demo.kubectl("delete", "--ignore-not-found", "-f", "-", stdin=_OURS)


def _patch(demo: Demo, target: tuple[str, ...], body: dict[str, Any]) -> None:
    demo.kubectl("patch", *target, "--type=merge", "-p", json.dumps(body))


@pytest.mark.parametrize("broken", BREAKAGES, ids=[one.reason for one in BREAKAGES])
def test_a_reason_is_shown_with_its_objects_and_gone_when_mended(page: Page, ours: Demo, broken: Breakage) -> None:
    rival = json.dumps(_RIVAL) if broken.reason == "conflictingAdvertisements" else ""
    page.goto(f"{ours.url}/services/?q=chained")
    page.get_by_role("link", name="chained", exact=True).first.click(timeout=_PATIENCE)
    page.goto(f"{page.url}?node={_NODE}")
    chain = page.get_by_role("list", name="From the service to the prefix").get_by_role("listitem")
    holding = page.locator(".chain [data-state=holds]")
    expect(holding).to_have_count(7, timeout=_PATIENCE)
    try:
        _patch(ours, broken.target, broken.broken)
        if rival:
            ours.kubectl("apply", "-f", "-", stdin=rival)
        expect(page.locator("td code", has_text=broken.reason)).to_be_visible(timeout=_PATIENCE)
        expect(chain.filter(has_text="is broken")).to_have_text(f"{broken.link} is broken")
        told = page.get_by_text("To change:")
        for name in broken.change:
            expect(told.get_by_role("link", name=name, exact=True)).to_be_visible()
        if broken.link == "advertisement" or broken.reason == "noEndpoints":
            expect(page.get_by_text("None of the 6 nodes announces it over BGP.")).to_be_visible(timeout=_PATIENCE)
    finally:
        if rival:
            ours.kubectl("delete", "-f", "-", stdin=rival)
        _patch(ours, broken.target, broken.mended)
    expect(holding).to_have_count(7, timeout=_PATIENCE)
    expect(page.get_by_text("6 nodes announce it to 2 routers.")).to_be_visible(timeout=_PATIENCE)
