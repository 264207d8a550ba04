"""What an endpoint offers for objects that others write, too: conflicts, owners, patches for them, take-overs."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema, inline_serializer
from rest_framework import serializers, status
from rest_framework.decorators import action
from rest_framework.exceptions import PermissionDenied
from rest_framework.request import Request
from rest_framework.response import Response

from clusters.api.bodies import KnownFields
from clusters.api.conditional import preconditions_check
from clusters.api.patching import manifest_patched
from clusters.api.permissions import ChangePermission
from clusters.api.problems import BadBody, fault
from clusters.api.resolving import conflict_json, row_resolved
from clusters.api.schema import ACCEPT, OVERRIDE, WAIT, WRITING_PARAMETERS
from clusters.api.schema import REASON as REASON_PARAMETER
from clusters.api.viewsets import ResourceViewSet
from clusters.api.writing import REPEATABLE, WRITING, edit_of, problems, review_json
from clusters.editing.patches import FORMS, patch_of
from clusters.edits.judging import OWNED
from clusters.edits.overriding import REASON, WHO, may_override
from clusters.edits.takeover import Ownership, ownership_of, resource_take_over
from clusters.models import Change

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


_JUDGED = ("accept", "override", "reason")
_TEXTS: dict[str, serializers.Field[Any, Any, Any, Any]] = {name: serializers.CharField() for name in FORMS}
_PATCH = inline_serializer("ExportedPatch", {"patch": inline_serializer("PatchForms", _TEXTS)})


class TakeOverSerializer(KnownFields):
    """The name once more, and why."""

    name = serializers.CharField(help_text="Of the object, so that it is the one that is meant.")
    reason = serializers.CharField(max_length=REASON, help_text="For the history.")


class SharedResourceViewSet(ResourceViewSet):
    """Resources, with what they need where bgpui is not the only one who writes them."""

    parameters = {
        **ResourceViewSet.parameters,
        "resolve_with": WRITING,
        "export_patch": _JUDGED,
        "take_over": ("wait",),
    }
    repeatable = {**ResourceViewSet.repeatable, "resolve_with": REPEATABLE, "export_patch": REPEATABLE}

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

    def retrieve(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """One of them, with what uses it and whose it is."""
        response = super().retrieve(request, *args, **kwargs)
        response.data["owner"] = owner_json(ownership_of(self.get_object()))
        return response

    @extend_schema(
        summary="A patch to take to where the object comes from",
        description=(
            "For an object that a tool looks after, or any other. The body is a JSON merge patch, as PATCH takes it; "
            "it is judged and tried as with `dry_run`, and nothing is saved. `patch` has the change as a whole "
            "`manifest`, a JSON `merge` patch, a `kustomize` patch and a unified `diff`; no password is in them."
        ),
        parameters=[ACCEPT, OVERRIDE, REASON_PARAMETER],
        responses=_PATCH,
    )
    @action(detail=True, methods=["post"], url_path="export-patch", permission_classes=[ChangePermission])
    def export_patch(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Judge it, and write it out."""
        row, edit = self.get_object(), edit_of(request)
        draft = self._draft(manifest_patched(row.manifest, request.data))
        told = review_json(edit, row.cluster, row.ref, draft, apart=(OWNED,))
        return Response(told | {"owner": owner_json(ownership_of(row)), "patch": patch_of(row, draft.manifest).texts})

    @extend_schema(
        summary="Take an object over from the tool that looks after it",
        description="For administrators. No value changes; the fields are ours then, until that tool writes again.",
        parameters=[WAIT],
        request=TakeOverSerializer,
    )
    @action(detail=True, methods=["post"], url_path="take-over", permission_classes=[ChangePermission])
    def take_over(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Accept it."""
        row, edit = self.get_object(), edit_of(request)
        if not may_override(request.user):
            raise PermissionDenied(WHO)
        preconditions_check(request, row)
        body = TakeOverSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        if body.validated_data["name"] != row.name:
            told = f"must be {row.name}, which is the object of this address"
            raise BadBody(f"name {told}.", findings=[fault("name", told, code="confirmation")])
        with problems(edit):
            saved = resource_take_over(
                row=row,
                actor=edit.actor,
                source=Change.Source.API,
                reason=body.validated_data["reason"],
                base_revision=row.revision,
            )
        return self._outcome(edit, saved, status.HTTP_200_OK)


def owner_json(owned: Ownership) -> dict[str, Any] | None:
    """Whose object it is, null = people write it."""
    owner, take = owned.owner, owned.take
    if owner is None:
        return None
    taken = None
    if take is not None:
        by = take.actor.get_username() if take.actor is not None else None
        taken = {"at": take.at, "by": by, "reason": take.reason, "from": take.owner}
    managers = [{"name": one.name, "operation": one.operation, "moves": moves} for one, moves in owned.managers]
    told = {name: getattr(owner, name) for name in ("tool", "item", "evidence", "where", "command")}
    return told | {"ifTakenOver": owner.taken, "takenOver": taken, "managers": managers}
