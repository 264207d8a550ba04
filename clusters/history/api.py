"""/api/v1/changes/: the history, as pages of JSON or as JSON lines, and the way back to any point of it."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.http import StreamingHttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import (
    OpenApiParameter,
    OpenApiResponse,
    extend_schema,
    extend_schema_view,
    inline_serializer,
)
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.response import Response

from clusters.api.changesets import LEAVE_OUT, ChangeSetSerializer, way_back_accepted
from clusters.api.problems import BadParameter, fault
from clusters.api.schema import WRITING_PARAMETERS
from clusters.api.views import ReadEndpoint
from clusters.api.writing import REPEATABLE, WRITING, edit_of
from clusters.changesets.drafts import SetDraft
from clusters.history.asked import PARAMETERS, NoPointError, point_of
from clusters.history.exports import MEDIA_TYPE, download
from clusters.history.revert import SIDES, TooManyError, revert_of
from clusters.history.selectors import ChangeFilters, change_json, changes
from clusters.models import Change

_FILTERS = tuple(ChangeFilters.base_filters)
_DONE = {
    200: ChangeSetSerializer,
    202: OpenApiResponse(ChangeSetSerializer, description="Accepted; not settled yet."),
    204: OpenApiResponse(description="Everything stands as it did then."),
}
_POINTS = [
    OpenApiParameter("since", OpenApiTypes.DATETIME, description="Everything of the cluster as it stood then."),
    OpenApiParameter("cluster", str, description="With `since`; needed if there are several."),
    OpenApiParameter("change", int, description="In its place: before this change, and all that came after it."),
    OpenApiParameter("set", int, description="In its place: what this change set changed, as it was before."),
    OpenApiParameter("kind", str, description="Only objects of this kind."),
    OpenApiParameter("namespace", str, description="Only objects in this namespace."),
    OpenApiParameter("name", str, description="Only objects of this name."),
]


class MayRevert(BasePermission):
    """Putting objects back is a change set; the kinds in it are looked at after that."""

    def has_permission(self, request: Request, view: Any) -> bool:
        """Whether the role may make change sets."""
        return bool(request.user.has_perm("clusters.add_changeset"))


def _text(told: str = "", **more: Any) -> serializers.Field[Any, Any, Any, Any]:
    return serializers.CharField(help_text=told or None, **more)


_TRIAL = {"ok": serializers.BooleanField(allow_null=True), "message": _text()}
_FIELD = {name: serializers.JSONField(allow_null=True) for name in ("before", "after")}
CHANGE = inline_serializer(
    "Change",
    {
        "id": serializers.IntegerField(),
        "at": serializers.DateTimeField(),
        "cluster": _text("Null = a change of bgpui itself: of an alarm's rule or route.", allow_null=True),
        **{name: _text() for name in ("kind", "namespace", "name")},
        "action": _text(f"One of {', '.join(Change.Action.values)}."),
        "source": _text("browser, api, or cluster: made there by others."),
        "actor": _text("The user; null for changes by others.", allow_null=True),
        "token": _text("Name of the API token, if one was used."),
        "address": _text("Of the client, if the settings keep it.", allow_null=True),
        "manager": _text("Field manager, for changes by others."),
        "message": _text("Why."),
        "changeSet": serializers.IntegerField(allow_null=True),
        "newPassword": serializers.BooleanField(),
        "dryRun": inline_serializer("ChangeTrial", _TRIAL, allow_null=True, help_text="null = it was not tried."),
        "accepted": serializers.ListField(child=_text(), help_text="Rules that were acknowledged."),
        "overridden": serializers.ListField(child=_text(), help_text="Rules that an administrator overrode."),
        "overrideReason": _text("Why, in the administrator's words."),
        "diff": inline_serializer("ChangedField", {"path": _text(), **_FIELD}, many=True),
        "before": serializers.DictField(allow_null=True, help_text="The manifest; null = there was no such object."),
        "after": serializers.DictField(allow_null=True),
    },
)


@extend_schema_view(
    list=extend_schema(summary="List changes", description="Ours and those by others, the newest first."),
    retrieve=extend_schema(summary="One change", responses=CHANGE),
)
class ChangeViewSet(ReadEndpoint):
    """The history."""

    queryset = Change.objects.none()  # names the model whose permissions count
    serializer_class = type(CHANGE)
    filterset_class = ChangeFilters
    lookup_value_regex = r"[0-9]{1,18}"
    ordering = ("-at", "-id")
    ordering_fields = {
        **{name: name for name in ("at", "kind", "namespace", "name", "action", "manager")},
        "id": "pk",
        "cluster": "cluster__name",
        "actor": "actor__username",
        "source": "source",
    }
    parameters = {"export": _FILTERS, "revert": ("to", *WRITING), "revert_to": (*PARAMETERS, "leave_out", *WRITING)}
    repeatable = {"export": ("source", "action"), "revert": REPEATABLE, "revert_to": ("leave_out", *REPEATABLE)}

    def get_queryset(self) -> QuerySet[Any]:
        """All of them; what can be put back is of a cluster."""
        return changes().exclude(cluster=None) if self.action == "revert" else changes()

    def list(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """A page of them."""
        page = self.paginate_queryset(self.filter_queryset(self.get_queryset())) or []
        return self.get_paginated_response([change_json(change) for change in page])

    def retrieve(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """One of them."""
        return Response(change_json(self.get_object()))

    @extend_schema(
        summary="Export changes",
        description="As JSON lines, oldest first, with the filters of the list.",
        responses={(200, MEDIA_TYPE): OpenApiTypes.STR},
        filters=True,
    )
    @action(detail=False, pagination_class=None)
    def export(self, request: Request, *args: Any, **kwargs: Any) -> StreamingHttpResponse:
        """The file."""
        return download(self.filter_queryset(self.get_queryset()))

    @extend_schema(
        summary="Put an object back",
        description="As it stood before or after this change, as a change set of one. Passwords are not part of it.",
        parameters=[OpenApiParameter("to", str, enum=SIDES, required=True), *WRITING_PARAMETERS],
        request=None,
        responses=_DONE,
    )
    @action(detail=True, methods=["post"], permission_classes=[MayRevert])
    def revert(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Accept it."""
        side = next((one for one in SIDES if one == request.query_params.get("to")), None)
        if side is None:
            raise _bad("to", f"must be {' or '.join(SIDES)}")
        return _accepted(request, revert_of(self.get_object(), side))

    @extend_schema(
        operation_id="changes_revert_to",
        summary="Put a cluster back",
        description=(
            "Everything that changed since, as it stood then, as one change set: what was deleted is made anew, what "
            "was made is deleted (with `set` also a test workload that it made, if you may make such). Say one of "
            "`since`, `change` and `set`. Passwords are not part of it."
        ),
        parameters=[*_POINTS, LEAVE_OUT, *WRITING_PARAMETERS],
        request=None,
        responses=_DONE,
    )
    @action(detail=False, methods=["post"], url_path="revert", permission_classes=[MayRevert])
    def revert_to(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Accept it."""
        try:
            draft = point_of({name: request.query_params.get(name, "") for name in PARAMETERS}, request.user)
        except NoPointError as error:
            raise _bad(error.field, error.text) from error
        except TooManyError as error:
            raise _bad("since", str(error)) from error
        return _accepted(request, draft)


def _accepted(request: Request, draft: SetDraft) -> Response:
    return way_back_accepted(request, edit_of(request), draft)


def _bad(field: str, text: str) -> BadParameter:
    return BadParameter(f"{field}: {text}", findings=[fault(field, text, code="query-parameter")])
