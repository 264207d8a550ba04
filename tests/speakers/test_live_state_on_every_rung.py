"""The same live state from simulated speakers and from real FRR: same rows, same states, same reasons."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from speakers import live
from speakers.models import Session, Transition
from tests.speakers.lab import Observer, RunningLab, observing
from tests.waiting import eventually

pytestmark = pytest.mark.django_db
ONE, TWO, THREE = (f"compute-{number}.example.com" for number in (1, 2, 3))
SETTLED = {
    ("default", "10.1.0.1"): ("up", ""),
    ("default", "10.1.0.2"): ("up", ""),  # with a password
    ("default", "10.1.0.4"): ("down", "administrative-shutdown-received"),
    ("default", "10.1.0.9"): ("down", "no-connection"),  # there is no such router
    ("default", "10.9.0.1"): ("up", ""),  # three hops away
    ("default", "2001:db8:1::10"): ("up", ""),
    ("ens4vrf", "192.168.140.1"): ("up", ""),
    ("ens4vrf", "192.168.140.2"): ("down", "no-answer-or-password"),
    ("storage", "10.3.0.1"): ("up", ""),
    ("storage", "10.3.0.2"): ("down", "bad-peer-as-sent"),
}


@pytest.fixture
def observer(rung: RunningLab, redis_url: str) -> Iterator[Observer]:
    with observing(rung) as observer:
        yield observer


def states(observer: Observer) -> dict[tuple[str, str], set[tuple[str, str]]]:
    """What the nodes say of each neighbor; all of them should say the same."""
    observer.sweep()
    health = observer.health()
    found: dict[tuple[str, str], set[tuple[str, str]]] = {}
    for row in Session.objects.all():
        found.setdefault((row.vrf, row.neighbor), set()).add((health[row.node, row.vrf, row.neighbor], row.reason))
    return found


def test_every_session_has_the_state_and_the_reason_that_its_router_gives_it(observer: Observer) -> None:
    wanted = {key: {value} for key, value in SETTLED.items()}
    eventually(lambda: states(observer) == wanted, timeout=90, interval=0.5)
    row = observer.session(ONE, "10.1.0.1")
    assert (row.remote_as, row.local_as, row.link, row.bgp_version) == (64601, 64500, "external", 4)
    assert (row.hold_time, row.keepalive_time, row.families) == (30, 10, ["ipv4Unicast"])
    assert (row.remote_router_id, row.local_router_id, row.bfd) == ("10.1.0.1", "10.10.10.10", "Up")
    assert observer.session(ONE, "2001:db8:1::10").link == "internal"
    detail = live.session_detail(row)
    assert detail is not None
    assert detail.bfd is not None
    assert (detail.bfd.status, detail.neighbor.established) == ("up", True)
    shut = observer.session(TWO, "10.1.0.4")
    assert "“line card swap, back at 06:00 UTC”" in shut.cause
    assert shut.evidence["lastErrorCodeSubcode"] == "0602"


def test_a_wrong_as_number_takes_the_session_down_and_the_right_one_brings_it_back(observer: Observer) -> None:
    eventually(lambda: states(observer)["storage", "10.3.0.1"] == {("up", "")}, timeout=90, interval=0.5)
    peer_asn(observer, 64999)
    refused = {("down", "bad-peer-as-sent")}
    eventually(lambda: states(observer)["storage", "10.3.0.1"] == refused, timeout=90, interval=0.5)
    assert "NOTIFICATION 2/2 Bad Peer AS sent" in observer.session(ONE, "10.3.0.1", "storage").cause
    peer_asn(observer, 64530)
    eventually(lambda: states(observer)["storage", "10.3.0.1"] == {("up", "")}, timeout=90, interval=0.5)
    changes = Transition.objects.filter(node=ONE, neighbor="10.3.0.1").order_by("at", "pk")
    assert [change.new_state for change in changes][-1] == "Established"
    assert "bad-peer-as-sent" in {change.reason for change in changes}


def test_a_deleted_peer_is_gone_from_its_nodes(observer: Observer) -> None:
    eventually(lambda: ("default", "10.1.0.9") in states(observer), timeout=90, interval=0.5)
    lab = observer.lab
    observer.running.call(lab.store.delete, "bgppeers", lab.release.namespace, "tor-old")
    observer.relist()
    eventually(lambda: ("default", "10.1.0.9") not in states(observer), timeout=90, interval=0.5)
    assert Transition.objects.filter(neighbor="10.1.0.9").latest("at", "pk").new_state == ""


def peer_asn(observer: Observer, number: int) -> None:
    lab = observer.lab
    change = {"spec": {"peerASN": number}}
    observer.running.call(lab.store.patch, "bgppeers", lab.release.namespace, "storage-a", change)
    observer.relist()
