"""Sessions come up, stay down and end for the reasons that real ones have, by the clock alone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from lab.routers import Listening, Router
from lab.speakers import reload
from lab.speakers.resets import (
    BAD_PEER_AS,
    BFD_DOWN,
    HOLD_TIMER_EXPIRED,
    SHUTDOWN,
    UNSUPPORTED_CAPABILITY,
    Cause,
)
from lab.speakers.session import Session, State
from tests.lab.speakers.build import Bench

TOR = "10.0.0.1"


def tor(**fields: Any) -> Router:
    return replace(Router("tor-a", (TOR,), (64501,), expects=64500), **fields)


def session(bench: Bench) -> Session:
    (only,) = bench.speaker.sessions.values()
    return only


def up(bench: Bench, **fields: Any) -> Session:
    made = bench.add(TOR, **fields)
    bench.after(2)
    assert made.up
    return made


def test_a_healthy_session_is_established_within_two_seconds_and_stays() -> None:
    bench = Bench(tor())
    made = up(bench)
    bench.after(86_400 * 30)
    assert made.up
    assert (made.counters.established, made.counters.dropped, made.counters.opens_sent) == (1, 0, 1)
    assert made.keepalives(bench.clock.now())[0] == 86_400 * 30 // 60 + 1


DOWN: list[tuple[str, dict[str, Any], dict[str, Any], State, Cause, tuple[int, int] | None]] = [
    ("another AS number", {"asns": (64999,)}, {}, State.IDLE, Cause.NOTIFICATION_SENT, BAD_PEER_AS),
    ("my AS number", {}, {"my_asn": 64600}, State.IDLE, Cause.NOTIFICATION_RECEIVED, BAD_PEER_AS),
    ("a shutdown", {"shutdown": "later"}, {}, State.ACTIVE, Cause.WAITING_FOR_OPEN, None),
    ("no family", {"families": ("ipv6",)}, {}, State.IDLE, Cause.NOTIFICATION_SENT, UNSUPPORTED_CAPABILITY),
    ("a password", {"password": "s3cret"}, {}, State.CONNECT, Cause.WAITING_FOR_OPEN, None),
    ("dropped packets", {"listening": Listening.DROPPED}, {}, State.CONNECT, Cause.WAITING_FOR_OPEN, None),
    ("nothing listens", {"listening": Listening.REFUSED}, {}, State.ACTIVE, Cause.WAITING_FOR_OPEN, None),
    ("another port", {"port": 1179}, {}, State.ACTIVE, Cause.WAITING_FOR_OPEN, None),
    ("nobody there", {"addresses": ("10.0.0.2",)}, {}, State.ACTIVE, Cause.WAITING_FOR_OPEN, None),
    ("no multihop", {"hops": 3}, {}, State.ACTIVE, Cause.NO_PATH, None),
    ("no VRF", {"vrf": "blue"}, {"vrf": "blue"}, State.IDLE, Cause.NO_VRF, None),
    ("no OPEN", {"listening": Listening.MUTE}, {}, State.OPEN_SENT, Cause.WAITING_FOR_OPEN, None),
]


@pytest.mark.parametrize(
    ("router", "peer", "state", "cause", "code"), [row[1:] for row in DOWN], ids=[row[0] for row in DOWN]
)
def test_what_keeps_a_session_down_shows_as_in_frr(
    router: dict[str, Any], peer: dict[str, Any], state: State, cause: Cause, code: tuple[int, int] | None
) -> None:
    bench = Bench(tor(**router))
    made = bench.add(TOR, **peer)
    bench.after(100)
    assert (made.state, made.reset.cause, made.reset.notification) == (state, cause, code)
    assert made.counters.established == 0


@pytest.mark.parametrize(
    ("router", "peer"),
    [
        ({"hops": 3}, {"multihop": True}),
        ({"password": "s3cret"}, {"password": "s3cret"}),
        ({"asns": (64501, 64500)}, {"peer_asn": 64500}),
        ({"asns": (64501, 64500)}, {"peer_asn": None, "dynamic_asn": "external"}),
        ({"asns": (64501, 64500)}, {"peer_asn": None, "dynamic_asn": "internal"}),
        ({"expects": 65000}, {"local_asn": 65000}),
        ({"port": 1179}, {"port": 1179}),
        ({"asns": (64500,), "hops": 5}, {"peer_asn": 64500}),
    ],
)
def test_what_fits_both_ends_comes_up(router: dict[str, Any], peer: dict[str, Any]) -> None:
    up(Bench(tor(**router)), **peer)


def test_a_router_that_falls_silent_is_noticed_when_the_hold_timer_ends_and_not_before() -> None:
    bench = Bench(tor())
    made = up(bench, hold=9, keepalive=3)
    bench.routers.change(TOR, listening=Listening.DROPPED)
    bench.after(5)
    assert made.up
    assert bench.clock.now() - made.heard_at(bench.clock.now()) > 5
    bench.after(5)
    assert made.reset.notification == HOLD_TIMER_EXPIRED
    assert (made.counters.dropped, made.counters.notifications_sent) == (1, 1)
    assert not made.up


def test_a_router_that_speaks_again_in_time_loses_nothing() -> None:
    bench = Bench(tor())
    made = up(bench, hold=9, keepalive=3)
    bench.routers.change(TOR, listening=Listening.DROPPED)
    bench.after(5).routers.change(TOR, listening=Listening.OPEN)
    bench.after(60)
    assert made.counters.dropped == 0


def test_bfd_ends_a_session_long_before_the_hold_timer() -> None:
    bench = Bench(tor())
    made = up(bench, bfd_profile="fast")
    bench.routers.change(TOR, mute_bfd=True)
    assert made.reset.notification == BFD_DOWN
    bench.after(2)
    assert made.up, "without BFD's strict mode BGP comes up again by itself"
    assert not made.bfd.up


def test_a_router_that_bounces_closes_its_sessions_now_and_then_for_real() -> None:
    bench = Bench(tor(bounce=600.0))
    made = up(bench)
    bench.after(6000)
    assert 6 <= made.counters.dropped <= 12
    assert made.counters.notifications_received == 2 * made.counters.dropped
    assert made.counters.established == made.counters.opens_received


def test_after_each_refusal_the_node_waits_longer() -> None:
    bench = Bench(tor(asns=(64999,)))
    made = bench.add(TOR)
    bench.after(600)
    assert 12 <= made.counters.notifications_sent <= 16  # 2, 4, 8, 16, 32 and then 60 s


def test_a_corrected_as_number_is_tried_at_once() -> None:
    bench = Bench(tor())
    made = bench.add(TOR, peer_asn=64999)
    bench.after(300)
    assert made.reset.notification == BAD_PEER_AS
    reload.reconfigure(made, replace(made.spec, peer_asn=64501), "", bench.clock.now())
    bench.after(2)
    assert made.up


RESETTING: list[tuple[dict[str, Any], Cause | None]] = [
    ({"peer_asn": 64999}, Cause.REMOTE_AS_CHANGED),
    ({"multihop": True}, Cause.MULTIHOP_CHANGED),
    ({"router_id": "10.10.10.10"}, Cause.ROUTER_ID_CHANGED),
    ({"hold": timedelta(seconds=30)}, None),
    ({"bfd_profile": "fast"}, None),
    ({"port": 1179}, None),
]


@pytest.mark.parametrize(("change", "cause"), RESETTING)
def test_only_some_settings_reset_an_established_session(change: dict[str, Any], cause: Cause | None) -> None:
    bench = Bench(tor())
    made = up(bench)
    reload.reconfigure(made, replace(made.spec, **change), "", bench.clock.now())
    assert made.up is (cause is None)
    assert (made.counters.dropped, made.reset.cause) == ((0, Cause.WAITING_FOR_OPEN) if cause is None else (1, cause))


def test_a_shutdown_carries_the_routers_words_and_ends_with_it() -> None:
    bench = Bench(tor())
    made = up(bench, connect=10)
    bench.routers.change(TOR, shutdown="maintenance window 42")
    assert (made.reset.notification, made.reset.message) == (SHUTDOWN, "maintenance window 42")
    bench.after(30).routers.change(TOR, shutdown=None)
    bench.after(12)
    assert made.up


def test_an_interface_waits_for_a_router_and_then_comes_up() -> None:
    bench = Bench()
    made = bench.add("eth1", families=("ipv4", "ipv6"))
    bench.after(10)
    assert (made.state, made.reset.cause) == (State.IDLE, Cause.NO_LINK_LOCAL)
    bench.routers.add(Router("leaf-1", (), (64501,), interface="eth1"))
    bench.after(2)
    assert made.up


@pytest.mark.parametrize("change", [lambda r: r.remove(TOR), lambda r: r.change(TOR, listening=Listening.REFUSED)])
def test_a_router_that_is_gone_and_comes_back_gets_its_session_back(change: Callable[[Any], object]) -> None:
    bench = Bench(tor())
    made = up(bench, connect=5, hold=9)
    change(bench.routers)
    bench.after(20)
    assert not made.up
    if bench.routers.at("default", TOR) is None:
        bench.routers.add(tor())
    else:
        bench.routers.change(TOR, listening=Listening.OPEN)
    bench.after(12)
    assert made.up
