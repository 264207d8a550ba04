"""Several edits on their way through Review: packed into the page, and unpacked from what it sends."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from django.http import QueryDict
from django.utils.http import url_has_allowed_host_and_scheme

from clusters.api.documents import UnreadableError, read_json
from clusters.api.entries import wanted_of
from clusters.api.problems import BadBody
from clusters.changesets.wanted import Wanted
from clusters.editing.confirming import accept_posted
from clusters.edits.overriding import NOTHING, Override
from clusters.models import Cluster
from clusters.selectors import clusters_active

_TITLE = 200
_NOTE = 500


@dataclass(frozen=True, slots=True)
class Left:
    """An object that is left out. owner: the tool that looks after it, "" = none that would stand against it."""

    wanted: Wanted
    owner: str


@dataclass(slots=True)
class SetDraft:
    """What the user wants of several objects. title: the page's headline. back: where Cancel leads, "" = to the list.

    warnings: what whoever made the draft has to say of it. choosable: objects may be left out; left: those that are.
    chosen: other objects than those that were reviewed were just chosen.
    """

    cluster: Cluster
    wanted: Sequence[Wanted]
    title: str
    back: str = ""
    note: str = ""
    accept: list[str] = field(default_factory=list)
    override: Override = NOTHING
    warnings: Sequence[str] = ()
    choosable: bool = False
    left: Sequence[Left] = ()
    chosen: bool = False


def packed(wanted: Sequence[Wanted], left: Sequence[Left] = ()) -> str:
    """The edits for a hidden input, as REST takes them, with the revisions that were looked at; then those left out.

    Raises ValueError for a password: it has no place in a page.
    """
    entries = [*map(_entry, wanted), *(_entry(one.wanted) | {"owner": one.owner} for one in left)]
    return json.dumps(entries, ensure_ascii=False)


def _entry(one: Wanted) -> dict[str, Any]:
    if one.manifest is None:
        entry: dict[str, Any] = {"delete": {"kind": one.kind, "namespace": one.namespace, "name": one.name}}
    else:
        if (one.manifest.get("spec") or {}).get("password"):
            raise ValueError("a password cannot be part of a page")
        entry = {"recreate" if one.recreate else "manifest": one.manifest}
    return {"entry": entry, "revision": one.base_revision}


def draft_posted(post: QueryDict) -> SetDraft | None:
    """What a Review page sent; None if that is none."""
    cluster = next((one for one in clusters_active() if one.name == post.get("cluster")), None)
    try:
        found = read_json(post.get("edits", "").encode())
    except UnreadableError:
        return None
    shaped = isinstance(found, list) and all(isinstance(one, dict) and "entry" in one for one in found)
    if cluster is None or not shaped:
        return None
    try:
        wanted = wanted_of([one["entry"] for one in found], cluster)
    except BadBody:
        return None
    revisions = [one.get("revision") if type(one.get("revision")) is int else None for one in found]
    wanted = [replace(one, base_revision=revision) for one, revision in zip(wanted, revisions, strict=True)]
    owners = [str(one.get("owner", ""))[:_TITLE] for one in found]
    taken = set(post.getlist("take")) if "reviewed" in post else {str(index) for index in range(len(wanted))}
    back = post.get("back", "")
    return SetDraft(
        cluster=cluster,
        wanted=[one for index, one in enumerate(wanted) if str(index) in taken],
        left=[Left(one, owners[index]) for index, one in enumerate(wanted) if str(index) not in taken],
        choosable="reviewed" in post,
        chosen="reviewed" in post and taken != set(post.get("reviewed", "").split()),
        title=post.get("title", "")[:_TITLE] or "Review",
        back=back if url_has_allowed_host_and_scheme(back, allowed_hosts=None) else "",
        note=post.get("note", "")[:_NOTE],
        accept=accept_posted(post),
        warnings=[text[:_NOTE] for text in post.getlist("warning")[:50]],
    )
