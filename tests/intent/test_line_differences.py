"""Differences of texts: applied to the old text they give the new one, and short ones are those of difflib."""

from __future__ import annotations

import re
from difflib import unified_diff

from hypothesis import given
from hypothesis import strategies as st

from intent.line_differences import unified

LINES = st.lists(st.sampled_from([*"abcdefgh", " exit", "!"]), max_size=40)
_HUNK = re.compile(r"@@ -(\d+)(?:,(\d+))? \+(\d+)(?:,(\d+))? @@")


def patched(old: list[str], lines: list[str]) -> list[str]:
    """What `patch` makes of the old text; every line that it takes away or passes has to be there."""
    found, at = list[str](), 0
    for line in lines[2:]:
        if hunk := _HUNK.fullmatch(line):
            start = int(hunk[1]) - (hunk[2] != "0")
            found, at = found + old[at:start], start
            assert int(hunk[3]) - (hunk[4] != "0") == len(found)
            continue
        if line[0] in " -":
            assert old[at] == line[1:]
            at += 1
        found += [line[1:]] if line[0] in " +" else []
    return found + old[at:]


@given(LINES, LINES)
def test_a_difference_leads_from_one_text_to_the_other(old: list[str], new: list[str]) -> None:
    lines = list(unified(old, new, "now", "then"))
    assert patched(old, lines) == new
    assert (old == new) is (not lines)


def test_it_is_written_as_difflib_writes_it() -> None:
    old = [f"line {n}" for n in range(60)]
    new = [*old[:5], "more", *old[5:20], *old[22:40], "other", *old[41:]]
    assert list(unified(old, new, "now", "then")) == list(unified_diff(old, new, "now", "then", lineterm=""))


def test_a_text_of_many_lines_that_repeat_differs_only_where_it_does() -> None:
    old = [line for n in range(3_000) for line in (f"route-map r{n} permit 1", " match ip address x", "exit")]
    new = [*old[:3_000], "route-map more permit 1", " match ip address x", "exit", *old[3_000:]]
    lines = list(unified(old, new, "now", "then"))
    assert [line for line in lines[2:] if line[0] in "+-"] == [
        "+route-map more permit 1",
        "+ match ip address x",
        "+exit",
    ]
