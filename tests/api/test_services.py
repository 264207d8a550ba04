"""/api/v1/services/: lists and one Service with what nodes do with it."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from clusters.models import Cluster, Service
from tests.pages.services import a_service, many_services
from tests.pages.test_pool_use import a_pool

LIST = "/api/v1/services/"


@pytest.fixture
def shop(cluster: Cluster) -> Cluster:
    a_service(cluster, "dns", "10.0.0.53", "2001:db8::53", pool="gold", sharing_key="dns", traffic_policy="Local")
    a_service(cluster, "mail", "10.0.0.9", pool="silver", endpoint_nodes=[])
    a_service(cluster, "waiting", namespace="front", requested_pool="full", warning="none left")
    return cluster


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", ["waiting", "dns", "mail"]),
        ("?address=2001:DB8:0::53", ["dns"]),
        ("?pool=silver", ["mail"]),
        ("?traffic_policy=Local", ["dns"]),
        ("?state=no-address", ["waiting"]),
        ("?namespace=front&cluster=lab", ["waiting"]),
        ("?name_contains=A", ["waiting", "mail"]),
        ("?sharing_key=dns", ["dns"]),
        ("?ordering=-name", ["waiting", "mail", "dns"]),
        ("?ordering=-addresses,name", ["dns", "mail", "waiting"]),
    ],
)
def test_filters_and_order(api: APIClient, shop: Cluster, query: str, found: list[str]) -> None:
    assert [item["name"] for item in api.get(LIST + query).json()["results"]] == found


@pytest.mark.parametrize(
    "query", ["state=lost", "address=nonsense", "traffic_policy=local", "pol=x", "ordering=labels", "address="]
)
def test_what_means_nothing_is_an_error(api: APIClient, shop: Cluster, query: str) -> None:
    answer = api.get(f"{LIST}?{query}")
    assert (answer.status_code, answer["Content-Type"]) == (400, "application/problem+json")


def test_one_service_says_what_it_asked_for_and_got(api: APIClient, shop: Cluster) -> None:
    one = api.get(f"{LIST}lab/front/waiting/").json()
    assert (one["addresses"], one["requested_pool"], one["warning"]) == ([], "full", "none left")
    (standing,) = one["announcements"]
    assert [(each["reason"], each["announced"]) for each in standing["nodes"]] == [("noIPAllocated", False)]
    assert standing["nodes"][0]["nodes"] == ["node-0", "node-1"]
    assert api.get(f"{LIST}lab/front/gone/").status_code == 404


def test_services_are_read_only_and_for_those_who_may_see_them(
    api: APIClient, as_role: Callable[[str], APIClient], shop: Cluster
) -> None:
    for method in ("post", "put", "patch", "delete"):
        assert getattr(api, method)(f"{LIST}lab/front/waiting/").status_code in (403, 405)
    assert as_role("viewer").get(LIST).status_code == 200
    assert as_role("").get(LIST).status_code == 403


def test_twenty_thousand_need_no_more_queries_than_ten(as_role: Callable[[str], APIClient], cluster: Cluster) -> None:
    api, counts = as_role("viewer"), []
    api.get(LIST)
    for number in (10, 20_000):
        Service.objects.all().delete()
        many_services(cluster, number)
        for _ in ("worked out", "kept"):
            with CaptureQueriesContext(connection) as queries:
                assert api.get(f"{LIST}?page_size=1000&ordering=pool").json()["count"] == number
            counts.append(len(queries))
    assert counts == [28, 11, 28, 11]


def test_a_pool_says_how_much_of_it_is_in_use(api: APIClient, shop: Cluster) -> None:
    status = {"assignedIPv4": 1, "availableIPv4": 255}
    a_pool(shop, "gold", "10.0.0.0/24", "2001:db8::/64", status=status)
    (pool,) = api.get("/api/v1/ipaddresspools/").json()["results"]
    assert pool["use"] == {
        "services": 1,
        "ipv4": {"total": 256, "used": 1, "free": 255, "assigned": 1, "available": 255},
        "ipv6": {"total": 2**64, "used": 1, "free": 2**64 - 1, "assigned": None, "available": None},
    }
    assert api.get("/api/v1/ipaddresspools/lab/metallb-system/gold/").json()["use"] == pool["use"]
