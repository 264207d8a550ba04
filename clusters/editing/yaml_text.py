"""Manifests as YAML text, in the order that people write them, whatever order a database keeps keys in."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import yaml

from clusters.api.documents import is_text
from intent.kinds import KINDS, Field

_HEAD = ("apiVersion", "kind", "metadata")
_METADATA = ("name", "namespace", "labels", "annotations")


class _Dumper(yaml.SafeDumper):
    """As safe_dump's, but a text that Kubernetes would read as a number (1e3) is quoted, too."""

    def represent_text(self, data: str) -> yaml.ScalarNode:
        """A text."""
        style = None if is_text(data) else "'"
        return self.represent_scalar("tag:yaml.org,2002:str", data, style=style)


_Dumper.add_representer(str, _Dumper.represent_text)


def manifest_yaml(manifest: Mapping[str, Any]) -> str:
    """The manifest as YAML; long texts stay on one line."""
    return yaml.dump(
        _arranged(manifest), Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=1000, default_flow_style=False
    )


def _arranged(manifest: Mapping[str, Any]) -> dict[str, Any]:
    """Fields as their kind lists them; what it does not know comes after, sorted as kubectl sorts it."""
    kind = KINDS.get(str(manifest.get("kind")))
    found = {name: manifest[name] for name in dict.fromkeys((*_HEAD, *manifest)) if name in manifest}
    if isinstance(found.get("metadata"), Mapping):
        found["metadata"] = _sorted(found["metadata"], _METADATA)
    if isinstance(found.get("spec"), Mapping):
        found["spec"] = _by(kind.fields if kind else (), found["spec"])
    return found


def _by(fields: Iterable[Field], value: Mapping[str, Any]) -> dict[str, Any]:
    known = {field.name: field for field in fields}
    arranged = _sorted(value, known)
    return arranged | {name: _of(field, arranged[name]) for name, field in known.items() if name in arranged}


def _of(field: Field | None, value: Any) -> Any:
    if isinstance(value, list):
        return [_of(field.items if field else None, item) for item in value]
    return _by(field.properties if field else (), value) if isinstance(value, Mapping) else value


def _sorted(value: Mapping[str, Any], first: Iterable[str]) -> dict[str, Any]:
    names = dict.fromkeys((*(name for name in first if name in value), *sorted(value, key=str)))
    return {name: _of(None, value[name]) for name in names}
