"""What the pages of a kind say beyond its description in `intent.kinds`; each app registers its own."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse

from clusters.models import Cluster, Resource
from intent.kinds import Kind

NOTHING = "\N{EN DASH}"
BY_NAME = ("cluster__name", "namespace", "name")
Names = Callable[[Cluster], Sequence[str]]
Suggestion = tuple[str, str]  # a value and what it means, "" = it speaks for itself
Suggestions = Callable[[Cluster], Sequence[Suggestion]]


def _nothing(_row: Resource) -> str:
    return "Nothing depends on it."


def _no_meanings(_cluster: Cluster) -> Mapping[str, str]:
    return {}


def _no_texts(_row: Resource, _beside: Any) -> Iterable[str]:
    return ()


@dataclass(frozen=True, slots=True)
class ListColumn:
    """A column of a list, besides name, config and change. fields: what it orders by, () = it does not.

    show: the texts of a cell, or objects to link to, from the row and what `KindPage.beside` found of it. none: instead
    of no text. template: draws the cell in place of texts, from `row` and what `beside` found, which it knows as
    `found`. wide: it needs a line of its own where there is little room.
    """

    key: str
    label: str
    show: Callable[[Any, Any], Iterable[str | Resource]] = _no_texts
    fields: tuple[str, ...] = ()
    mono: bool = True
    none: str = NOTHING
    template: str = ""
    wide: bool = False


@dataclass(frozen=True, slots=True)
class ListFilter:
    """A filter of a list, besides words, cluster and config. narrow: what is left of the rows with a value.

    choices: the values and their labels; () = any, and it is shown only while the URL has it.
    """

    key: str
    label: str
    narrow: Callable[[QuerySet[Any], str], QuerySet[Any]]
    choices: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ListParts:
    """What a list of objects is drawn with: under its headline, a row's name and end, and in place of no rows."""

    under: str
    name: str
    tail: str
    empty: str


@dataclass(frozen=True, slots=True, kw_only=True)
class KindPage:
    """The pages of one kind. many: name and address of the list; the page of one object is the model's PAGE.

    noun, nouns: in sentences. sections: titles of the form's parts, by `Field.section`, in their order. offers: names
    of what there is, for a field by its path in the spec; suggests: the same where other words are as good. bare:
    objects within, whose parts need no word before their labels. closes: what a deletion does, one sentence. meanings:
    what values of a spec stand for. searched: fields that a list is searched by, besides the name; search: the same for
    who knows better. order: of a list at first. events: what makes a page look again. beside: further facts for the
    rows of a list by primary key, in a fixed number of queries. empty: what the kind is good for. older: what writing
    an older version of it does. more: context for `more_template`, a part of the page of one object. head_template:
    what stands under its name.
    """

    model: type[Resource]
    many: str
    noun: str
    nouns: str
    article: str = "a"
    sections: Mapping[str, str]
    offers: Mapping[str, Names] = field(default_factory=dict)
    suggests: Mapping[str, Suggestions] = field(default_factory=dict)
    bare: tuple[str, ...] = ()
    closes: Callable[[Resource], str] = _nothing
    meanings: Callable[[Cluster], Mapping[str, str]] = _no_meanings
    searched: tuple[str, ...] = ()
    search_label: str = "Name"
    search: Callable[[QuerySet[Any], str], QuerySet[Any]] | None = None
    order: tuple[str, ...] = BY_NAME
    events: tuple[str, ...] = ("resources",)
    filters: tuple[ListFilter, ...] = ()
    columns: tuple[ListColumn, ...] = ()
    beside: Callable[[Sequence[Resource]], Mapping[int, Any]] | None = None
    empty: str = ""
    older: str = ""
    more: Callable[[Resource], Mapping[str, Any]] | None = None
    more_template: str = ""
    head_template: str = "resources/head.html"
    parts: ClassVar[ListParts] = ListParts(
        under="resources/under.html",
        name="resources/name.html",
        tail="resources/tail.html",
        empty="resources/empty.html",
    )

    @property
    def address(self) -> str:
        """Of the list."""
        return reverse(self.many)

    @property
    def kind(self) -> Kind:
        """The description of the kind."""
        return self.model.KIND

    @property
    def one(self) -> str:
        """Name of the page of one object."""
        return self.model.PAGE

    @property
    def new(self) -> str:
        """Name of the page that adds one."""
        return f"{self.one}-new"

    @property
    def edit(self) -> str:
        """Name of the page that changes one."""
        return f"{self.one}-edit"

    @property
    def delete(self) -> str:
        """Name of the page that deletes one."""
        return f"{self.one}-delete"

    @property
    def discard(self) -> str:
        """Name of the address that gives an edit up."""
        return f"{self.one}-discard"

    @property
    def resolve(self) -> str:
        """Name of the page that settles a conflict field by field."""
        return f"{self.one}-resolve"

    @property
    def take_over(self) -> str:
        """Name of the page that takes one over from its owner."""
        return f"{self.one}-take-over"

    @property
    def recreate(self) -> str:
        """Name of the page that deletes one and makes it anew."""
        return f"{self.one}-recreate"

    @property
    def counted(self) -> str:
        """The noun for the `plural` filter."""
        return f"{self.noun},{self.nouns}"

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
