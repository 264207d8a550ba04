"""Which objects an object names, kind by kind."""

from __future__ import annotations

from typing import Any

import pytest

from intent.references import Name, Reference, names_of, references_of
from intent.snapshot import Resource


def resource(kind: str, spec: dict[str, Any], name: str = "one") -> Resource:
    return Resource.from_manifest({"kind": kind, "metadata": {"namespace": "m", "name": name}, "spec": spec})


@pytest.mark.parametrize(
    ("kind", "spec", "found"),
    [
        ("BGPPeer", {"bfdProfile": "fast", "passwordSecret": {"name": "key"}},
         [("spec.bfdProfile", "BFDProfile", "fast"), ("spec.passwordSecret.name", "Secret", "key")]),
        ("BGPPeer", {"bfdProfile": "", "passwordSecret": {}}, []),
        ("BFDProfile", {"echoMode": True}, []),
        ("IPAddressPool", {"serviceAllocation": {"namespaces": ["shop", "mail"]}},
         [("spec.serviceAllocation.namespaces[0]", "Namespace", "shop"),
          ("spec.serviceAllocation.namespaces[1]", "Namespace", "mail")]),
        ("L2Advertisement", {"ipAddressPools": ["a"]}, [("spec.ipAddressPools[0]", "IPAddressPool", "a")]),
        ("BGPAdvertisement",
         {"ipAddressPools": ["a"], "peers": ["p", "q"], "communities": ["65535:65282", "large:1:2:3", "noadv"]},
         [("spec.ipAddressPools[0]", "IPAddressPool", "a"), ("spec.peers[0]", "BGPPeer", "p"),
          ("spec.peers[1]", "BGPPeer", "q"), ("spec.communities[2]", "Community", "noadv")]),
        ("Community", {"communities": [{"name": "noadv", "value": "65535:65282"}]}, []),
        ("FRRConfiguration", {"bgp": {"routers": [{"neighbors": [{}, {"passwordSecret": {"name": "key"}}]}]}},
         [("spec.bgp.routers[0].neighbors[1].passwordSecret.name", "Secret", "key")]),
    ],
)  # fmt: skip
def test_every_name_is_found_with_its_place(kind: str, spec: dict[str, Any], found: list[tuple[str, str, str]]) -> None:
    assert references_of(resource(kind, spec)) == tuple(Reference(*one) for one in found)


# MetalLB's parser looks aliases up over all Community objects; the name of the object itself says nothing.
def test_a_community_is_known_by_its_aliases_and_everything_else_by_its_name() -> None:
    spec = {"communities": [{"name": "a", "value": "1:1"}, {"name": "b", "value": "1:2"}, {"name": "a"}]}
    assert names_of(resource("Community", spec)) == (Name("Community", "a"), Name("Community", "b"))
    assert names_of(resource("BFDProfile", {}, "fast")) == (Name("BFDProfile", "fast"),)


@pytest.mark.parametrize("nonsense", [None, 1, "text", {"a": 1}, [None, 1, {}, [], ""]])
def test_a_spec_of_wrong_types_names_nothing(nonsense: object) -> None:
    fields = ("bfdProfile", "passwordSecret", "ipAddressPools", "communities", "serviceAllocation", "bgp")
    spec = {name: nonsense for name in fields if not (name == "bfdProfile" and nonsense == "text")}
    for kind in ("BGPPeer", "IPAddressPool", "BGPAdvertisement", "L2Advertisement", "FRRConfiguration", "Community"):
        assert references_of(resource(kind, spec)) == ()
        names_of(resource(kind, spec))
