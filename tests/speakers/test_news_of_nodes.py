"""What the event stream of Nodes says has the sessions of that node looked at, without waiting for a sweep."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest

from clusters import clock
from clusters.kube.kinds import NODES
from clusters.models import NodeEvent
from clusters.sync.streams import NodeStream
from lab.cluster import Lab
from lab.manifests import Manifest
from speakers.models import Speaker
from tests.loop import worker
from tests.speakers.lab import Observer

ONE = "compute-1.example.com"
ROUTER = "10.1.0.1"
NEWS: dict[str, tuple[Callable[[Lab], object], NodeEvent.Kind]] = {
    "label": (lambda lab: lab.world.relabel(ONE, {"tier": "edge"}), NodeEvent.Kind.LABELS),
    "cordon": (lambda lab: lab.world.cordon(ONE), NodeEvent.Kind.CORDONED),
    "not ready": (lambda lab: _condition(lab, "Ready", "False"), NodeEvent.Kind.NOT_READY),
}


def _condition(lab: Lab, name: str, status: str) -> Manifest:
    return lab.store.patch_status("nodes", "", ONE, {"conditions": [{"type": name, "status": status}]})


@pytest.fixture
def heard(observer: Observer) -> Iterator[Observer]:
    """Every node was asked longer ago than the moment for which a burst of news waits."""
    worker.work()
    Speaker.objects.update(asked_at=None)
    yield observer
    lab = observer.lab
    observer.running.call(lab.world.relabel, ONE, {"tier": None})
    observer.running.call(lab.world.cordon, ONE, unschedulable=False)
    observer.running.call(_condition, lab, "Ready", "True")


def asked(observer: Observer) -> set[str]:
    return set(Speaker.objects.filter(cluster=observer.cluster, asked_at__isnull=False).values_list("node", flat=True))


@pytest.mark.parametrize("news", NEWS)
def test_news_of_a_node_has_it_asked_at_once_and_no_other(heard: Observer, news: str) -> None:
    act, kind = NEWS[news]
    assert heard.hears(NodeStream(NODES), lambda: heard.running.call(act, heard.lab))
    worker.work()
    assert asked(heard) == {ONE}
    assert NodeEvent.objects.filter(node=ONE, kind=kind).exists()


def test_a_node_that_comes_back_is_asked_whatever_its_back_off_says(heard: Observer) -> None:
    """Other news do not end it: a node that hangs would be asked with each label that a controller sets."""
    lab, stream = heard.lab, NodeStream(NODES)
    soon = clock.now() + timedelta(seconds=300)

    def news(act: Callable[[Lab], object]) -> bool:
        heard.hears(stream, lambda: heard.running.call(act, lab))
        worker.work()
        return ONE in asked(heard)

    assert news(lambda lab: _condition(lab, "Ready", "False"))
    Speaker.objects.filter(node=ONE).update(asked_at=None, attempted_at=clock.now(), retry_at=soon, misses=7)
    assert not news(lambda lab: lab.world.relabel(ONE, {"tier": "edge"}))
    assert news(lambda lab: _condition(lab, "Ready", "True"))
    assert Speaker.objects.get(node=ONE).misses == 0


def test_a_label_that_takes_a_session_away_is_seen_without_a_sweep(heard: Observer) -> None:
    """MetalLB's nodeSelectors are read at once when labels change, and so is what FRR makes of it."""
    lab = heard.lab
    selector = {"spec": {"nodeSelectors": [{"matchExpressions": [{"key": "tier", "operator": "DoesNotExist"}]}]}}
    place = "bgppeers", lab.release.namespace, "tor-a"
    before = heard.running.call(lab.store.get, *place)["spec"].get("nodeSelectors")
    heard.running.call(lab.store.patch, *place, selector)
    heard.running.do(lab.settled())
    heard.relist()
    try:
        assert heard.session(ONE, ROUTER).state == "Established"
        heard.hears(NodeStream(NODES), lambda: heard.running.call(lab.world.relabel, ONE, {"tier": "edge"}))
        heard.running.do(lab.settled())
        worker.work()
        assert not heard.cluster.sessions.filter(node=ONE, neighbor=ROUTER, vrf="default").exists()
        assert asked(heard) == {ONE}
    finally:
        heard.running.call(lab.store.patch, *place, {"spec": {"nodeSelectors": before}})
        heard.running.do(lab.settled())


def test_a_heartbeat_of_a_kubelet_is_no_news(heard: Observer) -> None:
    """A kubelet reports its conditions every few minutes, changed or not (Kubernetes, "Node status")."""

    def beat() -> None:
        heard.running.call(_condition, heard.lab, "DiskPressure", "False")

    assert not heard.hears(NodeStream(NODES), beat)
    worker.work()
    assert asked(heard) == set()
