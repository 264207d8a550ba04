"""/api/v1/alarm-routes/: where notices go. What is secret of a route is written and never read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

import django_filters
from django.conf import settings
from drf_spectacular.utils import OpenApiExample, extend_schema, extend_schema_view
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.response import Response

from alarms.api.fields import MatchersField
from alarms.api.notices import NoticeSerializer
from alarms.api.views import EnabledFilters, WriteEndpoint
from alarms.delivery.http import NO_RECEIVER
from alarms.models import Route
from alarms.secrets import ClosedError, Secrets, origin, secrets_of, secrets_seal
from alarms.services import notice_test
from clusters.api.bodies import KnownFields
from clusters.api.filters import choice
from clusters.connecting.sealing import MAKE_KEY, NO_KEY, has_key
from clusters.hosts import stands_for_none
from clusters.models import Change

_KIND = Route.Kind
_DAY = 86_400
_SECRET = ("url", "key", "token")
_TAKES = {  # what is secret of each kind, and whether it must be there
    _KIND.WEBHOOK: {"url": True, "key": True},
    _KIND.SLACK: {"url": True},
    _KIND.ALERTMANAGER: {"url": True, "token": False},
    _KIND.HEARTBEAT: {"url": True},
    _KIND.EMAIL: {},
}
_ANEW = "must be given anew with another address: the old one must not get there"


def _url(text: str) -> str:
    """An address that may be one of a receiver. Raises ValidationError, which never quotes it."""
    try:
        parts = urlsplit(text)
        odd = not parts.hostname or parts.port == 0 or parts.scheme not in ("http", "https")
    except ValueError:
        odd = True
    if odd or not text.isascii() or not text.isprintable() or " " in text:
        raise serializers.ValidationError("must be an address as https://host/path")
    if parts.username is not None or parts.fragment:
        raise serializers.ValidationError("must have no user, password or fragment")
    # Names are resolved when a notice is sent, and judged then: here a slow resolver would keep people waiting.
    if stands_for_none(parts.hostname or "", resolve=False):
        raise serializers.ValidationError(NO_RECEIVER)
    return text


class RouteSerializer(KnownFields, serializers.ModelSerializer[Route]):
    """A route, without what is secret of it."""

    matchers = MatchersField(help_text="Alarms that it is about: all must match, none = all. Of a heartbeat, clusters.")
    group_wait = serializers.IntegerField(min_value=0, max_value=_DAY, default=30)
    group_interval = serializers.IntegerField(min_value=0, max_value=_DAY, default=300)
    repeat_interval = serializers.IntegerField(min_value=0, max_value=30 * _DAY, default=4 * 3600)
    recipients = serializers.ListField(
        child=serializers.EmailField(), max_length=50, required=False, help_text="Addresses, of kind `email`."
    )
    url = serializers.CharField(
        write_only=True, required=False, max_length=2000,
        help_text="Address of the receiver; of an Alertmanager that under which it has /api/v2/alerts. Kept encrypted.",
    )  # fmt: skip
    key = serializers.CharField(
        write_only=True, required=False, min_length=16, max_length=200, trim_whitespace=False,
        help_text="Of kind `webhook`: signs each notice. Kept encrypted.",
    )  # fmt: skip
    token = serializers.CharField(
        write_only=True, required=False, max_length=2000, allow_blank=True,
        help_text="Of kind `alertmanager`: a bearer token, if it needs one. Kept encrypted.",
    )  # fmt: skip

    class Meta:
        model = Route
        fields = (
            "id", "name", "kind", "enabled", "matchers", "group_wait", "group_interval", "repeat_interval", "recovery",
            "recipients", "url", "key", "token", "target", "beaten_at", "failed_at", "error", "sent_total",
            "failed_total", "changed_at",
        )  # fmt: skip
        read_only_fields = ("target", "beaten_at", "failed_at", "error", "sent_total", "failed_total")

    def validate_url(self, url: str) -> str:
        """One that may be a receiver's."""
        return _url(url)

    def validate_token(self, token: str) -> str:
        """One word."""
        if not all(" " < letter <= "~" for letter in token):
            raise serializers.ValidationError("must be one word of printable ASCII")
        return token

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """What its kind needs is there, and nothing else."""
        kind = attrs.get("kind", getattr(self.instance, "kind", ""))
        if self.instance is not None and kind != self.instance.kind:
            raise serializers.ValidationError({"kind": "cannot become another one; add a route, and remove this one"})
        for name in _SECRET:
            if attrs.get(name) and name not in _TAKES[kind]:
                raise serializers.ValidationError({name: f"a route of kind {kind} has none"})
            if self.instance is None and _TAKES[kind].get(name) and not attrs.get(name):
                raise serializers.ValidationError({name: f"a route of kind {kind} needs one"})
        recipients = attrs.get("recipients", getattr(self.instance, "recipients", ()))
        if bool(recipients) != (kind == _KIND.EMAIL):
            raise serializers.ValidationError({"recipients": "are what a route of kind email has, and no other"})
        if kind == _KIND.EMAIL and not settings.EMAIL_HOST:
            raise serializers.ValidationError({"kind": "e-mail needs a mail server: set BGPUI_EMAIL_URL"})
        if kind == _KIND.HEARTBEAT and any(one["name"] != "cluster" for one in attrs.get("matchers", ())):
            raise serializers.ValidationError({"matchers": "of a heartbeat can only name clusters"})
        if _TAKES[kind] and not has_key():
            raise serializers.ValidationError({"url": f"{NO_KEY} {MAKE_KEY}"})
        return attrs

    def create(self, validated_data: dict[str, Any]) -> Route:
        """A new route."""
        return self._save(Route(), validated_data)

    def update(self, instance: Route, validated_data: dict[str, Any]) -> Route:
        """What is secret stays as it is, unless it is given."""
        return self._save(instance, validated_data)

    def _save(self, route: Route, data: dict[str, Any]) -> Route:
        given = {name: data.pop(name) for name in _SECRET if name in data}
        for name, value in data.items():
            setattr(route, name, value)
        if given:
            kept = _kept(route, given)
            if kept.token and "token" not in given and origin(given.get("url", kept.url)) != origin(kept.url):
                raise serializers.ValidationError({"token": _ANEW})
            found = {name: given.get(name, getattr(kept, name)) for name in _SECRET}
            if route.pk is not None and found["url"] != kept.url:
                route.told_of.all().delete()  # whoever is there has heard of nothing yet
            route.sealed = secrets_seal(route, **found)
            route.target = f"{origin(found['url'])[:290]}/…"
        elif route.kind == _KIND.EMAIL:
            route.target = ", ".join(route.recipients)[:300]
        # Nothing else: workers count what they send meanwhile.
        columns = {*data, "sealed", "target", "changed_at"}
        route.save(update_fields=None if route.pk is None else columns)
        return route


def _kept(route: Route, given: Mapping[str, str]) -> Secrets:
    """What the row holds; nothing if that cannot be opened, and all of it is given anew. Raises ValidationError."""
    try:
        return secrets_of(route)
    except ClosedError as error:
        missing = [name for name, needed in _TAKES[_KIND(route.kind)].items() if needed and name not in given]
        if missing:
            raise serializers.ValidationError({missing[0]: str(error)}) from error
        return Secrets(str(route.uid))


class RouteFilters(EnabledFilters):
    """By kind, and whether they count."""

    name = django_filters.CharFilter(label="Name")
    kind = choice("kind", Route.Kind.values, label="What it is")


class MayTest(BasePermission):
    """Who may change a route may try it."""

    def has_permission(self, request: Request, view: Any) -> bool:
        """Whether the role may."""
        return bool(request.user.has_perm("alarms.change_route"))


_EXAMPLE = {
    "name": "On call", "kind": "webhook", "url": "https://oncall.example.com/hooks/bgp", "key": "a long random text",
    "matchers": [{"name": "severity", "op": "=", "value": "critical"}],
}  # fmt: skip


@extend_schema_view(
    list=extend_schema(summary="List alarm routes"),
    retrieve=extend_schema(summary="One alarm route"),
    create=extend_schema(
        summary="Add an alarm route",
        description="It is told of everything that fires and matches. Its address, key and token are not shown again.",
        examples=[OpenApiExample("A signed webhook for what is critical", value=_EXAMPLE, request_only=True)],
    ),
    update=extend_schema(summary="Replace an alarm route", description="What is secret stays, unless it is given."),
    partial_update=extend_schema(summary="Change an alarm route"),
    destroy=extend_schema(summary="Remove an alarm route", description="With its notices, sent or not."),
)
class RouteViewSet(WriteEndpoint):
    """Routes."""

    serializer_class = RouteSerializer
    queryset = Route.objects.all()
    filterset_class = RouteFilters
    ordering = ("name",)
    ordering_fields = {name: name for name in ("name", "kind", "enabled", "failed_at", "changed_at")}

    @extend_schema(
        summary="Send a test notice",
        description="A worker sends it as it sends others; what became of it is in `notices/<id>/`.",
        request=None,
        responses={202: NoticeSerializer},
    )
    @action(detail=True, methods=["post"], permission_classes=[MayTest])
    def test(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Put it into the outbox."""
        notice = notice_test(self.get_object(), actor=request.user, source=Change.Source.API)
        return Response(NoticeSerializer(notice).data, status=202)
