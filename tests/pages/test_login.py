"""Who fails to log in again and again waits, and keeps nobody else from it."""

from __future__ import annotations

import re
from typing import Any

import pytest
import redis
from django.contrib.auth.models import User
from django.test import Client

from bgpui.logins import Attempt
from clusters.nudges import connection

HERE, ELSEWHERE, FAR = "192.0.2.7", "198.51.100.9", "2001:db8:1::7"
PASSWORD = "correct horse battery"


@pytest.fixture(autouse=True)
def people(redis_url: str, db: None) -> None:
    """Two users, and nothing counted."""
    for name in ("ana", "ben"):
        User.objects.create_user(name, password=PASSWORD)


def login(name: str, password: str = PASSWORD, address: str = HERE) -> Any:
    """The answer to a try in a browser of its own."""
    data = {"username": name, "password": password, "next": "/speakers/"}
    return Client(REMOTE_ADDR=address).post("/login/", data)


def fail(name: str, times: int, address: str = HERE) -> None:
    """So many tries with a wrong password, the waits between them being over."""
    for _ in range(times):
        assert login(name, "wrong", address).status_code == 200
        a_wait_passes()


def gates() -> list[bytes]:
    """What keeps somebody out."""
    return list(connection().scan_iter("bgpui:tries:*:wait"))


def a_wait_passes() -> None:
    for key in gates():
        connection().delete(key)


def test_after_five_failures_there_is_a_wait_in_which_no_password_is_looked_at() -> None:
    for _ in range(5):
        assert "do not match" in login("ana", "wrong").text
    refused = login("ana")
    assert refused.status_code == 429
    assert 1 <= int(refused["Retry-After"]) <= 30
    assert re.search(r"Wait \d+ s, then try again", refused.text)
    assert "do not match" not in refused.text, "nothing was found out"
    assert PASSWORD not in refused.text
    assert "_auth_user_id" not in refused.client.session


def test_the_right_password_works_after_the_wait_and_all_is_forgotten() -> None:
    fail("ana", 5)
    assert login("ana")["Location"] == "/speakers/"
    for _ in range(4):
        assert login("ana", "wrong").status_code == 200
    assert login("ana")["Location"] == "/speakers/"


def test_waits_double_up_to_a_quarter_of_an_hour() -> None:
    waits = list[int]()
    for _ in range(12):
        assert login("ana", "wrong").status_code == 200
        waits.append(max((int(connection().ttl(key)) for key in gates()), default=0))
        a_wait_passes()
    assert waits[:4] == [0] * 4
    for wait, meant in zip(waits[4:], (30, 60, 120, 240, 480, 900, 900, 900), strict=True):
        assert meant / 2 < wait <= meant


def test_what_is_tried_later_does_not_lengthen_the_time_that_failures_count() -> None:
    fail("ana", 1)
    counted = [key for key in connection().scan_iter("bgpui:tries:*") if not key.endswith(b":wait")]
    for key in counted:
        connection().expire(key, 100)
    assert login("ben")["Location"] == "/speakers/"
    fail("ana", 1)
    assert counted
    assert all(0 < int(connection().ttl(key)) <= 100 for key in counted)


def test_another_name_and_another_address_are_not_kept_out() -> None:
    fail("ana", 5)
    login("ana", "wrong")
    assert login("ana").status_code == 429
    assert login("ben", address=ELSEWHERE)["Location"] == "/speakers/"
    assert login("ben")["Location"] == "/speakers/"
    assert login("ana", address=ELSEWHERE)["Location"] == "/speakers/"
    assert login("ana").status_code == 429, "what others do right elsewhere opens nothing here"


@pytest.mark.parametrize(
    ("other", "same"),
    [("192.0.2.8", False), ("2001:db8:1::8", True), ("2001:db8:2::7", False), ("::ffff:192.0.2.7", True)],
)
def test_an_address_with_many_names_waits_too(other: str, same: bool) -> None:
    """Whoever has one IPv6 address has 64 bits of them (RFC 4291, 2.5.4)."""
    address = FAR if other.startswith("2001:") else HERE
    for number in range(31):
        assert login(f"name-{number}", "wrong", address).status_code == 200
    assert login("ana", address=address).status_code == 429
    assert (login("ana", address=other).status_code == 429) is same
    a_wait_passes()
    assert login("ana", address=address)["Location"] == "/speakers/"


def test_a_name_that_is_tried_from_everywhere_waits_a_minute_at_most() -> None:
    for number in range(40):
        login("ana", "wrong", f"203.0.113.{number}")
        a_wait_passes()
    login("ana", "wrong", ELSEWHERE)
    refused = login("ana")
    assert refused.status_code == 429
    assert int(refused["Retry-After"]) <= 60
    assert login("ben")["Location"] == "/speakers/"


def test_other_ways_to_write_a_name_are_the_same_name() -> None:
    for name in ("ana", " ana", "ana ", "\uff41na", "an\uff41"):  # as Django normalizes it (NFKC)
        login(name, "wrong")
    assert login("ana").status_code == 429


def test_many_tries_at_once_are_counted_before_a_password_is_looked_at() -> None:
    """A try that is under way counts: nobody gets more of them by not waiting for the answers."""
    begun = [Attempt("ana", HERE).begin() for _ in range(7)]
    assert begun[:5] == [0] * 5
    assert all(begun[5:])


def test_what_was_typed_is_neither_logged_nor_kept(caplog: pytest.LogCaptureFixture) -> None:
    fail("ana", 1)
    login("my-password-by-mistake", "s3cret-text")
    assert f"a login of 'ana' from {HERE} failed" in caplog.text
    assert f"a login of an unknown name from {HERE} failed" in caplog.text
    assert not {word for word in ("wrong", "s3cret-text", "mistake", PASSWORD) if word in caplog.text}
    kept = b" ".join(connection().scan_iter("*"))
    assert b"ana" not in kept
    assert b"mistake" not in kept
    assert HERE.encode() not in kept


def test_without_redis_people_log_in(monkeypatch: pytest.MonkeyPatch) -> None:
    away = redis.Redis.from_url("unix:///nonexistent/redis.sock")
    monkeypatch.setattr("clusters.limits.connection", lambda: away)
    for _ in range(6):
        login("ana", "wrong")
    assert login("ana")["Location"] == "/speakers/"
