"""POST {…}/password/: a new password for an object, in whichever Secret it belongs."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from clusters.api.conditional import preconditions_check
from clusters.api.patching import row_patched
from clusters.api.permissions import ChangePermission
from clusters.api.problems import BadBody, Conflict, fault
from clusters.api.shared import SharedResourceViewSet
from clusters.api.writing import edit_of, problems
from clusters.edits import rotation
from clusters.models import Change
from clusters.secrets import inline_in_force, secret_in_force

_WHAT = (
    "An object that refers to a Secret: the password is written into that Secret, which is not read, and the sessions "
    "of all objects that take theirs from it are reset; `dry_run` says which. Any other object: the password becomes a "
    "Secret of its own and the object refers to it, an inline password goes; as with PATCH."
)


class PasswordSerializer(serializers.Serializer[Any]):
    """The new password; it is never shown again."""

    password = serializers.CharField(write_only=True, trim_whitespace=False)


class RotatedSerializer(serializers.Serializer[rotation.Rotated]):
    """The Secret that has the new password, and the other objects that take theirs from it."""

    secret = serializers.CharField()
    namespace = serializers.CharField()
    sharedWith = serializers.ListField(child=serializers.CharField(), help_text="Names of objects of this kind.")  # noqa: N815  # as in JSON
    confirm = serializers.ListField(
        child=serializers.CharField(), help_text="What `accept` has to confirm, as in a review."
    )


class PasswordEndpoint(SharedResourceViewSet):
    """For a kind with a password."""

    parameters = {**SharedResourceViewSet.parameters, "password": ("wait", "dry_run", "accept")}
    repeatable = {**SharedResourceViewSet.repeatable, "password": ("accept",)}

    @extend_schema(
        summary="Give it a new password",
        description=_WHAT,
        request=PasswordSerializer,
        responses=RotatedSerializer,
        examples=[OpenApiExample("A password", value={"password": "a new one"}, request_only=True)],
    )
    @action(detail=True, methods=["post"], permission_classes=[ChangePermission])
    def password(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Rotate it, or set it."""
        row, edit, password = self.get_object(), edit_of(request), _password(request.data)
        preconditions_check(request, row)
        if row.deleting:
            raise Conflict("It is being deleted.")
        if inline_in_force(row) or not secret_in_force(row):
            draft = self._draft(row_patched(row, {"spec": {"password": password}}))
            return self._write(edit, row.cluster, draft, row, base_revision=row.revision)
        with problems(edit):
            if edit.dry_run:
                rotated = rotation.rotation_of(row, password)
            else:
                rotated = rotation.password_rotate(
                    row=row, password=password, actor=edit.actor, source=Change.Source.API, accept=edit.accept
                )
        names = [one.name for one in rotated.shared_with]
        told = {"secret": rotated.secret, "namespace": rotated.namespace, "sharedWith": names}
        return Response(told | {"confirm": [str(one) for one in rotated.confirm]})


def _password(body: Any) -> str:
    """The password of a body. Raises BadBody, which does not repeat it."""
    password = body.get("password") if isinstance(body, dict) else None
    if not isinstance(password, str) or not password or len(body) != 1:
        message = "must be an object with a password, a string that is not empty, and nothing else"
        raise BadBody(f"The body {message}.", findings=[fault("password", message, code="shape")])
    return password
