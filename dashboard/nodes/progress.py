"""How far a node is with being drained: its label, and what FRR itself says that it still tells its neighbors."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from clusters.models import Exclusion, Node, StatusObject
from clusters.words import counted
from dashboard.nodes.selectors import exclusion_of, is_excluded
from speakers import live
from speakers.frr.commands import FAMILIES
from speakers.models import Session, Speaker
from speakers.selectors import sessions, speakers

_ASKED = 40  # sessions whose routes are asked for at once
_NAMED = 20  # prefixes of a session
_GO = (
    "MetalLB's speakers withdraw them within seconds. What stays is announced by others than MetalLB: look at the "
    "FRRConfigurations, and ask FRR which prefixes these are."
)


class Phase(StrEnum):
    """Where the node is on its way there and back."""

    ANNOUNCING = "announcing"
    LABELLING = "labelling"
    LEAVING = "leaving"
    SAFE = "safe"
    UNLABELLING = "unlabelling"
    RETURNING = "returning"
    BACK = "back"
    FAILED = "failed"
    UNKNOWN = "unknown"


HEALTH: Mapping[Phase, str] = {
    Phase.ANNOUNCING: "up",
    Phase.LABELLING: "pending",
    Phase.LEAVING: "degraded",
    Phase.SAFE: "yes",
    Phase.UNLABELLING: "pending",
    Phase.RETURNING: "degraded",
    Phase.BACK: "up",
    Phase.FAILED: "error",
    Phase.UNKNOWN: "unknown",
}


@dataclass(frozen=True, slots=True)
class Telling:
    """One session: how many prefixes FRR tells its neighbor now, None = it does not say, and how many it should
    without the label. prefixes: those that FRR named when it was asked at `asked_at`.
    """

    session: Session
    health: str
    sent: int | None
    meant: int
    prefixes: tuple[str, ...] = ()
    asked_at: datetime | None = None
    pending: bool = False

    @property
    def established(self) -> bool:
        """Whether anything can be told over it."""
        return self.session.state == Session.State.ESTABLISHED


@dataclass(frozen=True, slots=True)
class Progress:
    """phase: with its words, and a hint. tellings: by VRF and neighbor. layer2: services that the node answers ARP and
    NDP for, as MetalLB reports. observed_at: when FRR of the node answered last, None = never; live: it still does.
    """

    phase: Phase
    words: str
    hint: str
    excluded: bool
    exclusion: Exclusion | None
    tellings: tuple[Telling, ...]
    layer2: int
    observed_at: datetime | None
    live: bool

    @property
    def health(self) -> str:
        """The glyph of the phase."""
        return HEALTH[self.phase]

    @property
    def safe(self) -> bool:
        """Whether FRR itself says that nothing is told from here any more."""
        return self.phase is Phase.SAFE

    @property
    def sent(self) -> int:
        """Prefixes that are told now, over all sessions."""
        return _sent(self.tellings)

    @property
    def down(self) -> int:
        """Sessions over which nothing can be told."""
        return sum(not one.established for one in self.tellings)

    @property
    def pending(self) -> bool:
        """Whether FRR is being asked."""
        return any(one.pending for one in self.tellings)


def progress_of(node: Node, meant: Mapping[tuple[str, str], int]) -> Progress:
    """As of now; four queries. meant: prefixes by VRF and neighbor that the node announces unless it is excluded."""
    exclusion = exclusion_of(node)
    tellings = tuple(_tellings(node, meant))
    speaker = speakers(cluster=node.cluster).filter(node=node.name).first()
    reports = StatusObject.objects.filter(cluster=node.cluster_id, kind="ServiceL2Status", node=node.name)
    layer2 = reports.count()
    phase, words, hint = _judged(node, exclusion, speaker, tellings, layer2)
    seen = speaker.observed_at if speaker is not None else None
    lives = speaker is not None and vars(speaker)["freshness"] == "live"  # an annotation
    return Progress(phase, words, hint, is_excluded(node), exclusion, tellings, layer2, seen, lives)


def askable(node: Node) -> list[Session]:
    """The sessions whose routes FRR can be asked for."""
    rows = Session.objects.filter(cluster=node.cluster_id, node=node.name).select_related("cluster", "speaker")
    return list(rows.order_by("vrf", "neighbor")[:_ASKED])


def questions(session: Session) -> list[str]:
    """What is asked about it: what its neighbor is told, by family."""
    known = [name for name in FAMILIES if not session.families or f"{name}Unicast" in session.families]
    return [f"advertised-{name}" for name in known] if session.state == Session.State.ESTABLISHED else []


def _tellings(node: Node, meant: Mapping[tuple[str, str], int]) -> list[Telling]:
    found = []
    for number, row in enumerate(sessions(cluster=node.cluster).filter(node=node.name).order_by("vrf", "neighbor")):
        asked = questions(row) if number < _ASKED else []
        answers = [answer for name in asked if (answer := live.command_get(row.pk, name)) is not None]
        tables = [answer.table for answer in answers if answer.table is not None]
        prefixes = [path.network for table in tables for path in table.paths]
        found.append(
            Telling(
                session=row,
                health=str(vars(row)["health"]),  # an annotation
                sent=_told(row),
                meant=meant.get((row.vrf, row.neighbor), 0),
                prefixes=tuple(dict.fromkeys(prefixes))[:_NAMED],
                asked_at=min((answer.at for answer in answers), default=None),
                pending=any(live.command_pending(row.pk, name) for name in asked),
            )
        )
    return found


def _told(row: Session) -> int | None:
    """Prefixes that its neighbor is told. That others than FRR report it as down, or nobody at all, is no number."""
    if row.state == Session.State.ESTABLISHED:
        return row.prefixes_sent
    return None if row.state == Session.State.UNKNOWN or row.reason == "only-reported" else 0


def _sent(tellings: Sequence[Telling]) -> int:
    return sum(one.sent or 0 for one in tellings)


_Judged = tuple[Phase, str, str]


def _judged(
    node: Node, exclusion: Exclusion | None, speaker: Speaker | None, tellings: Sequence[Telling], layer2: int
) -> _Judged:
    excluded = is_excluded(node)
    if exclusion is not None and exclusion.wanted != excluded and exclusion.state != Exclusion.State.DONE:
        return _on_its_way(exclusion)
    since = exclusion.done_at if exclusion is not None and exclusion.wanted == excluded else None
    unseen = _unseen(speaker, since, tellings)
    if excluded:
        return unseen or _leaving(node, tellings, layer2)
    if since is None:
        return Phase.ANNOUNCING, "announces, as every node that is not excluded", ""
    return unseen or _returning(tellings)


def _on_its_way(exclusion: Exclusion) -> _Judged:
    if exclusion.state == Exclusion.State.FAILED:
        return Phase.FAILED, "the label could not be changed", exclusion.message
    phase = Phase.LABELLING if exclusion.wanted else Phase.UNLABELLING
    return phase, "the label is being set" if exclusion.wanted else "the label is being taken off", exclusion.message


def _unseen(speaker: Speaker | None, since: datetime | None, tellings: Sequence[Telling]) -> _Judged | None:
    """Why nothing can be said of what the node tells its neighbors now; None = it can."""
    freshness = "absent" if speaker is None else str(vars(speaker)["freshness"])  # an annotation
    if speaker is None or freshness == "absent":
        return Phase.UNKNOWN, "not known: no pod with FRR was found on the node", "There is nobody to ask."
    if freshness != "live" or speaker.observed_at is None:
        return Phase.UNKNOWN, "not known: FRR of the node does not answer", speaker.error
    if since is not None and speaker.observed_at <= since:
        return Phase.UNKNOWN, "not known yet: FRR was not asked since the label changed", "Ask it now, or wait."
    if speaker.source == Speaker.Source.STATUS:
        why = "FRR-K8s does not report that. Ask FRR with vtysh, or let bgpui run commands in its pods."
        return Phase.UNKNOWN, "not known: FRR itself is not asked what it tells its neighbors", why
    if any(one.sent is None for one in tellings):
        return Phase.UNKNOWN, "not known: FRR does not say what it tells each neighbor", "Ask it now, or wait."
    return None


def _leaving(node: Node, tellings: Sequence[Telling], layer2: int) -> _Judged:
    sent = _sent(tellings)
    if not sent and not layer2:
        return Phase.SAFE, "safe to drain: FRR tells no neighbor anything from here", ""
    if not sent:
        words = f"answers ARP or NDP for {counted(layer2, 'service')}, as MetalLB reports"
        return Phase.LEAVING, words, "Another node takes over within seconds, if one may."
    words = f"{counted(sent, 'prefix', 'prefixes')} left: the routers are still told"
    if node.cluster.ignores_exclude:
        return Phase.LEAVING, words, "MetalLB's speakers run with --ignore-exclude-lb: they will not go."
    return Phase.LEAVING, words, _GO


def _returning(tellings: Sequence[Telling]) -> _Judged:
    late = [one for one in tellings if one.established and (one.sent or 0) < one.meant]
    if not late:
        return Phase.BACK, "back: FRR tells its neighbors everything that is meant", ""
    missing = sum(one.meant - (one.sent or 0) for one in late)
    words = f"{counted(missing, 'prefix', 'prefixes')} still to come back"
    return Phase.RETURNING, words, "MetalLB's speakers announce them within seconds."
