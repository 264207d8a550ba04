"""What a change does to announcements equals the difference of what is announced before and after it."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from intent.announcements import Announcement, Announcements, ServiceRef
from intent.announcements.cluster import EXCLUDED
from intent.announcements.groups import Feed
from intent.effects import Effects, RouteChange, ServiceChange, effects
from intent.reach import NAMED, Reach, SessionKey
from intent.sessions import sessions
from intent.snapshot import Node, Snapshot
from tests.intent.manifests import ALL, NODES, RACK_A, RACK_B, advertisement, cluster, peer, pool, service

ONE, TWO, THREE = ALL
WEB = ServiceRef("shop", "web")
FOUR = "203.0.113.9"
TORS = (peer("tor-a"), peer("tor-b", peerAddress="10.0.0.2"))
BEFORE = cluster(*TORS, pool(), advertisement(), services=(service("web", FOUR),))


def to(name: str, announced: int = 0, withdrawn: int = 0, changed: int = 0, prefix: str = f"{FOUR}/32") -> RouteChange:
    address = {"tor-a": "10.0.0.1", "tor-b": "10.0.0.2"}[name]
    return RouteChange(name, "default", address, prefix, announced, withdrawn, changed)


def but(*manifests: Any, without: str = "") -> Snapshot:
    """BEFORE with these objects added or replaced, and without one."""
    after = BEFORE.with_resources(cluster(*manifests).resources)
    return after.without(*(each.ref for each in after.resources if each.name == without))


def web(nodes: int, peers: int) -> ServiceChange:
    return ServiceChange(WEB, Reach(3, 2, 6), Reach(nodes, peers, nodes * peers))


# What is changed, which routes come and go, from where and to whom the service is announced afterwards.
CHANGES: list[tuple[str, Snapshot, list[RouteChange], list[ServiceChange]]] = [
    ("nothing", but(), [], []),
    ("its advertisement goes", but(without="adv"), [to("tor-a", withdrawn=3), to("tor-b", withdrawn=3)], [web(0, 0)]),
    ("its pool goes", but(without="pool"), [to("tor-a", withdrawn=3), to("tor-b", withdrawn=3)], [web(0, 0)]),
    ("a router goes", but(without="tor-b"), [to("tor-b", withdrawn=3)], [web(3, 1)]),
    ("on fewer nodes", but(advertisement(**RACK_B)), [to("tor-a", withdrawn=2), to("tor-b", withdrawn=2)], [web(1, 2)]),
    ("to one router", but(advertisement(peers=["tor-a"])), [to("tor-b", withdrawn=3)], [web(3, 1)]),
    (
        "with other attributes",
        but(advertisement(communities=["65000:1"])),
        [to("tor-a", changed=3), to("tor-b", changed=3)],
        [],
    ),
    (
        "aggregated",
        but(advertisement(aggregationLength=24)),
        [
            to("tor-a", announced=3, prefix="203.0.113.0/24"), to("tor-a", withdrawn=3),
            to("tor-b", announced=3, prefix="203.0.113.0/24"), to("tor-b", withdrawn=3),
        ],
        [],
    ),
]  # fmt: skip


@pytest.mark.parametrize(("after", "routes", "services"), [c[1:] for c in CHANGES], ids=[c[0] for c in CHANGES])
def test_a_change_announces_withdraws_and_changes(
    after: Snapshot, routes: list[RouteChange], services: list[ServiceChange]
) -> None:
    assert effects(BEFORE, after) == Effects(tuple(routes), tuple(services))


def test_what_is_left_without_a_session_that_is_up_is_told() -> None:
    only_a = frozenset((node, "default", "10.0.0.1") for node in ALL)
    (change,) = effects(BEFORE, but(without="tor-a"), up=only_a).services
    assert (change.before.up, change.before.sessions, change.after.up, change.after.sessions) == (3, 6, 0, 3)
    assert [(node, feed.peer) for node, feed in change.after.missing] == [(node, "tor-b") for node in ALL]
    assert (change.dark, change.lost) == (True, False)
    assert effects(BEFORE, but(without="tor-b"), up=only_a).dark == ()
    assert effects(BEFORE, but(without="adv"), up=only_a).dark == (), "that is lost altogether"


def test_a_service_that_is_lost_and_one_that_is_left_alone_are_told() -> None:
    assert (effects(BEFORE, but(without="adv")).lost, effects(BEFORE, but(without="adv")).alone) == ((WEB,), ())
    assert effects(BEFORE, but(advertisement(**RACK_B))).alone == (WEB,)
    assert effects(BEFORE, but(without="tor-b")).alone == (WEB,)
    assert effects(BEFORE, but(advertisement(**RACK_A))).alone == ()


def test_a_peer_that_moves_takes_its_routes_to_the_new_neighbor() -> None:
    moved = effects(BEFORE, but(peer("tor-b", peerAddress="10.0.0.2", vrf="red")))
    assert [(each.vrf, each.announced, each.withdrawn) for each in moved.routes] == [("default", 0, 3), ("red", 3, 0)]
    assert moved.services == ()


_SERVICES = st.lists(
    st.tuples(
        st.sampled_from((FOUR, "203.0.113.10", "198.51.100.7", "2001:db8::9")),
        st.sets(st.sampled_from(ALL)),
        st.booleans(),
    ),
    max_size=4,
).map(
    lambda drawn: tuple(
        service(f"s{n}", address, nodes=tuple(sorted(nodes)), local=local)
        for n, (address, nodes, local) in enumerate(drawn)
    )
)
_ADVERTISED = st.fixed_dictionaries(
    {},
    optional={
        "aggregationLength": st.sampled_from((24, 32)),
        "localPref": st.sampled_from((100, 200)),
        "communities": st.sampled_from((["65000:1"], ["65000:2"])),
        "peers": st.sampled_from((["tor-a"], ["tor-b"], ["nobody"])),
        "ipAddressPools": st.sampled_from((["pool"], ["other"])),
        "nodeSelectors": st.sampled_from((RACK_A["nodeSelectors"], RACK_B["nodeSelectors"])),
    },
)
_PEERS = st.lists(
    st.tuples(st.sampled_from(("tor-a", "tor-b")), st.sampled_from(("", "red")), st.booleans()),
    max_size=2,
    unique_by=lambda drawn: drawn[0],
)


@st.composite
def snapshots(draw: st.DrawFn) -> Snapshot:
    peers = [
        peer(name, peerAddress=f"10.0.0.{5 if name == 'tor-a' else 6}", dualStackAddressFamily=dual, vrf=vrf or None)
        for name, vrf, dual in draw(_PEERS)
    ]
    advertised = [advertisement(f"a{n}", **spec) for n, spec in enumerate(draw(st.lists(_ADVERTISED, max_size=3)))]
    pools = [pool("pool", ["203.0.113.0/24", "2001:db8::/64"]), pool("other", ["198.51.100.0/24"])]
    excluded = draw(st.sampled_from((None, *NODES)))
    nodes = tuple(replace(n, labels={**n.labels, EXCLUDED: ""}) if n == excluded else n for n in NODES)
    return cluster(*peers, *pools, *advertised, nodes=nodes, services=draw(_SERVICES))


_Routes = dict[tuple[str, str, str, str, str], Announcement]


def _routes(snapshot: Snapshot) -> _Routes:
    """All that is announced, by node, session and prefix: told node by node."""
    made, intended = Announcements(snapshot), sessions(snapshot)
    return {
        (node, one.peer, one.vrf, one.neighbor, each.prefix): each
        for node, some in intended.items()
        for one in some
        for each in made.on(node)[one.peer]
    }


def _reach(routes: _Routes, up: frozenset[SessionKey]) -> dict[ServiceRef, Reach]:
    found = {}
    for ref in {ref for each in routes.values() for ref in each.services}:
        over = {key[:4] for key, each in routes.items() if ref in each.services}
        lacking = sorted((node, Feed(peer, vrf, to)) for node, peer, vrf, to in over if (node, vrf, to) not in up)
        nodes, peers = ({key[place] for key in over} for place in (0, 1))
        found[ref] = Reach(len(nodes), len(peers), len(over), len(over) - len(lacking), tuple(lacking[:NAMED]))
    return found


@given(snapshots(), snapshots(), st.data())
def test_effects_equal_the_difference_route_by_route(before: Snapshot, after: Snapshot, data: st.DataObject) -> None:
    if data.draw(st.booleans()):  # most edits leave all but one kind as it is, so that some nodes are not looked at
        others = [one for one in before.resources if one.ref.kind != "BGPPeer"]
        after = replace(before, resources=(*others, *after.of_kind("BGPPeer")))
    old, new = _routes(before), _routes(after)
    every = sorted({(node, vrf, to) for node, _peer, vrf, to, _prefix in (*old, *new)})
    up = frozenset(data.draw(st.sets(st.sampled_from(every)))) if every else frozenset()
    found = effects(before, after, up=up)
    came = Counter(key[1:] for key in new.keys() - old.keys())
    went = Counter(key[1:] for key in old.keys() - new.keys())
    other = Counter(
        key[1:]
        for key in old.keys() & new.keys()
        if (old[key].local_prefs, old[key].communities) != (new[key].local_prefs, new[key].communities)
    )
    counted = {(r.peer, r.vrf, r.neighbor, r.prefix): (r.announced, r.withdrawn, r.changed) for r in found.routes}
    assert counted == {key: (came[key], went[key], other[key]) for key in {*came, *went, *other}}
    was, will = _reach(old, up), _reach(new, up)
    none = Reach(0, 0)
    assert {each.service: (each.before, each.after) for each in found.services} == {
        ref: (was.get(ref, none), will.get(ref, none))
        for ref in {*was, *will}
        if was.get(ref, none) != will.get(ref, none)
    }


@given(snapshots(), snapshots())
def test_a_change_and_its_inverse_cancel(before: Snapshot, after: Snapshot) -> None:
    there, back = effects(before, after), effects(after, before)
    assert [(r.announced, r.withdrawn, r.changed) for r in there.routes] == [
        (r.withdrawn, r.announced, r.changed) for r in back.routes
    ]
    assert [(s.before, s.after) for s in there.services] == [(s.after, s.before) for s in back.services]


@given(snapshots(), snapshots(), st.randoms(use_true_random=False))
def test_order_and_irrelevant_labels_change_nothing(before: Snapshot, after: Snapshot, random: Any) -> None:
    def shuffled(snapshot: Snapshot) -> Snapshot:
        nodes = [replace(node, labels={**node.labels, "zone": str(n)}) for n, node in enumerate(snapshot.nodes)]
        resources, services = list(snapshot.resources), list(snapshot.services)
        for some in (nodes, resources, services):
            random.shuffle(some)
        return replace(snapshot, nodes=tuple(nodes), resources=tuple(resources), services=tuple(services))

    assert effects(shuffled(before), shuffled(after)) == effects(before, after)


def test_a_node_that_comes_announces_what_is_there() -> None:
    more = replace(BEFORE, nodes=(*NODES, Node("compute-4", {"rack": "b"})))
    assert effects(BEFORE, more).routes == (to("tor-a", announced=1), to("tor-b", announced=1))
