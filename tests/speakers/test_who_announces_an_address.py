"""Who announces an address: every node's FRR, and MetalLB's objects beside it, on every rung."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.test import Client
from rest_framework.test import APIClient

from bgpui.roles import role_give
from clusters.models import Service
from dashboard import lookup
from dashboard.tasks import look_up, show_exchanged
from lab.containers import PodFault
from speakers import live
from speakers.frr import commands
from speakers.frr.lookup import Found, answers
from speakers.frr.parse import Unparsed
from speakers.models import Session
from tests.speakers import samples
from tests.speakers.lab import Observer, RunningLab, observing
from tests.waiting import eventually


@pytest.mark.parametrize(
    ("given", "canonical"),
    [
        ("203.0.113.7", "203.0.113.7"),
        ("203.0.113.7/24", "203.0.113.0/24"),
        ("2001:DB8::0:1", "2001:db8::1"),
        ("2001:db8::1/64", "2001:db8::/64"),
    ],
)
def test_what_is_looked_up_is_put_in_canonical_text(given: str, canonical: str) -> None:
    family = "ipv6" if ":" in given else "ipv4"
    wanted = f"show bgp vrf red {family} unicast {canonical} json"
    assert commands.lookup(given, ["red"]) == ("vtysh", "-c", wanted)


@pytest.mark.parametrize(
    "given", ["", "tor", "10.0.0.1/33", "10.0.0.1 json", "10.0.0.1;id", "fe80::1%eth0", "010.0.0.1"]
)
def test_what_is_no_address_never_becomes_a_command(given: str) -> None:
    with pytest.raises(commands.ArgumentError):
        commands.lookup(given, ["red"])


@pytest.mark.parametrize("version", ["8.4.4", "10.3"])
def test_a_recorded_answer_is_read_with_its_attributes(version: str) -> None:
    document = (samples.OWN / f"frr{version}-show-bgp-ipv4-unicast-prefix.json").read_bytes()
    found = answers(b"Can't find BGP instance red\n" + document + b"{\n}\n", ["red", "default", "blue"])
    assert isinstance(found, list)
    (only,) = found
    assert (only.vrf, only.network, only.advertised_to) == ("default", "198.51.100.0/24", ["172.18.0.6", "eth1"])
    by_peer = {path.peer: path for path in only.paths}
    assert set(by_peer) == {"172.18.0.5", "eth1"}
    assert by_peer["172.18.0.5"].communities == "64513:100 no-export 64513:1:2"
    assert (by_peer["172.18.0.5"].as_path, by_peer["172.18.0.5"].next_hop) == ("64513", "172.18.0.5")
    assert by_peer["eth1"].best


@pytest.mark.parametrize("output", [b"", b"{", b"{}", b"[]", b"<html>\n", b'{"paths": 1', b"{" * 100_000])
def test_what_cannot_be_read_is_no_answer(output: bytes) -> None:
    assert isinstance(answers(output, ["a", "b"]), Unparsed)


def test_members_of_another_type_are_left_out() -> None:
    odd = b'{"prefix": 1, "advertisedTo": [], "paths": [1, {"aspath": 2, "peer": "x", "nexthops": [3], "locPrf": -1}]}'
    found = answers(odd, ["default"])
    assert isinstance(found, list)
    assert isinstance(found[0], Found)
    assert (found[0].network, len(found[0].paths), found[0].paths[0].local_preference) == ("", 1, None)


@pytest.fixture
def observer(rung: RunningLab, redis_url: str, db: None) -> Iterator[Observer]:
    with observing(rung) as observer:
        observer.sweep()
        yield observer


def an_address(observer: Observer) -> str:
    """An address of a service that some node announces."""
    services = observer.running.call(observer.lab.store.list, "services")
    found = [s["status"]["loadBalancer"].get("ingress") for s in services if s.get("status", {}).get("loadBalancer")]
    return str(next(ingress[0]["ip"] for ingress in found if ingress and "." in ingress[0]["ip"]))


def test_every_nodes_answer_stands_beside_what_is_meant(observer: Observer) -> None:
    address = eventually(lambda: an_address(observer))
    observer.relist()

    def looked() -> lookup.Lookup:
        found = lookup.look_up(observer.cluster, address)
        assert (found.asked, found.failed) == (3, [])
        assert found.announcing
        assert not found.missing, found.rows
        return found

    found = eventually(looked, timeout=60, interval=0.5)
    own = [row for row in found.rows if row.own]
    assert all(row.meant for row in own)
    assert {row.found.network for row in own if row.found} == {f"{address}/32"}
    assert all(one.peer for row in own for one in row.told), "neighbors have names"
    for row in own:
        told = {one.neighbor for one in row.told}
        assert {one.neighbor for one in row.untold} == {one.neighbor for one in row.meant} - told
        assert all(one.why for one in row.untold)
    holders = Service.objects.filter(address_rows__address=address).values_list("namespace", "name")
    assert found.services == sorted(holders)
    assert found.service_count == len(holders) > 0
    nobody = lookup.look_up(observer.cluster, "192.0.2.254")
    assert (nobody.announcing, nobody.rows, nobody.services) == (0, [], [])


def test_a_vrf_that_vtysh_takes_no_name_of_is_named_and_the_others_are_asked_for(
    observer: Observer, django_user_model: type
) -> None:
    address = eventually(lambda: an_address(observer))
    row = Session.objects.filter(cluster=observer.cluster).order_by("node")[0]
    for vrf in ("my|vrf", '<"b">'):
        Session.objects.create(
            speaker=row.speaker, cluster=row.cluster, node=row.node, vrf=vrf, neighbor="10.9.9.9", since=row.since
        )
    look_up(observer.cluster.pk, address)
    user = django_user_model.objects.create_user("viewer")  # type: ignore[attr-defined]
    role_give(user=user, role="viewer")
    api, browser = APIClient(), Client()
    api.force_authenticate(user)
    browser.force_login(user)
    answer = api.get(f"/api/v1/routes/?prefix={address}").json()
    assert (answer["asked"], answer["answered"], answer["unasked"]) == (3, 3, ['<"b">', "my|vrf"])
    page = browser.get(f"/routes/?prefix={address}").text
    assert "the VRFs <code>&lt;&quot;b&quot;&gt;</code>, <code>my|vrf</code>: vtysh and bgpd read" in page
    Session.objects.filter(node=row.node).exclude(vrf="my|vrf").delete()
    assert [node for node, _why in lookup.look_up(observer.cluster, address).failed] == [row.node]


def test_a_node_that_does_not_answer_is_named_and_the_answer_is_on_the_page_and_in_rest(
    observer: Observer, django_user_model: type
) -> None:
    address = eventually(lambda: an_address(observer))
    node = "compute-1.example.com"
    observer.lab.faults[node] = PodFault.FAILED
    try:
        lookup.look_up(observer.cluster, address)
    finally:
        observer.lab.faults.pop(node)
    user = django_user_model.objects.create_user("viewer")  # type: ignore[attr-defined]
    role_give(user=user, role="viewer")
    api, browser = APIClient(), Client()
    api.force_authenticate(user)
    browser.force_login(user)
    answer = api.get(f"/api/v1/routes/?prefix={address}").json()
    assert (answer["asked"], answer["answered"], list(answer["failed"])) == (3, 2, [node])
    assert {row["known"] for row in answer["results"] if row["node"] == node} == {False}
    assert answer["missing"] == 0
    assert next(row for row in answer["results"] if row["known"])["found"]["paths"]
    page = browser.get(f"/routes/?prefix={address}").text
    assert "2 of 3 nodes answered" in page
    assert "failed to connect to any daemons" in page
    assert api.get("/api/v1/routes/?prefix=10.0.0.1;id").status_code == 400
    assert api.get("/api/v1/routes/?prefix=192.0.2.99").status_code == 404
    assert "neither an IP address nor a prefix" in browser.get("/routes/?prefix=%3Cb%3E").text


def test_what_a_neighbor_is_told_and_tells_is_asked_for(observer: Observer) -> None:
    address = eventually(lambda: an_address(observer))
    observer.relist()

    def told() -> live.CommandResult:
        observer.sweep()
        rows = Session.objects.select_related("speaker", "cluster").filter(
            state="Established", families=["ipv4Unicast"]
        )
        for row in rows:
            show_exchanged(row.pk, "ipv4", "advertised")
            answer = live.command_get(row.pk, "advertised-ipv4")
            assert answer is not None
            assert answer.ok, answer.error
            assert answer.table is not None
            if f"{address}/32" in {path.network for path in answer.table.paths}:
                assert answer.missing == []
                return answer
        raise AssertionError("nobody is told")

    answer = eventually(told, timeout=60, interval=0.5)
    assert answer.table is not None
    assert answer.table.total == len(answer.meant or ())
    assert all(path.best and path.nexthops[0].ip for path in answer.table.paths)
    row = Session.objects.filter(state="Established", neighbor="10.1.0.1")[0]
    show_exchanged(row.pk, "ipv4", "received")
    heard = live.command_get(row.pk, "received-ipv4")
    assert heard is not None
    assert (heard.ok, heard.error) == (False, "Inbound soft reconfiguration not enabled")
