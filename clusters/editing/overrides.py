"""What pages send and show of an administrator's override: codes that are ticked, and the reason that is typed."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any

from django.http import QueryDict

from clusters.edits.overriding import NOTHING, REASON, Override, may_override, overridable, stops
from clusters.pages import HttpRequest
from intent.findings import Finding

_MOST, _CODE = 50, 100


def override_posted(request: HttpRequest) -> Override:
    """What the page asks for; nothing for who is no administrator."""
    return _of_post(request.POST) if may_override(request.user) else NOTHING


def _of_post(post: QueryDict) -> Override:
    codes = frozenset(code[:_CODE] for code in post.getlist("override")[:_MOST] if code)
    return Override(codes, post.get("reason", "").strip()[:REASON])


def override_context(
    request: HttpRequest, found: Iterable[Finding], accept: Collection[str], override: Override
) -> dict[str, Any]:
    """For `resources/override.html`: the rules that could be overridden, and those that are."""
    found = list(found)
    rules = list({one.code: one for one in found if overridable(one)}.values())
    return {
        "overridable": rules if may_override(request.user) else [],
        "override": override,
        "overridden": [one for one in rules if one.code in override.codes and override.reason],
        "reason_missing": bool(override.codes) and not override.reason,
        "stops_left": len(stops(found, accept, override)),
    }
