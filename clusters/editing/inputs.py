"""What a form consists of."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from clusters.kindpages import Suggestion
from intent.findings import Finding, Severity

NAME, NAMESPACE = "name", "namespace"  # inputs of the object's address
PASSWORD, DROP_PASSWORD = "password", "drop_password"
TYPED_PASSWORD, NO_PASSWORD = "typed_password", "no_password"  # one was typed on a page before; to go on without it
TICKS = "ticks"  # names of the boxes that a page shows: a browser says nothing of those that are not ticked
_WORDS = re.compile(r"[^A-Za-z0-9_]+")


@dataclass(slots=True)
class Input:
    """One input. path: the field that it stands for, as findings name it. hint: what it means. note: why it is odd.

    widget: text, number, tick, choice, area, boxes, rows, secret, or fixed for what only YAML can say. choices: all
    there are; of boxes, each with whether it is ticked. offered: proposals. preview: what a selector chooses now; None
    = not of interest. layout: of rows, see `clusters.editing.reading`.
    """

    name: str
    path: str
    label: str
    widget: str
    hint: str
    value: Any = ""
    choices: tuple[Any, ...] = ()
    offered: tuple[Suggestion, ...] = ()
    required: bool = False
    placeholder: str = ""
    note: str = ""
    preview: str | None = None
    layout: str = ""
    rows: list[list[Input]] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)

    @property
    def id(self) -> str:
        """Its id in the page."""
        return "f-" + _WORDS.sub("-", self.name).strip("-")

    @property
    def height(self) -> int:
        """Lines of a textarea: those that it has, and one more."""
        return max(2, min(12, str(self.value).count("\n") + 2))

    @property
    def shown_name(self) -> str:
        """The field as people write it: a spec's field by its name alone."""
        return self.path.removeprefix("spec.")

    @property
    def invalid(self) -> bool:
        """Whether a finding blocks."""
        return any(finding.severity is not Severity.WARNING for finding in self.findings)

    @property
    def all(self) -> Iterator[Input]:
        """Itself, after the inputs of its rows."""
        for row in self.rows:
            yield from row
        yield self


@dataclass(frozen=True, slots=True)
class Stop:
    """What keeps the page from Review. target: the id of what to look at."""

    target: str
    label: str
    finding: Finding


@dataclass(slots=True)
class Form:
    """sections: title and inputs; findings: those that belong to no input; missing: fields that the cluster lacks."""

    sections: list[tuple[str, list[Input]]]
    findings: list[Finding]
    missing: list[str]

    @property
    def inputs(self) -> list[Input]:
        """All of them, those of rows before their list."""
        return [one for _title, inputs in self.sections for found in inputs for one in found.all]

    def stops(self, codes: Collection[str]) -> list[Stop]:
        """The findings with these codes, those of inputs first, in the order of the page."""
        beside = [Stop(one.id, one.label, found) for one in self.inputs for found in one.findings]
        rest = [Stop("verdict", found.field, found) for found in self.findings]
        return [stop for stop in (*beside, *rest) if stop.finding.code in codes]


def distribute(findings: Iterable[Finding], inputs: list[Input]) -> list[Finding]:
    """Put findings beside the inputs that they are about; those that are left over."""
    rest: list[Finding] = []
    for finding in findings:
        owner = next((one for one in inputs if finding.field and _names(finding.field, one.path)), None)
        (rest if owner is None else owner.findings).append(finding)
    return rest


def _names(field_path: str, path: str) -> bool:
    return field_path == path or field_path.startswith((f"{path}.", f"{path}[")) or path.startswith(f"{field_path}.")
