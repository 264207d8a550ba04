"""The names that Communities give to BGP communities, and which of them would be lost."""

from __future__ import annotations

from functools import cached_property

from intent import communities
from intent.communities import Community
from intent.findings import ObjectRef
from intent.references import aliases
from intent.snapshot import Snapshot


class AliasIndex:
    """Those of the Communities that MetalLB reads."""

    def __init__(self, snapshot: Snapshot) -> None:
        self._communities = snapshot.in_force("Community")

    @cached_property
    def known(self) -> frozenset[str]:
        """All of them, whatever they stand for."""
        found = (aliases(resource.spec) for resource in self._communities)
        return frozenset(alias for some in found for _path, alias, _value in some)

    @cached_property
    def lost(self) -> dict[str, tuple[ObjectRef, ...]]:
        """The Communities that define an alias in the cluster, and would not any more."""
        found: dict[str, tuple[ObjectRef, ...]] = {}
        for community in self._communities:
            for _path, alias, _value in aliases(community.live or {}):
                if alias not in self.known:
                    found[alias] = tuple({*found.get(alias, ()), community.ref})
        return found

    @cached_property
    def values(self) -> dict[str, Community]:
        """What those that can be read stand for."""
        return communities.aliases(self._communities)
