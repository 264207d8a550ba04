"""The manifests of the OpenShift documentation get exactly the findings they deserve: tests/data/documented."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from intent.modes import Mode
from intent.rules import check
from tests.intent.manifests import cluster

_FOLDER = Path(__file__).resolve().parent.parent / "data" / "documented"
TABLE: dict[str, Any] = yaml.safe_load((_FOLDER / "findings.yaml").read_text())
OBJECTS: dict[str, dict[str, Any]] = {
    manifest["metadata"]["name"]: manifest
    for file in ("bgppeers", "ipaddresspools", "bgpadvertisements")
    for manifest in yaml.safe_load_all((_FOLDER / f"{file}.yaml").read_text())
}
MODES = pytest.mark.parametrize("mode", [Mode.FRR, Mode.FRR_K8S])


def tripped(*manifests: Any, mode: Mode) -> list[list[str]]:
    found = check(cluster(*manifests, mode=mode))
    return sorted([finding.code, finding.severity.value, *(ref.name for ref in finding.objects)] for finding in found)


@MODES
@pytest.mark.parametrize("name", sorted(OBJECTS))
def test_by_itself(name: str, mode: Mode) -> None:
    assert tripped(OBJECTS[name], mode=mode) == sorted(TABLE["alone"].get(name, []))


@MODES
@pytest.mark.parametrize("procedure", TABLE["procedures"], ids=lambda procedure: procedure["title"])
def test_as_a_procedure_applies_them(procedure: dict[str, Any], mode: Mode) -> None:
    manifests = [OBJECTS[name] for name in procedure["objects"]]
    assert tripped(*manifests, mode=mode) == sorted(procedure["findings"])


@MODES
def test_all_together(mode: Mode) -> None:
    assert tripped(*OBJECTS.values(), mode=mode) == sorted(TABLE["together"])


def test_the_table_names_nothing_that_is_not_there() -> None:
    assert set(TABLE["alone"]) <= set(OBJECTS)
