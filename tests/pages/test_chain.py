"""Why a service is not announced, link by link: on its page and in REST, of all nodes and of one."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from clusters import clock
from clusters.models import Cluster, Node, Service
from pools.models import BGPAdvertisement
from speakers.models import Comparison, PrefixDifference, Session, Speaker
from tests.kinds import saved
from tests.pages.rows import a_session, a_speaker, down
from tests.pages.services import two_services_announced

STEPS = ["service", "address", "pool", "advertisement", "node", "session", "prefix"]
REST = "/api/v1/services/lab/shop/web/"
ONE_DOWN = [("node-0", "192.0.2.1", {}), ("node-0", "192.0.2.2", {}), ("node-1", "192.0.2.1", down(cause="Idle"))]


def announcement(client: Client, query: str = "") -> dict[str, Any]:
    """What REST says of the only address."""
    (found,) = client.get(REST + query).json()["announcements"]
    return dict(found)


def states(chain: list[dict[str, Any]]) -> list[str]:
    assert [link["step"] for link in chain] == STEPS
    return [link["state"] for link in chain]


def named(things: list[dict[str, Any]]) -> list[str]:
    return [f"{one['kind']} {one['name']}" for one in things]


@pytest.fixture
def web(cluster: Cluster) -> Service:
    """A service that both nodes announce to two peers; the sessions are made by the test."""
    two_services_announced(cluster, myASN=64500, peerASN=64501)
    Node.objects.filter(name="node-2").delete()
    return Service.objects.get(name="web")


def observed(cluster: Cluster, several: list[tuple[str, str, dict[str, Any]]]) -> None:
    """Sessions of nodes with neighbors; all others of both nodes are down."""
    named = {(node, neighbor): columns for node, neighbor, columns in several}
    for node in ("node-0", "node-1"):
        speaker = a_speaker(cluster, node)
        for neighbor in ("192.0.2.1", "192.0.2.2"):
            a_session(speaker, neighbor=neighbor, **named.get((node, neighbor), down()))


def test_each_link_holds_or_the_first_that_is_broken_has_its_objects(viewer: Client, web: Service) -> None:
    observed(web.cluster, ONE_DOWN)
    here, dark = announcement(viewer)["nodes"]
    assert (here["nodes"], states(here["chain"]), here["change"]) == (["node-0"], ["holds"] * 7, [])
    about = {link["step"]: named(link["objects"]) + link["texts"] for link in here["chain"]}
    assert about == {
        "service": ["Service web"],
        "address": ["203.0.113.9"],
        "pool": ["IPAddressPool blue"],
        "advertisement": ["BGPAdvertisement all"],
        "node": ["Node node-0"],
        "session": ["BGPPeer tor-a", "BGPPeer tor-b"],
        "prefix": ["203.0.113.9/32"],
    }
    assert (dark["nodes"], states(dark["chain"])) == (["node-1"], ["holds"] * 5 + ["broken", "open"])
    assert named(dark["change"]) == ["BGPPeer tor-a", "BGPPeer tor-b"]
    page = viewer.get(web.get_absolute_url()).text
    assert page.count('<ol class="chain"') == 2
    text = " ".join(re.sub(r"<[^>]+>", " ", page).split())
    assert "To change: BGPPeer tor-a , BGPPeer tor-b" in text
    assert "session is broken prefix is not asked for" in text
    assert 'href="/nodes/lab/node-0/"' in page


@pytest.mark.parametrize("misses", [1, 5])
def test_what_was_not_heard_of_lately_is_not_known_and_no_outage(viewer: Client, web: Service, misses: int) -> None:
    observed(web.cluster, [("node-0", "192.0.2.1", {}), ("node-1", "192.0.2.1", {})])
    Speaker.objects.update(misses=misses, observed_at=clock.now() - timedelta(minutes=1))
    found = announcement(viewer)
    (both,) = found["nodes"]
    assert (both["announced"], both["unknown"], found["redundancy"]["level"]) == (False, True, "unknown")
    assert states(both["chain"]) == ["holds"] * 5 + ["unknown", "open"]
    assert (both["sessions"]["up"], both["sessions"]["unsure"], both["change"]) == (0, 4, [])
    page = viewer.get(web.get_absolute_url()).text
    text = " ".join(re.sub(r"<[^>]+>", " ", page).split())
    for words in ("not known whether it is announced", "Nobody knows whether it is announced", "session is not known"):
        assert words in text
    for words in ("told to nobody", "None of the 2 nodes", "is broken", "none of them up", "To change"):
        assert words not in text


def test_one_node_can_be_asked_alone_and_what_is_left_is_said_of_all(viewer: Client, web: Service) -> None:
    observed(web.cluster, ONE_DOWN)
    found = announcement(viewer, "?node=node-1")
    assert [one["nodes"] for one in found["nodes"]] == [["node-1"]]
    assert found["redundancy"]["level"] == "one-node"
    page = viewer.get(f"{web.get_absolute_url()}?node=node-1").text
    assert page.count('<ol class="chain"') == 1
    assert 'hx-get="/services/lab/shop/web/?node=node-1"' in page
    assert "is no node of this cluster" in viewer.get(f"{web.get_absolute_url()}?node=<b>").text
    answer = viewer.get(f"{REST}?node=elsewhere")
    assert (answer.status_code, answer.json()["findings"][0]["field"]) == (400, "node")


@pytest.mark.parametrize(
    ("sessions", "level", "words"),
    [
        ([], "none", "None of the 2 nodes announces it over BGP."),
        (ONE_DOWN[:1], "one-session", "Only one node announces it, node-0, over one session: no redundancy left."),
        (ONE_DOWN, "one-node", "Only one node announces it, node-0: no redundancy left if that node fails."),
        (
            [("node-0", "192.0.2.1", {}), ("node-1", "192.0.2.1", {})],
            "one-router",
            "2 nodes announce it, but to 192.0.2.1 only: no redundancy left if it fails.",
        ),
        ([("node-0", "192.0.2.1", {}), ("node-1", "192.0.2.2", {})], "redundant", "2 nodes announce it to 2 routers."),
    ],
)
def test_what_is_left_is_a_plain_statement(
    viewer: Client, web: Service, sessions: list[tuple[str, str, dict[str, Any]]], level: str, words: str
) -> None:
    observed(web.cluster, sessions)
    assert announcement(viewer)["redundancy"] == {"level": level, "words": words}
    assert words in viewer.get(web.get_absolute_url()).text


def test_a_session_that_is_up_and_carries_nothing_breaks_the_last_link(viewer: Client, web: Service) -> None:
    observed(web.cluster, [("node-0", "192.0.2.1", {"prefixes_sent": 0}), ("node-1", "192.0.2.1", {})])
    told, silent = announcement(viewer)["nodes"]
    assert (told["nodes"], told["announced"]) == (["node-1"], True), "nobody knows how many prefixes go out there"
    assert (silent["announced"], states(silent["chain"])) == (False, ["holds"] * 6 + ["broken"])
    assert "FRR does not announce it there" in silent["words"]
    Session.objects.update(prefixes_sent=2)
    assert [one["announced"] for one in announcement(viewer)["nodes"]] == [True]


def test_sessions_that_are_known_to_lack_the_prefix_do_not_announce_it(viewer: Client, web: Service) -> None:
    observed(web.cluster, [("node-0", "192.0.2.1", {"prefixes_sent": 1}), ("node-1", "192.0.2.2", {})])
    assert announcement(viewer)["redundancy"]["level"] == "redundant"
    row = Session.objects.get(node="node-0", state="Established")
    known = {"session": row, "cluster": web.cluster, "prefix": "203.0.113.9/32", "since": clock.now()}
    Comparison.objects.create(session=row, meant=1, missing=1, compared_at=clock.now())
    differs = PrefixDifference.objects.create(kind="missing", words="a route map drops it", **known)
    told, silent = announcement(viewer)["nodes"]
    assert (told["nodes"], silent["nodes"]) == (["node-1"], ["node-0"])
    assert (silent["announced"], states(silent["chain"])) == (False, ["holds"] * 6 + ["broken"])
    assert announcement(viewer)["redundancy"]["level"] == "one-session"
    differs.kind = "attributes"
    differs.save()
    assert announcement(viewer)["redundancy"]["level"] == "redundant", "it goes out, if not as it is meant to"


def test_a_prefix_that_only_other_peers_get_says_nothing_of_this_one(viewer: Client, web: Service) -> None:
    """An advertisement with peers is for these alone (MetalLB speaker/bgp_controller.go)."""
    BGPAdvertisement.objects.all().delete()
    saved(web.cluster, "BGPAdvertisement", "wide", {"aggregationLength": 24, "peers": ["tor-a"]})
    saved(web.cluster, "BGPAdvertisement", "single", {"peers": ["tor-b"]})
    observed(web.cluster, [("node-0", "192.0.2.1", {"prefixes_sent": 1})])
    row = Session.objects.get(state="Established")
    assert announcement(viewer)["redundancy"]["level"] == "one-session"
    known = {"session": row, "cluster": web.cluster, "prefix": "203.0.113.0/24", "since": clock.now()}
    Comparison.objects.create(session=row, meant=1, missing=1, compared_at=clock.now())
    PrefixDifference.objects.create(kind="missing", words="a route map drops it", **known)
    assert announcement(viewer)["redundancy"]["level"] == "none", "203.0.113.9/32 is not for tor-a"


def test_the_only_advertisement_gone_names_the_pool(viewer: Client, web: Service) -> None:
    BGPAdvertisement.objects.all().delete()
    (found,) = announcement(viewer)["nodes"]
    assert states(found["chain"]) == ["holds"] * 3 + ["broken"] + ["open"] * 3
    assert (found["reason"], named(found["change"])) == ("notOwner", ["IPAddressPool blue"])
