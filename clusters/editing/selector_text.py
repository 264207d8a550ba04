"""Node selectors as text, in the syntax of `kubectl get nodes --selector`: one selector a line, conditions by commas.

    rack=3, kubernetes.io/hostname in (worker-1, worker-2), !gpu

Reading and writing are each other's inverse for every selector that Kubernetes converts, up to the order of labels.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from intent.selectors import selector_errors

_CONDITION = re.compile(
    r"\s*(?:"
    r"(?P<absent>!)\s*(?P<no>[^\s,()!=]+)"
    r"|(?P<key>[^\s,()!=]+)(?:\s*(?P<equals>==?|!=)\s*(?P<value>[^\s,()!=]*)"
    r"|\s+(?P<set>in|notin)\s*\((?P<values>[^()]*)\))?"
    r")\s*(?:,|$)"
)
ANY = "*"  # the selector {} chooses every node
_WORDS = {"In": "in", "NotIn": "notin"}


def read_selectors(text: str) -> list[dict[str, Any]]:
    """The selectors of a text, [] for an empty one. Raises ValueError with the line that cannot be read."""
    lines = enumerate((line.strip() for line in text.splitlines()), start=1)
    return [_read(number, line) for number, line in lines if line]


def _read(number: int, line: str) -> dict[str, Any]:
    labels: dict[str, str] = {}
    expressions: list[dict[str, Any]] = []
    position = 0
    while line != ANY and position < len(line):
        found = _CONDITION.match(line, position)
        if found is None:
            raise ValueError(f"line {number} cannot be read from “{line[position : position + 40]}”")
        position = found.end()
        _add(found, labels, expressions)
    return {name: part for name, part in (("matchLabels", labels), ("matchExpressions", expressions)) if part}


def _add(found: re.Match[str], labels: dict[str, str], expressions: list[dict[str, Any]]) -> None:
    key = found["key"] or found["no"]
    if found["absent"]:
        expressions.append({"key": key, "operator": "DoesNotExist"})
    elif found["equals"] == "!=":
        expressions.append({"key": key, "operator": "NotIn", "values": [found["value"]]})
    elif found["equals"] and key not in labels:
        labels[key] = found["value"]
    elif found["equals"]:
        expressions.append({"key": key, "operator": "In", "values": [found["value"]]})
    elif found["set"]:
        values = [value.strip() for value in found["values"].split(",") if value.strip()]
        expressions.append({"key": key, "operator": "In" if found["set"] == "in" else "NotIn", "values": values})
    else:
        expressions.append({"key": key, "operator": "Exists"})


def write_selectors(selectors: object) -> str | None:
    """The text, "" for no selectors; None if there is none: Kubernetes would not convert them, or "" is a value."""
    if selectors is None:
        return ""
    if not isinstance(selectors, list) or any(
        selector_errors(selector) or _empties(selector) for selector in selectors
    ):
        return None
    return "\n".join(_write(selector) for selector in selectors)


def _empties(selector: Mapping[str, Any]) -> bool:
    return any("" in (expression.get("values") or []) for expression in selector.get("matchExpressions") or ())


def _write(selector: Mapping[str, Any]) -> str:
    parts = [f"{key}={value}" for key, value in (selector.get("matchLabels") or {}).items()]
    for expression in selector.get("matchExpressions") or ():
        key, operator, values = expression["key"], expression["operator"], expression.get("values") or []
        if operator in _WORDS:
            parts.append(f"{key} {_WORDS[operator]} ({', '.join(values)})")
        else:
            parts.append(key if operator == "Exists" else f"!{key}")
    return ", ".join(parts) or ANY
