"""The form of a resource, made from the kind's own description.

Nothing is checked here: the rules judge the manifest, with the same words as everywhere, and their findings are put
beside the field that they name. A text that is no number stays a text, and the rules say so.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from clusters.editing.inputs import NAME, NAMESPACE, Form, Input, distribute
from clusters.editing.reading import Layout
from clusters.editing.shapes import UNSET, Shape, is_shown_as_rows, shape_of, written
from clusters.kindpages import KindPage, Suggestion
from clusters.words import MODE_WORDS
from intent.findings import Finding
from intent.kinds import Field
from intent.modes import Mode, release
from intent.rules.modes import is_served

BOXES = 50  # so many names are boxes to tick; more are typed
_AREA = {"lines", "selectors"}
_HINTS: dict[Shape, str] = {
    "lines": " One a line.",
    "selectors": " One selector a line, as kubectl takes them; all conditions of a line must hold.",
    "selector": " As kubectl takes it; * chooses all.",
}
_EXAMPLE = "rack=3, kubernetes.io/hostname in (worker-1, worker-2)"
_NO_SHORT_FORM = "This value has no short form; change it as YAML."


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a form shows of the cluster. version: of MetalLB, "" = not known. offers and suggests: names by path.

    previews: what selectors choose now, by path. served: the fields of the kind's spec that the CRD has, if known.
    """

    mode: Mode = Mode.UNKNOWN
    version: str = ""
    offers: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    suggests: Mapping[str, tuple[Suggestion, ...]] = field(default_factory=dict)
    previews: Mapping[str, str] = field(default_factory=dict)
    served: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Sketch:
    """What the form is made of besides the manifest.

    texts: what was typed where it is no value, by path. layouts: the rows of lists that are shown otherwise than entry
    by entry with an empty one after them. new: the object gets its name here.
    """

    texts: Mapping[str, str] = field(default_factory=dict)
    layouts: Mapping[str, Layout] = field(default_factory=dict)
    new: bool = False


def form_of(
    about: KindPage, manifest: Mapping[str, Any], findings: Iterable[Finding], around: Surroundings, sketch: Sketch
) -> Form:
    """The form of a manifest, with the findings beside their fields."""
    spec = manifest.get("spec") or {}
    sections: dict[str, list[Input]] = {"object": _address(manifest.get("metadata") or {}) if sketch.new else []}
    sections |= {section: [] for section in about.sections}
    builder = _Builder(about, around, sketch)
    missing = []
    for described in about.kind.fields:
        value = spec.get(described.name, UNSET)
        note = builder.note(described)
        if value is UNSET and builder.refused(described):
            missing.append(described.name)
        else:
            inputs = builder.inputs(described, value, described.name, described.name, "")
            for one in inputs:
                one.note = " ".join(filter(None, (note, one.note)))
            sections[described.section] += inputs
    titles = {"object": "Object", **about.sections}
    form = Form([(titles[section], inputs) for section, inputs in sections.items() if inputs], [], missing)
    form.findings = distribute(findings, form.inputs)
    return form


def _address(metadata: Mapping[str, Any]) -> list[Input]:
    name = "Lower case letters, digits, “-” and “.”. It cannot be changed later."
    namespace = "MetalLB reads only its own namespace."
    return [
        Input(NAME, "metadata.name", "Name", "text", name, metadata.get("name", ""), required=True),
        Input(NAMESPACE, "metadata.namespace", "Namespace", "text", namespace, metadata.get("namespace", "")),
    ]


@dataclass(frozen=True, slots=True)
class _Builder:
    about: KindPage
    around: Surroundings
    sketch: Sketch

    def note(self, described: Field) -> str:
        """What keeps the field from having an effect in this cluster."""
        if not is_served(described, release(self.around.version), self._served(described)):
            return f"Came with MetalLB {described.since}; this cluster runs {self.around.version}."
        if described.effective_in(self.around.mode):
            return ""
        return f"Without effect in {MODE_WORDS.get(self.around.mode, self.around.mode.value)} mode."

    def _served(self, described: Field) -> frozenset[str]:
        """What is known of fields beside this one; of parts of fields nothing is."""
        return self.around.served if described in self.about.kind.fields else frozenset()

    def refused(self, described: Field) -> bool:
        """Whether API server or webhook would refuse the field; a kind that is refused as such shows what it has."""
        if not is_served(described, release(self.around.version), self._served(described)):
            return True
        native = self.around.mode is Mode.NATIVE and any(Mode.NATIVE in one.modes for one in self.about.kind.fields)
        return native and Mode.NATIVE not in described.modes

    def inputs(self, described: Field, value: Any, name: str, path: str, within: str) -> list[Input]:
        """The inputs of a field. name: of the input; path: in the spec; within: the label of what it is a part of."""
        shape = shape_of(described)
        label = f"{within}, {described.label.lower()}" if within else described.label
        if shape == "parts" and (value is UNSET or value is None or isinstance(value, Mapping)):
            inner = value if isinstance(value, Mapping) else {}
            label = "" if path in self.about.bare else label
            found = []
            for part in described.properties:
                held = inner.get(part.name, UNSET)
                found += self.inputs(part, held, f"{name}.{part.name}", f"{path}.{part.name}", label)
            return found
        if shape == "rows" or (shape == "lines" and path in self.about.suggests):
            return [self.rows(described, value, name, path, label)]
        return [self.leaf(described, shape, value, name, path, label)]

    def leaf(self, described: Field, shape: Shape, value: Any, name: str, path: str, label: str) -> Input:
        """One input."""
        widget = "area" if shape in _AREA else "text" if shape == "selector" else shape
        one = Input(name, f"spec.{path}", label, widget, _hint(described, shape), required=described.required)
        one.choices, one.placeholder = described.enum, _placeholder(described, shape)
        one.preview = self.around.previews.get(path)
        if shape == "tick":
            one.value = bool(described.default) if value is UNSET or value is None else bool(value)
            return one
        text = self.sketch.texts.get(path)
        shown = written(shape, value) if text is None else text
        if shown is None or shape in {"parts", "fixed"}:
            one.widget, one.note = "fixed", _NO_SHORT_FORM
            return one
        one.value = shown
        offered = self.around.offers.get(path, ())
        if shape == "lines" and 0 < len(offered) <= BOXES:
            ticked = set(value) if isinstance(value, list) else set()
            one.widget, one.choices = "boxes", tuple((each, each in ticked) for each in offered)
            one.value = "\n".join(each for each in shown.splitlines() if each not in offered)
        elif shape == "text":
            one.offered = tuple((each, "") for each in offered) or self.around.suggests.get(path, ())
        return one

    def rows(self, described: Field, value: Any, name: str, path: str, label: str) -> Input:
        """A list, a row for each entry and one for the next."""
        one = Input(name, f"spec.{path}", label, "rows", _hint(described, "rows"), required=described.required)
        items = described.items
        if items is None or not is_shown_as_rows(described, value):
            one.widget, one.note = "fixed", _NO_SHORT_FORM
            return one
        entries = value if isinstance(value, list) else []
        layout = self.sketch.layouts.get(path, [*range(len(entries)), None])
        for row, index in enumerate(layout):
            held = UNSET if index is None else entries[index]
            at = f"{path}[{len(entries) if index is None else index}]"
            one.rows.append(self.row(items, held, f"{name}[{row}]", at, label, self.around.suggests.get(path, ())))
        one.layout = ",".join("" if index is None else str(index) for index in layout)
        return one

    def row(
        self, items: Field, value: Any, name: str, path: str, label: str, offered: tuple[Suggestion, ...]
    ) -> list[Input]:
        """The inputs of one entry."""
        if not items.properties:
            cell = Input(name, f"spec.{path}", label, "text", "", written("text", value), offered=offered)
            return [cell]
        entry = value if isinstance(value, Mapping) else {}
        found = []
        for part in items.properties:
            held = entry.get(part.name, UNSET)
            found.append(
                self.leaf(part, shape_of(part), held, f"{name}.{part.name}", f"{path}.{part.name}", part.label)
            )
        return found


def _hint(described: Field, shape: Shape) -> str:
    hint = described.description + _HINTS.get(shape, "")
    if described.range is not None:
        low, high = described.range
        hint += f" {low} to {high}."
    return hint


def _placeholder(described: Field, shape: Shape) -> str:
    if shape in {"selectors", "selector"}:
        return _EXAMPLE
    if described.default is not None:
        return str(described.default)
    return "90s, 1m, 5m30s" if described.type == "duration" else ""
