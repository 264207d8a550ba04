"""Documents of an import: where they stand in JSON, and what is left out for whom."""

from __future__ import annotations

import json
from typing import Any

import pytest
from pytest_django import Settings
from rest_framework.test import APIClient

from clusters.api.documents import json_document
from clusters.models import Cluster
from tests.api.manifests import manifest
from tests.api.test_import_export import post, stream, told


def test_a_json_document_is_told_with_its_line(api: APIClient, cluster: Cluster) -> None:
    bad = {**manifest("b"), "spec": {}}
    raw = json.dumps([manifest("a"), {"kind": "List", "items": [[1, [2]], bad]}], indent=1)
    answer = post(api, raw, media_type="application/json")
    lines = [one["line"] for one in answer.json()["documents"]]
    assert [raw.split("\n")[line - 1].strip() for line in lines] == ["{", "[", "{"]
    assert lines == sorted(set(lines))
    assert all(finding["line"] == lines[-1] for finding in answer.json()["documents"][-1]["findings"])


@pytest.mark.parametrize("raw", ["[]", "{}", '{"a": [[], [{"b": []}, "x,]"], 1]}', "\n\n [1,\n2, [3,\n 4]]"])
def test_lists_of_json_are_found_in_the_text(raw: str) -> None:
    document = json_document(raw.encode())
    places = list(document.lines.values())
    assert sum(map(len, places)) == sum(map(len, lists_in(document.value)))
    if raw.startswith("\n"):
        assert (document.line, places) == (3, [[3, 4, 4], [4, 5]])


def lists_in(value: Any) -> list[list[Any]]:
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return ([value] if isinstance(value, list) else []) + [found for one in inner for found in lists_in(one)]


def test_a_workload_that_only_administrators_may_make_is_left_out_for_others(
    api: APIClient, cluster: Cluster, settings: Settings
) -> None:
    settings.BGPUI_TEST_WORKLOADS = (cluster.name,)
    namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop"}}
    answer = post(api, stream(namespace, manifest()))
    assert (answer.status_code, told(answer)) == (202, [("shop", "skipped"), ("peer", "new")])
    assert "Only administrators make test workloads" in answer.json()["documents"][0]["note"]
