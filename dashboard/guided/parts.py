"""One object of a guided way: which of its fields are asked, what was answered, and the inputs that ask.

Fields, labels, help and rules are those of `intent.kinds`; nothing is judged here. The inputs of a part begin with its
key, so that several objects are asked for on one page: "peer.myASN".
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.http import QueryDict

from clusters.editing.drafts import Draft
from clusters.editing.forms import Sketch, form_of
from clusters.editing.inputs import NAME, TICKS, Input, distribute
from clusters.editing.reading import Layout, manifest_of
from clusters.editing.surroundings import surroundings_of
from clusters.kindpages import page_of_kind
from clusters.models import Cluster
from intent.findings import Finding

_NAME_LIMIT = 253


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """key: how its inputs begin. asks: the fields that are asked, `name` for the object's own; more: those behind a

    fold. spec: what is not asked. prefill: what the inputs show at first. choices: objects that there are already and
    can be taken instead. group: parts with the same one belong together.
    """

    key: str
    kind: str
    title: str
    asks: tuple[str, ...]
    more: tuple[str, ...] = ()
    spec: Mapping[str, Any] = field(default_factory=dict)
    prefill: Mapping[str, Any] = field(default_factory=dict)
    choices: Sequence[str] = ()
    group: str = ""


@dataclass(slots=True)
class Piece:
    """A part as it was answered. chosen: an object that there is, "" = a new one.

    skipped: other answers make it needless. apart: inputs that stand elsewhere on the page. remarks: what the answers
    mean. rest: findings that belong to no input.
    """

    part: Part
    draft: Draft
    chosen: str = ""
    asked: list[Input] = field(default_factory=list)
    more: list[Input] = field(default_factory=list)
    apart: list[Input] = field(default_factory=list)
    rest: list[Finding] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)
    skipped: bool = False

    @property
    def name(self) -> str:
        """The object's name."""
        return self.chosen or self.draft.name

    @property
    def made(self) -> bool:
        """Whether it is made new."""
        return not self.chosen and not self.skipped

    def rename(self, name: str) -> None:
        """Give the object a name that was not typed."""
        self.draft.name = name
        self.draft.manifest["metadata"] = {**self.draft.manifest["metadata"], "name": name}

    @property
    def inputs(self) -> list[Input]:
        """All inputs, those of rows before their list."""
        return [each for one in (*self.asked, *self.more, *self.apart) for each in one.all]

    @property
    def opened(self) -> bool:
        """Whether something behind the fold has to be seen."""
        return any(one.findings or (one.widget != "tick" and one.value) or one.layout.strip(",") for one in self.more)


def answered(part: Part, cluster: Cluster, post: QueryDict, accept: list[str]) -> Piece:
    """What a page sent about a part."""
    about, own = page_of_kind(part.kind), _own(part.key, post)
    base = {"metadata": {}, "spec": dict(part.spec)}
    drop = post.get("step", "").partition(f"drop:{part.key}.")[2]
    typed = manifest_of(about, own, base, drop=drop)
    name = own.get(NAME, "").strip()[:_NAME_LIMIT]
    typed.manifest["metadata"] = {"name": name, "namespace": cluster.namespace}
    draft = Draft(about, cluster, cluster.namespace, name, typed.manifest, accept=accept)
    draft.texts, draft.layouts, draft.findings = typed.texts, typed.layouts, typed.findings
    chosen = own.get("use", "")
    return Piece(part, draft, chosen if chosen in part.choices else "")


def begun(part: Part, cluster: Cluster) -> Piece:
    """A part that nobody has answered yet."""
    spec = {**part.spec, **{name: value for name, value in part.prefill.items() if name != NAME}}
    name = str(part.prefill.get(NAME, ""))
    about = page_of_kind(part.kind)
    manifest = {
        "apiVersion": about.kind.api_version,
        "kind": part.kind,
        "metadata": {"name": name, "namespace": cluster.namespace},
        "spec": spec,
    }
    return Piece(part, Draft(about, cluster, cluster.namespace, name, manifest))


def ask(piece: Piece, findings: Iterable[Finding], *, layouts: Mapping[str, Layout]) -> None:
    """Make the inputs of a piece, with the findings beside them."""
    part, draft = piece.part, piece.draft
    around = surroundings_of(draft)
    form = form_of(draft.about, draft.manifest, (), around, Sketch(draft.texts, layouts, new=True))
    every = {one.shown_name.removeprefix("metadata."): one for _title, inputs in form.sections for one in inputs}
    piece.asked = _picked(every, part.asks)
    piece.more = _picked(every, part.more)
    for one in piece.inputs:
        one.name = f"{part.key}.{one.name}"
    piece.rest = distribute(findings, piece.inputs)


def _picked(every: Mapping[str, Input], names: Iterable[str]) -> list[Input]:
    return [one for name in names for path, one in every.items() if path == name or path.startswith(f"{name}.")]


def _own(key: str, post: QueryDict) -> QueryDict:
    """The answers about one part, named as in the kind's own form."""
    own, start, rows = QueryDict(mutable=True), f"{key}.", f"rows.{key}."
    for name in post:
        if name.startswith(start):
            own.setlist(name.removeprefix(start), post.getlist(name))
        elif name.startswith(rows):
            own.setlist(f"rows.{name.removeprefix(rows)}", post.getlist(name))
    own.setlist(TICKS, [tick.removeprefix(start) for tick in post.getlist(TICKS) if tick.startswith(start)])
    return own
