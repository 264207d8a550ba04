"""Collections that are read when somebody looks into them, and once."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import TypeVar, overload

T = TypeVar("T")
K = TypeVar("K")


class LazySequence(Sequence[T]):
    """What `read` returns, once."""

    def __init__(self, read: Callable[[], Sequence[T]]) -> None:
        self._read = read

    @cached_property
    def _found(self) -> Sequence[T]:
        return self._read()

    @property
    def unread(self) -> bool:
        """Whether nobody has looked yet."""
        return "_found" not in self.__dict__

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


class LazyMapping(Mapping[K, T]):
    """What `read` returns, once."""

    def __init__(self, read: Callable[[], Mapping[K, T]]) -> None:
        self._read = read

    @cached_property
    def _found(self) -> Mapping[K, T]:
        return self._read()

    @property
    def unread(self) -> bool:
        """Whether nobody has looked yet."""
        return "_found" not in self.__dict__

    def __getitem__(self, key: K) -> T:
        return self._found[key]

    def __len__(self) -> int:
        return len(self._found)

    def __iter__(self) -> Iterator[K]:
        return iter(self._found)
