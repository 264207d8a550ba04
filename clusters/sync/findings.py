"""What the rules say of every object that the cluster holds, kept with its row."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import asdict, replace
from typing import Any

from django.db import transaction

from clusters.models import Cluster, Resource
from clusters.registry import resource_models, rows_of
from clusters.selectors import snapshot_of
from clusters.sync.drift import drift_write
from clusters.sync.upsert import CHUNK, chunks, upsert
from intent import rules
from intent.findings import Finding, ObjectRef, Severity, shown
from intent.snapshot import mapping

_KEY = ("cluster", "namespace", "name")
_FIELDS = ("findings", "severity")
_REASONS = 3  # of a node that keeps its old configuration, which are kept at least
_WEIGHT = (Severity.ERROR, Severity.DOCUMENTED, Severity.WARNING)


def findings_write(cluster: Cluster) -> int:
    """Judge all objects anew, hold them against the baseline, and keep what changed; the number of rows written."""
    rows = {kind: list(rows_of(kind).filter(cluster=cluster)) for kind in resource_models()}
    found = rules.check(snapshot_of(cluster, rows=[row for several in rows.values() for row in several]))
    by_object: dict[ObjectRef, list[Finding]] = defaultdict(list)
    teller = _tellers(found)
    for finding in found:
        for ref in finding.objects:
            by_object[ref].append(finding.abridged(ref, every_node=teller.get(finding) == ref))
    written = 0
    for kind, several in rows.items():
        news = [news for row in several if (news := _news(row, by_object[row.ref])) is not None]
        for chunk in chunks(news, CHUNK):
            written += _write(kind, chunk)
    return written + drift_write(cluster, [row for several in rows.values() for row in several])


def _tellers(found: Iterable[Finding]) -> dict[Finding, ObjectRef]:
    """Which object keeps all the nodes of a finding, so that of each node some reasons for an old configuration are
    known (`clusters.stale`), and yet not every object repeats thousands of names.
    """
    told: Counter[str] = Counter()
    tellers: dict[Finding, ObjectRef] = {}
    for finding in found:
        own = next((ref for ref in finding.objects if ref.kind in resource_models()), None)
        long = finding.is_long and finding.severity is Severity.ERROR
        if long and own is not None and any(told[node] < _REASONS for node in finding.nodes):
            told.update(finding.nodes)
            tellers[finding] = own
    return tellers


def finding_columns(found: Sequence[Finding]) -> dict[str, Any]:
    """Findings, abridged, as the columns of a row."""
    as_json = [
        {name: value for name, value in asdict(finding).items() if name != "stood"}  # it is about an edit
        | {"objects": [asdict(ref) for ref in finding.objects], "nodes": list(finding.nodes)}
        for finding in found
    ]
    worst = next((weight.value for weight in _WEIGHT if any(finding.severity is weight for finding in found)), "")
    return {"findings": as_json, "severity": worst}


def _seen_from(row: Resource, finding: Finding) -> Finding:
    """A finding as it concerns this object: of those of its kind that clash, each shows its own value."""
    if finding.objects[0].kind != row.KIND.kind or finding.objects[0] == row.ref:
        return finding
    value = mapping(mapping(row.live).get("spec")).get(finding.field.removeprefix("spec."))
    return replace(finding, value="" if value is None else shown(value))


def _news(row: Resource, found: list[Finding]) -> Resource | None:
    """The row with its new findings; one that the cluster does not hold yet keeps those of its edit."""
    columns = finding_columns([_seen_from(row, finding) for finding in found])
    if row.live is None or columns["findings"] == row.findings:
        return None
    row.findings, row.severity = columns["findings"], columns["severity"]
    return row


def _write(kind: str, chunk: Sequence[Resource]) -> int:
    """Write the findings of rows that still exist: a deleted one must not come back."""
    with transaction.atomic():
        there = set(
            rows_of(kind)
            .select_for_update()
            .filter(pk__in=[row.pk for row in chunk])
            .order_by("namespace", "name")
            .values_list("pk", flat=True)
        )
        left = [row for row in chunk if row.pk in there]
        upsert(resource_models()[kind], left, key=_KEY, fields=_FIELDS)
        return len(left)
