"""Objects for the tests of intent/, among them the BGPPeers of the OpenShift documentation."""

from __future__ import annotations

from typing import Any

from intent.findings import Finding
from intent.rules import check, check_object
from intent.snapshot import Mode, Node, SecretFact, Service, Snapshot
from tests.intent.catalogue import unlisted

NAMESPACE = "metallb-system"
NODES = tuple(
    Node(name, {"kubernetes.io/hostname": name, "rack": rack}, addresses=(address,), subnets=("10.0.0.0/19",))
    for name, rack, address in (
        ("compute-1.example.com", "a", "10.0.0.11"),
        ("compute-2.example.com", "a", "10.0.0.12"),
        ("compute-3.example.com", "b", "10.0.0.13"),
    )
)
ALL = tuple(node.name for node in NODES)
RACK_A, RACK_B = ({"nodeSelectors": [{"matchLabels": {"rack": rack}}]} for rack in "ab")


def manifest(
    kind: str, name: str, spec: Any, *, version: str = "v1beta2", namespace: str = NAMESPACE
) -> dict[str, Any]:
    metadata = {"name": name, "namespace": namespace}
    return {"apiVersion": f"metallb.io/{version}", "kind": kind, "metadata": metadata, "spec": spec}


def peer(name: str = "peer", /, **changes: Any) -> dict[str, Any]:
    """A BGPPeer without findings, changed: None takes a field out."""
    spec = {"myASN": 64500, "peerASN": 64501, "peerAddress": "10.0.0.1"} | changes
    return manifest("BGPPeer", name, {field: value for field, value in spec.items() if value is not None})


def profile(name: str = "fast", **spec: Any) -> dict[str, Any]:
    return manifest("BFDProfile", name, spec, version="v1beta1")


def pool(name: str = "pool", addresses: Any = ("203.0.113.0/24",), labels: Any = None, **spec: Any) -> dict[str, Any]:
    made = manifest("IPAddressPool", name, {"addresses": addresses, **spec}, version="v1beta1")
    return {**made, "metadata": {**made["metadata"], "labels": labels or {}}}


def advertisement(name: str = "adv", /, **spec: Any) -> dict[str, Any]:
    return manifest("BGPAdvertisement", name, spec, version="v1beta1")


def service(name: str = "web", *addresses: str, nodes: tuple[str, ...] | None = None, **facts: Any) -> Service:
    """A service with an endpoint on every node, unless told otherwise."""
    return Service(
        namespace="shop", name=name, addresses=addresses, endpoint_nodes=ALL if nodes is None else nodes, **facts
    )


def judge(spec: Any, mode: Mode = Mode.FRR, version: str = "0.16.1", **rest: Any) -> list[Finding]:
    """The findings about one peer by itself."""
    found = check_object(peer(**spec), mode=mode, version=version, namespace=NAMESPACE, **rest)
    assert unlisted(found) == []
    return found


def cluster(
    *manifests: Any,
    mode: Mode = Mode.FRR,
    version: str = "0.16.1",
    nodes: tuple[Node, ...] = NODES,
    secrets: tuple[SecretFact, ...] = (),
    services: tuple[Service, ...] = (),
) -> Snapshot:
    return Snapshot.from_manifests(
        manifests, mode=mode, version=version, nodes=nodes, secrets=secrets, services=services
    )


def codes(snapshot: Snapshot) -> list[str]:
    """The codes of all findings about a cluster; each of them is listed in the documentation."""
    found = check(snapshot)
    assert unlisted(found) == []
    return [finding.code for finding in found]


def codes_of(*manifests: Any, **rest: Any) -> list[str]:
    """The same of a cluster with these objects."""
    return codes(cluster(*manifests, **rest))


def selecting(**labels: str) -> list[dict[str, Any]]:
    """A list with one selector."""
    return [{"matchLabels": labels}]


_DOC = {"myASN": 64500, "peerASN": 64501}
_ID = {"routerID": "10.10.10.10"}
DOCUMENTED: dict[str, dict[str, Any]] = {
    name: manifest("BGPPeer", name, spec)
    for name, spec in {
        "doc-example-peer": {"peerAddress": "10.0.0.1", **_DOC, **_ID},
        "peer1": {"peerAddress": "10.0.0.1", **_DOC, **_ID},
        "peer2": {"peerAddress": "10.0.0.2", **_DOC, **_ID},
        "frrviavrf": {"myASN": 100, "peerASN": 200, "peerAddress": "192.168.130.1", "vrf": "ens4vrf"},
        "doc-example-nodesel": {
            "peerAddress": "10.0.20.1",
            **_DOC,
            "nodeSelectors": [
                {
                    "matchExpressions": [
                        {
                            "key": "kubernetes.io/hostname",
                            "operator": "In",
                            "values": ["compute-1.example.com", "compute-2.example.com"],
                        }
                    ]
                }
            ],
        },
        "doc-example-peer-bfd": {
            "peerAddress": "10.0.20.1",
            **_DOC,
            "holdTime": "10s",
            "bfdProfile": "doc-example-bfd-profile-full",
        },
        "doc-example-dual-stack-ipv4": {"peerAddress": "10.0.20.1", "peerASN": 64500, "myASN": 64500},
        "doc-example-dual-stack-ipv6": {"peerAddress": "2620:52:0:88::104", "peerASN": 64500, "myASN": 64500},
    }.items()
}


def l2(name: str = "l2", /, **spec: Any) -> dict[str, Any]:
    return manifest("L2Advertisement", name, spec, version="v1beta1")


def community(name: str = "community", /, **aliases: str) -> dict[str, Any]:
    """A Community of aliases by name."""
    listed = [{"name": alias, "value": value} for alias, value in aliases.items()]
    return manifest("Community", name, {"communities": listed}, version="v1beta1")
