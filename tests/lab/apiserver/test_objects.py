"""Create, read, replace, patch and delete over HTTP, with the real server's codes and words."""

from __future__ import annotations

from typing import Any

import pytest

from tests.lab.apiserver.conftest import NAMESPACE, ROUTERS, RunningServer, router

MERGE = "application/merge-patch+json"
JSON_PATCH = "application/json-patch+json"


def create(api: RunningServer, name: str = "r1", **spec: Any) -> dict[str, Any]:
    made = api.request("POST", ROUTERS, router(name, **spec))
    assert made.code == 201, made
    return made.body


def test_a_new_object_gets_identity_defaults_and_owner(api: RunningServer) -> None:
    made = create(api)
    metadata = made["metadata"]
    assert made["spec"]["port"] == 179
    assert metadata["generation"] == 1
    assert {"uid", "resourceVersion", "creationTimestamp"} <= metadata.keys()
    assert metadata["managedFields"][0]["operation"] == "Update"


def test_a_generated_name_starts_with_its_prefix(api: RunningServer) -> None:
    body = router("x")
    body["metadata"] = {"generateName": "gen-"}
    assert api.request("POST", ROUTERS, body).body["metadata"]["name"].startswith("gen-")


def test_generation_counts_changes_of_the_spec_only(api: RunningServer) -> None:
    create(api)
    path = f"{ROUTERS}/r1"
    labelled = api.request("PATCH", path, {"metadata": {"labels": {"a": "b"}}}, media=MERGE).body
    changed = api.request("PATCH", path, {"spec": {"port": 1790}}, media=MERGE).body
    assert (labelled["metadata"]["generation"], changed["metadata"]["generation"]) == (1, 2)


def test_a_write_that_changes_nothing_keeps_the_version(api: RunningServer) -> None:
    made = create(api)
    same = api.request("PATCH", f"{ROUTERS}/r1", {"spec": {"asn": 64512}}, media=MERGE).body
    assert same["metadata"]["resourceVersion"] == made["metadata"]["resourceVersion"]


def test_the_status_is_written_through_its_own_path_only(api: RunningServer) -> None:
    create(api)
    change = {"spec": {"port": 1}, "status": {"ok": True}}
    through_status = api.request("PATCH", f"{ROUTERS}/r1/status", change, media=MERGE).body
    through_main = api.request("PATCH", f"{ROUTERS}/r1", {"status": {"ok": False}}, media=MERGE).body
    assert (through_status["status"], through_status["spec"]["port"]) == ({"ok": True}, 179)
    assert through_main["status"] == {"ok": True}


@pytest.mark.parametrize(
    ("operations", "code"),
    [
        ([{"op": "replace", "path": "/spec/port", "value": 7}], 200),
        ([{"op": "test", "path": "/spec/port", "value": 8}], 422),
        ([{"op": "remove", "path": "/spec/none"}], 422),
        ({"op": "add"}, 400),
        ([{"op": "add", "path": "spec", "value": 1}], 422),
    ],
)
def test_json_patches_apply_or_say_why_not(api: RunningServer, operations: Any, code: int) -> None:
    create(api)
    assert api.request("PATCH", f"{ROUTERS}/r1", operations, media=JSON_PATCH).code == code


def test_a_custom_resource_takes_no_strategic_patch(api: RunningServer) -> None:
    create(api)
    answer = api.request("PATCH", f"{ROUTERS}/r1", {}, media="application/strategic-merge-patch+json")
    assert (answer.code, answer.body["reason"]) == (415, "UnsupportedMediaType")


def test_a_strategic_patch_merges_containers_by_name(api: RunningServer) -> None:
    path = f"/api/v1/namespaces/{NAMESPACE}/pods/speaker-1"
    patch = {"spec": {"containers": [{"name": "frr", "image": "frr:2"}]}}
    answer = api.request("PATCH", path, patch, media="application/strategic-merge-patch+json", dryRun="All")
    assert [c["image"] for c in answer.body["spec"]["containers"]] == ["frr:2", "speaker"]


STALE = "the object has been modified; please apply your changes to the latest version and try again"


def put(body: dict[str, Any], **metadata: Any) -> dict[str, Any]:
    return body | {"metadata": body["metadata"] | metadata}


@pytest.mark.parametrize(
    ("changes", "code", "words"),
    [
        ({"resourceVersion": "1"}, 409, STALE),
        ({"uid": "other"}, 409, "Precondition failed: UID in precondition: other"),
        ({"name": "other"}, 400, "the name of the object (other) does not match the name on the URL (r1)"),
        ({"namespace": "default"}, 400, "does not match the namespace on the URL"),
    ],
)
def test_a_replacement_must_fit_what_is_there(api: RunningServer, changes: Any, code: int, words: str) -> None:
    answer = api.request("PUT", f"{ROUTERS}/r1", put(create(api), **changes))
    assert answer.code == code
    assert words in answer.message


def test_a_custom_resource_is_not_replaced_blindly(api: RunningServer) -> None:
    create(api)
    answer = api.request("PUT", f"{ROUTERS}/r1", router("r1"))
    assert answer.code == 422
    assert "metadata.resourceVersion: Invalid value: 0x0: must be specified for an update" in answer.message


def test_a_patch_with_an_old_version_is_a_conflict(api: RunningServer) -> None:
    create(api)
    answer = api.request("PATCH", f"{ROUTERS}/r1", {"metadata": {"resourceVersion": "1"}}, media=MERGE)
    assert answer.code == 409
    assert answer.message == f'Operation cannot be fulfilled on routers.lab.test "r1": {STALE}'


def test_missing_and_repeated_objects_are_named(api: RunningServer) -> None:
    create(api)
    again, missing = api.request("POST", ROUTERS, router("r1")), api.request("GET", f"{ROUTERS}/none")
    assert (again.code, again.body["reason"], again.message) == (
        409,
        "AlreadyExists",
        'routers.lab.test "r1" already exists',
    )
    assert (missing.code, missing.body["reason"], missing.message) == (
        404,
        "NotFound",
        'routers.lab.test "none" not found',
    )
    assert missing.body["details"] == {"name": "none", "group": "lab.test", "kind": "routers"}


@pytest.mark.parametrize(
    ("method", "path", "body", "code", "words"),
    [
        ("POST", "/apis/lab.test/v2/namespaces/none/routers", {"spec": {"asn": 1}}, 404, 'namespaces "none" not found'),
        ("POST", "/apis/lab.test/v2/routers", {}, 405, "does not allow this method"),
        ("GET", "/apis/none/v1/things", None, 404, "could not find the requested resource"),
        ("GET", f"{ROUTERS}/r1/scale", None, 404, "could not find the requested resource"),
        ("POST", ROUTERS, {"kind": "Other"}, 400, "the kind in the data (Other)"),
        ("POST", ROUTERS, {"apiVersion": "lab.test/v1"}, 400, "does not match the expected API version"),
        ("POST", ROUTERS, [1], 400, "cannot be handled as a Router"),
        ("POST", ROUTERS, {"metadata": {"name": "a", "namespace": "b"}}, 400, "namespace sent on the request"),
        ("POST", ROUTERS, {"metadata": {"name": 1}}, 400, "cannot unmarshal number into Go struct field"),
        ("POST", ROUTERS, {"metadata": {"labels": {"a": 1}}}, 400, "ObjectMeta.metadata.labels of type string"),
        ("POST", ROUTERS, {"metadata": {"name": "a", "resourceVersion": "5"}}, 500, "should not be set"),
    ],
)
def test_misplaced_requests_are_refused_in_words(
    api: RunningServer, method: str, path: str, body: Any, code: int, words: str
) -> None:
    answer = api.request(method, path, body)
    assert answer.code == code, answer
    assert words in answer.message


def test_a_dry_run_answers_as_the_real_thing_and_keeps_nothing(api: RunningServer) -> None:
    assert api.request("POST", ROUTERS, router("dry"), dryRun="All").code == 201
    assert api.request("GET", f"{ROUTERS}/dry").code == 404
    assert api.request("POST", ROUTERS, router("dry", asn=0), dryRun="All").code == 422
    create(api)
    changed = api.request("PATCH", f"{ROUTERS}/r1", {"spec": {"port": 5}}, media=MERGE, dryRun="All").body
    assert (changed["spec"]["port"], changed["metadata"]["generation"]) == (5, 2)
    assert api.request("DELETE", f"{ROUTERS}/r1", dryRun="All").code == 200
    assert api.request("GET", f"{ROUTERS}/r1").body["spec"]["port"] == 179
    # Where there is a body, the API server does not read the query of a DELETE (apiserver, handlers/delete.go).
    assert api.request("DELETE", f"{ROUTERS}/r1", {"kind": "DeleteOptions"}, dryRun="All").code == 200
    assert api.request("GET", f"{ROUTERS}/r1").code == 404


@pytest.mark.parametrize(
    ("mode", "code", "where"),
    [
        (
            "Strict",
            400,
            'Router in version "v2" cannot be handled as a Router: strict decoding error: unknown field "spec.foo"',
        ),
        ("Warn", 201, 'unknown field \\"spec.foo\\"'),
        ("", 201, 'unknown field \\"spec.foo\\"'),
        ("Ignore", 201, ""),
    ],
)
def test_unknown_fields_are_refused_warned_about_or_dropped(
    api: RunningServer, mode: str, code: int, where: str
) -> None:
    answer = api.request("POST", ROUTERS, router("r1", foo=1), fieldValidation=mode)
    assert answer.code == code
    assert where in (answer.message if code == 400 else answer.warning)
    assert "foo" not in answer.body.get("spec", {})


def test_an_older_version_shows_the_same_object_less_what_it_does_not_know(api: RunningServer) -> None:
    create(api)
    old = api.request("GET", ROUTERS.replace("/v2/", "/v1/") + "/r1")
    assert old.warning == '299 - "v1 is deprecated, use v2"'
    assert (old.body["apiVersion"], old.body["spec"]) == ("lab.test/v1", {"asn": 64512, "address": "192.0.2.1"})
    body = router("old") | {"apiVersion": "lab.test/v1"}
    assert api.request("POST", ROUTERS.replace("/v2/", "/v1/"), body).body["apiVersion"] == "lab.test/v1"
    assert api.request("GET", f"{ROUTERS}/old").body["spec"]["port"] == 179


def test_a_body_beyond_three_megabytes_is_too_large(api: RunningServer) -> None:
    answer = api.request("POST", ROUTERS, router("r1", address="x" * (3 << 20)))
    assert (answer.code, answer.body["reason"]) == (413, "RequestEntityTooLarge")


def test_a_secret_takes_plain_text_and_keeps_its_type(api: RunningServer) -> None:
    secrets = f"/api/v1/namespaces/{NAMESPACE}/secrets"
    body = {"metadata": {"name": "s1"}, "type": "kubernetes.io/basic-auth", "stringData": {"password": "p"}}
    made = api.request("POST", secrets, body)
    assert made.body["data"] == {"password": "cA=="}
    assert "stringData" not in made.body
    assert api.request("PATCH", f"{secrets}/s1", {"type": "Opaque"}, media=MERGE).code == 422
    bad: list[dict[str, Any]] = [{"data": {"a": "?"}}, {"type": "kubernetes.io/basic-auth"}, {"data": {"a b": ""}}]
    codes = [api.request("POST", secrets, {"metadata": {"name": "s2"}, **part}).code for part in bad]
    assert codes == [400, 422, 422]
    assert api.request("DELETE", f"{secrets}/s1").code == 200
