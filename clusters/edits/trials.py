"""What the API server said at Review, kept in the page under our signature, so that the history can tell it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from typing import Any

from django.core import signing

from clusters.edits.dryrun import DryRun
from clusters.manifest import Object, plain
from clusters.models import Change, Cluster
from clusters.origin import sent
from intent.findings import ObjectRef

FIELD = "tried"  # of the form
_SALT = "clusters.edits.trials"
_DAY = 24 * 3600  # seconds that an answer counts
_WORDS = 500


def sealed(cluster: Cluster, trials: Iterable[tuple[ObjectRef, Object | None, DryRun]]) -> str:
    """A cluster's answers about objects as they shall be, for a hidden input; None = it shall go."""
    told = {_key(cluster, ref, after): answer for ref, after, trial in trials if (answer := _answer(trial))[0]}
    return signing.dumps(told, salt=_SALT, compress=True)


def tried(cluster: Cluster, ref: ObjectRef, after: Object | None) -> dict[str, str]:
    """The columns of a `Change` for what was said of just this at the Review that the request comes from."""
    text = sent(FIELD)
    if not text:
        return {}
    try:
        told: dict[str, Any] = signing.loads(text, salt=_SALT, max_age=_DAY)
    except signing.BadSignature:
        return {}
    verdict, words = told.get(_key(cluster, ref, after), ("", ""))
    return {"dry_run": verdict, "dry_run_message": words}


def columns(trial: DryRun) -> dict[str, str]:
    """The columns of a `Change` for an answer."""
    verdict, words = _answer(trial)
    return {"dry_run": verdict, "dry_run_message": words}


def _answer(trial: DryRun) -> tuple[str, str]:
    if trial.accepted is None:
        return (Change.DryRun.UNKNOWN if trial.message else Change.DryRun.NONE), trial.message[:_WORDS]
    return (Change.DryRun.ACCEPTED if trial.accepted else Change.DryRun.REFUSED), trial.message[:_WORDS]


def _key(cluster: Cluster, ref: ObjectRef, after: Object | None) -> str:
    said = json.dumps([cluster.pk, str(ref), ref.namespace, plain(after)], sort_keys=True)
    return hashlib.sha256(said.encode()).hexdigest()[:24]
