"""/api/v1/trials/: changes that are reverted unless they are confirmed in time; to confirm or revert them."""

from __future__ import annotations

from itertools import islice
from typing import Any

from django.db.models import QuerySet
from django_filters.rest_framework import FilterSet
from drf_spectacular.utils import OpenApiResponse, extend_schema, extend_schema_view
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.reverse import reverse

from clusters.api.changesets import ChangeSetSerializer
from clusters.api.filters import choice, of_cluster
from clusters.api.problems import Conflict
from clusters.api.schema import WAIT
from clusters.api.together import set_answer, settled_sets
from clusters.api.views import ReadEndpoint
from clusters.api.waiting import wait_of
from clusters.models import Trial
from clusters.trials.ending import reverted_by, trial_keep, trial_revert
from clusters.trials.selectors import seconds_left, trials
from clusters.trials.stays import counted_stays, stays

_SESSIONS = 200  # told one by one
_OVER = "It is over: it was kept or reverted, or is being reverted."


class MayApply(BasePermission):
    """Who may accept change sets may end their trials."""

    def has_permission(self, request: Request, view: Any) -> bool:
        """Whether the role may make change sets."""
        return bool(request.user.has_perm("clusters.add_changeset"))


class StaySerializer(serializers.Serializer[Any]):
    """A session that has to stay."""

    node = serializers.CharField()
    vrf = serializers.CharField()
    neighbor = serializers.CharField()
    resets = serializers.BooleanField(help_text="The change ends it, and it has to come back.")
    prefixes = serializers.IntegerField(help_text="Announced there at least.")


class TrialSerializer(serializers.Serializer[Any]):
    """A trial; `id` is that of its change set."""

    id = serializers.IntegerField()
    cluster = serializers.CharField()
    state = serializers.CharField(help_text=f"One of {', '.join(Trial.State.values)}.")
    window = serializers.IntegerField(help_text="Seconds.")
    inForceAt = serializers.DateTimeField(allow_null=True)  # noqa: N815  # the API's name
    deadline = serializers.DateTimeField()
    secondsLeft = serializers.IntegerField()  # noqa: N815
    reason = serializers.CharField(help_text="Why it ended; empty = it runs.")
    actor = serializers.CharField(allow_null=True, help_text="Who made the change.")
    endedBy = serializers.CharField(allow_null=True, help_text="Who ended it; null = time, or what was lost.")  # noqa: N815
    endedAt = serializers.DateTimeField(allow_null=True)  # noqa: N815
    changeSet = serializers.URLField()  # noqa: N815
    changeSetState = serializers.CharField()  # noqa: N815


class WholeTrialSerializer(TrialSerializer):
    """The same with what has to stay."""

    sessions = StaySerializer(many=True)
    sessionsTotal = serializers.IntegerField()  # noqa: N815
    sessionsReset = serializers.IntegerField()  # noqa: N815


class TrialFilters(FilterSet):  # type: ignore[misc]
    """By cluster and state."""

    cluster = of_cluster("change_set__cluster__name")
    state = choice("state", Trial.State.values, label="Where it stands")


def trial_json(trial: Trial, request: Request) -> dict[str, Any]:
    """A trial without what has to stay."""
    made = trial.change_set
    return {
        "id": trial.pk,
        "cluster": made.cluster.name,
        "state": trial.state,
        "window": trial.window,
        "inForceAt": trial.in_force_at,
        "deadline": trial.deadline,
        "secondsLeft": seconds_left(trial),
        "reason": trial.reason,
        "actor": made.actor.get_username() if made.actor is not None else None,
        "endedBy": trial.ended_by.get_username() if trial.ended_by is not None else None,
        "endedAt": trial.ended_at,
        "changeSet": reverse("api-changeset-detail", args=[trial.pk], request=request),
        "changeSetState": made.state,
    }


def _stays_json(trial: Trial) -> dict[str, Any]:
    total, resets = counted_stays(trial.stays)
    told = [
        dict(zip(("node", "vrf", "neighbor"), stay.key, strict=True))
        | {"resets": stay.resets, "prefixes": stay.prefixes}
        for stay in islice(stays(trial.stays), _SESSIONS)
    ]
    return {"sessions": told, "sessionsTotal": total, "sessionsReset": resets}


@extend_schema_view(
    list=extend_schema(summary="List trials", description="The newest first.", responses=TrialSerializer),
    retrieve=extend_schema(
        summary="One trial",
        description=f"With the sessions that have to stay, {_SESSIONS} of them at most one by one.",
        responses=WholeTrialSerializer,
    ),
)
class TrialViewSet(ReadEndpoint):
    """Trials."""

    queryset = Trial.objects.none()  # names the model whose permissions count
    serializer_class = TrialSerializer
    filterset_class = TrialFilters
    lookup_value_regex = r"[0-9]{1,18}"
    ordering = ("-id",)
    ordering_fields = {"id": "pk", "deadline": "deadline", "state": "state"}
    parameters = {"confirm": (), "revert": ("wait",)}

    def get_queryset(self) -> QuerySet[Any]:
        """All of them; only one by one with what has to stay."""
        return trials().defer("stays") if self.action == "list" else trials()

    def list(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """A page of them."""
        page = self.paginate_queryset(self.filter_queryset(self.get_queryset())) or []
        return self.get_paginated_response([trial_json(trial, request) for trial in page])

    def retrieve(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """One of them."""
        trial = self.get_object()
        return Response(trial_json(trial, request) | _stays_json(trial))

    @extend_schema(
        summary="Confirm: what was changed stays",
        description="409 if it is not in force yet, or over.",
        request=None,
        responses=WholeTrialSerializer,
    )
    @action(detail=True, methods=["post"], permission_classes=[MayApply])
    def confirm(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """End it."""
        trial = self.get_object()
        if not trial_keep(trial=trial, actor=request.user):
            trial = self.get_object()
            early = trial.state == Trial.State.RUNNING and trial.in_force_at is None
            told = "It is not in force yet: wait for its change set." if early else _OVER
            raise Conflict(told, trial=trial_json(trial, request))
        return self.retrieve(request)

    @extend_schema(
        summary="Revert now",
        description="The answer is its change set, which is taken back. 409 if it is over.",
        parameters=[WAIT],
        request=None,
        responses={200: ChangeSetSerializer, 202: OpenApiResponse(ChangeSetSerializer, description="Not done yet.")},
    )
    @action(detail=True, methods=["post"], permission_classes=[MayApply])
    def revert(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """End it."""
        trial, wait = self.get_object(), wait_of(request)
        if not trial_revert(trial=trial, reason=reverted_by(request.user), actor=request.user):
            raise Conflict(_OVER, trial=trial_json(self.get_object(), request))
        settled_sets([trial.change_set], wait, refuse=False)
        return set_answer(request, trial.change_set)
