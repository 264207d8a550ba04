"""FRRConfigurations that people write beside those of MetalLB, as frr-k8s reads and merges them (FRR-K8s mode)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from intent.addresses import parse_address
from intent.sessions import DEFAULT_PORT, as_number
from intent.snapshot import Resource, mapping, text
from intent.timers import FRR_HOLD, FRR_K8S_CONNECT, FRR_KEEPALIVE, asked, completed, whole_seconds

HOSTNAME = "kubernetes.io/hostname"
NONE = "none"
# What two objects that name the same neighbor must agree on, by the field of an FRRConfiguration and of a BGPPeer.
TERMS = {
    "asn": "peerASN",
    "port": "peerPort",
    "sourceaddress": "sourceAddress",
    "password": "passwordSecret",
    "ebgpMultiHop": "ebgpMultiHop",
    "dualStackAddressFamily": "dualStackAddressFamily",
    "holdTime": "holdTime",
    "keepaliveTime": "keepaliveTime",
    "connectTime": "connectTime",
    "localASN": "localASN",
}


@dataclass(frozen=True, slots=True)
class Neighbor:
    """path: where it stands ("bgp.routers[0].neighbors[1]"). name: its address or interface as written."""

    path: str
    name: str
    spec: Mapping[str, Any]

    @property
    def terms(self) -> dict[str, str]:
        """What others that name this neighbor must agree to; of a password no more is known than whether it is set."""
        spec = self.spec
        timers = (whole_seconds(asked(spec, name)) for name in ("holdTime", "keepaliveTime"))
        return {
            "asn": _asn(spec, "asn"),
            "port": str(spec.get("port") or DEFAULT_PORT),
            "sourceaddress": text(spec.get("sourceaddress")) or NONE,
            "password": _set(spec.get("password")),
            "localASN": str(as_number(spec.get("localASN")) or NONE),
            **_timers(*timers),
            **_flags(spec),
        }

    @property
    def families(self) -> frozenset[int]:
        """The IP versions of the prefixes that it takes."""
        address = parse_address(text(self.spec.get("address")))
        both = address is None or self.spec.get("dualStackAddressFamily") is True
        return frozenset((4, 6)) if both else frozenset((address.version,)) if address else frozenset()

    @property
    def advertised(self) -> Mapping[str, Any]:
        """toAdvertise."""
        return mapping(self.spec.get("toAdvertise"))

    @property
    def local_prefs(self) -> dict[str, int]:
        """LOCAL_PREF by prefix."""
        found: dict[str, int] = {}
        for one in entries(self.advertised.get("withLocalPref")):
            pref = mapping(one).get("localPref")
            if isinstance(pref, int) and not isinstance(pref, bool) and pref:
                found |= dict.fromkeys(words(mapping(one).get("prefixes")), pref)
        return found


@dataclass(frozen=True, slots=True)
class Router:
    """BGP in one VRF, "" = the default one; asn: None if it cannot be read."""

    path: str
    vrf: str
    asn: int | None
    router_id: str
    prefixes: tuple[str, ...]
    imports: tuple[str, ...]
    neighbors: tuple[Neighbor, ...]
    spec: Mapping[str, Any]


def is_metallbs(resource: Resource) -> bool:
    """Whether MetalLB's speaker writes it: `metallb-<node>`, for just this node (internal/bgp/frrk8s)."""
    labels = mapping(mapping(resource.spec.get("nodeSelector")).get("matchLabels"))
    return resource.name == f"metallb-{text(labels.get(HOSTNAME))}"


def selection(resource: Resource) -> dict[str, Any]:
    """Its nodes, as `Placement.mask` takes them."""
    selector = resource.spec.get("nodeSelector")
    return {"nodeSelectors": [selector]} if selector else {}


def routers(resource: Resource) -> tuple[Router, ...]:
    """The routers of an FRRConfiguration of any quality."""
    found = entries(mapping(resource.spec.get("bgp")).get("routers"))
    return tuple(_router(f"bgp.routers[{place}]", mapping(one)) for place, one in enumerate(found))


def profiles(resource: Resource) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Its BFD profiles, with where they stand."""
    for place, one in enumerate(entries(mapping(resource.spec.get("bgp")).get("bfdProfiles"))):
        yield f"bgp.bfdProfiles[{place}]", mapping(one)


def peer_terms(peer: Resource) -> dict[str, str]:
    """What MetalLB writes of a BGPPeer, under the names of `Neighbor.terms`: no source address and no local AS."""
    spec = peer.spec
    return {
        "asn": _asn(spec, "peerASN"),
        "port": str(spec.get("peerPort") or DEFAULT_PORT),
        "sourceaddress": NONE,
        "password": _set(peer.inline_password),
        "localASN": NONE,
        **_timers(*map(whole_seconds, completed(spec))),
        **_flags(spec),
    }


def _timers(hold: int | None, keepalive: int | None) -> dict[str, str]:
    """As frr-k8s compares them: what is not set counts as its default."""
    hold, keepalive = FRR_HOLD if hold is None else hold, FRR_KEEPALIVE if keepalive is None else keepalive
    return {"holdTime": f"{hold}s", "keepaliveTime": f"{keepalive}s"}


def _flags(spec: Mapping[str, Any]) -> dict[str, str]:
    """The rest, which has the same name in both kinds."""
    connect = whole_seconds(asked(spec, "connectTime"))
    named = text(mapping(spec.get("passwordSecret")).get("name"))
    both = spec.get("dualStackAddressFamily") is True or bool(spec.get("interface"))
    return {
        "connectTime": f"{FRR_K8S_CONNECT if connect is None else connect}s",
        "ebgpMultiHop": str(spec.get("ebgpMultiHop") is True).lower(),
        "dualStackAddressFamily": str(both).lower(),
        **({"password": "set"} if named else {}),
    }


def _asn(spec: Mapping[str, Any], name: str) -> str:
    return text(spec.get("dynamicASN")) or str(as_number(spec.get(name)) or NONE)


def _set(password: object) -> str:
    return "set" if password else NONE


def _router(path: str, spec: Mapping[str, Any]) -> Router:
    neighbors = (mapping(one) for one in entries(spec.get("neighbors")))
    return Router(
        path=path,
        vrf=text(spec.get("vrf")),
        asn=as_number(spec.get("asn")),
        router_id=text(spec.get("id")),
        prefixes=words(spec.get("prefixes")),
        imports=tuple(text(mapping(one).get("vrf")) for one in entries(spec.get("imports"))),
        neighbors=tuple(
            Neighbor(f"{path}.neighbors[{place}]", text(one.get("address")) or text(one.get("interface")), one)
            for place, one in enumerate(neighbors)
        ),
        spec=spec,
    )


def entries(value: object) -> tuple[object, ...]:
    """The entries of a list, none for anything else."""
    return tuple(value) if isinstance(value, list | tuple) else ()


def words(value: object) -> tuple[str, ...]:
    """The texts of a list."""
    return tuple(one for one in entries(value) if isinstance(one, str))
