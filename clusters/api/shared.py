"""What an endpoint offers for objects that others write, too: conflicts settled field by field."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema, inline_serializer
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from clusters.api.conditional import preconditions_check
from clusters.api.permissions import ChangePermission
from clusters.api.resolving import conflict_json, row_resolved
from clusters.api.schema import WRITING_PARAMETERS
from clusters.api.viewsets import ResourceViewSet
from clusters.api.writing import REPEATABLE, WRITING, edit_of

_ANY = {name: serializers.JSONField(allow_null=True) for name in ("base", "mine", "theirs")}
_SIDE: dict[str, serializers.Field[Any, Any, Any, Any]] = {
    "path": serializers.CharField(),
    **_ANY,
    "changedBy": serializers.ChoiceField(["mine", "theirs", "both"]),
}
_CONFLICT = inline_serializer(
    "ConflictSides",
    {
        "sync": inline_serializer("ConflictSync", {name: serializers.CharField() for name in ("state", "message")}),
        "fields": inline_serializer("ConflictField", _SIDE, many=True),
    },
)
_CHOICES = inline_serializer(
    "ConflictChoices",
    {
        "choices": serializers.DictField(child=serializers.ChoiceField(["mine", "theirs"]), required=False),
        "patch": serializers.DictField(required=False, help_text="A JSON merge patch, done to what the choices make."),
    },
)


class SharedResourceViewSet(ResourceViewSet):
    """Resources, with what they need where bgpui is not the only one who writes them."""

    parameters = {**ResourceViewSet.parameters, "resolve_with": WRITING}
    repeatable = {**ResourceViewSet.repeatable, "resolve_with": REPEATABLE}

    @extend_schema(
        summary="The three sides of a conflict",
        description="Of each field in which the edit and the cluster differ: as it was reviewed, mine, and theirs.",
        responses=_CONFLICT,
    )
    @action(detail=True, permission_classes=[ChangePermission])
    def resolve(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Told of a refused edit; of others there is none."""
        return Response(conflict_json(self.get_object()))

    @extend_schema(
        summary="Settle a conflict field by field",
        description=(
            "`choices` has mine or theirs for each path; what one side alone changed follows that side unless it is "
            "named. `patch`, a JSON merge patch, is done to the result. The answer is that of a PUT."
        ),
        parameters=WRITING_PARAMETERS,
        request=_CHOICES,
    )
    @resolve.mapping.post
    def resolve_with(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Accept what the choices make, as an edit of what stands."""
        row, edit = self.get_object(), edit_of(request)
        preconditions_check(request, row)
        draft = self._draft(row_resolved(row, request.data))
        return self._write(edit, row.cluster, draft, row, base_revision=row.revision)
