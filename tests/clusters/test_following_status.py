"""What MetalLB and frr-k8s report comes to the rows: without secrets, bounded, and only where it is served."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from clusters.edits.refusals import Refused
from clusters.models import StatusObject
from clusters.sync import status
from intent.kinds import STATUS_KINDS
from lab.apiserver import Rule, User
from lab.crds import crds
from lab.seed.network import nmstate_definition, vrf_policy
from tests.clusters.cluster import NAMESPACE, RunningCluster, peer, pod
from tests.clusters.conftest import Office
from tests.clusters.test_finding_metallb import FRR_K8S
from tests.clusters.test_passwords import _text
from tests.waiting import eventually

CANARY = "hunter2-in-frr"
_FRR = ("frr", "controller")


@pytest.fixture(autouse=True)
def _served(kube: RunningCluster) -> None:
    """The API server knows all of these kinds, those of frr-k8s, too; the speakers run with frr-k8s."""
    for crd in crds(frr_k8s=True):
        name = crd["metadata"]["name"]
        if kube.call(kube.server.store.get, "customresourcedefinitions", "", name) is None:
            kube.call(kube.server.store.add, crd)
    kube.add(pod("frr-k8s-a", "node-1", *_FRR, component="frr-k8s"))


@pytest.fixture(autouse=True)
def _empty(kube: RunningCluster) -> Any:
    yield
    for kind in STATUS_KINDS.values():
        resource = f"{kind.plural}.{kind.group}"
        if kube.call(kube.server.store.get, "customresourcedefinitions", "", resource) is None:
            continue
        for found in kube.call(kube.server.store.list, resource):
            metadata = found["metadata"]
            kube.call(kube.server.store.delete, resource, metadata.get("namespace", ""), metadata["name"])


def report(kube: RunningCluster, kind: str, name: str, labels: dict[str, str] | None = None, **body: Any) -> None:
    """Write an object as MetalLB does: first the object, then its status."""
    described = STATUS_KINDS[kind]
    place = {} if described.scope == "Cluster" else {"namespace": NAMESPACE}
    told = body.pop("status", None)
    manifest = {"apiVersion": described.api_version, "kind": kind, "metadata": {"name": name, **place}, **body}
    manifest["metadata"] |= {"labels": labels} if labels else {}
    kube.add(manifest)
    if told is not None:
        where = f"{described.plural}.{described.group}", place.get("namespace", ""), name
        kube.call(kube.server.store.patch_status, *where, told)


def test_every_kind_is_kept_with_the_columns_that_it_has(kube: RunningCluster, office: Office) -> None:
    of_service = {"node": "node-1", "serviceName": "web", "serviceNamespace": "shop"}
    report(kube, "ServiceBGPStatus", "bgp-x", status={**of_service, "peers": ["tor-1"]})
    report(kube, "ServiceL2Status", "l2-x", status={**of_service, "interfaces": [{"name": "eth0"}]})
    error = {"result": "Invalid", "errorSummary": "configuration error: peer tor-1 has none"}
    report(kube, "ConfigurationState", "speaker-node-1", {"metallb.io/node-name": "node-1"}, status=error)
    hostname = {"matchLabels": {"kubernetes.io/hostname": "node-1"}}
    report(kube, "FRRConfiguration", "metallb-node-1", spec={"nodeSelector": hostname})
    failed = {"runningConfig": "router bgp 1", "lastConversionResult": "success", "lastReloadResult": "line 7: unknown"}
    report(kube, "FRRNodeState", "node-1", status=failed)
    # frr-k8s: IPv6 addresses in full, - for :, and no VRF for the default one
    session = {"node": "node-1", "peer": "2001-0db8-0000-0000-0000-0000-0000-0001", "vrf": "", "bgpStatus": "Idle"}
    report(kube, "BGPSessionState", "node-1-x", status={**session, "bfdStatus": "Up"})
    office.look()
    columns = ("kind", "node", "service_namespace", "service_name", "peer", "vrf", "result", "message")
    assert set(StatusObject.objects.values_list(*columns)) == {
        ("ServiceBGPStatus", "node-1", "shop", "web", "", "", "", ""),
        ("ServiceL2Status", "node-1", "shop", "web", "", "", "", ""),
        ("ConfigurationState", "node-1", "", "", "", "", "Invalid", error["errorSummary"]),
        ("FRRConfiguration", "node-1", "", "", "", "", "", ""),
        ("FRRNodeState", "node-1", "", "", "", "", "failed", "line 7: unknown"),
        ("BGPSessionState", "node-1", "", "", "2001:db8::1", "default", "Idle", "BFD Up"),
    }
    assert StatusObject.objects.get(kind="ServiceBGPStatus").body["status"]["peers"] == ["tor-1"]


def test_changes_are_followed_with_their_time_and_what_is_gone_goes(kube: RunningCluster, office: Office) -> None:
    report(kube, "BGPSessionState", "node-1-x", status={"node": "node-1", "peer": "10.0.0.1", "bgpStatus": "Idle"})
    office.look()
    first = StatusObject.objects.get()
    office.look()
    assert StatusObject.objects.get().seen_at == first.seen_at
    where = "bgpsessionstates.frrk8s.metallb.io", NAMESPACE, "node-1-x"
    kube.call(kube.server.store.patch_status, *where, {"bgpStatus": "Established"})
    assert office.look() is True
    row = StatusObject.objects.get()
    assert (row.result, row.seen_at > first.seen_at) == ("Established", True)
    kube.call(kube.server.store.delete, *where)
    office.look()
    assert not StatusObject.objects.exists()


def test_no_password_of_an_frr_configuration_gets_anywhere(
    kube: RunningCluster, office: Office, caplog: pytest.LogCaptureFixture
) -> None:
    # MetalLB resolves passwords into clear text where frr-k8s lives in another namespace (internal/bgp/frrk8s)
    caplog.set_level("DEBUG")
    neighbors = [{"address": "10.0.0.1", "asn": 1, "password": CANARY}, {"address": "10.0.0.2", "asn": 1}]
    raw = f"router bgp 1\n neighbor 10.0.0.3 password {CANARY}\n neighbor 10.0.0.3 remote-as 2"
    spec = {"bgp": {"routers": [{"asn": 1, "neighbors": neighbors}]}, "raw": {"rawConfig": raw}}
    report(kube, "FRRConfiguration", "metallb-node-1", spec=spec)
    running = f"router bgp 1\n neighbor 10.0.0.1 password {CANARY}\nexit"
    error = f"% Unknown command: neighbor 10.0.0.1 password {CANARY}"
    report(kube, "FRRNodeState", "node-1", status={"runningConfig": running, "lastReloadResult": error})
    report(kube, "ConfigurationState", "speaker-node-1", status={"result": "Invalid", "errorSummary": error})
    office.look()
    assert StatusObject.objects.count() == 3
    seen = _text("default") + caplog.text
    assert CANARY not in seen
    assert base64.b64encode(CANARY.encode()).decode() not in seen
    kept = StatusObject.objects.get(kind="FRRConfiguration").body["spec"]
    assert [one.get("password") for one in kept["bgp"]["routers"][0]["neighbors"]] == ["********", None]
    assert kept["raw"]["rawConfig"].splitlines()[2] == " neighbor 10.0.0.3 remote-as 2"
    assert "exit" in StatusObject.objects.get(kind="FRRNodeState").body["status"]["runningConfig"]


def test_what_is_not_served_is_no_problem_and_leaves_no_rows(kube: RunningCluster, office: Office) -> None:
    report(kube, "FRRNodeState", "node-1", status={"runningConfig": "x"})
    office.look()
    kube.call(kube.server.store.delete, "customresourcedefinitions", "", "frrnodestates.frrk8s.metallb.io")

    def looked() -> bool:  # kube-apiserver's discovery follows a moment later
        office.cluster.refresh_from_db()
        office.cluster.discovered_at = None
        office.cluster.save()
        office.look()
        office.cluster.refresh_from_db()
        assert "frrnodestates" not in str(office.cluster.problems)
        assert not any(one["resource"] == "frrnodestates" for one in office.cluster.permissions)
        return not StatusObject.objects.exists()

    eventually(looked, timeout=60)


def test_a_right_that_is_missing_keeps_the_rows_and_names_the_role(kube: RunningCluster, office: Office) -> None:
    report(kube, "FRRNodeState", "node-1", status={"runningConfig": "x"})
    report(kube, "BGPSessionState", "node-1-x", status={"node": "node-1"})
    office.look()
    rest = Rule(groups=("", "metallb.io", "discovery.k8s.io", "authorization.k8s.io", "authentication.k8s.io"))
    own = Rule(groups=("frrk8s.metallb.io",), namespaces=(NAMESPACE,))
    kube.server.tokens.add("no-cluster-scope", User("limited", (rest, own)))
    office.cluster.kubeconfig = str(kube.kubeconfig_of("no-cluster-scope"))
    office.cluster.discovered_at = office.cluster.permissions_at = None
    office.cluster.save()
    where = "bgpsessionstates.frrk8s.metallb.io", NAMESPACE, "node-1-x"
    kube.call(kube.server.store.patch_status, *where, {"bgpStatus": "Active"})
    office.look()
    office.cluster.refresh_from_db()
    assert "Allow bgpui to list frrnodestates." in [one["way_out"] for one in office.cluster.problems]
    missing = {(one["resource"], one["namespace"]) for one in office.cluster.permissions if not one["allowed"]}
    assert missing == {("frrnodestates", "")}
    assert StatusObject.objects.filter(kind="FRRNodeState").exists()
    assert StatusObject.objects.get(kind="BGPSessionState").result == "Active"


def test_an_object_of_any_size_is_kept_bounded(kube: RunningCluster, office: Office) -> None:
    prefixes = [f"10.{n // 256}.{n % 256}.0/24" for n in range(20_000)]
    report(kube, "FRRConfiguration", "large", spec={"bgp": {"routers": [{"asn": 1, "prefixes": prefixes}]}})
    report(kube, "FRRNodeState", "node-1", status={"runningConfig": "line\n" * 100_000, "lastReloadResult": "é" * 5000})
    office.look()
    for row in StatusObject.objects.all():
        assert row.shortened
        assert 1000 < len(json.dumps(row.body)) <= 128 * 1024
    assert len(StatusObject.objects.get(kind="FRRNodeState").message) == 2000


def test_more_objects_than_are_read_are_said(
    kube: RunningCluster, office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(status, "_MOST", 3)
    for number in range(5):
        report(kube, "BGPSessionState", f"node-{number}", status={"node": f"node-{number}"})
    office.look()
    office.cluster.refresh_from_db()
    assert StatusObject.objects.count() == 3
    assert "more bgpsessionstates than the 3 that are read" in str(office.cluster.problems)


def test_a_quiet_look_costs_the_same_queries_however_many(kube: RunningCluster, office: Office) -> None:
    counts = []
    for numbers in (range(3), range(3, 60)):
        for number in numbers:
            report(kube, "BGPSessionState", f"node-{number}", status={"node": f"node-{number}"})
        office.look()
        office.look()
        with CaptureQueriesContext(connection) as queries:
            assert office.look() is False
        counts.append(len(queries))
    assert counts[0] == counts[1], counts


def test_policies_of_nmstate_are_kept_without_keys_of_802_1x(kube: RunningCluster, office: Office) -> None:
    definition, policy = nmstate_definition(), vrf_policy()
    if kube.call(kube.server.store.get, "customresourcedefinitions", "", definition["metadata"]["name"]) is None:
        kube.add(definition)
    policy["spec"]["desiredState"]["interfaces"][1]["802.1x"] = {"private-key-password": CANARY}
    policy["metadata"]["annotations"] = {"kubectl.kubernetes.io/last-applied-configuration": CANARY}
    kube.add(policy)
    try:
        office.look()
        (row,) = StatusObject.objects.filter(kind="NodeNetworkConfigurationPolicy")
        assert (row.name, row.result, row.tone) == ("ens4vrf", "Available", "up")
        assert [each["name"] for each in row.body["spec"]["desiredState"]["interfaces"]] == ["ens4vrf"]
        assert row.body["spec"]["nodeSelector"] == {"node-role.kubernetes.io/worker": ""}
        assert CANARY not in json.dumps(list(StatusObject.objects.values("body", "message")))
    finally:
        kube.call(kube.server.store.delete, "nodenetworkconfigurationpolicies.nmstate.io", "", "ens4vrf")


def test_what_people_configure_for_frr_k8s_is_held_against_the_peers(kube: RunningCluster, office: Office) -> None:
    kube.add(peer(), pod("speaker-a", "n1", "speaker", component="speaker"))
    kube.add(pod("frr-a", "n1", *FRR_K8S, component="frr-k8s", app="frr-k8s"))
    spec: dict[str, Any] = {"bgp": {"routers": [{"asn": 64999}]}}
    report(kube, "FRRConfiguration", "mine", spec=spec)
    office.look()
    assert [(found["code"], found["objects"][0]["name"]) for found in office.row().findings] == [
        ("frr-asn-differs", "mine")
    ]
    with pytest.raises(Refused, match="frr-k8s refuses both on one node"):
        office.save(peer(holdTime="90s"))
    spec["bgp"]["routers"][0]["asn"] = 64512
    kube.call(kube.server.store.patch, "frrconfigurations.frrk8s.metallb.io", NAMESPACE, "mine", {"spec": spec}, "vi")
    office.look()
    assert office.row().findings == []
