"""The search of the header: sessions as ever, and services and pools by the address that somebody complains about."""

from __future__ import annotations

import re

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from clusters.models import Cluster
from tests.kinds import saved
from tests.pages.conftest import Browser
from tests.pages.rows import a_session, a_speaker
from tests.pages.services import a_service, many_services


@pytest.fixture
def shop(cluster: Cluster) -> Cluster:
    a_session(a_speaker(cluster))
    saved(cluster, "IPAddressPool", "blue", {"addresses": ["203.0.113.0/24"]})
    saved(cluster, "IPAddressPool", "six", {"addresses": ["2001:db8::10-2001:db8::1f"]})
    a_service(cluster, "web", "203.0.113.9", pool="blue")
    a_service(cluster, "waiting")
    return cluster


def found(client: Client, words: str) -> dict[str, list[str]]:
    answer = client.get("/api/v1/search/", {"q": words}).json()
    return {name: [one["name"] for one in hits["found"]] for name, hits in answer.items() if name != "sessions"}


@pytest.mark.parametrize(
    ("words", "services", "pools"),
    [
        ("203.0.113.9", ["web"], ["blue"]),
        ("203.0.113.77", [], ["blue"]),
        ("203.0.113.64/26", [], ["blue"]),
        ("2001:DB8:0::1a", [], ["six"]),
        ("2001:db8::20", [], []),
        ("web", ["web"], []),
        ("BLU", ["web"], ["blue"]),  # a service is also found by its pool
        ("web 203.0.113.9", ["web"], []),
        ("10.0.0.1", [], []),
    ],
)
def test_an_address_finds_the_service_that_has_it_and_the_pool_that_holds_it(
    viewer: Client, shop: Cluster, words: str, services: list[str], pools: list[str]
) -> None:
    told = found(viewer, words)
    assert (told.get("services", []), told.get("pools", [])) == (services, pools)
    page = viewer.get("/", {"q": words}).text
    links = re.findall(r'<a href="/(services|pools)/lab/[^"]*/([\w-]+)/">', page.partition('id="elsewhere-head"')[2])
    assert [name for kind, name in links if kind == "services"] == services
    assert [name for kind, name in links if kind == "pools"] == pools


@pytest.mark.parametrize(
    ("words", "leads"),
    [
        ("203.0.113.9", "1 service and 1 pool found, and no session"),
        ("203.0.113.77", "1 pool found, and no session"),
        ("nowhere", "No session matches"),
        ("10.0.0.1", "Filtered: the session is up."),
    ],
)
def test_the_headline_says_what_was_found(viewer: Client, shop: Cluster, words: str, leads: str) -> None:
    page = viewer.get("/", {"q": words}).text
    assert leads in page.partition("<h1>")[2].partition("</h1>")[0]
    assert f'data-summary="{leads}"' in page, "it is what a screen reader is told"


def test_the_list_of_pools_is_searched_by_an_address_within_too(viewer: Client, shop: Cluster) -> None:
    for words, names in (("203.0.113.77", ["blue"]), ("203.0.113.0/24", ["blue"]), ("::1", []), ("six", ["six"])):
        page = viewer.get("/pools/", {"q": words}).text
        assert re.findall(r'href="/pools/lab/metallb-system/(\w+)/"', page) == names


def test_sessions_are_counted_beside(viewer: Client, shop: Cluster) -> None:
    assert viewer.get("/api/v1/search/?q=node-0").json()["sessions"]["up"] == 1
    assert viewer.get("/api/v1/search/?q=203.0.113.9").json()["sessions"]["up"] == 0
    page = viewer.get("/?q=203.0.113.9").text
    assert "and no session" in page
    assert "Nothing matches" not in page
    assert viewer.get("/api/v1/search/?q=web&cluster=other").status_code == 400


def test_what_is_found_among_many_is_bounded_in_the_same_number_of_queries(viewer: Client, shop: Cluster) -> None:
    asked = []
    for number in (20, 2000):
        many_services(shop, number)
        with CaptureQueriesContext(connection) as queries:
            answer = viewer.get("/api/v1/search/?q=s-").json()
        asked.append(len(queries))
        shop.services.exclude(name__in=["web", "waiting"]).delete()
    assert asked[0] == asked[1]
    assert (len(answer["services"]["found"]), answer["services"]["more"]) == (10, True)
    assert answer["services"]["page"] == "/services/?q=s-"


def test_who_may_see_nothing_finds_nothing(browser: Browser, shop: Cluster) -> None:
    assert browser("").get("/api/v1/search/?q=web").status_code == 403


@pytest.mark.parametrize(
    ("words", "number"),
    [("AS64601", 1), ("64601", 1), ("as1.7", 1), ("1.7", 0), ("2001:DB8:0::7", 1), ("10.0.0", 1), ("node-0 tor-a", 1)],
)
def test_a_session_is_found_by_what_people_call_its_router(
    viewer: Client, cluster: Cluster, words: str, number: int
) -> None:
    speaker = a_speaker(cluster)
    a_session(speaker, remote_as=64601)
    a_session(speaker, "2001:db8::7", remote_as=65536 + 7, peer="six")
    assert sum(viewer.get("/api/v1/search/", {"q": words}).json()["sessions"].values()) == number


def test_an_address_finds_the_node_that_has_it_and_leads_to_frrs_tables(viewer: Client, shop: Cluster) -> None:
    shop.nodes.filter(name="node-1").update(addresses=["10.9.0.11", "2001:db8:9::11"])
    assert found(viewer, "10.9.0.11") == {"nodes": ["node-1"]}
    assert found(viewer, "2001:DB8:9:0::11") == {"nodes": ["node-1"]}
    assert found(viewer, "10.9.0.1") == found(viewer, "node-1") == {}
    page = viewer.get("/", {"q": "10.9.0.11"}).text
    assert '<a href="/nodes/lab/node-1/">' in page
    assert '<a href="/routes/?prefix=203.0.113.64/26">' in viewer.get("/", {"q": "203.0.113.64/26"}).text
    assert "/routes/?prefix" not in viewer.get("/", {"q": "web"}).text
