"""The JSONPath of printer columns: fields, indexes, [*] and [?(@.a=="b")]."""

from __future__ import annotations

import re
from typing import Any

_STEP = re.compile(
    r"""\.?(?:
        (?P<field>(?:[^.\[\]\\]|\\.)+)
      | \[(?P<index>-?\d+)\]
      | \[(?P<all>\*)\]
      | \[\?\(\s*@\.(?P<key>[\w.]+)\s*==\s*(?P<quote>["'])(?P<value>.*?)(?P=quote)\s*\)\]
      | \[(?P<mark>["'])(?P<name>.*?)(?P=mark)\]
    )""",
    re.VERBOSE,
)


def find(value: Any, path: str) -> list[Any]:
    """Every value at `path`; empty if there is none or the path is not understood."""
    found, position = [value], 0
    while position < len(path):
        step = _STEP.match(path, position)
        if step is None:
            return []
        found = [inner for outer in found for inner in _inner(outer, step)]
        position = step.end()
    return [item for item in found if item is not None]


def _inner(value: Any, step: re.Match[str]) -> list[Any]:
    name = step["name"] or (re.sub(r"\\(.)", r"\1", step["field"]) if step["field"] else None)
    if name is not None:
        return [value[name]] if isinstance(value, dict) and name in value else []
    items = value if isinstance(value, list) else list(value.values()) if isinstance(value, dict) else []
    if step["index"]:
        index = int(step["index"])
        return [items[index]] if -len(items) <= index < len(items) else []
    if step["all"]:
        return items
    return [item for item in items if str(_at(item, step["key"])) == step["value"]]


def _at(value: Any, path: str) -> Any:
    for name in path.split("."):
        value = value.get(name) if isinstance(value, dict) else None
    return value
