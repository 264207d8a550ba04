"""The router of /api/v1/."""

from __future__ import annotations

from typing import Any

from rest_framework.routers import DefaultRouter


class Router(DefaultRouter):
    """As DRF's; a viewset with `lookup_path` is addressed by several segments, and no address has a format suffix."""

    include_format_suffixes = False

    def get_lookup_regex(self, viewset: Any, lookup_prefix: str = "") -> str:
        """The part of the route that names one object."""
        segments = getattr(viewset, "lookup_path", None)
        if segments is None:
            return super().get_lookup_regex(viewset, lookup_prefix)
        return "/".join(f"(?P<{segment}>[^/\x00]+)" for segment in segments)
