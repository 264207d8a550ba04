"""The whole loop in one process, once on simulated speakers and once on real FRR."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from pytest_django import Settings
from rest_framework.test import APIClient

from bgpui.env import ClusterSetting
from bgpui.models import token_create
from bgpui.roles import role_give
from intent.kinds import KINDS
from lab.background import BackgroundLab
from lab.cluster import Lab
from lab.frr import RealSpeakers, available
from lab.routers import documented_routers
from tests.cluster.choice import real_lab
from tests.loop import worker
from tests.loop.stack import NODES, Stack

_KINDS = (*(kind.plural for kind in KINDS.values()), "secrets")


@pytest.fixture(scope="module", params=["simulated", pytest.param("frr", marks=pytest.mark.frr)])
def running(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[BackgroundLab]:
    """A lab without peers; a module's PLAN says what is special about it (see lab.cluster.Plan)."""
    if request.param == "frr" and (why_not := available()):
        pytest.skip(f"real FRR: {why_not}")
    folder: Path = tmp_path_factory.mktemp("lab")
    plan: Mapping[str, Any] = getattr(request.module, "PLAN", {})
    with BackgroundLab(
        nodes=len(NODES), speakers=request.param, folder=folder, debounce=0.05, real=real_lab(), **plan
    ) as lab:
        yield lab


@pytest.fixture
def stack(
    running: BackgroundLab,
    transactional_db: None,
    redis_url: str,
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
) -> Stack:
    """A bgpui that knows nothing yet of the lab, which is as other tests have left it."""
    settings.BGPUI_CLUSTERS = (ClusterSetting("lab", str(running.kubeconfig), ""),)
    settings.BGPUI_EXEC_TIMEOUT = 3.0
    running.do(_heal)
    # Whoever waits for a worker lets it work.
    monkeypatch.setattr("clusters.api.waiting.sleep", lambda _seconds: worker.work())
    user = User.objects.create_user("erin", password="correct horse battery")
    role_give(user=user, role="editor")
    _, key = token_create(user=user, name="loop")
    pages = Client()
    pages.force_login(user)
    return Stack(running, APIClient(HTTP_AUTHORIZATION=f"Bearer {key}"), pages)


@pytest.fixture
def fresh(stack: Stack) -> Stack:
    """The same with a lab that has no peers and no faults."""
    stack.do(_clear)
    stack.relist()
    stack.sweep()
    return stack


async def _heal(lab: Lab) -> None:
    """Take away all faults that a test has ordered."""
    lab.faults.clear()
    lab.server.faults.clear()
    lab.server.exec = lab.containers
    await lab.settled()


async def _clear(lab: Lab) -> None:
    """Take away all objects and what happened to routers; FRR forgets, too, as in a new pod."""
    if isinstance(lab.speakers, RealSpeakers):
        speakers = lab.speakers
        await asyncio.gather(*(speakers.node(node).restart(keep=False) for node in NODES))
    for kind in _KINDS:
        for found in lab.store.list(kind):
            lab.store.delete(kind, found["metadata"].get("namespace", ""), found["metadata"]["name"])
    originals = (*documented_routers(), *lab.plan.routers)
    for router in originals:
        lab.routers.change(router.addresses[0], router.vrf, **{name: getattr(router, name) for name in _CHANGING})
    await lab.settled()


_CHANGING = ("password", "listening", "shutdown", "mute_bfd", "expects", "asns")
