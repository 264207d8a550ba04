"""Rows that only repeat what was listed: written where something changed, in chunks, and deleted when it is gone."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from django.db import transaction

from clusters.models import Cluster
from clusters.models.services import Mirrored
from clusters.sync.upsert import chunks, upsert

Row = TypeVar("Row", bound=Mirrored)


def mirror(
    model: type[Row],
    cluster: Cluster,
    rows: Sequence[Row],
    *,
    key: Sequence[str],
    fields: Sequence[str],
    also: Sequence[str] = (),
    within: Mapping[str, Any] | None = None,
    written: Callable[[Sequence[Row]], None] | None = None,
) -> bool:
    """Make the cluster's rows of a model these; whether something changed.

    key: the columns, besides the cluster, that name a row. also: columns that are no change by themselves. within: the
    rows that it is about, as a filter; others stay. written: called with each chunk of rows that was written, in
    its transaction.
    """
    stored = model._default_manager.filter(cluster=cluster, **(within or {}))  # noqa: SLF001  # Django's public name for it
    known = {tuple(found): (pk, digest) for pk, digest, *found in stored.values_list("pk", "digest", *key)}
    changed = []
    for row in rows:
        row.digest = _digest([getattr(row, name) for name in fields])
        _pk, digest = known.pop(tuple(getattr(row, name) for name in key), (0, ""))
        if digest != row.digest:
            changed.append(row)
    for some in chunks(changed):
        with transaction.atomic():
            upsert(model, some, key=("cluster", *key), fields=("digest", *fields, *also))
            if written is not None:
                written(some)
    for gone in chunks([pk for pk, _digest in known.values()]):
        stored.filter(pk__in=gone).delete()
    return bool(changed or known)


def _digest(values: list[object]) -> str:
    text = json.dumps(values, sort_keys=True, default=str)
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()
