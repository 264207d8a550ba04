"""A cluster to raise alarms in; what a beat does is called here."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from importlib import import_module
from types import SimpleNamespace
from typing import Any

import pytest
from cryptography.fernet import Fernet
from django.apps import apps
from django.db import connection
from django.utils import timezone
from pytest_django import Settings

from alarms.api.routes import RouteSerializer
from alarms.delivery import outbox
from alarms.evaluation import Evaluated, evaluate
from alarms.models import Alarm, Route, Rule
from tests.alarms.receivers import Receiver, http_receiver
from tests.api.conftest import as_role, user
from tests.pages.conftest import browser, cluster
from tests.pages.test_stale import refusing

__all__ = ["as_role", "browser", "cluster", "refusing", "user"]
Look = Callable[..., Evaluated]


@pytest.fixture
def default_rules(db: None) -> None:
    """As the migration leaves them: a test with real transactions before this one may have emptied the tables."""
    for name in ("0002_default_rules", "0005_default_inhibitions", "0006_comparison"):
        import_module(f"alarms.migrations.{name}").add(apps, SimpleNamespace(connection=connection))


@pytest.fixture
def look() -> Look:
    """Looks at all rules, some seconds from now."""
    return lambda seconds=0: evaluate(timezone.now() + timedelta(seconds=seconds))


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
    for pk in outbox.left_over(timezone.now()):
        outbox.deliver(pk)
