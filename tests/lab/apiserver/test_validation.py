"""Schema, rules and metadata: what is refused, where, and in which words."""

from __future__ import annotations

from typing import Any

import pytest

from tests.lab.apiserver.conftest import ROUTERS, RunningServer, router

MERGE = "application/merge-patch+json"
ABSENT = object()
TYPE, VALUE = "FieldValueTypeInvalid", "FieldValueInvalid"


@pytest.mark.parametrize(
    ("field", "value", "reason", "message"),
    [
        ("asn", "x", TYPE, 'Invalid value: "string": spec.asn in body must be of type integer: "string"'),
        ("asn", True, TYPE, 'Invalid value: "boolean": spec.asn in body must be of type integer: "boolean"'),
        ("tags", [None], TYPE, 'Invalid value: "null": spec.tags[0] in body must be of type string: "null"'),
        ("asn", 0, VALUE, "Invalid value: 0: spec.asn in body should be greater than or equal to 1"),
        ("asn", 2**32, VALUE, f"Invalid value: {2**32}: spec.asn in body should be less than or equal to {2**32 - 1}"),
        ("asn", ABSENT, "FieldValueRequired", "Required value"),
        ("mode", "x", "FieldValueNotSupported", 'Unsupported value: "x": supported values: "internal", "external"'),
        ("connectTime", "0s", VALUE, 'Invalid value: "0s": connect time should be between 1 seconds to 65535'),
        ("connectTime", "1.5s", VALUE, 'Invalid value: "1.5s": connect time should contain a whole number of seconds'),
    ],
)
def test_a_broken_rule_is_a_cause_with_its_field(
    api: RunningServer, field: str, value: Any, reason: str, message: str
) -> None:
    body = router("r1", **{field: value})
    if value is ABSENT:
        del body["spec"][field]
    answer = api.request("POST", ROUTERS, body)
    assert (answer.code, answer.body["reason"]) == (422, "Invalid")
    cause = answer.body["details"]["causes"][0]
    assert (cause["reason"], cause["message"]) == (reason, message)
    assert cause["field"].startswith(f"spec.{field}")
    assert answer.message.startswith('Router.lab.test "r1" is invalid: ')


def test_rules_wait_until_the_shape_is_right(api: RunningServer) -> None:
    answer = api.request("POST", ROUTERS, router("r1", asn="x", connectTime="0s"))
    assert [cause["field"] for cause in answer.body["details"]["causes"]] == ["spec.asn", "<nil>"]
    assert "some validation rules were not checked because the object was invalid" in answer.message


def test_several_broken_rules_come_together(api: RunningServer) -> None:
    answer = api.request("POST", ROUTERS, router("r1", asn=0, connectTime="500ms"))
    assert len(answer.body["details"]["causes"]) == 3
    assert "is invalid: [spec.asn: Invalid value: 0: " in answer.message


@pytest.mark.parametrize(
    ("before", "after", "code"),
    [(True, False, 422), (True, True, 200), (ABSENT, True, 200), (True, None, 200)],
)
def test_a_transition_rule_needs_both_values(api: RunningServer, before: Any, after: Any, code: int) -> None:
    """A field that is added or removed has no former self: that is how an immutable field can be got around."""
    api.request("POST", ROUTERS, router("r1", **({} if before is ABSENT else {"graceful": before})))
    assert api.request("PATCH", f"{ROUTERS}/r1", {"spec": {"graceful": after}}, media=MERGE).code == code


def test_what_was_wrong_before_may_stay_when_something_else_changes(api: RunningServer) -> None:
    store = api.server.store
    api.call(store.create, "routers", router("r1"))
    stored = api.call(store.get, "routers", "metallb-system", "r1")
    assert stored is not None
    stored["spec"]["connectTime"] = "0s"  # as if the rule had come later than the object
    assert api.request("PATCH", f"{ROUTERS}/r1", {"spec": {"port": 5}}, media=MERGE).code == 200
    assert api.request("PATCH", f"{ROUTERS}/r1", {"spec": {"connectTime": "0.5s"}}, media=MERGE).code == 422


@pytest.mark.parametrize(
    ("metadata", "words"),
    [
        ({"name": "Upper"}, "a lowercase RFC 1123 subdomain must consist of"),
        ({"name": "a" * 254}, "must be no more than 253 bytes"),
        ({"name": ""}, "name or generateName is required"),
        ({"name": "a", "labels": {"a b": "c"}}, "name part must consist of"),
        ({"name": "a", "labels": {"a": "b c"}}, "a valid label must be an empty string or consist of"),
        ({"name": "a", "labels": {"A_B/c": "d"}}, "prefix part"),
        ({"name": "a", "annotations": {"a": "x" * 262145}}, "may not be more than 262144 bytes"),
        ({"name": "a", "ownerReferences": [{"kind": "x"}]}, "uid must not be empty"),
    ],
)
def test_metadata_follows_the_rules_of_kubernetes(api: RunningServer, metadata: dict[str, Any], words: str) -> None:
    answer = api.request("POST", ROUTERS, router("x") | {"metadata": metadata})
    assert answer.code == 422
    assert words in answer.message


def test_lists_with_keys_have_no_repeated_items(api: RunningServer) -> None:
    body = router("r1", interfaces=[{"name": "a"}, {"name": "a"}], tags=["x", "x"])
    causes = api.request("POST", ROUTERS, body).body["details"]["causes"]
    assert [cause["field"] for cause in causes] == ["spec.interfaces[1]", "spec.tags[1]"]


def test_a_definition_with_rules_that_are_not_enforced_says_so(api: RunningServer) -> None:
    schema = {"type": "object", "x-kubernetes-validations": [{"rule": "self.a > 1"}]}
    version = {"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": schema}}
    names = {"plural": "odds", "kind": "Odd"}
    spec = {"group": "odd.test", "scope": "Cluster", "names": names, "versions": [version]}
    body = {"metadata": {"name": "odds.odd.test"}, "spec": spec}
    answer = api.request("POST", "/apis/apiextensions.k8s.io/v1/customresourcedefinitions", body, dryRun="All")
    assert "does not enforce the rule self.a > 1" in answer.warning


def test_a_null_counts_as_absent(api: RunningServer) -> None:
    spec = api.request("POST", ROUTERS, router("r1", port=None, address=None)).body["spec"]
    assert spec == {"asn": 64512, "port": 179}
