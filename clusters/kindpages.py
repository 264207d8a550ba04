"""What the pages of a kind say beyond its description in `intent.kinds`; each app registers its own."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest

from clusters.models import Cluster, Resource
from intent.kinds import Kind

Names = Callable[[Cluster], Sequence[str]]
Suggestion = tuple[str, str]  # a value and what it means, "" = it speaks for itself
Suggestions = Callable[[Cluster], Sequence[Suggestion]]


def _nothing(_row: Resource) -> str:
    return "Nothing depends on it."


@dataclass(frozen=True, slots=True, kw_only=True)
class KindPage:
    """The pages of one kind. many: name and address of the list; the page of one object is the model's PAGE.

    noun, nouns: in sentences. sections: titles of the form's parts, by `Field.section`, in their order. offers: names
    of what there is, for a field by its path in the spec; suggests: the same where other words are as good. closes:
    what a deletion does, one sentence.
    """

    model: type[Resource]
    many: str
    noun: str
    nouns: str
    article: str = "a"
    sections: Mapping[str, str]
    offers: Mapping[str, Names] = field(default_factory=dict)
    suggests: Mapping[str, Suggestions] = field(default_factory=dict)
    closes: Callable[[Resource], str] = _nothing

    @property
    def kind(self) -> Kind:
        """The description of the kind."""
        return self.model.KIND

    @property
    def one(self) -> str:
        """Name of the page of one object."""
        return self.model.PAGE

    @property
    def has_secret(self) -> bool:
        """Whether a field of it holds a password."""
        return any(one.secret for one in self.kind.fields)

    def permission(self, verb: str) -> str:
        """Django's permission to view, add, change or delete objects of the kind."""
        meta = self.model._meta  # noqa: SLF001  # Django's own name
        return f"{meta.app_label}.{verb}_{meta.model_name}"

    def require(self, request: HttpRequest, verb: str) -> None:
        """Raise PermissionDenied for who may not."""
        if not request.user.has_perm(self.permission(verb)):
            raise PermissionDenied


_PAGES: dict[str, KindPage] = {}


def register_page(page: KindPage) -> None:
    """Make the pages of a kind known."""
    _PAGES[page.kind.kind] = page


def page_of_kind(kind: str) -> KindPage:
    """The pages of a kind. Raises KeyError for a kind without."""
    return _PAGES[kind]


def kind_pages() -> tuple[KindPage, ...]:
    """All of them, in the order of their registration."""
    return tuple(_PAGES.values())
