"""The endpoint of a kind that has nothing but what every kind has."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from clusters.api.schema import documented_read, documented_write, resource_serializer
from clusters.api.shared import SharedResourceViewSet
from clusters.api.spec_filters import resource_filters, resource_ordering
from clusters.models import Resource


def resource_endpoint(
    model: type[Resource],
    example: Mapping[str, Any],
    *,
    base: type[SharedResourceViewSet] = SharedResourceViewSet,
    beside: Mapping[str, Any] | None = None,
) -> type[SharedResourceViewSet]:
    """List, retrieve, create, replace, patch and delete. example: a manifest for the documentation.

    base: represents rows with more than the manifest; beside: the schemas of that.
    """
    kind = model.KIND
    serializer = resource_serializer(kind, beside)
    body = {
        "__doc__": f"{kind.kind} objects.",
        "model": model,
        "queryset": model._default_manager.none(),  # noqa: SLF001  # names the model whose permissions count
        "serializer_class": serializer,
        "filterset_class": resource_filters(model),
        "ordering_fields": resource_ordering(kind),
    }
    endpoint: type[SharedResourceViewSet] = type(f"{model.__name__}ViewSet", (base,), body)
    full = {"apiVersion": kind.api_version, "kind": kind.kind, **example}
    return documented_read(kind)(documented_write(kind, serializer, full)(endpoint))
