"""The lab's own way to the objects."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from lab.apiserver import ApiError, ApiServer, Event
from tests.lab.apiserver.conftest import CRD, NAMESPACE, pod, router


@pytest.fixture
def server() -> ApiServer:
    server = ApiServer()
    server.load()
    server.store.add(yaml.safe_load(CRD.read_text()))
    server.store.create("namespaces", {"metadata": {"name": NAMESPACE}})
    return server


def test_writes_are_told_to_callbacks_until_they_are_cancelled(server: ApiServer) -> None:
    seen: list[tuple[str, str, Any]] = []

    def note(event: Event) -> None:
        port = event.old.manifest["spec"]["port"] if event.old else None
        seen.append((event.type, event.new.manifest["metadata"]["name"], port))

    cancel = server.store.watch(note, "routers")
    server.store.add(router("r1"))
    server.store.create("pods", pod("p1"))
    server.store.patch("routers", NAMESPACE, "r1", {"spec": {"port": 5}})
    server.store.delete("routers", NAMESPACE, "r1")
    cancel()
    server.store.add(router("r2"))
    assert seen == [("ADDED", "r1", None), ("MODIFIED", "r1", 179), ("DELETED", "r1", 5)]


def test_the_store_keeps_the_rules_of_the_api(server: ApiServer) -> None:
    with pytest.raises(ApiError, match=r"spec\.asn"):
        server.store.add(router("r1", asn=0))
    with pytest.raises(KeyError, match="not served"):
        server.store.add({"apiVersion": "v1", "kind": "Nothing"})
    with pytest.raises(KeyError, match="no resource type"):
        server.store.get("nothings", "", "x")


def test_a_status_comes_with_its_object_and_can_be_patched(server: ApiServer) -> None:
    made = server.store.add({**router("r1"), "status": {"a": 1}})
    assert made["status"] == {"a": 1}
    server.store.patch_status("routers", NAMESPACE, "r1", {"b": 2})
    found = server.store.get("routers", NAMESPACE, "r1")
    assert found is not None
    assert found["status"] == {"a": 1, "b": 2}
    assert "managedFields" not in found["metadata"]


def test_what_goes_in_is_copied(server: ApiServer) -> None:
    mine = router("r1")
    server.store.add(mine)
    mine["spec"]["asn"] = 1
    found = server.store.get("routers.lab.test", NAMESPACE, "r1")
    assert found is not None
    assert found["spec"]["asn"] == 64512


def test_lists_choose_by_selectors(server: ApiServer) -> None:
    for name, node in (("p1", "n1"), ("p2", "n2")):
        server.store.create("pods", pod(name, nodeName=node))
    found = server.store.list("pods", NAMESPACE, labels="component=speaker", fields="spec.nodeName=n2")
    assert [item["metadata"]["name"] for item in found] == ["p2"]


def test_replacing_checks_the_version(server: ApiServer) -> None:
    made = server.store.add(router("r1"))
    server.store.update("routers", made | {"spec": {"asn": 2}})
    with pytest.raises(ApiError, match="has been modified"):
        server.store.update("routers", made | {"spec": {"asn": 3}})
