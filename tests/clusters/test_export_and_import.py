"""What goes out comes in again: a second cluster becomes equal, and kubectl finds nothing to change in the first."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import AnonymousUser
from pytest_django import Settings

from bgpui.env import ClusterSetting
from clusters.changesets.exports import Selection, as_files, as_yaml, as_zip
from clusters.changesets.imports import read_import
from clusters.changesets.save import changeset_save
from clusters.models import Cluster
from clusters.registry import resource_models
from clusters.sync.relist import relist
from tests.cluster.borrowed import left_out
from tests.cluster.choice import BORROWED
from tests.clusters.cluster import NAMESPACE, RunningCluster
from tests.clusters.conftest import Office
from tests.clusters.sets import carry, holds
from tests.kinds import SPECS, example

_NAMES = {"BGPPeer": ("tor-a", "tor-b"), "IPAddressPool": ("blue", "green")}


def _fill(kube: RunningCluster) -> None:
    """Every kind with all its fields, and texts that YAML could take for something else."""
    for kind in SPECS:
        for number, name in enumerate(_NAMES.get(kind, ("one",))):
            made = example(kind, name)
            made["metadata"]["labels"] = {"team": "net", "app": name}
            made["metadata"]["annotations"] = {"why": "yes", "number": "1e3", "octal": "010", "lines": "a\nb: c\n"}
            if kind == "BGPPeer":
                made["spec"]["peerAddress"] = f"192.0.2.{number + 1}"
            if kind == "IPAddressPool":
                made["spec"]["addresses"] = [f"10.{number}.0.0/16", f"2001:db8:{number + 1}::/64"]
            kube.add(made)


def _generations(kube: RunningCluster) -> dict[tuple[str, str], Any]:
    found = {}
    for model in resource_models().values():
        for obj in kube.call(kube.server.store.list, f"{model.KIND.plural}.{model.KIND.group}"):
            found[obj["kind"], obj["metadata"]["name"]] = obj["metadata"]["generation"], obj["spec"]
    return found


@pytest.fixture
def other(
    kube: RunningCluster, office: Office, settings: Settings, tmp_path: Path
) -> Iterator[tuple[RunningCluster, Cluster]]:
    """A second cluster, and its row."""
    if BORROWED:
        left_out("needs a second cluster")
    running = RunningCluster(tmp_path)
    paths = {"lab": str(kube.kubeconfig), "second": str(running.kubeconfig)}
    settings.BGPUI_CLUSTERS = tuple(ClusterSetting(name, path, "") for name, path in paths.items())
    yield running, Cluster.objects.create(name="second", kubeconfig=paths["second"])
    running.close()


def test_what_is_exported_makes_an_equal_cluster(
    kube: RunningCluster, office: Office, other: tuple[RunningCluster, Cluster]
) -> None:
    _fill(kube)
    office.look()
    text = as_yaml(Selection(office.cluster))
    running, second = other
    relist(second)
    documents = read_import([("all.yaml", text.encode())], second, user=AnonymousUser())
    assert [(one.faults, one.note) for one in documents] == [([], "")] * len(documents)
    wanted = [one.wanted for one in documents if one.wanted is not None]
    change_set = changeset_save(cluster=second, edits=wanted, actor=None, source="api")
    assert change_set is not None
    assert carry(change_set) == "applied", change_set.message
    relist(second)
    assert as_yaml(Selection(second)) == text, "byte for byte"
    assert len(holds(kube)) > len(SPECS)
    assert holds(running) == holds(kube)


def test_kubectl_finds_nothing_to_change(kube: RunningCluster, office: Office, tmp_path: Path) -> None:
    _fill(kube)
    office.look()
    selection = Selection(office.cluster)
    before = _generations(kube)
    (tmp_path / "all.yaml").write_text(as_yaml(selection))
    with zipfile.ZipFile(io.BytesIO(as_zip(as_files(selection), "metallb"))) as archive:
        for name in archive.namelist():
            target = tmp_path / name
            target.parent.mkdir(exist_ok=True)
            target.write_bytes(archive.read(name))
    for argv in (("-f", str(tmp_path / "all.yaml")), ("-k", str(tmp_path / "metallb"))):
        kube.kubectl("apply", *argv)
        assert _generations(kube) == before


def test_no_two_objects_share_a_file(kube: RunningCluster, office: Office) -> None:
    """Names and namespaces may hold `-`, so that a-b/c and a/b-c, or c in a-b, must not become one."""
    for namespace in ("a", "a-b"):
        kube.call(kube.server.store.create, "namespaces", {"metadata": {"name": namespace}})
    for namespace, name in (("a-b", "c"), ("a", "b-c"), (NAMESPACE, "a-b-c")):
        made = example("BFDProfile", name)
        made["metadata"]["namespace"] = namespace
        kube.add(made)
    office.look()
    files = as_files(Selection(office.cluster))
    assert len(files) == 4
