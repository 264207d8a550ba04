"""From a request to the services that write, and from what they raise to problems."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import timedelta
from typing import Any

from django.contrib.auth.models import AnonymousUser, User
from rest_framework.exceptions import PermissionDenied
from rest_framework.request import Request

from clusters import services
from clusters.api.manifests import Draft
from clusters.api.meaning import meaning_json
from clusters.api.problems import (
    BadParameter,
    ClusterAway,
    ClusterRefused,
    ConfirmationNeeded,
    Conflict,
    PreconditionFailed,
    RulesBroken,
    fault,
    finding_json,
)
from clusters.api.waiting import wait_of
from clusters.changesets.review import ItemReview
from clusters.changesets.wanted import Wanted
from clusters.edits.judging import HELD
from clusters.edits.overriding import NOTHING, REASON, WHO, Override, may_override, offered, stops
from clusters.models import Change, ChangeSet, Cluster, Resource
from clusters.selectors import clusters_active
from clusters.trials.begin import edit_on_trial
from clusters.trials.window import WindowError, window_of
from intent.confirmations import confirmation_of
from intent.findings import ObjectRef, Severity
from intent.rules import DOCUMENTED

WRITING = ("wait", "dry_run", "accept", "message", "override", "reason", "safe_apply")  # parameters of a write
REPEATABLE = ("accept", "override")
_MESSAGE = 400  # characters
_CODE = 100


@dataclass(frozen=True, slots=True)
class Edit:
    """Who writes, and how: codes of acknowledged rules, time to wait for the outcome, or a trial without saving; and
    the rules that an administrator overrides.

    guarded: with If-Match, so that only the revision that was compared may be written over. message: for the history.
    window: within which it has to be confirmed, None = it is not on trial.
    """

    actor: User | AnonymousUser
    accept: tuple[str, ...]
    wait: timedelta
    dry_run: bool
    guarded: bool
    message: str = ""
    override: Override = NOTHING
    window: timedelta | None = None


def edit_of(request: Request) -> Edit:
    """The query's WRITING. Raises BadParameter; PermissionDenied for who may not override."""
    query = request.query_params
    trial = query.get("dry_run", "false")
    if trial not in ("true", "false"):
        message = "must be true or false"
        raise BadParameter(f"dry_run {message}.", findings=[fault("dry_run", message, code="dry-run", value=trial)])
    return Edit(
        request.user,
        _accepted(query.getlist("accept")),
        wait_of(request),
        trial == "true",
        "If-Match" in request.headers,
        _text("message", query.get("message", ""), _MESSAGE),
        _override(request),
        _window(request),
    )


def _window(request: Request) -> timedelta | None:
    text = request.query_params.get("safe_apply", "")
    try:
        return window_of(text)
    except WindowError as error:
        found = fault("safe_apply", str(error), code="safe-apply", value=text)
        raise BadParameter(str(error), findings=[found]) from error


def _override(request: Request) -> Override:
    query = request.query_params
    codes = {code.strip() for text in query.getlist("override") for code in text.split(",") if code.strip()}
    reason = _text("reason", query.get("reason", "").strip(), REASON)
    if not codes and not reason:
        return NOTHING
    missing = "" if codes and reason else "override" if reason else "reason"
    if missing or any(len(code) > _CODE for code in codes):
        told = "override names the rules, and reason says why; both must be given"
        raise BadParameter(f"{told}.", findings=[fault(missing or "override", told, code="override")])
    if not may_override(request.user):
        raise PermissionDenied(WHO)
    return Override(frozenset(codes), reason)


def _text(name: str, text: str, most: int) -> str:
    if len(text) > most:
        told = f"must have at most {most} characters"
        raise BadParameter(f"{name} {told}.", findings=[fault(name, told, code=name, value=text[:80])])
    return text


def _accepted(texts: Iterable[str]) -> tuple[str, ...]:
    """The codes. Raises BadParameter for one that acknowledges no rule, and confirms nothing: it is a typo."""
    codes = tuple(code for text in texts for code in text.split(","))
    unknown = [code for code in codes if code not in DOCUMENTED and confirmation_of(code) is None]
    if unknown:
        message = f"must be codes of documented rules: {', '.join(sorted(DOCUMENTED))}; or of `confirm` in a review"
        faults = [fault("accept", message, code="accept", value=code) for code in unknown[:20]]
        raise BadParameter(f"accept {message}.", findings=faults)
    return codes


def cluster_of(request: Request, body: Any, among: Sequence[Cluster] | None = None) -> Cluster:
    """The cluster that `?cluster=` or the body's `cluster` names; the only one if none is. Raises BadParameter.

    among: the active ones, if they were read already.
    """
    name = request.query_params.get("cluster") or (body.get("cluster") if isinstance(body, dict) else None)
    clusters = {cluster.name: cluster for cluster in (clusters_active() if among is None else among)}
    if name is None and len(clusters) == 1:
        return next(iter(clusters.values()))
    if not isinstance(name, str) or name not in clusters:
        message = f"must name one of {', '.join(clusters) or '(there is no cluster yet)'}"
        raise BadParameter(f"cluster {message}.", findings=[fault("cluster", message, code="cluster", value=name)])
    return clusters[name]


@contextmanager
def problems(edit: Edit) -> Iterator[None]:
    """What the services raise, as problems."""
    try:
        yield
    except services.Refused as refused:
        found = [finding_json(finding) for finding in refused.findings]
        if any(finding.code == HELD for finding in refused.findings):
            raise Conflict(str(refused), findings=found) from refused
        raise RulesBroken(str(refused), findings=found) from refused
    except services.Unconfirmed as unconfirmed:
        raise ConfirmationNeeded(unconfirmed.needed) from unconfirmed
    except services.RevisionMismatch as mismatch:
        kind = PreconditionFailed if edit.guarded else Conflict
        told = f"Somebody else has changed it in the meantime: read it again. {mismatch.note}"
        raise kind(told.strip()) from mismatch
    except services.ClusterUnreachable as away:
        raise ClusterAway(str(away), retry_after=5) from away


def resource_write(
    edit: Edit, cluster: Cluster, kind: str, draft: Draft, *, base_revision: int | None = None
) -> Resource:
    """Save the draft; base_revision as for resource_save. Raises a Problem."""
    with problems(edit):
        return services.resource_save(
            cluster=cluster,
            kind=kind,
            namespace=draft.namespace,
            name=draft.name,
            manifest=draft.manifest,
            actor=edit.actor,
            source=Change.Source.API,
            accept=edit.accept,
            override=edit.override,
            base_revision=base_revision,
            password=draft.password,
            message=edit.message,
        )


def resource_remove(edit: Edit, row: Resource) -> Resource:
    """Save that the object shall go. Raises a Problem."""
    base_revision = row.revision if edit.guarded else None
    with problems(edit):
        return services.resource_delete(
            row=row,
            actor=edit.actor,
            source=Change.Source.API,
            base_revision=base_revision,
            message=edit.message,
            accept=edit.accept,
            override=edit.override,
        )


def write_on_trial(edit: Edit, cluster: Cluster, wanted: Wanted) -> ChangeSet | None:
    """Save one edit on trial, a change set of one; None if the object stands as it shall. Raises a Problem."""
    with problems(edit):
        return edit_on_trial(
            cluster=cluster,
            edit=wanted,
            window=edit.window or timedelta(),
            actor=edit.actor,
            source=Change.Source.API,
            accept=edit.accept,
            override=edit.override,
            message=edit.message,
        )


def looked_at_json(found: services.Review | ItemReview) -> dict[str, Any]:
    """What an edit would change in its object, and what rules and API server say."""
    return {
        "dryRun": {"ok": found.dry_run.accepted, "message": found.dry_run.message},
        "overridable": [finding.code for finding in offered([(found.findings, found.dry_run)])],
        "findings": [finding_json(finding) for finding in found.findings],
        "diff": [asdict(field) for field in found.diff],
        "before": found.before,
        "after": found.after,
        "takesOver": found.takes_over,
        "revision": found.revision,
    }


def review_json(
    edit: Edit, cluster: Cluster, ref: ObjectRef, draft: Draft | None, *, apart: Collection[str] = ()
) -> dict[str, Any]:
    """What an edit would do, as rules and API server see it; no draft = a deletion. Raises a Problem if they refuse.

    apart: codes of findings that do not refuse here.
    """
    found = services.review(
        cluster=cluster,
        kind=ref.kind,
        namespace=ref.namespace,
        name=ref.name,
        manifest=draft.manifest if draft else None,
        password=draft.password if draft else None,
    )
    others = {
        name: [finding_json(finding) for finding in some]
        for name, some in (("introduced", found.introduced), ("solved", found.solved))
    }
    body = looked_at_json(found) | others | meaning_json(found)
    stop = stops(found.findings, edit.accept, edit.override)
    stop = [finding for finding in stop if finding.code not in apart]
    if draft is None:  # what a deletion does to others is shown, and refuses nothing
        stop = [finding for finding in stop if finding.objects[:1] == (ref,) and finding.severity is Severity.ERROR]
    if stop:
        raise RulesBroken("; ".join(finding.sentence for finding in stop), **body)
    if found.dry_run.accepted is None:
        raise ClusterAway(found.dry_run.message, retry_after=5, **body)
    if not found.dry_run.accepted:
        raise ClusterRefused(found.dry_run.message, **body)
    return body
