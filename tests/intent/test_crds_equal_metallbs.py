"""Our description of the kinds against MetalLB's and frr-k8s' own manifests.

Env METALLB_CRDS and FRRK8S_CRDS name their folders: `config/crd/bases` of go.universe.tf/metallb and of
github.com/metallb/frr-k8s.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from intent.kinds import KINDS, STATUS_KINDS, Field, Kind

FOLDERS = {"metallb.io": "METALLB_CRDS", "frrk8s.metallb.io": "FRRK8S_CRDS"}  # by group
ALL = {**KINDS, **STATUS_KINDS}


def _folder(group: str) -> Path:
    folder = os.environ.get(FOLDERS[group], "")
    if not folder:
        reason = f"{FOLDERS[group]} is not set: our CRDs of {group} are NOT compared with the original ones"
        pytest.skip(reason)
    return Path(folder)


def _theirs(kind: Kind) -> dict[str, Any]:
    crd: dict[str, Any] = yaml.safe_load((_folder(kind.group) / f"{kind.group}_{kind.plural}.yaml").read_text())
    return crd


def _undescribed(value: Any, *, named: bool = False) -> Any:
    """Without descriptions; named: the keys are names of properties, one of which might be "description"."""
    if isinstance(value, dict):
        return {
            key: sorted(inner) if key == "required" and not named else _undescribed(inner, named=key == "properties")
            for key, inner in _plain(value).items()
            if named or key != "description"
        }
    return [_undescribed(item) for item in value] if isinstance(value, list) else value


def _plain(value: dict[str, Any]) -> dict[str, Any]:
    """controller-gen writes an enum that is marked twice as allOf of the same two enums: that is the one enum."""
    both = value.get("allOf")
    if isinstance(both, list) and both[1:] == both[:-1] and set(both[0]) == {"enum"}:
        return {key: inner for key, inner in value.items() if key != "allOf"} | {"enum": both[0]["enum"]}
    return value


def _flat(value: Any, path: str = "") -> dict[str, Any]:
    if isinstance(value, dict) and value:
        return {at: leaf for key, inner in value.items() for at, leaf in _flat(inner, f"{path}/{key}").items()}
    return {path: value}


@pytest.mark.parametrize("kind", sorted(ALL))
def test_every_field_type_limit_and_default_is_metallbs(kind: str) -> None:
    theirs = _theirs(ALL[kind])
    del theirs["metadata"]["annotations"]
    assert _flat(_undescribed(ALL[kind].crd())) == _flat(_undescribed(theirs))


@pytest.mark.parametrize("group", sorted(FOLDERS))
def test_no_kind_is_missing(group: str) -> None:
    ours = {f"{kind.group}_{kind.plural}.yaml" for kind in ALL.values() if kind.group == group}
    assert ours == {path.name for path in _folder(group).glob("*.yaml")}


def _named(fields: tuple[Field, ...], path: str) -> Iterator[tuple[str, Field]]:
    for field in fields:
        at = f"{path}.{field.name}"
        yield at, field
        yield from _named(field.properties, at)
        if field.items is not None:
            yield from _named(field.items.properties, f"{at}[]")


@pytest.mark.parametrize("kind", sorted(ALL))
def test_every_field_is_described_for_people(kind: str) -> None:
    fields = [*_named(ALL[kind].fields, "spec"), *_named(ALL[kind].status, "status")]
    assert [at for at, field in fields if not (field.label and field.description)] == []
    assert [at for at, field in fields if field.description and field.description[-1] not in ".`"] == []
