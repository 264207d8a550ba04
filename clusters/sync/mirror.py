"""Rows that only repeat the cluster: written where something changed, in chunks, and deleted when it is gone."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, NamedTuple, TypeVar

from django.db import transaction

from clusters.models import Cluster
from clusters.models.services import Mirrored
from clusters.sync.upsert import chunks, upsert

Row = TypeVar("Row", bound=Mirrored)
Key = tuple[Any, ...]
Known = Mapping[Key, tuple[int, str]]
_ROUNDS = 5


class Written(NamedTuple):
    """Whether something changed, and the keys of rows that others have written since `known` was read."""

    changed: bool
    moved: set[Key]


@dataclass(frozen=True)
class Mirror(Generic[Row]):
    """How objects become rows of a model.

    key: the columns, besides the cluster, that name a row, `name` among them. also: columns that are no change by
    themselves. written: called with each chunk of rows that was written, in its transaction. happens: called in it
    before, with the cluster, the rows to be written, and the names of those to be deleted; not for the very first look.
    """

    model: type[Row]
    key: Sequence[str]
    fields: Sequence[str]
    also: Sequence[str] = ()
    written: Callable[[Sequence[Row]], None] | None = None
    happens: Callable[[Cluster, Sequence[Row], Sequence[str]], None] | None = None

    def known(self, cluster: Cluster, **within: Any) -> Known:
        """The rows that it is about, as they are before the cluster is asked: what moves on after that is newer."""
        stored = self.model._default_manager.filter(cluster=cluster, **within)  # noqa: SLF001  # Django's public name for it
        return {tuple(found): (pk, digest) for pk, digest, *found in stored.values_list("pk", "digest", *self.key)}

    def known_of(self, cluster: Cluster, keys: Collection[Key]) -> Known:
        """The same for the rows with these keys."""
        name = self.key.index("name")
        found = self.known(cluster, name__in={key[name] for key in keys})
        return {key: state for key, state in found.items() if key in keys}

    def write(self, cluster: Cluster, rows: Sequence[Row], known: Known, *, some: bool = False) -> Written:
        """Make the known rows these; those of others since stay. some: it is not about all of them."""
        gone, changed, moved, wrote = dict(known), list[Row](), set[Key](), False
        first = not known and not some
        for row in rows:
            row.digest = _digest([getattr(row, name) for name in self.fields])
            row.digest_print = int(row.digest[:10], 16)
            _pk, digest = gone.pop(self._key(row), (0, ""))
            if digest != row.digest:
                changed.append(row)
        for chunk in chunks(changed):
            wrote |= self._save(cluster, chunk, known, moved, first=first)
        for pairs in chunks(list(gone.items())):
            wrote |= self._drop(cluster, dict(pairs), moved)
        return Written(wrote, moved)

    def follow(self, cluster: Cluster, keys: Collection[Key], made: Callable[[Collection[Key]], Sequence[Row]]) -> bool:
        """Make the rows with these keys those that `made` gives for them, none = gone; whether something changed."""
        changed, left = False, set(keys)
        for _ in range(_ROUNDS):
            known = self.known_of(cluster, left)
            done = self.write(cluster, made(left), known, some=True)
            changed, left = changed or done.changed, done.moved
            if not left:
                break
        return changed

    def _key(self, row: Row) -> Key:
        return tuple(getattr(row, name) for name in self.key)

    def _save(self, cluster: Cluster, some: Sequence[Row], known: Known, moved: set[Key], *, first: bool) -> bool:
        with transaction.atomic():
            now = self._now(cluster, [self._key(row) for row in some])
            fit = [row for row in some if now.get(self._key(row)) == known.get(self._key(row))]
            moved |= {self._key(row) for row in some} - {self._key(row) for row in fit}
            if fit and self.happens is not None and not first:
                self.happens(cluster, fit, ())
            upsert(
                self.model, fit, key=("cluster", *self.key), fields=("digest", "digest_print", *self.fields, *self.also)
            )
            if fit and self.written is not None:
                self.written(fit)
        return bool(fit)

    def _drop(self, cluster: Cluster, gone: Known, moved: set[Key]) -> bool:
        with transaction.atomic():
            now = self._now(cluster, gone)
            fit = {key: state for key, state in gone.items() if now.get(key) == state}
            moved |= {key for key in now if key not in fit}
            if fit and self.happens is not None:
                self.happens(cluster, (), [str(key[self.key.index("name")]) for key in fit])
            stored = self.model._default_manager.filter(cluster=cluster)  # noqa: SLF001
            stored.filter(pk__in=[pk for pk, _digest in fit.values()]).delete()
        return bool(fit)

    def _now(self, cluster: Cluster, keys: Collection[Key]) -> Known:
        name = self.key.index("name")
        stored = self.model._default_manager.select_for_update().filter(cluster=cluster)  # noqa: SLF001
        stored = stored.filter(name__in={key[name] for key in keys})
        found = stored.values_list("pk", "digest", *self.key)
        wanted = set(keys)
        return {tuple(key): (pk, digest) for pk, digest, *key in found if tuple(key) in wanted}


def _digest(values: list[object]) -> str:
    text = json.dumps(values, sort_keys=True, default=str)
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()
