"""/api/v1/preview/: what any set of edits would do; nothing is saved, and the cluster is not asked."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response

from clusters.api.entries import wanted_of
from clusters.api.imports import RawParser, documents_of, refuse, told_of
from clusters.api.parsers import DocumentParser
from clusters.api.permissions import ViewPermission
from clusters.api.schema import ACCEPT, CLUSTER
from clusters.api.shapes import FINDINGS, REVIEW, shape
from clusters.api.together import review_json
from clusters.api.views import Endpoint
from clusters.api.writing import cluster_of
from clusters.changesets.imports import Imported
from clusters.changesets.review import changeset_review
from clusters.changesets.wanted import Wanted
from clusters.models import ChangeSet

_MEANING = ("sessions", "announcements", "layer2", "addresses", "between", "configuration", "frozen", "confirm")
_ANSWER = shape(
    {
        "refused": {"type": "boolean", "description": "Whether the rules forbid it, as things stand."},
        "documents": {
            "type": "array",
            "items": {"type": "object"},
            "description": "Of YAML and files, each as for import: `new`, `changed`, `equal`, `invalid`, or `skipped` "
            "with the reason in `note`.",
        },
        "objects": {"type": "array", "items": {"type": "object"}, "description": "As in the review of a change set."},
        "introduced": FINDINGS,
        "solved": FINDINGS,
    }
    | {name: REVIEW["properties"][name] for name in _MEANING}
)


class PreviewViewSet(Endpoint):
    """Previews."""

    queryset = ChangeSet.objects.none()  # names the model whose permissions count
    permission_classes = (ViewPermission,)
    parser_classes = (DocumentParser, RawParser, MultiPartParser)
    parameters = {"create": ("cluster", "accept")}
    repeatable = {"create": ("accept",)}

    @extend_schema(
        summary="What would this do?",
        description=(
            "Sessions that open, close, reset or change; prefixes that are announced, withdrawn or changed; services "
            "that lose their announcement or redundancy; who may answer ARP and NDP; the difference of frr.conf; nodes "
            "where none of it will be in force, since they keep their old configuration; findings that come and go. "
            "JSON is a list as for change sets (`manifest`, `recreate`, `delete`), YAML a stream of manifests. Whoever "
            "may look may ask: nothing is saved, and nothing is sent to the cluster."
        ),
        parameters=[CLUSTER, ACCEPT],
        request={"application/json": {"type": "array", "items": {}}, "application/yaml": {"type": "string"}},
        responses={200: OpenApiResponse(_ANSWER)},
    )
    def create(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Look at the edits."""
        cluster = cluster_of(request, None)
        accept = request.query_params.getlist("accept")
        documents = [] if _is_list(request) else documents_of(request, cluster)
        wanted = wanted_of(request.data, cluster) if _is_list(request) else _wanted(documents)
        review = changeset_review(cluster=cluster, edits=wanted, dry_run=False, accept=accept)
        told = told_of(documents, review.items, accept)
        refuse([one for one, document in zip(told, documents, strict=True) if document.faults], told)
        return Response({"refused": review.blocked(accept), "documents": told, **review_json(review)})


def _is_list(request: Request) -> bool:
    return str(request.content_type).startswith("application/json")


def _wanted(documents: Sequence[Imported]) -> list[Wanted]:
    return [one.wanted for one in documents if one.wanted is not None]
