"""What the list of a kind that is only read says, and which of its columns show what."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from django.db.models import QuerySet
from django.urls import reverse

from clusters.kindpages import ListColumn, ListFilter, ListParts
from clusters.models import StatusObject
from clusters.reported.selectors import COLUMNS
from intent.kinds import Kind

_DRAWN = {
    "service": ListColumn(
        "service", "Service", fields=("service_namespace", "service_name", "node"), template="reported/service.html"
    ),
    "node": ListColumn("node", "Node", fields=("node", "name"), template="reported/node.html"),
    "peer": ListColumn("peer", "Router", lambda row, _: filter(None, [row.peer]), fields=("peer", "node")),
    "vrf": ListColumn("vrf", "VRF", fields=("vrf", "node", "peer"), template="peers/vrf.html"),
    "result": ListColumn("result", "Result", fields=("result", "name"), template="reported/result.html"),
}
_SAID = ListColumn("said", "What it says", lambda _row, said: filter(None, [said]), mono=False, wide=True)


@dataclass(frozen=True, slots=True)
class ReportedPage:
    """The list of one kind."""

    kind: Kind
    search_label: ClassVar[str] = "Name, node, service, router"
    events: ClassVar[tuple[str, ...]] = ("resources",)
    parts: ClassVar[ListParts] = ListParts(
        under="reported/under.html", name="reported/name.html", tail="reported/tail.html", empty="reported/empty.html"
    )

    @property
    def noun(self) -> str:
        """In sentences."""
        return self.kind.kind

    @property
    def nouns(self) -> str:
        """The same of several."""
        return self.kind.kind

    @property
    def counted(self) -> str:
        """The noun for the `plural` filter: names of kinds have no plural."""
        return f"{self.kind.kind} object"

    @property
    def address(self) -> str:
        """Of the list."""
        return reverse("status-kind", args=[self.kind.plural])

    @property
    def columns(self) -> tuple[ListColumn, ...]:
        """Besides the name and since when."""
        return (*(_DRAWN[name] for name in COLUMNS[self.kind.kind]), _SAID)

    @property
    def has_result(self) -> bool:
        """Whether its objects say whether something went well."""
        return "result" in COLUMNS[self.kind.kind]

    def filters(self, results: list[str]) -> list[ListFilter]:
        """results: those that there are."""
        chosen = [_exact("result", "Result", results)] if results else []
        return [*chosen, _exact("node", "Node"), _exact("vrf", "VRF")]


def _exact(column: str, label: str, values: list[str] | None = None) -> ListFilter:
    def narrow(rows: QuerySet[StatusObject], value: str) -> QuerySet[StatusObject]:
        return rows.filter(**{column: value})

    return ListFilter(column, label, narrow, tuple((one, one) for one in values or ()))
