"""To which point something is to be put back, as a form or a query says it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.forms import ValidationError

from clusters.changesets.drafts import SetDraft
from clusters.history.revert import revert_set, revert_since
from clusters.history.selectors import changes
from clusters.models import Change, ChangeSet, Cluster
from clusters.moments import EXAMPLE, MomentField, too_old
from clusters.registry import resource_models
from clusters.selectors import clusters_active

PARAMETERS = ("cluster", "since", "change", "set", "kind", "namespace", "name")
_SHOWN = 40  # characters of what was given
_ONLY = ("kind", "namespace", "name")


class NoPointError(Exception):
    """What is asked for is no point in the history; the text names the field and the way out. field: which."""

    def __init__(self, field: str, text: str) -> None:
        super().__init__(f"{field} {text}")
        self.field = field
        self.text = text


def point_of(asked: Mapping[str, str], user: Any) -> SetDraft:
    """The way back to there. Exactly one of: since (a time), change (before that and all after it), set (before it).

    user: who asks.
    Raises NoPointError, TooManyError.
    """
    given = {name: str(asked.get(name, "")).strip() for name in PARAMETERS}
    points = [name for name in ("since", "change", "set") if given[name]]
    if len(points) != 1:
        raise NoPointError("since", "must say to when; or name one change, or one change set, in its place.")
    if given["set"]:
        return revert_set(_set(given["set"]), user)
    only = {name: given[name] for name in _ONLY}
    if only["kind"] and only["kind"] not in resource_models():
        raise NoPointError("kind", f"must be one of {', '.join(resource_models())}.")
    if given["change"]:
        change = _change(given["change"])
        return revert_since(change.of, change=change, only=only)
    cluster = _cluster(given["cluster"])
    try:
        moment = MomentField().clean(given["since"])
    except ValidationError as error:
        text = f"must be a time in the years 1 to 9999 UTC, as {EXAMPLE}; it is {given['since'][:_SHOWN]!r}."
        raise NoPointError("since", text) from error
    if told := too_old(moment):
        raise NoPointError("since", f"cannot be gone back to: {told}")
    return revert_since(cluster, moment, only=only)


def _cluster(name: str) -> Cluster:
    active = list(clusters_active())
    found = next((one for one in active if one.name == name), active[0] if len(active) == 1 and not name else None)
    if found is None:
        names = ", ".join(one.name for one in active)
        told = f"must be one of {names}." if names else "is needed: there is none yet; add one first."
        raise NoPointError("cluster", told)
    return found


def _change(text: str) -> Change:
    found = changes().exclude(cluster=None).filter(pk=_number(text)).first()
    if found is None:
        raise NoPointError("change", "must be the number of a change that is still kept.")
    return found


def _set(text: str) -> ChangeSet:
    found = ChangeSet.objects.select_related("cluster").filter(pk=_number(text)).first()
    if found is None:
        raise NoPointError("set", "must be the number of a change set that is still kept.")
    return found


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 18 else 0
