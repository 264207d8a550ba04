"""What FRR counts is kept as series: a point in five minutes, few bytes, and nothing in sweeps between."""

from __future__ import annotations

import json
from datetime import timedelta
from itertools import pairwise
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import given
from hypothesis import strategies as st

from clusters.models import Cluster
from speakers import live
from speakers.counters.keeping import fleet_write
from speakers.counters.packing import SLOTS, Day, pack, unpack
from speakers.counters.series import Series, fleet_series, session_series
from speakers.counters.taking import BFD, SESSIONS, taken
from speakers.frr.parse import bfd_peers
from speakers.history import DAY
from speakers.models import CounterDay, Session, Speaker
from speakers.sweep import Observation
from tests.speakers.seen import DOWN, T0, UP, after, answer, intended, missed, seen, session, swept
from tests.speakers.seen import cluster as make_cluster

ONE = ("default", "10.0.0.1")
_NODE = "node-1"
_BFD = b'[{"peer": "10.0.0.1", "vrf": "default", "status": "down"}]'


@pytest.fixture
def cluster(db: None) -> Cluster:
    return make_cluster()


def facts(updates: int = 7, prefixes: int = 2, base: dict[str, Any] = UP) -> dict[str, Any]:
    """Names as in FRR's bgpd/bgp_vty.c, `messageStats` and `addressFamilyInfo`."""
    families = {"ipv4Unicast": {"acceptedPrefixCounter": prefixes, "sentPrefixCounter": 3}, "ipv6Unicast": {}}
    stats = {"updatesSent": 1, "updatesRecv": updates, "totalSent": 50, "totalRecv": 60, "depthInq": 0}
    return {**base, "addressFamilyInfo": families, "messageStats": stats}


def write(cluster: Cluster, *observations: Observation) -> None:
    for one in observations:
        swept(cluster=cluster, observations=[one], expected={one.node: [intended(one.node)]})


def kept(at: float) -> dict[str, Series]:
    return {series.name: series for series in session_series(session(), after(at))}


def test_a_session_has_a_point_in_five_minutes_for_each_thing_that_frr_counts(cluster: Cluster) -> None:
    counted = [(7, 2), (9, 2), None, (12, 4), (1, 5)]  # nobody hears it once, and FRR counts anew in the end
    for number, values in enumerate(counted):
        at = after(300 * number + 250)
        write(cluster, seen(_NODE, at, {ONE: facts(*values)}) if values else missed(_NODE, at))
    found = kept(300 * 4 + 260)
    assert found["prefixes_received.ipv4Unicast"].values[-5:] == (2, 2, None, 4, 5)
    assert found["prefixes_sent.ipv4Unicast"].shown[-1] == 3
    assert "prefixes_sent.ipv6Unicast" not in found, "FRR says nothing of a family that is not in use"
    assert found["updates_received"].values[-5:] == (7, 9, None, 12, 1)
    assert found["updates_received"].shown[-5:] == (None, 2, None, 3, 1)
    assert (len(found["messages_sent"].values), found["messages_sent"].end) == (SLOTS, after(1200))
    write(cluster, seen(_NODE, after(1750), {ONE: facts(base=DOWN)}))
    assert kept(1760)["prefixes_received.ipv4Unicast"].values[-1] is None, "a session that is down has no prefixes"


def test_bfd_is_what_bfdd_says_or_else_bgpd() -> None:
    def said(**more: Any) -> int | None:
        return taken(answer({ONE: {**UP, **more}})).get(ONE, {}).get(BFD)

    assert (said(), said(peerBfdInfo={"status": "Up"}), said(peerBfdInfo={"status": "Down"})) == (None, 1, 0)
    both, peers = answer({ONE: {**UP, "peerBfdInfo": {"status": "Up"}}}), bfd_peers(_BFD)
    assert isinstance(peers, list)
    both.bfd = peers
    assert taken(both)[ONE][BFD] == 0


def test_bfd_of_two_links_whose_routers_have_one_link_local_address_is_not_mixed_up(redis_url: str) -> None:
    """bfdd tells sessions apart by interface, hops and own address, too (FRR bfdd/bfd.h, struct bfd_key)."""
    hops = {"type": "multi hop", "status": "Up"}
    up = {**UP, "bgpNeighborAddr": "fe80::1", "peerBfdInfo": {"type": "single hop", "status": "Up"}}
    both = answer(
        {("default", "ens4"): up, ("default", "ens5"): up, ("default", "ens6"): up | {"peerBfdInfo": hops}}
        | {ONE: {**UP, "hostLocal": "10.9.0.2", "peerBfdInfo": hops}}
    )
    single, multi = {"vrf": "default", "multihop": False}, {"vrf": "default", "multihop": True}
    document = json.dumps(
        [
            {**single, "peer": "fe80::1", "interface": "ens4", "status": "up"},
            {**single, "peer": "fe80::1", "interface": "ens5", "status": "down"},
            {**single, "peer": "10.0.0.1", "interface": "ens7", "status": "up"},
            {**multi, "peer": "10.0.0.1", "local": "10.9.0.2", "status": "down"},
            {**multi, "peer": "fe80::1", "status": "init"},
        ]
    ).encode()
    peers = bfd_peers(document)
    assert isinstance(peers, list)
    for told in (peers, peers[::-1]):
        both.bfd = told
        found = {neighbor: values[BFD] for (_vrf, neighbor), values in taken(both).items()}
        assert found == {"ens4": 1, "ens5": 0, "ens6": 0, "10.0.0.1": 0}
    live.nodes_put(1, [live.NodeAnswer(_NODE, 0.0, both.document, document)])
    status = {}
    for neighbor in found:
        detail = live.session_detail(Session(cluster_id=1, node=_NODE, vrf="default", neighbor=neighbor))
        status[neighbor] = detail.bfd.status if detail and detail.bfd else ""
    assert status == {"ens4": "up", "ens5": "down", "ens6": "init", "10.0.0.1": "down"}


def test_sweeps_between_two_points_write_no_series_and_many_nodes_take_two_statements(cluster: Cluster) -> None:
    nodes = [f"node-{number}" for number in range(50)]
    expected = {node: [intended(node)] for node in nodes}

    def statements(at: float) -> list[str]:
        looks = [seen(node, after(at), {ONE: facts()}) for node in nodes]
        with CaptureQueriesContext(connection) as queries:
            swept(cluster=cluster, observations=looks, expected=expected)
        return [query["sql"] for query in queries.captured_queries if "counterday" in query["sql"]]

    assert len(statements(0)) == 2
    later = [len(statements(at)) for at in range(10, 310, 10)]
    assert set(later) <= {0, 1, 2}
    assert 1 <= sum(map(bool, later)) <= 5, "in five parts, so that no sweep writes for the whole fleet"
    assert CounterDay.objects.count() == len(nodes)
    Speaker.objects.update(attempted_at=after(10_000))
    assert statements(5000) == [], "an answer that others overtook is no point"


def test_a_day_of_four_sessions_is_small_and_a_node_of_too_many_is_cut() -> None:
    day, places = Day([], []), [("default", f"10.0.0.{number}") for number in range(4)]
    for slot in range(SLOTS):
        values = {"prefixes_sent.ipv4Unicast": 40 + slot // 90, "updates_sent": slot // 7, "messages_sent": 10 * slot}
        assert day.append(slot, {place: {**values, "messages_received": 10 * slot + slot % 2} for place in places})
    assert len(pack(day)) < 2000
    many = {("default", f"10.0.{number // 200}.{number % 200}"): facts() for number in range(SESSIONS + 50)}
    assert len(taken(answer(many))) == SESSIONS
    absurd = {**facts(updates=2**60), "addressFamilyInfo": {"ipv4Unicast": {"acceptedPrefixCounter": -1}}}
    assert taken(answer({ONE: absurd}))[ONE] == {"updates_sent": 1, "messages_sent": 50, "messages_received": 60}


_POINTS = st.lists(
    st.dictionaries(
        st.sampled_from([ONE, ("red", "10.0.0.2")]),
        st.dictionaries(st.sampled_from(["a", "b"]), st.integers(0, 2**53), max_size=2),
    ),
    max_size=12,
)


@given(_POINTS)
def test_what_is_packed_comes_back(points: list[dict[tuple[str, str], dict[str, int]]]) -> None:
    day = Day([], [])
    for slot, found in enumerate(points):
        assert day.append(2 * slot, found)
        assert not day.append(2 * slot, found)
        day = unpack(pack(day))
    for place in (ONE, ("red", "10.0.0.2")):
        for name in ("a", "b"):
            wanted = {
                2 * slot: one[place][name] for slot, one in enumerate(points) if place in one and name in one[place]
            }
            drawn = [day.values(track, name) for track in day.tracks if track.place == place]
            assert (drawn[0] if drawn else {}) == wanted
    assert unpack(b"of another version") == Day([], [])


def test_sums_of_a_cluster_are_kept_once_in_five_minutes(cluster: Cluster) -> None:
    for number, state in enumerate((UP, UP, DOWN)):
        node = f"node-{number}"
        look = seen(node, T0, {ONE: facts(base=state)})
        swept(cluster=cluster, observations=[look], expected={node: [intended(node)]})
    assert [fleet_write(cluster, after(at)) for at in (1, 2, 299)] == [True, False, False]
    assert fleet_write(cluster, after(300 + 1)), "nobody has swept since, hence they are unknown by then"
    found = {series.name: series.values[-2:] for series in fleet_series(cluster.pk, {("default", "tor")}, after(302))}
    assert found["up"], found
    assert (found["up"], found["down"], found["unknown"]) == ((2, 0), (1, 0), (0, 3))
    assert found["prefixes_received"] == (4, None)
    assert fleet_series(cluster.pk, {("default", "other")}, after(302)) == []
    assert [one.values[-2:] for one in fleet_series(cluster.pk, None, after(302)) if one.name == "up"] == [(2, 0)]


def test_series_go_on_over_midnight(cluster: Cluster) -> None:
    times = [T0 + timedelta(hours=12, minutes=minutes) for minutes in range(-12, 13, 4)]
    for number, at in enumerate(times):
        write(cluster, seen(_NODE, at, {ONE: facts(updates=number)}))
    values = next(one for one in session_series(session(), times[-1]) if one.name == "updates_received").values
    assert CounterDay.objects.count() == 2
    there = [value for value in values if value is not None]
    assert len(there) >= 4
    assert all(one < other for one, other in pairwise(there))
    assert len(values) == DAY.total_seconds() / 300
