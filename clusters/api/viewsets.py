"""Endpoints of resources: the machinery that every kind shares. A kind adds its model, filters and schema."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import Any, ClassVar

from django.db.models import QuerySet
from django.http import Http404
from rest_framework import status
from rest_framework.exceptions import PermissionDenied
from rest_framework.request import Request
from rest_framework.response import Response

from clusters.api.bulk import resources_create, resources_review
from clusters.api.conditional import configuration_tag, preconditions_check
from clusters.api.manifests import Draft, draft_of
from clusters.api.patching import manifest_patched, row_patched
from clusters.api.permissions import ModelPermissions
from clusters.api.problems import ClusterRefused, Conflict, PreconditionFailed, Problem
from clusters.api.represent import older_writers_json, resource_json, used_by_json
from clusters.api.resolving import fields_json, in_conflict, overtaken_json
from clusters.api.together import set_answer, settled_sets
from clusters.api.views import ReadEndpoint
from clusters.api.waiting import settled
from clusters.api.writing import (
    REPEATABLE,
    WRITING,
    Edit,
    cluster_of,
    edit_of,
    resource_remove,
    resource_write,
    review_json,
    write_on_trial,
)
from clusters.changesets.wanted import Wanted
from clusters.edits.inforce import lives_load
from clusters.models import Cluster, Resource, SyncState
from clusters.secrets import leftover
from clusters.selectors import clusters_active, resource_get, resource_list, resources_named
from intent.findings import ObjectRef

_RETRY_AFTER = "1"  # seconds, of a 202
_REFUSALS: dict[str, type[Problem]] = {SyncState.REJECTED: ClusterRefused, SyncState.CONFLICT: Conflict}
_OUTCOMES = {state: refusal.status_code for state, refusal in _REFUSALS.items()}


class ReadResourceViewSet(ReadEndpoint):
    """List and retrieve the resources of one kind, addressed by cluster, namespace and name."""

    model: ClassVar[type[Resource]]
    lookup_path = ("cluster", "namespace", "name")
    ordering = ("cluster", "namespace", "name")

    def get_queryset(self) -> QuerySet[Any]:
        """The kind's rows; what only the sync needs is left out."""
        return resource_list(self.model.KIND.kind).defer("base", "live")

    def represent(self, rows: Sequence[Any]) -> list[dict[str, Any]]:
        """Rows as JSON, in a number of queries that does not depend on how many they are."""
        lives_load(rows)
        return [resource_json(row) for row in rows]

    def list(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """A page of them."""
        page = self.paginate_queryset(self.filter_queryset(self.get_queryset())) or []
        return self.get_paginated_response(self.represent(page))

    def retrieve(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """One of them, with what uses it, and who wrote it in an older version."""
        row = self.get_object()
        response = self.answer(row)
        response.data["usedBy"] = used_by_json(row)
        response.data["olderWriters"] = older_writers_json(row)
        return response

    def find(self) -> Any:
        """The row that the address names, or None."""
        cluster, namespace, name = (self.kwargs[part] for part in self.lookup_path)
        rows = self.get_queryset().filter(cluster__name=cluster, namespace=namespace, name=name)
        return rows.first()

    def get_object(self) -> Any:
        """The row that the address names. Raises Http404."""
        row = self.find()
        if row is None:
            raise Http404(f"There is no {self.model.KIND.kind} of this name.")
        return row

    def answer(self, row: Resource, code: int = status.HTTP_200_OK) -> Response:
        """The row, with the tag that guards the next write."""
        response = Response(self.represent([row])[0], status=code)
        response.configuration_tag = configuration_tag(row)  # type: ignore[attr-defined]
        return response


class ResourceViewSet(ReadResourceViewSet):
    """Write them, too: each edit is saved at once and applied to the cluster by a worker."""

    parameters = {
        "create": ("cluster", *WRITING),
        "update": WRITING,
        "partial_update": WRITING,
        "destroy": WRITING,
    }
    repeatable = {
        **dict.fromkeys(("create", "update", "partial_update", "destroy"), REPEATABLE),
    }

    def create(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """A new object; with a list as body several, all or none."""
        edit = edit_of(request)
        if isinstance(request.data, list):
            return self._create_many(edit, request.data)
        cluster = cluster_of(request, request.data)
        draft = draft_of(self.model.KIND, request.data, default_namespace=cluster.namespace)
        row = resource_get(self.model.KIND.kind, cluster=cluster.name, namespace=draft.namespace, name=draft.name)
        preconditions_check(request, row)
        if row is not None and not row.deleting:
            raise Conflict("It exists already. Use PUT at its address to replace it.", location=self.address(row))
        return self._write(edit, cluster, draft, None, base_revision=row.revision if row else 0)

    def update(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Create or replace the object of this address; repeating it changes nothing."""
        row, edit = self.find(), edit_of(request)
        self._check(request, row, lambda: self._draft(request.data).manifest)
        if row is None and not request.user.has_perms(ModelPermissions().get_required_permissions("POST", self.model)):
            raise PermissionDenied
        cluster = row.cluster if row else clusters_active().filter(name=self.kwargs["cluster"]).first()
        if cluster is None:
            raise Http404("There is no cluster of this name.")
        base_revision = (row.revision if row else 0) if edit.guarded or "If-None-Match" in request.headers else None
        return self._write(edit, cluster, self._draft(request.data), row, base_revision=base_revision)

    def partial_update(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Apply a JSON merge patch (RFC 7396) to the manifest; beside a refused edit to that, on top of what stands."""
        row = self.get_object()
        self._check(request, row, lambda: manifest_patched(row.manifest, request.data))
        if row.deleting:
            raise Conflict("It is being deleted. Use PUT to make it anew.")
        draft = self._draft(row_patched(row, request.data))
        return self._write(edit_of(request), row.cluster, draft, row, base_revision=row.revision)

    def destroy(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Delete the object from the cluster."""
        row, edit = self.get_object(), edit_of(request)
        preconditions_check(request, row)
        if edit.dry_run:
            left = leftover(row)
            beside = {"usedBy": used_by_json(row), "leftover": None if left is None else asdict(left)}
            return Response(review_json(edit, row.cluster, row.ref, None) | beside)
        if edit.window is not None:
            revision = row.revision if edit.guarded else None
            wanted = Wanted(row.KIND.kind, row.namespace, row.name, None, base_revision=revision)
            return self._on_trial(edit, row.cluster, wanted)
        return self._outcome(edit, resource_remove(edit, row), status.HTTP_200_OK)

    def _check(self, request: Request, row: Resource | None, mine: Callable[[], Any]) -> None:
        """Raise PreconditionFailed, for an edit that was overtaken with the fields that differ."""
        try:
            preconditions_check(request, row)
        except PreconditionFailed:
            header, wanted = request.headers.get("If-Match"), mine()
            if row is None or header is None or not isinstance(wanted, dict):
                raise
            told = "It has changed since: read it again. The fields in which your edit and what stands differ are here."
            raise PreconditionFailed(told, fields=overtaken_json(row, header, wanted)) from None

    def _draft(self, body: Any) -> Draft:
        return draft_of(self.model.KIND, body, namespace=self.kwargs["namespace"], name=self.kwargs["name"])

    def _write(
        self, edit: Edit, cluster: Cluster, draft: Draft, row: Resource | None, *, base_revision: int | None
    ) -> Response:
        kind = self.model.KIND.kind
        if edit.dry_run:
            return Response(review_json(edit, cluster, ObjectRef(kind, draft.namespace, draft.name), draft))
        if edit.window is not None:
            wanted = Wanted(kind, draft.namespace, draft.name, draft.whole, base_revision=base_revision)
            return self._on_trial(edit, cluster, wanted)
        saved = resource_write(edit, cluster, kind, draft, base_revision=base_revision)
        return self._outcome(edit, saved, status.HTTP_200_OK if row else status.HTTP_201_CREATED)

    def _on_trial(self, edit: Edit, cluster: Cluster, wanted: Wanted) -> Response:
        """The change set that it is, 204 if there is nothing to change."""
        made = write_on_trial(edit, cluster, wanted)
        if made is None:
            return Response(status=status.HTTP_204_NO_CONTENT)
        settled_sets([made], edit.wait)
        return set_answer(self.request, made)

    def _create_many(self, edit: Edit, bodies: list[Any]) -> Response:
        kind = self.model.KIND.kind
        if edit.dry_run:
            return Response(resources_review(self.model.KIND, self.request, edit, bodies))
        wanted, sets = resources_create(self.model.KIND, self.request, edit, bodies)
        settled_sets(sets, edit.wait)
        found = resources_named(kind, [(cluster, one.namespace, one.name) for cluster, one in wanted])
        keys = [(cluster.pk, one.namespace, one.name) for cluster, one in wanted]
        known = [found[key] for key in keys if key in found]
        results = [
            {"status": _status(row), "location": self.address(row), "resource": resource}
            for row, resource in zip(known, self.represent(known), strict=True)
        ]
        codes = {_status(row) for row in known}
        return Response(results, status=codes.pop() if len(codes) == 1 else status.HTTP_207_MULTI_STATUS)

    def _outcome(self, edit: Edit, row: Resource, done: int) -> Response:
        final = settled(row, edit.wait)
        if final is None:
            return Response(status=status.HTTP_204_NO_CONTENT)
        if final.sync_state in _REFUSALS and not final.pending:
            raise _REFUSALS[final.sync_state](final.sync_message, **self.represent([final])[0], **self._sides(final))
        response = self.answer(final, status.HTTP_202_ACCEPTED if final.pending else done)
        response["Location"] = self.address(final)
        if final.pending:
            response["Retry-After"] = _RETRY_AFTER
        return response

    def _sides(self, row: Resource) -> dict[str, Any]:
        """What settles a conflict."""
        return {"fields": fields_json(row), "resolve": f"{self.address(row)}resolve/"} if in_conflict(row) else {}

    def address(self, row: Resource) -> str:
        """The row's own URL."""
        path = {"cluster": row.cluster.name, "namespace": row.namespace, "name": row.name}
        return self.reverse_action("detail", kwargs=path)


def _status(row: Resource) -> int:
    if row.pending:
        return status.HTTP_202_ACCEPTED
    return _OUTCOMES.get(row.sync_state, status.HTTP_201_CREATED)
