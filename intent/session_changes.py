"""Which BGP sessions edits open, close, reset or change, as far as the objects tell."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from intent.findings import ObjectRef
from intent.modes import Mode
from intent.sessions import IntendedSession, placed
from intent.snapshot import Resource, Snapshot, mapping, text
from intent.timers import asked

_PEER, _PROFILE = "BGPPeer", "BFDProfile"
_RESETTING = {
    "myASN": "my_asn",
    "peerASN": "peer_asn",
    "dynamicASN": "dynamic_asn",
    "localASN": "local_asn",
    "routerID": "router_id",
    "sourceAddress": "source_address",
    "ebgpMultiHop": "multihop",
    "dualStackAddressFamily": "families",
}  # FRR's bgpd ends a session when its reloader brings another value of these
_TAKEN = {
    "peerPort": "port",
    "holdTime": "hold",
    "keepaliveTime": "keepalive",
    "connectTime": "connect",
    "enableGracefulRestart": "graceful_restart",
    "bfdProfile": "bfd_profile",
}  # these it takes as they are
_PASSWORD = "password"  # noqa: S105  # the field's name


@dataclass(frozen=True, slots=True)
class SessionChange:
    """What happens to one peer's sessions with one router: the nodes where it happens, in their order.

    reset: they end and begin anew. may_reset: those whose BFD is up do, which the objects do not tell. changed: they
    stay up, and take other values. fields: what differs in the spec of the peer, or in that of its BFDProfile, where
    sessions are reset or changed.
    """

    peer: str
    vrf: str
    neighbor: str
    opened: tuple[str, ...] = ()
    closed: tuple[str, ...] = ()
    reset: tuple[str, ...] = ()
    may_reset: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    fields: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Peer:
    """One peer before or after: its session, the nodes that run it, and what else FRR is told.

    hold: the holdTime of the object in nanoseconds, which the native speaker compares before it takes its default.
    """

    session: IntendedSession
    nodes: tuple[str, ...]
    hold: int | None
    password: tuple[bool, str]
    profile: Mapping[str, Any]

    @property
    def key(self) -> tuple[str, str, str]:
        """Peer, VRF and neighbor."""
        return self.session.peer, self.session.vrf, self.session.neighbor


def session_changes(
    after: Snapshot,
    was: Mapping[ObjectRef, Resource | None],
    *,
    recreated: Collection[ObjectRef] = (),
    passwords: Collection[ObjectRef] = (),
) -> tuple[SessionChange, ...]:
    """What edits do to sessions. was: the objects that are edited, as the cluster holds them, None = it does not.

    recreated: those that go first. passwords: the peers that get another one.
    """
    before = held(after, was)
    peers = {ref for ref in was if ref.kind == _PEER}
    profiles = {ref.name for ref in was if ref.kind == _PROFILE and ref.namespace == after.namespace}
    if profiles:
        both = (one for side in (before, after) for one in side.in_force(_PEER))
        peers.update(one.ref for one in both if text(one.spec.get("bfdProfile")) in profiles)
    if not peers:
        return ()
    old, new = _side(before, peers), _side(after, peers)
    anew, secret = ({ref.name for ref in refs if ref.kind == _PEER} for refs in (recreated, passwords))
    found: list[SessionChange] = []
    for name in sorted({*old, *new}):
        one, other = old.get(name), new.get(name)
        if one is None or other is None or one.key != other.key or name in anew:
            found += _replaced(one, other)
        else:
            native = after.mode is Mode.NATIVE
            found += _kept(one, other, _differing(one, other, password=name in secret, native=native), native=native)
    return tuple(found)


def held(after: Snapshot, was: Mapping[ObjectRef, Resource | None]) -> Snapshot:
    """The same cluster with the edited objects as it holds them."""
    rest = after.without(*was)
    return replace(rest, resources=(*rest.resources, *(one for one in was.values() if one is not None)))


def _replaced(old: _Peer | None, new: _Peer | None) -> Iterator[SessionChange]:
    """All sessions end, and others begin."""
    if old is not None and new is not None and old.key == new.key and (old.nodes or new.nodes):
        yield SessionChange(*new.key, opened=new.nodes, closed=old.nodes)
        return
    if old is not None and old.nodes:
        yield SessionChange(*old.key, closed=old.nodes)
    if new is not None and new.nodes:
        yield SessionChange(*new.key, opened=new.nodes)


def _kept(old: _Peer, new: _Peer, fields: tuple[str, ...], *, native: bool) -> Iterator[SessionChange]:
    """Sessions with the same router: those of nodes that come or go, and those that run on."""
    here, there = set(old.nodes), set(new.nodes)
    both = tuple(node for node in new.nodes if node in here) if fields else ()
    resets = native or not {*_RESETTING, _PASSWORD}.isdisjoint(fields)
    # FRR begins BFD anew without a profile, and one end or the other takes that for a failure if BFD was up.
    may_reset = not resets and bool(old.session.bfd_profile and not new.session.bfd_profile)
    change = SessionChange(
        *new.key,
        opened=tuple(node for node in new.nodes if node not in here),
        closed=tuple(node for node in old.nodes if node not in there),
        reset=both if resets else (),
        may_reset=both if may_reset else (),
        changed=() if resets or may_reset else both,
        fields=fields if both else (),
    )
    if change.opened or change.closed or both:
        yield change


def _differing(old: _Peer, new: _Peer, *, password: bool, native: bool) -> tuple[str, ...]:
    """The fields with other values."""
    before, after = old.session, new.session
    found = [name for name, value in (_RESETTING | _TAKEN).items() if getattr(before, value) != getattr(after, value)]
    if native and old.hold != new.hold and "holdTime" not in found:
        found.append("holdTime")
    if password or old.password != new.password:
        found.append(_PASSWORD)
    if before.bfd_profile == after.bfd_profile:
        some, others = old.profile, new.profile
        found += sorted(name for name in {*some, *others} if some.get(name) != others.get(name))
    return tuple(found)


def _side(snapshot: Snapshot, refs: Collection[ObjectRef]) -> dict[str, _Peer]:
    """Some peers by their names; those of which MetalLB can make no session are left out."""
    peers = tuple(one for one in snapshot.resources if one.ref in refs)
    profiles = {one.name: one.spec for one in snapshot.in_force(_PROFILE)}
    own = [one for one in peers if one.ref.namespace == snapshot.namespace]
    holds = {one.name: asked(one.spec, "holdTime") for one in own}
    secrets = {
        one.name: (one.inline_password, text(mapping(one.spec.get("passwordSecret")).get("name"))) for one in own
    }
    return {
        name: _Peer(session, nodes, holds[name], secrets[name], profiles.get(session.bfd_profile, {}))
        for name, (session, nodes) in placed(replace(snapshot, resources=peers)).items()
    }
