"""What is wrong, over REST: one entry a shared cause, with what to check."""

from __future__ import annotations

from rest_framework.test import APIClient

from clusters.models import Cluster
from tests.pages.rows import a_session, a_speaker, down

PROBLEMS = "/api/v1/problems/"


def test_a_dead_router_is_one_entry_with_counts_nodes_and_what_to_check(api: APIClient, cluster: Cluster) -> None:
    for index in range(5):
        speaker = a_speaker(cluster, f"node-{index}")
        a_session(speaker, "10.0.0.1")
        a_session(speaker, "10.0.0.2", **down(peer="tor-b", reason="no-answer", cause="No answer"))
    (found,) = api.get(PROBLEMS).json()["results"]
    assert {key: found[key] for key in ("kind", "health", "sessions", "of", "neighbor", "peer", "nodes", "reason")} == {
        "kind": "router",
        "health": "down",
        "sessions": 5,
        "of": 5,
        "neighbor": "10.0.0.2",
        "peer": "tor-b",
        "nodes": ["node-0", "node-4"],
        "reason": "no-answer",
    }
    assert (found["number_of_nodes"], found["side"]) == (5, "path")
    assert any("firewall" in check for check in found["check"])
    assert api.get(f"{PROBLEMS}?node=node-1").json()["results"][0]["sessions"] == 1
    assert api.get(f"{PROBLEMS}?vrf=red").json()["results"] == []


def test_a_health_that_there_is_not_is_refused(api: APIClient, cluster: Cluster) -> None:
    answer = api.get(f"{PROBLEMS}?health=dead")
    assert answer.status_code == 400
    assert "must be one of" in answer.json()["detail"]


def test_problems_are_for_those_who_may_see_sessions() -> None:
    assert APIClient().get(PROBLEMS).status_code == 401
