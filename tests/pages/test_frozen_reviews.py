"""Review says where a change will not be in force: speakers that refuse their configuration keep the old one.

MetalLB (internal/config/config.go, internal/k8s/controllers/config_controller.go): any invalid object makes the speaker
keep what it had, for all objects; a BFD profile that does not exist passes admission.
"""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from clusters.changesets.review import changeset_review
from clusters.models import Cluster
from clusters.sync.findings import findings_write
from peers.models import BGPPeer
from tests.clusters.sets import wanted
from tests.kinds import saved
from tests.pages.forms import fields, post
from tests.pages.rows import EXAMPLE, a_peer
from tests.pages.test_reported import a_report
from tests.pages.test_sessions_of_a_review import meant

RACK_0 = [{"matchLabels": {"rack": "0"}}]
RACK_1 = [{"matchLabels": {"rack": "1"}}]
REFUSED = "BFDProfile nowhere does not exist"


@pytest.fixture
def frozen(cluster: Cluster) -> BGPPeer:
    """A peer on node-0 and node-1, and one on node-0 alone whose BFD profile is missing; as MetalLB reports, too."""
    racks = [{"matchExpressions": [{"key": "rack", "operator": "In", "values": ["0", "1"]}]}]
    peer = a_peer(cluster, "tor", {**EXAMPLE, "nodeSelectors": racks})
    a_peer(cluster, "bad", {**EXAMPLE, "peerAddress": "10.0.0.2", "bfdProfile": "nowhere", "nodeSelectors": RACK_0})
    a_peer(cluster, "far", {**EXAMPLE, "peerAddress": "10.0.0.3", "nodeSelectors": RACK_1})
    a_report(cluster, "ConfigurationState", "speaker-node-0", node="node-0", result="Invalid", message="no profile")
    findings_write(cluster)
    return peer


def edited(editor: Client, row: Any, **typed: Any) -> str:
    """Review of an edit in the form."""
    address = f"{row.get_absolute_url()}edit/"
    page: str = post(editor, address, "review", {**fields(editor.get(address).text), **typed}).text
    return page


def test_an_edit_a_deletion_and_a_set_name_the_nodes_the_rule_and_the_object(editor: Client, frozen: BGPPeer) -> None:
    set_edit = {"manifest": frozen.manifest | {"spec": frozen.spec | {"peerASN": 64777}}}
    preview = editor.post("/api/v1/preview/", [set_edit], content_type="application/json").json()
    for page in (edited(editor, frozen, peerASN="64777"), editor.get(f"{frozen.get_absolute_url()}delete/").text):
        text = meant(page, "frozen")
        assert "1 node keeps its old configuration, so that FRR takes up nothing of this there" in text
        assert f"On 1 node: {REFUSED}" in text
        assert "The rules say, MetalLB says" in text
        assert '<a href="/peers/lab/metallb-system/bad/">BGPPeer bad</a>, BFDProfile nowhere.' in page
    told = preview["frozen"]
    assert (told["count"], told["nodes"], told["freed"]) == (1, ["node-0"], [])
    (reason,) = told["reasons"]
    assert reason["message"].startswith(REFUSED)
    assert (reason["told"], reason["byThisChange"]) == (["The rules say", "MetalLB says"], False)
    assert ("BGPPeer", "bad") in [(ref["kind"], ref["name"]) for ref in reason["objects"]]


def test_nodes_that_the_change_does_not_concern_are_left_out(editor: Client, frozen: BGPPeer) -> None:
    far = BGPPeer.objects.get(name="far")
    assert 'id="frozen-head"' not in edited(editor, far, peerASN="64777")


def test_the_change_that_mends_it_frees_the_nodes(editor: Client, frozen: BGPPeer) -> None:
    bad = BGPPeer.objects.get(name="bad")
    text = meant(edited(editor, bad, bfdProfile=""), "frozen")
    assert "With this 1 node takes its configuration again" in text
    assert "keeps its old configuration" not in text


def test_what_metallb_reports_without_a_rule_that_explains_it_lasts(editor: Client, frozen: BGPPeer) -> None:
    a_report(frozen.cluster, "FRRNodeState", "node-1", node="node-1", result="failed", message="no merge")
    text = meant(edited(editor, BGPPeer.objects.get(name="far"), peerASN="64777"), "frozen")
    assert "On 1 node: no merge To be mended: FRRNodeState node-1 . frr-k8s says" in text


def test_a_change_that_freezes_nodes_says_that_it_does(editor: Client, cluster: Cluster) -> None:
    """MetalLB: an alias that an advertisement uses may be deleted, and makes the speakers keep what they had."""
    saved(cluster, "IPAddressPool", "blue", {"addresses": ["203.0.113.0/24"]})
    saved(cluster, "BGPAdvertisement", "all", {"ipAddressPools": ["blue"], "communities": ["far"]})
    community = saved(cluster, "Community", "names", {"communities": [{"name": "far", "value": "64500:1"}]})
    a_peer(cluster, "tor")
    text = meant(editor.get(f"{community.get_absolute_url()}delete/").text, "frozen")
    assert "This change is the reason on 3 nodes" in text


def test_the_controllers_own_refusal_is_said_of_pools(editor: Client, frozen: BGPPeer) -> None:
    pool = saved(frozen.cluster, "IPAddressPool", "blue", {"addresses": ["203.0.113.0/24"]})
    assert "MetalLB's controller does: what services lose" in meant(edited(editor, pool, autoAssign=""), "frozen")
    a_report(frozen.cluster, "ConfigurationState", "controller", result="Invalid", message="pools overlap")
    assert "MetalLB's controller, which gives services their addresses, keeps its old configuration: pools overlap" in (
        meant(edited(editor, pool, autoAssign=""), "frozen")
    )


def test_the_number_of_queries_does_not_grow_with_what_is_frozen(frozen: BGPPeer) -> None:
    asked = []
    edit = wanted(frozen.manifest | {"spec": frozen.spec | {"peerASN": 64777}})
    for more in (range(0), range(30)):
        for number in more:
            spec = {**EXAMPLE, "peerAddress": f"10.0.1.{number}", "bfdProfile": f"none-{number}"}
            a_peer(frozen.cluster, f"bad-{number}", spec)
        findings_write(frozen.cluster)
        with CaptureQueriesContext(connection) as queries:
            found = changeset_review(cluster=frozen.cluster, edits=[edit], dry_run=False).meaning.frozen
        asked.append(len(queries))
    assert asked[0] == asked[1]
    assert (len(found.kept), found.nodes) == (31, ("node-0", "node-1", "node-2"))
