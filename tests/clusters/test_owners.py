"""Whose object it is, by every mark that tools leave, and where its source probably is."""

from __future__ import annotations

import json
from typing import Any

import pytest

from clusters.editing.patches import patch_of
from clusters.sync.owners import looked_after_by, owner_of
from peers.models import BGPPeer
from tests.clusters.cluster import peer

REFERENCE = {"apiVersion": "v1", "kind": "Deployment", "name": "net", "uid": "1"}
BOSS = {"apiVersion": "example.com/v1", "kind": "Fabric", "name": "boss", "uid": "2", "controller": True}


def marked(*, writer: str = "", references: Any = (), **marks: dict[str, str]) -> dict[str, Any]:
    """A peer with labels, annotations, owners, and a manager that writes its spec."""
    found = peer()
    fields: Any = {"f:spec": {"f:peerASN": {}}}
    managed = [{"manager": writer, "operation": "Update", "fieldsV1": fields}] if writer else []
    found["metadata"] |= marks | {"managedFields": managed, "ownerReferences": list(references)}
    return found


CASES = {
    "nobody": (marked(writer="kubectl-edit"), "", ""),
    "an instance label alone": (marked(labels={"app.kubernetes.io/instance": "net"}), "", ""),
    "Argo CD's annotation": (
        marked(annotations={"argocd.argoproj.io/tracking-id": "net:metallb.io/BGPPeer:metallb-system/tor-1"}),
        "Argo CD (application net)",
        "metadata.name=net ",
    ),
    "Argo CD's annotation, application elsewhere": (
        marked(annotations={"argocd.argoproj.io/tracking-id": "team_net:metallb.io/BGPPeer:metallb-system/tor-1"}),
        "Argo CD (application team/net)",
        "metadata.name=net ",
    ),
    "Argo CD's label tracking": (
        marked(writer="argocd-controller", labels={"app.kubernetes.io/instance": "net"}),
        "Argo CD (application net)",
        "metadata.name=net ",
    ),
    "Flux's Kustomization": (
        marked(
            labels={"kustomize.toolkit.fluxcd.io/name": "net", "kustomize.toolkit.fluxcd.io/namespace": "flux-system"}
        ),
        "Flux (Kustomization flux-system/net)",
        "kustomizations.kustomize.toolkit.fluxcd.io -n flux-system net",
    ),
    "Flux's HelmRelease, with Helm's own marks": (
        marked(
            labels={
                "helm.toolkit.fluxcd.io/name": "net",
                "helm.toolkit.fluxcd.io/namespace": "flux-system",
                "app.kubernetes.io/managed-by": "Helm",
            },
            annotations={"meta.helm.sh/release-name": "net"},
        ),
        "Flux (HelmRelease flux-system/net)",
        "helmreleases.helm.toolkit.fluxcd.io -n flux-system net",
    ),
    "Flux by its manager": (marked(writer="kustomize-controller"), "Flux (Kustomization)", ""),
    "Helm": (
        marked(
            labels={"app.kubernetes.io/managed-by": "Helm", "helm.sh/chart": "fabric-1.2.0"},
            annotations={"meta.helm.sh/release-name": "net", "meta.helm.sh/release-namespace": "metallb-system"},
        ),
        "Helm (release metallb-system/net)",
        "helm get values -n metallb-system net",
    ),
    "the controller among several owners": (marked(references=[REFERENCE, BOSS]), "Fabric boss", "get fabric -n"),
    "OLM": (
        marked(labels={"olm.owner": "metallb.v4.20.0", "olm.owner.kind": "ClusterServiceVersion"}),
        "Operator Lifecycle Manager (ClusterServiceVersion metallb.v4.20.0)",
        "get clusterserviceversion -n metallb-system metallb.v4.20.0",
    ),
    "an operator by its manager": (marked(writer="fabric-operator"), "fabric-operator", ""),
    "a name in the recommended label": (marked(labels={"app.kubernetes.io/managed-by": "pulumi"}), "pulumi", ""),
    "kapp": (marked(labels={"kapp.k14s.io/app": "1700"}), "kapp (app 1700)", ""),
}


@pytest.mark.parametrize(("obj", "words", "command"), CASES.values(), ids=CASES.keys())
def test_every_owner_is_known_with_its_place(obj: dict[str, Any], words: str, command: str) -> None:
    assert looked_after_by(obj) == words
    owner = owner_of(obj)
    if owner is not None:
        assert command in f"{owner.command} "
        assert bool(owner.command) is bool(command)
        assert owner.where
        assert owner.taken
        assert owner.evidence


def test_a_hostile_name_gets_into_no_command() -> None:
    owner = owner_of(marked(annotations={"argocd.argoproj.io/tracking-id": "x; rm -rf ~\n:a/b:c/d"}))
    assert owner is not None
    assert (owner.command, "\n" in owner.words) == ("", False)


def test_a_patch_has_neither_marks_nor_passwords_and_says_the_change_in_each_form() -> None:
    live = marked(
        labels={"app.kubernetes.io/managed-by": "Helm", "team": "net"}, annotations={"meta.helm.sh/release-name": "net"}
    )
    live["inline_password"] = "mark"
    row = BGPPeer(namespace="metallb-system", name="tor-1", live=live)
    after = peer(peerASN=64700, labels={"app.kubernetes.io/managed-by": "Helm", "team": "core"})
    texts = patch_of(row, after).texts
    assert "helm" not in "".join(texts.values()).lower()
    assert "password" not in "".join(texts.values())
    assert json.loads(texts["merge"]) == {"metadata": {"labels": {"team": "core"}}, "spec": {"peerASN": 64700}}
    assert "-  peerASN: 64600\n+  peerASN: 64700\n" in texts["diff"]
    assert "peerASN: 64700" in texts["manifest"]
    assert "target:" in texts["kustomize"]
