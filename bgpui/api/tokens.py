"""/api/v1/tokens/: bearer tokens of one's own, and for admins those of others."""

from __future__ import annotations

from typing import Any, cast

import django_filters
from django.contrib.auth.models import User
from django.db.models import QuerySet
from django.utils import timezone
from django_filters.rest_framework import FilterSet
from drf_spectacular.utils import OpenApiExample, extend_schema, extend_schema_view
from rest_framework import serializers, status
from rest_framework.mixins import CreateModelMixin, DestroyModelMixin
from rest_framework.request import Request
from rest_framework.response import Response

from bgpui.models import LIFE, ApiToken, token_create
from clusters.api.bodies import KnownFields
from clusters.api.views import ReadEndpoint


class EndField(serializers.DateTimeField):
    """When the token ends; null or "never" = it does not."""

    def to_internal_value(self, value: Any) -> Any:
        """The time. Raises ValidationError."""
        return None if value == "never" else super().to_internal_value(value)


class TokenSerializer(KnownFields, serializers.ModelSerializer[ApiToken]):
    """A token without its key."""

    expires_at = EndField(
        required=False,
        allow_null=True,
        help_text=f"Not accepted from then on; left out = in {LIFE.days} days, null or `never` = it does not end.",
    )
    user = serializers.CharField(source="user.username", read_only=True)

    class Meta:
        model = ApiToken
        fields: tuple[str, ...] = (
            "id",
            "user",
            "name",
            "prefix",
            "read_only",
            "created_at",
            "expires_at",
            "last_used_at",
        )
        read_only_fields = ("prefix", "created_at", "last_used_at")

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """It ends unless the body says otherwise; made with a token, it lives no longer than its maker."""
        maker = self.context["request"].auth
        if "expires_at" not in attrs:
            ends = [timezone.now() + LIFE]
            ends += [maker.expires_at] if isinstance(maker, ApiToken) and maker.expires_at else []
            attrs["expires_at"] = min(ends)
        expires_at = attrs["expires_at"]
        if expires_at is not None and expires_at <= timezone.now():
            raise serializers.ValidationError({"expires_at": "is past"})
        if isinstance(maker, ApiToken) and maker.expires_at and (expires_at is None or expires_at > maker.expires_at):
            raise serializers.ValidationError({"expires_at": "must not be after the end of the token that asks"})
        return attrs


class NewTokenSerializer(TokenSerializer):
    """A token that was just made, with its key."""

    key = serializers.CharField(read_only=True, help_text="Shown this once; send it as `Authorization: Bearer <key>`.")

    class Meta(TokenSerializer.Meta):
        fields: tuple[str, ...] = (*TokenSerializer.Meta.fields, "key")


class TokenFilters(FilterSet):  # type: ignore[misc]
    """Admins see the tokens of all users."""

    user = django_filters.CharFilter(field_name="user__username", label="Name of the user")


_EXAMPLE = {"name": "nightly export", "read_only": True, "expires_at": "2031-01-01T00:00:00Z"}


@extend_schema_view(
    list=extend_schema(summary="List tokens", description="Your own; an admin sees those of others, too."),
    retrieve=extend_schema(summary="One token"),
    create=extend_schema(
        summary="Make a token",
        description=f"It acts with your role, for {LIFE.days} days unless you say otherwise. Its key is shown once.",
        responses={201: NewTokenSerializer},
        examples=[OpenApiExample("A reader for one year", value=_EXAMPLE, request_only=True)],
    ),
    destroy=extend_schema(summary="Revoke a token", description="It ends at once."),
)
class TokenViewSet(CreateModelMixin, DestroyModelMixin, ReadEndpoint):
    """Everybody's own tokens; who may change users has those of others before him, too."""

    serializer_class = TokenSerializer
    queryset = ApiToken.objects.select_related("user")
    filterset_class = TokenFilters
    ordering = ("user", "name")
    ordering_fields = {
        "user": "user__username",
        "name": "name",
        "created_at": "created_at",
        "expires_at": "expires_at",
        "last_used_at": "last_used_at",
    }

    def get_queryset(self) -> QuerySet[ApiToken]:
        """The tokens that the caller may see and end; all others are not found."""
        rows, user = super().get_queryset(), self.request.user
        return rows if user.has_perm("auth.change_user") else rows.filter(user_id=user.pk)

    def create(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """A new token of the caller."""
        asked = self.get_serializer(data=request.data)
        asked.is_valid(raise_exception=True)
        token, key = token_create(user=cast("User", request.user), **asked.validated_data)
        body = {**TokenSerializer(token, context=self.get_serializer_context()).data, "key": key}
        location = self.reverse_action("detail", args=[token.pk])
        return Response(
            body, status=status.HTTP_201_CREATED, headers={"Location": location, "Cache-Control": "no-store"}
        )
