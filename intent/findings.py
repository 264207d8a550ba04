"""What a rule says about an object: one type for forms, YAML, REST, previews and alarms."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass, replace
from dataclasses import field as _field
from enum import StrEnum

VALUE_LIMIT = 200
_NAMED = 5  # in a list of names
_KEPT = 20  # objects, and nodes, of a finding that is kept or sent


class Severity(StrEnum):
    """How much a finding weighs.

    ERROR: the API server, a webhook or the speaker refuses it, or keeps its old configuration.
    DOCUMENTED: the OpenShift documentation forbids it, this MetalLB accepts it; needs an acknowledgement by code.
    WARNING: legal, but it does something else than it seems to.
    """

    ERROR = "error"
    DOCUMENTED = "documented"
    WARNING = "warning"


@dataclass(frozen=True, slots=True, order=True)
class ObjectRef:
    """A Kubernetes object by kind, namespace and name."""

    kind: str
    namespace: str
    name: str

    def __str__(self) -> str:
        return f"{self.kind} {self.name}"


@dataclass(frozen=True, slots=True)
class Finding:
    """One rule, broken by one object (or by several that clash).

    code: stable, kebab-case. field: path in the object ("spec.keepaliveTime"), "" = the whole object.
    value: the offending value as text of at most 200 characters, "" for secrets. message: the rule, how it is broken.
    source: where the rule comes from. hint: the way out. objects: the judged one first, then those it clashes with.
    nodes: names of the nodes where it bites, sorted; () if it does not depend on nodes. more: objects left out.
    more_nodes: nodes left out. stood: the cluster holds the object with it, so that an edit which leaves it as it is
    need not be allowed to.
    """

    code: str
    severity: Severity
    field: str
    value: str
    message: str
    source: str
    hint: str
    objects: tuple[ObjectRef, ...]
    nodes: tuple[str, ...] = ()
    more: int = 0
    more_nodes: int = 0
    stood: bool = _field(default=False, compare=False)

    @property
    def sentence(self) -> str:
        """The message after the field that it is about."""
        return f"{self.field}: {self.message}" if self.field else self.message

    @property
    def is_long(self) -> bool:
        """Whether it names more nodes than are kept."""
        return len(self.nodes) > _KEPT

    def abridged(self, own: ObjectRef | None = None, *, every_node: bool = False) -> Finding:
        """With the first 20 objects, `own` among them if it is one, and the first 20 nodes unless every_node: thousands

        that clash are told to each of them.
        """
        found, left_out = self, len(self.objects) - _KEPT
        if left_out > 0:
            kept = self.objects[:_KEPT]
            if own is not None and own not in kept and own in self.objects:
                kept = (*kept[:-1], own)
            found = replace(found, objects=kept, more=self.more + left_out)
        if self.is_long and not every_node:
            more = self.more_nodes + len(self.nodes) - _KEPT
            found = replace(found, nodes=self.nodes[:_KEPT], more_nodes=more)
        return found


# Cc: control, Cf: invisible format and bidirectional marks, Cs: lone surrogates, Zl and Zp: line and paragraph ends
_INVISIBLE = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})


def invisible(character: str) -> bool:
    """True for characters that break a configuration line or mislead the eye."""
    return unicodedata.category(character) in _INVISIBLE


def shown(value: object) -> str:
    """A value as one line of at most 200 characters, invisible characters written as escapes."""
    text = value if isinstance(value, str) else _json(value)
    text = one_line(text[: VALUE_LIMIT + 1])
    return text if len(text) <= VALUE_LIMIT else text[: VALUE_LIMIT - 1] + "…"


def listed(names: Iterable[str], count: int = 0) -> str:
    """The first five names in order, and how many more there are; count: of all, where `names` are but the first."""
    ordered = sorted(names)
    more = max(count, len(ordered)) - _NAMED
    return ", ".join(shown(name) for name in ordered[:_NAMED]) + (f" and {more} more" if more > 0 else "")


def one_line(text: str) -> str:
    """The text with its invisible characters written as escapes."""
    return "".join(c.encode("unicode_escape").decode("ascii") if invisible(c) else c for c in text)


def _json(value: object) -> str:
    try:
        return json.dumps(value, ensure_ascii=False, default=repr)
    except (ValueError, RecursionError, TypeError):
        return repr(type(value))
