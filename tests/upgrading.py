"""An upgrade by itself: `python -m tests.upgrading` makes a database of an older release, fills it, and migrates it.

It takes the database that BGPUI_DATABASE_URL names, which must be empty, and says what did not survive.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import django

# The last migrations of 0.1.0, before there was a history to look at and event streams.
OLD = {"bgpui": "0001", "clusters": "0008", "peers": "0001", "pools": "0001", "speakers": "0001"}
_WHEN = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
_PEER = {
    "apiVersion": "metallb.io/v1beta2",
    "kind": "BGPPeer",
    "metadata": {"name": "old", "namespace": "metallb-system", "uid": "u", "resourceVersion": "7"},
    "spec": {"myASN": 64500, "peerASN": 64501, "peerAddress": "10.0.0.1"},
}
# What a value must be for the product to make sense of it; everything else is filled by its type.
_TEXTS = {"name": "old", "namespace": "metallb-system", "kind": "BGPPeer", "mode": "frr", "username": "old"}
_BY_TYPE = {"CharField": "x", "TextField": "x", "SlugField": "x", "DateTimeField": _WHEN, "BooleanField": True}
_PAGES = ("/", "/peers/", "/changes/", "/changes/1/", "/changes/sets/1/", "/api/v1/changes/", "/api/v1/bgppeers/")
_OBJECTS = ("base", "live", "before", "after", "left", "stood")


def filled(apps: Any) -> Iterator[Any]:
    """A row of every model, each field of it set; models that others refer to come first."""
    made: dict[type, Any] = {}
    left = [model for app in (*OLD, "auth", "sessions") for model in apps.get_app_config(app).get_models()]
    left = [model for model in left if model.__name__ not in ("Permission", "Group")]  # migrate made these
    while left:
        for model in left:
            fields = [field for field in model._meta.concrete_fields if not field.auto_created]
            needed = {field.related_model for field in fields if field.is_relation} - {model}
            if needed <= made.keys():
                made[model] = model(**{field.name: made.get(field.related_model, _value(field)) for field in fields})
                made[model].save()
                yield made[model]
        left = [model for model in left if model not in made]


def _value(field: Any) -> Any:
    if field.is_relation:
        return None  # to itself
    kind = field.get_internal_type()
    if kind == "JSONField":
        return _PEER if field.name in _OBJECTS else field.get_default() or {}
    if field.choices:
        return field.choices[-1][0]
    return _TEXTS.get(field.name, _BY_TYPE.get(kind, 7))


def lost(before: dict[str, dict[str, Any]]) -> list[str]:
    """What the rows of before say and the migrated ones do not."""
    from django.apps import apps

    found = []
    for label, values in before.items():
        model = apps.get_model(label)
        fields = {field.attname for field in model._meta.concrete_fields}
        found += [f"{label}.{name} has no column any more" for name in values.keys() - fields]
        row = model._default_manager.filter(pk=values[model._meta.pk.attname]).values().first() or {}
        found += [f"{label}.{name}: {value!r} became {row.get(name)!r}" for name, value in values.items()
                  if name in fields and row.get(name) != value]  # fmt: skip
    return found


def main() -> int:
    """1 if something is lost."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "bgpui.settings")
    django.setup()
    from django.core.management import call_command
    from django.db import connection
    from django.db.migrations.loader import MigrationLoader

    for app, name in OLD.items():
        call_command("migrate", app, name, verbosity=0)
    for app in ("auth", "sessions"):
        call_command("migrate", app, verbosity=0)
    loader = MigrationLoader(connection)
    targets = [key for key in loader.applied_migrations if key in loader.graph.nodes]
    rows = list(filled(loader.project_state(targets).apps))
    before = {row._meta.label: type(row).objects.filter(pk=row.pk).values().get() for row in rows}
    call_command("migrate", verbosity=0)
    call_command("migrate", check_unapplied=True, verbosity=0)
    gone = lost(before)
    sys.stdout.write("\n".join([f"{len(before)} kinds of rows migrated on {connection.vendor}", *gone, ""]))
    return 1 if gone else _shown()


def _shown() -> int:
    """Whether pages and REST show what was migrated."""
    from django.contrib.auth.models import User
    from django.test import Client

    client = Client()
    client.force_login(User.objects.get(username="old"))
    for path in (
        "/",
        "/peers/",
        "/changes/",
        "/changes/1/",
        "/changes/sets/1/",
        "/api/v1/changes/",
        "/api/v1/bgppeers/",
    ):
        answer = client.get(path, HTTP_HOST="localhost")
        sys.stdout.write(f"{answer.status_code} {path}\n")
        if answer.status_code != 200:
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
