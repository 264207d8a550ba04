"""Every procedure of the OpenShift documentation by REST, as one change set each, up to sessions and routes."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from django.contrib.auth.models import User
from pytest_django import Settings
from rest_framework.test import APIClient

from bgpui.models import token_create
from bgpui.roles import role_give
from clusters.models import Cluster
from intent.kinds import KINDS
from tests.documented import BFD, DUAL, MANIFESTS, SETS, THROUGH_VRF, WORKLOAD
from tests.documented import NODES as OF_NODES
from tests.loop.documents import PROFILE, manifest
from tests.loop.stack import NODES, ONE, TWO, Row, Stack
from tests.waiting import eventually

Pairs = tuple[tuple[str, str], ...]
PLAIN: Pairs = (("BGPPeer", "doc-example-peer"),)
SIMULATED = pytest.mark.parametrize("running", ["simulated"], indirect=True)


def change(stack: Stack, pairs: Pairs, *more: dict[str, Any], api: APIClient | None = None) -> Any:
    """Send the documented objects as one change set."""
    body = [{"manifest": one} for one in (*more, *(MANIFESTS[pair] for pair in pairs))]
    answer = (api or stack.api).post("/api/v1/changesets/?cluster=lab&wait=20s", body)
    assert (answer.status_code, answer.json()["state"]) == (200, "applied"), answer.content
    stack.settled()
    return answer.json()


def equal_to_the_documented(stack: Stack, pairs: Pairs) -> None:
    """kubectl shows what the documentation says, and what the CRD fills in."""
    for kind, name in pairs:
        found = stack.kubectl_get(name, kind.lower())
        assert found is not None, (kind, name)
        assert found["spec"] == KINDS[kind].with_defaults(MANIFESTS[kind, name]["spec"])
        assert found["apiVersion"] == MANIFESTS[kind, name]["apiVersion"]
        assert "labels" not in found["metadata"]
        assert "annotations" not in found["metadata"]


def established(name: str, *nodes: str) -> set[Row]:
    spec = MANIFESTS["BGPPeer", name]["spec"]
    place = spec.get("vrf", "default"), spec["peerAddress"]
    return {Row(node, *place, name, "Established", "up", "") for node in nodes or NODES}


@SIMULATED
@pytest.mark.parametrize(
    ("pairs", "sessions"),
    [
        pytest.param(PLAIN, established("doc-example-peer"), id="configuring a BGP peer"),
        pytest.param(SETS, established("peer1") | established("peer2"), id="peers for pools"),
        pytest.param(OF_NODES, established("doc-example-nodesel", ONE, TWO), id="limit which nodes"),
        pytest.param(DUAL, established(DUAL[0][1]) | established(DUAL[1][1]), id="dual-stack"),
    ],
)
def test_a_procedure_ends_with_its_objects_and_sessions(fresh: Stack, pairs: Pairs, sessions: set[Row]) -> None:
    made = change(fresh, pairs)
    assert {(one["kind"], one["name"], one["state"]) for one in made["objects"]} == {
        (*pair, "applied") for pair in pairs
    }
    equal_to_the_documented(fresh, pairs)
    fresh.see(sessions)


@SIMULATED
def test_the_peer_with_bfd_comes_with_the_profile_that_it_names(fresh: Stack) -> None:
    change(fresh, BFD, manifest(PROFILE))
    equal_to_the_documented(fresh, BFD)
    fresh.see(established(BFD[0][1]))
    assert {row["bfd"].casefold() for row in fresh.sessions()} == {"up"}


@SIMULATED
def test_a_dry_run_says_what_sessions_would_open_and_changes_nothing(fresh: Stack) -> None:
    body = [{"manifest": MANIFESTS[pair]} for pair in THROUGH_VRF]
    told = fresh.api.post("/api/v1/changesets/?cluster=lab&dry_run=true", body).json()
    assert [one["action"] for one in told["objects"]] == ["create"] * 3
    (session,) = told["sessions"]
    assert [session[part] for part in ("peer", "vrf", "neighbor")] == ["frrviavrf", "ens4vrf", "192.168.130.1"]
    assert [session[part] for part in ("opened", "closed", "reset", "changed")] == [3, 0, 0, 0]
    assert session["nodes"] == {"opened": list(NODES)}
    assert fresh.kubectl_get("frrviavrf") is None


def _administrator() -> APIClient:
    user = User.objects.create_user("ada", password="correct horse battery")
    role_give(user=user, role="admin")
    _, key = token_create(user=user, name="procedure")
    return APIClient(HTTP_AUTHORIZATION=f"Bearer {key}")


def _workload_taken_back(admin: APIClient) -> None:
    gone = [{"delete": {"kind": kind, "name": name, "namespace": "test"}} for kind, name in WORKLOAD[1:]]
    gone.append({"delete": {"kind": "Namespace", "name": "test"}})
    answer = admin.post("/api/v1/changesets/?cluster=lab&wait=30s", gone)
    assert (answer.status_code, answer.json()["state"]) == (200, "applied"), answer.content


@pytest.mark.embedded("ends with a Namespace that pods were in, which stays where no namespace controller runs")
def test_a_service_is_exposed_through_a_vrf(fresh: Stack, settings: Settings) -> None:
    """The whole of the procedure, with its verification, on simulated speakers and on real FRR."""
    settings.BGPUI_TEST_WORKLOADS = frozenset({"lab"})
    Cluster.objects.update(discovered_at=None, permissions_at=None)
    fresh.relist()
    admin = _administrator()

    change(fresh, THROUGH_VRF)
    change(fresh, WORKLOAD, api=admin)
    equal_to_the_documented(fresh, THROUGH_VRF)
    fresh.see(established("frrviavrf"))

    def assigned() -> bool:
        found = yaml.safe_load(fresh.kubectl("get", "service", "server1", "-n", "test", "-o", "yaml"))
        ingress = (found["status"].get("loadBalancer") or {}).get("ingress") or []
        fresh.relist()
        return [one.get("ip") for one in ingress] == ["192.169.10.0"]

    eventually(assigned, timeout=40)
    service = fresh.api.get("/api/v1/services/lab/test/server1/").json()
    assert (service["addresses"], service["pool"]) == (["192.169.10.0"], "first-pool")

    def advertised() -> bool:
        fresh.settled()
        fresh.relist()
        fresh.pages.post("/guided/checks/lab/metallb-system/frrviavrf/ask/")
        fresh.sweep()
        page = fresh.page("/guided/checks/lab/metallb-system/frrviavrf/")
        return page.count('data-h="yes">advertised<') == len(NODES)

    eventually(advertised, timeout=40, interval=0.5)
    page = fresh.page("/guided/checks/lab/metallb-system/frrviavrf/")
    assert page.count('data-h="yes">passed<') == 3
    assert "192.169.10.0/32" in page
    assert "does not serve nmstate" in page

    _workload_taken_back(admin)
    assert "server1" not in fresh.kubectl("get", "service", "-A")
