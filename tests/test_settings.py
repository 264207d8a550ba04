"""Settings come from the environment; what is unknown or malformed stops the start and names itself."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from bgpui.env import SettingError, mail_server

ROOT = Path(__file__).resolve().parent.parent


def start(tmp_path: Path, **settings: str) -> subprocess.CompletedProcess[str]:
    """The product's start with these settings and no others."""
    outer = {name: value for name, value in os.environ.items() if not name.startswith(("BGPUI_", "DJANGO_"))}
    return subprocess.run(
        [sys.executable, "manage.py", "diffsettings"],
        cwd=ROOT,
        env={**outer, "BGPUI_VAR_DIR": str(tmp_path), **settings},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def test_the_defaults_run_on_sqlite_and_an_embedded_redis(tmp_path: Path) -> None:
    done = start(tmp_path)
    assert done.returncode == 0, done.stderr
    assert "django.db.backends.sqlite3" in done.stdout
    assert f"unix://{tmp_path}/redis.sock" in done.stdout


def test_postgresql_and_redis_by_url(tmp_path: Path) -> None:
    urls = {"BGPUI_DATABASE_URL": "postgres://b@db/bgpui", "BGPUI_REDIS_URL": "redis://cache:6379/0"}
    done = start(tmp_path, **urls)
    assert done.returncode == 0, done.stderr
    assert "django.db.backends.postgresql" in done.stdout
    assert "redis://cache:6379/0" in done.stdout


def test_a_secret_may_be_in_a_file(tmp_path: Path) -> None:
    file = tmp_path / "database_url"
    file.write_text("postgres://b:word@db/bgpui\n")
    done = start(tmp_path, BGPUI_DATABASE_URL_FILE=str(file))
    assert done.returncode == 0, done.stderr
    assert "'PASSWORD': 'word'" in done.stdout
    both = start(tmp_path, BGPUI_DATABASE_URL_FILE=str(file), BGPUI_DATABASE_URL="postgres://b@db/other")
    assert "BGPUI_DATABASE_URL and BGPUI_DATABASE_URL_FILE are both set" in both.stderr
    assert "unknown setting BGPUI_DATABASE_URI" in start(tmp_path, BGPUI_DATABASE_URI_FILE=str(file)).stderr


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("BGPUI_SECRET_KEY_FILE", "/no/such/file"),
        ("BGPUI_SWEEP_INTERVALL", "10"),
        ("BGPUI_SWEEP_INTERVAL", "often"),
        ("BGPUI_SWEEP_INTERVAL", "0"),
        ("BGPUI_LOG_LEVEL", "LOUD"),
        ("BGPUI_SECRET_KEY", "short"),
        ("BGPUI_CLUSTERS", "lab"),
        ("BGPUI_CLUSTERS", "lab=/no/such/file"),
        ("BGPUI_CLUSTERS", "lab=in-cluster,lab=in-cluster"),
    ],
)
def test_what_is_unknown_or_malformed_stops_the_start_by_name(tmp_path: Path, name: str, value: str) -> None:
    done = start(tmp_path, **{name: value})
    assert done.returncode != 0
    assert name in done.stderr


@pytest.mark.parametrize(
    ("url", "found"),
    [
        ("", ("", 0, "", "", False, False)),
        ("smtps://noc%40x:p%2Fw@mail.example", ("mail.example", 465, "noc@x", "p/w", False, True)),
        ("smtp+starttls://mail.example:2525", ("mail.example", 2525, "", "", True, False)),
    ],
)
def test_a_mail_server_is_one_address(url: str, found: tuple[object, ...]) -> None:
    assert mail_server(url) == found


@pytest.mark.parametrize("url", ["mail.example", "http://u:S3CRET@mail.example", "smtp://", "smtp://u:S3CRET@m:99999"])
def test_an_address_that_is_no_mail_server_is_refused_without_a_quote(url: str) -> None:
    with pytest.raises(SettingError, match="BGPUI_EMAIL_URL: must be smtp://") as refused:
        mail_server(url)
    assert "S3CRET" not in str(refused.value)
