"""Manifests as YAML text, in the order that people write them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import yaml

from clusters.api.documents import is_text


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
        dict(manifest), Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=1000, default_flow_style=False
    )
