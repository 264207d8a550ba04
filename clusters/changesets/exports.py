"""Objects of a cluster as clean manifests: one YAML stream, or a folder for Kustomize."""

from __future__ import annotations

import gzip
import io
import tarfile
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from clusters.changesets.order import kinds_in_order
from clusters.editing.yaml_text import manifest_yaml
from clusters.manifest import Object, has_inline_password, plain
from clusters.models import Cluster, Resource
from clusters.registry import resource_models
from clusters.selectors import resource_list
from intent.kinds import Kind
from intent.selectors import matches

_STAMP = (2020, 1, 1, 0, 0, 0)  # the same objects make the same archive, to the byte
_SEPARATOR = "---\n"
_KUSTOMIZATION = "kustomization.yaml"


@dataclass(frozen=True, slots=True)
class Selection:
    """What to export. kinds, names: () = all. labels: a selector as Kubernetes writes it, None = all."""

    cluster: Cluster
    kinds: Sequence[str] = ()
    names: Sequence[str] = ()
    labels: Mapping[str, object] | None = None


def exported(selection: Selection) -> Iterator[tuple[Object, str]]:
    """The objects that the cluster holds, what is referred to first, each with a remark, "" = none."""
    for kind in kinds_in_order(selection.kinds or list(resource_models())):
        rows = resource_list(kind, cluster=selection.cluster).filter(live__isnull=False).order_by("namespace", "name")
        if selection.names:
            rows = rows.filter(name__in=list(selection.names))
        for row in rows:
            manifest = canonical(row)
            if selection.labels is None or matches(selection.labels, manifest["metadata"].get("labels", {})):
                secret = has_inline_password(row.live)
                yield manifest, "spec.password is set in the cluster and not included" if secret else ""


def canonical(row: Resource) -> Object:
    """The object without what the server sets, defaults, and secrets; keys in a fixed order."""
    return canonical_of(row.KIND, row.live or {})


def canonical_of(kind: Kind, obj: Mapping[str, Any]) -> Object:
    """The same of any object of the kind."""
    manifest = plain(obj) or {}
    metadata = manifest["metadata"]
    kept = {name: metadata[name] for name in ("name", "namespace")}
    kept |= {name: dict(sorted(metadata[name].items())) for name in ("labels", "annotations") if name in metadata}
    spec = _ordered(kind, kind.canonical(manifest["spec"]))
    return {"apiVersion": kind.api_version, "kind": kind.kind, "metadata": kept, "spec": spec}


def _ordered(kind: Kind, spec: Mapping[str, object]) -> Object:
    order = {field.name: index for index, field in enumerate(kind.fields)}
    return dict(sorted(spec.items(), key=lambda pair: (order.get(pair[0], len(order)), pair[0])))


def as_yaml(selection: Selection) -> str:
    """All of them as one stream."""
    return _SEPARATOR.join(_document(*one) for one in exported(selection))


def _document(manifest: Object, remark: str) -> str:
    return (f"# {remark}\n" if remark else "") + manifest_yaml(manifest)


def as_files(selection: Selection) -> dict[str, str]:
    """A Kustomize folder: a file for each object, and kustomization.yaml that names them in order."""
    files = {}
    for manifest, remark in exported(selection):
        metadata = manifest["metadata"]
        elsewhere = metadata["namespace"] != selection.cluster.namespace
        room = f"{metadata['namespace']}_" if elsewhere else ""  # _ is in no name, so that no two files are one
        files[f"{manifest['kind'].lower()}-{room}{metadata['name']}.yaml"] = _document(manifest, remark)
    head = {"apiVersion": "kustomize.config.k8s.io/v1beta1", "kind": "Kustomization", "resources": list(files)}
    return {_KUSTOMIZATION: manifest_yaml(head), **files}


def as_zip(files: Mapping[str, str], folder: str) -> bytes:
    """The folder as .zip."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in files.items():
            archive.writestr(zipfile.ZipInfo(f"{folder}/{name}", _STAMP), text, zipfile.ZIP_DEFLATED)
    return buffer.getvalue()


def as_tar(files: Mapping[str, str], folder: str) -> bytes:
    """The folder as .tar.gz."""
    buffer = io.BytesIO()
    with (
        gzip.GzipFile(fileobj=buffer, mode="wb", mtime=0) as packed,
        tarfile.open(fileobj=packed, mode="w") as archive,
    ):
        for name, text in files.items():
            raw = text.encode()
            entry = tarfile.TarInfo(f"{folder}/{name}")
            entry.size, entry.mode = len(raw), 0o644
            archive.addfile(entry, io.BytesIO(raw))
    return buffer.getvalue()
