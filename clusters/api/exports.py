"""/api/v1/export/: the objects of a cluster as clean YAML, or as a folder for Kustomize."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import HttpResponse, QueryDict
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework.request import Request

from clusters.api.problems import BadParameter, fault
from clusters.api.schema import CLUSTER
from clusters.api.views import Endpoint
from clusters.api.writing import cluster_of
from clusters.changesets.exports import Selection, as_files, as_tar, as_yaml, as_zip
from clusters.editing.selector_text import read_selectors
from clusters.models import Cluster
from clusters.registry import resource_models

FORMATS = {"yaml": "application/yaml", "kustomize": "application/zip", "kustomize-tar": "application/gzip"}
_SUFFIXES = {"yaml": "yaml", "kustomize": "zip", "kustomize-tar": "tar.gz"}


def selection_of(query: QueryDict, cluster: Cluster, user: Any) -> Selection:
    """What `kind`, `name` and `labels` choose. Raises BadParameter; PermissionDenied for kinds that may not be seen."""
    kinds = query.getlist("kind")
    for kind in kinds:
        if kind not in resource_models():
            message = f"must be one of {', '.join(resource_models())}"
            raise BadParameter(
                f"kind {message}.", findings=[fault("kind", message, code="query-parameter", value=kind)]
            )
    labels: Mapping[str, object] | None = None
    if text := query.get("labels"):
        try:
            labels = next(iter(read_selectors(str(text))), None)
        except ValueError as error:
            found = fault("labels", str(error), code="query-parameter", value=text)
            raise BadParameter(f"labels: {error}", findings=[found]) from error
    for kind in kinds or resource_models():
        meta = resource_models()[kind]._meta  # noqa: SLF001  # Django's own name
        if not user.has_perm(f"{meta.app_label}.view_{meta.model_name}"):
            raise PermissionDenied
    return Selection(cluster, tuple(kinds), tuple(query.getlist("name")), labels)


def download(selection: Selection, form: str) -> HttpResponse:
    """The objects as a file of this form."""
    folder = f"metallb-{selection.cluster.name}"
    if form == "yaml":
        content: str | bytes = as_yaml(selection)
    else:
        pack = as_zip if form == "kustomize" else as_tar
        content = pack(as_files(selection), folder)
    response = HttpResponse(content, content_type=FORMATS[form])
    response["Content-Disposition"] = f'attachment; filename="{folder}.{_SUFFIXES[form]}"'
    response["Cache-Control"] = "private, no-store"
    return response


class ExportViewSet(Endpoint):
    """Export of manifests."""

    queryset = Cluster.objects.none()  # names the model whose permissions count
    parameters = {"list": ("cluster", "format", "kind", "name", "labels")}
    repeatable = {"list": ("kind", "name")}
    filterset_class = None
    pagination_class = None
    filter_backends = ()

    @extend_schema(
        summary="Export manifests",
        description=(
            "What the cluster holds, without what the server sets, without defaults and without passwords; what is "
            "referred to comes first. `kustomize` is a folder as .zip, `kustomize-tar` as .tar.gz."
        ),
        parameters=[
            CLUSTER,
            OpenApiParameter("format", str, enum=list(FORMATS)),
            OpenApiParameter("kind", str, many=True, description="Only these kinds; repeatable."),
            OpenApiParameter("name", str, many=True, description="Only these names; repeatable."),
            OpenApiParameter("labels", str, description="A label selector as kubectl takes it."),
        ],
        responses={(200, "application/yaml"): OpenApiTypes.STR, (200, "application/zip"): OpenApiResponse(bytes)},
    )
    def list(self, request: Request, *args: Any, **kwargs: Any) -> HttpResponse:
        """The file."""
        form = request.query_params.get("format", "yaml")
        if form not in FORMATS:
            message = f"must be one of {', '.join(FORMATS)}"
            found = fault("format", message, code="query-parameter", value=form)
            raise BadParameter(f"format {message}.", findings=[found])
        query = QueryDict(mutable=True)
        query.update(request.query_params)
        return download(selection_of(query, cluster_of(request, None), request.user), form)
