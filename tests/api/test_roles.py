"""Who may: three roles, strangers and nobody, on every endpoint and verb."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from rest_framework.test import APIClient

from clusters.models import Cluster
from intent.kinds import KINDS
from tests.api.manifests import LIST, manifest, row_of, send, url

RESOURCE_WRITES = [("post", LIST), ("put", url()), ("patch", url()), ("delete", url())]
READS = [
    LIST,
    url(),
    *(f"/api/v1/{kind.plural}/" for kind in KINDS.values()),
    "/api/v1/clusters/",
    "/api/v1/clusters/lab/",
    "/api/v1/sessions/",
    "/api/v1/transitions/",
    "/api/v1/speakers/",
    "/api/v1/tokens/",
]
NOT_THERE = [
    ("put", "/api/v1/clusters/lab/"),
    ("post", "/api/v1/sessions/"),
    ("delete", "/api/v1/transitions/1/"),
    ("post", "/api/v1/speakers/"),
]


@pytest.mark.parametrize("path", READS)
@pytest.mark.parametrize(("role", "code"), [("viewer", 200), ("editor", 200), ("admin", 200), ("", 403)])
def test_every_role_reads_and_a_user_without_role_does_not(
    as_role: Callable[[str], APIClient], cluster: Cluster, path: str, role: str, code: int
) -> None:
    row_of(cluster)
    assert as_role(role).get(path).status_code == code


@pytest.mark.parametrize(("method", "path"), [*RESOURCE_WRITES, ("get", LIST), ("get", "/api/v1/users/")])
def test_nobody_is_told_to_authenticate(client: APIClient, cluster: Cluster, method: str, path: str) -> None:
    answer = send(APIClient(), method, path, b"{}")
    assert answer.status_code == 401
    assert answer["WWW-Authenticate"].startswith("Bearer")
    assert answer["Content-Type"] == "application/problem+json"


@pytest.mark.parametrize(("method", "path"), RESOURCE_WRITES)
@pytest.mark.parametrize("role", ["viewer", ""])
def test_who_is_no_editor_writes_nothing(
    as_role: Callable[[str], APIClient], cluster: Cluster, method: str, path: str, role: str
) -> None:
    row = row_of(cluster)
    answer = send(as_role(role), method, path, b"{}")
    row.refresh_from_db()
    assert (answer.status_code, row.revision) == (403, 0)


@pytest.mark.parametrize("role", ["editor", "admin"])
def test_an_editor_creates_replaces_changes_and_deletes(
    as_role: Callable[[str], APIClient], cluster: Cluster, role: str
) -> None:
    api = as_role(role)
    assert api.post(LIST, manifest()).status_code == 202
    assert api.put(url(), manifest(holdTime="90s")).status_code == 202
    assert api.patch(url(), {"spec": {"holdTime": "60s"}}).status_code == 202
    assert api.delete(url()).status_code == 202


@pytest.mark.parametrize(("method", "path"), NOT_THERE)
def test_what_is_read_only_is_so_for_admins_too(
    as_role: Callable[[str], APIClient], cluster: Cluster, method: str, path: str
) -> None:
    answer = send(as_role("admin"), method, path, b"{}")
    assert answer.status_code in (403, 405)


@pytest.mark.parametrize(("role", "code"), [("viewer", 403), ("editor", 403), ("", 403), ("admin", 200)])
def test_only_admins_see_users(as_role: Callable[[str], APIClient], role: str, code: int) -> None:
    assert as_role(role).get("/api/v1/users/").status_code == code


def test_an_admin_adds_a_user_whose_role_counts_at_once(as_role: Callable[[str], APIClient], cluster: Cluster) -> None:
    body = {"username": "noc", "role": "viewer", "password": "correct horse battery"}
    answer = as_role("admin").post("/api/v1/users/", body)
    assert answer.status_code == 201
    assert "password" not in answer.json()
    browser = APIClient()
    assert browser.login(username="noc", password=body["password"])
    assert browser.get(LIST).status_code == 200


def test_a_role_taken_away_is_gone_with_the_next_request(as_role: Callable[[str], APIClient], cluster: Cluster) -> None:
    viewer, admin = as_role("viewer"), as_role("admin")
    pk = User.objects.get(username="a-viewer").pk
    assert viewer.get(LIST).status_code == 200
    assert admin.patch(f"/api/v1/users/{pk}/", {"is_active": False}).status_code == 200
    assert viewer.get(LIST).status_code == 401


@pytest.mark.parametrize(
    ("method", "body"), [("patch", {"role": "viewer"}), ("patch", {"is_active": False}), ("delete", {})]
)
def test_an_admin_cannot_lock_himself_out(
    as_role: Callable[[str], APIClient], method: str, body: dict[str, object]
) -> None:
    admin = as_role("admin")
    pk = User.objects.get(username="a-admin").pk
    assert getattr(admin, method)(f"/api/v1/users/{pk}/", body).status_code == 409
    assert admin.get("/api/v1/users/").status_code == 200


@pytest.mark.parametrize("method", ["patch", "put", "delete"])
def test_an_admin_does_not_become_superuser_by_a_password(as_role: Callable[[str], APIClient], method: str) -> None:
    root = User.objects.create_superuser("root", password="what only root knows")
    path, body = f"/api/v1/users/{root.pk}/", {"username": "r", "role": "admin", "password": "what the admin knows"}
    admin = as_role("admin")
    assert (admin.get(path).status_code, getattr(admin, method)(path, body).status_code) == (200, 403)
    assert User.objects.get(username="root").check_password("what only root knows")
    admin.force_authenticate(root)
    assert admin.patch(path, {"password": "what root chose anew"}).status_code == 200


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"username": "x", "role": "root", "password": "correct horse battery"}, "role"),
        ({"username": "x", "role": ["viewer"], "password": "correct horse battery"}, "role"),
        ({"username": "x", "role": "viewer", "password": "password"}, "password"),
        ({"username": "x", "role": "viewer"}, "password"),
        ({"username": "x", "role": "viewer", "password": "correct horse battery", "is_admin": True}, "is_admin"),
        ({"role": "viewer", "password": "correct horse battery"}, "username"),
    ],
)
def test_a_user_that_is_not_valid_is_refused_with_the_field(
    as_role: Callable[[str], APIClient], body: dict[str, object], field: str
) -> None:
    answer = as_role("admin").post("/api/v1/users/", body)
    assert answer.status_code == 400
    assert answer.json()["findings"][0]["field"].startswith(field)
    assert not User.objects.filter(username="x").exists()
