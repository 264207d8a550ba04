"""The judge of the random interleavings sees what it is there to see."""

from __future__ import annotations

import pytest

from tests.faults.ledger import US, Edit, Ledger, Write


def _edit(wanted: str | None, base: str | None, uid: str = "u1", *, anew: bool = False) -> Edit:
    return Edit("tor-1", wanted, base, uid if base else "", anew, there=base, after=0)


def _write(by: str, before: str | None, after: str | None, uid: str = "u1") -> Write:
    return Write(by, "tor-1", before, uid if before else "", after, uid)


BAD: dict[str, tuple[list[Edit], list[Write]]] = {
    "nobody asked": ([], [_write(US, "a", "b")]),
    "written twice": (
        [_edit("b", "a")],
        [_write("edit", None, "a"), _write(US, "a", "b"), _write("edit", "b", "a"), _write(US, "a", "b")],
    ),
    "overwrote what nobody had seen": (
        [_edit("b", "a")],
        [_write("edit", None, "a"), _write("edit", "a", "c"), _write(US, "c", "b")],
    ),
    "overwrote": (
        [_edit("b", "a")],
        [_write("edit", None, "a"), _write("recreate", "a", None), _write("recreate", None, "a", "u2"),
         _write(US, "a", "b", "u2")],
    ),
    "back again": ([_edit("b", "a")], [_write("edit", None, "a"), _write("delete", "a", None), _write(US, None, "b")]),
}  # fmt: skip


@pytest.mark.parametrize("words", BAD)
def test_what_must_not_happen_is_seen(words: str) -> None:
    edits, writes = BAD[words]
    ledger = Ledger(edits=edits, writes=writes)
    with pytest.raises(AssertionError, match=words):
        ledger.check()


def test_what_was_made_and_seen_is_not_made_again() -> None:
    made = [_write(US, None, "b", "u1"), _write("delete", "b", None, "u1"), _write(US, None, "b", "u2")]
    Ledger(edits=[_edit("b", None)], writes=made).check()
    with pytest.raises(AssertionError, match="written twice"):
        Ledger(edits=[_edit("b", None)], writes=made, seen={"u1"}).check()


def test_what_was_reviewed_is_written_once() -> None:
    ledger = Ledger(edits=[_edit("b", "a"), _edit(None, "b")])
    ledger.writes += [_write("edit", None, "a"), _write(US, "a", "b"), _write(US, "b", None)]
    ledger.check()
    assert [ledger.done(edit) for edit in (*ledger.edits, _edit("c", "a"))] == [True, True, False]
