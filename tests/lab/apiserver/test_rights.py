"""Tokens, rights, and the reviews with which a client asks about them."""

from __future__ import annotations

from typing import Any

import pytest

from lab.apiserver import Rule, User
from tests.lab.apiserver.conftest import NAMESPACE, ROUTERS, RunningServer, router

EXEC = f"/api/v1/namespaces/{NAMESPACE}/pods/speaker-1/exec"
REVIEWS = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"


@pytest.mark.parametrize("token", ["", "wrong"])
def test_without_a_known_token_everything_is_unauthorized(api: RunningServer, token: str) -> None:
    answer = api.request("GET", ROUTERS, token=token)
    assert (answer.code, answer.body["reason"], answer.message) == (401, "Unauthorized", "Unauthorized")


@pytest.mark.parametrize("path", ["/version", "/healthz", "/readyz", "/livez"])
def test_health_and_version_are_open(api: RunningServer, path: str) -> None:
    assert api.request("GET", path, token="").code == 200


@pytest.mark.parametrize(
    ("method", "path", "words"),
    [
        ("POST", ROUTERS, 'routers.lab.test|create resource "routers" in API group "lab.test"|here'),
        (
            "DELETE",
            f"{ROUTERS}/r1",
            'routers.lab.test "r1"|delete resource "routers" in API group "lab.test"|here',
        ),
        (
            "DELETE",
            "/api/v1/namespaces/x",
            'namespaces "x"|delete resource "namespaces" in API group ""|cluster',
        ),
        ("POST", EXEC, 'pods "speaker-1"|create resource "pods/exec" in API group ""|here'),
    ],
)
def test_a_reader_is_told_what_it_may_not_do(api: RunningServer, method: str, path: str, words: str) -> None:
    answer = api.request(method, path, {}, token="look-token")
    what, act, scope = words.split("|")
    where = f'in the namespace "{NAMESPACE}"' if scope == "here" else "at the cluster scope"
    message = f'{what} is forbidden: User "viewer" cannot {act} {where}'
    assert (answer.code, answer.body["reason"], answer.message) == (403, "Forbidden", message)


def test_a_reader_may_read(api: RunningServer) -> None:
    assert api.request("GET", ROUTERS, token="look-token").code == 200


def test_an_apply_that_creates_needs_the_right_to_create(api: RunningServer) -> None:
    api.server.tokens.add("patch-token", User("patcher", (Rule(verbs=("get", "patch")),)))
    media = "application/apply-patch+yaml"
    answer = api.request("PATCH", f"{ROUTERS}/r1", router("r1"), media=media, fieldManager="a", token="patch-token")
    api.server.tokens.remove("patch-token")
    assert answer.code == 403
    assert "cannot create" in answer.message


@pytest.mark.parametrize(
    ("token", "attributes", "allowed"),
    [
        ("admin-token", {"verb": "create", "resource": "pods", "subresource": "exec"}, True),
        ("no-exec-token", {"verb": "create", "resource": "pods", "subresource": "exec", "namespace": NAMESPACE}, False),
        ("no-exec-token", {"verb": "get", "resource": "pods"}, True),
        ("look-token", {"verb": "list", "group": "metallb.io", "resource": "bgppeers"}, True),
        ("look-token", {"verb": "patch", "group": "metallb.io", "resource": "bgppeers"}, False),
    ],
)
def test_an_access_review_tells_what_would_be_allowed(
    api: RunningServer, token: str, attributes: dict[str, str], allowed: bool
) -> None:
    answer = api.request("POST", REVIEWS, {"spec": {"resourceAttributes": attributes}}, token=token)
    assert (answer.code, answer.body["status"]["allowed"]) == (201, allowed)


def test_the_other_reviews_name_user_and_rules(api: RunningServer) -> None:
    def status(group: str, plural: str, spec: dict[str, Any]) -> dict[str, Any]:
        path = f"/apis/{group}.k8s.io/v1/{plural}"
        found: dict[str, Any] = api.request("POST", path, {"spec": spec}, token="look-token").body["status"]
        return found

    assert status("authentication", "selfsubjectreviews", {})["userInfo"]["username"] == "viewer"
    assert status("authentication", "tokenreviews", {"token": "admin-token"})["user"]["username"] == "admin"
    assert status("authentication", "tokenreviews", {"token": "x"}) == {"error": "invalid bearer token"}
    rules = status("authorization", "selfsubjectrulesreviews", {"namespace": NAMESPACE})["resourceRules"]
    assert rules == [{"verbs": ["get", "list", "watch"], "apiGroups": ["*"], "resources": ["*"]}]
