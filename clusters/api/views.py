"""What all endpoints share: conditional answers, and no query parameter that is not understood."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, ClassVar

from rest_framework.mixins import ListModelMixin, RetrieveModelMixin
from rest_framework.request import Request
from rest_framework.viewsets import GenericViewSet

from clusters.api.conditional import ConditionalMixin
from clusters.api.filters import parameters_check

_PAGING = ("page", "page_size", "ordering")


class Endpoint(ConditionalMixin, GenericViewSet[Any]):
    """The base of all viewsets. `parameters`: the query parameters of an action, besides a list's filters."""

    parameters: ClassVar[Mapping[str, tuple[str, ...]]] = {}
    repeatable: ClassVar[Mapping[str, tuple[str, ...]]] = {}
    filterset_class: ClassVar[Any]  # None = the list is none that has pages
    ordering: ClassVar[tuple[str, ...]] = ()
    ordering_fields: ClassVar[Mapping[str, str]] = {}

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """As DRF's, then refuses query parameters that mean nothing here."""
        super().initial(request, *args, **kwargs)
        action = self.action or ""
        known: Iterable[str] = self.parameters.get(action, ())
        repeatable: Iterable[str] = self.repeatable.get(action, ())
        if action == "list" and self.filterset_class is not None:
            filters = self.filterset_class.base_filters
            known = {*known, *filters, *_PAGING}
            repeatable = {*repeatable, *(name for name, found in filters.items() if _takes_many(found))}
        parameters_check(request, known, repeatable)


class ReadEndpoint(ListModelMixin, RetrieveModelMixin, Endpoint):
    """List and retrieve."""


def _takes_many(found: Any) -> bool:
    return hasattr(found, "conjoined")
