"""docs/rules.md as data: what each code may be said of, and how heavily."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from intent.findings import Finding
from intent.kinds import KINDS

_PAGE = Path(__file__).resolve().parent.parent.parent / "docs" / "rules.md"


def _rows() -> dict[str, tuple[frozenset[str], frozenset[str]]]:
    found = {}
    for line in _PAGE.read_text(encoding="utf-8").splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if line.startswith("| `"):
            code, severities, kinds, meaning, source = cells
            assert meaning
            assert source
            assert code.strip("`") not in found, f"{code} is listed twice"
            of = frozenset(KINDS) if kinds == "every" else frozenset(kinds.split(", "))
            found[code.strip("`")] = frozenset(severities.split(", ")), of
    return found


LISTED = _rows()
"""code -> severities, kinds."""


def unlisted(findings: Iterable[Finding]) -> list[tuple[str, str, str]]:
    """Findings that the page does not know so: code, severity and kind."""
    return [
        (finding.code, finding.severity.value, finding.objects[0].kind)
        for finding in findings
        if finding.code not in {"unknown-kind", "kind-is-read-only"}
        and not (
            finding.code in LISTED
            and finding.severity.value in LISTED[finding.code][0]
            and finding.objects[0].kind in LISTED[finding.code][1]
        )
    ]
