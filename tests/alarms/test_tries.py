"""One try ends in time, and goes nowhere that it must not."""

from __future__ import annotations

import socket
import threading
import time
from base64 import b64encode
from datetime import timedelta
from typing import Any

import pytest
from pytest_django import Settings

from alarms.delivery import outbox
from alarms.delivery.lookup import look_up
from alarms.models import Notice, Route
from alarms.secrets import secrets_seal
from clusters import clock
from tests.alarms.conftest import Routes, deliver_all
from tests.alarms.receivers import MailServer, Receiver


def test_a_mail_to_many_ends_in_time_as_a_whole(
    told: Any, route: Routes, mail: MailServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A server that is slow with each recipient is not slow with any command."""
    monkeypatch.setattr("alarms.delivery.mail.TIMEOUT", 0.5)
    mail.first = lambda: time.sleep(0.1)
    route("email", recipients=[f"n{number}@example.com" for number in range(20)])
    notice = told()
    assert (notice.state, notice.error, mail.got) == ("waiting", "no answer within 0.5 s", [])


@pytest.mark.parametrize("kind", ["webhook", "email"])
def test_a_resolver_that_is_away_is_not_waited_for(
    told: Any, route: Routes, mail: MailServer, settings: Settings, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """glibc's resolver takes five seconds for each server, attempt and suffix of its search list (resolv.conf(5));
    here it ends when the test does."""
    real, back, ended = socket.getaddrinfo, threading.Event(), list[str]()

    def lookup(name: Any, *args: Any, **more: Any) -> Any:
        if name == "away.example" and not more["flags"] & socket.AI_NUMERICHOST:
            back.wait(10)
            ended.append(name)
            raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")
        return real(name, *args, **more)

    for module in ("http", "mail"):
        monkeypatch.setattr(f"alarms.delivery.{module}.TIMEOUT", 0.2)
    monkeypatch.setattr("socket.getaddrinfo", lookup)
    settings.EMAIL_HOST = "away.example"
    made = route(kind, recipients=["noc@example.com"] if kind == "email" else [])
    made.sealed = secrets_seal(made, url="http://away.example/", key="k" * 16, token="")
    made.save()
    notice = told()
    assert ended == []
    back.set()
    assert (notice.state, notice.attempts, notice.error) == ("waiting", 1, "no answer within 0.2 s")


def test_a_lease_outlasts_its_try_and_not_by_much() -> None:
    """The outcome is written by whoever tried; a killed worker holds its route no longer than that."""
    pieces: dict[str, Any] = {"firing": [{}] * 501, "resolved": []}
    tries = {("webhook", 0): 10, ("slack", 0): 10, ("email", 0): 30, ("alertmanager", 0): 10, ("alertmanager", 1): 30}
    for (kind, many), seconds in tries.items():
        notice = Notice(route=Route(kind=kind), body=pieces if many else {"test": True})
        assert outbox.lease_of(notice).total_seconds() == 2 * seconds


def test_a_redirect_is_not_followed_and_silence_is_not_waited_for(
    told: Any, route: Routes, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    receiver.answers = [(302, {"Location": "http://169.254.169.254/latest/"}, b"")]
    route()
    notice = told()
    assert (len(receiver.got), notice.error) == (1, "302 a redirect, which is not followed")
    monkeypatch.setattr("alarms.delivery.http.TIMEOUT", 0.2)
    receiver.first = lambda: time.sleep(1)
    Notice.objects.update(next_at=clock.now() - timedelta(seconds=1))
    deliver_all()
    notice.refresh_from_db()
    assert notice.error == "no answer within 0.2 s"


@pytest.mark.parametrize("host", ["169.254.169.254", "[fe80::1]", "[fd00:ec2::254]", "0xA9FEA9FE", "inner"])
def test_no_notice_goes_where_no_receiver_can_be(
    told: Any, route: Routes, receiver: Receiver, host: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also by a name whose address is another one when the notice is sent than when the route was added."""
    real = socket.getaddrinfo

    def lookup(name: Any, *args: Any, **more: Any) -> Any:
        return real("169.254.169.254" if name == "inner" else name, *args, **more)

    route()
    row = Route.objects.get()
    row.sealed = secrets_seal(row, url=f"http://{host}/latest/", key="k" * 16, token="")
    row.save()
    monkeypatch.setattr("socket.getaddrinfo", lookup)
    notice = told()
    assert (notice.state, "no receiver is at such an address" in notice.error) == ("waiting", True), notice.error
    assert not receiver.got


def test_look_ups_that_nothing_ends_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    back = threading.Event()

    def lookup(*_: Any, **__: Any) -> Any:
        back.wait(10)
        raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")

    monkeypatch.setattr("socket.getaddrinfo", lookup)
    monkeypatch.setattr("alarms.delivery.lookup._free", threading.BoundedSemaphore(1))
    waits = look_up("away.example", 443)
    with pytest.raises(OSError, match="the resolver does not answer"):
        look_up("another.example", 443)
    assert look_up("away.example", 443) is waits  # one name takes one of them, however often it is asked for
    back.set()
    assert isinstance(waits.exception(10), socket.gaierror)
    assert isinstance(look_up("away.example", 443).exception(10), socket.gaierror)


def test_a_look_up_that_gets_no_thread_keeps_no_place(monkeypatch: pytest.MonkeyPatch) -> None:
    """RuntimeError is what threading.Thread.start raises at the limit of threads (pthread_create(3): EAGAIN)."""

    def start(_: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr("alarms.delivery.lookup._free", threading.BoundedSemaphore(1))
    with monkeypatch.context() as full:
        full.setattr("threading.Thread.start", start)
        for _ in range(2):
            with pytest.raises(OSError, match=r"no thread to look 127.0.0.1 up: can't start new thread"):
                look_up("127.0.0.1", 443)
    assert look_up("127.0.0.1", 443).result(10)


def test_a_mail_password_that_smtp_cannot_say_is_a_failed_try(
    told: Any, route: Routes, mail: MailServer, settings: Settings
) -> None:
    mail.auth = "PLAIN"
    settings.EMAIL_HOST_USER, settings.EMAIL_HOST_PASSWORD = "noc", "geheim-ß"
    made = route("email", recipients=["noc@example.com"])
    notice = told()
    made.refresh_from_db()
    assert (notice.state, notice.attempts, notice.lease_until) == ("waiting", 1, None)
    assert notice.error == made.error == "user and password in BGPUI_EMAIL_URL: SMTP takes ASCII alone; choose others"


def test_a_mail_server_that_repeats_the_password_is_not_quoted(
    told: Any, route: Routes, mail: MailServer, settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    mail.auth, mail.repeats = "PLAIN", True
    settings.EMAIL_HOST_USER, settings.EMAIL_HOST_PASSWORD = "noc", "geheim-geheim"
    made = route("email", recipients=["noc@example.com"])
    notice = told()
    made.refresh_from_db()
    assert notice.error == made.error
    assert "535" in notice.error
    texts = (b64encode(text).decode().strip("=")[:-1] for text in (b"geheim-geheim", b"\0noc\0geheim-geheim"))
    assert not [text for text in (*texts, "geheim") if text in notice.error + caplog.text]


def test_a_sender_that_is_no_address_is_a_failed_try(
    told: Any, route: Routes, mail: MailServer, settings: Settings
) -> None:
    settings.DEFAULT_FROM_EMAIL = "bgpui@"
    route("email", recipients=["noc@example.com"])
    notice = told()
    assert (notice.state, notice.lease_until, "Invalid address" in notice.error) == ("waiting", None, True), (
        notice.error
    )


def test_what_nobody_thought_of_is_a_failed_try(
    route: Routes, receiver: Receiver, caplog: pytest.LogCaptureFixture
) -> None:
    """It is put off and said; its own words, which may repeat what is secret, are not."""
    now = clock.now()
    made, body = route("slack"), {"test": False, "firing": [{"the secret": 1}], "number_firing": 1}
    notice = Notice.objects.create(route=made, kind="news", title="t", body=body, created_at=now, next_at=now)
    deliver_all()
    notice.refresh_from_db()
    made.refresh_from_db()
    assert notice.error.startswith("an unexpected error of bgpui: KeyError in words.py, line ")
    assert made.error == notice.error
    assert (notice.state, notice.attempts, notice.lease_until, notice.next_at > now) == ("waiting", 1, None, True)
    assert notice.error in caplog.text
