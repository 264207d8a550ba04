"""The lock file of the image: of requirements.lock what the product needs at run time, hashes and all."""

from __future__ import annotations

import re
import tomllib
from importlib.metadata import requires
from pathlib import Path

from packaging.requirements import Requirement

from tests.demo import ROOT

LOCK = ROOT / "deploy" / "requirements.lock"
_PYTHONS = ("3.11.0", "3.11.99")
_ENTRY = re.compile(r"^(?P<name>[A-Za-z0-9._-]+)==.*?(?=^[A-Za-z0-9]|\Z)", re.MULTILINE | re.DOTALL)


def runtime_lock() -> str:
    """Its text."""
    entries = {_name(found["name"]): found[0] for found in _ENTRY.finditer((ROOT / "requirements.lock").read_text())}
    return "".join(entries[name] for name in entries if name in _needed())


def _needed() -> set[str]:
    """The product's dependencies, and theirs, with the extras that are asked for."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    left = [(Requirement(text), frozenset[str]()) for text in project["dependencies"]]
    seen: set[tuple[str, frozenset[str]]] = set()
    while left:
        wanted, extras = left.pop()
        if not _applies(wanted, extras):
            continue
        key = _name(wanted.name), frozenset(wanted.extras)
        if key not in seen:
            seen.add(key)
            left += [(Requirement(text), key[1]) for text in requires(wanted.name) or ()]
    return {name for name, _ in seen}


def _applies(wanted: Requirement, extras: frozenset[str]) -> bool:
    """Whether it is needed with one of the extras, by any release of this Python."""
    given = [{"extra": extra, "python_full_version": full} for extra in extras | {""} for full in _PYTHONS]
    return wanted.marker is None or any(wanted.marker.evaluate(one) for one in given)


def _name(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def main(path: Path = LOCK) -> None:
    """Write it."""
    path.write_text(runtime_lock())


if __name__ == "__main__":
    main()
