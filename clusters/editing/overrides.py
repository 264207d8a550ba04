"""What pages send and show of an administrator's override: codes that are ticked, and the reason that is typed."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.http import QueryDict

from clusters.edits.dryrun import DryRun
from clusters.edits.overriding import NOTHING, REASON, Override, may_override, offered, overridable
from clusters.pages import HttpRequest
from intent.findings import Finding

_MOST, _CODE = 50, 100
Looks = Iterable[tuple[Iterable[Finding], DryRun]]  # what was found in each object, and what the API server said of it


def override_posted(request: HttpRequest) -> Override:
    """What the page asks for; nothing for who is no administrator."""
    return _of_post(request.POST) if may_override(request.user) else NOTHING


def _of_post(post: QueryDict) -> Override:
    codes = frozenset(code[:_CODE] for code in post.getlist("override")[:_MOST] if code)
    return Override(codes, post.get("reason", "").strip()[:REASON])


def override_context(request: HttpRequest, looks: Looks, override: Override) -> dict[str, Any]:
    """For `resources/override.html`: the rules that could be overridden, and those that are."""
    several = [(list(found), answer) for found, answer in looks]
    every = [one for found, _ in several for one in found]
    rules = {one.code: one for one in every if overridable(one)}.values()
    return {
        "overridable": offered(several) if may_override(request.user) else [],
        "override": override,
        "overridden": [one for one in rules if one.code in override.codes and override.reason],
        "reason_missing": bool(override.codes) and not override.reason,
    }
