"""The page of one session: state, cause, age, and questions to FRR."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from ipaddress import IPv4Address
from typing import Any

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries, Settings

from clusters import clock
from clusters.models import Cluster
from dashboard.factgroups import groups
from dashboard.facts import evidence
from speakers import live
from speakers.frr.detail import NeighborDetail
from speakers.frr.neighbor import BFDPeer, GracefulRestart
from speakers.frr.reasons import REASONS
from speakers.frr.routes import Path, Table
from speakers.models import Gap, Transition
from tests.pages.rows import a_peer, a_session, a_speaker, down

# Whatever a router, a label or a webhook says is text.
HOSTILE = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "javascript:alert(1)",
    "{{ 7|add:7 }}{% debug %}",
    "'; DROP TABLE speakers_session; --",
    "a" * 5000,
    "\u202e\u0000evil\u2028\x1b[31m",
]


def page_of(client: Client, pk: int) -> str:
    return client.get(f"/sessions/{pk}/").text


def day_of(client: Client, pk: int) -> str:
    """The ribbon of the last day."""
    return page_of(client, pk).partition('class="ribbon wide"')[2].partition("</svg>")[0]


@pytest.mark.parametrize(
    ("speaker", "session", "said"),
    [
        ({}, {}, "Established for 2 d"),
        ({}, down, "Down, Active for 6 min"),
        ({}, {"degraded": "BFD is down"}, "Established for 2 d, but BFD is down"),
        ({}, {"state": "Absent"}, "FRR has had no such neighbor for 2 d"),
        ({}, {"intended": False}, "Established for 2 d, but no BGPPeer intends it"),
        ({"misses": 1, "seconds": 14}, {}, "Last seen Established 14 s ago; the last poll was not answered"),
        ({"seconds": 20}, {}, "Last seen Established 20 s ago; the next sweep is late"),
        ({"misses": 3, "seconds": 60}, {}, "Not known; last seen Established 1 min ago"),
        ({"observed_at": None}, {"state": "Unknown"}, "Not observed yet"),
    ],
)
def test_the_state_is_a_sentence(
    viewer: Client,
    cluster: Cluster,
    speaker: dict[str, Any],
    session: dict[str, Any] | Callable[[], dict[str, Any]],
    said: str,
) -> None:
    columns = session() if callable(session) else session  # what began minutes ago did so when the test runs
    row = a_session(a_speaker(cluster, **speaker), **columns)
    assert f">{said}<" in page_of(viewer, row.pk)


def test_a_session_that_is_down_says_why_with_evidence_and_what_to_check(viewer: Client, cluster: Cluster) -> None:
    reason = REASONS["bad-peer-as-sent"]
    cause, evidence = "Bad Peer AS: the router says 201", {"lastErrorCodeSubcode": "0202"}
    row = a_session(a_speaker(cluster), **down(reason="bad-peer-as-sent", cause=cause, evidence=evidence))
    page = page_of(viewer, row.pk)
    for part in (cause, "lastErrorCodeSubcode", "0202"):
        assert part in page
    assert all(check.partition("`")[0][:40] in page.replace("&#x27;", "'") for check in reason.check)


def test_a_session_that_no_sweep_looked_at_again_blames_neither_side(viewer: Client, cluster: Cluster) -> None:
    page = page_of(viewer, a_session(a_speaker(cluster, seconds=3600)).pk)
    assert re.search(r"<b>The speaker has not been asked again for .*1 h.*: sweeps are late</b>", page)
    assert "Nothing has been observed yet" not in page


def test_a_session_that_is_up_gives_no_reason_for_being_down(viewer: Client, cluster: Cluster) -> None:
    row = a_session(a_speaker(cluster), cause="left from an earlier drop")
    assert 'id="why-head"' not in page_of(viewer, row.pk)


def test_the_last_day_is_a_ribbon_and_a_list(viewer: Client, cluster: Cluster) -> None:
    row, now = a_session(a_speaker(cluster)), clock.now()
    place = {"session": row, "cluster": cluster, "node": row.node, "vrf": row.vrf, "neighbor": row.neighbor}
    steps = [(12, "Established", "Idle", "Cease"), (6, "Idle", "Established", ""), (40, "", "Established", "")]
    for hours, old, new, cause in steps:
        at = now - timedelta(hours=hours)
        Transition.objects.create(**place, at=at, old_state=old, new_state=new, cause=cause)
    page = page_of(viewer, row.pk)
    bars = re.findall(r'<rect class="(up|down)" x="([\d.]+)" width="([\d.]+)"', day_of(viewer, row.pk))
    assert [(kind, round(float(x)), round(float(width))) for kind, x, width in bars] == [
        ("up", 0, 144),
        ("up", 216, 72),
        ("down", 144, 72),
    ]
    assert "Established → Idle" in page
    assert "Cease" in page


@pytest.mark.parametrize(
    ("state", "evidence", "said"),
    [
        ("Idle", {}, "still Idle<"),
        ("Established", {"connectionsDropped": 3}, "still Established, lost and back in between<"),
        ("Established", {}, "still Established<"),
    ],
)
def test_a_change_within_a_state_is_no_arrow(
    viewer: Client, cluster: Cluster, state: str, evidence: dict[str, int], said: str
) -> None:
    row = a_session(a_speaker(cluster))
    place = {"session": row, "cluster": cluster, "node": row.node, "vrf": row.vrf, "neighbor": row.neighbor}
    Transition.objects.create(
        **place, at=clock.now(), old_state=state, new_state=state, cause="A new one", evidence=evidence
    )
    page = page_of(viewer, row.pk)
    assert said in page
    assert f"{state} → {state}" not in page


def test_the_ribbon_ends_as_unknown_where_nobody_has_observed(viewer: Client, cluster: Cluster) -> None:
    row = a_session(a_speaker(cluster, seconds=6 * 3600, misses=500))
    bars = re.findall(r'<rect class="(up|unknown)" x="([\d.]+)" width="([\d.]+)"', day_of(viewer, row.pk))
    assert [(kind, round(float(x)), round(float(width))) for kind, x, width in bars] == [
        ("up", 0, 216),
        ("unknown", 216, 72),
    ]


def test_uptime_and_losses_are_said_and_unobserved_time_is_neither(
    viewer: Client, cluster: Cluster, settings: Settings, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    row, now = a_session(a_speaker(cluster)), clock.now()
    place = {"session": row, "cluster": cluster, "node": row.node, "vrf": row.vrf, "neighbor": row.neighbor}

    def turned(hours: float, old: str, new: str) -> None:
        Transition.objects.create(**place, at=now - timedelta(hours=hours), old_state=old, new_state=new)

    turned(48, "", "Established")
    turned(12, "Established", "Idle")
    turned(9, "Idle", "Established")
    Gap.objects.create(
        cluster=cluster, node=row.node, began_at=now - timedelta(hours=6), ended_at=now - timedelta(hours=2)
    )
    with django_assert_max_num_queries(16):
        page = page_of(viewer, row.pk)
    assert '<b class="tnum">85.00 %</b> up' in page  # 17 of 20 hours
    assert "24 hours · 1 loss · not observed for 4 h, which counts as neither" in page
    assert "30 days · 1 loss · known for 2 d of them" in page
    assert '<b class="tnum">93.18 %</b> up' in page  # 41 of 44 hours: it was first seen 48 hours ago
    assert "it flaps" not in page
    settings.BGPUI_FLAP_COUNT, settings.BGPUI_FLAP_WINDOW = 2, 600
    for number in range(200):
        turned(number / 2000, *(("Established", "Idle") if number % 2 else ("Idle", "Established")))
    with django_assert_max_num_queries(16):
        page = page_of(viewer, row.pk)
    assert '>100 losses</span> <span class="soft">within 10 min: it flaps' in page


def test_a_drop_of_seconds_is_seen_and_thousands_of_them_do_not_flood_the_page(
    viewer: Client, cluster: Cluster
) -> None:
    row, now = a_session(a_speaker(cluster)), clock.now()
    place = {"session": row, "cluster": cluster, "node": row.node, "vrf": row.vrf, "neighbor": row.neighbor}
    states = ("Established", "Active")
    Transition.objects.bulk_create(
        Transition(**place, at=now - timedelta(seconds=20 * number), new_state=states[number % 2])
        for number in range(4000)
    )
    bars = re.findall(r'<rect class="(up|down)"', day_of(viewer, row.pk))
    assert bars[-1] == "down"
    assert 200 < len(bars) < 700


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_is_shown_as_text(viewer: Client, cluster: Cluster, text: str) -> None:
    short = text.replace("\x00", "")
    session = down(cause=short[:300], hostname=short[:253], peer=short[:253], evidence={short[:100]: [short]})
    speaker = a_speaker(cluster, node=short[:253], pod=short[:253], error=short[:500], image=short[:300])
    row = a_session(speaker, **session)
    a_peer(cluster, sync_state="rejected", sync_message=short, sync_at=clock.now())
    for path in (f"/sessions/{row.pk}/", "/", "/speakers/", "/peers/", "/peers/lab/metallb-system/tor-a/"):
        response = viewer.get(path)
        assert response.status_code == 200, path
        page = response.text
        assert not re.search(r"<script(?![^>]*src=)|<img|href=\"javascript|\son\w+=\"", page), path
        assert "a" * 2100 not in page, path
        assert not re.search("[\x00-\x08\x0b-\x1f\u202e\u2028]", page), path
        assert "14{%" not in page


def test_each_live_fact_comes_with_the_command_that_shows_it(viewer: Client, cluster: Cluster) -> None:
    row = a_session(a_speaker(cluster, pod="speaker-x7k2p"), vrf="red")
    page = page_of(viewer, row.pk).replace("&#x27;", "'")
    shown = "oc exec -n metallb-system speaker-x7k2p -c frr -- vtysh -c 'show bgp vrf red neighbors 10.0.0.1'"
    assert page.count(shown) >= 3


@pytest.mark.parametrize(("vrf", "neighbor"), [("red; reboot", "10.0.0.1"), ("default", "$(reboot)")])
def test_no_command_is_made_of_a_name_that_is_none(viewer: Client, cluster: Cluster, vrf: str, neighbor: str) -> None:
    row = a_session(a_speaker(cluster), neighbor, vrf=vrf)
    commands = re.findall(r'data-copy="(oc exec[^"]*)"', page_of(viewer, row.pk))
    assert not any("reboot" in command for command in commands)


@pytest.mark.parametrize(("vrf", "asked"), [("a?b;$(id)", True), ("red|blue", False)])
def test_a_vrf_of_an_odd_name_is_asked_for_or_the_page_says_why_not(
    viewer: Client, cluster: Cluster, vrf: str, asked: bool
) -> None:
    row = a_session(a_speaker(cluster, pod="speaker-x"), vrf=vrf)
    page = page_of(viewer, row.pk)
    assert ('id="ask-ipv4"' in page) is asked
    assert ("FRR cannot be asked about this VRF alone. vtysh and bgpd read" in page) is not asked


def test_reading_a_page_asks_nothing_and_posting_does(
    viewer: Client, cluster: Cluster, redis_url: str, settings: Settings
) -> None:
    row = a_session(a_speaker(cluster))
    assert viewer.get(f"/sessions/{row.pk}/ipv4/").status_code == 405
    page_of(viewer, row.pk)
    assert not live.command_pending(row.pk, "ipv4")
    answer = viewer.post(f"/sessions/{row.pk}/ipv4/")
    assert (answer.status_code, answer["Location"]) == (302, f"/sessions/{row.pk}/#answers")
    assert live.command_pending(row.pk, "ipv4")
    assert "FRR is being asked" in page_of(viewer, row.pk)
    assert viewer.post(f"/sessions/{row.pk}/reboot/").status_code == 404


def test_an_answer_is_shown_as_text_with_its_age(viewer: Client, cluster: Cluster, redis_url: str) -> None:
    row = a_session(a_speaker(cluster))
    text = "BGP neighbor is 10.0.0.1\n<script>alert(1)</script>"
    at = clock.now() - timedelta(seconds=7)
    live.command_put(row.pk, "neighbor", live.CommandResult(at, "oc exec", ok=True, text=text))
    live.command_put(row.pk, "ipv4", live.CommandResult(at, "oc exec", ok=False, error="bgpd is not running"))
    answers = viewer.get(f"/sessions/{row.pk}/", headers={"HX-Request": "true", "HX-Target": "answers"}).text
    assert "&lt;script&gt;alert(1)" in answers
    assert "bgpd is not running" in answers
    assert answers.lstrip().startswith("<section")
    assert re.search(r"answered <time[^>]*>[789] s</time> ago", answers)


def test_a_session_that_is_not_there_is_a_page_too(viewer: Client, cluster: Cluster) -> None:
    response = viewer.get("/sessions/4711/")
    assert response.status_code == 404
    assert "There is nothing here" in response.text


def test_only_an_established_session_has_negotiated_timers(viewer: Client, cluster: Cluster) -> None:
    speaker = a_speaker(cluster)
    timers: dict[str, Any] = {"hold_time": 180, "keepalive_time": 60}
    up, idle = a_session(speaker, **timers), a_session(speaker, "10.0.0.2", **timers, **down())
    assert "negotiated" in viewer.get(up.get_absolute_url()).text
    assert "negotiated" not in viewer.get(idle.get_absolute_url()).text


ROUTES = [
    # FRR's table, what is meant, what the page says
    (["203.0.113.9/32"], ["203.0.113.9/32"], "1 prefix of this family to this peer from this node, and FRR has it."),
    (["203.0.113.9/32", "192.0.2.0/24"], ["203.0.113.9/32", "192.0.2.0/24"], "and FRR has all of them."),
    ([], ["203.0.113.9/32"], "announce 1 prefix to this peer from this node; FRR does not have <code>203.0.113.9/32"),
    ([], [], "announce 0 prefixes of this family to this peer from this node."),
    (["203.0.113.9/32"], None, ""),
]  # fmt: skip


@pytest.mark.parametrize(("there", "meant", "said"), ROUTES)
def test_routes_are_shown_beside_what_is_meant_to_be_there(
    viewer: Client, cluster: Cluster, there: list[str], meant: list[str] | None, said: str
) -> None:
    row = a_session(a_speaker(cluster))
    paths = [Path(network=prefix, valid=True, best=True, peer_id="(unspec)") for prefix in there]
    found = Table(vrf="default", paths=paths, total=len(paths))
    answer = live.CommandResult(clock.now(), "oc exec", ok=True, table=found, meant=meant)
    live.command_put(row.pk, "ipv4", answer)
    page = page_of(viewer, row.pk)
    assert all(f"<td><code>{prefix}</code></td>" in page for prefix in there)
    assert said in page if said else "MetalLB's objects announce" not in page


def test_of_a_table_that_is_not_kept_whole_nothing_is_said_to_be_missing() -> None:
    found = Table(paths=[Path(network="203.0.113.1/32")], total=501)
    answer = live.CommandResult(clock.now(), "oc exec", ok=True, table=found, meant=["203.0.113.9/32"])
    assert answer.missing == []


def test_the_cause_stands_before_the_past(viewer: Client, cluster: Cluster) -> None:
    page = page_of(viewer, a_session(a_speaker(cluster), **down()).pk)
    assert page.index('id="why-head"') < page.index('id="past-head"')


def test_words_of_frr_are_told_in_plain_words(cluster: Cluster) -> None:
    modes = GracefulRestart("Helper*", "NotApplicable")
    detail = live.Detail(clock.now(), NeighborDetail(graceful_restart=modes), BFDPeer(uptime=106))
    columns = {"remote_router_id": str(IPv4Address(0)), "evidence": {"ebgpMultiHop": False}, "connections_dropped": 1}
    row = a_session(a_speaker(cluster), **down(**columns))
    told = {fact.label: fact.value for group in groups(row, detail) for fact in group.facts}
    assert told["Router's ID"] == "not told yet"
    assert told["Graceful restart, own"] == "helps the other side only, as for all neighbors"
    assert told["Graceful restart, router"] == "not known while the session is down"
    assert told["Up for"] == "1 min"
    assert told["Dropped"] == "1 time"
    assert [fact.value for fact in evidence(row)] == ["no"]
