"""The pages of Services: lists that stay quick, and one service with what each node does with it."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from pytest_django.fixtures import Settings

from clusters.models import Cluster, Node, Resource, Service
from pools.loadbalancers.telling import ANNOUNCED
from pools.models import BGPAdvertisement, IPAddressPool, L2Advertisement
from speakers.models import Session
from tests.pages.rows import EXAMPLE, a_peer, a_session, a_speaker, down
from tests.pages.services import a_service, many_services
from tests.pages.test_reported import a_report


def names(page: str) -> list[str]:
    """The first column."""
    return re.findall(r'data-row id="service-\d+"[^>]*>([^<]+)<', page)


@pytest.fixture
def shop(cluster: Cluster) -> Cluster:
    """Four services that differ."""
    a_service(cluster, "dns", "10.0.0.53", "2001:db8::53", pool="gold", sharing_key="dns", traffic_policy="Local")
    a_service(cluster, "mail", "10.0.0.9", pool="silver", endpoint_nodes=[])
    a_service(cluster, "web", "192.110.0.1", pool="gold", namespace="front")
    a_service(cluster, "waiting", requested_pool="full", warning='Failed to allocate IP: <b>"full"</b> has none left')
    return cluster


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", ["web", "dns", "mail", "waiting"]),
        ("?sort=name", ["dns", "mail", "waiting", "web"]),
        ("?sort=-name", ["web", "waiting", "mail", "dns"]),
        ("?sort=address", ["waiting", "mail", "dns", "web"]),
        ("?sort=-endpoints", ["waiting", "dns", "web", "mail"]),
        ("?sort=nonsense", ["web", "dns", "mail", "waiting"]),
        ("?q=10.0", ["dns", "mail"]),
        ("?q=2001:DB8:0::53", ["dns"]),
        ("?q=front", ["web"]),
        ("?q=gold+dns", ["dns"]),
        ("?pool=silver", ["mail"]),
        ("?policy=Local", ["dns"]),
        ("?state=no-address", ["waiting"]),
        ("?state=no-endpoint", ["mail"]),
        ("?state=shared", ["dns"]),
        ("?state=asked", ["waiting"]),
        ("?namespace=front", ["web"]),
        ("?cluster=elsewhere", []),
        ("?q=%01%27", []),
    ],
)
def test_services_are_filtered_and_ordered_by_the_url(
    viewer: Client, shop: Cluster, query: str, found: list[str]
) -> None:
    assert names(viewer.get("/services/" + query).text) == found


def test_what_lacks_an_address_leads_with_metallbs_own_words_escaped(viewer: Client, shop: Cluster) -> None:
    page = viewer.get("/services/").text
    assert "1 of 4 services" in page
    assert "Failed to allocate IP: &lt;b&gt;&quot;full&quot;&lt;/b&gt; has none left" in page
    assert "asked for full" in page


def test_a_cluster_whose_services_may_not_be_listed_is_named(viewer: Client, shop: Cluster) -> None:
    assert "may not list services" not in viewer.get("/services/").text
    shop.permissions = [{"resource": "services", "verb": "list", "allowed": False}]
    shop.save()
    assert "bgpui may not list services in lab" in viewer.get("/services/").text


@pytest.mark.parametrize("query", ["", "?sort=-address&q=10.0&pool=pool-3"])
def test_twenty_thousand_services_need_no_more_queries_than_twenty(
    viewer: Client, cluster: Cluster, query: str
) -> None:
    counts = []
    for number in (20, 20_000):
        Service.objects.all().delete()
        many_services(cluster, number)
        viewer.get("/services/" + query)
        with CaptureQueriesContext(connection) as queries:
            page = viewer.get("/services/" + query)
        assert page.status_code == 200
        counts.append(len(queries))
    assert counts[0] == counts[1] <= 28, counts


def an_object(cluster: Cluster, model: type[Resource], name: str, **spec: object) -> None:
    """An object in sync with the cluster."""
    metadata = {"name": name, "namespace": cluster.namespace}
    live = {"apiVersion": model.KIND.api_version, "kind": model.KIND.kind, "metadata": metadata, "spec": spec}
    row = model(cluster=cluster, namespace=cluster.namespace, name=name, live=live)
    row.spec = spec
    row.save()


@pytest.fixture
def announced(cluster: Cluster) -> Service:
    """A service with endpoints on node-0, announced from there and node-1 to tor-a; node-2 is left out."""
    a_peer(cluster, "tor-a")
    an_object(cluster, IPAddressPool, "gold", addresses=["10.0.0.0/24", "2001:db8::/64"])
    hosts = {"key": "kubernetes.io/hostname", "operator": "In", "values": ["node-0", "node-1"]}
    spec = {"ipAddressPools": ["gold"], "nodeSelectors": [{"matchExpressions": [hosts]}], "communities": ["65000:7"]}
    an_object(cluster, BGPAdvertisement, "to-all", **spec)
    an_object(cluster, L2Advertisement, "arp", ipAddressPools=["gold"])
    an_object(cluster, BGPAdvertisement, "other", ipAddressPools=["silver"])
    a_session(a_speaker(cluster, "node-0"))
    a_session(a_speaker(cluster, "node-1"), **down(cause="The hold timer expired"))
    return a_service(cluster, "dns", "10.0.0.53", pool="gold", sharing_key="dns")


def test_a_service_shows_who_announces_it_and_the_first_reason_of_the_others(
    viewer: Client, announced: Service
) -> None:
    page = viewer.get(announced.get_absolute_url()).text
    over_bgp = page.partition('id="layer2-head"')[0]
    rows = [re.sub(r"<[^>]+>|\s+", " ", row) for row in re.findall(r"<tr>\s*<td.*?</tr>", over_bgp, re.DOTALL)]
    here, dark, elsewhere = (" ".join(row.split()) for row in rows)
    assert here == "announced 1 node node-0 10.0.0.53/32 tor-a 10.0.0.1 meant over 1 session, which is up"
    assert dark.startswith(
        "told to nobody 1 node node-1 10.0.0.53/32 tor-a 10.0.0.1 meant over 1 session, none of them up ; "
        "not up: node-1 → tor-a 10.0.0.1 (The hold timer expired) It is meant to be announced, but no session"
    )
    assert elsewhere.startswith("not announced 1 node node-2 ")
    assert "No BGPAdvertisement of its pool selects these nodes notOwner Add a BGPAdvertisement" in elsewhere
    assert 'href="/bgp-advertisements/lab/metallb-system/to-all/"' in page
    assert 'href="/pools/lab/metallb-system/gold/"' in page
    assert "65000:7" in page
    assert "arp" in page
    assert ">other<" not in page


LISTED = [  # change of the fixture, column in the page, the state that finds it, nodes and peers now and meant
    ({}, "1 node to 1 peer meant: 2 nodes to 1 peer", "yes", (1, 1), (2, 1)),
    ({"state": "Active"}, "by ARP and NDP only meant: 2 nodes to 1 peer", "layer2", (0, 0), (2, 1)),
    ({"prefixes_sent": 0}, "by ARP and NDP only meant: 2 nodes to 1 peer", "layer2", (0, 0), (2, 1)),
    ({"layer2": False, "state": "Active"}, "by nobody meant: 2 nodes to 1 peer", "no", (0, 0), (2, 1)),
    ({"gone": True}, "not known meant: 2 nodes to 1 peer", "unknown", (0, 0), (2, 1)),
    ({"layer2": False, "pool": False}, "by nobody", "no", (0, 0), (0, 0)),
]


@pytest.mark.parametrize(("change", "column", "state", "now", "meant"), LISTED)
def test_lists_say_and_find_by_whom_services_are_announced(
    viewer: Client, announced: Service, change: dict[str, Any], column: str, state: str, now: object, meant: object
) -> None:
    if not change.pop("layer2", True):
        L2Advertisement.objects.all().delete()
    if not change.pop("pool", True):
        IPAddressPool.objects.all().delete()
    if change.pop("gone", False):
        Session.objects.all().delete()
    Session.objects.update(**change or {"peer": "tor-a"})
    page = viewer.get("/services/").text
    (cell,) = re.findall(r'<td data-label="Announced">(.*?)</td>', page, re.DOTALL)
    assert " ".join(re.sub(r"<[^>]+>", " ", cell).split()) == column
    (row,) = viewer.get("/api/v1/services/").json()["results"]
    told = row["announced"]
    numbers = [(told[when]["nodes"], told[when]["peers"]) for when in ("now", "meant")]
    assert (told["state"], *numbers) == (state, now, meant)
    assert viewer.get(f"/api/v1/services/lab/shop/{announced.name}/").json()["announced"] == told
    for each in ANNOUNCED:
        found = viewer.get(f"/api/v1/services/?announced={each}").json()["count"]
        assert (len(names(viewer.get(f"/services/?announced={each}").text)), found) == ((each == state),) * 2


def test_filtering_by_whom_services_are_announced_needs_no_more_queries_for_many(
    viewer: Client, announced: Service, settings: Settings
) -> None:
    settings.BGPUI_SWEEP_INTERVAL = 600.0  # what was heard of the session stays current while the rows are made
    counts = []
    for number in (20, 2_000):
        Service.objects.all().delete()
        many_services(announced.cluster, number)
        for address in ("/services/?announced=yes", "/api/v1/services/?announced=yes&page_size=100"):
            with CaptureQueriesContext(connection) as queries:
                assert viewer.get(address).status_code == 200
            counts.append(len(queries))
    assert counts[:2] == counts[2:], counts


def test_rest_calls_announced_only_what_a_session_that_is_up_carries(viewer: Client, announced: Service) -> None:
    address = "/api/v1/services/lab/" + "/".join((announced.namespace, announced.name)) + "/"
    lit, dark, _other = viewer.get(address).json()["announcements"][0]["nodes"]
    assert (lit["nodes"], lit["meant"], lit["announced"]) == (["node-0"], True, True)
    assert (dark["nodes"], dark["meant"], dark["announced"], dark["reason"]) == (["node-1"], True, False, "")
    assert (dark["sessions"]["meant"], dark["sessions"]["up"]) == (1, 0)
    (lacking,) = dark["sessions"]["notUp"]
    session = Session.objects.get(node="node-1")
    assert (lacking["peer"], lacking["neighbor"], lacking["words"], lacking["href"]) == (
        "tor-a", "10.0.0.1", "The hold timer expired", session.get_absolute_url()
    )  # fmt: skip
    Session.objects.update(state="Active")
    page = viewer.get(announced.get_absolute_url()).text
    assert "meant to be announced, but told to nobody" in page
    assert not any(one["announced"] for one in viewer.get(address).json()["announcements"][0]["nodes"])


def test_nodes_that_keep_their_old_configuration_are_named_beside_a_service(viewer: Client, announced: Service) -> None:
    a_report(announced.cluster, "ConfigurationState", "speaker-node-1", node="node-1", result="Invalid")
    assert "1 node keeps its old configuration</a> and may announce something else: node-1" in (
        viewer.get(announced.get_absolute_url()).text
    )
    address = f"/api/v1/services/lab/{announced.namespace}/{announced.name}/"
    assert viewer.get(address).json()["old_configuration"] == ["node-1"]


@pytest.mark.parametrize(
    ("model", "name", "path"),
    [(IPAddressPool, "gold", "ipaddresspools"), (BGPAdvertisement, "to-all", "bgpadvertisements")],
)
def test_pools_and_advertisements_say_over_how_many_sessions_and_which_are_not_up(
    viewer: Client, announced: Service, model: Any, name: str, path: str
) -> None:
    """A node that is excluded from load balancing announces nothing (MetalLB, speaker/main.go)."""
    page = viewer.get(model.objects.get(name=name).get_absolute_url()).text
    text = " ".join(re.sub(r"<[^>]+>", " ", page).split())
    assert "eant over 2 sessions, 1 of them up; not up: node-1 → tor-a 10.0.0.1 (The hold timer expired)" in text
    found = viewer.get(f"/api/v1/{path}/lab/metallb-system/{name}/").json()["announcedOver"]
    assert (found["meant"], found["up"], [one["node"] for one in found["notUp"]]) == (2, 1, ["node-1"])
    labels = {"kubernetes.io/hostname": "node-1", "node.kubernetes.io/exclude-from-external-load-balancers": ""}
    Node.objects.filter(name="node-1").update(labels=labels)
    assert viewer.get(f"/api/v1/{path}/lab/metallb-system/{name}/").json()["announcedOver"]["meant"] == 1


@pytest.mark.parametrize(
    ("columns", "reason", "code"),
    [
        ({"traffic_policy": "Local"}, "Local and no endpoint is ready on these nodes", "noLocalEndpoints"),
        ({"endpoint_nodes": []}, "No endpoint of it is ready anywhere", "noEndpoints"),
        ({"addresses": ["10.9.9.9"]}, "No pool holds its addresses", "ipNotAllowed"),
        ({"addresses": []}, "It has no address", "noIPAllocated"),
        ({"addresses": ["2001:db8::1"]}, "No BGP session of these nodes takes it", ""),
    ],
)
def test_every_reason_is_said_in_words_and_in_metallbs_own(
    viewer: Client, announced: Service, columns: dict[str, object], reason: str, code: str
) -> None:
    Service.objects.filter(pk=announced.pk).update(**columns)
    page = viewer.get(announced.get_absolute_url()).text
    assert reason in page
    assert f"<code>{code}</code>" in page or not code


def test_who_shares_the_address_is_named(viewer: Client, announced: Service) -> None:
    other = a_service(announced.cluster, "dns-tcp", "10.0.0.53", pool="gold", sharing_key="dns")
    page = viewer.get(announced.get_absolute_url()).text
    assert f'href="{other.get_absolute_url()}"' in page


def test_what_metallb_reports_stands_beside_what_the_rules_say(viewer: Client, announced: Service) -> None:
    about: dict[str, Any] = {"service_namespace": "shop", "service_name": "dns", "node": "node-0"}
    body = {"status": {"peers": ["tor-a"]}}
    report = a_report(announced.cluster, "ServiceBGPStatus", "bgp-a", body, **about)
    a_report(announced.cluster, "ServiceBGPStatus", "bgp-b", {"status": {"peers": ["other"]}}, service_name="mail")
    page = viewer.get(announced.get_absolute_url()).text
    assert f'href="{report.get_absolute_url()}"' in page
    assert "to tor-a" in page
    assert "to other" not in page


def test_what_metallb_reports_alike_of_many_nodes_is_said_once(viewer: Client, announced: Service) -> None:
    about = {"service_namespace": "shop", "service_name": "dns"}
    body = {"status": {"peers": ["tor-a"]}}
    for number in range(1, 9):
        a_report(announced.cluster, "ServiceBGPStatus", f"bgp-{number}", body, node=f"far-{number}", **about)
    page = viewer.get(announced.get_absolute_url()).text
    assert page.count("to tor-a") == 1
    assert page.count("ServiceBGPStatus, like this for") == 1
    assert "8 nodes" in page
    assert "and 2 more" in page
    assert "far-8" in page


@pytest.mark.parametrize(("version", "said"), [("v0.16.1", "no speaker"), ("v0.14.9", "MetalLB tells it from 0.15 on")])
def test_a_release_that_reports_nothing_of_services_is_no_silent_speaker(
    viewer: Client, announced: Service, version: str, said: str
) -> None:
    Cluster.objects.update(metallb_version=version)
    assert f"Nothing: {said}" in viewer.get(announced.get_absolute_url()).text


def test_what_only_the_local_network_hears_is_no_failure(viewer: Client, cluster: Cluster) -> None:
    row = a_service(cluster, "printer", "192.168.1.9")
    page = viewer.get(row.get_absolute_url()).text
    assert "not announced over BGP" in page
    about: dict[str, Any] = {"service_namespace": "shop", "service_name": "printer", "node": "node-1"}
    a_report(cluster, "ServiceL2Status", "l2-a", **about)
    page = viewer.get(row.get_absolute_url()).text
    assert "announced with ARP and NDP</span> from node-1" in page
    assert "not announced over BGP" not in page


def test_who_may_answer_arp_is_said_node_by_node_with_the_first_reason(viewer: Client, announced: Service) -> None:
    """The conditions are those of MetalLB's speaker/layer2_controller.go, ShouldAnnounce."""
    cluster = announced.cluster
    racks = [{"matchLabels": {"rack": rack}} for rack in "01"]
    L2Advertisement.objects.all().delete()
    an_object(cluster, L2Advertisement, "arp", ipAddressPools=["gold"], nodeSelectors=racks)
    Service.objects.filter(pk=announced.pk).update(traffic_policy="Local")
    page = viewer.get(announced.get_absolute_url()).text
    section = page.partition('id="layer2-head"')[2].partition("</section>")[0]
    rows = [" ".join(re.sub(r"<[^>]+>", " ", row).split()) for row in section.split("<tr>")[2:]]
    assert [row.partition(" node ")[0] for row in rows] == ["may 1", "not 1", "not 1"]
    assert "node-0 Any of them may answer; MetalLB takes one" in rows[0]
    assert any("node-1 ExternalTrafficPolicy is Local" in row and "noLocalEndpoints" in row for row in rows)
    assert any("node-2 No L2Advertisement of its pool selects these nodes notOwner" in row for row in rows)
    told = viewer.get("/api/v1/services/lab/shop/dns/").json()["layer2"]
    assert {one["reason"]: one["nodes"] for one in told} == {
        "": ["node-0"],
        "noLocalEndpoints": ["node-1"],
        "notOwner": ["node-2"],
    }
    L2Advertisement.objects.all().delete()
    assert 'id="layer2-head"' not in viewer.get(announced.get_absolute_url()).text


@pytest.mark.parametrize(
    ("spec", "why"),
    [
        ({"ipAddressPools": ["nowhere"]}, "It announces nothing: it selects no pool that exists."),
        ({"peers": ["nobody"]}, "It announces nothing: none of the peers that it names exists."),
        (
            {"nodeSelectors": [{"matchLabels": {"rack": "9"}}]},
            "It announces nothing: its node selectors match no node.",
        ),
        (
            {"nodeSelectors": [{"matchLabels": {"rack": "2"}}]},
            "It announces nothing: its nodes and the nodes of its peers never meet.",
        ),
        ({"peers": ["tor-a", "nobody"]}, ""),
        ({}, ""),
    ],
)
def test_an_advertisement_that_reaches_nobody_says_that_it_announces_nothing(
    viewer: Client, cluster: Cluster, spec: dict[str, Any], why: str
) -> None:
    a_peer(cluster, "tor-a", {**EXAMPLE, "nodeSelectors": [{"matchLabels": {"rack": "0"}}]})
    an_object(cluster, IPAddressPool, "gold", addresses=["10.0.0.0/24"])
    an_object(cluster, BGPAdvertisement, "out", **spec)
    page = viewer.get("/bgp-advertisements/lab/metallb-system/out/").text
    assert why in page if why else "It announces nothing" not in page


def test_hostile_names_are_escaped_and_never_become_commands(viewer: Client, announced: Service) -> None:
    Service.objects.filter(pk=announced.pk).update(
        name="a;\u202ereboot",
        labels={"<b>": "<script>"},
        requested_pool="<img src=x>",
        pool="a/b",
        warning="\x1b[31m<b>",
    )
    row = Service.objects.get(pk=announced.pk)
    page = viewer.get(row.get_absolute_url())
    assert page.status_code == 200
    assert "<script>" not in page.text
    assert "<img" not in page.text
    assert "oc get service -n" not in page.text
    assert "reboot" not in "".join(re.findall(r'data-copy="([^"]*)"', page.text))


def test_one_service_costs_the_same_beside_many(viewer: Client, announced: Service) -> None:
    counts = []
    for number in (10, 2000):
        many_services(announced.cluster, number)
        with CaptureQueriesContext(connection) as queries:
            assert viewer.get(announced.get_absolute_url()).status_code == 200
        counts.append(len(queries))
        Service.objects.exclude(pk=announced.pk).delete()
    assert counts[0] == counts[1], counts
