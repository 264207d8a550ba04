"""Errors are problems (RFC 9457), whatever they come from."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.db import OperationalError
from rest_framework.test import APIClient

from clusters.models import Cluster
from tests.api.manifests import LIST, manifest, url


@pytest.mark.parametrize(
    ("method", "path", "code"),
    [
        ("GET", url("nobody"), 404), ("GET", "/api/v1/nothing/", 404), ("GET", "/api/v1/bgppeers", 404),
        ("POST", "/api/v1/nothing/", 404), ("POST", url(), 405), ("DELETE", LIST, 405), ("GET", f"{LIST}?x=1", 400),
        ("GET", "/api/v1/sessions/x/", 404), ("GET", "/api/v1/sessions/99999999999999999999999/", 404),
        ("GET", "/api/v1/tokens/%00/", 404), ("GET", "/api/v1/clusters/%00/", 404),
    ],
)  # fmt: skip
def test_every_error_has_type_title_status_detail_and_instance(
    api: APIClient, cluster: Cluster, method: str, path: str, code: int
) -> None:
    answer = api.generic(method, path)
    body = answer.json()
    assert (answer.status_code, answer["Content-Type"], body["status"]) == (code, "application/problem+json", code)
    assert body["type"].startswith("urn:bgpui:problem:")
    assert body["title"]
    assert body["detail"]
    assert body["instance"] == answer.request["PATH_INFO"]


def test_an_error_of_our_own_is_a_problem_without_its_inside(
    as_role: Callable[[str], APIClient], cluster: Cluster, monkeypatch: pytest.MonkeyPatch, caplog: Any
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise RuntimeError("a secret of the inside")

    monkeypatch.setattr("clusters.services.resource_save", fail)
    api = as_role("editor")
    api.raise_request_exception = False
    answer = api.put(url(), manifest())
    assert (answer.status_code, answer["Content-Type"]) == (500, "application/problem+json")
    assert "inside" not in answer.content.decode()
    assert "a secret of the inside" in caplog.text


def test_a_database_that_does_not_answer_is_said_so(
    as_role: Callable[[str], APIClient], cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise OperationalError("database is locked")

    monkeypatch.setattr("clusters.services.resource_save", fail)
    api = as_role("editor")
    api.raise_request_exception = False
    answer = api.put(url(), manifest())
    assert (answer.status_code, answer["Retry-After"]) == (503, "5")


def test_the_root_lists_what_there_is(api: APIClient) -> None:
    assert {"bgppeers", "sessions", "transitions", "clusters", "speakers"} <= api.get("/api/v1/").json().keys()
