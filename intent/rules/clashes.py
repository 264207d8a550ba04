"""Objects that clash with each other: how such rules are run, whole clusters at once or one object against the rest."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from typing import Protocol, TypeVar

from intent.findings import Finding, ObjectRef
from intent.rules.view import View

T = TypeVar("T")


class Clash(Protocol):
    """A rule between objects of one kind. speaker: as for Rule."""

    @property
    def speaker(self) -> bool:
        """Whether an error makes speakers refuse their whole configuration."""

    def findings(self, view: View, refs: Collection[ObjectRef] | None) -> Iterator[Finding]:
        """One finding for all objects that clash with each other; with refs one for each of these that clashes."""


def components(
    members: Sequence[T], near: Callable[[T], Iterable[T]], clash: Callable[[T, T], bool]
) -> Iterator[list[T]]:
    """Members that clash directly or through others. near: all that a member could clash with; members are hashable."""
    left = dict.fromkeys(members)
    while left:
        first = next(iter(left))
        del left[first]
        group, reached = [first], [first]
        while reached and left:
            member = reached.pop()
            found = [other for other in near(member) if other in left and clash(member, other)]
            for other in dict.fromkeys(found):
                del left[other]
                group.append(other)
                reached.append(other)
        if len(group) > 1:
            yield group
