"""Who announces the services of a cluster is worked out once, and anew as soon as anything that decides it changes."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from clusters import clock
from clusters.models import Service
from pools.loadbalancers.telling import announced, announced_as
from speakers.comparison.prefixes import Compared, Difference, Kind
from speakers.comparison.services import Looked, comparisons_write
from speakers.models import Session
from tests.clusters.cluster import NAMESPACE, RunningCluster, endpoints, node, peer, service
from tests.clusters.conftest import Office
from tests.speakers.seen import DOWN, UP, intended, missed, seen, swept

PREFIX = "203.0.113.7/32"
NODES = ("node-1", "node-2")
KIOSK = "kiosk"
SLICE = ("endpointslices", KIOSK, "web-x7k2p")


def an_object(kind: str, name: str, **spec: Any) -> dict[str, Any]:
    """An object of MetalLB."""
    return {
        "apiVersion": "metallb.io/v1beta1",
        "kind": kind,
        "metadata": {"name": name, "namespace": NAMESPACE},
        "spec": spec,
    }


@pytest.fixture
def shop(kube: RunningCluster, office: Office) -> Iterator[Office]:
    """`web` in the pool `gold`, with an endpoint on the first of two nodes, both of which announce it to `tor-1`."""
    if kube.call(kube.server.store.get, "namespaces", "", KIOSK) is None:
        kube.call(kube.server.store.create, "namespaces", {"metadata": {"name": KIOSK}})
    kube.add(*map(node, NODES), peer("tor-1", peerAddress="10.0.0.1"))
    kube.add(an_object("IPAddressPool", "gold", addresses=["203.0.113.0/24"]))
    kube.add(an_object("BGPAdvertisement", "all", ipAddressPools=["gold"]))
    kube.add(service("web", "203.0.113.7", pool="gold", namespace=KIOSK))
    kube.add(endpoints("web", NODES[0], namespace=KIOSK))
    office.look()
    sweep(office)
    yield office
    if kube.call(kube.server.store.get, *SLICE) is not None:
        kube.call(kube.server.store.delete, *SLICE)


def sweep(office: Office, *down: str, silent: str = "") -> None:
    """What FRR of both nodes says."""
    at = clock.now()
    told = [
        missed(name, at) if name == silent else seen(name, at, {("default", "10.0.0.1"): DOWN if name in down else UP})
        for name in NODES
    ]
    wanted = {name: [intended(name, peer="tor-1")] for name in NODES}
    swept(cluster=office.cluster, observations=told, expected=wanted)


def words() -> str:
    """What the list says of the service."""
    (row,) = Service.objects.select_related("cluster")
    return announced([row])[row.pk].words


def both() -> None:
    """It goes out from both nodes, and is worked out for as long as nothing changes."""
    assert words() == "2 nodes to 1 peer"
    assert words() == "2 nodes to 1 peer"


def test_a_second_look_reads_no_session_and_none_of_the_objects(shop: Office) -> None:
    (row,) = Service.objects.select_related("cluster")
    first = announced([row])
    with CaptureQueriesContext(connection) as queries:
        assert announced([row]) == first
    assert len(queries) == 6
    said = " ".join(query["sql"] for query in queries)
    assert not [word for word in ("speakers_session", '"labels"', '"addresses"', '"spec"') if word in said], said
    with CaptureQueriesContext(connection) as queries:
        assert [each.pk for each in announced_as(Service.objects.all(), "yes")] == [row.pk]
    assert "speakers_session" not in " ".join(query["sql"] for query in queries)
    assert len(queries) == 8


def test_a_sweep_that_finds_nothing_new_leaves_the_answer(shop: Office) -> None:
    both()
    sweep(shop)
    with CaptureQueriesContext(connection) as queries:
        both()
    assert "speakers_session" not in " ".join(query["sql"] for query in queries)


def test_a_session_that_is_lost_shows_at_once_and_so_does_its_return(shop: Office) -> None:
    both()
    sweep(shop, "node-2")
    assert words() == "1 node to 1 peer"
    sweep(shop)
    both()
    sweep(shop, *NODES)
    assert words() == "by nobody"


def test_a_node_that_does_not_answer_shows_at_once(shop: Office, settings: Any) -> None:
    both()
    sweep(shop, silent="node-2")
    assert words() == "1 node to 1 peer"
    sweep(shop)
    both()
    settings.BGPUI_SWEEP_INTERVAL = settings.BGPUI_EXEC_TIMEOUT = 0.0  # so that all of them are too old now
    assert words() == "not known"


def test_a_prefix_that_frr_lacks_shows_at_once_and_for_as_long_as_it_is_known(shop: Office, settings: Any) -> None:
    both()
    row = Session.objects.get(node="node-2")
    found = Compared(1, 0, (Difference(PREFIX, Kind.MISSING, "by hand"),), {Kind.MISSING: 1})
    comparisons_write(row.cluster_id, [Looked(row.pk, row.since, "", 0, found)], clock.now())
    assert words() == "1 node to 1 peer"
    settings.BGPUI_COMPARE_INTERVAL = 0.0
    assert words() == "2 nodes to 1 peer"
    settings.BGPUI_COMPARE_INTERVAL = 3600.0
    assert words() == "1 node to 1 peer"


ONLY = {"nodeSelectors": [{"matchLabels": {"kubernetes.io/hostname": "node-1"}}]}
EXCLUDED = {"metadata": {"labels": {"node.kubernetes.io/exclude-from-external-load-balancers": ""}}}
CHANGES: dict[str, tuple[str, tuple[Any, ...], str]] = {
    "advertisement": ("patch", ("bgpadvertisements.metallb.io", NAMESPACE, "all", {"spec": ONLY}), "1 node to 1 peer"),
    "peer": ("patch", ("bgppeers.metallb.io", NAMESPACE, "tor-1", {"spec": ONLY}), "1 node to 1 peer"),
    "pool": ("delete", ("ipaddresspools.metallb.io", NAMESPACE, "gold"), "by nobody"),
    "node": ("patch", ("nodes", "", "node-2", EXCLUDED), "1 node to 1 peer"),
    "service": ("patch", ("services", KIOSK, "web", {"spec": {"externalTrafficPolicy": "Local"}}), "1 node to 1 peer"),
    "endpoints": ("delete", SLICE, "by nobody"),
}


@pytest.mark.parametrize("what", CHANGES)
def test_what_others_change_in_the_cluster_shows_at_once(shop: Office, kube: RunningCluster, what: str) -> None:
    both()
    verb, arguments, expected = CHANGES[what]
    kube.call(getattr(kube.server.store, verb), *arguments)
    shop.look()
    assert words() == expected


def test_what_changes_while_it_is_worked_out_and_back_again_is_not_kept(shop: Office) -> None:
    """The endpoints of a service go while it is read, and are there again before anybody looks."""
    (row,) = Service.objects.select_related("cluster")
    there = {"endpoint_nodes": row.endpoint_nodes, "digest_print": row.digest_print}
    gone = {"endpoint_nodes": [], "digest_print": row.digest_print + 1}

    def flapping(execute: Any, sql: str, *rest: Any) -> Any:
        reads = sql.startswith("SELECT") and '"endpoint_nodes"' in sql
        if reads:
            Service.objects.filter(pk=row.pk).update(**gone)
        found = execute(sql, *rest)
        if reads:
            Service.objects.filter(pk=row.pk).update(**there)
        return found

    with connection.execute_wrapper(flapping):
        announced([row])
    both()


def test_what_a_worker_of_an_older_release_writes_shows_after_some_minutes(
    shop: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While a release is rolled out, Services are written without what tells that they changed."""
    both()
    Service.objects.update(endpoint_nodes=[])
    now = clock.now()
    monkeypatch.setattr(clock.clock, "now", lambda: now + timedelta(minutes=5))
    sweep(shop)
    assert words() == "by nobody"
