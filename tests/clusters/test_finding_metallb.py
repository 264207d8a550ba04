"""Discovery and permissions: what runs in a cluster, what we may do there, and the way out if something is missing."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
import yaml

from clusters import clock
from clusters.kube import served
from clusters.kube.client import Door
from clusters.kube.discovery import find_metallb
from clusters.kube.errors import Forbidden
from clusters.kube.permissions import Permission, missing_as_yaml, needs, review
from clusters.models import Cluster, Node
from clusters.selectors import snapshot_of
from clusters.services import review as review_edit
from intent.kinds import KINDS
from intent.modes import Mode
from tests.clusters.cluster import NAMESPACE, TOKEN, RunningCluster, node, pod
from tests.clusters.conftest import Office
from tests.kinds import example

SPEAKER = ("speaker", "frr", "reloader", "frr-metrics")
FRR_K8S = ("controller", "frr", "frr-metrics", "frr-status", "reloader")
CLEANER = {"app.kubernetes.io/component": "statuscleaner"}


def _door(kube: RunningCluster, token: str = TOKEN) -> Door:
    return Door(kube.kubeconfig_of(token), timeout=3)


Layout = tuple[list[dict[str, Any]], Mode, dict[str, str], str]
LAYOUTS: dict[str, Layout] = {
    "FRR mode": (
        [pod("speaker-a", "n1", *SPEAKER, component="speaker"), pod("speaker-b", "n2", *SPEAKER, component="speaker")],
        Mode.FRR,
        {"n1": "speaker-a", "n2": "speaker-b"},
        NAMESPACE,
    ),
    "FRR-K8s mode, its own namespace": (
        [
            pod("speaker-a", "n1", "speaker", component="speaker"),
            pod("frr-a", "n1", *FRR_K8S, namespace="openshift-frr-k8s", component="frr-k8s", app="frr-k8s"),
            pod("cleaner", "n1", "frr-k8s-statuscleaner", namespace="openshift-frr-k8s", **CLEANER),
        ],
        Mode.FRR_K8S,
        {"n1": "frr-a"},
        NAMESPACE,
    ),
    "FRR mode beside FRR-K8s of somebody else": (
        [
            pod("speaker-a", "n1", *SPEAKER, component="speaker"),
            pod("frr-a", "n1", *FRR_K8S, namespace="frr-k8s-system", component="frr-k8s"),
        ],
        Mode.FRR,
        {"n1": "speaker-a"},
        NAMESPACE,
    ),
    "a chart in a namespace of its own": (
        [pod("r-speaker", "n1", *SPEAKER, namespace="bgp", **{"app.kubernetes.io/component": "speaker"})],
        Mode.FRR,
        {"n1": "r-speaker"},
        "bgp",
    ),
    "labels that nobody foresaw": (
        [pod("odd", "n1", "speaker", "frr", namespace="bgp", team="net")],
        Mode.FRR,
        {"n1": "odd"},
        "bgp",
    ),
    "native mode": ([pod("speaker-a", "n1", "speaker", component="speaker")], Mode.NATIVE, {}, NAMESPACE),
    "no MetalLB": ([], Mode.UNKNOWN, {}, ""),
}


@pytest.mark.parametrize("layout", LAYOUTS.values(), ids=LAYOUTS.keys())
def test_the_pods_with_frr_are_found(kube: RunningCluster, layout: Layout) -> None:
    pods, mode, expected, namespace = layout
    for room in ("openshift-frr-k8s", "frr-k8s-system", "bgp"):
        if kube.call(kube.server.store.get, "namespaces", "", room) is None:
            kube.call(kube.server.store.create, "namespaces", {"metadata": {"name": room}})
    kube.add(*pods)
    found = find_metallb(_door(kube))
    assert (found.mode, {each.node: each.name for each in found.pods}, found.namespace) == (mode, expected, namespace)
    assert bool(found.problems) == (not expected)


def test_what_is_known_of_a_pod(kube: RunningCluster) -> None:
    kube.add(*LAYOUTS["FRR-K8s mode, its own namespace"][0])
    found = find_metallb(_door(kube))
    first = found.pods[0]
    assert (found.version, first.version, first.running) == ("v0.16.1", "10.5.3", True)
    assert (first.namespace, first.container, first.ready, first.restarts) == ("openshift-frr-k8s", "frr", "5/5", 2)


def test_a_pod_that_does_not_run_is_found_but_not_asked(kube: RunningCluster) -> None:
    broken = pod("speaker-a", "n1", *SPEAKER, component="speaker")
    broken["status"]["phase"] = "Pending"
    kube.add(broken)
    assert [(each.phase, each.running) for each in find_metallb(_door(kube)).pods] == [("Pending", False)]


def test_without_the_right_to_list_pods_the_refusal_is_told(kube: RunningCluster) -> None:
    with pytest.raises(Forbidden, match="pods"):
        find_metallb(_door(kube, "namespaced-token"))


def test_the_served_versions_are_known(kube: RunningCluster) -> None:
    found = served.versions(_door(kube))
    assert found["bgppeers.metallb.io"] == ["v1beta1", "v1beta2"]
    assert found["bfdprofiles.metallb.io"] == ["v1beta1"]
    assert set(found) >= {f"{kind.plural}.{kind.group}" for kind in KINDS.values()}


def test_the_fields_of_the_served_crds_are_known_and_decide(kube: RunningCluster, office: Office) -> None:
    kube.add(node("n1"), *LAYOUTS["FRR mode"][0])
    office.look()
    known = office.cluster.served_fields
    assert set(known) == set(KINDS)
    assert all(set(known[name]) == {field.name for field in kind.fields} for name, kind in KINDS.items())
    newer = example("L2Advertisement", preferredNodeSelectors=[{"weight": 1, "preference": {}}])

    def codes() -> dict[str, str]:
        found = review_edit(
            cluster=office.cluster, kind="L2Advertisement", namespace=NAMESPACE, name="one", manifest=newer
        )
        return {one.code: one.severity.value for one in found.findings if one.field == "spec.preferredNodeSelectors"}

    assert codes() == {"field-newer-than-metallb": "warning"}  # the lab serves it, and its MetalLB is 0.16.1
    office.cluster.served_fields = {"L2Advertisement": ["ipAddressPools"]}
    assert codes() == {"field-newer-than-metallb": "error"}


def test_a_look_at_the_cluster_writes_what_it_is(kube: RunningCluster, office: Office) -> None:
    kube.add(node("n1"), *LAYOUTS["FRR mode"][0])
    office.look()
    cluster = office.cluster
    cluster.refresh_from_db()
    assert (cluster.mode, cluster.metallb_version, cluster.namespace) == ("frr", "v0.16.1", NAMESPACE)
    assert cluster.identity == "system:serviceaccount:bgpui:bgpui"
    assert all(entry["allowed"] for entry in cluster.permissions)
    assert (cluster.problems, cluster.error) == ([], "")
    assert Node.objects.get().addresses == ["192.0.2.10"]


def test_missing_rights_are_said_with_the_way_out(kube: RunningCluster, office: Office) -> None:
    office.cluster.kubeconfig = str(kube.kubeconfig_of("namespaced-token"))
    office.cluster.save()
    office.look()
    office.cluster.refresh_from_db()
    assert office.cluster.error == ""
    texts = str(office.cluster.problems)
    assert "pods is forbidden" in texts
    assert "nodes is forbidden" in texts


@pytest.mark.parametrize(
    ("token", "minutes", "asked"),
    [
        (TOKEN, 2, False),
        (TOKEN, 11, True),
        ("namespaced-token", 2, True),
        ("namespaced-token", 0, False),
    ],
)
def test_rights_are_asked_for_anew_when_one_is_missing_or_after_a_while(
    kube: RunningCluster, office: Office, token: str, minutes: int, asked: bool
) -> None:
    office.cluster.kubeconfig = str(kube.kubeconfig_of(token))
    office.cluster.save()
    office.look()
    at = clock.now() - timedelta(minutes=minutes)
    Cluster.objects.update(discovered_at=clock.now() - timedelta(minutes=2), permissions_at=at)
    office.look()
    assert (Cluster.objects.get().permissions_at != at) is asked


def test_rights_are_asked_for_anew_in_another_namespace(kube: RunningCluster, office: Office) -> None:
    office.look()
    Cluster.objects.update(namespace="metallb", discovered_at=None)
    office.look()
    assert "metallb" in {entry["namespace"] for entry in Cluster.objects.get().permissions}


def test_missing_rights_become_roles_that_grant_exactly_these(kube: RunningCluster) -> None:
    door = _door(kube, "namespaced-token")
    asked = review(door, needs([KINDS["BGPPeer"]], NAMESPACE, ["frr-k8s-system"], NAMESPACE))
    roles = [
        document for document in yaml.safe_load_all(missing_as_yaml(asked, door.identity())) if "rules" in document
    ]
    granted = {
        (role["metadata"].get("namespace"), resource, verb)
        for role in roles
        for rule in role["rules"]
        for resource in rule["resources"]
        for verb in rule["verbs"]
    }
    assert granted == {
        *(
            (None, resource, verb)
            for resource in ("nodes", "services", "endpointslices", "namespaces", "events")
            for verb in ("list", "watch")
        ),
        ("frr-k8s-system", "pods", "list"),
        ("frr-k8s-system", "pods/exec", "get"),
        ("frr-k8s-system", "pods/exec", "create"),
        ("frr-k8s-system", "pods/log", "get"),
        (NAMESPACE, "secrets", "create"),
        (NAMESPACE, "secrets", "patch"),
        (NAMESPACE, "secrets", "get"),
    }


@pytest.mark.parametrize(
    ("identity", "subject"),
    [
        ("system:serviceaccount:tools:dash", {"kind": "ServiceAccount", "name": "dash", "namespace": "tools"}),
        ("alice", {"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": "alice"}),
    ],
)
def test_the_roles_are_bound_to_us(identity: str, subject: dict[str, str]) -> None:
    text = missing_as_yaml([Permission("list", "", "nodes", "", "", "why")], identity)
    binding = list(yaml.safe_load_all(text))[1]
    assert (binding["kind"], binding["subjects"]) == ("ClusterRoleBinding", [subject])


def test_roles_for_other_rights_do_not_replace_those_that_were_applied_before() -> None:
    asked = [Permission("list", "", "nodes", "", "", "why"), Permission("get", "", "secrets", "", "", "why")]
    first, again, other = (next(yaml.safe_load_all(missing_as_yaml(some))) for some in (asked, asked, asked[1:]))
    assert first["metadata"]["name"] == again["metadata"]["name"] != other["metadata"]["name"]


def test_nothing_is_to_be_applied_when_nothing_is_missing() -> None:
    assert missing_as_yaml([Permission("list", "", "nodes", "", "", "why", allowed=True)]) == ""


def test_a_tenants_pod_is_not_asked_in_metallbs_place(kube: RunningCluster) -> None:
    if kube.call(kube.server.store.get, "namespaces", "", "tenant") is None:
        kube.call(kube.server.store.create, "namespaces", {"metadata": {"name": "tenant"}})
    real = pod("speaker-a", "n1", *SPEAKER, component="speaker")
    real["spec"]["hostNetwork"] = True
    kube.add(real, *(pod(f"a{n}", f"n{n}", *SPEAKER, namespace="tenant", component="speaker") for n in (1, 2)))
    found = find_metallb(_door(kube))
    assert ([each.name for each in found.pods], found.namespace) == (["speaker-a"], NAMESPACE)


@pytest.mark.parametrize(
    ("args", "ignored"), [((), False), (("--ignore-exclude-lb",), True), (("--ignore-exclude-lb=false",), False)]
)
def test_speakers_that_ignore_the_exclude_label_are_known(
    kube: RunningCluster, office: Office, args: tuple[str, ...], *, ignored: bool
) -> None:
    """MetalLB's speaker, main.go: it announces from nodes that are excluded from load balancers then."""
    speaker = pod("speaker-a", "n1", *SPEAKER, component="speaker")
    for container in speaker["spec"]["containers"]:
        container["args"] = list(args) if container["name"] == "speaker" else []
    kube.add(node("n1"), speaker)
    office.look()
    office.cluster.refresh_from_db()
    assert (office.cluster.ignores_exclude, snapshot_of(office.cluster).ignores_exclude) == (ignored, ignored)
