"""Parts of bodies that several serializers share."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from alarms.matchers import NAMES, OPS
from clusters.api.bodies import KnownFields

_MOST = 50  # patterns or matchers of a row


class PatternField(serializers.CharField):
    """A name, or the beginning of names with `*` at its end."""

    def to_internal_value(self, data: Any) -> str:
        """The pattern. Raises ValidationError."""
        text = str(super().to_internal_value(data))
        if "*" in text[:-1] or not text.isprintable() or " " in text or "," in text:
            raise serializers.ValidationError(
                f"{text[:60]!r} is no name, with `*` at its end for all that begin so", code="pattern"
            )
        return text


class PatternsField(serializers.ListField):
    """Names of things; none = all. longest: characters of a name."""

    def __init__(self, *, longest: int = 253, **kwargs: Any) -> None:
        super().__init__(child=PatternField(max_length=longest), max_length=_MOST, required=False, **kwargs)


class MatcherSerializer(KnownFields):
    """A label of an alarm, and what it must be, or must not."""

    name = serializers.ChoiceField(choices=NAMES)
    op = serializers.ChoiceField(choices=OPS, default="=")
    value = serializers.CharField(max_length=253, help_text="`*` in it stands for any characters.")


class MatchersField(serializers.ListField):
    """Matchers; all must match."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(child=MatcherSerializer(), max_length=_MOST, required=False, **kwargs)
