"""Our description of the kinds against MetalLB's own manifests: env METALLB_CRDS names their folder."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
import yaml

from intent.kinds import KINDS

FOLDER = os.environ.get("METALLB_CRDS", "")


def _theirs(plural: str) -> dict[str, Any]:
    if not FOLDER:
        reason = "METALLB_CRDS is not set: our CRDs are NOT compared with MetalLB's"
        pytest.skip(reason)
    crd: dict[str, Any] = yaml.safe_load((Path(FOLDER) / f"metallb.io_{plural}.yaml").read_text())
    return crd


def _undescribed(value: Any, *, named: bool = False) -> Any:
    """Without descriptions; named: the keys are names of properties, one of which might be "description"."""
    if isinstance(value, dict):
        return {
            key: sorted(inner) if key == "required" and not named else _undescribed(inner, named=key == "properties")
            for key, inner in value.items()
            if named or key != "description"
        }
    return [_undescribed(item) for item in value] if isinstance(value, list) else value


def _flat(value: Any, path: str = "") -> dict[str, Any]:
    if isinstance(value, dict) and value:
        return {at: leaf for key, inner in value.items() for at, leaf in _flat(inner, f"{path}/{key}").items()}
    return {path: value}


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_every_field_type_limit_and_default_is_metallbs(kind: str) -> None:
    theirs = _theirs(KINDS[kind].plural)
    del theirs["metadata"]["annotations"]
    assert _flat(_undescribed(KINDS[kind].crd())) == _flat(_undescribed(theirs))


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_every_field_is_described_for_people(kind: str) -> None:
    assert [f.name for f in KINDS[kind].fields if not (f.label and f.description)] == []
