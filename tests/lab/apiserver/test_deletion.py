"""Deletion: finalizers, preconditions, dependents, namespaces, definitions."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from tests.lab.apiserver.conftest import CRD, NAMESPACE, ROUTERS, RunningServer, router

MERGE = "application/merge-patch+json"
DEFINITIONS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"


def create(api: RunningServer, name: str = "r1", **metadata: Any) -> dict[str, Any]:
    body = router(name)
    body["metadata"] |= metadata
    return api.request("POST", ROUTERS, body).body


def test_a_deletion_answers_with_a_status(api: RunningServer) -> None:
    uid = create(api)["metadata"]["uid"]
    gone = api.request("DELETE", f"{ROUTERS}/r1").body
    assert gone["status"] == "Success"
    assert gone["details"] == {"name": "r1", "group": "lab.test", "kind": "routers", "uid": uid}
    assert api.request("DELETE", f"{ROUTERS}/r1").code == 404


def test_finalizers_hold_an_object_until_they_are_gone(api: RunningServer) -> None:
    create(api, finalizers=["lab.test/hold"])
    held = api.request("DELETE", f"{ROUTERS}/r1").body
    assert held["metadata"]["deletionTimestamp"]
    assert held["metadata"]["generation"] == 2
    more = {"metadata": {"finalizers": ["lab.test/hold", "lab.test/new"]}}
    refused = api.request("PATCH", f"{ROUTERS}/r1", more, media=MERGE)
    assert "no new finalizers can be added if the object is being deleted" in refused.message
    api.request("PATCH", f"{ROUTERS}/r1", {"metadata": {"finalizers": []}}, media=MERGE)
    assert api.request("GET", f"{ROUTERS}/r1").code == 404


@pytest.mark.parametrize("precondition", [{"uid": "other"}, {"resourceVersion": "1"}])
def test_a_deletion_keeps_to_its_preconditions(api: RunningServer, precondition: dict[str, str]) -> None:
    create(api)
    answer = api.request("DELETE", f"{ROUTERS}/r1", {"preconditions": precondition})
    assert answer.code == 409
    assert "Precondition failed" in answer.message


@pytest.mark.parametrize(("policy", "stays"), [("Background", False), ("Foreground", False), ("Orphan", True)])
def test_dependents_go_with_their_owner_unless_orphaned(api: RunningServer, policy: str, stays: bool) -> None:
    owner = create(api, "owner")
    reference = {"apiVersion": "lab.test/v2", "kind": "Router", "name": "owner", "uid": owner["metadata"]["uid"]}
    create(api, "owned", ownerReferences=[reference])
    api.request("DELETE", f"{ROUTERS}/owner", {"propagationPolicy": policy})
    left = api.request("GET", f"{ROUTERS}/owned")
    assert (left.code == 200) is stays
    assert "ownerReferences" not in left.body.get("metadata", {})


def test_a_namespace_goes_with_everything_in_it(api: RunningServer) -> None:
    api.request("POST", "/api/v1/namespaces", {"metadata": {"name": "short"}})
    inside = "/apis/lab.test/v2/namespaces/short/routers"
    for name, finalizers in (("free", []), ("held", ["lab.test/hold"])):
        body = router(name)
        body["metadata"] |= {"namespace": "short", "finalizers": finalizers}
        api.request("POST", inside, body)
    deleted = api.request("DELETE", "/api/v1/namespaces/short").body
    assert deleted["status"]["phase"] == "Terminating"
    assert api.request("GET", f"{inside}/free").code == 404
    late = api.request("POST", inside, router("late") | {"metadata": {"name": "late"}})
    assert (late.code, late.body["reason"]) == (403, "Forbidden")
    assert "unable to create new content in namespace short because it is being terminated" in late.message
    api.request("PATCH", f"{inside}/held", {"metadata": {"finalizers": None}}, media=MERGE)
    assert api.request("GET", "/api/v1/namespaces/short").code == 404


def test_the_default_namespace_cannot_be_deleted(api: RunningServer) -> None:
    assert api.request("DELETE", "/api/v1/namespaces/default").code == 403


def test_a_definition_serves_its_type_until_it_is_deleted(api: RunningServer) -> None:
    crd = yaml.safe_load(CRD.read_text().replace("lab.test", "other.test"))
    made = api.request("POST", DEFINITIONS, crd)
    assert {c["type"]: c["status"] for c in made.body["status"]["conditions"]}["Established"] == "True"
    body = router("r1") | {"apiVersion": "other.test/v2"}
    path = f"/apis/other.test/v2/namespaces/{NAMESPACE}/routers"
    assert api.request("POST", path, body).code == 201
    assert api.request("GET", "/apis/other.test").body["preferredVersion"]["version"] == "v2"
    api.request("DELETE", f"{DEFINITIONS}/routers.other.test")
    assert api.request("GET", path).code == 404
    assert api.request("GET", "/apis/other.test").code == 404


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"names": {"plural": "wrong", "kind": "Router"}}, "must be spec.names.plural"),
        ({"versions": []}, "spec.versions"),
        ({"scope": "Galaxy"}, "spec.scope: Unsupported value"),
        ({"versions": [{"name": "v1", "served": True, "storage": True}]}, "schemas are required"),
    ],
)
def test_a_wrong_definition_is_refused(api: RunningServer, change: dict[str, Any], words: str) -> None:
    crd = yaml.safe_load(CRD.read_text().replace("lab.test", "wrong.test"))
    crd["spec"] |= change
    answer = api.request("POST", DEFINITIONS, crd)
    assert answer.code == 422
    assert words in answer.message
