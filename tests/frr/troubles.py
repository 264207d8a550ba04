"""The table of docs/why.md: what keeps or ends sessions on real FRR, each on one of its own, and how it is mended."""

from __future__ import annotations

import base64
from collections.abc import Callable
from typing import Any, NamedTuple

from lab.routers import DEFAULT_VRF, Listening, Router
from tests.frr.cluster import NAMESPACE, peer
from tests.frr.ground import ASN, NODES, ONE, Ground
from tests.intent.manifests import profile
from tests.waiting import eventually

LATE = "late"  # a VRF that nodes do not have at first
KEY = "let-me-in"
PLAIN = "10.1.0.5"  # a router that all is well with
_TIMERS = {"holdTime": "9s", "keepaliveTime": "3s", "connectTime": "1s"}
_QUICK = {"holdTime": "3s", "keepaliveTime": "1s"}
_OWN = 64510  # in VRFs
_NETWORKS = {DEFAULT_VRF: "10.1.0", "storage": "10.3.0", "ens4vrf": "192.168.140", LATE: "10.5.0"}
BFD = frozenset(("bfd-down", "bfd-down-sent"))  # depends on whether the NOTIFICATION could go out


class Trouble(NamedTuple):
    """One way to have no session. reasons: any of these is its cause on the first node.

    early: it is there before the session is. by_hand: typed on the first node, where a reload would take it away.
    silent: nodes that cannot tell the router, which has to find out by itself.
    """

    reasons: frozenset[str]
    begin: Callable[[Ground, str], None]
    end: Callable[[Ground, str], None]
    router: dict[str, Any] = {}  # never written to
    spec: dict[str, Any] = {}
    vrf: str = DEFAULT_VRF
    address: str = ""
    early: bool = False
    by_hand: bool = False
    silent: tuple[str, ...] = ()


def _nothing(_ground: Ground, _address: str) -> None:
    return


def _router(
    reason: str | frozenset[str], *, early: bool = False, spec: dict[str, Any] | None = None, **broken: Any
) -> Trouble:
    """A router that does this, and then not any more."""
    whole = {name: getattr(Router("", (), (0,)), name) for name in broken}
    reasons = frozenset((reason,)) if isinstance(reason, str) else reason
    return Trouble(
        reasons,
        _nothing if early else lambda ground, address: ground.router(address, **broken),
        lambda ground, address: ground.router(address, **whole),
        broken if early else {},
        spec or {},
        early=early,
        silent=NODES if broken.get("listening") is Listening.DROPPED and not early else (),
    )


def _typed(reason: str, begin: tuple[str, ...], end: tuple[str, ...], **router: Any) -> Trouble:
    """Lines that are typed on the first node; {} is the neighbor."""

    def type_(lines: tuple[str, ...]) -> Callable[[Ground, str], None]:
        return lambda ground, address: ground.type(*(line.replace("{}", address) for line in lines))

    return Trouble(frozenset((reason,)), type_(begin), type_(end), router, by_hand=True)


def _cleared(trouble: Trouble) -> Trouble:
    """A node that got too much keeps the session closed until somebody clears it."""

    def end(ground: Ground, address: str) -> None:
        trouble.end(ground, address)
        ground.vtysh(f"clear bgp {address}")

    return trouble._replace(end=end)


def _limited(trouble: Trouble) -> Trouble:
    """A router whose limit is set when it has more already."""

    def begin(ground: Ground, address: str) -> None:
        trouble.begin(ground, address)
        eventually(lambda: ground.sent(address) == 2, timeout=60)
        ground.router(address, prefix_limit=1)

    def end(ground: Ground, address: str) -> None:
        trouble.end(ground, address)
        ground.router(address, prefix_limit=0)

    return trouble._replace(begin=begin, end=end)


def _multihop(address: str, reason: str) -> Trouble:
    def end(ground: Ground, _address: str) -> None:
        ground.peer(_name(address), ebgpMultiHop=True)

    return Trouble(frozenset((reason,)), _nothing, end, {"hops": 3}, address=address, early=True)


def _name(address: str) -> str:
    return f"at-{address.replace(':', '-').replace('.', '-')}"


_FOUR = "address-family ipv4 unicast"
_ROUTE = "ip -n storage route show 10.6.0.0/24 > /run/route; ip -n storage route del 10.6.0.0/24"
_TWO_NETWORKS = ("network 203.0.113.0/24", "network 203.0.113.128/25")
TROUBLES: dict[str, Trouble] = {
    "wrong AS": Trouble(
        frozenset(("bad-peer-as-sent",)),
        lambda ground, address: ground.peer(_name(address), peerASN=64999),
        lambda ground, address: ground.peer(_name(address), peerASN=_asn("wrong AS")),
    ),
    "the router expects another AS": _router("bad-peer-as-received", expects=65000),
    "wrong password": Trouble(
        frozenset(("no-answer-or-password",)),
        _nothing,
        lambda ground, address: ground.router(address, password=KEY),
        {"password": "something-else"},
        {"passwordSecret": {"name": "key"}},
        early=True,
    ),
    "no route": Trouble(
        frozenset(("no-route",)),
        lambda ground, _: ground.run(_ROUTE),
        lambda ground, _: ground.run("ip -n storage route add $(cat /run/route)"),
        {"hops": 2},
        {"ebgpMultiHop": True},
        "storage",
        "10.6.0.1",
        silent=(ONE,),
    ),
    "no multihop": _multihop("10.9.0.1", "not-connected"),
    "no multihop, IPv6": _multihop("fd00:9::1", "no-answer"),
    "closed port": _router("no-connection", early=True, listening=Listening.REFUSED),
    "filtered": _router("no-answer", early=True, listening=Listening.DROPPED),
    "no neighbor there": _router("peer-closed", early=True, listening=Listening.STRANGER),
    "no OPEN": _router("no-open", early=True, listening=Listening.MUTE),
    "shut down here": _typed("admin-shutdown", ("neighbor {} shutdown",), ("no neighbor {} shutdown",)),
    "shut down there": _router("administrative-shutdown-received", shutdown="window 42"),
    "silent drop": _router("hold-timer-expired-sent", spec=_QUICK, listening=Listening.DROPPED),
    "silent drop with BFD": _router(BFD, spec={"bfdProfile": "slow"}, listening=Listening.DROPPED),
    "BFD alone": _router(BFD, spec={"bfdProfile": "slow"}, mute_bfd=True),
    "carrier lost": Trouble(
        frozenset(("not-connected",)),
        lambda ground, _: ground.carrier("ens4vrf", up=False),
        lambda ground, _: ground.carrier("ens4vrf", up=True),
        vrf="ens4vrf",
        silent=(ONE,),
    ),
    "carrier lost with BFD": Trouble(
        BFD | {"not-connected"}, _nothing, _nothing, {}, {"bfdProfile": "slow"}, "ens4vrf", silent=(ONE,)
    ),
    "the router's bgpd ends": _router("peer-closed", listening=Listening.REFUSED),
    "router ID of the node": Trouble(
        frozenset(("bad-bgp-identifier-sent",)),
        lambda ground, address: ground.router(address, router_id=ground.router_id()),
        lambda ground, address: ground.router(address, router_id=""),
    ),
    "no family in common": _router("unsupported-capability-sent", families=("ipv6",)),
    "one of two families": _router(
        "family-missing", early=True, spec={"dualStackAddressFamily": True}, families=("ipv4",)
    ),
    "more than the router takes": _limited(
        _typed(
            "prefix-limit-received",
            (_FOUR, *_TWO_NETWORKS, "no neighbor {} route-map {}-out out"),
            (_FOUR, *(f"no {line}" for line in _TWO_NETWORKS), "neighbor {} route-map {}-out out"),
        )
    ),
    "more than the node takes": _cleared(
        _typed(
            "prefix-limit-exceeded",
            (_FOUR, "neighbor {} maximum-prefix 1", "no neighbor {} route-map {}-in in"),
            (_FOUR, "no neighbor {} maximum-prefix 1", "neighbor {} route-map {}-in in"),
            networks=("198.51.100.0/24", "192.0.2.0/24", "203.0.113.0/24"),
        )
    ),
    "VRF missing": Trouble(
        frozenset(("vrf-missing",)), _nothing, lambda ground, _: appear(ground), vrf=LATE, early=True
    ),
}


def appear(ground: Ground) -> None:
    """The VRF that was missing is there."""
    vrfs = ground.lab.plan.vrfs
    assert isinstance(vrfs, dict)
    vrfs[LATE] = 7
    ground.running.do(ground.fleet.rewire())


def _asn(name: str) -> int:
    return 64600 + list(TROUBLES).index(name)


def place(name: str) -> tuple[str, str]:
    """VRF and neighbor of a trouble's session."""
    trouble = TROUBLES[name]
    return trouble.vrf, trouble.address or f"{_NETWORKS[trouble.vrf]}.{10 + list(TROUBLES).index(name)}"


PLACES = {place(name): name for name in TROUBLES}
_INTERNAL = "router ID of the node"


def routers() -> list[Router]:
    """A router for each trouble, and one without."""
    return [
        Router("plain", (PLAIN,), (64699,)),
        *(
            Router(
                f"r{number}",
                (place(name)[1],),
                (ASN if name == _INTERNAL else _asn(name),),
                vrf=trouble.vrf,
                **trouble.router,
            )
            for number, (name, trouble) in enumerate(TROUBLES.items())
        ),
    ]


def objects() -> list[dict[str, Any]]:
    """A BGPPeer for each router, and the password that one of them has."""
    metadata = {"name": "key", "namespace": NAMESPACE}
    data = {"password": base64.b64encode(KEY.encode()).decode()}
    secret = {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": metadata,
        "type": "kubernetes.io/basic-auth",
        "data": data,
    }
    made = [secret, profile("slow", receiveInterval=1000, transmitInterval=1000)]
    for name, trouble in TROUBLES.items():
        vrf, address = place(name)
        spec = {"myASN": ASN if vrf == DEFAULT_VRF else _OWN, "peerASN": _asn(name), **_TIMERS, **trouble.spec}
        if name == _INTERNAL:
            spec["peerASN"] = ASN
        if vrf != DEFAULT_VRF:
            spec["vrf"] = vrf
        made.append(peer(_name(address), address, **spec))
    return made
