"""A cluster to raise alarms in; what a beat does is called here."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.utils import timezone

from alarms.evaluation import Evaluated, evaluate
from alarms.models import Alarm, Rule
from tests.api.conftest import as_role, user
from tests.pages.conftest import browser, cluster
from tests.pages.test_stale import refusing

__all__ = ["as_role", "browser", "cluster", "refusing", "user"]
Look = Callable[..., Evaluated]


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
    return [str(alarm) for alarm in Alarm.objects.filter(state="firing").order_by("title")]
