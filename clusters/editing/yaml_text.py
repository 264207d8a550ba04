"""Manifests as YAML text, in the order that people write them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import yaml


def manifest_yaml(manifest: Mapping[str, Any]) -> str:
    """The manifest as YAML; long texts stay on one line."""
    return yaml.safe_dump(dict(manifest), sort_keys=False, allow_unicode=True, width=1000, default_flow_style=False)
