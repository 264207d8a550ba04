"""/api/v1/clusters/<name>/baseline/ and drift/: what is pinned, what differs from it, and the way back."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.forms import ValidationError
from django.http import Http404
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema, inline_serializer
from rest_framework import serializers, status
from rest_framework.decorators import action
from rest_framework.exceptions import PermissionDenied
from rest_framework.parsers import MultiPartParser
from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.response import Response

from clusters.api.changesets import LEAVE_OUT, ChangeSetSerializer, way_back_accepted
from clusters.api.clusters import ClusterViewSet
from clusters.api.imports import RawJsonParser, RawParser, documents_of
from clusters.api.problems import BadParameter, RulesBroken, fault
from clusters.api.schema import WRITING_PARAMETERS
from clusters.api.writing import REPEATABLE, WRITING, edit_of
from clusters.baseline.drift import (
    FILTERS,
    STATES,
    TooManyError,
    back_to,
    baseline_json,
    baseline_of,
    drift_json,
    drift_of,
    drifted,
)
from clusters.baseline.pin import NotPinnedError, baseline_pin, baseline_unpin, pinned_of, state_at
from clusters.models import Baseline, Change, Cluster
from clusters.moments import EXAMPLE, MomentField
from clusters.registry import resource_models

_VERBS = {"GET": "view", "HEAD": "view", "OPTIONS": "view", "PUT": "add", "DELETE": "delete"}
_NARROW = [
    OpenApiParameter(name, str, description=f"Only objects of this {name}.", enum=STATES if name == "state" else None)
    for name in FILTERS
]
_COUNTS: dict[str, Any] = {state: serializers.IntegerField() for state in STATES}
_BASELINE = inline_serializer(
    "Baseline",
    {
        "cluster": serializers.CharField(),
        "source": serializers.CharField(help_text="manifests, or moment."),
        "moment": serializers.DateTimeField(allow_null=True),
        "note": serializers.CharField(),
        "pinnedAt": serializers.DateTimeField(),
        "pinnedBy": serializers.CharField(allow_null=True),
        "objects": serializers.IntegerField(),
        "drift": inline_serializer("BaselineTally", _COUNTS),
    },
)
_SIDES: dict[str, Any] = {
    **{name: serializers.JSONField(allow_null=True, help_text="null = not set.") for name in ("pinned", "cluster")},
    "default": serializers.JSONField(allow_null=True, help_text="What counts where it is not set; null = nothing."),
}
_DRIFT = inline_serializer(
    "Drift",
    {
        **{name: serializers.CharField() for name in ("kind", "namespace", "name")},
        "state": serializers.CharField(help_text=f"One of {', '.join(STATES)}."),
        "pending": serializers.BooleanField(help_text="An edit of it is on its way, or the look after that is."),
        "fields": inline_serializer("DriftedField", {"path": serializers.CharField(), **_SIDES}, many=True),
        "pinned": serializers.DictField(allow_null=True, help_text="The manifest; null = there is none."),
    },
)


def _moment(request: Request) -> datetime | None:
    """The query's `at`, None = it has none. Raises BadParameter."""
    text = request.query_params.get("at")
    if text is None:
        return None
    try:
        found: datetime | None = MomentField(required=True).clean(text)
    except ValidationError as error:
        told = f"must be a time in the years 1 to 9999 UTC, as {EXAMPLE}"
        raise BadParameter(f"at {told}.", findings=[fault("at", told, code="query-parameter", value=text)]) from error
    return found


class BaselinePermission(BasePermission):
    """Seen with the right to view baselines, pinned and given up with those to add and delete them."""

    def has_permission(self, request: Request, view: Any) -> bool:
        """Whether the role may."""
        verb = _VERBS.get(str(request.method), "view")
        return bool(request.user.has_perm(f"clusters.{verb}_baseline"))


class ClusterBaselineViewSet(ClusterViewSet):
    """Clusters, with their baselines."""

    parameters = {
        **ClusterViewSet.parameters,
        "pin": ("at", "note"),
        "drift": (*FILTERS, "page", "page_size"),
        "put_back": (*FILTERS, "leave_out", *WRITING),
    }
    repeatable = {**ClusterViewSet.repeatable, "put_back": ("leave_out", *REPEATABLE)}

    @extend_schema(summary="The baseline of a cluster", responses=_BASELINE)
    @action(
        detail=True,
        permission_classes=[BaselinePermission],
        parser_classes=[RawParser, RawJsonParser, MultiPartParser],
    )
    def baseline(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """What is pinned."""
        return Response(baseline_json(self._pinned()))

    @extend_schema(
        summary="Pin a baseline",
        description=(
            "Manifests, as `import/` takes them; or with `at` and no body what the cluster held at a moment. It takes "
            "the place of what was pinned before. Passwords are not kept."
        ),
        parameters=[
            OpenApiParameter("at", OpenApiTypes.DATETIME, description="A moment in the history, in place of a body."),
            OpenApiParameter("note", str, description="What it is, in a few words."),
        ],
        request={"application/yaml": {"type": "string"}, "application/json": {"type": "array", "items": {}}},
        responses=_BASELINE,
    )
    @baseline.mapping.put
    def pin(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Pin it."""
        cluster, moment = self.get_object(), _moment(request)
        note, actor = request.query_params.get("note", ""), request.user
        try:
            objects = state_at(cluster, moment) if moment else pinned_of(documents_of(request, cluster))
            made = baseline_pin(
                cluster=cluster, objects=objects, actor=actor, source=Change.Source.API, moment=moment, note=note
            )
        except NotPinnedError as error:
            where = {"field": "at", "value": request.query_params["at"]} if moment else {"field": ""}
            raise RulesBroken(str(error), findings=[fault(message=str(error), code="no-baseline", **where)]) from error
        return Response(baseline_json(made))

    @extend_schema(summary="Give a baseline up", responses={204: OpenApiResponse(description="Nothing is pinned.")})
    @baseline.mapping.delete
    def unpin(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Forget it."""
        baseline_unpin(cluster=self.get_object(), actor=request.user, source=Change.Source.API)
        return Response(status=status.HTTP_204_NO_CONTENT)

    @extend_schema(
        summary="What differs from the baseline",
        description="Object by object: missing, extra, or changed with its fields, as pinned and as in the cluster.",
        parameters=_NARROW,
        responses=inline_serializer(
            "DriftPage", {"count": serializers.IntegerField(), "results": type(_DRIFT)(many=True)}
        ),
    )
    @action(detail=True, permission_classes=[BaselinePermission], filter_backends=[])
    def drift(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """A page of it."""
        pinned = self._pinned()
        page = self.paginate_queryset(drift_of(pinned, self._only(request))) or []
        return self.get_paginated_response([drift_json(one) for one in drifted(pinned, page)])

    @extend_schema(
        summary="Put back what differs from the baseline",
        description="All of it, or what is asked for, as one change set: what is extra is deleted.",
        parameters=[*_NARROW, LEAVE_OUT, *WRITING_PARAMETERS],
        request=None,
        responses={
            200: ChangeSetSerializer,
            202: OpenApiResponse(ChangeSetSerializer, description="Accepted; not settled yet."),
            204: OpenApiResponse(description="Everything stands as it was pinned."),
        },
    )
    @action(
        detail=True,
        methods=["post"],
        url_path="drift/put-back",
        permission_classes=[BaselinePermission],
        filter_backends=[],  # `name` is that of an object here
    )
    def put_back(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Accept it."""
        if not request.user.has_perm("clusters.add_changeset"):
            raise PermissionDenied
        edit = edit_of(request)
        try:
            draft = back_to(self._pinned(), self._only(request))
        except TooManyError as error:
            raise BadParameter(str(error), findings=[fault("kind", str(error), code="query-parameter")]) from error
        return way_back_accepted(request, edit, draft)

    def _pinned(self) -> Baseline:
        cluster: Cluster = self.get_object()
        found = baseline_of(cluster)
        if found is None:
            raise Http404("Nothing is pinned for this cluster.")
        return found

    def _only(self, request: Request) -> dict[str, str]:
        only = {name: request.query_params.get(name, "") for name in FILTERS}
        for name, known in (("state", STATES), ("kind", tuple(resource_models()))):
            if only[name] and only[name] not in known:
                told = f"must be one of {', '.join(known)}"
                found = fault(name, told, code="query-parameter", value=only[name])
                raise BadParameter(f"{name} {told}.", findings=[found])
        return only
