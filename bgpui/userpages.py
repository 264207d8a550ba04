"""Users for admins: who there is, with which role, whether he may log in, and a new password. REST's own rules."""

from __future__ import annotations

from typing import Any, cast

from django.contrib import messages
from django.contrib.auth import update_session_auth_hash
from django.contrib.auth.decorators import permission_required
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import path
from django.views.decorators.http import require_GET, require_http_methods

from bgpui.accounts import beyond_reach, locks_out
from bgpui.api.users import UserSerializer
from bgpui.roles import ROLES, VIEWER, role_of
from clusters.pages import HttpRequest as PageRequest
from clusters.pages import page_of, render_page


@require_GET
@permission_required("auth.view_user", raise_exception=True)
def users(request: PageRequest) -> HttpResponse:
    """All users by name, or those whose name has these letters."""
    words, actor = request.GET.get("q", "").strip()[:150], cast("User", request.user)
    found = User.objects.prefetch_related("groups").filter(username__icontains=words).order_by("username")
    page = page_of(request, found)
    rows = [(user, role_of(user), not beyond_reach(actor, user)) for user in page]
    return render_page(request, "users/list.html", {"page": page, "rows": rows, "words": words})


@require_http_methods(["GET", "POST"])
@permission_required("auth.add_user", raise_exception=True)
def user_new(request: PageRequest) -> HttpResponse:
    """Add a user."""
    if request.method != "POST":
        return _form(request, None, {"role": VIEWER})
    typed = _typed(request, "username", "role", "password")
    asked = UserSerializer(data=typed)
    if not asked.is_valid():
        return _form(request, None, typed, asked.errors)
    made = asked.save()
    messages.success(request, f"User {made.username} is added.")
    return redirect("users")


@require_http_methods(["GET", "POST"])
@permission_required("auth.change_user", raise_exception=True)
def user_edit(request: PageRequest, pk: int) -> HttpResponse:
    """Another role, a new password, or an end to logging in."""
    user, actor = get_object_or_404(User.objects.prefetch_related("groups"), pk=pk), cast("User", request.user)
    if why := beyond_reach(actor, user):
        raise PermissionDenied(why)
    if request.method != "POST":
        return _form(request, user, {"role": role_of(user), "is_active": user.is_active})
    typed: dict[str, Any] = _typed(request, "role") | {"is_active": "is_active" in request.POST}
    typed |= {name: value for name, value in _typed(request, "password").items() if value}
    asked = UserSerializer(user, data=typed, partial=True)
    if not asked.is_valid():
        return _form(request, user, typed, asked.errors)
    if why := locks_out(actor, user, asked.validated_data):
        return _form(request, user, typed, {"": [why]}, status=409)
    changed = asked.save()
    if changed == actor:
        update_session_auth_hash(request, changed)
    messages.success(request, f"User {changed.username} is changed.")
    return redirect("users")


def _typed(request: HttpRequest, *names: str) -> dict[str, str]:
    return {name: request.POST.get(name, "") for name in names}


def _form(
    request: PageRequest, user: User | None, values: dict[str, Any], errors: Any = None, *, status: int = 422
) -> HttpResponse:
    """The form; a password is never in it again. errors: by field, "" = of the whole."""
    problems = [(name, " ".join(map(str, texts))) for name, texts in (errors or {}).items()]
    context = {"who": user, "values": values, "problems": problems, "wrong": dict(problems), "roles": ROLES}
    return render_page(request, "users/edit.html", context, status=status if problems else 200)


urlpatterns = [
    path("users/", users, name="users"),
    path("users/new/", user_new, name="user-new"),
    path("users/<int:pk>/", user_edit, name="user"),
]
