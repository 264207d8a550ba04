"""Bodies whose fields are all meant: one that nobody knows is refused, as an unknown query parameter is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rest_framework import serializers


class KnownFields(serializers.Serializer[Any]):
    """For serializers that read a body. What is read-only may be sent back, and is left alone."""

    def to_internal_value(self, data: Any) -> Any:
        """As DRF's. Raises ValidationError that names every field that there is not."""
        if isinstance(data, Mapping):
            known = ", ".join(name for name, field in self.fields.items() if not field.read_only)
            unknown = [str(name) for name in data if name not in self.fields]
            if unknown:
                raise serializers.ValidationError(
                    {name[:100]: [f"is no field here; there are {known}"] for name in unknown}, code="unknown-field"
                )
        return super().to_internal_value(data)
