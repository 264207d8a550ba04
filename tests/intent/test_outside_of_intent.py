"""What MetalLB and FRR do beyond a function of a snapshot (docs/architecture.md, What intent leaves out).

No result shows the times of processes: the debounce of 3 s before frr.conf is written (what a change set makes of it:
tests/clusters/test_change_sets), the retry after 5 s, the look at the reloader's file every 30 s, the backoff of
native mode. Nor does it show flags of daemons: `bgpd -p 0`, as the lab's real nodes run it, and `zebra -K 120`. The
event `nodeAssigned` repeats a verdict without a reason. All else has a row here that shows what stands in its place.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from intent.announcements import Announcements, Reason, ServiceRef
from intent.findings import Finding
from intent.frr_changes import configuration_changes
from intent.frr_configurations import is_metallbs
from intent.render import frr_config
from intent.rules import check
from intent.sessions import sessions_on
from intent.snapshot import Mode, Node, Resource, Snapshot
from tests.intent.manifests import ALL, advertisement, cluster, manifest, peer, pool

ONE, WEB, FOUR = ALL[0], ServiceRef("shop", "web"), "203.0.113.9"
FRR_MODES = (Mode.FRR, Mode.FRR_K8S)
OBJECTS = peer("tor"), pool(), advertisement()

# speaker/main.go, then speaker/bgp_controller.go, in their order; None = nothing in a snapshot can say so.
REASONS: list[tuple[str, Reason | None]] = [
    ("serviceDeleted", Reason.SERVICE_DELETED),
    ("notLoadBalancer", None),  # only Services of type LoadBalancer are read (tests/clusters/test_following_services)
    ("noIPAllocated", Reason.NO_IP_ALLOCATED),
    ("invalidIP", Reason.INVALID_IP),
    ("ipNotAllowed", Reason.IP_NOT_ALLOWED),
    ("internalError", None),  # a failure of the process, which no object shows
    ("notOwner", Reason.NOT_OWNER),
    ("noMatchingAdvertisement", Reason.NO_MATCHING_ADVERTISEMENT),
    ("conflictingAdvertisements", Reason.CONFLICTING_ADVERTISEMENTS),
    ("nodeNetworkUnavailable", Reason.NODE_NETWORK_UNAVAILABLE),
    ("nodeLabeledExcludeBalancers", Reason.NODE_LABELED_EXCLUDE_BALANCERS),
    ("noLocalEndpoints", Reason.NO_LOCAL_ENDPOINTS),
    ("noEndpoints", Reason.NO_ENDPOINTS),
]


def test_every_reason_of_the_speaker_is_ours_or_cannot_be_seen_in_objects() -> None:
    ours = [(word, reason) for word, reason in REASONS if reason is not None]
    assert [*Reason] == [*(reason for _, reason in ours), Reason.TOO_MANY_COMMUNITIES]
    assert [word for word, _ in ours] == [str(reason) for _, reason in ours]


def test_a_service_that_is_no_load_balancer_is_not_in_the_snapshot_and_counts_as_gone() -> None:
    verdict = Announcements(cluster(*OBJECTS, services=())).verdict(WEB, FOUR, ONE)
    assert (verdict.reason, verdict.peers) == (Reason.SERVICE_DELETED, ())


# The speaker's own FRRConfiguration (internal/bgp/frrk8s): its name and its selector both name the node.
OWN = [
    (f"metallb-{ONE}", {"matchLabels": {"kubernetes.io/hostname": ONE}}, True),
    (f"metallb-{ONE}", {"matchLabels": {"kubernetes.io/hostname": ALL[1]}}, False),
    (f"metallb-{ONE}", {}, False),
    ("mine", {"matchLabels": {"kubernetes.io/hostname": ONE}}, False),
]


@pytest.mark.parametrize(("name", "selector", "own"), OWN, ids=str)
def test_the_speakers_own_object_is_told_from_those_of_people(name: str, selector: dict[str, Any], own: bool) -> None:
    assert is_metallbs(_frr_configuration(name, selector)) is own


def _frr_configuration(name: str, selector: dict[str, Any], **neighbor: Any) -> Resource:
    routers = [{"asn": 64500, "neighbors": [{"address": "10.0.0.1", "asn": 64501, **neighbor}]}]
    spec = {"nodeSelector": selector, "bgp": {"routers": routers}}
    return Resource.from_manifest(manifest("FRRConfiguration", name, spec, version="v1beta1"))


@pytest.mark.parametrize("mode", FRR_MODES)
def test_the_log_level_is_never_part_of_a_difference(mode: Mode) -> None:
    """The text has MetalLB's default; another level (--log-level) stands on both sides of every edit."""
    before = cluster(*OBJECTS, mode=mode)
    assert frr_config(before, ONE).startswith("log stdout informational\n")
    for after in (cluster(mode=mode), cluster(*OBJECTS, peer("more", peerAddress="10.0.0.9"), mode=mode)):
        found = configuration_changes(before, after).kinds
        assert found
        assert not [one for one in found if "log stdout" in one.diff]


def test_what_a_session_of_metallb_may_learn_is_nothing_so_that_a_block_list_takes_nothing() -> None:
    """frr-k8s puts its always-block list before what toReceive permits; MetalLB's neighbors have no toReceive."""
    text = frr_config(cluster(peer("a"), peer("b", peerAddress="2001:db8::1"), mode=Mode.FRR_K8S), ONE).splitlines()
    inbound = [line.split(" seq ")[1] for line in text if "-inpl-" in line and " seq " in line]
    assert inbound == ["1 deny any", "2 deny any"] * 2


def test_what_people_receive_is_not_in_the_text_of_metallb() -> None:
    """toReceive of an FRRConfiguration is judged by rules, and merged by frr-k8s (internal/controller/merge.go)."""
    alone = cluster(*OBJECTS, mode=Mode.FRR_K8S)
    mine = _frr_configuration("mine", {}, toReceive={"allowed": {"mode": "all"}})
    assert frr_config(replace(alone, frr_configurations=(mine,)), ONE) == frr_config(alone, ONE)


@pytest.mark.parametrize("mode", FRR_MODES)
@pytest.mark.parametrize("version", ["0.16.1", "main"])
def test_a_node_without_ipv4_gets_no_router_id_of_ours(mode: Mode, version: str) -> None:
    """Only frr-k8s' newest code makes one of the hostname, and a snapshot has MetalLB's version alone."""
    six = Node(ONE, addresses=("2001:db8::11",))
    text = frr_config(cluster(peer("a", peerAddress="2001:db8::1"), mode=mode, version=version, nodes=(six,)), ONE)
    assert "router bgp 64500" in text
    assert "router-id" not in text


@pytest.mark.parametrize("mode", [*FRR_MODES, Mode.NATIVE])
def test_the_config_map_with_extras_is_not_read(mode: Mode) -> None:
    """FRR mode appends its text, the others refuse it (SyncExtraInfo): neither shows, as ConfigMaps are not read."""
    extras = {"apiVersion": "v1", "kind": "ConfigMap", "data": {"extras": "router bgp 64500\n bgp bestpath med confed"}}
    extras["metadata"] = {"name": "bgpextras", "namespace": "metallb-system"}
    with_it, without = cluster(*OBJECTS, extras, mode=mode), cluster(*OBJECTS, mode=mode)
    assert _told(with_it) == _told(without)


def _told(snapshot: Snapshot) -> tuple[list[Finding], object, str]:
    return check(snapshot), sessions_on(snapshot, ONE), frr_config(snapshot, ONE)
