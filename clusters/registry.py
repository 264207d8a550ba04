"""Which models mirror which kinds; each app registers its own when it is ready."""

from __future__ import annotations

from django.db.models import QuerySet

from clusters.models import Resource

_MODELS: dict[str, type[Resource]] = {}


def register(model: type[Resource]) -> None:
    """Make a model known under its kind."""
    _MODELS[model.KIND.kind] = model


def resource_models() -> dict[str, type[Resource]]:
    """All registered models by kind."""
    return dict(_MODELS)


def rows_of(kind: str) -> QuerySet[Resource]:
    """The rows of a kind. Raises KeyError for a kind without a model."""
    return _MODELS[kind]._default_manager.all()  # noqa: SLF001  # Django's public name for it
