"""Three roles as groups of model permissions: viewer reads, editor writes resources, admin looks after users.

Everybody has tokens of his own; who may change users may see and revoke those of others, too.
"""

from __future__ import annotations

from typing import Any

from django.apps import AppConfig
from django.contrib.auth.models import Group, Permission, User
from django.db.models import Q

from clusters.registry import resource_models

VIEWER, EDITOR, ADMIN = "viewer", "editor", "admin"
ROLES = (VIEWER, EDITOR, ADMIN)
_READABLE = ("clusters", "peers", "pools", "speakers", "alarms", "dashboard")
_ADMIN = (
    ("auth", "user"),
    ("auth", "group"),
    ("clusters", "cluster"),
    ("alarms", "rule"),
    ("alarms", "inhibition"),
    ("alarms", "route"),
    ("alarms", "notice"),
)


def _everything(app_label: str, model: str) -> Q:
    return Q(content_type__app_label=app_label, content_type__model=model)


def _permissions() -> dict[str, Q]:
    viewer = Q(content_type__app_label__in=_READABLE, codename__startswith="view_") | _everything("bgpui", "apitoken")
    editor = (
        viewer
        | Q(content_type__app_label="clusters", codename="add_changeset")
        | _everything("clusters", "baseline")
        | _everything("clusters", "exclusion")
    )
    for name in ("silence", "maintenancewindow"):
        editor |= _everything("alarms", name)
    editor |= Q(content_type__app_label="alarms", codename="change_alarm")
    for model in resource_models().values():
        editor |= _everything(*model._meta.label_lower.split("."))  # noqa: SLF001  # Django's own name
    admin = editor
    for app_label, name in _ADMIN:
        admin |= _everything(app_label, name)
    return {VIEWER: viewer, EDITOR: editor, ADMIN: admin}


def roles_write(sender: AppConfig, using: str = "default", **_: Any) -> None:
    """After a migration: the groups exist and hold exactly the permissions of their role."""
    for name, wanted in _permissions().items():
        group, _created = Group.objects.using(using).get_or_create(name=name)
        group.permissions.set(Permission.objects.using(using).filter(wanted))


def role_of(user: User) -> str:
    """The user's highest role; "" = none, admin for a superuser."""
    if user.is_superuser:
        return ADMIN
    names = {group.name for group in user.groups.all()}
    return next((role for role in reversed(ROLES) if role in names), "")


def role_give(*, user: User, role: str) -> None:
    """The user has this role and no other. Raises ValueError for a role that there is not."""
    if role not in ROLES:
        raise ValueError(f"{role!r} is none of {', '.join(ROLES)}")
    user.groups.remove(*Group.objects.filter(name__in=ROLES).exclude(name=role))
    user.groups.add(Group.objects.get(name=role))
