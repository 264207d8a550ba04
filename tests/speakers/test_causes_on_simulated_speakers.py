"""The causes that tests/frr prove on real FRR are recognised on simulated speakers as well, and so is the way back."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from lab.routers import Listening, Router
from speakers.frr import parse
from speakers.frr.conditions import Condition, condition
from tests.lab.speakers.build import Bench, announcement

TOR = "10.0.0.1"
GOOD = Router("tor-a", (TOR,), (64501,))


def judged(bench: Bench, vrf: str = "default") -> Condition:
    """What the product makes of what the speaker says."""
    found = parse.neighbors(bench.vtysh("show bgp vrf all neighbors json").encode())
    assert isinstance(found, list)
    (said,) = found
    return condition(said, bench.speaker.sessions[vrf, TOR].spec)


@pytest.mark.parametrize(
    ("router", "peer", "reason"),
    [
        ({"asns": (64999,)}, {}, "bad-peer-as-sent"),
        ({"expects": 65000}, {}, "bad-peer-as-received"),
        ({"password": "s3cret"}, {"password": "another"}, "no-answer-or-password"),
        ({"listening": Listening.REFUSED}, {}, "no-connection"),
        ({"listening": Listening.DROPPED}, {}, "no-answer"),
        ({"listening": Listening.MUTE}, {}, "no-open"),
        ({"listening": Listening.STRANGER}, {}, "peer-closed"),
        ({"hops": 3}, {}, "not-connected"),
        ({"addresses": ("10.0.0.9",)}, {}, "no-connection"),
        ({"vrf": "ghost"}, {"vrf": "ghost"}, "vrf-missing"),
        ({"families": ("ipv6",)}, {}, "unsupported-capability-sent"),
        ({"families": ("ipv4",)}, {"families": ("ipv4", "ipv6")}, "family-missing"),
        ({"asns": (64500,), "router_id": "192.168.10.11"}, {"peer_asn": 64500}, "bad-bgp-identifier-sent"),
    ],
)
@pytest.mark.parametrize("version", ["8.4.2", "10.5.3"])
def test_what_keeps_a_session_down(version: str, router: dict[str, Any], peer: dict[str, Any], reason: str) -> None:
    bench = Bench(replace(GOOD, **router), version=version)
    bench.add(TOR, **peer).identifier = bench.speaker.router_id("default")
    bench.after(10)
    assert judged(bench, peer.get("vrf", "default")).reason == reason


@pytest.mark.parametrize(
    ("change", "peer", "seconds", "reason"),
    [
        ({"shutdown": "window 42"}, {}, 5, "administrative-shutdown-received"),
        ({"listening": Listening.DROPPED}, {}, 200, "hold-timer-expired-sent"),
        ({"listening": Listening.DROPPED}, {"bfd_profile": "fast"}, 5, "bfd-down-sent"),
        ({"mute_bfd": True}, {"bfd_profile": "fast"}, 0.5, "bfd-down-sent"),
        ({"listening": Listening.REFUSED}, {}, 5, "peer-closed"),
        ({"prefix_limit": 1}, {}, 0.5, "prefix-limit-received"),
    ],
)
def test_what_ends_a_session_and_the_way_back(
    change: dict[str, Any], peer: dict[str, Any], seconds: float, reason: str
) -> None:
    bench = Bench(GOOD)
    bench.add(TOR, announced=(announcement("192.0.2.1/32"), announcement("192.0.2.2/32")), **peer)
    bench.after(5)
    assert judged(bench) == Condition("Established")

    bench.routers.change(TOR, **change)
    bench.after(seconds)
    found = judged(bench)
    assert (found.state != "Established", found.reason) == (True, reason)

    bench.routers.change(TOR, **{name: getattr(GOOD, name) for name in change})
    bench.after(200)
    assert judged(bench) == Condition("Established")


@pytest.mark.parametrize(("hold", "keepalive"), [(90, 10), (180, 1), (9, 1)])
def test_a_router_that_keeps_its_own_pace_is_not_silent_until_two_thirds_of_the_hold_time(
    hold: int, keepalive: int
) -> None:
    """The hold time is negotiated, keepalive intervals are each side's own (RFC 4271, sections 4.2 and 4.4)."""
    bench = Bench(replace(GOOD, hold=180, keepalive=60))
    bench.add(TOR, hold=hold, keepalive=keepalive)
    bench.after(5)
    seen = {judged(bench.after(hold / 7)).reason for _ in range(20)}
    assert seen == {""}

    bench.routers.change(TOR, listening=Listening.DROPPED)
    reasons = [judged(bench.after(hold / 6)).reason for _ in range(8)]
    assert "silent" in reasons
    assert reasons[-1] == "hold-timer-expired-sent"
