"""What a form means. Whatever it does not show, and whatever nobody touched, stays letter for letter as it was.

Rows of a list are told apart by `layout`, a hidden input: for each row that the page shows, the entry of the list that
it stands for, or nothing for a new one ("0,1,,").
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from django.http import QueryDict

from clusters.editing.inputs import DROP_PASSWORD, PASSWORD, TICKS
from clusters.editing.shapes import MOST_ROWS, UNSET, Shape, is_shown_as_rows, lines, read, same_text, shape_of, written
from clusters.kindpages import KindPage
from intent.findings import Finding, Severity
from intent.kinds import Field

UNREADABLE = "selectors-unreadable"
_TEXT_LIMIT = 20_000
Layout = list[int | None]


@dataclass(slots=True)
class Typed:
    """What a form means. texts: by path, those that could not become values, with findings that say why.

    layouts: by path, for each row as it was shown the entry that came of it.
    """

    manifest: dict[str, Any]
    password: str | None
    texts: dict[str, str] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)
    layouts: dict[str, Layout] = field(default_factory=dict)


def manifest_of(about: KindPage, post: QueryDict, base: Mapping[str, Any], *, drop: str = "") -> Typed:
    """The manifest that the form means, `base` being what it was made of. drop: the row to leave out, "aliases[1]"."""
    kind = about.kind
    metadata = dict(base.get("metadata") or {})
    password = post.get(PASSWORD, "")[:_TEXT_LIMIT] or ("" if post.get(DROP_PASSWORD) else None)
    typed = Typed({"apiVersion": kind.api_version, "kind": kind.kind, "metadata": metadata}, password)
    old = base.get("spec")
    reader = _Reader(about, post, typed, drop)
    typed.manifest["spec"] = reader.fields(kind.fields, old if isinstance(old, dict) else {}, "", "")
    return typed


@dataclass(frozen=True, slots=True)
class _Reader:
    about: KindPage
    post: QueryDict
    typed: Typed
    drop: str

    def fields(self, described: tuple[Field, ...], old: Mapping[str, Any], name: str, path: str) -> dict[str, Any]:
        """The object. name: how inputs begin; path: where it is in the spec that comes of it."""
        found = dict(old)
        for one in described:
            value = self.value(one, old.get(one.name, UNSET), f"{name}{one.name}", f"{path}{one.name}")
            if value is UNSET:
                found.pop(one.name, None)
            else:
                found[one.name] = value
        return found

    def value(self, described: Field, old: Any, name: str, path: str) -> Any:
        """What became of one field."""
        shape = shape_of(described)
        if shape in {"secret", "fixed"}:
            return old
        if shape == "tick":
            return self.tick(described, old, name)
        if shape == "parts":
            return self.parts(described, old, name, path)
        if shape == "rows" or (shape == "lines" and path in self.about.suggests):
            return self.rows(described, old, name, path)
        if shape == "lines" and name in self.post.getlist(TICKS):
            return self.boxes(old, name)
        return self.text(described, shape, old, name, path)

    def tick(self, described: Field, old: Any, name: str) -> Any:
        """A box that is as it was says nothing new; else one that says the default says nothing at all."""
        on = bool(self.post.get(name))
        if not on and name not in self.post.getlist(TICKS):
            return old
        default = bool(described.default)
        if on == (default if old is UNSET or old is None else bool(old)):
            return old
        return on if on or default else UNSET

    def text(self, described: Field, shape: Shape, old: Any, name: str, path: str) -> Any:
        """An input or a textarea."""
        shown = written(shape, old)
        if name not in self.post or shown is None:
            return old
        text = self.post.get(name, "")
        retyped = shape == "number" and isinstance(old, str)  # a text where a number belongs may have become one
        if same_text(text, shown, shape) and not retyped:
            return old
        text = text[:_TEXT_LIMIT]
        try:
            return read(described, shape, text)
        except ValueError as error:
            self.typed.texts[path] = text
            hint = "Write conditions as key=value, key in (a, b), key notin (a, b), key or !key, with commas between."
            found = Finding(UNREADABLE, Severity.ERROR, f"spec.{path}", "", str(error), "kubectl", hint, ())
            self.typed.findings.append(found)
            return UNSET

    def boxes(self, old: Any, name: str) -> Any:
        """Boxes of what there is, and lines for other names; what stays keeps its order."""
        before = [] if old is UNSET or old is None else old
        if written("lines", before) is None:
            return old
        wanted = [*self.post.getlist(name), *lines(self.post.get(f"{name}.more", "")[:_TEXT_LIMIT])]
        if set(wanted) == set(before):
            return old
        return list(dict.fromkeys([*(item for item in before if item in wanted), *wanted])) or UNSET

    def parts(self, described: Field, old: Any, name: str, path: str) -> Any:
        """An object within; without any part that the form knows nothing is left of it."""
        if not (old is UNSET or old is None or isinstance(old, dict)):
            return old
        before = old or {} if isinstance(old, dict) else {}
        found = self.fields(described.properties, before, f"{name}.", f"{path}.")
        if found == before:
            return old
        return found if any(part.name in found for part in described.properties) else UNSET

    def rows(self, described: Field, old: Any, name: str, path: str) -> Any:
        """A list, entry by entry."""
        layout = self.post.get(f"rows.{name}")
        if layout is None or not is_shown_as_rows(described, old) or described.items is None:
            return old
        before = [] if old is UNSET or old is None else old
        kept: list[Any] = []
        shown: Layout = []
        for row, index in enumerate(layout_of(layout, len(before))):
            at = f"{name}[{row}]"
            if self.drop == at:
                continue
            was = UNSET if index is None else before[index]
            value = self.row(described.items, was, at, f"{path}[{len(kept)}]")
            shown.append(None if value is UNSET else len(kept))
            kept += [] if value is UNSET else [value]
        self.typed.layouts[path] = shown
        return old if kept == before else kept or UNSET

    def row(self, items: Field, old: Any, name: str, path: str) -> Any:
        """An entry; UNSET for a row that nobody filled, or that was emptied."""
        if not items.properties:
            return self.text(items, "text", old, name, path)
        before = {} if old is UNSET else old
        found = self.fields(items.properties, before, f"{name}.", f"{path}.")
        if old is not UNSET and found == before:
            return old
        said = any(part.name in found for part in items.properties)
        return found if said or any(text.startswith(f"{path}.") for text in self.typed.texts) else UNSET


def layout_of(text: str, number: int) -> Layout:
    """The layout that a page sent back, each entry of the list once."""
    found: Layout = []
    for part in text.split(",")[: 2 * MOST_ROWS]:
        index = int(part) if part.isascii() and part.isdigit() and len(part) < 6 else None
        found.append(index if index is not None and index < number and index not in found else None)
    return found
