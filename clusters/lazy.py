"""Collections that are read when somebody looks into them, and once."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import Generic, TypeVar, overload

T = TypeVar("T")
K = TypeVar("K")
C = TypeVar("C")


class _Lazy(Generic[C]):
    """What `read` returns, once."""

    def __init__(self, read: Callable[[], C]) -> None:
        self._read = read

    @cached_property
    def _found(self) -> C:
        return self._read()

    @property
    def unread(self) -> bool:
        """Whether nobody has looked yet."""
        return "_found" not in self.__dict__


class LazySequence(_Lazy[Sequence[T]], Sequence[T]):
    """A sequence that is read when needed."""

    @overload
    def __getitem__(self, index: int) -> T: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[T]: ...
    def __getitem__(self, index: int | slice) -> T | Sequence[T]:
        return self._found[index]

    def __len__(self) -> int:
        return len(self._found)

    def __iter__(self) -> Iterator[T]:
        return iter(self._found)


class LazyMapping(_Lazy[Mapping[K, T]], Mapping[K, T]):
    """A mapping that is read when needed."""

    def __getitem__(self, key: K) -> T:
        return self._found[key]

    def __len__(self) -> int:
        return len(self._found)

    def __iter__(self) -> Iterator[K]:
        return iter(self._found)
