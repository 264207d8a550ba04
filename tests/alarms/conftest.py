"""A cluster to raise alarms in; what a beat does is called here."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from importlib import import_module
from types import SimpleNamespace
from typing import Any

import pytest
from cryptography.fernet import Fernet
from django.apps import apps
from django.db import connection
from pytest_django import Settings

from alarms.api.routes import RouteSerializer
from alarms.delivery import outbox
from alarms.delivery.news import compose
from alarms.evaluation import Evaluated, evaluate
from alarms.models import Alarm, Notice, Route, Rule
from clusters import clock
from clusters.models import Cluster
from speakers.models import Session
from tests.alarms.receivers import MailServer, Receiver, http_receiver, mail_server
from tests.api.conftest import as_role, user
from tests.pages.conftest import browser, cluster
from tests.pages.rows import a_session, a_speaker, down
from tests.pages.test_stale import refusing

__all__ = ["as_role", "browser", "cluster", "refusing", "user"]
Look = Callable[..., Evaluated]
Only = Callable[..., Rule]
Routes = Callable[..., Route]


@pytest.fixture
def default_rules(db: None) -> None:
    """As the migration leaves them: a test with real transactions before this one may have emptied the tables."""
    for name in ("0002_default_rules", "0005_default_inhibitions", "0006_comparison"):
        import_module(f"alarms.migrations.{name}").add(apps, SimpleNamespace(connection=connection))


@pytest.fixture
def look() -> Look:
    """Looks at all rules, some seconds from now."""
    return lambda seconds=0: evaluate(clock.now() + timedelta(seconds=seconds))


@pytest.fixture
def only(db: None) -> Callable[..., Rule]:
    """Makes a rule that is the only one."""

    def make(kind: str, **columns: object) -> Rule:
        Rule.objects.all().delete()
        return Rule.objects.create(**{"name": kind, "kind": kind, "severity": "warning", "seconds": 60, **columns})

    return make


def firing() -> list[str]:
    """Titles of the alarms that fire."""
    return sorted(str(alarm) for alarm in Alarm.objects.filter(state="firing"))


@pytest.fixture
def receiver(settings: Settings) -> Iterator[Receiver]:
    """An HTTP receiver; what is secret of routes can be kept."""
    settings.BGPUI_CREDENTIAL_KEYS = (Fernet.generate_key().decode(),)
    with http_receiver() as running:
        yield running


@pytest.fixture
def route(db: None, receiver: Receiver) -> Callable[..., Route]:
    """Makes a route to that receiver, as REST does."""

    def make(kind: str = "webhook", path: str = "/hook/T0KEN-in-the-path", **more: Any) -> Route:
        secret = {"url": receiver.url + path} if kind != "email" else {}
        secret |= {"key": "sixteen characters at least"} if kind == "webhook" else {}
        asked = RouteSerializer(data={"name": kind, "kind": kind, "group_wait": 0, **secret, **more})
        asked.is_valid(raise_exception=True)
        return asked.save()

    return make


def deliver_all() -> None:
    """What workers do now: one try of everything that is due."""
    for pk in outbox.left_over(clock.now()):
        outbox.deliver(pk)


# What a router may say as it closes a session (RFC 9003), to those who read it in a chat.
HOSTILE = (
    "<!channel> @channel @all [reset](http://evil.example) ![](http://evil.example/t.png) [a][b] "
    "[b]: http://evil.example www.evil.example **now** *now* __now__ _now_ ~~now~~ `now` ```now # now"
)


@pytest.fixture
def mail(settings: Settings) -> Iterator[MailServer]:
    """A mail server that the settings name."""
    with mail_server() as running:
        settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", running.port
        yield running


@pytest.fixture
def told(cluster: Cluster, only: Any, look: Look) -> Callable[[], Notice]:
    """Lets a router be lost, and tells of it."""
    only("session-down")

    def tell() -> Notice:
        a_session(a_speaker(cluster), "10.0.0.1", **down(cause=f"{HOSTILE} & the hold timer expired"))
        look()
        (pk,) = compose(clock.now())
        deliver_all()
        return Notice.objects.select_related("route").get(pk=pk)

    return tell


class Beats:
    """Beat, at times that a test chooses: the looks at rules, and what is told after them. taken: by the receiver."""

    def __init__(self) -> None:
        self.start = clock.now()
        self.taken = True

    def __call__(self, seconds: float) -> list[Notice]:
        """What is told at a second of the test; speakers are heard until then."""
        if self.taken:
            Notice.objects.update(state="sent")
        now = self.at(seconds)
        evaluate(now)
        return list(Notice.objects.filter(pk__in=compose(now)))

    def at(self, seconds: float) -> datetime:
        return self.start + timedelta(seconds=seconds)


@pytest.fixture
def beat(cluster: Cluster, only: Only) -> Beats:
    """One rule, on sessions that are down; a session that is."""
    only("session-down")
    a_session(a_speaker(cluster), "10.0.0.1", **down())
    return Beats()


def recover(**where: Any) -> None:
    Session.objects.filter(**where).update(state="Established", reason="", cause="")
