"""Why an edit was not taken: nothing was saved, nothing was sent."""

from __future__ import annotations

from collections.abc import Sequence

from intent.confirmations import Confirmation
from intent.findings import Finding


class Refused(Exception):
    """Rules forbid it; `findings` are the ones that block."""

    def __init__(self, findings: Sequence[Finding]) -> None:
        super().__init__("; ".join(finding.sentence for finding in findings))
        self.findings = tuple(findings)


class Unconfirmed(Exception):
    """It destroys more than whoever applies it has confirmed; `needed` says what."""

    def __init__(self, needed: Sequence[Confirmation]) -> None:
        super().__init__(" ".join(one.sentence for one in needed))
        self.needed = tuple(needed)


class RevisionMismatch(Exception):
    """The object was changed since it was looked at; `current` is its revision now, 0 = it does not exist.

    `note` for people: that the new password is in force all the same, or why it cannot be edited; "" = nothing.
    """

    def __init__(self, current: int, *, has_secret: bool = False, note: str = "") -> None:
        super().__init__(f"the object is at revision {current} now")
        self.current = current
        self.note = "Only the new password is in force: it was written a moment before." if has_secret else note


class ClusterUnreachable(Exception):
    """The edit needs the cluster at once, for a password, and it did not answer; the text says how."""
