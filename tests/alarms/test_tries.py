"""One try ends in time, and goes nowhere that it must not."""

from __future__ import annotations

import socket
import threading
import time
from datetime import timedelta
from importlib import import_module
from typing import Any

import pytest
from django.utils import timezone
from pytest_django import Settings

from alarms.delivery import outbox
from alarms.delivery.lookup import look_up
from alarms.models import Notice, Route
from alarms.secrets import secrets_seal
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
    """The lease is longer than a try, so that the outcome is written by whoever tried. glibc's resolver takes five
    seconds for each server, attempt and suffix of its search list (resolv.conf(5)); here it ends when the test does."""
    real, back, ended = socket.getaddrinfo, threading.Event(), list[str]()

    def lookup(name: Any, *args: Any, **more: Any) -> Any:
        if name == "away.example" and not more["flags"] & socket.AI_NUMERICHOST:
            back.wait(10)
            ended.append(name)
            raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")
        return real(name, *args, **more)

    for module in ("http", "mail"):
        limits = vars(import_module(f"alarms.delivery.{module}"))
        longest = max(limit for name, limit in limits.items() if name.startswith("TIMEOUT"))
        assert outbox.LEASE.total_seconds() >= 2 * longest
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


def test_a_redirect_is_not_followed_and_silence_is_not_waited_for(
    told: Any, route: Routes, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    receiver.answers = [(302, {"Location": "http://169.254.169.254/latest/"}, b"")]
    route()
    notice = told()
    assert (len(receiver.got), notice.error) == (1, "302 a redirect, which is not followed")
    monkeypatch.setattr("alarms.delivery.http.TIMEOUT", 0.2)
    receiver.first = lambda: time.sleep(1)
    Notice.objects.update(next_at=timezone.now() - timedelta(seconds=1))
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
        look_up("away.example", 443)
    back.set()
    assert isinstance(waits.exception(10), socket.gaierror)
    assert isinstance(look_up("away.example", 443).exception(10), socket.gaierror)
