"""What is said of a change or a deletion only."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from intent.findings import Finding, Severity
from intent.rules import check, check_deletion, check_object
from intent.snapshot import Mode, Resource, SecretFact
from tests.intent.manifests import NAMESPACE, advertisement, cluster, manifest, peer, profile

OTHER = {"peerAddress": "10.0.0.2"}


def brief(finding: Finding) -> tuple[str, str, tuple[str, ...]]:
    return finding.code, finding.severity.value, tuple(ref.name for ref in finding.objects)


# BZ#2050824, told on the documentation's page: without its profile the session goes on with BFD and FRR's defaults.
@pytest.mark.parametrize(
    ("before", "after", "code"),
    [
        ({"bfdProfile": "fast"}, {}, ["bfd-stays-on"]), ({"bfdProfile": "fast"}, {"bfdProfile": ""}, ["bfd-stays-on"]),
        ({"bfdProfile": "fast"}, {"bfdProfile": "fast", "peerPort": 1179}, []), ({}, {"peerPort": 1179}, []),
    ],
    ids=str,
)  # fmt: skip
def test_taking_bfd_out_of_a_peer_leaves_it_on(before: dict[str, Any], after: dict[str, Any], code: list[str]) -> None:
    snapshot = cluster(peer("a", **before), profile())
    changed = snapshot.with_resource(Resource.from_manifest(peer("a", **after)))
    assert [f.code for f in check(changed)] == code
    assert check(cluster(peer("a", **after), profile())) == []  # only a change is told


# The webhook of BFDProfile; no other kind is protected.
def test_a_bfd_profile_in_use_cannot_be_deleted() -> None:
    gone, users = Resource.from_manifest(profile()), (peer("a", bfdProfile="fast"), peer("b", **OTHER))
    (found,) = check_deletion(cluster(*users), gone)
    assert brief(found) == ("profile-in-use", "error", ("fast", "a"))
    assert check_deletion(cluster(users[1]), gone) == []
    assert check_deletion(cluster(), Resource.from_manifest(users[0])) == []


# internal/config/config.go: an alias that nobody defines is an error of the whole configuration
def test_a_community_whose_aliases_are_named_cannot_be_deleted() -> None:
    body = manifest("Community", "c", {"communities": [{"name": "blue", "value": "65000:1"}]}, version="v1beta1")
    gone, users = Resource.from_manifest(body), (advertisement("a", communities=["blue"]), advertisement("b"))
    (found,) = check_deletion(cluster(*users), gone)
    assert brief(found) == ("alias-in-use", "error", ("c", "a"))
    assert check_deletion(cluster(users[1]), gone) == []
    other = manifest("Community", "d", body["spec"], version="v1beta1")
    assert check_deletion(cluster(*users, other), gone) == []


# internal/bgp/frrk8s: syncBFDProfiles does nothing with an empty list
@pytest.mark.parametrize(
    ("left", "mode", "code"),
    [((), Mode.FRR_K8S, ["last-profile-stays"]), ((profile("slow"),), Mode.FRR_K8S, []), ((), Mode.FRR, [])],
)
def test_the_last_bfd_profile_stays_in_frr_k8s_mode(left: tuple[Any, ...], mode: Mode, code: list[str]) -> None:
    gone = Resource.from_manifest(profile())
    assert [f.code for f in check_deletion(cluster(*left, mode=mode), gone)] == code


def test_status_kinds_are_not_for_people_to_write() -> None:
    body = manifest("ServiceBGPStatus", "bgp-1", None, version="v1beta1")
    (found,) = check_object(body, mode=Mode.FRR, version="", namespace=NAMESPACE)
    assert (found.code, found.severity) == ("kind-is-read-only", Severity.ERROR)
    assert check(cluster(body)) == []


# config.go, passwordForSession: the Secret that is named, or the inline password, or none; nobody deletes a Secret
@pytest.mark.parametrize(
    ("before", "after", "words"),
    [
        (
            "old",
            {},
            "the session has no password any more; Secret old with the password stays in metallb-system, and no",
        ),
        ("old", {"passwordSecret": {"name": "new"}}, "makes way for Secret new, whose password counts from then on;"),
        ("old", {"password": "hunter2"}, "the password in the object counts from then on; Secret old"),
        ("shared", {}, "Secret shared with the password stays in metallb-system, where b still refer to it"),
        ("gone", {}, "is taken off, so the session has no password any more"),
        ("old", {"passwordSecret": {"name": "old"}}, ""),
    ],
)
def test_a_secret_that_is_taken_off_stays_behind(before: str, after: dict[str, Any], words: str) -> None:
    with_it = peer("a", passwordSecret={"name": before})
    facts = tuple(SecretFact(NAMESPACE, name, exists=name != "gone") for name in ("old", "new", "shared", "gone"))
    others = peer("b", passwordSecret={"name": "shared"}, **OTHER)
    snapshot = cluster(with_it, others, secrets=facts)
    changed = replace(Resource.from_manifest(peer("a", **after)), live=with_it["spec"])
    found = [one for one in check(snapshot.with_resource(changed)) if one.code == "secret-stays"]
    assert len(found) == bool(words)
    assert all(words in one.message and "hunter2" not in one.message for one in found)
    assert all(("oc delete secret" in one.hint) == (before == "old") for one in found)
    deletion = check_deletion(cluster(others, secrets=facts), Resource.from_manifest(with_it))
    assert [one.code for one in deletion] == ["secret-stays"] * (before != "gone")
