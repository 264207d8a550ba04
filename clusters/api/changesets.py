"""/api/v1/changesets/: several edits reviewed, accepted and applied as one, all or nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from django.db.models import QuerySet
from django_filters.rest_framework import FilterSet
from drf_spectacular.utils import (
    OpenApiExample,
    OpenApiParameter,
    OpenApiResponse,
    extend_schema,
    extend_schema_view,
    inline_serializer,
)
from rest_framework import serializers, status
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from clusters.api.entries import wanted_of
from clusters.api.filters import choice, of_cluster
from clusters.api.problems import BadParameter, ConfirmationNeeded, Conflict, fault
from clusters.api.schema import ACCEPT, CLUSTER, WAIT, WRITING_PARAMETERS
from clusters.api.together import (
    changeset_json,
    changeset_summary,
    review_together,
    set_answer,
    set_problems,
    settled_sets,
)
from clusters.api.views import ReadEndpoint
from clusters.api.writing import REPEATABLE, WRITING, Edit, cluster_of, edit_of
from clusters.changesets.drafts import SetDraft
from clusters.changesets.giving_up import changeset_give_up
from clusters.changesets.rights import rights_check
from clusters.changesets.save import changeset_save
from clusters.changesets.selectors import changesets
from clusters.changesets.wanted import Wanted
from clusters.changesets.wayback import UnknownObjectError, leaving
from clusters.edits.refusals import Unconfirmed
from clusters.models import Change, ChangeSet, ChangeSetItem, Cluster, Trial

NOTE = OpenApiParameter("note", str, description="The same as `message`, under its older name.", deprecated=True)
LEAVE_OUT = OpenApiParameter(
    "leave_out",
    str,
    many=True,
    description="Stays as it is: `Kind/namespace/name`, or `owned` for all that a tool looks after; may be repeated.",
)
_EXAMPLE = [
    {
        "manifest": {
            "apiVersion": "metallb.io/v1beta2",
            "kind": "BGPPeer",
            "metadata": {"name": "rack-1"},
            "spec": {"myASN": 64512, "peerASN": 64513, "peerAddress": "192.0.2.1", "bfdProfile": "fast"},
        }
    },
    {"manifest": {"kind": "BFDProfile", "metadata": {"name": "fast"}, "spec": {"receiveInterval": 100}}},
    {"delete": {"kind": "BGPPeer", "name": "old-rack"}},
]


class ObjectSerializer(serializers.Serializer[Any]):
    """What became of one object."""

    position = serializers.IntegerField()
    apiVersion = serializers.CharField()  # noqa: N815  # the API's name
    kind = serializers.CharField()
    namespace = serializers.CharField()
    name = serializers.CharField()
    action = serializers.ChoiceField(ChangeSetItem.Action.values)
    state = serializers.CharField(help_text=f"One of {', '.join(ChangeSetItem.State.values)}.")
    message = serializers.CharField(help_text="The API server's own words, or why it was left.")
    before = serializers.DictField(allow_null=True)
    after = serializers.DictField(allow_null=True)


TRIAL = inline_serializer(
    "SetTrial",
    {
        "state": serializers.CharField(help_text=f"One of {', '.join(Trial.State.values)}."),
        "deadline": serializers.DateTimeField(),
        "secondsLeft": serializers.IntegerField(),
    },
    allow_null=True,
    help_text="Of a change with `safe_apply`, else null; more under `trials/`.",
)


class SummarySerializer(serializers.Serializer[Any]):
    """A change set; `message` says why it waits, or which object was refused."""

    id = serializers.IntegerField()
    cluster = serializers.CharField()
    state = serializers.CharField(help_text=f"One of {', '.join(ChangeSet.State.values)}.")
    message = serializers.CharField()
    note = serializers.CharField()
    actor = serializers.CharField(allow_null=True)
    origin = serializers.CharField(help_text="browser or api.")
    createdAt = serializers.DateTimeField()  # noqa: N815
    settledAt = serializers.DateTimeField(allow_null=True)  # noqa: N815
    size = serializers.IntegerField(help_text="How many objects it has.")
    trial = TRIAL


class ChangeSetSerializer(SummarySerializer):
    """The same with what became of each object."""

    objects = ObjectSerializer(many=True)
    leftOut = serializers.ListField(  # noqa: N815
        child=serializers.DictField(), required=False, help_text="Of a way back: objects that stay, and their owners."
    )


def set_accepted(
    request: Request, edit: Edit, cluster: Cluster, wanted: Sequence[Wanted], *, note: str = ""
) -> Response:
    """Several edits accepted as one, or with `dry_run` their review. Raises PermissionDenied, or a Problem."""
    rights_check(request.user, cluster, wanted)
    if edit.dry_run:
        return Response(review_together(cluster, wanted, edit))
    with set_problems():
        made = changeset_save(
            cluster=cluster,
            edits=wanted,
            actor=edit.actor,
            source=Change.Source.API,
            accept=edit.accept,
            override=edit.override,
            note=edit.message or note,
            window=edit.window,
        )
    if made is None:
        return Response(status=status.HTTP_204_NO_CONTENT)
    settled_sets([made], edit.wait)
    return set_answer(request, made)


def way_back_accepted(request: Request, edit: Edit, draft: SetDraft) -> Response:
    """A way back accepted, without what `leave_out` names; 204 = there is nothing to put back. Raises a Problem."""
    try:
        draft = leaving(draft, request.query_params.getlist("leave_out"))
    except UnknownObjectError as error:
        told = fault("leave_out", str(error), code="query-parameter")
        raise BadParameter(f"leave_out {error}.", findings=[told]) from error
    if not draft.wanted:
        return Response(status=status.HTTP_204_NO_CONTENT)
    answer = set_accepted(request, edit, draft.cluster, draft.wanted, note=draft.note)
    if isinstance(answer.data, dict):
        answer.data["leftOut"] = [asdict(one.wanted.ref) | {"owner": one.owner} for one in draft.left]
    return answer


class ChangeSetFilters(FilterSet):  # type: ignore[misc]
    """By cluster and state."""

    cluster = of_cluster()
    state = choice("state", ChangeSet.State.values, label="Where it stands")


_PENDING = OpenApiResponse(ChangeSetSerializer, description="Accepted; not settled yet.")


@extend_schema_view(
    list=extend_schema(summary="List change sets", description="Without their objects.", responses=SummarySerializer),
    retrieve=extend_schema(summary="One change set", responses=ChangeSetSerializer),
    create=extend_schema(
        summary="Apply several edits as one",
        description=(
            "All or nothing: judged together, tried, applied in the order in which they refer to each other, and taken "
            "back if the cluster refuses one. `recreate` deletes an object and makes it anew. With `dry_run` the "
            "answer is a review of each."
        ),
        parameters=[CLUSTER, *WRITING_PARAMETERS, NOTE],
        request={"application/json": {"type": "array", "items": {"type": "object"}}},
        examples=[OpenApiExample("A peer with its profile", value=_EXAMPLE, request_only=True)],
        responses={200: ChangeSetSerializer, 202: _PENDING, 204: OpenApiResponse(description="Nothing to change.")},
    ),
)
class ChangeSetViewSet(ReadEndpoint):
    """Change sets."""

    queryset = ChangeSet.objects.none()  # names the model whose permissions count
    serializer_class = ChangeSetSerializer
    filterset_class = ChangeSetFilters
    lookup_value_regex = r"[0-9]{1,18}"
    ordering = ("-id",)
    ordering_fields = {"id": "pk", "createdAt": "created_at", "settledAt": "settled_at", "state": "state"}
    parameters = {"create": ("cluster", *WRITING, "note"), "give_up": ("wait", "accept")}
    repeatable = {"create": REPEATABLE, "give_up": ("accept",)}

    def get_queryset(self) -> QuerySet[Any]:
        """All of them; only one by one with their objects."""
        return changesets() if self.action == "list" else changesets().prefetch_related("items")

    def list(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """A page of them."""
        page = self.paginate_queryset(self.filter_queryset(self.get_queryset())) or []
        return self.get_paginated_response([changeset_summary(change_set, change_set.size) for change_set in page])

    def retrieve(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """One of them."""
        return Response(changeset_json(self.get_object()))

    def create(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Accept several edits."""
        edit, cluster = edit_of(request), cluster_of(request, None)
        wanted = wanted_of(request.data, cluster)
        return set_accepted(request, edit, cluster, wanted, note=request.query_params.get("note", ""))

    @extend_schema(
        summary="Give a change set up",
        description="422 with `confirm` if that ends too many sessions, or withdraws services: say it in `accept`.",
        parameters=[WAIT, ACCEPT],
        request=None,
        responses={200: ChangeSetSerializer, 202: _PENDING},
    )
    @action(detail=True, methods=["post"], url_path="give-up")
    def give_up(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Take back what is in force of it, and the rest with it."""
        found, edit = self.get_object(), edit_of(request)
        try:
            done = changeset_give_up(change_set=found, actor=edit.actor, accept=edit.accept)
        except Unconfirmed as unconfirmed:
            raise ConfirmationNeeded(unconfirmed.needed) from unconfirmed
        if not done:
            raise Conflict("It has its outcome already.", changeSet=changeset_json(found))
        settled_sets([found], edit.wait, refuse=False)
        return set_answer(request, found)
