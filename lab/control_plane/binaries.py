"""Where the programs of a real control plane come from: KUBEBUILDER_ASSETS, or built from Go modules and kept."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

_ROOT = Path(__file__).resolve().parents[2]
MODULES = _ROOT / "tests" / "cluster" / "go"
HOW_TO_GET_THEM = (
    "put Go 1.26 or newer on PATH and run `make cluster-tools`, or set KUBEBUILDER_ASSETS to a folder with etcd and "
    "kube-apiserver"
)
_NAMES = {"server": "etcd"}  # what Go calls a command whose module ends in a major version
_METALLB = "go.universe.tf/metallb"
_VERSION = "k8s.io/component-base/version.gitVersion"
# MetalLB 0.16.2 requires frr-k8s 0.0.27, which cannot be had as a module. 0.0.26, which can, lacks a field that
# MetalLB's speakers alone write; it is added while building. No webhook looks at it.
_FRR_K8S, _TYPES = "github.com/metallb/frr-k8s", Path("api", "v1beta1", "frrconfiguration_types.go")
_BEFORE = "\tPrefixesWithCommunity []CommunityPrefixes "
_FIELD = "\tPrefixesWithAsPathPrepend []AsPathPrependPrefixes\n\n"
_TYPE = "\ntype AsPathPrependPrefixes struct {\n\tAsPathPrepend uint8\n\tPrefixes      []string\n}\n"


class Missing(Exception):
    """The programs are not there; the text says what provides them."""


@dataclass(frozen=True, slots=True)
class Binaries:
    """Paths of the programs. metallb: MetalLB's controller with its manifests; None if only the API server is there."""

    etcd: Path
    kube_apiserver: Path
    metallb: MetalLB | None


@dataclass(frozen=True, slots=True)
class MetalLB:
    """webhooks: its ValidatingWebhookConfiguration; crds: a folder of its CustomResourceDefinitions."""

    controller: Path
    webhooks: Path
    crds: Path


def find() -> Binaries:
    """The programs, without building any. Raises Missing."""
    given = os.environ.get("KUBEBUILDER_ASSETS")
    kept = _kept()
    metallb = MetalLB(kept / "controller", kept / "webhooks.yaml", kept / "crds")
    folder = Path(given) if given else kept
    found = Binaries(folder / "etcd", folder / "kube-apiserver", metallb if metallb.crds.exists() else None)
    if not (found.etcd.exists() and found.kube_apiserver.exists()):
        where = f"KUBEBUILDER_ASSETS={given}" if given else str(kept)
        raise Missing(f"no etcd and kube-apiserver in {where}: {HOW_TO_GET_THEM}")
    return found


def build() -> Binaries:
    """The programs, built first where they are not there. Raises Missing without Go, CalledProcessError."""
    try:
        found = find()
    except Missing:
        found = None
    if found is not None and found.metallb is not None:
        return found
    if shutil.which("go") is None:
        raise Missing(f"there is no Go toolchain: {HOW_TO_GET_THEM}")
    folder = _kept()
    part = folder.with_name(f"{folder.name}.{os.getpid()}.part")
    part.mkdir(parents=True)
    flags = [f"-ldflags=-s -w -X {_VERSION}={_kubernetes_version()}", f"-modfile={_completed(part)}"]
    subprocess.run(["go", "build", *flags, "-o", f"{part}{os.sep}", "tool"], cwd=MODULES, check=True)
    for made, name in _NAMES.items():
        (part / made).rename(part / name)
    shutil.rmtree(part / "frr-k8s")
    config = _source(_METALLB) / "config"
    shutil.copyfile(config / "webhook" / "manifests.yaml", part / "webhooks.yaml")
    shutil.copytree(config / "crd" / "bases", part / "crds", copy_function=shutil.copyfile)
    shutil.rmtree(folder, ignore_errors=True)
    part.rename(folder)
    return find()


def _completed(folder: Path) -> Path:
    """A go.mod that takes frr-k8s from a folder where it has the field."""
    for name in ("go.mod", "go.sum"):
        shutil.copy(MODULES / name, folder / name)
    subprocess.run(["go", "mod", "download", _FRR_K8S, _METALLB], cwd=MODULES, check=True)
    module = folder / "frr-k8s"
    shutil.copytree(_source(_FRR_K8S), module, copy_function=shutil.copyfile)
    for part in (module, *module.rglob("*")):
        part.chmod(0o755 if part.is_dir() else 0o644)  # the module cache is read-only
    types = module / _TYPES
    types.write_text(types.read_text().replace(_BEFORE, _FIELD + _BEFORE) + _TYPE)
    modfile = folder / "go.mod"
    subprocess.run(["go", "mod", "edit", f"-replace={_FRR_K8S}={module}", str(modfile)], check=True)
    return modfile


def _source(module: str) -> Path:
    """A module's folder in the module cache."""
    listed = ["go", "list", "-m", "-f", "{{.Dir}}", module]
    return Path(subprocess.run(listed, cwd=MODULES, check=True, capture_output=True, text=True).stdout.strip())


def _kept() -> Path:
    """The folder for this very go.mod and go.sum."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    text = b"".join((MODULES / name).read_bytes() for name in ("go.mod", "go.sum"))
    return cache / "bgpui" / "control-plane" / hashlib.sha256(text).hexdigest()[:16]


def _kubernetes_version() -> str:
    for line in (MODULES / "go.mod").read_text().splitlines():
        if line.strip().startswith("k8s.io/kubernetes "):
            return line.split()[1]
    raise ValueError("go.mod requires no k8s.io/kubernetes")
