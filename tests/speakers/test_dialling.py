"""A fault has one cause whatever state FRR is in when it is looked at, and another one as soon as the fault is another.

The timers are those of FRR's bgpd/bgp_fsm.c, walked by simulated speakers; tests/frr/test_dialling.py sees the same of
real FRR.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clusters.models import Cluster
from lab.routers import Listening, Router
from speakers.frr import commands, parse
from speakers.frr.dialling import DIALLED, FIRST, Before, dialled, moving, stage
from speakers.frr.neighbor import Messages, Neighbor
from speakers.models import Session, Speaker, Transition
from speakers.sweep import Observation
from tests.lab.speakers.build import Bench
from tests.speakers.seen import T0, speaker, swept
from tests.speakers.seen import cluster as make_cluster

pytestmark = pytest.mark.django_db
TOR, NOBODY = "10.0.0.1", "10.0.0.9"
FAULTS: dict[str, tuple[dict[str, Any], str]] = {
    "no host": ({"addresses": (NOBODY,)}, "no-connection"),
    "closed port": ({"listening": Listening.REFUSED}, "no-connection"),
    "filtered": ({"listening": Listening.DROPPED}, "no-answer"),
    "another password": ({"password": "theirs"}, "no-answer-or-password"),
    "no neighbor there": ({"listening": Listening.STRANGER}, "peer-closed"),
    "mute": ({"listening": Listening.MUTE}, "no-open"),
}


class Watch:
    """One node with one session, looked at again and again."""

    def __init__(self, fault: str, connect: float | None = None, version: str = "8.4.4") -> None:
        router: dict[str, Any] = {"name": "tor", "addresses": (TOR,), "asns": (64501,), **FAULTS[fault][0]}
        self.bench = Bench(Router(**router), version=version)
        timers: dict[str, Any] = {} if connect is None else {"connect": connect}
        session = self.bench.add(TOR, password="ours" * (fault == "another password"), **timers)
        self.meant, self.began = session.spec, self.bench.clock.now()
        self.cluster: Cluster = make_cluster()
        speaker(self.cluster, "node-1")

    @property
    def at(self) -> datetime:
        return T0 + timedelta(seconds=self.bench.clock.now() - self.began)

    def look(self, seconds: float) -> Session:
        """What is known after a look at FRR so many seconds later."""
        said = parse.answer(self.bench.after(seconds).vtysh(*commands.SWEEP[2::2]).encode())
        assert isinstance(said, parse.Answer)
        seen = Observation("node-1", self.at, said, duration_ms=20)
        swept(cluster=self.cluster, observations=[seen], expected={"node-1": (self.meant,)})
        return Session.objects.get()

    def looks(self, every: Iterable[float]) -> tuple[set[str], set[str]]:
        """The reasons and the states that looks found."""
        rows = [self.look(seconds) for seconds in every]
        return {row.reason for row in rows}, {row.state for row in rows}


@pytest.mark.parametrize("version", ["8.4.4", "10.5.3"])
@pytest.mark.parametrize("connect", [None, 10, 300])
@pytest.mark.parametrize("fault", FAULTS)
def test_the_cause_stays_whatever_state_frr_is_in(fault: str, connect: float | None, version: str) -> None:
    watch = Watch(fault, connect, version)
    watch.looks([2.5] * 4)  # the start timer, and an attempt that may still be answered

    reasons, states = watch.looks([3.1] * 200)

    assert reasons == {FAULTS[fault][1]}
    if fault == "no host" or (fault == "filtered" and connect == 300):
        assert states == {"Connect", "Active"}
    assert [line.reason for line in Transition.objects.order_by("pk")][-1] == FAULTS[fault][1]
    assert Transition.objects.count() <= 2


@pytest.mark.parametrize(("connect", "slack"), [(None, 130), (10, 15), (300, 310)])
@pytest.mark.parametrize(("fault", "other"), [("no host", "filtered"), ("filtered", "closed port"),
                                              ("closed port", "no neighbor there"), ("mute", "no host"),
                                              ("no neighbor there", "filtered"), ("no neighbor there", "closed port"),
                                              ("no neighbor there", "no host")])  # fmt: skip
def test_another_fault_has_its_own_cause_after_the_next_attempts(
    fault: str, other: str, connect: float | None, slack: float
) -> None:
    """After one; a router that has closed is believed for another one, as its nodes lose a race now and then."""
    watch = Watch(fault, connect)
    watch.looks([10] * 40)

    if other == "no host":
        watch.bench.routers.remove(TOR)
    else:
        if fault == "no host":
            watch.bench.routers.add(Router("tor", (TOR,), (64501,), **FAULTS[other][0]))
        watch.bench.routers.change(TOR, **FAULTS[other][0])
    watch.looks([10] * int((slack * (1 + (fault == "no neighbor there")) + 240 * (fault == "mute")) // 10 + 1))

    reasons, _states = watch.looks([10] * 40)
    expected = "no-open" if fault == "mute" else FAULTS[other][1]  # it was told by a NOTIFICATION, which FRR remembers
    assert reasons == {expected}


@pytest.mark.parametrize("phase", [0.5, 1.5, 2.5, 3.5, 5.5])
@pytest.mark.parametrize("connect", [5, 10, 20])
def test_looks_that_keep_step_with_attempts_find_out_all_the_same(connect: float, phase: float) -> None:
    """No sweep comes to the millisecond."""
    watch = Watch("filtered", connect)
    watch.look(1 + phase)
    steps = [10.02, 9.98] * 10
    assert watch.looks(steps)[0] <= {"dialling", "no-answer"}
    assert watch.looks(steps)[0] == {"no-answer"}


@pytest.mark.parametrize("phase", [0.5, 1.5, 2.5, 3.5])
def test_looks_in_step_find_that_a_closed_port_is_filtered_now(phase: float) -> None:
    watch = Watch("closed port", 10)
    watch.look(1 + phase)
    steps = [10.02, 9.98] * 10
    assert watch.looks(steps)[0] == {"no-connection"}
    watch.bench.routers.change(TOR, listening=Listening.DROPPED)
    watch.looks(steps)
    assert watch.looks(steps)[0] == {"no-answer"}


def _said(state: str, **fields: Any) -> Neighbor:
    """A neighbor whose timers are in seconds: retry, due, and wrote = since this side's last message."""
    values = {"retry": 30, "due": None, "wrote": 40_000, "opens": 0, "up": 0} | fields
    return Neighbor(
        state=state,
        connect_retry_seconds=values["retry"],
        next_connect_due=None if values["due"] is None else values["due"] * 1000,
        last_write=values["wrote"] * 1000,
        messages=Messages(values["opens"]),
        connections_established=values["up"],
    )


CLOSED, REFUSED = Before("Active", "peer-closed", 10), Before("Active", "no-connection", 10)


@pytest.mark.parametrize(
    ("neighbor", "before", "reason"),
    [
        (_said("Active", due=20, wrote=10, opens=1), REFUSED, "peer-closed"),
        (_said("Active", due=20, wrote=9, opens=1), FIRST, "peer-closed"),  # FRR rounds either down
        (_said("Active", due=20, wrote=25, opens=1), FIRST, "peer-closed"),  # it closed after 15 s
        (_said("Active", due=20, wrote=41, opens=1), REFUSED, "no-connection"),
        (_said("Active", due=20, wrote=41, opens=1), CLOSED, "peer-closed"),  # bgpd lost the race this time
        (_said("Active", due=20, wrote=46, opens=1), CLOSED, "no-connection"),
        (_said("Active", due=20, wrote=12, opens=1, up=1), FIRST, "no-connection"),  # the end of a session
        (_said("Active", due=20, wrote=10, opens=0), CLOSED, "no-connection"),
        (_said("Active", wrote=10, opens=1), CLOSED, "no-connection"),
        (_said("OpenSent", wrote=1, opens=1), FIRST, "dialling"),
        (_said("OpenSent", wrote=5, opens=1), FIRST, "no-open"),
        (_said("OpenSent", wrote=5, opens=1), CLOSED, "peer-closed"),
        (_said("OpenSent", wrote=61, opens=1), CLOSED, "no-open"),
        (_said("Connect", due=27), Before("Connect", "no-connection", 10), "no-answer"),  # no wait fits in between
        (_said("Connect", due=27), Before("Connect", "no-connection", 40), "no-connection"),
        (_said("Connect", due=27), Before("Connect", "dialling", 40), "no-answer"),
        (_said("Connect", due=27), Before("Connect", "dialling", 2), "dialling"),  # the same attempt
        (_said("Connect", due=27), Before("Idle", "bad-peer-as-sent", 10), "dialling"),
        (_said("Connect", due=25), REFUSED, "no-answer"),
        (_said("Connect", retry=None), REFUSED, "no-answer"),
    ],
)
def test_what_attempts_come_to(neighbor: Neighbor, before: Before, reason: str) -> None:
    assert dialled(neighbor, before) == reason


_numbers = st.none() | st.integers(-5, 200) | st.just(10**30)


@given(
    state=st.sampled_from(["Connect", "Active", "OpenSent", "OpenConfirm"]),
    before=st.builds(Before, st.sampled_from(["", "Connect", "Active"]), st.sampled_from([*DIALLED, "dialling", ""]),
                     st.sampled_from([0.0, 10.0, 60.0])),
    retry=st.sampled_from([None, 1, 30, 300]),
    looks=st.tuples(*[st.tuples(_numbers, _numbers, st.integers(0, 2))] * 2),
)  # fmt: skip
def test_what_is_not_compared_again_would_be_judged_alike(
    state: str, before: Before, retry: int | None, looks: tuple[tuple[int | None, int | None, int], ...]
) -> None:
    """speakers.unchanged takes of the clocks no more than `moving` and `stage`."""
    one, other = (
        Neighbor(state=state, connect_retry_seconds=retry, next_connect_due=due and due * 1000,
                 last_write=wrote and wrote * 1000, messages=Messages(opens))
        for due, wrote, opens in looks
    )  # fmt: skip
    if not moving(one) and not moving(other) and stage(one) == stage(other):
        assert dialled(one, before) == dialled(other, before)


def test_an_attempt_that_may_still_be_answered_has_no_cause_yet() -> None:
    watch = Watch("filtered")
    found = [watch.look(2).reason for _ in range(5)]
    assert found == ["dialling", "dialling", "no-answer", "no-answer", "no-answer"]
    assert [line.reason for line in Transition.objects.order_by("pk")] == ["dialling", "no-answer"]


def test_with_a_connect_time_too_short_to_tell_a_failed_attempt_counts_until_the_session_is_up() -> None:
    watch = Watch("no host", 1)
    watch.looks([0.7] * 10)
    reasons, states = watch.looks([0.7] * 100)
    assert (reasons, states) == ({"no-connection"}, {"Connect", "Active"})


def test_a_look_after_a_silence_keeps_what_it_cannot_tell() -> None:
    """An Active session whose attempts last until the kernel gives up: what the last attempt came to is still known."""
    watch = Watch("filtered", 300)
    watch.looks([10] * 13)
    assert watch.look(10).state == "Active"
    row = watch.look(150)
    assert (row.state, row.reason, Speaker.objects.get().misses) == ("Active", "no-answer", 0)
