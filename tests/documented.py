"""The manifests of the OpenShift documentation, word for word, and the answers by which guided ways make them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from tests.lab.documented import DEPLOY_SERVICE

_FOLDER = Path(__file__).resolve().parent / "data" / "documented"
MANIFESTS: dict[tuple[str, str], dict[str, Any]] = {
    (one["kind"], one["metadata"]["name"]): one
    for text in (
        (_FOLDER / "bgppeers.yaml").read_text(encoding="utf-8"),
        (_FOLDER / "pools.yaml").read_text(encoding="utf-8"),
        DEPLOY_SERVICE,
    )
    for one in yaml.safe_load_all(text)
}
THROUGH_VRF = (
    ("BGPPeer", "frrviavrf"), ("IPAddressPool", "first-pool"), ("BGPAdvertisement", "first-adv"),
)  # fmt: skip
WORKLOAD = (("Namespace", "test"), ("Deployment", "server"), ("Service", "server1"))
SETS = tuple(
    pair
    for number in (1, 2)
    for pair in (
        ("IPAddressPool", f"pool{number}"),
        ("BGPPeer", f"peer{number}"),
        ("BGPAdvertisement", f"bgpadvertisement-{number}"),
    )
)
DUAL = (("BGPPeer", "doc-example-dual-stack-ipv4"), ("BGPPeer", "doc-example-dual-stack-ipv6"))
NODES = (("BGPPeer", "doc-example-nodesel"),)
BFD = (("BGPPeer", "doc-example-peer-bfd"),)


def spec(kind: str, name: str) -> dict[str, Any]:
    """The spec of a documented object."""
    found: dict[str, Any] = MANIFESTS[kind, name]["spec"]
    return found


def _peer(key: str, name: str, *left_out: str) -> dict[str, str]:
    values = {field: value for field, value in spec("BGPPeer", name).items() if field not in left_out}
    return {f"{key}.name": name, **{f"{key}.{field}": str(value) for field, value in values.items()}}


def _pool(key: str, name: str) -> dict[str, str]:
    return {f"{key}.name": name, f"{key}.addresses": "\n".join(spec("IPAddressPool", name)["addresses"])}


def _adv(key: str, name: str) -> dict[str, str]:
    values = {
        field: value
        for field, value in spec("BGPAdvertisement", name).items()
        if field not in {"ipAddressPools", "peers"}
    }
    found = {f"{key}.name": name}
    for field, value in values.items():
        if isinstance(value, list):  # a row each, of which one stands on a page that nobody has filled
            (text,) = value
            found |= {f"rows.{key}.{field}": "", f"{key}.{field}[0]": text}
        else:
            found[f"{key}.{field}"] = str(value)
    return found


ANSWERS: dict[str, dict[str, Any]] = {
    "vrf": {**_peer("peer", "frrviavrf"), **_pool("pool", "first-pool"), **_adv("adv", "first-adv")},
    "pools": {
        name: text
        for number in (1, 2)
        for name, text in {
            **_pool(f"pool-{number}", f"pool{number}"),
            **_peer(f"peer-{number}", f"peer{number}"),
            **_adv(f"adv-{number}", f"bgpadvertisement-{number}"),
        }.items()
    },
    "dual-stack": {
        **_peer("v4", DUAL[0][1]),
        **_peer("v6", DUAL[1][1], "peerASN", "myASN"),
    },
    "nodes": {
        **_peer("peer", "doc-example-nodesel", "nodeSelectors"),
        "by": "names",
        "nodes": ["compute-1.example.com", "compute-2.example.com"],
    },
    "bfd": {
        **_peer("peer", "doc-example-peer-bfd", "bfdProfile"),
        "profile.name": "doc-example-bfd-profile-full",
        "profile.receiveInterval": "1000",
        "profile.transmitInterval": "1000",
        "profile.detectMultiplier": "5",
        "profile.passiveMode": "true",
        "profile.minimumTtl": "254",
    },
}
MADE: dict[str, tuple[tuple[str, str], ...]] = {
    "vrf": THROUGH_VRF, "pools": SETS, "dual-stack": DUAL, "nodes": NODES, "bfd": BFD,
}  # fmt: skip
