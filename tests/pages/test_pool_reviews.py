"""Review of pools and of what is made anew: true before, after and in between, on pages and in REST."""

from __future__ import annotations

from html import unescape

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from clusters.models import Cluster, Resource
from peers.models import BGPPeer
from speakers.models import Session
from tests.kinds import saved
from tests.pages.rows import EXAMPLE, a_peer, a_session, a_speaker, down
from tests.pages.services import a_service
from tests.pages.test_frozen_reviews import edited
from tests.pages.test_sessions_of_a_review import glance, meant


@pytest.fixture
def blue(cluster: Cluster) -> Resource:
    """A full pool of two, and another one with one address left."""
    a_peer(cluster, "tor")
    saved(cluster, "IPAddressPool", "spare", {"addresses": ["198.51.100.7/32"]})
    saved(cluster, "BGPAdvertisement", "all", {"ipAddressPools": ["blue"]})
    for number, name in enumerate(("web", "db")):
        a_service(cluster, name, f"203.0.113.{number}", pool="blue")
    return saved(cluster, "IPAddressPool", "blue", {"addresses": ["203.0.113.0/31"]})


def test_the_end_of_a_full_pool_says_who_gets_another_address_and_who_none(editor: Client, blue: Resource) -> None:
    page = editor.get(f"{blue.get_absolute_url()}delete/").text
    text = meant(page, "addresses")
    assert "2 services lose their addresses at once; for 1 of them no address is left" in text
    assert "What is said below of announcements holds until they get others, which MetalLB chooses" in text
    assert "blue, IPv4: 2 of 2 in use now, 0 left; then no address." in text
    assert "shop/db 203.0.113.1 spare shop/web 203.0.113.0 no pool: none is left" in text
    assert "get others, or none" not in unescape(page), "the headline claims nothing else"
    entry = {"delete": {"kind": "IPAddressPool", "name": "blue"}}
    told = editor.post("/api/v1/preview/", [entry], content_type="application/json").json()
    assert (told["addresses"]["displaced"], told["addresses"]["without"]) == (2, 1)
    assert [one["pools"] for one in told["addresses"]["services"]] == [["spare"], []]
    assert told["between"] == {
        "prefixes": [], "prefixCount": 0, "lost": [], "displaced": [], "interrupted": [],
        "lostCount": 0, "displacedCount": 0, "interruptedCount": 0,
    }  # fmt: skip


def test_a_pool_that_grows_says_what_is_left_now_and_then(editor: Client, blue: Resource) -> None:
    text = meant(edited(editor, blue, addresses="203.0.113.0/24"), "addresses")
    assert "Every service keeps its addresses. blue, IPv4: 2 of 2 in use now, 0 left; then 2 of 256, 254 left." in text


def test_what_is_made_anew_is_withdrawn_in_between_though_nothing_differs_in_the_end(
    editor: Client, blue: Resource
) -> None:
    peer = a_peer(blue.cluster, "other", {**EXAMPLE, "peerAddress": "10.0.0.9"})
    page = editor.get(f"{peer.get_absolute_url()}recreate/").text
    assert "In the end no prefix is announced, withdrawn or changed." in meant(page, "announcements")
    assert "withdrawn and announced again 2 prefixes: 203.0.113.0/32, 203.0.113.1/32." in meant(page, "between")
    anew = {"recreate": blue.manifest}
    told = editor.post("/api/v1/preview/", [anew], content_type="application/json").json()
    assert told["announcements"]["routes"] == []
    assert (told["between"]["lostCount"], told["between"]["displacedCount"]) == (2, 2)
    assert told["between"]["prefixes"] == ["203.0.113.0/32", "203.0.113.1/32"]


def test_a_reset_names_the_services_that_go_out_over_no_other_session_now(editor: Client, blue: Resource) -> None:
    other = a_peer(blue.cluster, "other", {**EXAMPLE, "peerAddress": "10.0.0.9"})
    for node in ("node-0", "node-1"):
        speaker = a_speaker(blue.cluster, node)
        a_session(speaker, "10.0.0.1", peer="tor")
        a_session(speaker, "10.0.0.9", peer="other", **down(cause="Bad peer AS"))
    tor = BGPPeer.objects.get(name="tor")
    page = edited(editor, tor, peerASN="64999")
    said = "announced by nobody 2 services are announced by nobody while these sessions reset"
    assert f"{said}, since they go out over no other session that is known to be up: shop/db, shop/web." in meant(
        page, "between"
    )
    assert "2 services will be announced by nobody while sessions reset" in glance(page)
    assert "In the end no prefix is announced, withdrawn or changed." in meant(page, "announcements")
    assert meant(edited(editor, tor, holdTime="30s", keepaliveTime="10s"), "between") == "", "which resets none"
    reset = {**tor.manifest, "spec": {**tor.spec, "peerASN": 64999}}
    both = [{"manifest": reset}, {"manifest": {**other.manifest, "spec": {**other.spec, "peerASN": 64999}}}]

    def interrupted(*entries: object) -> list[str]:
        told = editor.post("/api/v1/preview/", entries, content_type="application/json").json()["between"]
        assert told["interruptedCount"] == len(told["interrupted"])
        return [one["name"] for one in told["interrupted"]]

    assert interrupted(both[0]) == ["db", "web"]
    assert interrupted({"recreate": tor.manifest}) == ["db", "web"]
    Session.objects.filter(peer="other", node="node-1").update(state="Established")
    assert interrupted(both[0]) == []
    assert interrupted(*both) == ["db", "web"]
    Session.objects.filter(peer="other", node="node-1").update(prefixes_sent=0)
    assert interrupted(both[0]) == ["db", "web"], "since nothing goes out there"
    assert meant(editor.get(f"{tor.get_absolute_url()}delete/").text, "between") == "", "that is told of the end"


def test_a_reset_asks_the_same_queries_however_many_services_it_interrupts(editor: Client, cluster: Cluster) -> None:
    tor = a_peer(cluster, "tor")
    saved(cluster, "IPAddressPool", "blue", {"addresses": ["203.0.113.0/24"]})
    saved(cluster, "BGPAdvertisement", "all", {})
    reset, asked = {**tor.manifest, "spec": {**tor.spec, "peerASN": 64999}}, []
    for numbers in (range(1), range(1, 3), range(3, 30)):
        for number in numbers:
            a_session(a_speaker(cluster, f"node-{number}"), "10.0.0.1", peer="tor")
            a_service(cluster, f"web-{number}", f"203.0.113.{number}", pool="blue")
        with CaptureQueriesContext(connection) as queries:
            told = editor.post("/api/v1/preview/", [{"manifest": reset}], content_type="application/json").json()
        assert told["between"]["interruptedCount"] == numbers.stop
        asked.append(len(queries))
    assert asked[1] == asked[2]
