"""Aliases that several Community objects define: MetalLB refuses all of it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator
from dataclasses import dataclass

from intent.findings import Finding, ObjectRef, Severity, listed, shown
from intent.references import aliases
from intent.rules.subject import CONFIG
from intent.rules.view import View
from intent.snapshot import Resource


def comparisons(view: View) -> Iterator[Defined]:
    """Every alias with the objects that define it."""
    by_alias: dict[str, dict[ObjectRef, Resource]] = defaultdict(dict)
    for resource in view.snapshot.in_force("Community"):
        for _path, alias, _value in aliases(resource.spec):
            by_alias[alias][resource.ref] = resource
    for alias, owners in sorted(by_alias.items()):
        if len(owners) > 1:
            yield Defined(alias, tuple(owners))


@dataclass(frozen=True, slots=True)
class Defined:
    """One alias, and who defines it."""

    alias: str
    owners: tuple[ObjectRef, ...]

    @property
    def speaker(self) -> bool:
        """Speakers read all aliases."""
        return True

    def findings(self, view: View, refs: Collection[ObjectRef] | None) -> Iterator[Finding]:
        """See Clash."""
        if refs is None:
            yield self._finding(view, self.owners)
            return
        for judged in (owner for owner in self.owners if owner in refs):
            yield self._finding(view, (judged, *(owner for owner in self.owners if owner != judged)))

    def _finding(self, view: View, owners: tuple[ObjectRef, ...]) -> Finding:
        names = listed(owner.name for owner in owners)
        message = f"Alias {shown(self.alias) or 'without a name'} may be defined once only, but stands in {names}"
        hint, nodes = "Keep it in one of the objects.", view.placement.names(view.placement.everywhere)
        field, value = "spec.communities", shown(self.alias)
        return Finding("alias-in-several", Severity.ERROR, field, value, message, CONFIG, hint, owners, nodes)
