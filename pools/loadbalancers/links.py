"""The chain from a Service to a prefix that routers hear of, link by link, with the objects of each."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from clusters.models import Service
from clusters.places import page_at
from intent.announcements import Verdict
from intent.announcements.chain import Chain, Step
from intent.findings import ObjectRef

_MOST = 20  # objects of a link


@dataclass(frozen=True, slots=True)
class Thing:
    """An object, and its page; "" = it has none."""

    kind: str
    namespace: str
    name: str
    href: str


@dataclass(frozen=True, slots=True)
class Link:
    """One link. state: "holds", "broken", "unknown", or "open", which nobody asks after one of these two.

    texts: what it is about where that is no object, an address say.
    """

    step: Step
    state: str
    objects: tuple[Thing, ...] = ()
    texts: tuple[str, ...] = ()


class Links:
    """The links of one Service."""

    def __init__(self, row: Service, chain: Chain) -> None:
        self._row, self._chain = row, chain
        self._own = ObjectRef("Service", row.namespace, row.name)

    def of(
        self, address: str, verdict: Verdict, nodes: tuple[str, ...], broken: Step | None, how: str = "broken"
    ) -> tuple[tuple[Link, ...], tuple[Thing, ...]]:
        """The chain of nodes that are alike, and what the way out begins with. broken: the link; None = none is.

        how: the state of that link.
        """
        found, state = [], "holds"
        change = self._to_change(verdict, nodes, broken) if broken and how == "broken" else ()
        for step in Step:
            if step is broken:
                found.append(Link(step, how, change))
                state = "open"
            else:
                refs, texts = self._about(step, address, verdict, nodes) if state == "holds" else ((), ())
                found.append(Link(step, state, self._things(refs), texts[:_MOST]))
        return tuple(found), change

    def _to_change(self, verdict: Verdict, nodes: tuple[str, ...], broken: Step) -> tuple[Thing, ...]:
        if verdict.reason is None and verdict.peers:  # meant, so FRR or the router knows why it does not go out
            return self._things(self._nodes(nodes) if broken is Step.PREFIX else self._peers(verdict))
        return self._things(self._chain.to_change(verdict.reason, nodes))

    def _about(
        self, step: Step, address: str, verdict: Verdict, nodes: tuple[str, ...]
    ) -> tuple[Iterable[ObjectRef], tuple[str, ...]]:
        pool = self._chain.pool
        refs: dict[Step, Iterable[ObjectRef]] = {
            Step.SERVICE: (self._own,),
            Step.POOL: () if pool is None else (pool,),
            Step.ADVERTISEMENT: self._chain.advertisements(nodes),
            Step.NODE: self._nodes(nodes),
            Step.SESSION: self._peers(verdict),
        }
        texts = {Step.ADDRESS: (address,), Step.PREFIX: verdict.prefixes}
        return refs.get(step, ()), texts.get(step, ())

    def _nodes(self, nodes: tuple[str, ...]) -> list[ObjectRef]:
        return [ObjectRef("Node", "", node) for node in nodes[: _MOST + 1]]

    def _peers(self, verdict: Verdict) -> list[ObjectRef]:
        return [ObjectRef("BGPPeer", self._row.cluster.namespace, peer) for peer in verdict.peers]

    def _things(self, refs: Iterable[ObjectRef]) -> tuple[Thing, ...]:
        cluster = self._row.cluster.name
        return tuple(Thing(ref.kind, ref.namespace, ref.name, page_at(cluster, ref)) for ref in list(refs)[:_MOST])
