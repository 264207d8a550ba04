"""Server-side apply: owners per field, conflicts, force, giving fields up, moving owners by hand."""

from __future__ import annotations

from typing import Any

import pytest

from tests.lab.apiserver.conftest import NAMESPACE, ROUTERS, Response, RunningServer, router

APPLY = "application/apply-patch+yaml"
MERGE = "application/merge-patch+json"


def apply(api: RunningServer, manager: str, spec: dict[str, Any], name: str = "r1", **more: Any) -> Response:
    metadata = more.pop("metadata", {})
    body = router(name)
    body["metadata"] |= metadata
    body["spec"] = spec
    return api.request("PATCH", f"{ROUTERS}/{name}", body, media=APPLY, fieldManager=manager, **more)


def owners(body: dict[str, Any]) -> dict[str, Any]:
    return {entry["manager"]: entry["fieldsV1"] for entry in body["metadata"]["managedFields"]}


def test_an_apply_creates_and_owns_what_it_names_only(api: RunningServer) -> None:
    made = apply(api, "a", {"asn": 1, "secret": {"name": "s"}, "selectors": [{}]}, metadata={"labels": {"x": "y"}})
    assert made.code == 201
    assert made.body["spec"]["port"] == 179
    fields: dict[str, Any] = {"f:asn": {}, "f:secret": {}, "f:selectors": {}}
    assert owners(made.body) == {"a": {"f:metadata": {"f:labels": {"f:x": {}}}, "f:spec": fields}}
    assert apply(api, "a", {"asn": 1, "secret": {"name": "s"}, "selectors": [{}]}).code == 200


def test_repeating_an_apply_changes_nothing(api: RunningServer) -> None:
    first, again = apply(api, "a", {"asn": 1}), apply(api, "a", {"asn": 1})
    assert first.body["metadata"]["resourceVersion"] == again.body["metadata"]["resourceVersion"]


def test_another_managers_field_is_a_conflict_with_its_name(api: RunningServer) -> None:
    apply(api, "a", {"asn": 1})
    answer = apply(api, "b", {"asn": 2})
    assert (answer.code, answer.body["reason"]) == (409, "Conflict")
    assert answer.message == 'Apply failed with 1 conflict: conflict with "a": .spec.asn'
    cause = {"reason": "FieldManagerConflict", "message": 'conflict with "a"', "field": ".spec.asn"}
    assert answer.body["details"]["causes"] == [cause]


def test_several_conflicts_are_listed_by_manager(api: RunningServer) -> None:
    api.request("POST", ROUTERS, router("r1", port=5), fieldManager="kubectl-create")
    answer = apply(api, "b", {"asn": 2, "port": 6})
    lines = 'conflicts with "kubectl-create" using lab.test/v2:\n- .spec.asn\n- .spec.port'
    assert answer.message == f"Apply failed with 2 conflicts: {lines}"


def test_the_same_value_is_owned_together(api: RunningServer) -> None:
    apply(api, "a", {"asn": 1, "port": 5})
    shared = apply(api, "b", {"asn": 1})
    assert shared.code == 200
    left = apply(api, "a", {"port": 5})
    assert left.body["spec"]["asn"] == 1
    assert "a" in owners(left.body)
    assert "f:asn" not in owners(left.body)["a"]["f:spec"]


def test_force_takes_the_field_over(api: RunningServer) -> None:
    apply(api, "a", {"asn": 1, "port": 5})
    forced = apply(api, "b", {"asn": 2}, force="true")
    assert forced.body["spec"]["asn"] == 2
    assert owners(forced.body) == {"a": {"f:spec": {"f:port": {}}}, "b": {"f:spec": {"f:asn": {}}}}


def test_a_field_that_is_given_up_is_gone(api: RunningServer) -> None:
    apply(api, "a", {"asn": 1, "address": "192.0.2.9", "secret": {"name": "s"}})
    spec = apply(api, "a", {"asn": 1}).body["spec"]
    assert spec == {"asn": 1, "port": 179}


def test_a_field_that_an_update_wrote_stays_when_the_applier_gives_it_up(api: RunningServer) -> None:
    api.request("POST", ROUTERS, router("r1"), fieldManager="console")
    apply(api, "a", {"asn": 64512, "address": "192.0.2.1"})
    kept = apply(api, "a", {"asn": 64512})
    assert kept.body["spec"]["address"] == "192.0.2.1"


def test_an_update_takes_the_field_from_its_applier(api: RunningServer) -> None:
    apply(api, "a", {"asn": 1})
    change = {"spec": {"asn": 2}}
    changed = api.request("PATCH", f"{ROUTERS}/r1", change, media=MERGE, fieldManager="kubectl-edit")
    assert owners(changed.body) == {"kubectl-edit": {"f:spec": {"f:asn": {}}}}
    assert apply(api, "a", {"asn": 1}).message == (
        'Apply failed with 1 conflict: conflict with "kubectl-edit" using lab.test/v2: .spec.asn'
    )


def test_an_update_that_removes_a_field_removes_its_owners(api: RunningServer) -> None:
    apply(api, "a", {"asn": 1, "address": "192.0.2.1"})
    change = {"spec": {"address": None}}
    changed = api.request("PATCH", f"{ROUTERS}/r1", change, media=MERGE, fieldManager="kubectl-edit")
    assert owners(changed.body) == {"a": {"f:spec": {"f:asn": {}}}}


def test_items_of_a_keyed_list_have_owners_of_their_own(api: RunningServer) -> None:
    apply(api, "a", {"asn": 1, "interfaces": [{"name": "eth0", "mtu": 1500}]})
    both = apply(api, "b", {"interfaces": [{"name": "eth0", "cost": 5}, {"name": "eth1"}], "tags": ["x"]})
    assert both.body["spec"]["interfaces"] == [{"name": "eth0", "mtu": 1500, "cost": 5}, {"name": "eth1"}]
    assert owners(both.body)["b"]["f:spec"] == {
        "f:interfaces": {
            'k:{"name":"eth0"}': {".": {}, "f:name": {}, "f:cost": {}},
            'k:{"name":"eth1"}': {".": {}, "f:name": {}},
        },
        "f:tags": {'v:"x"': {}},
    }
    left = apply(api, "b", {"tags": ["y"]}).body["spec"]
    assert (left["interfaces"], left["tags"]) == ([{"name": "eth0", "mtu": 1500}], ["y"])


def test_conflicts_inside_a_keyed_list_name_the_item(api: RunningServer) -> None:
    apply(api, "a", {"asn": 1, "interfaces": [{"name": "eth0", "mtu": 1500}]})
    answer = apply(api, "b", {"interfaces": [{"name": "eth0", "mtu": 9000}]})
    assert answer.message.endswith('conflict with "a": .spec.interfaces[name="eth0"].mtu')


def test_labels_are_owned_one_by_one(api: RunningServer) -> None:
    apply(api, "a", {"asn": 1}, metadata={"labels": {"a": "1"}})
    both = apply(api, "b", {}, metadata={"labels": {"b": "2"}})
    assert both.body["metadata"]["labels"] == {"a": "1", "b": "2"}
    left = apply(api, "b", {}, metadata={"annotations": {"c": "3"}})
    assert left.body["metadata"]["labels"] == {"a": "1"}


@pytest.mark.parametrize(
    ("guard", "code", "words"),
    [
        ({"resourceVersion": "1"}, 409, "the object has been modified"),
        ({"uid": "other"}, 422, "metadata.uid: Invalid value: \"other\": field is immutable"),
        ({"managedFields": [{}]}, 400, "metadata.managedFields must be nil"),
        ({"name": "other"}, 400, "does not match the name on the URL"),
    ],
)  # fmt: skip
def test_an_apply_is_guarded_by_what_it_carries(api: RunningServer, guard: Any, code: int, words: str) -> None:
    apply(api, "a", {"asn": 1})
    answer = apply(api, "a", {"asn": 2}, metadata=guard)
    assert answer.code == code
    assert words in answer.message
    assert api.request("GET", f"{ROUTERS}/r1").body["spec"]["asn"] == 1


def test_an_apply_with_a_uid_does_not_bring_a_deleted_object_back(api: RunningServer) -> None:
    answer = apply(api, "a", {"asn": 1}, metadata={"uid": "gone"})
    assert answer.code == 409
    assert "uid mismatch: the provided object specified uid gone, and no existing object was found" in answer.message
    assert api.request("GET", f"{ROUTERS}/r1").code == 404


def test_an_apply_with_the_right_guards_goes_through(api: RunningServer) -> None:
    made = apply(api, "a", {"asn": 1}).body["metadata"]
    guard = {"uid": made["uid"], "resourceVersion": made["resourceVersion"]}
    changed = apply(api, "a", {"asn": 2}, metadata=guard)
    assert (changed.code, changed.body["metadata"]["uid"]) == (200, made["uid"])


def test_an_apply_needs_a_manager_and_declared_fields(api: RunningServer) -> None:
    assert "fieldManager: Required value" in apply(api, "", {"asn": 1}).message
    unknown = apply(api, "a", {"asn": 1, "foo": 1})
    assert (unknown.code, unknown.body.get("reason")) == (500, None)
    assert unknown.message.endswith(".spec.foo: field not declared in schema")


def test_the_first_apply_over_an_unmanaged_object_meets_a_stand_in(api: RunningServer) -> None:
    api.call(api.server.store.create, "routers", router("r1"))
    answer = apply(api, "a", {"asn": 2})
    assert 'conflict with "before-first-apply" using lab.test/v2: .spec.asn' in answer.message


def test_owners_can_be_moved_by_json_patch(api: RunningServer) -> None:
    """As client-go's csaupgrade moves the fields of client-side apply to an applier."""
    made = api.request("POST", ROUTERS, router("r1"), fieldManager="kubectl-client-side-apply").body
    entries = made["metadata"]["managedFields"]
    entries[0] |= {"manager": "bgpui", "operation": "Apply"}
    operations = [
        {"op": "replace", "path": "/metadata/managedFields", "value": entries},
        {"op": "replace", "path": "/metadata/resourceVersion", "value": made["metadata"]["resourceVersion"]},
    ]
    moved = api.request("PATCH", f"{ROUTERS}/r1", operations, media="application/json-patch+json", fieldManager="x")
    assert list(owners(moved.body)) == ["bgpui"]
    spec = apply(api, "bgpui", {"asn": 7}).body["spec"]
    assert spec == {"asn": 7, "port": 179}


def test_one_empty_entry_clears_the_owners_and_an_empty_list_does_not(api: RunningServer) -> None:
    apply(api, "a", {"asn": 1})
    kept = api.request("PATCH", f"{ROUTERS}/r1", {"metadata": {"managedFields": []}}, media=MERGE)
    cleared = api.request("PATCH", f"{ROUTERS}/r1", {"metadata": {"managedFields": [{}]}}, media=MERGE)
    assert list(owners(kept.body)) == ["a"]
    assert "managedFields" not in cleared.body["metadata"]


def test_a_status_writer_owns_the_status_apart(api: RunningServer) -> None:
    apply(api, "a", {"asn": 1})
    status = {"status": {"ready": True}}
    written = api.request("PATCH", f"{ROUTERS}/r1/status", status, media=MERGE, fieldManager="controller").body
    entry = written["metadata"]["managedFields"][1]
    assert (entry["manager"], entry["subresource"]) == ("controller", "status")
    assert apply(api, "a", {"asn": 2}).body["status"] == {"ready": True}


def test_containers_of_a_pod_are_applied_by_name(api: RunningServer) -> None:
    path = f"/api/v1/namespaces/{NAMESPACE}/pods/speaker-1"
    body = {"spec": {"containers": [{"name": "frr", "env": [{"name": "A", "value": "1"}]}]}}
    answer = api.request("PATCH", path, body, media=APPLY, fieldManager="a", dryRun="All", force="true").body
    assert [container["name"] for container in answer["spec"]["containers"]] == ["frr", "speaker"]
    assert answer["spec"]["containers"][0]["image"] == "frr"
