"""BGP peers of the demo as an operator would name them, with their Secrets and profiles, and routers that answer them.

Everybody uses router ID 10.10.10.10 and, in each VRF, the AS number that the documentation's examples use there (64500,
in ens4vrf 100), so that those can be added; and nobody sits at their addresses.
"""

from __future__ import annotations

import base64
from typing import Any

from lab.manifests import Manifest
from lab.routers import Router, Routers
from lab.seed.writing import manifest, metallb

PROFILE = "doc-example-bfd-profile-full"
_ROUTER_ID = "10.10.10.10"
_MY_ASN = {"default": 64500, "ens4vrf": 100, "storage": 64520}
_KEYS = {"tor-b": "tor-b.Md5.key", "edge-blue": "what-the-router-has"}


def seed_routers() -> tuple[Router, ...]:
    """The routers of the demo; some of them cause trouble."""
    return (
        Router("tor-a", ("10.1.0.1",), (64601,), bounce=900.0),
        Router("tor-b", ("10.1.0.2",), (64601,), password=_KEYS["tor-b"]),
        Router("tor-c", ("10.1.0.3",), (64603,), mute_bfd=True),
        Router("core-1", ("10.1.0.4",), (64610,)),  # goes into maintenance
        Router("edge-far", ("10.9.0.1",), (64700,), hops=3, bounce=2700.0),
        Router("rr-v6", ("2001:db8:1::10",), (64500,), router_id="10.1.0.10"),
        Router("edge-red", ("192.168.140.1",), (200,), vrf="ens4vrf", expects=100),
        Router("edge-blue", ("192.168.140.2",), (201,), vrf="ens4vrf", password="another-key"),  # noqa: S106  # a lab's
        Router("storage-a", ("10.3.0.1",), (64530,), vrf="storage"),
        Router("storage-b", ("10.3.0.2",), (64539,), vrf="storage"),  # the peer expects 64531
    )


def seed_incident(routers: Routers) -> None:
    """What happens a little later, to sessions that were up: core-1 goes into maintenance and says so."""
    routers.change("10.1.0.4", shutdown="line card swap, back at 06:00 UTC")


def _peer(name: str, address: str, asn: int, vrf: str = "default", **spec: Any) -> Manifest:
    place = {} if vrf == "default" else {"vrf": vrf}
    secret = {"passwordSecret": {"name": f"{name}-key"}} if name in _KEYS else {}
    identity = {"myASN": _MY_ASN[vrf], "peerASN": asn, "peerAddress": address, "routerID": _ROUTER_ID}
    return metallb("BGPPeer", name, {**identity, **place, **secret, **spec})


def _selecting(**labels: str) -> dict[str, Any]:
    names = {"zone": "topology.kubernetes.io/zone", "rack": "rack"}
    return {"nodeSelectors": [{"matchLabels": {names[key]: value for key, value in labels.items()}}]}


def peer_objects() -> list[Manifest]:
    """Profiles, Secrets and peers, what is referred to first."""
    full = {
        "receiveInterval": 300, "transmitInterval": 300, "detectMultiplier": 3, "echoMode": False,
        "passiveMode": True, "minimumTtl": 254,
    }  # fmt: skip
    secrets = [
        manifest("v1", "Secret", f"{name}-key", type="kubernetes.io/basic-auth", data={"password": _encoded(key)})
        for name, key in _KEYS.items()
    ]
    return [
        metallb("BFDProfile", PROFILE, full),
        metallb("BFDProfile", "fast", {"receiveInterval": 150, "transmitInterval": 150}),
        *secrets,
        _peer("tor-a", "10.1.0.1", 64601, bfdProfile="fast", holdTime="30s", keepaliveTime="10s"),
        _peer("tor-b", "10.1.0.2", 64601, holdTime="1m30s", keepaliveTime="30s"),
        _peer("tor-c", "10.1.0.3", 64603, bfdProfile="fast", **_selecting(rack="rack-2")),
        _peer("tor-old", "10.1.0.9", 64609, **_selecting(zone="zone-a")),
        _peer("core-1", "10.1.0.4", 64610, connectTime="30s", **_selecting(zone="zone-b")),
        _peer("edge-far", "10.9.0.1", 64700, ebgpMultiHop=True),
        _peer("rr-v6", "2001:db8:1::10", 64500),
        _peer("edge-red", "192.168.140.1", 200, "ens4vrf", holdTime="30s", keepaliveTime="10s"),
        _peer("edge-blue", "192.168.140.2", 201, "ens4vrf", **_selecting(rack="rack-1")),
        _peer("storage-a", "10.3.0.1", 64530, "storage"),
        _peer("storage-b", "10.3.0.2", 64531, "storage", **_selecting(zone="zone-c")),
    ]


def _encoded(key: str) -> str:
    return base64.b64encode(key.encode()).decode()
