"""A guided way on its way to Review: its answers, what the rules say of them, and the page that asks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.http import QueryDict

from clusters.changesets.judge import judge_together
from clusters.changesets.wanted import Wanted, prepare_all
from clusters.editing.confirming import accept_posted
from clusters.editing.inputs import Stop
from clusters.editing.reading import Layout
from clusters.edits.overriding import NOTHING, Override, stops
from clusters.registry import rows_of
from clusters.words import with_article
from dashboard.guided.guide import Guide, Setting
from dashboard.guided.parts import Piece, answered, ask, begun
from intent.findings import Finding, ObjectRef, Severity

_SOURCE = "bgpui"
_LEFT_OUT = frozenset({"csrfmiddlewaretoken", "step", "accept", "override", "reason"})


@dataclass(slots=True)
class Walk:
    """pieces by key. beside: what is made besides. general: findings that belong to no piece. accept: codes.

    override: rules that an administrator overrides.
    """

    guide: Guide
    here: Setting
    pieces: dict[str, Piece]
    beside: Sequence[Wanted] = ()
    accept: list[str] = field(default_factory=list)
    override: Override = NOTHING
    general: list[Finding] = field(default_factory=list)
    by_piece: dict[str, list[Finding]] = field(default_factory=dict)

    @property
    def wanted(self) -> list[Wanted]:
        """All objects that it makes."""
        return [_wanted(piece) for piece in self.pieces.values() if piece.made] + list(self.beside)

    @property
    def findings(self) -> list[Finding]:
        """All of them."""
        return [*self.general, *(each for some in self.by_piece.values() for each in some)]

    @property
    def stops(self) -> list[Finding]:
        """What forbids to go on."""
        return stops(self.findings, self.accept, self.override)

    @property
    def summary(self) -> list[Stop]:
        """The same, each with the input to look at; the inputs must have been made."""
        codes = {finding.code for finding in self.stops}
        found = [Stop("verdict", "", finding) for finding in self.general]
        for piece in self.pieces.values():
            title = piece.part.title
            found += [Stop(one.id, f"{title}, {one.label}", each) for one in piece.inputs for each in one.findings]
            found += [Stop(f"r-{piece.part.key}", title, finding) for finding in piece.rest]
        return [stop for stop in found if stop.finding.code in codes]

    def judge(self) -> None:
        """Ask the rules about all objects beside each other; and nothing new takes a name that is taken."""
        made = [piece for piece in self.pieces.values() if piece.made]
        taken, judged = _taken(self.here, made), dict[ObjectRef, str]()
        for piece in made:
            self.by_piece[piece.part.key] = list(piece.draft.findings)
            if piece.draft.ref in judged:
                if piece.name:
                    self.by_piece[piece.part.key].append(_said(piece, "same-name", "Two new objects have this name."))
                else:
                    self.by_piece[piece.part.key].append(_said(piece, "name-missing", "It needs a name."))
                continue
            judged[piece.draft.ref] = piece.part.key
            if piece.draft.ref in taken:
                words = f"There is {with_article(piece.part.kind)} {piece.name} already."
                self.by_piece[piece.part.key].append(_said(piece, "exists", words))
        edits = [_wanted(piece) for piece in made if judged.get(piece.draft.ref) == piece.part.key]
        edits += self.beside
        for edit, found in zip(edits, judge_together(prepare_all(self.here.cluster, edits)).findings, strict=True):
            key = judged.get(edit.ref)
            if key is None:
                self.general += found
            else:
                self.by_piece[key] += found

    def ask(self, *, part: str = "") -> None:
        """Make the inputs; part: the page is only checked, and shows the rows of lists that it showed before."""
        added = self.here.post.get("step", "").partition("add:")[2]
        for key, piece in self.pieces.items():
            layouts: Mapping[str, Layout] = piece.draft.layouts
            if not part:
                name = added.removeprefix(f"{key}.")
                layouts = {path: [*rows, None] for path, rows in layouts.items() if path == name and added != name}
            ask(piece, self.by_piece.get(key, ()), layouts=layouts)

    @property
    def address(self) -> str:
        """The page with these answers, for the way back from Review."""
        query = self.here.post.copy()
        for name in _LEFT_OUT & query.keys():
            del query[name]
        return f"/guided/{self.guide.slug}/?{query.urlencode()}"


def walk_of(guide: Guide, here: Setting) -> Walk:
    """The way with the answers that there are; without any, as it begins."""
    accept = accept_posted(here.post)
    parts = guide.parts(here)
    pieces = {
        part.key: answered(part, here.cluster, here.post, accept) if here.post else begun(part, here.cluster)
        for part in parts
    }
    guide.join(here, pieces)
    return Walk(guide, here, pieces, guide.beside(here, pieces), accept)


def given(query: QueryDict) -> QueryDict:
    """The answers that an address carries; none if it is not one of ours."""
    return query if query.get("from") == "guided" else QueryDict()


def _wanted(piece: Piece) -> Wanted:
    draft = piece.draft
    return Wanted(piece.part.kind, draft.namespace, draft.name, draft.manifest)


def _taken(here: Setting, made: Sequence[Piece]) -> set[ObjectRef]:
    """The names that there are already; one query a kind."""
    found: set[ObjectRef] = set()
    for kind in {piece.part.kind for piece in made}:
        names = [piece.name for piece in made if piece.part.kind == kind]
        rows = rows_of(kind).filter(cluster=here.cluster, namespace=here.cluster.namespace, name__in=names)
        found |= {ObjectRef(kind, here.cluster.namespace, name) for name in rows.values_list("name", flat=True)}
    return found


def _said(piece: Piece, code: str, message: str) -> Finding:
    ref: Any = piece.draft.ref
    return Finding(
        code, Severity.ERROR, "metadata.name", piece.name[:100], message, _SOURCE, "Choose another name.", (ref,)
    )
