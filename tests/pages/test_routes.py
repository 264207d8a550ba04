"""The page that asks all nodes for a prefix, and the pages of long answers, in the browser and in REST."""

from __future__ import annotations

import re
from dataclasses import replace
from ipaddress import ip_network

import pytest
from django.test import Client
from rest_framework.test import APIClient

from clusters import clock
from clusters.models import Cluster
from clusters.nudges import connection
from dashboard import lookup
from dashboard.lookup.behind import aggregates_of, services_of
from dashboard.lookup.rows import meant_of, rows_of
from intent.announcements import Announcement
from speakers import live
from speakers.frr.lookup import Found, FoundPath
from speakers.frr.routes import Path, Table
from speakers.models import Session
from tests.kinds import saved
from tests.pages.rows import a_session, a_speaker
from tests.pages.services import a_service, two_services_announced

pytestmark = pytest.mark.usefixtures("redis_url")
PREFIX = "203.0.113.7"


def an_answer(cluster: Cluster, number: int) -> None:
    """All nodes have it; the first is not meant to, and the last does not answer."""
    path = FoundPath(next_hop="10.0.0.9", origin="IGP", best=True, valid=True, communities="64500:1")
    found = Found("default", f"{PREFIX}/32", [path], ["10.0.0.1"])
    told = [lookup.Told("tor-a", "10.0.0.1")]
    rows = [
        lookup.Row(f"node-{n:03}", "default", None, found, told, told if n else [], [], None) for n in range(number)
    ]
    failed = [("node-silent", "timed out after 5 s")]
    services = [("shop", "web"), ("shop", "<i>")]
    lookup.answer_keep(cluster, lookup.Lookup(clock.now(), PREFIX, number + 1, failed, rows, services, 9))


def test_long_answers_have_pages_in_the_browser_and_in_rest(viewer: Client, cluster: Cluster) -> None:
    an_answer(cluster, 250)
    page = viewer.get(f"/routes/?prefix={PREFIX}").text
    assert "announced by 250 nodes" in page
    assert "250 of 251 nodes answered" in page
    assert "timed out after 5 s" in page
    assert "1 to 100 of 250" in page
    assert page.count("<code>64500:1</code>") == 100
    assert "do not announce it" in page
    assert '<a href="/services/lab/shop/web/">web</a>' in page
    assert "and 3 more." in page
    assert "<i>" not in page
    assert "node-249" in viewer.get(f"/routes/?prefix={PREFIX}&page=3").text
    api = APIClient()
    api.cookies = viewer.cookies
    found = api.get(f"/api/v1/routes/?prefix={PREFIX}&page=3").json()
    assert (found["count"], len(found["results"]), found["results"][0]["node"]) == (250, 50, "node-200")
    assert (found["services"][0], found["service_count"]) == ({"namespace": "shop", "name": "web"}, 9)
    assert found["failed"] == {"node-silent": "timed out after 5 s"}
    assert api.get(f"/api/v1/routes/?prefix={PREFIX}&page=0").status_code == 400


def test_what_is_originated_and_told_to_nobody_is_not_announced(viewer: Client, cluster: Cluster) -> None:
    found = Found("default", f"{PREFIX}/32", [FoundPath(best=True, valid=True), FoundPath(peer="10.0.0.2")], [])
    why = lookup.Untold("tor-a", "10.0.0.1", "The hold timer expired", "/sessions/7/")
    meant, names = [lookup.Told("tor-a", "10.0.0.1")], {"10.0.0.2": "tor-b"}
    row = lookup.Row("node-0", "default", None, found, [], meant, [], None, untold=[why], names=names)
    lookup.answer_keep(cluster, lookup.Lookup(clock.now(), PREFIX, 1, [], [row]))
    page = viewer.get(f"/routes/?prefix={PREFIX}").text
    text = " ".join(re.sub(r"<[^>]+>", " ", page).split())
    assert f"{PREFIX} originated, but told to nobody" in text
    assert "1 node originates it and tells nobody." in text
    assert "nobody not tor-a 10.0.0.1 : The hold timer expired announce it to tor-a 10.0.0.1" in text
    assert "tor-b 10.0.0.2" in text, "whom it is from has a name, too"
    assert "announced by" not in text
    told = viewer.get(f"/api/v1/routes/?prefix={PREFIX}").json()
    assert (told["announcing"], told["silent"], told["untold"], told["missing"]) == (0, 1, 1, 0)
    (one,) = told["results"]
    assert (one["own"], one["announced"], one["told"], one["meant"]) == (
        True, False, [], [{"peer": "tor-a", "neighbor": "10.0.0.1", "within": ""}]
    )  # fmt: skip
    assert one["untold"][0]["why"] == "The hold timer expired"


def test_a_neighbor_that_is_meant_to_get_a_longer_prefix_lacks_it(cluster: Cluster) -> None:
    """The longest match would be the longer one, if the node had it."""
    a_session(a_speaker(cluster, "node-0"), "10.0.0.1", peer="tor-a")
    meant = {("node-0", "default"): [(lookup.Told("tor-a", "10.0.0.1"), Announcement(f"{PREFIX}/32", (), (), ()))]}
    network = str(ip_network(f"{PREFIX}/24", strict=False))
    found = Found("default", network, [FoundPath(best=True, valid=True)], [])
    (row,) = rows_of(cluster, meant, {("node-0", "default"): found}, set())
    assert [one.peer for one in row.untold] == ["tor-a"]


def test_a_neighbor_that_gets_a_shorter_prefix_is_not_said_to_lack_the_longer_one(
    viewer: Client, cluster: Cluster
) -> None:
    """FRR answers with the longest match, so that nothing is known of the aggregate that holds the address."""
    node = a_speaker(cluster, "node-0")
    for peer, neighbor in (("tor-a", "10.0.0.1"), ("far", "10.0.0.2")):
        a_session(node, neighbor, peer=peer)
    host = Announcement(f"{PREFIX}/32", (), (), ())
    meant = {
        ("node-0", "default"): [
            (lookup.Told("tor-a", "10.0.0.1"), host),
            (lookup.Told("far", "10.0.0.2"), replace(host, prefix="203.0.113.0/26")),
        ]
    }
    found = Found("default", f"{PREFIX}/32", [FoundPath(best=True, valid=True)], ["10.0.0.1"])
    rows = rows_of(cluster, meant, {("node-0", "default"): found}, set())
    assert [row.untold for row in rows] == [[]]
    lookup.answer_keep(cluster, lookup.Lookup(clock.now(), PREFIX, 1, [], rows))
    page = " ".join(re.sub(r"<[^>]+>", " ", viewer.get(f"/routes/?prefix={PREFIX}").text).split())
    assert "announce it to far 10.0.0.2 in 203.0.113.0/26 , tor-a 10.0.0.1" in page
    assert "should be told" not in page


@pytest.mark.parametrize(
    ("asked", "names", "covered"),
    [
        ("203.0.113.9", ["web"], [("203.0.113.0/26", 2), ("203.0.113.0/24", 2)]),
        ("203.0.113.77", [], [("203.0.113.0/24", 2)]),
        ("203.0.113.0/24", ["db", "web"], []),
        ("198.51.100.1", [], []),
    ],
)
def test_a_service_is_named_for_its_own_address_and_an_aggregate_apart_from_it(
    viewer: Client, cluster: Cluster, asked: str, names: list[str], covered: list[tuple[str, int]]
) -> None:
    """`/24` and `/26` go out beside the /32 of each, to the same peers."""
    two_services_announced(cluster, myASN=64500, peerASN=64501)
    for length in (24, 26):
        saved(cluster, "BGPAdvertisement", f"sum-{length}", {"ipAddressPools": ["blue"], "aggregationLength": length})
    meant, covering = meant_of(cluster, asked)
    services, aggregates = services_of(cluster, asked, covering), aggregates_of(asked, covering)
    assert [name for _namespace, name in services] == names
    assert [(one.prefix, one.services) for one in aggregates] == covered
    rows = rows_of(cluster, meant, {}, set())
    found = lookup.Lookup(clock.now(), asked, 3, [], rows, services, len(services), [], aggregates)
    lookup.answer_keep(cluster, found)
    text = " ".join(re.sub(r"<[^>]+>", " ", viewer.get(f"/routes/?prefix={asked}").text).split())
    assert ("No service has this address." in text) == (not names and bool(covered))
    assert ("Covered by the aggregate" in text) == bool(covered)
    assert " , ".join(f"{prefix} of {number} services" for prefix, number in covered) in text
    told = viewer.get(f"/api/v1/routes/?prefix={asked}").json()
    assert [one["name"] for one in told["services"]] == names
    assert told["aggregates"] == [{"prefix": prefix, "services": number} for prefix, number in covered]


def test_asking_says_that_it_is_asked_and_looks_again_by_itself(viewer: Client, cluster: Cluster) -> None:
    answer = viewer.post("/routes/", {"prefix": "203.0.113.7/24"})
    assert answer["Location"] == "/routes/?cluster=lab&prefix=203.0.113.0%2F24"
    page = viewer.get(answer["Location"]).text
    assert "FRR is being asked on every node" in page
    assert re.search(r'hx-get="/routes/\?cluster=lab&amp;prefix=203.0.113.0%2F24" hx-trigger="every 1s"', page)
    assert "Nothing was asked" in viewer.get("/routes/?prefix=192.0.2.1").text


def test_what_is_no_address_asks_nobody(viewer: Client, cluster: Cluster) -> None:
    page = viewer.post("/routes/", {"prefix": "10.0.0.1; id"}).text
    assert "is neither an IP address nor a prefix" in page
    assert connection().keys("bgpui:lookup:*") == []


def test_a_service_leads_to_who_announces_its_address(viewer: Client, cluster: Cluster) -> None:
    a_service(cluster, "web", PREFIX)
    page = viewer.get("/services/lab/shop/web/").text
    assert f'href="/routes/?cluster=lab&amp;prefix={PREFIX}"' in page


def test_a_sessions_tables_have_pages(viewer: Client, cluster: Cluster) -> None:
    row: Session = a_session(a_speaker(cluster), families=["ipv4Unicast"])
    paths = [Path(network=f"10.{n // 256}.{n % 256}.0/24", valid=True, best=True, origin="IGP") for n in range(250)]
    table = Table(paths=paths, total=250)
    live.command_put(row.pk, "advertised-ipv4", live.CommandResult(clock.now(), "oc", ok=True, table=table))
    page = viewer.get(f"/sessions/{row.pk}/").text
    assert "<b>250 prefixes</b>" in page
    assert "1 to 100 of 250 paths" in page
    assert "IPv6 routes told" not in page  # the session does not have the family
    last = viewer.get(f"/sessions/{row.pk}/?advertised-ipv4-page=3").text
    assert "10.0.249.0/24" in last
    assert "10.0.1.0/24" not in last
    api = APIClient()
    api.cookies = viewer.cookies
    found = api.get(f"/api/v1/sessions/{row.pk}/routes/?direction=advertised&page=3").json()
    assert (found["total"], found["pages"], len(found["paths"])) == (250, 3, 50)
    assert api.get(f"/api/v1/sessions/{row.pk}/routes/?direction=sideways").status_code == 400
