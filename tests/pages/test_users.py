"""Users in the browser: for admins, by the rules of the REST API."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from bgpui.models import token_create, token_of
from bgpui.roles import role_give, role_of
from tests.pages.conftest import Browser

NEW = {"username": "noc", "role": "viewer", "password": "correct horse battery"}


@pytest.fixture
def admin(browser: Browser) -> Client:
    return browser("admin")


@pytest.fixture
def noc(db: None) -> User:
    made = User.objects.create_user("noc", password="correct horse battery")
    role_give(user=made, role="viewer")
    return made


def path(user: User) -> str:
    return f"/users/{user.pk}/"


@pytest.mark.parametrize("role", ["viewer", "editor", ""])
def test_users_are_an_admins_business(browser: Browser, noc: User, role: str) -> None:
    client = browser(role)
    paths = ("/users/", "/users/new/", path(noc))
    assert [client.get(each).status_code for each in paths] == [403, 403, 403]
    assert [client.post(each, NEW).status_code for each in paths[1:]] == [403, 403]
    assert 'href="/users/"' not in client.get("/tokens/").text


def test_an_admin_finds_the_users_in_his_menu(admin: Client, noc: User) -> None:
    assert 'href="/users/"' in admin.get("/").text
    page = admin.get("/users/").text
    assert "2 users" in page
    assert f'href="{path(noc)}"' in page
    assert "1 user found" in admin.get("/users/?q=NO").text


def test_a_user_is_added_and_can_log_in(admin: Client, client: Client) -> None:
    assert admin.post("/users/new/", NEW)["Location"] == "/users/"
    assert "User noc is added." in admin.get("/users/").text
    assert role_of(User.objects.get(username="noc")) == "viewer"
    assert client.login(username="noc", password=NEW["password"])


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"username": ""}, "username"),
        ({"username": "a b"}, "username"),
        ({"username": "a-admin"}, "username"),
        ({"role": "root"}, "role"),
        ({"password": "12345678"}, "password"),
        ({"password": ""}, "password"),
    ],
)
def test_what_rest_refuses_the_page_refuses_with_the_field(admin: Client, wrong: dict[str, str], field: str) -> None:
    answer = admin.post("/users/new/", {**NEW, **wrong})
    assert answer.status_code == 422
    assert f'<a href="#{field}">' in answer.text
    assert NEW["password"] not in answer.text
    assert not User.objects.filter(username="noc").exists()


def test_another_role_counts_at_once(admin: Client, noc: User) -> None:
    assert admin.post(path(noc), {"role": "editor", "is_active": "on", "password": ""}).status_code == 302
    noc = User.objects.get(pk=noc.pk)
    assert role_of(noc) == "editor"
    assert noc.check_password("correct horse battery")


def test_who_may_not_log_in_any_more_is_out_with_his_tokens(admin: Client, noc: User, client: Client) -> None:
    client.force_login(noc)
    key = token_create(user=noc, name="script")[1]
    assert admin.post(path(noc), {"role": "viewer", "password": ""}).status_code == 302
    assert client.get("/")["Location"].startswith("/login/")
    assert token_of(key) is None


def test_a_new_password_ends_the_sessions_of_the_old_one(admin: Client, noc: User, client: Client) -> None:
    client.force_login(noc)
    changed = {"role": "viewer", "is_active": "on", "password": "another horse battery"}
    assert admin.post(path(noc), changed).status_code == 302
    assert client.get("/").status_code == 302
    assert client.login(username="noc", password="another horse battery")


def test_an_admin_who_changes_his_own_password_stays(admin: Client) -> None:
    me = User.objects.get(username="a-admin")
    changed = {"role": "admin", "is_active": "on", "password": "another horse battery"}
    assert admin.post(path(me), changed).status_code == 302
    assert admin.get("/users/").status_code == 200


@pytest.mark.parametrize("changes", [{"role": "viewer", "is_active": "on"}, {"role": "admin"}])
def test_an_admin_cannot_lock_himself_out(admin: Client, changes: dict[str, str]) -> None:
    me = User.objects.get(username="a-admin")
    refused = admin.post(path(me), changes)
    assert refused.status_code == 409
    assert "let another admin do it" in refused.text
    assert (role_of(User.objects.get(pk=me.pk)), User.objects.get(pk=me.pk).is_active) == ("admin", True)


def test_a_superuser_is_out_of_an_admins_reach(admin: Client) -> None:
    root = User.objects.create_superuser("root", password="what only root knows")
    assert f'href="{path(root)}"' not in admin.get("/users/").text
    changed = {"role": "admin", "is_active": "on", "password": "another horse battery"}
    assert [admin.get(path(root)).status_code, admin.post(path(root), changed).status_code] == [403, 403]
    assert User.objects.get(pk=root.pk).check_password("what only root knows")


def test_the_list_costs_the_same_however_long(
    admin: Client, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    for number in range(60):
        role_give(user=User.objects.create(username=f"user-{number:02}"), role="viewer")
    with django_assert_max_num_queries(12):
        page = admin.get("/users/").text
    assert "user-10" in page
    assert "page=2" in page
