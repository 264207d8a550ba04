"""Faults: what a client meets when the server is slow, wrong, or gone in the middle of a write."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import requests

from lab.apiserver import Fault
from tests.lab.apiserver.conftest import ADMIN, ROUTERS, RunningServer, furnish, router
from tests.waiting import eventually

HEADERS = {"Authorization": f"Bearer {ADMIN}"}
BROKEN = (requests.ConnectionError, requests.exceptions.ChunkedEncodingError)


def test_a_fault_answers_with_the_ordered_status_as_often_as_ordered(api: RunningServer) -> None:
    status = {"kind": "Status", "code": 503, "message": "etcd is away"}
    api.server.faults.add(Fault(verb="list", resource="routers", code=503, status=status, count=2))
    answers = [api.request("GET", ROUTERS) for _ in range(3)]
    assert [answer.code for answer in answers] == [503, 503, 200]
    assert answers[0].message == "etcd is away"
    assert len(api.server.faults.happened) == 2


def test_a_fault_may_ask_for_patience_and_call_back(api: RunningServer) -> None:
    called: list[str] = []
    faults = api.server.faults
    faults.add(Fault(method="POST", resource="routers", code=429, retry_after=7, before=lambda: called.append("busy")))
    answer = api._session.post(api.server.url + ROUTERS, headers=HEADERS, json=router("r1"), timeout=10)
    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "7")

    def exists() -> None:
        called.append(str(bool(api.server.store.list("routers"))))

    faults.add(Fault(method="POST", resource="routers", before=exists, after=exists))
    assert api.request("POST", ROUTERS, router("r1")).code == 201
    assert called == ["busy", "False", "True"]


@pytest.mark.parametrize("lasting", [False, True])
def test_a_write_is_carried_out_for_a_client_that_has_gone_if_ordered(api: RunningServer, lasting: bool) -> None:
    api.server.faults.add(Fault(method="POST", resource="routers", delay=0.3, lasting=lasting))
    with pytest.raises(requests.Timeout):
        api._session.post(api.server.url + ROUTERS, headers=HEADERS, json=router("r1"), timeout=0.1)
    api.server.faults.add(Fault(method="POST", resource="routers", delay=0.5))
    api.request("POST", ROUTERS, router("r2"))  # by now the first one is through, or never will be
    assert (api.request("GET", f"{ROUTERS}/r1").code == 200) is lasting


def test_a_fault_meets_only_what_it_names(api: RunningServer) -> None:
    api.server.faults.add(Fault(verb="get", resource="routers", name="r2", code=500))
    api.request("POST", ROUTERS, router("r1"))
    assert api.request("GET", f"{ROUTERS}/r1").code == 200
    assert api.request("GET", f"{ROUTERS}/r2").code == 500


@pytest.mark.parametrize(("drop", "exists"), [("before", False), ("after", True)])
def test_a_write_is_lost_before_it_took_effect_or_after(api: RunningServer, drop: str, exists: bool) -> None:
    api.server.faults.add(Fault(method="POST", resource="routers", drop="before" if drop == "before" else "after"))
    with pytest.raises(BROKEN):
        api.request("POST", ROUTERS, router("r1"))
    assert (api.request("GET", f"{ROUTERS}/r1").code == 200) is exists


def test_a_body_can_end_too_early(api: RunningServer) -> None:
    api.server.faults.add(Fault(verb="list", resource="routers", truncate=20))
    with pytest.raises(BROKEN):
        api.request("GET", ROUTERS)


def test_an_answer_can_be_late(api: RunningServer) -> None:
    api.server.faults.add(Fault(verb="list", resource="routers", delay=0.5))
    with ThreadPoolExecutor() as pool:
        late = pool.submit(api._session.get, api.server.url + ROUTERS, headers=HEADERS, timeout=10)
        eventually(lambda: api.server.faults.happened)
        assert api.request("GET", f"{ROUTERS}/r1").code == 404
        assert not late.done()
    assert late.result().status_code == 200


def test_a_stopped_server_comes_back_at_the_same_address(tmp_path: Path) -> None:
    running = RunningServer(tmp_path / "state.json")
    furnish(running)
    port = running.server.port
    made = running.request("POST", ROUTERS, router("r1")).body["metadata"]
    running.stop()
    with pytest.raises(requests.ConnectionError):
        running.request("GET", ROUTERS)
    running.start()
    assert running.server.port == port
    assert running.request("GET", f"{ROUTERS}/r1").body["metadata"] == made
    running.close()


def test_objects_outlive_the_process(tmp_path: Path) -> None:
    state = tmp_path / "state.json"
    first = RunningServer(state)
    furnish(first)
    made = first.request("POST", ROUTERS, router("r1")).body
    first.close()
    assert state.stat().st_mode & 0o077 == 0

    second = RunningServer(state)
    kept = second.request("GET", f"{ROUTERS}/r1").body
    new = second.request("POST", ROUTERS, router("r2")).body
    watched = second.request("GET", ROUTERS, watch="1", resourceVersion=made["metadata"]["resourceVersion"])
    second.close()
    assert kept == made
    assert first.server.ca_pem == second.server.ca_pem
    assert int(new["metadata"]["resourceVersion"]) > int(made["metadata"]["resourceVersion"])
    assert watched.body["object"]["code"] == 410


def test_a_change_reaches_the_state_file_soon(tmp_path: Path) -> None:
    state = tmp_path / "state.json"
    running = RunningServer(state)
    furnish(running)
    running.request("POST", ROUTERS, router("soon"))
    eventually(lambda: state.exists() and b'"soon"' in state.read_bytes())
    running.close()
