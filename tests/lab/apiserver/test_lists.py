"""Lists: selectors, pages, tables."""

from __future__ import annotations

from typing import Any

import pytest

from lab.apiserver.resources import Resource
from lab.apiserver.tables import table
from tests.lab.apiserver.conftest import NAMESPACE, ROUTERS, RunningServer, pod, router

PODS = f"/api/v1/namespaces/{NAMESPACE}/pods"


def names(body: dict[str, Any]) -> list[str]:
    return [item["metadata"]["name"] for item in body["items"]]


@pytest.fixture
def labelled(api: RunningServer) -> RunningServer:
    for name, labels in (("a", {"env": "prod", "tier": "1"}), ("b", {"env": "test"}), ("c", {})):
        body = router(name)
        body["metadata"]["labels"] = labels
        api.request("POST", ROUTERS, body)
    return api


@pytest.mark.parametrize(
    ("selector", "expected"),
    [
        ("", ["a", "b", "c"]),
        ("env=prod", ["a"]),
        ("env==prod", ["a"]),
        ("env!=prod", ["b", "c"]),
        ("env in (prod, test),tier", ["a"]),
        ("env notin (prod)", ["b", "c"]),
        ("!env", ["c"]),
        ("env", ["a", "b"]),
        ("env=prod,tier!=1", []),
    ],
)
def test_label_selectors_choose(labelled: RunningServer, selector: str, expected: list[str]) -> None:
    assert names(labelled.request("GET", ROUTERS, labelSelector=selector).body) == expected


@pytest.mark.parametrize(
    "query", [{"labelSelector": "a b"}, {"fieldSelector": "spec.asn=1"}, {"fieldSelector": "x"}, {"limit": "x"}]
)
def test_a_wrong_query_is_a_bad_request(labelled: RunningServer, query: dict[str, str]) -> None:
    assert labelled.request("GET", ROUTERS, **query).code == 400


def test_field_selectors_choose(labelled: RunningServer) -> None:
    assert names(labelled.request("GET", ROUTERS, fieldSelector="metadata.name=b").body) == ["b"]
    assert names(labelled.request("GET", PODS, fieldSelector="spec.nodeName=node-1,status.phase!=Failed").body) == [
        "speaker-1"
    ]
    assert names(labelled.request("GET", PODS, fieldSelector="spec.nodeName=node-2").body) == []


def test_pages_show_the_list_as_it_was_at_the_first_page(labelled: RunningServer) -> None:
    first = labelled.request("GET", ROUTERS, limit="1").body
    assert (names(first), first["metadata"]["remainingItemCount"]) == (["a"], 2)
    labelled.request("DELETE", f"{ROUTERS}/b")
    labelled.request("POST", ROUTERS, router("bb"))
    token = first["metadata"]["continue"]
    second = labelled.request("GET", ROUTERS, limit="1", **{"continue": token}).body
    third = labelled.request("GET", ROUTERS, limit="5", **{"continue": second["metadata"]["continue"]}).body
    assert (names(second), names(third)) == (["b"], ["c"])
    assert "continue" not in third["metadata"]
    assert names(labelled.request("GET", ROUTERS).body) == ["a", "bb", "c"]


def test_a_continue_token_is_checked(api: RunningServer) -> None:
    assert api.request("GET", ROUTERS, **{"continue": "?"}).code == 400


def test_a_list_over_all_namespaces_names_its_kind(labelled: RunningServer) -> None:
    listed = labelled.request("GET", "/apis/lab.test/v2/routers").body
    assert (listed["kind"], listed["apiVersion"]) == ("RouterList", "lab.test/v2")
    assert listed["metadata"]["resourceVersion"].isdigit()


def test_a_table_has_the_columns_of_the_type(api: RunningServer) -> None:
    api.request("POST", ROUTERS, router("r1"))
    ready = {"status": {"conditions": [{"type": "Other", "status": "x"}, {"type": "Ready", "status": "True"}]}}
    api.request("PATCH", f"{ROUTERS}/r1/status", ready, media="application/merge-patch+json")
    table = api.request("GET", ROUTERS, accept="application/json;as=Table;v=v1;g=meta.k8s.io").body
    assert [column["name"] for column in table["columnDefinitions"]] == ["Name", "Address", "State"]
    assert table["rows"][0]["cells"] == ["r1", "192.0.2.1", "True"]
    assert table["rows"][0]["object"]["kind"] == "PartialObjectMetadata"


def test_deleting_a_collection_takes_what_matches(labelled: RunningServer) -> None:
    gone = labelled.request("DELETE", ROUTERS, labelSelector="env").body
    assert names(gone) == ["a", "b"]
    assert names(labelled.request("GET", ROUTERS).body) == ["c"]


def test_a_pod_table_counts_ready_containers(api: RunningServer) -> None:
    body = pod("p2")
    body["status"]["containerStatuses"][0]["state"] = {"waiting": {"reason": "CrashLoopBackOff"}}
    api.call(api.server.store.create, "pods", body)
    table = api.request("GET", f"{PODS}/p2", accept="application/json;as=Table;v=v1;g=meta.k8s.io").body
    api.call(api.server.store.delete, "pods", NAMESPACE, "p2")
    assert table["rows"][0]["cells"][:4] == ["p2", "1/2", "CrashLoopBackOff", "0"]


def test_a_column_shows_what_is_no_text_as_json() -> None:
    column = {"name": "Addresses", "jsonPath": ".spec.addresses", "type": "string"}
    kind = Resource("lab.test", "v1", "ranges", "Range", custom=True, columns=(column,))
    manifest = {"metadata": {"name": "a"}, "spec": {"addresses": ["192.0.2.0/24", "2001:db8::/64"]}}
    (row,) = table(kind, [manifest], {})["rows"]
    assert row["cells"] == ["a", '["192.0.2.0/24","2001:db8::/64"]']
