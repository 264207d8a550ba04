"""What services make nodes announce, seen through bgpui: the same on simulated speakers and on real FRR.

The objects of the OpenShift page "Exposing a service through a network VRF", and a dual-stack service beside them.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
import yaml
from django.contrib.auth.models import User
from rest_framework.test import APIClient

from bgpui.roles import role_give
from clusters.models import Change, Exclusion
from clusters.tasks import exclude_node
from dashboard import tasks
from intent.announcements.cluster import EXCLUDED
from lab.frr.netns import available
from speakers import live
from speakers.frr.routes import Table
from tests.lab.documented import DEPLOY_SERVICE
from tests.speakers.lab import Observer, RunningLab, observing
from tests.waiting import eventually

pytestmark = pytest.mark.django_db
ONE, TWO = "compute-1.example.com", "compute-2.example.com"
VIA_VRF, INTERNAL, EXTERNAL = ("ens4vrf", "192.168.130.1"), ("default", "2620:52:0:88::104"), ("default", "10.0.0.1")
NAMESPACE = "metallb-system"


def metallb(kind: str, name: str, version: str = "v1beta1", **spec: Any) -> dict[str, Any]:
    metadata = {"name": name, "namespace": NAMESPACE}
    return {"apiVersion": f"metallb.io/{version}", "kind": kind, "metadata": metadata, "spec": spec}


def peer(name: str, address: str, asn: int, **spec: Any) -> dict[str, Any]:
    common = {"myASN": 64500, "holdTime": "3s", "keepaliveTime": "1s", "connectTime": "1s"}
    return metallb("BGPPeer", name, "v1beta2", peerAddress=address, peerASN=asn, **{**common, **spec})


POLICY = {"type": "LoadBalancer", "ipFamilyPolicy": "RequireDualStack", "ipFamilies": ["IPv4", "IPv6"]}
OBJECTS = (
    peer("frrviavrf", VIA_VRF[1], 200, myASN=100, vrf="ens4vrf"),
    metallb("IPAddressPool", "first-pool", addresses=["192.169.10.0/32"]),
    metallb("BGPAdvertisement", "first-adv", ipAddressPools=["first-pool"], peers=["frrviavrf"]),
    *yaml.safe_load_all(DEPLOY_SERVICE),
    peer("internal", INTERNAL[1], 64500),
    peer("external", EXTERNAL[1], 64501),
    metallb("IPAddressPool", "dual", addresses=["203.0.113.0/24", "2001:db8:5::/112"], autoAssign=False),
    metallb(
        "BGPAdvertisement",
        "dual",
        ipAddressPools=["dual"],
        aggregationLengthV6=112,
        localPref=250,
        communities=["64500:1", "large:64500:1:2"],
        peers=["internal", "external"],
    ),
    {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "dual", "namespace": "test", "annotations": {"metallb.io/address-pool": "dual"}},
        "spec": {**POLICY, "selector": {"app": "server"}, "ports": [{"port": 80}]},
    },
)
SENT: dict[tuple[str, str], dict[str, int | None]] = {
    VIA_VRF: {"192.169.10.0/32": None},
    INTERNAL: {"2001:db8:5::/112": 250},
    EXTERNAL: {"203.0.113.0/32": 250},
}


@pytest.fixture(scope="module", params=["simulated", pytest.param("frr", marks=pytest.mark.frr)])
def rung(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningLab]:
    if request.param == "frr" and (why_not := available()):
        pytest.skip(f"real FRR: {why_not}")
    running = RunningLab(tmp_path_factory.mktemp("rung"), nodes=2, speakers=request.param)
    for manifest in OBJECTS:
        running.call(running.lab.store.add, manifest)
    yield running
    running.close()


@pytest.fixture
def observer(rung: RunningLab, redis_url: str) -> Iterator[Observer]:
    with observing(rung) as observer:
        yield observer


def family(neighbor: str) -> str:
    return "ipv6" if ":" in neighbor else "ipv4"


def sent(observer: Observer, node: str) -> dict[tuple[str, str], dict[str, int | None]]:
    """FRR's adj-rib-out of every session, with LOCAL_PREF."""
    found: dict[tuple[str, str], dict[str, int | None]] = {}
    for vrf, neighbor in SENT:
        asked = f"show bgp vrf {vrf} {family(neighbor)} unicast neighbors {neighbor} advertised-routes json"
        answer = observer.running.do(observer.lab.speakers.exec(node, ["vtysh", "-c", asked])).stdout
        routes = json.loads(answer).get("advertisedRoutes", {})  # before the reload: no such neighbor
        found[vrf, neighbor] = {prefix: route.get("locPrf") for prefix, route in routes.items()}
    return found


def table(observer: Observer, vrf: str, neighbor: str) -> tuple[Table, list[str] | None]:
    """The answer to a question for routes, and the prefixes that are meant for the session."""
    row = observer.session(ONE, neighbor, vrf)
    tasks.show_routes(row.pk, family(neighbor))
    answer = live.command_get(row.pk, family(neighbor))
    assert answer is not None
    assert answer.table is not None, answer.error
    return answer.table, answer.meant


def scale(observer: Observer, replicas: int) -> None:
    observer.running.call(observer.lab.store.patch, "deployments", "test", "server", {"spec": {"replicas": replicas}})
    observer.relist()


def counters(observer: Observer) -> dict[tuple[str, str], int | None]:
    observer.sweep()
    return {place: observer.session(ONE, place[1], place[0]).prefixes_sent for place in SENT}


def test_nodes_announce_services_with_their_attributes_until_the_last_endpoint_is_gone(observer: Observer) -> None:
    eventually(lambda: (sent(observer, ONE), sent(observer, TWO)) == (SENT, SENT), timeout=90, interval=0.5)
    observer.relist()  # the endpoints are there by now
    eventually(lambda: counters(observer) == dict.fromkeys(SENT, 1), timeout=60, interval=0.5)
    for (vrf, neighbor), prefixes in SENT.items():
        found, meant = table(observer, vrf, neighbor)
        assert [(path.network, path.local, path.best) for path in found.paths] == [(p, True, True) for p in prefixes]
        assert meant == list(prefixes)
    assert observer.health()[ONE, "default", INTERNAL[1]] == "up"  # no family is missed
    scale(observer, 0)
    nothing: dict[tuple[str, str], dict[str, int | None]] = {place: {} for place in SENT}
    eventually(lambda: (sent(observer, ONE), sent(observer, TWO)) == (nothing, nothing), timeout=90, interval=0.5)
    eventually(lambda: counters(observer) == dict.fromkeys(SENT, 0), timeout=60, interval=0.5)
    observer.relist()
    empty, meant = table(observer, *VIA_VRF)
    assert (empty.paths, meant) == ([], [])
    scale(observer, 1)
    eventually(lambda: sent(observer, ONE) == SENT, timeout=90, interval=0.5)


def test_a_node_is_drained_by_its_label_and_taken_back(observer: Observer) -> None:
    """MetalLB's speakers withdraw everything from a node with the label (speaker/main.go); FRR itself says when."""
    eventually(lambda: (sent(observer, ONE), sent(observer, TWO)) == (SENT, SENT), timeout=90, interval=0.5)
    observer.relist()
    eventually(lambda: counters(observer) == dict.fromkeys(SENT, 1), timeout=60, interval=0.5)
    user = User.objects.create_user("an-editor")
    role_give(user=user, role="editor")
    api = APIClient()
    api.force_authenticate(user)
    address = f"/api/v1/nodes/lab/{ONE}/drain/"
    plan = api.get(address).json()
    assert (plan["next"], plan["refusal"], plan["prefixes"], plan["lost"]) == ("set", "", 3, [])
    assert {(one["name"], one["alone"]) for one in plan["announcements"]["services"]} == {
        ("server1", True), ("dual", True)
    }  # fmt: skip
    assert plan["progress"]["phase"] == "announcing"
    assert api.post(address).json()["progress"]["phase"] == "labelling"
    exclude_node(Exclusion.objects.get(node=ONE).pk)
    metadata = observer.running.call(observer.lab.store.get, "nodes", "", ONE)["metadata"]
    assert EXCLUDED in metadata["labels"]
    assert "bgpui" in {one["manager"] for one in metadata["managedFields"]}
    assert api.get(address).json()["progress"]["phase"] == "unknown"  # FRR was not asked since
    _reaches(observer, api, address, "safe")
    nothing: dict[tuple[str, str], dict[str, int | None]] = {place: {} for place in SENT}
    assert (sent(observer, ONE), sent(observer, TWO)) == (nothing, SENT)
    assert api.delete(address).json()["progress"]["phase"] == "unlabelling"
    exclude_node(Exclusion.objects.get(node=ONE).pk)
    _reaches(observer, api, address, "back")
    assert sent(observer, ONE) == SENT
    assert [change.message for change in Change.objects.filter(kind="Node").order_by("pk")] == [
        f"Label {EXCLUDED} set.", f"Label {EXCLUDED} taken off."
    ]  # fmt: skip


def _reaches(observer: Observer, api: APIClient, address: str, phase: str) -> None:
    def looked() -> bool:
        observer.sweep()
        return bool(api.get(address).json()["progress"]["phase"] == phase)

    eventually(looked, timeout=90, interval=0.5)


def test_an_endpoint_of_local_traffic_draws_the_prefix_to_its_node(observer: Observer) -> None:
    change = {"spec": {"externalTrafficPolicy": "Local"}}
    observer.running.call(observer.lab.store.patch, "services", "test", "server1", change)
    pods = observer.running.call(observer.lab.store.list, "pods", "test")
    (node,) = {pod["spec"]["nodeName"] for pod in pods}
    other = ({ONE, TWO} - {node}).pop()
    eventually(
        lambda: [sent(observer, each)[VIA_VRF] for each in (node, other)] == [SENT[VIA_VRF], {}],
        timeout=90,
        interval=0.5,
    )
