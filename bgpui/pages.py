"""Pages about the user: login, logout, theme, and the user's own API tokens."""

from __future__ import annotations

from datetime import timedelta
from http import HTTPStatus
from typing import Any, cast

from django import forms
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_not_required, permission_required
from django.contrib.auth.forms import AuthenticationForm
from django.contrib.auth.models import User
from django.contrib.auth.views import LoginView, LogoutView
from django.core.exceptions import RequestDataTooBig, TooManyFieldsSent, TooManyFilesSent
from django.http import HttpRequest, HttpResponse, HttpResponseBadRequest, HttpResponseRedirect
from django.shortcuts import get_object_or_404, redirect
from django.template.loader import render_to_string
from django.urls import path
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_http_methods, require_POST
from django.views.defaults import page_not_found

from bgpui.logins import Attempt
from bgpui.models import LIFE, ApiToken, token_create
from clusters.changesets.imports import LARGEST
from clusters.origin import address_of
from clusters.pages import HttpRequest as PageRequest
from clusters.pages import render_page
from clusters.words import duration_words
from dashboard.context import THEMES

_YEAR = 365 * 24 * 3600
_EXPIRIES = ((30, "30 days"), (90, "90 days"), (365, "a year"), (0, "never"))


class Login(LoginView):
    """Login by name and password. A fragment that lost its session sends the whole page here."""

    template_name = "registration/login.html"
    redirect_authenticated_user = True

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Answer htmx with an order to reload the page that it is on."""
        if cast("PageRequest", request).htmx:
            return HttpResponse(status=204, headers={"HX-Refresh": "true"})
        return cast("HttpResponse", super().dispatch(request, *args, **kwargs))

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Log in; who has failed too often waits before the next password is looked at."""
        self._attempt = Attempt(request.POST.get("username", ""), address_of(request))
        if not (wait := self._attempt.begin()):
            return super().post(request, *args, **kwargs)
        # A form of its own: one with what was typed would look at the password.
        context = self.get_context_data(
            form=self.get_form_class()(request), wait=duration_words(timedelta(seconds=wait))
        )
        headers = {"Retry-After": str(wait)}
        return self.render_to_response(context, status=HTTPStatus.TOO_MANY_REQUESTS, headers=headers)

    def form_valid(self, form: AuthenticationForm) -> HttpResponse:
        """They match."""
        self._attempt.succeeded()
        return super().form_valid(form)

    def form_invalid(self, form: AuthenticationForm) -> HttpResponse:
        """They do not."""
        self._attempt.failed()
        return super().form_invalid(form)


def _next(request: HttpRequest) -> str:
    target = request.POST.get("next", "")
    local = url_has_allowed_host_and_scheme(target, {request.get_host()}, require_https=request.is_secure())
    return target if local else "/"


@login_not_required
@require_POST
def theme(request: HttpRequest) -> HttpResponse:
    """Keep the theme in a cookie, so that the server renders the page right from the start."""
    response = HttpResponseRedirect(_next(request))
    wanted = request.POST.get("theme", "")
    if wanted in {name for name, _label in THEMES}:
        response.set_cookie("theme", wanted, max_age=_YEAR, samesite="Lax")
    return response


class TokenForm(forms.Form):
    """What a new token is for, what it may, and until when."""

    name = forms.CharField(max_length=100, label="What is it for?")
    days = forms.TypedChoiceField(coerce=int, choices=_EXPIRIES, initial=LIFE.days, label="Expires after")
    read_only = forms.BooleanField(required=False, initial=True, label="Read only")


def _tokens(request: HttpRequest, **context: Any) -> HttpResponse:
    own = ApiToken.objects.filter(user=cast("User", request.user)).order_by("-created_at")
    return render_page(cast("PageRequest", request), "registration/tokens.html", {"tokens": own} | context)


@require_http_methods(["GET", "POST"])
@permission_required("bgpui.add_apitoken", raise_exception=True)
def tokens(request: HttpRequest) -> HttpResponse:
    """The user's tokens; POST makes one and shows its key, once."""
    if request.method != "POST":
        return _tokens(request, form=TokenForm())
    form = TokenForm(request.POST)
    if not form.is_valid():
        return _tokens(request, form=form)
    days = form.cleaned_data["days"]
    token, key = token_create(
        user=cast("User", request.user),
        name=form.cleaned_data["name"],
        read_only=form.cleaned_data["read_only"],
        expires_at=timezone.now() + timedelta(days=days) if days else None,
    )
    return _tokens(request, form=TokenForm(), made=token, key=key)


@require_POST
@permission_required("bgpui.delete_apitoken", raise_exception=True)
def token_revoke(request: HttpRequest, pk: int) -> HttpResponse:
    """Take one of the user's own tokens away."""
    token = get_object_or_404(ApiToken, pk=pk, user=cast("User", request.user))
    token.delete()
    messages.success(request, f"Token {token} is revoked.")
    return redirect("tokens")


def bad_request(_request: HttpRequest, exception: Exception) -> HttpResponse:
    """The page for what cannot be meant; without whatever came with the request, not even a session."""
    if isinstance(exception, RequestDataTooBig | TooManyFieldsSent | TooManyFilesSent):
        limits = {"bytes": settings.DATA_UPLOAD_MAX_MEMORY_SIZE, "files": LARGEST}
        return HttpResponse(render_to_string("413.html", limits), status=HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
    return HttpResponseBadRequest(render_to_string("400.html"))


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """The page for what does not exist. An open page whose object is gone must not go on showing it."""
    response = page_not_found(request, exception)
    if request.method == "GET" and request.headers.get("HX-Request"):
        response.headers["HX-Refresh"] = "true"
    return response


urlpatterns = [
    path("login/", login_not_required(Login.as_view()), name="login"),
    path("logout/", LogoutView.as_view(), name="logout"),
    path("theme/", theme, name="theme"),
    path("tokens/", tokens, name="tokens"),
    path("tokens/<int:pk>/revoke/", token_revoke, name="token-revoke"),
]
