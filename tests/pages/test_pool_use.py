"""What is left of pools: counted from the addresses of services, compared with what MetalLB says."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from clusters.models import Cluster, Resource, Service, SyncState
from clusters.words import amount
from pools.models import BGPAdvertisement, IPAddressPool
from pools.selectors import announced, announced_by
from pools.use import FamilyUse, capacities, uses_of
from tests.kinds import saved
from tests.pages.services import a_service, many_services


def a_pool(
    cluster: Cluster, name: str = "gold", *addresses: str, status: dict[str, Any] | None = None, **spec: Any
) -> IPAddressPool:
    """A pool in sync with the cluster."""
    told = {"addresses": list(addresses), **spec}
    live = {"metadata": {"name": name}, "spec": told, **({"status": status} if status else {})}
    row = IPAddressPool(cluster=cluster, namespace=cluster.namespace, name=name, live=live)
    row.spec = told
    row.save()
    return row


@pytest.mark.parametrize(
    ("addresses", "buggy", "found"),
    [
        (["10.0.0.0/24"], False, {4: 256}),
        (["10.0.0.0/24"], True, {4: 254}),
        (["10.0.0.0/23"], True, {4: 508}),
        (["10.0.0.1-10.0.0.254"], True, {4: 254}),
        (["10.0.0.255-10.0.1.0"], True, {4: 0}),
        (["10.0.0.0/25"], True, {4: 127}),
        (["10.0.0.7/32", "2001:db8::/64"], True, {4: 1, 6: 2**64}),
        (["10.0.0.0/24", "10.0.0.128-10.0.1.3"], False, {4: 260}),
        (["nonsense", "10.0.0.1"], False, {}),
        ([], False, {}),
    ],
)
def test_a_pool_gives_what_metallbs_allocator_counts(
    cluster: Cluster, addresses: list[str], buggy: bool, found: dict[int, int]
) -> None:
    # poolCount in MetalLB's internal/allocator: avoidBuggyIPs leaves out .0 and .255
    assert capacities(a_pool(cluster, "gold", *addresses, avoidBuggyIPs=buggy)) == found


@pytest.mark.parametrize(
    ("number", "words"),
    [(0, "0"), (65536, "65,536"), (2**64, "2^64"), (2**64 - 3, "about 2^64"), (3 * 2**70, "about 2^71.6")],
)
def test_large_amounts_are_powers(number: int, words: str) -> None:
    assert amount(number) == words


def test_an_address_that_services_share_counts_once(cluster: Cluster) -> None:
    pool = a_pool(cluster, "gold", "10.0.0.0/24", "2001:db8::/64")
    a_service(cluster, "dns", "10.0.0.53", "2001:db8::53", pool="gold")
    a_service(cluster, "dns-tcp", "10.0.0.53", pool="gold")
    a_service(cluster, "other", "10.0.1.1", pool="silver")
    use = uses_of([pool])[pool.pk]
    assert [(one.version, one.used, one.left) for one in use.families] == [(4, 1, 255), (6, 1, 2**64 - 1)]
    assert use.services == 2


def test_a_pool_of_another_namespace_gives_nothing(cluster: Cluster) -> None:
    pool = a_pool(cluster, "gold", "10.0.0.0/24")
    IPAddressPool.objects.filter(pk=pool.pk).update(namespace="elsewhere")
    pool.refresh_from_db()
    a_service(cluster, "dns", "10.0.0.53", pool="gold")
    assert [one.used for one in uses_of([pool])[pool.pk].families] == [0]


def test_what_metallb_says_is_compared(cluster: Cluster) -> None:
    endless = {"assignedIPv6": 0, "availableIPv6": 2**63 - 1}  # MetalLB's word for more than it counts
    same = a_pool(
        cluster, "a", "10.0.0.0/24", "2001:db8::/64", status={"assignedIPv4": 0, "availableIPv4": 256, **endless}
    )
    other = a_pool(cluster, "b", "10.0.1.0/24", status={"assignedIPv4": 9, "availableIPv4": 247})
    odd = a_pool(cluster, "c", "10.0.2.0/24", status={"assignedIPv4": -1, "availableIPv4": "x"})
    found = uses_of([same, other, odd])
    assert [[one.differs for one in found[pool.pk].families] for pool in (same, other, odd)] == [
        [False, False],
        [True],
        [False],
    ]


@pytest.mark.parametrize(
    ("used", "tone", "width"),
    [(0, "up", 0), (1, "up", 1), (900, "warn", 900), (1000, "down", 1000), (1200, "down", 1000)],
)
def test_a_bar_warns_before_a_pool_is_empty(used: int, tone: str, width: int) -> None:
    use = FamilyUse(4, 1000, used)
    assert (use.tone, use.width) == (tone, max(8, width) if width else 0)


def test_list_and_page_of_a_pool_say_what_is_left(viewer: Client, cluster: Cluster) -> None:
    a_pool(cluster, "gold", "10.0.0.0/30", status={"assignedIPv4": 9, "availableIPv4": 247})
    a_service(cluster, "dns", "10.0.0.1", pool="gold")
    listed, page = viewer.get("/pools/").text, viewer.get("/pools/lab/metallb-system/gold/").text
    assert "3 left</b> · 1 of 4 in use" in listed
    assert 'class="up" width="250"' in listed
    assert "<b>3</b> IPv4 addresses left" in page
    assert "MetalLB says 9 assigned, 247 available" in page
    assert "/pools/lab/metallb-system/gold/addresses/" in page


def _addresses(page: str) -> list[str]:
    return re.findall(r'<th scope="row"><code class="addr">([^<]+)<', page)


def test_the_list_leads_to_what_announces_a_pool(viewer: Client, cluster: Cluster) -> None:
    saved(cluster, "IPAddressPool", "blue", {"addresses": ["203.0.113.0/24"]})
    advertisement = saved(cluster, "BGPAdvertisement", "all", {})
    assert f'href="{advertisement.get_absolute_url()}">all</a>' in viewer.get("/pools/").text


def test_addresses_in_use_stand_in_their_order_with_their_services(viewer: Client, cluster: Cluster) -> None:
    a_pool(cluster, "gold", "10.0.0.0/24", "2001:db8::/64")
    a_service(cluster, "b", "10.0.0.10", "2001:db8::1", pool="gold", sharing_key="dns")
    a_service(cluster, "a", "10.0.0.9", pool="gold")
    a_service(cluster, "c", "10.0.9.9", pool="silver")
    where = "/pools/lab/metallb-system/gold/addresses/"
    page = viewer.get(where).text
    assert _addresses(page) == ["10.0.0.9", "10.0.0.10", "2001:db8::1"]
    assert "/services/lab/shop/a/" in page
    assert _addresses(viewer.get(f"{where}?q=2001:DB8:0::1").text) == ["2001:db8::1"]
    assert _addresses(viewer.get(f"{where}?q=a").text) == ["10.0.0.9"]
    assert _addresses(viewer.get(f"{where}?q=%27%01").text) == []
    assert viewer.get("/pools/lab/metallb-system/gone/addresses/").status_code == 404


@pytest.mark.parametrize(
    "path", ["/pools/", "/pools/lab/metallb-system/pool-3/", "/pools/lab/metallb-system/pool-3/addresses/"]
)
def test_thousands_of_services_need_no_more_queries_than_twenty(viewer: Client, cluster: Cluster, path: str) -> None:
    for number in range(7):
        a_pool(cluster, f"pool-{number}", f"10.{number}.0.0/16")
    counts = []
    for number in (20, 3000):
        Service.objects.all().delete()
        many_services(cluster, number)
        viewer.get(path)
        with CaptureQueriesContext(connection) as queries:
            assert viewer.get(path).status_code == 200
        counts.append(len(queries))
    assert counts[0] == counts[1], counts


def refused(row: Resource, **spec: Any) -> None:
    """An edit of these fields that the cluster did not take."""
    row.spec = {**row.spec, **spec}
    row.sync_state, row.revision, row.applied_revision = SyncState.REJECTED, 2, 2
    row.save()


def test_an_edit_that_was_refused_gives_and_announces_nothing(viewer: Client, cluster: Cluster) -> None:
    pool = a_pool(cluster, "gold", "10.0.0.0/28")
    a_pool(cluster, "silver", "10.0.1.0/28")
    advertisement = BGPAdvertisement(cluster=cluster, namespace=cluster.namespace, name="to-all", live={})
    advertisement.spec = {"ipAddressPools": ["silver"]}
    advertisement.live = {"metadata": {"name": "to-all"}, "spec": advertisement.spec}
    advertisement.save()
    refused(pool, addresses=["10.0.0.0/24"])
    refused(advertisement, ipAddressPools=["gold"])
    place = f"{cluster.namespace}/gold/"
    told = viewer.get(f"/api/v1/ipaddresspools/lab/{place}").json()
    assert (told["spec"]["addresses"], told["use"]["ipv4"]["total"]) == (["10.0.0.0/28"], 16)
    page, addresses = (viewer.get(f"/pools/lab/{place}{more}").text for more in ("", "addresses/"))
    assert ("of 16" in page, "<dd>16</dd>" in addresses, "256" in page + addresses) == (True, True, False)
    other = IPAddressPool.objects.get(name="silver")
    found = announced_by([pool, other])
    assert ([one.name for one in found[pool.pk]], [one.name for one in found[other.pk]]) == ([], ["to-all"])
    assert announced([advertisement])[advertisement.pk].pools == ("silver",)
