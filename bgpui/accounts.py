"""What an admin may do to users, the same in browser and REST."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.contrib.auth.models import User

from bgpui.roles import ADMIN


def beyond_reach(actor: User, user: User) -> str:
    """Why the actor may not change or remove this user at all; "" = he may.

    A superuser may do what no role may: who could set his password would be one.
    """
    return "Only a superuser may change or remove a superuser." if user.is_superuser and not actor.is_superuser else ""


def locks_out(actor: User, user: User, changes: Mapping[str, Any]) -> str:
    """Why these changes must be left to somebody else; "" = they need not. An installation keeps its admin."""
    if user != actor or (changes.get("role", ADMIN) == ADMIN and changes.get("is_active", True)):
        return ""
    return "You cannot take your own rights away; let another admin do it."
