"""The rules for Prometheus and the dashboard for Grafana ask for what /metrics has, by its name and labels."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from prometheus_client.core import Metric

from alarms.models import Route
from clusters import clock
from clusters.models import Cluster, Credential, Lease
from dashboard.metrics.collector import RowsCollector
from speakers import totals
from speakers.models import Speaker
from tests.demo import ROOT
from tests.deploy.programs import program
from tests.speakers.seen import UP, intended, seen, swept

RULES, BOARD = ROOT / "deploy/prometheus/rules.yaml", ROOT / "deploy/grafana/bgpui.json"


@pytest.fixture
def told(db: None, redis_url: str) -> dict[str, set[str]]:
    """The labels of every sample's name."""
    now = clock.now()
    cluster = Cluster.objects.create(name="lab", source="added", connected_at=now, watched_at=now, event_at=now)
    Cluster.objects.update(event_lag=0.1, streams=[{"name": "Node", "live": True}])
    Credential.objects.create(cluster=cluster, expires_at=now, stored_at=now)
    looked = [seen("n", now, {("default", "10.0.0.1"): UP})]
    swept(cluster=cluster, observations=looked, expected={"n": [intended("n")]})
    Speaker.objects.update(pod="frr")
    totals.sweep_write(cluster, 0, now, nodes=1, unanswered=0)
    Lease.objects.create(name="watch", holder="host:7", beaten_at=now)
    Route.objects.create(name="hook", kind="webhook")
    families: list[Metric] = list(RowsCollector().collect())
    return {sample.name: set(sample.labels) for family in families for sample in family.samples}


def rules() -> list[dict[str, Any]]:
    return [rule for group in yaml.safe_load(RULES.read_text())["groups"] for rule in group["rules"]]


def expressions() -> Iterator[str]:
    yield from (rule["expr"] for rule in rules())
    board = json.loads(BOARD.read_text())
    for panel in board["panels"]:
        yield from (target["expr"] for target in panel["targets"])
    yield from (one["query"] for one in board["templating"]["list"] if one["type"] == "query")


def test_every_name_and_label_that_is_asked_for_is_told(told: dict[str, set[str]]) -> None:
    recorded = {rule["record"] for rule in rules() if "record" in rule}
    asked = set()
    for text in expressions():
        bare = re.sub(r"\S*:\S*:\w+", "", text)  # what other rules record
        assert set(re.findall(r"\w+:\w+:\w+", text)) <= recorded
        for name, matchers in re.findall(r"\b(bgpui_\w+)(\{[^}]*\})?", bare):
            asked.add(name)
            assert name in told, f"{name} in {text}"
            assert set(re.findall(r"(\w+)=", matchers)) <= told[name], text
        for labels, name in re.findall(r"by \(([^)]*)\) \((bgpui_\w+)", bare):
            assert set(labels.split(", ")) <= told[name], text
    assert len(asked) > 20
    assert "absent(bgpui_sweep_last_timestamp_seconds)" in {rule["expr"] for rule in rules()}


def test_what_an_alert_says_has_the_labels_that_it_names() -> None:
    for rule in rules():
        if "alert" not in rule:
            continue
        said = set(re.findall(r"\$labels\.(\w+)", str(rule["annotations"])))
        kept = set(re.findall(r"\w+", " ".join(re.findall(r"by \(([^)]*)\)", rule["expr"])[:1])))
        own = {"peer", "vrf", "instance"} if "any_mode" in rule["expr"] or "metallb_" in rule["expr"] else set()
        own |= {"cluster"} if "cluster:" in rule["expr"] else set()
        assert said <= kept | own, rule["alert"]
        assert rule["labels"]["severity"] in ("warning", "critical")


def test_panels_of_the_dashboard_do_not_cover_each_other() -> None:
    board = json.loads(BOARD.read_text())
    places = [panel["gridPos"] for panel in board["panels"]]
    cells = [(x, y) for p in places for x in range(p["x"], p["x"] + p["w"]) for y in range(p["y"], p["y"] + p["h"])]
    assert len(cells) == len(set(cells))
    assert max(x for x, _ in cells) < 24
    assert len({panel["id"] for panel in board["panels"]}) == len(places)


def test_docs_name_every_metric(told: dict[str, set[str]]) -> None:
    page = (ROOT / "docs/metrics.md").read_text()
    assert not {name for name in told if name not in page}


def test_prometheus_itself_takes_the_rules_and_they_fire() -> None:
    promtool = program("promtool")
    for arguments in (
        ["check", "rules", str(RULES)],
        ["test", "rules", str(Path(__file__).with_name("rules_test.yaml"))],
    ):
        done = subprocess.run([str(promtool), *arguments], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
