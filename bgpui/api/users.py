"""/api/v1/users/: local users and their roles, for admins."""

from __future__ import annotations

from typing import Any, cast

import django_filters
from django.contrib.auth.models import User
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError as DjangoValidationError
from django.db import transaction
from django_filters.rest_framework import FilterSet
from drf_spectacular.utils import OpenApiExample, extend_schema, extend_schema_field, extend_schema_view
from rest_framework import serializers
from rest_framework.exceptions import PermissionDenied
from rest_framework.mixins import CreateModelMixin, DestroyModelMixin, UpdateModelMixin
from rest_framework.permissions import SAFE_METHODS

from bgpui.accounts import beyond_reach, locks_out
from bgpui.roles import ROLES, role_give, role_of
from clusters.api.bodies import KnownFields
from clusters.api.filters import flag
from clusters.api.problems import Conflict
from clusters.api.views import ReadEndpoint


@extend_schema_field({"type": "string", "enum": list(ROLES)})
class RoleField(serializers.Field[Any, Any, Any, Any]):
    """The user's role, kept as a group."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(source="*", **kwargs)

    def to_representation(self, value: User) -> str:
        """The role's name; "" = none."""
        return role_of(value)

    def to_internal_value(self, data: Any) -> dict[str, str]:
        """The role to give. Raises ValidationError."""
        if not isinstance(data, str) or data not in ROLES:
            raise serializers.ValidationError(f"must be one of {', '.join(ROLES)}")
        return {"role": data}


class UserSerializer(KnownFields, serializers.ModelSerializer[User]):
    """A local user; the password is written and never read."""

    role = RoleField()
    password = serializers.CharField(write_only=True, max_length=200, trim_whitespace=False)

    class Meta:
        model = User
        fields = ("id", "username", "role", "is_active", "password", "date_joined", "last_login")
        read_only_fields = ("date_joined", "last_login")

    def validate_password(self, password: str) -> str:
        """Refuses what is easily guessed."""
        try:
            validate_password(password, self.instance)
        except DjangoValidationError as error:
            raise serializers.ValidationError(error.messages) from error
        return password

    def create(self, validated_data: dict[str, Any]) -> User:
        """A new user with a role."""
        return self._save(User(), validated_data)

    def update(self, instance: User, validated_data: dict[str, Any]) -> User:
        """Name, role, password or whether he may log in."""
        return self._save(instance, validated_data)

    def _save(self, user: User, data: dict[str, Any]) -> User:
        role, password = data.pop("role", None), data.pop("password", None)
        for name, value in data.items():
            setattr(user, name, value)
        if password is not None:
            user.set_password(password)
        with transaction.atomic():
            user.save()
            if role is not None:
                role_give(user=user, role=role)
        return User.objects.prefetch_related("groups").get(pk=user.pk)


class UserFilters(FilterSet):  # type: ignore[misc]
    """By name and by whether they may log in."""

    username = django_filters.CharFilter(label="Name")
    is_active = flag("is_active", label="May log in")


_EXAMPLE = {"username": "noc", "role": "viewer", "password": "correct horse battery"}


@extend_schema_view(
    list=extend_schema(summary="List users"),
    retrieve=extend_schema(summary="One user"),
    create=extend_schema(
        summary="Add a user",
        examples=[OpenApiExample("A viewer for the operations desk", value=_EXAMPLE, request_only=True)],
    ),
    update=extend_schema(summary="Replace a user"),
    partial_update=extend_schema(summary="Change a user", description="Role, password, or whether he may log in."),
    destroy=extend_schema(summary="Remove a user", description="With his tokens; the audit trail keeps his changes."),
)
class UserViewSet(CreateModelMixin, UpdateModelMixin, DestroyModelMixin, ReadEndpoint):
    """Local users."""

    serializer_class = UserSerializer
    queryset = User.objects.prefetch_related("groups")
    filterset_class = UserFilters
    ordering = ("username",)
    ordering_fields = {"username": "username", "date_joined": "date_joined", "last_login": "last_login"}

    def check_object_permissions(self, request: Any, obj: User) -> None:
        """Superusers are out of an admin's reach."""
        super().check_object_permissions(request, obj)
        if request.method not in SAFE_METHODS and (why := beyond_reach(request.user, obj)):
            raise PermissionDenied(why)

    def perform_update(self, serializer: Any) -> None:
        """Nobody takes his own rights away: an installation would end up without an admin."""
        if why := locks_out(cast("User", self.request.user), serializer.instance, serializer.validated_data):
            raise Conflict(why)
        serializer.save()

    def perform_destroy(self, instance: User) -> None:
        """Nobody removes himself."""
        if instance == self.request.user:
            raise Conflict("You cannot remove yourself; let another admin do it.")
        instance.delete()
