"""Review says what happens to sessions: intent before and after, peer by peer."""

from __future__ import annotations

import re
from html import unescape
from typing import Any

from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from clusters.changesets.review import changeset_review
from clusters.changesets.wanted import Wanted
from clusters.models import Cluster, Node
from peers.models import BGPPeer
from speakers.models import Session
from tests.clusters.sets import gone, some_peer, wanted
from tests.kinds import saved
from tests.pages.forms import NEW, fields, post
from tests.pages.rows import EXAMPLE, a_peer, a_session, a_speaker, down
from tests.pages.services import a_service


def changes(cluster: Cluster, *edits: Wanted) -> dict[tuple[str, str], tuple[int, ...]]:
    review = changeset_review(cluster=cluster, edits=edits, dry_run=False)
    return {
        (one.peer, one.neighbor): tuple(map(len, (one.opened, one.closed, one.changed)))
        for one in review.meaning.sessions
    }


def of(name: str, **spec: Any) -> Wanted:
    manifest = some_peer(1, **EXAMPLE | spec)
    manifest["metadata"]["name"] = name
    return wanted(manifest)


def glance(page: str) -> str:
    """What the page says of all that an edit means, in one line."""
    return " ".join(re.sub(r"<[^>]+>", " ", page.partition('id="glance">')[2].partition("</p>")[0]).split())


def test_sessions_open_close_and_change(cluster: Cluster) -> None:
    a_peer(cluster, "stays")
    a_peer(cluster, "goes", {**EXAMPLE, "peerAddress": "10.0.0.2"})
    a_peer(cluster, "moves", {**EXAMPLE, "peerAddress": "10.0.0.3"})
    a_peer(cluster, "untouched", {**EXAMPLE, "peerAddress": "10.0.0.9"})
    one_node = [{"matchLabels": {"rack": "1"}}]
    assert changes(
        cluster,
        of("stays", holdTime="30s", keepaliveTime="10s"),
        gone("goes"),
        of("moves", peerAddress="10.0.0.4"),
        of("comes", peerAddress="10.0.0.5", nodeSelectors=one_node),
    ) == {
        ("stays", "10.0.0.1"): (0, 0, 3),
        ("goes", "10.0.0.2"): (0, 3, 0),
        ("moves", "10.0.0.3"): (0, 3, 0),
        ("moves", "10.0.0.4"): (3, 0, 0),
        ("comes", "10.0.0.5"): (1, 0, 0),
    }


def test_a_peer_that_is_made_anew_closes_its_sessions_first(cluster: Cluster) -> None:
    a_peer(cluster, "tor")
    manifest = of("tor").manifest
    assert manifest is not None
    assert changes(cluster, wanted(dict(manifest), recreate=True)) == {("tor", "10.0.0.1"): (3, 3, 0)}


def test_what_opens_no_session_says_nothing(cluster: Cluster) -> None:
    a_peer(cluster, "tor")
    profile: dict[str, Any] = {"apiVersion": "metallb.io/v1beta1", "kind": "BFDProfile"}
    profile |= {"metadata": {"name": "fast", "namespace": "metallb-system"}, "spec": {}}
    assert changes(cluster, wanted(profile), of("tor")) == {}


def meant(page: str, about: str = "sessions") -> str:
    """The section about sessions, as it is read."""
    section = page.partition(f'aria-labelledby="{about}-head"')[2].partition("</section>")[0]
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", section.partition(">")[2])).split())


def reviewed(editor: Client, address: str, **typed: str) -> str:
    """What the Review of an edit in the form says of sessions."""
    form = fields(editor.get(address).text)
    return meant(post(editor, address, "review", {**form, **typed}).text)


def test_review_of_an_edit_names_sessions_that_reset_and_where(editor: Client, cluster: Cluster) -> None:
    address = a_peer(cluster, "tor").get_absolute_url()
    Node.objects.create(cluster=cluster, name="node-3", uid="3")
    head = "What it means for sessions 4 sessions will "
    table = "Peer VRF Router What happens tor default 10.0.0.1 4 sessions will "
    nodes = "on node-0, node-1, node-2 and 1 more node node-3"
    assert reviewed(editor, f"{address}edit/", peerASN="64777") == (
        f"{head}reset {table}reset, for another peerASN {nodes}"
    )
    assert reviewed(editor, f"{address}edit/", connectTime="7s") == (
        f"{head}stay up, with other values {table}stay up, with another connectTime; "
        f"connectTime from the next start on {nodes}"
    )
    assert reviewed(editor, NEW, name="other", peerAddress="10.0.0.9", peerASN="64501", myASN="64500",
                    routerID="10.10.10.10").startswith(f"{head}open")  # fmt: skip
    deletion = editor.get(f"{address}delete/").text
    assert meant(deletion) == f"{head}close {table}close {nodes}"
    assert glance(deletion) == "4 sessions will close"
    assert "passwords and the lines of a ConfigMap bgpextras are left out" in meant(deletion, "frr")


def test_review_compares_with_what_the_cluster_holds_and_not_with_a_refused_edit(
    editor: Client, cluster: Cluster
) -> None:
    row = a_peer(cluster, "tor", peer_asn=64777, sync_state="rejected", revision=2, applied_revision=2)
    assert "will reset, for another peerASN" in reviewed(editor, f"{row.get_absolute_url()}edit/")


def test_review_of_the_end_of_bfd_says_that_sessions_may_reset(editor: Client, cluster: Cluster) -> None:
    saved(cluster, "BFDProfile", "fast", {})
    address = a_peer(cluster, "tor", {**EXAMPLE, "bfdProfile": "fast"}).get_absolute_url()
    told = reviewed(editor, f"{address}edit/", bfdProfile="")
    assert told.startswith("What it means for sessions 3 sessions may reset Peer")
    assert "3 sessions may reset: where BFD is up, another bfdProfile ends the session on node-0" in told


def test_review_of_a_profile_speaks_of_its_peers_ten_in_sight_and_of_other_kinds_says_none(
    editor: Client, cluster: Cluster
) -> None:
    profile = saved(cluster, "BFDProfile", "fast", {"transmitInterval": 300})
    pool = saved(cluster, "IPAddressPool", "blue", {"addresses": ["203.0.113.0/24"]})
    for number in range(2):
        a_peer(cluster, f"tor-{number:02}", {**EXAMPLE, "peerAddress": f"10.0.1.{number}", "bfdProfile": "fast"})
    address, asked = f"{profile.get_absolute_url()}edit/", []
    for more in (range(2, 2), range(2, 60)):
        for number in more:
            a_peer(cluster, f"tor-{number:02}", {**EXAMPLE, "peerAddress": f"10.0.1.{number}", "bfdProfile": "fast"})
        with CaptureQueriesContext(connection) as queries:
            text = reviewed(editor, address, transmitInterval="500")
        asked.append(len(queries))
    assert text.startswith("What it means for sessions 180 sessions will stay up, with other values Peer")
    assert text.count("3 sessions will stay up, with another transmitInterval on node-0, node-1, node-2") == 60
    assert "tor-09 default 10.0.1.9 3 sessions will stay up" in text.partition("50 more peers")[0]
    assert "tor-10" not in text.partition("50 more peers")[0]
    assert asked[0] == asked[1]
    assert reviewed(editor, f"{pool.get_absolute_url()}edit/", autoAssign="") == (
        "What it means for sessions No session opens, closes, resets or changes."
    )


def _twelve_services(cluster: Cluster) -> None:
    """Announced by two peers; of the sessions one is down, and those of node-2 were not observed yet."""
    a_peer(cluster, "tor-b", {**EXAMPLE, "peerAddress": "10.0.0.2"})
    saved(cluster, "IPAddressPool", "blue", {"addresses": ["203.0.113.0/24"]})
    for number in range(12):
        a_service(cluster, f"s{number:02}", f"203.0.113.{number}", pool="blue")
    for node in ("node-0", "node-1"):
        speaker = a_speaker(cluster, node)
        a_session(speaker, "10.0.0.1", **(down(cause="The hold timer expired") if node == "node-1" else {}))
        a_session(speaker, "10.0.0.2", peer="tor-b")


def test_review_says_what_is_withdrawn_who_loses_what_and_what_frr_is_told(editor: Client, cluster: Cluster) -> None:
    tor = a_peer(cluster, "tor")
    _twelve_services(cluster)
    every = saved(cluster, "BGPAdvertisement", "all", {"ipAddressPools": ["blue"]})
    page = editor.get(f"{every.get_absolute_url()}delete/").text
    assert glance(page) == ("12 services will be announced by nobody 12 prefixes will be withdrawn"), (
        "and the sessions, of which none changes, are not named"
    )
    text = meant(page, "announcements")
    assert text.startswith(
        "What it means for announcements 12 services will be announced by nobody 12 prefixes will be withdrawn "
        "Service Meant to be announced by And then shop/s00 3 nodes, 2 peers meant over 6 sessions, 3 of them up; "
        "not up: node-1 → tor 10.0.0.1 (The hold timer expired), node-2 → tor 10.0.0.1 (not observed yet), "
        "node-2 → tor-b 10.0.0.2 (not observed yet) nobody shop/s01"
    )
    assert "2 more services" in text
    assert (
        "tor default 10.0.0.1 12 prefixes will be withdrawn 203.0.113.0/32 (3 nodes), 203.0.113.1/32 (3 nodes), "
        "203.0.113.2/32 (3 nodes) and 9 more prefixes 203.0.113.3/32 (3 nodes)" in text
    )
    assert "- network 203.0.113.11/32" in meant(page, "frr")
    Session.objects.filter(peer="tor-b").update(state="Active", cause="Connecting fails")
    tor_b = BGPPeer.objects.get(name="tor-b")
    assert "will be left with sessions none of which is up now" not in meant(
        editor.get(f"{tor_b.get_absolute_url()}delete/").text, "announcements"
    )
    text = meant(editor.get(f"{tor.get_absolute_url()}delete/").text, "announcements")
    assert "12 services will be left with sessions none of which is up now" in text
    assert "meant over 3 sessions, none of them up ; not up: node-0 → tor-b 10.0.0.2 (Connecting fails)" in text
    assert "12 services will lose redundancy" in text
    assert "shop/s00 3 nodes, 2 peers meant over 6 sessions, 1 of them up;" in text
    Session.objects.filter(peer="tor-b").delete()
    text = meant(editor.get(f"{tor.get_absolute_url()}delete/").text, "announcements")
    assert "meant over 3 sessions, none of them observed yet shop/" in text, "which is no failure, as of a new peer"
    pool = editor.get("/pools/lab/metallb-system/blue/delete/").text
    assert ("It is named there: take it out there, too." in pool, "check its spelling" in pool) == (True, False)
