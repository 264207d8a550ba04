"""Bearer tokens and the browser's session."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.contrib.auth.models import User
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from rest_framework.test import APIClient

from bgpui.models import ApiToken, token_create, token_of
from clusters.models import Cluster
from tests.api.manifests import LIST, manifest, url

TOKENS = "/api/v1/tokens/"


def bearer(key: str) -> APIClient:
    return APIClient(HTTP_AUTHORIZATION=f"Bearer {key}")


def test_a_key_is_shown_once_and_kept_only_as_a_keyed_hash(
    as_role: Callable[[str], APIClient], cluster: Cluster
) -> None:
    api = as_role("viewer")
    made = api.post(TOKENS, {"name": "nightly"}).json()
    key = made["key"]
    assert key.startswith("bgpui_")
    assert key.startswith(made["prefix"])
    assert bearer(key).get(LIST).status_code == 200
    assert key not in api.get(TOKENS).content.decode()
    assert key not in api.get(f"{TOKENS}{made['id']}/").content.decode()
    row = ApiToken.objects.filter(pk=made["id"]).values().get()
    assert key not in str(row)
    assert key.removeprefix(made["prefix"]) not in str(row)


def test_the_hash_depends_on_the_secret_key(user: Callable[..., User], settings: Any) -> None:
    _token, key = token_create(user=user("viewer"), name="x")
    assert token_of(key)
    settings.SECRET_KEY = "another secret key that is long enough to be one"
    assert token_of(key) is None


@pytest.mark.parametrize(
    "header", ["Bearer", "Bearer ", "Bearer x", "Bearer bgpui_x", "Bearer " + "x" * 5000, "bearer \xff"]
)
def test_a_token_that_is_none_is_refused(header: str, db: None) -> None:
    answer = APIClient(HTTP_AUTHORIZATION=header).get(LIST)
    assert answer.status_code == 401


def test_an_expired_a_revoked_and_an_inactive_users_token_are_refused(user: Callable[..., User]) -> None:
    alice, bob = user("viewer", "alice"), user("viewer", "bob")
    expired = token_create(user=alice, name="e", expires_at=timezone.now() - timedelta(seconds=1))[1]
    token, revoked = token_create(user=alice, name="r")
    assert bearer(revoked).get(LIST).status_code == 200
    token.delete()
    inactive = token_create(user=bob, name="i")[1]
    User.objects.filter(pk=bob.pk).update(is_active=False)
    assert [bearer(key).get(LIST).status_code for key in (expired, revoked, inactive)] == [401, 401, 401]


@pytest.mark.parametrize(
    ("method", "path"), [("post", LIST), ("put", url()), ("patch", url()), ("delete", url()), ("post", TOKENS)]
)
def test_a_read_only_token_writes_nothing(user: Callable[..., User], cluster: Cluster, method: str, path: str) -> None:
    api = bearer(token_create(user=user("admin"), name="r", read_only=True)[1])
    assert api.get(LIST).status_code == 200
    assert getattr(api, method)(path, manifest()).status_code == 403


def test_use_is_remembered_at_most_once_a_minute(user: Callable[..., User], cluster: Cluster) -> None:
    token, key = token_create(user=user("viewer"), name="x")
    api = bearer(key)
    with time_machine.travel("2031-01-01T12:00:00Z", tick=False) as clock:
        api.get(LIST)
        clock.shift(59)
        with CaptureQueriesContext(connection) as queries:
            api.get(LIST)
        assert not [query for query in queries if "UPDATE" in query["sql"]]
        clock.shift(2)
        api.get(LIST)
        token.refresh_from_db()
        assert token.last_used_at == timezone.now()


def test_others_tokens_are_not_found_but_by_an_admin(
    as_role: Callable[[str], APIClient], user: Callable[..., User]
) -> None:
    other, _key = token_create(user=user("viewer", "other"), name="theirs")
    editor, admin = as_role("editor"), as_role("admin")
    address = f"{TOKENS}{other.pk}/"
    assert "theirs" not in editor.get(TOKENS).content.decode()
    assert [editor.get(address).status_code, editor.delete(address).status_code] == [404, 404]
    assert "theirs" in admin.get(f"{TOKENS}?user=other").content.decode()
    assert admin.delete(address).status_code == 204


@pytest.mark.parametrize(
    ("body", "named"),
    [
        ({"name": "x", "readonly": True}, ["readonly"]),
        ({"name": "x", "expires": "2031-01-01T00:00:00Z", "scope": "read"}, ["expires", "scope"]),
    ],
)
def test_a_field_that_there_is_not_makes_no_token(
    as_role: Callable[[str], APIClient], body: dict[str, Any], named: list[str]
) -> None:
    answer = as_role("admin").post(TOKENS, body)
    assert answer.status_code == 400
    assert [finding["field"] for finding in answer.json()["findings"]] == named
    assert "read_only" in answer.json()["findings"][0]["message"]
    assert not ApiToken.objects.filter(name="x").exists()


@time_machine.travel("2031-01-01T12:00:00Z", tick=False)
@pytest.mark.parametrize(
    ("given", "end"),
    [
        ({}, "2031-04-01T12:00:00Z"),
        ({"expires_at": None}, None),
        ({"expires_at": "never"}, None),
        ({"expires_at": "2031-01-02T00:00:00Z"}, "2031-01-02T00:00:00Z"),
    ],
)
def test_a_token_ends_after_ninety_days_unless_its_maker_says_otherwise(
    as_role: Callable[[str], APIClient], given: dict[str, Any], end: str | None
) -> None:
    assert as_role("viewer").post(TOKENS, {"name": "x", **given}).json()["expires_at"] == end


def test_a_token_made_with_a_token_does_not_outlive_it(user: Callable[..., User]) -> None:
    end = timezone.now() + timedelta(days=1)
    api = bearer(token_create(user=user("viewer"), name="x", expires_at=end)[1])
    assert api.post(TOKENS, {"name": "for ever", "expires_at": None}).status_code == 400
    assert api.post(TOKENS, {"name": "as long"}).json()["expires_at"] == end.isoformat().replace("+00:00", "Z")
    assert api.post(TOKENS, {"name": "longer", "expires_at": end + timedelta(seconds=1)}).status_code == 400
    assert api.post(TOKENS, {"name": "shorter", "expires_at": end - timedelta(hours=1)}).status_code == 201


def test_a_session_writes_only_with_the_csrf_token(user: Callable[..., User], cluster: Cluster) -> None:
    browser = APIClient(enforce_csrf_checks=True)
    browser.force_login(user("editor"))
    assert browser.get(LIST).status_code == 200
    refused = browser.post(LIST, manifest())
    assert refused.status_code == 403
    assert refused["Content-Type"] == "application/problem+json"
    browser.get("/api/docs/?script=")
    token = browser.cookies["bgpui-csrf"].value
    assert browser.post(LIST, manifest(), headers={"X-CSRFToken": token}).status_code == 202
