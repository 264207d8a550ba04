"""docs/faults.md names tests that there are, and leaves out none of this folder."""

from __future__ import annotations

import re
from pathlib import Path

from tests.demo import ROOT

TABLE = (ROOT / "docs" / "faults.md").read_text()
NAMED = re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", TABLE)


def _tests_of(path: Path) -> set[str]:
    return set(re.findall(r"^def (test_\w+)", path.read_text(), re.MULTILINE))


def test_every_test_that_the_table_names_exists() -> None:
    assert len(NAMED) > 20
    assert [name for path, name in NAMED if name not in _tests_of(ROOT / path)] == []


def test_every_fault_has_what_people_see_and_a_test() -> None:
    rows = [line for line in TABLE.splitlines() if line.startswith("| ") and not line.startswith("| fault |")]
    assert [row for row in rows if row.count("|") != 4 or not re.search(r"::test_\w+`", row)] == []
