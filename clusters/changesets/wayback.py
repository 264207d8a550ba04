"""A way back as edits: what tools mark their objects with stays, and what a tool looks after can be left out."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from typing import Any

from clusters.changesets.drafts import Left, SetDraft
from clusters.changesets.wanted import Wanted, rows_wanted
from clusters.manifest import plain, same
from clusters.models import Cluster, Resource
from clusters.registry import resource_models
from clusters.sync.marks import marked_as
from clusters.sync.owners import looked_after_by
from clusters.sync.takes import is_taken, takes_of
from clusters.words import counted
from intent.findings import ObjectRef

OWNED = "owned"  # stands for all that a tool looks after
_PASSWORDS = (
    "Passwords are not kept in the history or a baseline. A peer that has one in itself keeps it, one that is made "
    "anew has none; passwordSecret becomes what it was then, and no Secret is made, changed or deleted by this."
)
_NAMED = 20


class UnknownObjectError(Exception):
    """What shall be left out is not part of it; the text says what is."""


def way_back(*, cluster: Cluster, wanted: Sequence[Wanted], title: str, back: str = "", note: str = "") -> SetDraft:
    """The change that makes these objects be so. Those that a tool looks after are left out, if there are others."""
    rows = rows_wanted(cluster, wanted)
    owners = _owners(cluster, rows)
    found = [_marked(one, rows.get(one.ref)) for one in wanted]
    found = [one for one in found if not (one.ref in owners and _stands(one, rows[one.ref]))]
    left = [Left(one, owners[one.ref]) for one in found if one.ref in owners] if len(found) > 1 else []
    draft = SetDraft(cluster=cluster, wanted=found, title=title, back=back, note=note, choosable=True)
    draft.warnings = _about_passwords(found)
    return without(draft, left)


def without(draft: SetDraft, left: Iterable[Left]) -> SetDraft:
    """The same change, but for these objects."""
    left = list(left)
    gone = {one.wanted.ref for one in left}
    kept = [one for one in (*draft.wanted, *(one.wanted for one in draft.left)) if one.ref not in gone]
    return replace(draft, wanted=kept, left=left)


def leaving(draft: SetDraft, names: Collection[str]) -> SetDraft:
    """The change as REST asks for it: of `names` each is Kind/namespace/name, or OWNED. Raises UnknownObjectError."""
    everything = {one.ref: Left(one, "") for one in draft.wanted} | {one.wanted.ref: one for one in draft.left}
    known = {f"{ref.kind}/{ref.namespace}/{ref.name}": ref for ref in everything}
    unknown = next((name for name in names if name != OWNED and name not in known), None)
    if unknown is not None:
        told = ", ".join([OWNED, *list(known)[:_NAMED]])
        raise UnknownObjectError(f"must name objects of this change, as Kind/namespace/name: {told}")
    gone = {known[name] for name in names if name != OWNED}
    gone |= {one.wanted.ref for one in draft.left} if OWNED in names else set()
    draft = without(draft, [left for ref, left in everything.items() if ref in gone])
    if draft.left:
        draft.note = f"{draft.note} {counted(len(draft.left), 'object')} left out.".strip()
    return draft


def _marked(one: Wanted, row: Resource | None) -> Wanted:
    live = row.live if row is not None else None
    if one.manifest is None or live is None:
        return one
    return replace(one, manifest=marked_as(dict(one.manifest), live))


def _stands(one: Wanted, row: Resource) -> bool:
    return same(row.KIND, one.manifest, plain(row.live))


def _owners(cluster: Cluster, rows: dict[ObjectRef, Resource]) -> dict[ObjectRef, str]:
    """The tools that look after these objects; whoever took one over may put it back."""
    found = {ref: owner for ref, row in rows.items() if row.live and (owner := looked_after_by(row.live))}
    taken: dict[ObjectRef, Any] = takes_of(cluster, found)
    return {ref: owner for ref, owner in found.items() if not is_taken(taken.get(ref), rows[ref].live or {})}


def _about_passwords(wanted: Iterable[Wanted]) -> list[str]:
    """What a way back does to passwords, if there is an object in it that could have one."""
    models = resource_models()
    kept = {one.kind for one in wanted if one.manifest is not None}
    secret = any(field.secret for kind in kept & models.keys() for field in models[kind].KIND.fields)
    return [_PASSWORDS] if secret else []
