"""The CustomResourceDefinitions of MetalLB, from the same description of the kinds that the product uses."""

from __future__ import annotations

from typing import Any

from intent.kinds import KINDS


def crds() -> list[dict[str, Any]]:
    """One CRD object per kind, ready to be created."""
    return [kind.crd() for kind in KINDS.values()]
