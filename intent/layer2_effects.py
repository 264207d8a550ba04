"""What a change does to who may answer ARP and NDP: the difference of the candidates before and after it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from intent.announcements.announcement import ServiceRef
from intent.announcements.layer2 import Candidates, Layer2
from intent.snapshot import Service, Snapshot

KINDS = frozenset({"L2Advertisement", "IPAddressPool"})  # the kinds that decide about it


@dataclass(frozen=True, slots=True)
class Layer2Change:
    """A service with other candidates, or other interfaces. answers: the node that does now, "" = that is not known."""

    service: ServiceRef
    addresses: tuple[str, ...]
    before: Candidates
    after: Candidates
    answers: str = ""

    @property
    def lost(self) -> bool:
        """Nobody may answer for it any more."""
        return bool(self.before.nodes) and not self.after.nodes

    @property
    def gained(self) -> bool:
        """Somebody may answer for it now, and nobody could."""
        return not self.before.nodes

    @property
    def moves(self) -> bool:
        """The node that answers now is no candidate then, so that another one takes over."""
        return bool(self.answers and self.after.nodes) and self.answers not in self.after.nodes

    @property
    def stays(self) -> bool:
        """The node that answers now goes on.

        MetalLB takes the candidate whose name and the address have the lowest hash, which is so among fewer ones, too.
        """
        return self.answers in self.after.nodes and set(self.after.nodes) <= set(self.before.nodes)


@dataclass(frozen=True, slots=True)
class Layer2Effects:
    """services: sorted; those whose candidates or interfaces change."""

    services: tuple[Layer2Change, ...] = ()

    @property
    def lost(self) -> int:
        """Services for which nobody may answer any more."""
        return sum(each.lost for each in self.services)

    @property
    def gained(self) -> int:
        """Services for which somebody may answer now."""
        return sum(each.gained for each in self.services)

    @property
    def moved(self) -> int:
        """Services whose node is no candidate any more."""
        return sum(each.moves for each in self.services)


def layer2_effects(before: Snapshot, after: Snapshot, answering: Mapping[ServiceRef, str]) -> Layer2Effects:
    """What would differ. answering: the node that answers for a service, as MetalLB reports."""
    if not before.in_force("L2Advertisement") and not after.in_force("L2Advertisement"):
        return Layer2Effects()
    old, new = ({_ref(one): one for one in snapshot.services} for snapshot in (before, after))
    was, will, found = Layer2(before), Layer2(after), []
    for ref in sorted(old.keys() | new.keys()):
        here, there = old.get(ref), new.get(ref)
        one = was.candidates(here) if here is not None else Candidates()
        other = will.candidates(there) if there is not None else Candidates()
        if one != other:
            service = there or here
            addresses = service.addresses if service is not None else ()
            found.append(Layer2Change(ref, addresses, one, other, answering.get(ref, "")))
    return Layer2Effects(tuple(found))


def _ref(service: Service) -> ServiceRef:
    return ServiceRef(service.namespace, service.name)
