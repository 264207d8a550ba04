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


def test_a_router_that_only_a_session_of_nobody_still_has_is_not_reached_by_it(
    api: APIClient, cluster: Cluster
) -> None:
    """A session that is down, and that no BGPPeer intends, shows nothing of its router; one that is up does."""
    routers = ["10.0.0.1", "10.0.0.2"]
    for speaker in (a_speaker(cluster, "node-1"), a_speaker(cluster, "node-2")):
        for router in routers:
            a_session(speaker, router, **down(peer="tor", reason="no-answer", cause="No answer"))
    last = a_speaker(cluster, "node-3")
    left = [a_session(last, router, **down(peer="", intended=False)) for router in routers]
    assert _kinds(api) == ["router", "router"]

    for row in left:
        row.state, row.reason, row.cause = "Established", "", ""
        row.save()
    assert _kinds(api) == ["node"]


def _kinds(api: APIClient) -> list[str]:
    return [row["kind"] for row in api.get(PROBLEMS).json()["results"] if row["health"] == "down"]


def test_a_health_that_there_is_not_is_refused(api: APIClient, cluster: Cluster) -> None:
    answer = api.get(f"{PROBLEMS}?health=dead")
    assert answer.status_code == 400
    assert "must be one of" in answer.json()["detail"]


def test_problems_are_for_those_who_may_see_sessions() -> None:
    assert APIClient().get(PROBLEMS).status_code == 401
