"""The first user of an installation."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from rest_framework.test import APIClient

from bgpui.models import ApiToken
from bgpui.roles import role_of


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path]:
    password = tmp_path / "password"
    password.write_text("correct horse battery\n")
    return password, tmp_path / "made" / "token"


def bootstrap(files: tuple[Path, Path], **more: str) -> None:
    call_command("bootstrap", username="admin", password_file=files[0], token_file=files[1], verbosity=0, **more)


def test_it_makes_an_admin_with_a_password_and_a_token_for_his_eyes_only(db: None, files: tuple[Path, Path]) -> None:
    bootstrap(files)
    api = APIClient(HTTP_AUTHORIZATION=f"Bearer {files[1].read_text().strip()}")
    assert api.get("/api/v1/users/").status_code == 200
    assert APIClient().login(username="admin", password="correct horse battery")
    assert files[1].stat().st_mode & 0o077 == 0


def test_it_may_be_repeated(db: None, files: tuple[Path, Path]) -> None:
    bootstrap(files)
    before = files[1].read_text(), User.objects.values_list("password", flat=True).get()
    bootstrap(files)
    assert (files[1].read_text(), User.objects.values_list("password", flat=True).get()) == before
    assert ApiToken.objects.count() == 1


def test_a_token_that_is_no_longer_valid_is_replaced(db: None, files: tuple[Path, Path]) -> None:
    bootstrap(files)
    before = files[1].read_text()
    ApiToken.objects.all().delete()
    bootstrap(files)
    assert files[1].read_text() != before


def test_a_role_replaces_the_former_one(db: None, files: tuple[Path, Path]) -> None:
    bootstrap(files)
    bootstrap(files, role="viewer")
    assert role_of(User.objects.get()) == "viewer"


def test_a_password_file_without_a_password_is_an_error(db: None, files: tuple[Path, Path]) -> None:
    files[0].write_text("\n")
    with pytest.raises(CommandError, match="holds no password"):
        bootstrap(files)
    assert not User.objects.exists()


def test_the_password_may_come_by_standard_input(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("correct horse battery\n"))
    call_command("bootstrap", username="ada", password_file=Path("-"), verbosity=0)
    assert User.objects.get(username="ada").check_password("correct horse battery")
