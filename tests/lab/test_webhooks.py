"""The lab refuses what MetalLB's admission webhooks refuse, and lets pass what only its speakers see.

Source: MetalLB internal/k8s/webhooks and internal/config/validator.go, release 0.16.
"""

from __future__ import annotations

from typing import Any

import aiohttp
import pytest

from lab.cluster import Lab

NAMESPACE = "metallb-system"
FIRST = "compute-1.example.com"
PEER: dict[str, Any] = {"myASN": 64500, "peerASN": 64501, "peerAddress": "10.0.0.1", "routerID": "10.10.10.10"}
OTHER: dict[str, Any] = {**PEER, "peerAddress": "10.0.0.2"}
PLURALS = {
    "BGPPeer": "bgppeers", "BFDProfile": "bfdprofiles", "IPAddressPool": "ipaddresspools", "Community": "communities",
    "BGPAdvertisement": "bgpadvertisements", "L2Advertisement": "l2advertisements",
}  # fmt: skip


class Client:
    """Writes over HTTP, as everybody but the lab itself does."""

    def __init__(self, lab: Lab, session: aiohttp.ClientSession) -> None:
        self._lab, self._session = lab, session

    def path(self, kind: str, name: str = "", namespace: str = NAMESPACE) -> str:
        version = "v1beta2" if kind == "BGPPeer" else "v1beta1"
        return f"{self._lab.url}/apis/metallb.io/{version}/namespaces/{namespace}/{PLURALS[kind]}/{name}".rstrip("/")

    async def create(self, kind: str, name: str, namespace: str = NAMESPACE, dry_run: str = "", **spec: Any) -> str:
        """ "" if the object was created, else the refusal."""
        body = {"metadata": {"name": name}, "spec": spec}
        query = {"dryRun": dry_run} if dry_run else {}
        return await self._send("POST", self.path(kind, namespace=namespace), body, query)

    async def change(self, kind: str, name: str, **spec: Any) -> str:
        return await self._send("PATCH", self.path(kind, name), {"spec": spec}, {})

    async def delete(self, kind: str, name: str) -> str:
        return await self._send("DELETE", self.path(kind, name), None, {})

    async def _send(self, method: str, url: str, body: Any, query: dict[str, str]) -> str:
        headers = {"Authorization": f"Bearer {self._lab.token}"}
        if method == "PATCH":
            headers["Content-Type"] = "application/merge-patch+json"
        async with self._session.request(method, url, json=body, params=query, headers=headers) as answer:
            if answer.status < 300:
                return ""
            status = await answer.json()
            assert (answer.status, status.get("reason")) in {(403, "Forbidden"), (400, None)}, status
            return str(status["message"])


@pytest.fixture
async def lab() -> Any:
    async with Lab(nodes=2, tls=False, webhooks=True, debounce=0.01) as running:
        yield running


@pytest.fixture
async def client(lab: Lab) -> Any:
    async with aiohttp.ClientSession() as session:
        yield Client(lab, session)


REFUSED: list[tuple[str, dict[str, Any], str]] = [
    ("BGPPeer", {**PEER, "myASN": 0}, "bgppeers"),
    ("BGPPeer", {**PEER, "peerAddress": "elsewhere"}, "bgppeers"),
    ("BGPPeer", {**OTHER, "routerID": "10.10.10.11"}, "bgppeers"),
    ("BGPPeer", {**OTHER, "myASN": 64999}, "bgppeers"),
    ("BGPPeer", {**OTHER, "myASN": 0, "nodeSelectors": [{"matchLabels": {"no": "node"}}]}, "bgppeers"),
    ("IPAddressPool", {"addresses": ["192.0.2.1"]}, "ipaddresspool"),
    ("IPAddressPool", {"addresses": ["4.4.4.128/25"]}, "ipaddresspool"),
    ("BGPAdvertisement", {"ipAddressPools": ["one", "one"]}, "bgpadvertisement"),
    ("BGPAdvertisement", {"communities": ["1:2:3"]}, "bgpadvertisement"),
    ("BGPAdvertisement", {"ipAddressPools": ["pool1"], "aggregationLength": 8}, "bgpadvertisement"),
    ("L2Advertisement", {"ipAddressPools": ["one", "one"]}, "l2advertisement"),
    ("Community", {"communities": [{"name": "a", "value": "no-export"}]}, "community"),
    ("Community", {"communities": [{"name": "known", "value": "1:2"}]}, "community"),
]


@pytest.mark.parametrize(("kind", "spec", "webhook"), REFUSED)
async def test_what_a_webhook_refuses_is_not_written_in_a_dry_run_neither(
    lab: Lab, client: Client, kind: str, spec: dict[str, Any], webhook: str
) -> None:
    assert await client.create("BGPPeer", "first", **PEER) == ""
    assert await client.create("IPAddressPool", "pool1", addresses=["4.4.4.100-4.4.4.200"]) == ""
    assert await client.create("Community", "first", communities=[{"name": "known", "value": "1:1"}]) == ""
    start = f'admission webhook "{webhook}validationwebhook.metallb.io" denied the request: '
    for dry_run in ("All", ""):
        message = await client.create(kind, "bad", dry_run=dry_run, **spec)
        assert message.startswith(start)
        assert len(message) > len(start)
    assert lab.store.get(PLURALS[kind], NAMESPACE, "bad") is None


async def test_a_duration_that_go_cannot_decode_is_refused(client: Client) -> None:
    """metav1.Duration, decoded before anything is validated; the words are those of Go's time.ParseDuration."""
    start = 'admission webhook "bgppeersvalidationwebhook.metallb.io" denied the request: time: '
    for value, words in (("90", 'missing unit in duration "90"'), ("soon", 'invalid duration "soon"')):
        assert await client.create("BGPPeer", "bad", **PEER, holdTime=value) == start + words


@pytest.mark.parametrize("timers", [{"holdTime": "65536s"}, {"holdTime": "9s", "keepaliveTime": "-1s"}], ids=str)
async def test_timers_that_frr_refuses_pass_the_webhook_and_the_speaker(
    lab: Lab, client: Client, timers: dict[str, str]
) -> None:
    assert await client.create("BGPPeer", "slow", **PEER, **timers) == ""
    await lab.settled()
    assert not lab.speakers.refusals[FIRST]


PASSED: list[tuple[str, dict[str, Any]]] = [
    ("BGPPeer", {**PEER, "bfdProfile": "none"}),
    ("BGPPeer", {**PEER, "passwordSecret": {"name": "none"}}),
    ("BGPPeer", {**PEER, "password": "both", "passwordSecret": {"name": "none"}}),
    ("BGPAdvertisement", {"communities": ["no-such-alias"]}),
]


@pytest.mark.parametrize(("kind", "spec"), PASSED)
async def test_what_only_a_speaker_sees_passes_and_makes_it_keep_its_old_configuration(
    lab: Lab, client: Client, kind: str, spec: dict[str, Any]
) -> None:
    assert await client.create(kind, "dangling", **spec) == ""
    await lab.settled()
    assert lab.speakers.refusals[FIRST]


async def test_what_no_webhook_looks_at_passes(client: Client) -> None:
    assert await client.create("BGPAdvertisement", "unknown", ipAddressPools=["none"], peers=["none"]) == ""
    assert await client.create("BGPPeer", "first", **PEER) == ""
    broken = {**OTHER, "myASN": 64999, "disableMP": True}
    assert await client.create("BGPPeer", "unseen", **broken) == "", "with disableMP a new peer is not looked at"
    assert "myASN" in await client.change("BGPPeer", "first", holdTime="90s"), "others are judged with it from then on"


async def test_an_update_is_judged_and_the_namespace_at_creation(lab: Lab, client: Client) -> None:
    assert await client.create("BGPPeer", "first", **PEER) == ""
    assert await client.create("BGPPeer", "second", **OTHER) == ""
    assert "routerID" in await client.change("BGPPeer", "second", routerID="10.10.10.11")
    elsewhere = await client.create("BFDProfile", "fast", namespace="default")
    assert f"resource must be created in {NAMESPACE} namespace" in elsewhere
    lab.store.patch("bgppeers", NAMESPACE, "second", {"spec": {"routerID": "10.10.10.11"}})
    assert "routerID" in await client.create("BGPPeer", "third", **{**PEER, "peerAddress": "10.0.0.3"})


async def test_a_profile_in_use_stays_until_nobody_uses_it(client: Client) -> None:
    assert await client.create("BFDProfile", "fast", receiveInterval=150) == ""
    assert await client.create("BGPPeer", "first", **PEER, bfdProfile="fast") == ""
    assert "bfdprofilevalidationwebhook" in await client.delete("BFDProfile", "fast")
    assert await client.delete("BGPPeer", "first") == ""
    assert await client.delete("BFDProfile", "fast") == ""


async def test_reports_are_written_past_the_webhooks(lab: Lab, client: Client) -> None:
    assert await client.create("IPAddressPool", "pool1", addresses=["4.4.4.100-4.4.4.200"]) == ""
    await lab.settled()
    assert (lab.store.get("ipaddresspools", NAMESPACE, "pool1") or {})["status"]["availableIPv4"] == 101
