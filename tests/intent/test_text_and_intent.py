"""Properties: frr.conf read back is what was meant, session by session; a preview is the difference of two intents."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from intent.announcements import announced_on
from intent.frr_changes import configuration_changes
from intent.render import frr_config
from intent.session_changes import SessionChange, session_changes
from intent.sessions import DEFAULT_PORT, IntendedSession, sessions, sessions_on
from intent.snapshot import Mode, Snapshot
from tests.intent.frr_sessions import Told, neighbors
from tests.intent.manifests import ALL, RACK_A, RACK_B, cluster, peer, profile
from tests.intent.test_effects import snapshots

MODES = st.sampled_from((Mode.FRR, Mode.FRR_K8S))
_DURATIONS = st.sampled_from(("0s", "3s", "10s", "30s", "60s", "90s", "180s", "1m1s", "9500ms"))
# A node has one router ID and a VRF one AS, as MetalLB demands of peers that share a node (internal/config).
_SPEC = st.fixed_dictionaries(
    {"vrf": st.sampled_from((None, "red")), "peerPort": st.sampled_from((None, 179, 1179))},
    optional={
        "holdTime": _DURATIONS,
        "keepaliveTime": _DURATIONS,
        "connectTime": _DURATIONS,
        "localASN": st.just(64999),
        "sourceAddress": st.sampled_from(("10.0.0.11", "2001:DB8::11")),
        "ebgpMultiHop": st.booleans(),
        "enableGracefulRestart": st.booleans(),
        "dualStackAddressFamily": st.booleans(),
        "bfdProfile": st.sampled_from(("fast", "missing")),
        "nodeSelectors": st.sampled_from((RACK_A["nodeSelectors"], RACK_B["nodeSelectors"])),
    },
)
_AS: st.SearchStrategy[dict[str, Any]] = st.sampled_from(
    ({}, {"peerASN": 64500}, {"peerASN": None, "dynamicASN": "external"}, {"peerASN": 4200000000})
)
_WHERE: st.SearchStrategy[dict[str, Any]] = st.sampled_from(
    ({}, {"peerAddress": "2001:DB8:0:0::1"}, {"peerAddress": None, "interface": "eth1"}, {"peerAddress": "10.0.0.7"})
)


@st.composite
def peers(draw: st.DrawFn) -> list[dict[str, Any]]:
    """Peers that may share nodes, each with a neighbor of its own in its VRF, and a BFDProfile."""
    drawn = draw(
        st.lists(st.tuples(_SPEC, _AS, _WHERE), max_size=4, unique_by=lambda one: (one[0]["vrf"], str(one[2])))
    )
    router_id = draw(st.sampled_from((None, "10.10.10.10")))
    return [
        *(
            peer(
                f"p{number}",
                **{**spec, **asn, **where, "routerID": router_id, "myASN": 64600 if spec["vrf"] else 64500},
            )
            for number, (spec, asn, where) in enumerate(drawn)
        ),
        profile("fast"),
    ]


def meant(session: IntendedSession, mode: Mode, password: str) -> Told:
    """What the text has to say of a session (MetalLB internal/bgp/frr/templates, FRR-K8s internal/frr/templates)."""
    by_address, six = session.neighbor != "eth1", ":" in session.neighbor
    written = by_address and not (mode is Mode.FRR_K8S and session.port == DEFAULT_PORT)
    timers = session.keepalive is not None and session.hold is not None
    return Told(
        my_asn=session.my_asn,
        router_id=session.router_id,
        remote=session.dynamic_asn or str(session.peer_asn),
        interface=not by_address,
        local_asn=session.local_asn,
        port=session.port if written else None,
        timers=(_seconds(session.keepalive) or 0, _seconds(session.hold) or 0) if timers else None,
        connect=_seconds(session.connect),
        password=password,
        source=session.source_address,
        multihop=session.multihop,
        graceful_restart=session.graceful_restart,
        bfd=bool(session.bfd_profile),
        bfd_profile=session.bfd_profile,
        any_hop=six and not session.multihop and not session.internal,
        families=list(session.families),
    )


def _seconds(timer: timedelta | None) -> int | None:
    return None if timer is None else int(timer.total_seconds())


@given(peers(), MODES, st.sampled_from(ALL))
def test_every_session_reads_back_from_the_text(made: list[dict[str, Any]], mode: Mode, node: str) -> None:
    snapshot = cluster(*made, mode=mode)
    text = frr_config(snapshot, node, {"p1": "s3cret"})
    expected = {
        (one.vrf, one.neighbor): meant(one, mode, "s3cret" if one.peer == "p1" else "")
        for one in sessions_on(snapshot, node)
    }
    assert neighbors(text) == expected


def _changes(before: Snapshot, after: Snapshot) -> tuple[SessionChange, ...]:
    was = {one.ref: before.find(one.ref) for one in (*before.resources, *after.resources)}
    return session_changes(after, was)


@given(peers(), peers(), MODES)
def test_a_preview_of_sessions_is_the_difference_of_those_before_and_after(
    old: list[dict[str, Any]], new: list[dict[str, Any]], mode: Mode
) -> None:
    before, after = cluster(*old, mode=mode), cluster(*new, mode=mode)
    here, there = (
        {(s.node, s.peer, s.vrf, s.neighbor): s for some in sessions(side).values() for s in some}
        for side in (before, after)
    )
    both = here.keys() & there.keys()
    told = {
        what: {
            (node, one.peer, one.vrf, one.neighbor) for one in _changes(before, after) for node in getattr(one, what)
        }
        for what in ("opened", "closed", "reset", "may_reset", "changed")
    }
    assert told["opened"] == there.keys() - here.keys()
    assert told["closed"] == here.keys() - there.keys()
    differing = {key for key in both if here[key] != there[key]}
    assert told["reset"] | told["may_reset"] | told["changed"] == differing
    assert not told["reset"] & (told["may_reset"] | told["changed"])


@given(snapshots(), snapshots(), MODES)
def test_a_preview_of_the_text_names_the_nodes_whose_text_differs(old: Snapshot, new: Snapshot, mode: Mode) -> None:
    before, after = replace(old, mode=mode), replace(new, mode=mode)
    found = configuration_changes(before, after, most=len(ALL))
    differing = {node for node in ALL if frr_config(before, node) != frr_config(after, node)}
    assert {node for one in found.kinds for node in one.nodes} == differing
    assert sum(len(one.nodes) for one in found.kinds) == len(differing)
    back = configuration_changes(after, before, most=len(ALL))
    assert {one.nodes for one in back.kinds} == {one.nodes for one in found.kinds}


@given(snapshots(), MODES, st.randoms(use_true_random=False))
def test_order_and_labels_that_nobody_selects_change_no_text_and_no_announcement(
    plain: Snapshot, mode: Mode, random: Any
) -> None:
    nodes = [replace(node, labels={**node.labels, "zone": str(n)}) for n, node in enumerate(plain.nodes)]
    resources = [replace(one, labels={**one.labels, "team": "a"}) for one in plain.resources]
    services = [replace(one, labels={**one.labels, "team": "b"}) for one in plain.services]
    for some in (nodes, resources, services):
        random.shuffle(some)
    before = replace(plain, mode=mode)
    after = replace(before, nodes=tuple(nodes), resources=tuple(resources), services=tuple(services))
    assert sessions(after) == sessions(before)
    for node in ALL:
        assert announced_on(after, node) == announced_on(before, node)
        assert frr_config(after, node) == frr_config(before, node)
