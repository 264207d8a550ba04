"""What people ask FRR is an exec in a pod, or in many: so often a minute and user, on pages and in REST together."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from http import HTTPStatus
from typing import Concatenate, ParamSpec

from django.contrib import messages
from django.contrib.auth.models import AnonymousUser, User
from django.http import HttpResponse
from django.shortcuts import render

from clusters.limits import early
from clusters.pages import HttpRequest

MOST = 120
SECONDS = 60
_P = ParamSpec("_P")
_View = Callable[Concatenate[HttpRequest, _P], HttpResponse]


def question_early(user: User | AnonymousUser) -> int:
    """Count a question of this user; how many seconds it is too early by, 0 = it may be asked."""
    return early(f"questions:{user.pk}", most=MOST, seconds=SECONDS)


def limited(view: _View[_P]) -> _View[_P]:
    """A page that asks FRR when something is posted to it."""

    @wraps(view)
    def inner(request: HttpRequest, /, *args: _P.args, **kwargs: _P.kwargs) -> HttpResponse:
        wait = question_early(request.user) if request.method == "POST" else 0
        return _refused(request, wait) if wait else view(request, *args, **kwargs)

    return inner


def _refused(request: HttpRequest, wait: int) -> HttpResponse:
    """429; a fragment's page is opened again, at its head, where it says so."""
    told = f"You have asked FRR {MOST} times within a minute, which is as often as one may. Ask again in {wait} s."
    if request.htmx:
        messages.error(request, told)
        where = (request.htmx.current_url_abs_path or "/").partition("#")[0]  # with it nothing would be loaded
        response = HttpResponse(status=HTTPStatus.TOO_MANY_REQUESTS, headers={"HX-Redirect": where})
    else:
        response = render(request, "429.html", {"told": told}, status=HTTPStatus.TOO_MANY_REQUESTS)
    response.headers["Retry-After"] = str(wait)
    return response
