"""What nobody observed is told once by the timeline, and where its reading ends."""

from __future__ import annotations

import pytest
from django.test import Client

from clusters import clock
from clusters.models import Cluster, NodeEvent
from speakers.models import Gap, Speaker
from tests.pages.rows import a_speaker
from tests.pages.test_timeline_flaps import MINUTES, REST, flap, items


def test_a_node_that_answers_again_between_pages_is_not_told_twice(viewer: Client, cluster: Cluster) -> None:
    now = clock.now()
    a_speaker(cluster, "node-0", observed_at=now - 50 * MINUTES)
    NodeEvent.objects.bulk_create(
        NodeEvent(cluster=cluster, node=f"n-{n}", kind="node-labels", text=str(n), at=now - (n + 1) * MINUTES / 10)
        for n in range(400)
    )
    first = viewer.get(f"{REST}?reach=1h").json()
    assert first["items"][0]["title"] == "node-0 has not answered for 50 min"
    Gap.objects.create(cluster=cluster, node="node-0", began_at=now - 50 * MINUTES, ended_at=clock.now())
    Speaker.objects.update(observed_at=clock.now())
    second = viewer.get(first["next"]).json()
    assert ({item["lane"] for item in second["items"]}, len(second["items"])) == ({"node"}, 101)


def test_a_long_gap_does_not_hide_that_short_ones_before_it_ended_were_not_read(
    viewer: Client, cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dashboard.timeline.rows.MOST", 50)
    now = clock.now()
    place = {"cluster": cluster, "node": "n-0"}
    Gap.objects.create(cluster=cluster, node="n-1", began_at=now - 300 * MINUTES, ended_at=now - MINUTES)
    Gap.objects.bulk_create(
        Gap(**place, began_at=now - (n + 1) * MINUTES / 30, ended_at=now - (n + 0.5) * MINUTES / 30)
        for n in range(31, 91)
    )
    end, _, long = items(viewer, "lane=unseen&reach=6h")
    assert "is not shown" in end["title"]
    assert long["nodes"] == ["n-1"]
    found = items(viewer, end["page"].partition("?")[2])
    assert sum(item["number"] for item in found if item["nodes"] == ["n-0"]) == 12


def test_a_gap_between_flaps_is_told_between_them(viewer: Client, cluster: Cluster) -> None:
    now = clock.now()
    flap(cluster, "node-1", 60, 58, 56, 46, 44, 42)
    assert len(items(viewer)) == 1
    Gap.objects.create(cluster=cluster, node="node-1", began_at=now - 55 * MINUTES, ended_at=now - 47 * MINUTES)
    assert [item["lane"] for item in items(viewer)] == ["sessions", "unseen", "sessions"]
    assert [item["flaps"] for item in items(viewer, "lane=sessions")] == [3, 3]
