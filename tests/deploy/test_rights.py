"""RBAC: what the manifests grant is what each process needs, shown by its work with these rights and no others."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from pytest_django import Settings

from clusters import nudges
from clusters.doors import door_of
from clusters.edits.dryrun import dry_run
from clusters.edits.edit import prepare
from clusters.kube import permissions
from clusters.kube.errors import Forbidden
from clusters.models import Cluster
from clusters.observing import decide
from clusters.services import review
from clusters.sync.claim import Fate
from intent.kinds import KINDS, READ_KINDS
from lab.apiserver import Rule, User
from tests.clusters.cluster import NAMESPACE, RunningCluster, peer
from tests.clusters.conftest import Office
from tests.deploy.rendered import OVERLAYS, Object, chart, objects, overlay, pods
from tests.loop import worker

_FRR = {"metallb-system": "metallb-system", "openshift": "openshift-frr-k8s"}


def granted(found: tuple[Object, ...], account: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Namespace, "" = of the cluster, and rule, of everything that is bound to the account."""
    roles = {_key(obj): obj for obj in found if obj["kind"] in ("Role", "ClusterRole")}
    for binding in (obj for obj in found if obj["kind"] in ("RoleBinding", "ClusterRoleBinding")):
        (subject,) = binding["subjects"]
        assert subject["namespace"] == "bgpui"
        if subject["name"] == account:
            namespace = binding["metadata"].get("namespace", "")
            for rule in roles[binding["roleRef"]["kind"], namespace, binding["roleRef"]["name"]]["rules"]:
                yield namespace, rule


def _key(obj: Object) -> tuple[str, str, str]:
    return obj["kind"], obj["metadata"].get("namespace", ""), obj["metadata"]["name"]


def rights(found: tuple[Object, ...], account: str) -> set[tuple[str, str, str, str]]:
    """Verb, group, resource and namespace of each."""
    return {
        (verb, group, resource, namespace)
        for namespace, rule in granted(found, account)
        for group in rule["apiGroups"]
        for resource in rule["resources"]
        for verb in rule["verbs"]
    }


def user(account: str) -> User:
    """Somebody whose rules are those of the account."""
    rules = [
        Rule(tuple(rule["verbs"]), tuple(rule["apiGroups"]), tuple(rule["resources"]), (namespace or "*",))
        for namespace, rule in granted(overlay("metallb-system"), account)
    ]
    return User(f"system:serviceaccount:bgpui:{account}", tuple(rules))


@pytest.mark.parametrize("name", OVERLAYS)
def test_the_collector_has_what_the_product_asks_for_and_nothing_else(name: str) -> None:
    rooms = {"metallb.io": "metallb-system", "frrk8s.metallb.io": _FRR[name]}
    reported = [(kind, "" if kind.scope == "Cluster" else rooms[kind.group]) for kind in READ_KINDS.values()]
    needed = permissions.needs(KINDS.values(), "metallb-system", [_FRR[name]], "metallb-system", reported)
    asked = {
        (need.verb, need.group, f"{need.resource}/{need.subresource}".rstrip("/"), need.namespace)
        for need in needed
        if not need.optional
    }
    assert rights(overlay(name), "bgpui-collector") == asked


def test_nodes_are_patched_by_the_collector_alone_and_only_if_the_values_say_so() -> None:
    label = ("patch", "", "nodes", "")
    for said in (False, True):
        found = objects(chart("--set", f"rbac.labelNodes={str(said).lower()}"))
        assert [label in rights(found, f"bgpui-{account}") for account in ("collector", "web")] == [said, False]
    needed = permissions.needs(KINDS.values(), "metallb-system", [], "metallb-system")
    assert [one.optional for one in needed if (one.verb, one.resource) == ("patch", "nodes")] == [True]


@pytest.mark.parametrize("name", OVERLAYS)
def test_the_web_process_runs_no_command_and_reads_no_secret(name: str) -> None:
    found = rights(overlay(name), "bgpui-web")
    plurals = {kind.plural for kind in KINDS.values()}
    assert {(verb, resource) for verb, _, resource, _ in found if resource not in plurals} == {
        ("create", "secrets"),
        ("patch", "secrets"),
    }
    assert {namespace for *_, namespace in found} == {"metallb-system"}


@pytest.fixture
def accounts(kube: RunningCluster) -> dict[str, str]:
    """Kubeconfigs of the two accounts."""
    names = ("bgpui-web", "bgpui-collector")
    for name in names:
        kube.call(kube.server.tokens.add, f"{name}-token", user(name))
    return {name: str(kube.kubeconfig_of(f"{name}-token")) for name in names}


def _become(office: Office, kubeconfig: str) -> None:
    Cluster.objects.update(kubeconfig=kubeconfig)
    office.cluster.refresh_from_db()


def test_the_collector_looks_at_a_cluster_and_applies_edits(office: Office, accounts: dict[str, str]) -> None:
    _become(office, accounts["bgpui-collector"])
    office.look()
    office.cluster.refresh_from_db()
    assert not office.cluster.error
    assert [one for one in office.cluster.permissions if not (one["allowed"] or one["optional"])] == []
    for number in (64513, 64514):
        row = office.save(peer(myASN=number))
        assert office.work(row) == [Fate.IN_SYNC], row.sync_message
    assert office.work(office.delete(office.row())) == [Fate.GONE]


def test_the_web_process_tries_edits_and_writes_passwords(
    office: Office, accounts: dict[str, str], kube: RunningCluster
) -> None:
    office.look()
    _become(office, accounts["bgpui-web"])
    where = (office.cluster, "BGPPeer", NAMESPACE, "tor-1")
    edit = prepare(*where, peer(), None)
    assert dry_run(edit).accepted is True, dry_run(edit).message
    office.save(peer(), password="a-password")
    (secret,) = kube.call(kube.server.store.list, "secrets")
    assert secret["type"] == "kubernetes.io/basic-auth"
    with pytest.raises(Forbidden):
        door_of(office.cluster).secret_fact(NAMESPACE, secret["metadata"]["name"])


def test_a_worker_looks_at_the_secrets_that_the_web_process_may_not_read(
    office: Office,
    accounts: dict[str, str],
    kube: RunningCluster,
    redis_url: str,
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    office.look()
    manifest = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "opaque", "namespace": NAMESPACE}}
    kube.add(manifest | {"type": "Opaque", "data": {"password": "cGFzc3dvcmQ="}})
    settings.BGPUI_SECRETS_BY_WORKER = True

    def working() -> Any:  # who waits for a worker lets it work, as its own account
        Cluster.objects.update(kubeconfig=accounts["bgpui-collector"])
        worker.work()
        Cluster.objects.update(kubeconfig=accounts["bgpui-web"])
        return nudges.connection()

    monkeypatch.setattr("clusters.secret_looks.connection", working)
    _become(office, accounts["bgpui-web"])
    where: dict[str, Any] = {"cluster": office.cluster, "kind": "BGPPeer", "namespace": NAMESPACE, "name": "tor-1"}
    found = review(manifest=peer(passwordSecret={"name": "opaque"}), **where)
    assert "secret-type" in {finding.code for finding in found.findings}


def test_without_a_worker_an_edit_is_judged_by_what_is_known(
    office: Office, redis_url: str, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    office.look()
    settings.BGPUI_SECRETS_BY_WORKER = True
    monkeypatch.setattr("clusters.secret_looks._WAITS", 1)
    where: dict[str, Any] = {"cluster": office.cluster, "kind": "BGPPeer", "namespace": NAMESPACE, "name": "tor-1"}
    found = review(manifest=peer(passwordSecret={"name": "nowhere"}), **where)
    assert not {finding.code for finding in found.findings} & {"secret-type", "secret-missing"}
    worker.work()  # the late look finds nobody waiting


def _without_exec(by: str) -> tuple[Object, ...]:
    return overlay("no-exec") if by == "kustomize" else objects(chart("--set", "rbac.exec=false"))


@pytest.mark.parametrize("by", ["kustomize", "helm"])
def test_without_exec_only_that_right_is_missing_and_every_process_knows_it(by: str) -> None:
    found, whole = _without_exec(by), overlay("metallb-system")
    for account in ("bgpui-web", "bgpui-collector"):
        lost = rights(whole, account) - rights(found, account)
        assert rights(found, account) <= rights(whole, account)
        assert {(verb, resource) for verb, _, resource, _ in lost} == (
            {("get", "pods/exec"), ("create", "pods/exec")} if account == "bgpui-collector" else set()
        )
    told = {
        owner: [one["value"] for one in container["env"] if one["name"] == "BGPUI_OBSERVE"]
        for owner, pod in pods(found)
        for container in pod["containers"]
        if any(one["name"] == "BGPUI_CLUSTERS" for one in container["env"])
    }
    assert len(told) >= 6
    assert set(map(tuple, told.values())) == {("no-exec",)}


def test_without_exec_the_collector_misses_no_right_and_knows_why_it_asks_nothing(
    office: Office, kube: RunningCluster, settings: Settings
) -> None:
    rules = [
        Rule(tuple(rule["verbs"]), tuple(rule["apiGroups"]), tuple(rule["resources"]), (namespace or "*",))
        for namespace, rule in granted(overlay("no-exec"), "bgpui-collector")
    ]
    kube.call(kube.server.tokens.add, "barred-token", User("system:serviceaccount:bgpui:bgpui-collector", tuple(rules)))
    settings.BGPUI_OBSERVE = "no-exec"
    _become(office, str(kube.kubeconfig_of("barred-token")))
    office.look()
    office.cluster.refresh_from_db()
    assert [one for one in office.cluster.permissions if not (one["allowed"] or one["optional"])] == []
    settings.BGPUI_OBSERVE = "sweep"
    found = decide(office.cluster)
    assert found.way in ("no-exec", "nothing")
    assert "Grant get and create on pods/exec in metallb-system" in found.why
