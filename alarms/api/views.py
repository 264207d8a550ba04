"""What endpoints of alarms share."""

from __future__ import annotations

from typing import Any

from django_filters.rest_framework import FilterSet
from rest_framework.mixins import CreateModelMixin, DestroyModelMixin, UpdateModelMixin

from alarms.services import row_delete, row_save
from clusters.api.filters import flag
from clusters.api.views import ReadEndpoint
from clusters.models import Change


class EnabledFilters(FilterSet):  # type: ignore[misc]
    """Of what can be switched off: by whether it counts."""

    enabled = flag("enabled", label="Whether it counts")


class WriteEndpoint(CreateModelMixin, UpdateModelMixin, DestroyModelMixin, ReadEndpoint):
    """Rows that people write, each time with an entry in the history."""

    lookup_value_regex = r"[0-9]{1,18}"
    authored = False
    """Whether a row names who made it."""

    def perform_create(self, serializer: Any) -> None:
        """A new one, by whoever asks."""
        author = {"author": self.request.user} if self.authored else {}
        row_save(serializer, actor=self.request.user, source=Change.Source.API, **author)

    def perform_update(self, serializer: Any) -> None:
        """Another one in its place."""
        row_save(serializer, actor=self.request.user, source=Change.Source.API)

    def perform_destroy(self, instance: Any) -> None:
        """None any more."""
        row_delete(instance, actor=self.request.user, source=Change.Source.API)
