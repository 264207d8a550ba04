"""An edit on its way: from REST to the cluster, to FRR, and back as what FRR says; and what comes in its way."""

from __future__ import annotations

import asyncio
import base64
import json
import os
from collections.abc import AsyncIterator, Awaitable, Sequence
from typing import Any

import pytest
from django.utils.html import escape

from lab.apiserver import ExecResult, Fault
from lab.cluster import Lab
from lab.containers import PodFault
from lab.routers import Router
from tests.loop import worker
from tests.loop.documents import DEFAULTS, DOCUMENTS, manifest
from tests.loop.stack import NAMESPACE, NODES, ONE, TWO, Row, Stack
from tests.waiting import eventually

NAME = "doc-example-peer"
ADDRESS = "10.0.0.1"
EXAMPLE = manifest(DOCUMENTS[NAME])
KEY = "a-key-that-both-know"
PLAN = {"routers": (Router("with-password", ("10.1.0.1",), (64601,), password=KEY),)}


@pytest.fixture
def example(stack: Stack, request: pytest.FixtureRequest) -> Stack:
    """The example is up everywhere, perhaps since another test."""
    stack.relist()
    if {name: peer["spec"] for name, peer in stack.peers().items()} != {NAME: EXAMPLE["spec"] | DEFAULTS}:
        request.getfixturevalue("fresh")
        stack.put(EXAMPLE)
    stack.see(UP)
    return stack


def everywhere(state: str, health: str, reason: str = "", name: str = NAME, address: str = ADDRESS) -> list[Row]:
    return [Row(node, "default", address, name, state, health, reason) for node in NODES]


UP, BAD_AS = everywhere("Established", "up"), everywhere("Idle", "down", "bad-peer-as-sent")


def changed(**spec: Any) -> dict[str, Any]:
    """The documentation's example, changed."""
    return {**EXAMPLE, "spec": {**EXAMPLE["spec"], **spec}}


def generation(stack: Stack) -> int:
    found = stack.kubectl_get(NAME)
    assert found is not None
    return int(found["metadata"]["generation"])


def axis(stack: Stack) -> tuple[int, int, int]:
    """Sessions of the peer as its list shows them: intended, up, down."""
    sessions = stack.get(NAME)["sessions"]
    return sessions["intended"], sessions["up"], sessions["down"]


def test_an_edit_goes_all_the_way_and_its_effect_comes_back(fresh: Stack) -> None:
    created = fresh.put(EXAMPLE)
    assert (created.status_code, created.json()["sync"]["state"]) == (201, "in_sync")
    fresh.see(UP)
    assert axis(fresh) == (3, 3, 0)

    fresh.put(changed(peerASN=64999))
    fresh.see(BAD_AS)
    assert axis(fresh) == (3, 0, 3)
    (seen,) = fresh.sessions(node=ONE)
    assert "NOTIFICATION 2/2 Bad Peer AS" in seen["cause"]
    assert seen["evidence"]["lastErrorCodeSubcode"] == "0202"
    assert "NOTIFICATION 2/2 Bad Peer AS" in fresh.page(f"/sessions/{seen['id']}/")

    fresh.put(EXAMPLE)
    fresh.see(UP)
    assert generation(fresh) == 3

    gone = fresh.api.delete(f"{fresh.url(NAME)}?wait=20s")
    fresh.settled()
    assert (gone.status_code, fresh.kubectl_get(NAME), fresh.peers()) == (204, None, {})
    fresh.see([])
    assert fresh.api.get(fresh.url(NAME)).status_code == 404
    states = [(line["old_state"], line["new_state"]) for line in fresh.transitions(node=ONE)]
    assert (states[0], states[-1][0]) == (("Established", ""), "")


def test_a_password_that_is_typed_becomes_a_secret_and_brings_the_session_up(fresh: Stack) -> None:
    name, address = "with-password", "10.1.0.1"
    spec = {"myASN": 64500, "peerASN": 64601, "peerAddress": address, "connectTime": "1s"}
    peer = {**EXAMPLE, "metadata": {"name": name, "namespace": NAMESPACE}, "spec": spec}

    fresh.put({**peer, "spec": {**spec, "password": "another-key"}})
    down = everywhere("Connect", "down", "no-answer-or-password", name, address)
    fresh.see(down)
    answer = fresh.put({**peer, "spec": {**spec, "password": KEY}})
    fresh.see(everywhere("Established", "up", "", name, address))

    reference = {"name": f"{name}-bgp-password"}
    in_cluster, secret = fresh.kubectl_get(name), fresh.kubectl_get(reference["name"], "secret")
    assert in_cluster is not None
    assert secret is not None
    assert (in_cluster["spec"]["passwordSecret"], in_cluster["spec"].get("password")) == (reference, None)
    assert (secret["type"], base64.b64decode(secret["data"]["password"]).decode()) == ("kubernetes.io/basic-auth", KEY)
    assert KEY not in answer.content.decode() + json.dumps(fresh.get(name)) + json.dumps(fresh.sessions())


def test_a_pod_removed_in_mid_exec_is_a_miss_until_its_successor_answers(example: Stack) -> None:
    old = example.speaker(TWO)["pod"]
    example.do(remove_in_mid_exec)

    example.sweep()
    elsewhere = {row for row in UP if row.node != TWO}
    assert example.rows() == elsewhere | {row._replace(health="late") for row in UP if row.node == TWO}
    assert example.speaker(TWO)["error"]

    example.see(UP)
    assert example.speaker(TWO)["pod"] not in {"", old}


def remove_in_mid_exec(lab: Lab) -> None:
    """The next command on the second node ends in the middle of its answer, with its pod."""
    victim = lab.world.pod(TWO)["metadata"]["name"]

    async def cut_short() -> AsyncIterator[ExecResult]:
        yield ExecResult(b'{"default":{"vrfId":0,')
        lab.server.exec = lab.containers
        lab.world.delete_pod(TWO)
        await asyncio.Event().wait()

    def handler(
        namespace: str, pod: str, container: str, argv: Sequence[str], stdin: asyncio.StreamReader | None
    ) -> Awaitable[ExecResult] | AsyncIterator[ExecResult]:
        return cut_short() if pod == victim else lab.containers(namespace, pod, container, argv, stdin)

    lab.server.exec = handler


@pytest.mark.parametrize("fault", [PodFault.HANG, PodFault.GARBAGE, PodFault.HALF, PodFault.PAGE])
def test_a_node_that_answers_badly_is_late_then_unknown_with_the_reason_and_never_up(
    example: Stack, fault: PodFault
) -> None:
    example.do(lambda lab: lab.faults.update({TWO: fault}))

    healths = []
    for _ in range(4):
        example.sweep()
        healths += [row.health for row in example.rows(node=TWO)]
        assert example.rows(health="up") == {row for row in UP if row.node != TWO}
        assert axis(example) == (3, 2, 0)
    assert healths == ["late", "late", "unknown", "unknown"]
    speaker, (session,) = example.speaker(TWO), example.sessions(node=TWO)
    assert (speaker["freshness"], bool(speaker["error"])) == ("unknown", True)
    assert escape(speaker["error"][:30]) in example.page("/speakers/")

    example.do(lambda lab: lab.faults.clear())
    eventually(lambda: refreshed(example, session["id"]) == "up")


def refreshed(stack: Stack, session: int) -> Any:
    """The health of a session after somebody pressed "refresh now"."""
    answer = stack.api.post(f"/api/v1/sessions/{session}/refresh/?wait=10s")
    assert answer.status_code == 200, answer.content
    return answer.json()["health"]


def test_what_the_cluster_refuses_is_shown_in_its_words_and_changes_nothing(example: Stack) -> None:
    before = generation(example)
    words = 'admission webhook "bgppeersvalidationwebhook.metallb.io" denied the request: not today'
    status = {"kind": "Status", "apiVersion": "v1", "status": "Failure", "message": words, "code": 403}
    example.do(lambda lab: lab.server.faults.add(Fault(verb="patch", resource="bgppeers", code=403, status=status)))

    refused = example.put(changed(holdTime="90s"))
    assert (refused.status_code, refused.json()["detail"]) == (422, words)
    shown = example.get(NAME)
    assert (shown["sync"]["state"], shown["sync"]["message"]) == ("rejected", words)
    assert ("holdTime" in shown["spec"], shown["edit"]["manifest"]["spec"]["holdTime"]) == (False, "90s")
    assert "not today" in example.page(f"/peers/lab/{NAMESPACE}/{NAME}/")
    assert generation(example) == before
    example.see(UP)

    assert example.put(EXAMPLE).json()["sync"]["state"] == "in_sync"
    assert generation(example) == before


def test_what_is_edited_with_kubectl_comes_back_as_desired_live_and_history(example: Stack) -> None:
    before = generation(example)
    editor = {**os.environ, "KUBE_EDITOR": "sed -i s/64501/64999/"}
    example.kubectl("edit", "bgppeer", NAME, env=editor)
    example.settled()
    example.see(BAD_AS)
    shown = example.get(NAME)
    assert (shown["spec"]["peerASN"], shown["sync"]["state"], generation(example)) == (64999, "in_sync", before + 1)
    assert "kubectl-edit" in example.page(f"/peers/lab/{NAMESPACE}/{NAME}/")


def test_an_edit_that_somebody_overtook_is_a_conflict_and_overwrites_nothing(example: Stack) -> None:
    before = generation(example)
    assert example.put(changed(holdTime="90s"), query="").status_code == 202
    example.kubectl("patch", "bgppeer", NAME, "--type=merge", "-p", '{"spec": {"holdTime": "30s"}}')
    worker.work()

    sync = example.get(NAME)["sync"]
    assert (sync["state"], "spec.holdTime" in sync["message"]) == ("conflict", True)
    in_cluster = example.kubectl_get(NAME)
    assert in_cluster is not None
    assert in_cluster["spec"]["holdTime"] == "30s"

    example.relist()
    assert example.put(changed(holdTime="90s")).json()["sync"]["state"] == "in_sync"
    assert generation(example) == before + 2
