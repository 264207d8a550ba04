"""Where a change will not be in force: nodes that keep their old configuration, whatever is applied."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from clusters.models import Cluster
from clusters.stale import Freeze, Refusal, freezes, refusals
from intent import rules
from intent.findings import Finding, ObjectRef, Severity
from intent.frr_changes import ConfigurationChanges
from intent.snapshot import Snapshot

_POOLS = "IPAddressPool"


@dataclass(frozen=True, slots=True)
class StandStill:
    """cluster: its name. kept: the reasons for which nodes keep their old configuration with the change, too. begun:
    those that the change itself is. freed: nodes that take up their configuration with it. allocates: whether pools
    change, which MetalLB's controller takes up by itself. allocation: why it does not; "" = it does.
    """

    cluster: str = ""
    kept: tuple[Freeze, ...] = ()
    begun: tuple[Freeze, ...] = ()
    freed: tuple[str, ...] = ()
    allocates: bool = False
    allocation: str = ""

    @property
    def nodes(self) -> tuple[str, ...]:
        """Where the change will not be in force, sorted."""
        return tuple(sorted({node for freeze in (*self.kept, *self.begun) for node in freeze.nodes}))

    @property
    def reasons(self) -> list[tuple[Freeze, bool]]:
        """All of them, and whether the change is it."""
        return [*((freeze, False) for freeze in self.kept), *((freeze, True) for freeze in self.begun)]

    @property
    def anything(self) -> bool:
        """Whether there is something to say."""
        return bool(self.nodes or self.freed or self.allocation)


UNHINDERED = StandStill()


def stand_still(
    cluster: Cluster,
    refs: Collection[ObjectRef],
    after: Snapshot,
    introduced: Iterable[Finding],
    frr: ConfigurationChanges,
) -> StandStill:
    """What holds the change of these objects up. after: the cluster with it. introduced: the findings that it adds.

    What the rules say is judged anew, of the objects that break them now; what MetalLB reports without a rule that
    explains it is taken to last. While it is known where frr.conf changes, other nodes are left out.
    """
    now = refusals(cluster)
    known = [why.finding for why in now if not why.reported]
    explained = {node for finding in known for node in finding.nodes}
    begun = _once(introduced)
    broken = {ref for finding in known for ref in finding.objects}
    kept = [finding for finding in _once(rules.check(after, broken)) if finding not in begun] if broken else []
    held = {node for finding in kept for node in finding.nodes}
    lasting = [why for why in now if why.reported and (not explained.issuperset(why.finding.nodes) or _in(held, why))]
    still = freezes([*_refusals(cluster, kept), *lasting])
    new = freezes(_refusals(cluster, begun))
    concerned = {node for kind in frr.kinds for node in kind.nodes} if not frr.more else set()
    pools = any(ref.kind == _POOLS for ref in refs)
    allocation = next((why.finding.message for why in now if why.reported and not why.finding.nodes), "")
    return StandStill(
        cluster=cluster.name,
        kept=_on(still, concerned),
        begun=_on(new, concerned),
        freed=tuple(sorted(explained - {node for freeze in (*still, *new) for node in freeze.nodes})),
        allocates=pools and not allocation,
        allocation=allocation if pools else "",
    )


def _once(found: Iterable[Finding]) -> list[Finding]:
    """Those for which speakers refuse everything; a clash, which each of its objects has, once."""
    refused = [finding for finding in found if finding.severity is Severity.ERROR and finding.nodes]
    return list({(each.code, each.field, frozenset(each.objects), each.nodes): each for each in refused}.values())


def _in(nodes: Collection[str], why: Refusal) -> bool:
    return any(node in nodes for node in why.finding.nodes)


def _refusals(cluster: Cluster, found: Iterable[Finding]) -> list[Refusal]:
    return [Refusal(cluster.pk, cluster.name, finding) for finding in found]


def _on(several: Iterable[Freeze], concerned: Collection[str]) -> tuple[Freeze, ...]:
    return tuple(freeze for freeze in several if not concerned or set(freeze.nodes) & set(concerned))
