"""Documents of an import: where they stand in JSON, and what is left out for whom."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from pytest_django import Settings
from rest_framework.test import APIClient

from clusters.api.documents import json_document
from clusters.kube.permissions import workload_needs
from clusters.models import Cluster, Namespace
from tests.api.manifests import manifest
from tests.api.test_import_export import post, stream, told
from tests.pages.services import a_service


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


def _plain(kind: str, name: str, **metadata: str) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": kind, "metadata": {"name": name, **metadata}, "spec": {}}


def test_a_namespace_or_service_that_stands_is_left_as_it_is(
    as_role: Callable[[str], APIClient], live_cluster: Cluster, settings: Settings
) -> None:
    """Also for who may make a test workload; what is in the namespace is tried, since nothing waits for it."""
    settings.BGPUI_TEST_WORKLOADS = (live_cluster.name,)
    Cluster.objects.update(permissions=[{**need.as_dict(), "allowed": True} for need in workload_needs()])
    Namespace.objects.create(cluster=live_cluster, name=live_cluster.namespace)
    a_service(live_cluster, "web", "203.0.113.7", namespace="shop")
    documents = [_plain("Namespace", live_cluster.namespace), _plain("Service", "web", namespace="shop"), manifest()]
    admin = as_role("admin")
    answer = post(admin, stream(*documents), query="?dry_run=true")
    left = [("metallb-system", "skipped"), ("web", "skipped"), ("peer", "new")]
    assert (answer.status_code, told(answer)) == (200, left)
    assert "is in the cluster already and left as it is" in answer.json()["documents"][0]["note"]
    assert [item["dryRun"]["ok"] for item in answer.json()["review"]["objects"]] == [True]
    homeless = post(admin, stream(_plain("Service", "web"), manifest()), query="?dry_run=true")
    assert (homeless.status_code, told(homeless)) == (200, [("web", "skipped"), ("peer", "new")])
    assert "it names no namespace" in homeless.json()["documents"][0]["note"]
