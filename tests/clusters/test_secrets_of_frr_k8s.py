"""Where passwords are kept when FRR-K8s runs in a namespace of its own."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from clusters.doors import door_of
from clusters.models import SecretFact
from clusters.sync.claim import Fate
from lab.apiserver import Fault
from tests.clusters.cluster import NAMESPACE, RunningCluster, node, peer, pod
from tests.clusters.conftest import Office

ROOM = "openshift-frr-k8s"
FRR_K8S = ("controller", "frr", "frr-metrics", "frr-status", "reloader")


def _pods(*args: str) -> list[dict[str, Any]]:
    """MetalLB's speaker with these arguments, and FRR-K8s beside it as OpenShift runs it."""
    speaker = pod("speaker-a", "n1", "speaker", component="speaker")
    speaker["spec"]["containers"][0] |= {"args": list(args), "env": [{"name": "METALLB_BGP_TYPE", "value": "frr-k8s"}]}
    return [speaker, pod("frr-a", "n1", *FRR_K8S, namespace=ROOM, component="frr-k8s", app="frr-k8s")]


def _in(kube: RunningCluster, namespace: str) -> list[str]:
    return [found["metadata"]["name"] for found in kube.call(kube.server.store.list, "secrets", namespace)]


@pytest.mark.parametrize(
    ("args", "room", "code"),
    [
        ((), NAMESPACE, "password-copied"),
        (("--frrk8s-secret-passthrough",), ROOM, ""),
        (("-frrk8s-secret-passthrough=true",), ROOM, ""),
        (("--frrk8s-secret-passthrough=false",), NAMESPACE, "password-copied"),
    ],
)
def test_a_typed_password_goes_where_it_is_looked_for(
    kube: RunningCluster, office: Office, args: tuple[str, ...], room: str, code: str
) -> None:
    if kube.call(kube.server.store.get, "namespaces", "", ROOM) is None:
        kube.call(kube.server.store.create, "namespaces", {"metadata": {"name": ROOM}})
    kube.add(node("n1"), *_pods(*args))
    office.look()
    office.cluster.refresh_from_db()
    assert (office.cluster.secret_namespace, office.cluster.frr_namespace) == (room, ROOM)
    row = office.save(peer(), password="s3cret")
    assert office.work(row) == [Fate.IN_SYNC]
    assert (_in(kube, room), _in(kube, ({NAMESPACE, ROOM} - {room}).pop())) == (["tor-1-bgp-password"], [])
    office.look()
    fact = SecretFact.objects.get()
    assert (fact.namespace, fact.exists) == (room, True)
    assert {finding["code"] for finding in office.row().findings} - {"vrf-technology-preview"} == ({code} - {""})
    needed = {need["namespace"] for need in office.cluster.permissions if need["resource"] == "secrets"}
    assert needed == {room}


def test_names_are_listed_and_values_never_asked_for(kube: RunningCluster, office: Office) -> None:
    encoded = base64.b64encode(b"canary-value").decode()
    head = {"apiVersion": "v1", "kind": "Secret", "type": "kubernetes.io/basic-auth", "data": {"password": encoded}}
    kube.add({**head, "metadata": {"name": "theirs", "namespace": NAMESPACE}})
    kube.add({**head, "type": "Opaque", "metadata": {"name": "opaque", "namespace": NAMESPACE}})
    office.look()
    assert [(fact.name, fact.listed) for fact in SecretFact.objects.all()] == [("theirs", True)]
    (only,) = door_of(office.cluster).secret_list(NAMESPACE, "kubernetes.io/basic-auth")
    assert (only["kind"], only["metadata"]["name"], "data" in only) == ("PartialObjectMetadata", "theirs", False)
    kube.call(kube.server.store.delete, "secrets", NAMESPACE, "theirs")
    office.cluster.discovered_at = None
    office.cluster.save()
    office.look()
    assert SecretFact.objects.count() == 0


def test_without_the_right_to_list_nothing_is_missing(kube: RunningCluster, office: Office) -> None:
    kube.add(peer(passwordSecret={"name": "mine"}))
    kube.server.faults.add(Fault(verb="list", resource="secrets", code=403))
    office.look()
    office.cluster.refresh_from_db()
    assert [(fact.name, fact.listed) for fact in SecretFact.objects.all()] == [("mine", False)]
    assert "ecret" not in str(office.cluster.problems)
