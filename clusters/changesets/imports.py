"""Manifests in files or pasted: what each of their documents means, and why it cannot be taken if it cannot."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from clusters.api.documents import Document, Unread, UnreadableError, json_document, read_each
from clusters.api.entries import known_kinds, wanted_manifest
from clusters.api.problems import BadBody, fault
from clusters.changesets.beside import Ground, left_out
from clusters.changesets.save import MOST
from clusters.changesets.wanted import Wanted
from clusters.models import Cluster
from intent.findings import ObjectRef

LARGEST = 10 * 1024 * 1024  # bytes, of all files together
MOST_VALUES = 500_000  # of one file, aliases written out
MOST_FILES = 100
_LIST = "List"


class TooMuchError(Exception):
    """More bytes, files or documents than are taken; the text says which, where and how many."""


@dataclass(slots=True)
class Imported:
    """One document. file: "" = pasted. line: that it begins on, 0 = not known. number: in its file, from 1.

    wanted: what it means, None if it cannot be taken, as `faults` say, or need not be, as `note` says.
    """

    file: str
    number: int
    line: int
    kind: str = ""
    name: str = ""
    namespace: str = ""
    wanted: Wanted | None = None
    faults: list[dict[str, Any]] = field(default_factory=list)
    note: str = ""

    @property
    def where(self) -> str:
        """In words: "peers.yaml, document 2 (line 14)"."""
        line = f" (line {self.line})" if self.line else ""
        return f"{self.file}, document {self.number}{line}" if self.file else f"document {self.number}{line}"


def read_import(
    files: Sequence[tuple[str, bytes]], cluster: Cluster, *, user: Any, as_json: bool = False
) -> list[Imported]:
    """All documents of all files, in their order, each read by itself; objects of a `List` are documents of their own.

    user: who imports; what only others may write of Kubernetes' own kinds is passed over, as is what stands of them.

    Raises TooMuchError.
    """
    size = sum(len(raw) for _, raw in files)
    if size > LARGEST:
        raise TooMuchError(f"The input has {size:,} bytes; {LARGEST:,} are taken at once.")
    if len(files) > MOST_FILES:
        raise TooMuchError(f"There are {len(files)} files; {MOST_FILES} are taken at once.")
    found: list[Imported] = []
    seen: dict[ObjectRef, Imported] = {}
    ground = Ground(cluster, user)
    for name, raw in files:
        for one in _of_file(name, raw, ground, as_json=as_json):
            if one.wanted is not None and one.wanted.ref in seen:
                _refuse(one, "duplicate", "metadata.name", f"is the same object as {seen[one.wanted.ref].where}")
            elif one.wanted is not None:
                seen[one.wanted.ref] = one
            found.append(one)
            if len(found) > MOST:
                raise TooMuchError(f"There are more than {MOST} documents, at {one.where}; import them in parts.")
    return found


def _of_file(name: str, raw: bytes, ground: Ground, *, as_json: bool) -> Iterator[Imported]:
    number = 0
    try:
        for document in _unpacked(_documents(raw, as_json=as_json)):
            number += 1
            one = Imported(name, number, document.line)
            if isinstance(document, Unread):
                _refuse(one, "unreadable", "", f"cannot be read: {document.error}")
            else:
                _read(one, document.value, ground)
            yield one
    except UnreadableError as error:
        one = Imported(name, number + 1, error.line)
        _refuse(one, "unreadable", "", f"cannot be read: {error}")
        yield one


def _documents(raw: bytes, *, as_json: bool) -> Iterator[Document | Unread]:
    if not as_json:
        yield from read_each(raw, largest=LARGEST, most=MOST_VALUES)
        return
    found = json_document(raw, largest=LARGEST, most=MOST_VALUES)
    yield from _entries(found, found.value) if isinstance(found.value, list) else [found]


def _entries(document: Document, values: list[Any]) -> list[Document]:
    """Each entry of a list in a document as a document of its own."""
    lines = document.lines.get(id(values), [document.line] * len(values))
    return [Document(value, line, document.lines) for value, line in zip(values, lines, strict=True)]


def _unpacked(documents: Iterable[Document | Unread]) -> Iterator[Document | Unread]:
    """The documents, and for each `List` its items; `kubectl get -o yaml` writes such."""
    for one in documents:
        waiting: list[Document | Unread] = [one]
        while waiting:
            document = waiting.pop()
            value = document.value if isinstance(document, Document) else None
            if isinstance(document, Document) and isinstance(value, dict) and _is_list(value):
                waiting += reversed(_entries(document, value["items"]))
            else:
                yield document


def _is_list(value: Mapping[str, Any]) -> bool:
    return value.get("kind") == _LIST and isinstance(value.get("items"), list)


def _read(one: Imported, value: Any, ground: Ground) -> None:
    if not isinstance(value, dict):
        return _refuse(one, "shape", "", "is no object")
    kind, metadata = value.get("kind"), value.get("metadata")
    one.kind = kind[:63] if isinstance(kind, str) else ""
    named = metadata if isinstance(metadata, dict) else {}
    name, namespace = named.get("name"), named.get("namespace")
    one.name = name[:253] if isinstance(name, str) else ""
    one.namespace = namespace[:63] if isinstance(namespace, str) else ""
    one.note = left_out(ObjectRef(one.kind, one.namespace, one.name), value.get("apiVersion"), ground)
    if one.note:
        return None
    if one.kind not in known_kinds():
        hint = f"Taken are {', '.join(known_kinds())}."
        return _refuse(one, "unknown-kind", "kind", f"{one.kind or 'no kind'} is not imported here", hint)
    if "apiVersion" not in value:
        return _refuse(one, "shape", "apiVersion", "must be given")
    try:
        one.wanted = wanted_manifest(value, ground.cluster)
        one.namespace = one.wanted.namespace
    except BadBody as error:
        one.faults = list(error.findings)
    return None


def _refuse(one: Imported, code: str, path: str, message: str, hint: str = "") -> None:
    one.wanted = None
    one.faults.append(fault(path, message, code=code, hint=hint))
