"""Rules that depend on mode, release, metadata and history, and how findings block."""

from __future__ import annotations

from typing import Any

import pytest

from intent.findings import Severity
from intent.rules import blocking, check_object
from intent.snapshot import Mode
from tests.intent.manifests import NAMESPACE, judge, manifest, peer

FRR, K8S, NATIVE = Mode.FRR, Mode.FRR_K8S, Mode.NATIVE


BY_MODE: list[tuple[dict[str, Any], Mode, str, str]] = [
    ({"sourceAddress": "10.0.0.9"}, K8S, "0.16.1", "ignored-in-frr-k8s-mode"),
    ({"localASN": 64999}, K8S, "0.16.1", "ignored-in-frr-k8s-mode"),
    ({"enableGracefulRestart": True}, K8S, "0.14.8", "ignored-in-frr-k8s-mode"),  # FRR mode: 0.14.6
    ({"holdTime": "90s", "keepaliveTime": "60s"}, K8S, "0.16.1", "timers-reset-to-default"),
    ({"holdTime": "180s", "keepaliveTime": "30s"}, K8S, "0.16.1", "timers-reset-to-default"),
    ({"connectTime": "60s"}, K8S, "0.16.1", "connect-time-dropped"),
    ({"localASN": 64999}, FRR, "0.15.3", "field-newer-than-metallb"),
    ({"peerAddress": None, "interface": "eth1"}, FRR, "v0.14.9", "field-newer-than-metallb"),
    *(
        (spec, NATIVE, "0.16.1", "not-in-native-mode")
        for spec in (
            {"bfdProfile": "fast"},
            {"holdTime": "9s", "keepaliveTime": "3s"},
            {"connectTime": "9s"},
            {"enableGracefulRestart": True},
            {"disableMP": True},
            {"dualStackAddressFamily": True},
            {"vrf": "red"},
            {"localASN": 64999},
            {"peerASN": None, "dynamicASN": "external"},
            {"peerAddress": None, "interface": "eth1"},
        )
    ),
]


@pytest.mark.parametrize(("spec", "mode", "version", "code"), BY_MODE, ids=str)
def test_a_mode_or_release_has_gaps_of_its_own(spec: dict[str, Any], mode: Mode, version: str, code: str) -> None:
    assert code in [finding.code for finding in judge(spec, mode, version)]
    assert code not in [finding.code for finding in judge(spec, Mode.UNKNOWN, "")]


@pytest.mark.parametrize(
    ("spec", "mode"),
    [
        ({"holdTime": "180s", "keepaliveTime": "60s"}, K8S),
        ({"holdTime": "90s"}, K8S),
        ({"connectTime": "61s"}, K8S),
        ({"holdTime": "9s", "ebgpMultiHop": True, "sourceAddress": "10.0.0.9"}, NATIVE),
        ({"disableMP": False, "vrf": ""}, NATIVE),
    ],
    ids=str,
)
def test_what_the_mode_does_as_asked_is_not_remarked(spec: dict[str, Any], mode: Mode) -> None:
    assert judge(spec, mode) == []


@pytest.mark.parametrize(
    ("name", "namespace", "code"),
    [
        ("Upper", NAMESPACE, "name-syntax"),
        ("", NAMESPACE, "name-syntax"),
        ("a" * 254, NAMESPACE, "name-syntax"),
        ("-a", NAMESPACE, "name-syntax"),
        ("peer", "default", "namespace-not-metallbs"),
        ("peer", "", "namespace-not-metallbs"),
    ],
)
def test_name_and_namespace_are_kubernetes_and_metallbs(name: str, namespace: str, code: str) -> None:
    body = peer(name) | {"metadata": {"name": name, "namespace": namespace}}
    assert [f.code for f in check_object(body, mode=FRR, version="", namespace=NAMESPACE)] == [code]


def test_labels_must_be_well_formed() -> None:
    body = peer()
    body["metadata"] |= {"labels": {"a b": "x", "ok": "not ok"}, "annotations": {"any/key": "any value\n"}}
    found = check_object(body, mode=FRR, version="", namespace=NAMESPACE)
    assert [(f.code, f.value) for f in found] == [("label-syntax", "a b"), ("label-syntax", "not ok")]
    assert "the value of ok must" in found[1].message


def test_graceful_restart_cannot_be_changed_once_it_is_set() -> None:
    before = peer(enableGracefulRestart=True)["spec"]
    assert [f.code for f in judge({"enableGracefulRestart": False}, old=before)] == ["graceful-restart-immutable"]
    assert judge({"enableGracefulRestart": True}, old=before) == []
    assert judge({}, old=before) == []
    assert judge({"enableGracefulRestart": True}, old=peer()["spec"]) == []


def test_a_field_that_the_cluster_knows_survives() -> None:
    (found,) = judge({"newerField": 1}, old={"newerField": 0})
    assert (found.code, found.severity) == ("unknown-field", Severity.WARNING)


@pytest.mark.parametrize(
    ("old", "severity", "word"), [(None, Severity.ERROR, "refuses"), ({"localASN": 1}, Severity.WARNING, "not know")]
)
def test_a_newer_field_is_refused_unless_the_cluster_has_it(
    old: dict[str, Any] | None, severity: Severity, word: str
) -> None:
    (found,) = judge({"localASN": 64999}, version="0.15.3", old=old)
    assert (found.code, found.severity, word in found.message) == ("field-newer-than-metallb", severity, True)


# Helm does not update the CRDs of a chart's `crds/`; who applies them by hand may do so before MetalLB's update.
@pytest.mark.parametrize(
    ("version", "served", "severity", "words"),
    [
        ("0.15.3", {"myASN", "localASN"}, Severity.WARNING, "has no effect"),
        ("0.15.3", {"myASN"}, Severity.ERROR, "CRD of this cluster lacks it"),
        ("0.16.1", {"myASN"}, Severity.ERROR, "CRD of this cluster lacks it"),
        ("0.16.1", {"myASN", "localASN"}, None, ""),
    ],
)
def test_the_served_crd_decides_what_is_refused(
    version: str, served: set[str], severity: Severity | None, words: str
) -> None:
    there = {*peer()["spec"], *served}
    found = judge({"localASN": 64999}, version=version, served=frozenset(there))
    assert [(one.code, one.severity) for one in found] == ([("field-newer-than-metallb", severity)] if severity else [])
    assert all(words in one.message for one in found)


def test_a_password_is_never_in_a_finding() -> None:
    spec = {"password": "canary\n" * 30, "passwordSecret": {"name": "s"}}
    found = judge(spec)
    assert {"password-and-secret", "password-not-one-word", "password-too-long"} <= {f.code for f in found}
    assert "canary" not in repr(found)


def test_a_masked_password_counts_as_one() -> None:
    assert [f.code for f in judge({}, inline_password=True)] == ["password-inline"]


def test_the_deprecated_version_is_judged_by_its_own_schema() -> None:
    body = manifest(
        "BGPPeer", "peer", {"myASN": 1, "peerPort": 0, "peerAddress": "10.0.0.1", "vrf": "red"}, version="v1beta1"
    )
    codes = [f.code for f in check_object(body, mode=FRR, version="", namespace=NAMESPACE)]
    assert {"api-version-deprecated", "required", "unknown-field"} <= set(codes)
    assert "out-of-range" not in codes


def test_other_kinds_and_versions_are_refused() -> None:
    unknown = check_object({"kind": "Pod"}, mode=FRR, version="", namespace=NAMESPACE)
    assert [f.code for f in unknown] == ["unknown-kind"]
    body = peer() | {"apiVersion": "metallb.io/v9"}
    assert [f.code for f in check_object(body, mode=FRR, version="", namespace=NAMESPACE)] == ["api-version"]


def test_a_documented_rule_blocks_until_it_is_acknowledged_by_code() -> None:
    found = judge({"holdTime": "9s", "keepaliveTime": "9s", "vrf": "red"})
    assert [f.code for f in blocking(found)] == ["keepalive-not-below-hold"]
    assert blocking(found, {"keepalive-not-below-hold"}) == []
    assert blocking(judge({"myASN": 0}), {"my-asn-zero"}) != []


def test_null_is_the_same_as_not_there() -> None:
    body = peer()
    body["spec"] |= {"peerASN": None, "keepaliveTime": "10s", "holdTime": None, "vrf": None, "peerPort": None}
    found = check_object(body, mode=FRR, version="", namespace=NAMESPACE)
    assert [f.code for f in found] == ["peer-asn-missing", "keepalive-without-hold"]
