"""A node is drained in FRR-K8s mode: MetalLB empties its FRRConfiguration of the node, frr-k8s what FRR runs there."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib.auth.models import User
from rest_framework.test import APIClient

from bgpui.roles import role_give
from clusters.models import Exclusion, StatusObject
from clusters.tasks import exclude_node
from intent.announcements.cluster import EXCLUDED
from tests.speakers.lab import Observer, RunningLab, observing
from tests.speakers.test_announcements_on_every_rung import OBJECTS
from tests.waiting import eventually

pytestmark = pytest.mark.django_db
ONE, TWO = "compute-1.example.com", "compute-2.example.com"
PREFIXES = {"192.169.10.0/32", "203.0.113.0/32", "2001:db8:5::/112"}


@pytest.fixture
def observer(tmp_path_factory: pytest.TempPathFactory, redis_url: str) -> Iterator[Observer]:
    running = RunningLab(tmp_path_factory.mktemp("frr-k8s"), nodes=2, mode="frr-k8s", node_poll=0.5)
    for manifest in OBJECTS:
        running.call(running.lab.store.add, manifest)
    with observing(running) as observer:
        yield observer
    running.close()


def written(observer: Observer, node: str) -> set[str]:
    """The prefixes in MetalLB's FRRConfiguration of a node (internal/bgp/frrk8s writes `metallb-<node>`)."""
    found = observer.running.call(observer.lab.store.list, "frrconfigurations")
    routers = next(one["spec"]["bgp"]["routers"] for one in found if one["metadata"]["name"] == f"metallb-{node}")
    allowed = [each["toAdvertise"]["allowed"] for router in routers for each in router.get("neighbors", ())]
    return {prefix for one in allowed for prefix in one.get("prefixes") or ()}


def running_config(observer: Observer, node: str) -> set[str]:
    """The networks that frr-k8s reports of FRR on a node (FRRNodeState)."""
    observer.relist()
    body: dict[str, Any] = StatusObject.objects.get(kind="FRRNodeState", name=node).body
    lines = [line.split() for line in body["status"]["runningConfig"].splitlines()]
    return {line[1] for line in lines if line[:1] == ["network"]}


def test_the_label_empties_the_configuration_and_taking_it_off_fills_it_again(observer: Observer) -> None:
    eventually(lambda: written(observer, ONE) == written(observer, TWO) == PREFIXES, timeout=90, interval=0.5)
    user = User.objects.create_user("an-editor")
    role_give(user=user, role="editor")
    api = APIClient()
    api.force_authenticate(user)
    address = f"/api/v1/nodes/lab/{ONE}/drain/"
    eventually(lambda: running_config(observer, ONE) == PREFIXES, timeout=90, interval=0.5)
    assert api.post(address).json()["progress"]["phase"] == "labelling"
    exclude_node(Exclusion.objects.get(node=ONE).pk)
    assert EXCLUDED in observer.running.call(observer.lab.store.get, "nodes", "", ONE)["metadata"]["labels"]
    eventually(lambda: _phase(observer, api, address) == "safe", timeout=90, interval=0.5)
    eventually(lambda: (written(observer, ONE), written(observer, TWO)) == (set(), PREFIXES), timeout=90, interval=0.5)
    eventually(lambda: running_config(observer, ONE) == set(), timeout=90, interval=0.5)
    assert api.delete(address).status_code in {200, 202}
    exclude_node(Exclusion.objects.get(node=ONE).pk)
    eventually(lambda: _phase(observer, api, address) == "back", timeout=90, interval=0.5)
    eventually(lambda: running_config(observer, ONE) == PREFIXES, timeout=90, interval=0.5)


def _phase(observer: Observer, api: APIClient, address: str) -> str:
    observer.sweep()
    return str(api.get(address).json()["progress"]["phase"])
