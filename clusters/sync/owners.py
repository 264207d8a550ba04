"""Whose object it is, where that tool takes it from, and what becomes of a change that is made here all the same.

Sources of the marks: Argo CD's "resource tracking", Flux's kustomize-controller and helm-controller, Helm 3's ownership
metadata, OLM's owner labels, kapp's app label, Rancher Fleet's bundle label, Config Sync's managed annotation.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from clusters.sync.ownership import foreign_writers, is_persons
from intent.findings import shown

_NAME = re.compile(r"[a-z0-9]([-.a-z0-9]{0,251}[a-z0-9])?")
_INSTANCE, _MANAGED_BY = "app.kubernetes.io/instance", "app.kubernetes.io/managed-by"
_TRACKING, _ARGO = "argocd.argoproj.io/tracking-id", "argocd.argoproj.io/instance"
_KUSTOMIZE, _HELM_RELEASE = "kustomize.toolkit.fluxcd.io", "helm.toolkit.fluxcd.io"
_RELEASE, _ROOM, _CHART = "meta.helm.sh/release-name", "meta.helm.sh/release-namespace", "helm.sh/chart"
_OLM, _OLM_KIND, _OLM_ROOM = "olm.owner", "olm.owner.kind", "olm.owner.namespace"


@dataclass(frozen=True, slots=True)
class Owner:
    """tool: "Argo CD". item: what of it the object belongs to, "application net", "" = not known. evidence: what tells.

    where: a sentence about where the object probably lives. command: shows that, "" = none. taken: what becomes of the
    object when its fields are taken over.
    """

    tool: str
    item: str
    evidence: str
    where: str
    command: str
    taken: str

    @property
    def words(self) -> str:
        """ "Argo CD (application net)"."""
        return f"{self.tool} ({self.item})" if self.item else self.tool


def owner_of(obj: Mapping[str, Any]) -> Owner | None:
    """The GitOps tool, chart or operator whose object this is; None if people write it."""
    marks = _Marks.of(obj)
    return next((found for look in _LOOKS for found in look(marks)), None)


def looked_after_by(obj: Mapping[str, Any]) -> str:
    """The same in words, "" = nobody."""
    owner = owner_of(obj)
    return owner.words if owner is not None else ""


def _command(form: str, *names: str) -> str:
    """A command line, "" if something in it is no name: a text from the cluster may be anything."""
    return form.format(*names) if all(_NAME.fullmatch(name) for name in names) else ""


@dataclass(frozen=True, slots=True)
class _Marks:
    """What an object says of its owners. writers: foreign managers of its spec, names as they are written."""

    labels: Mapping[str, Any]
    annotations: Mapping[str, Any]
    references: tuple[Mapping[str, Any], ...]
    namespace: str
    writers: tuple[str, ...]

    @classmethod
    def of(cls, obj: Mapping[str, Any]) -> _Marks:
        metadata = obj.get("metadata") or {}
        references = tuple(one for one in metadata.get("ownerReferences") or () if isinstance(one, Mapping))
        first = sorted(references, key=lambda one: not one.get("controller"))
        rooms = metadata.get("labels") or {}, metadata.get("annotations") or {}
        return cls(*rooms, tuple(first), str(metadata.get("namespace", "")), foreign_writers(obj))

    def get(self, key: str) -> str:
        """A label or annotation, "" = there is none."""
        return shown(str(self.labels.get(key) or self.annotations.get(key) or ""))

    def told(self, key: str) -> str:
        """Where a key stands, in words."""
        return f"{'label' if key in self.labels else 'annotation'} {key}"

    def writer(self, *names: str) -> str:
        """The first of the writers whose name begins so, "" = none."""
        return next((one for one in self.writers if one.lower().startswith(names)), "")


def _referred(marks: _Marks) -> Iterator[Owner]:
    for one in marks.references[:1]:
        kind, name = shown(str(one.get("kind", "owner"))), shown(str(one.get("name", "")))
        yield Owner(
            f"{kind} {name}".strip(),
            "",
            "metadata.ownerReferences",
            f"The {kind} {name} made it, by its controller: change it there, or in what that is made from.",
            _command("oc get {} -n {} {} -o yaml", kind.lower(), marks.namespace, name),
            "Its controller writes it again whenever it reconciles, and the object goes when its owner goes.",
        )


def _argo(marks: _Marks) -> Iterator[Owner]:
    writer = marks.writer("argocd")
    key = next((one for one in (_TRACKING, _ARGO) if marks.get(one)), "")
    if not key and not writer:
        return
    name = marks.get(key).partition(":")[0] if key else marks.get(_INSTANCE)
    room, _, app = name.rpartition("_")  # an application outside Argo CD's own namespace
    item = f"application {f'{room}/' if room else ''}{app}" if name else ""
    there = f" of {item}" if item else ""
    yield Owner(
        "Argo CD",
        item,
        marks.told(key) if key else f"field manager {writer}",
        f"Probably in the Git repository, path or chart that the source{there} names.",
        _command("oc get applications.argoproj.io -A --field-selector metadata.name={} -o yaml", app),
        "Argo CD puts it back at its next sync: at once if self-heal is on, else when somebody or automated sync does "
        "it, and until then it calls the application OutOfSync. Switch self-heal off, or take the object out of the "
        "application, first.",
    )


def _flux(marks: _Marks) -> Iterator[Owner]:
    for group, kind, writer, source in (
        (_KUSTOMIZE, "Kustomization", "kustomize-controller", "the path in the source that it names"),
        (_HELM_RELEASE, "HelmRelease", "helm-controller", "the values or the chart that it names"),
    ):
        name, room, wrote = marks.get(f"{group}/name"), marks.get(f"{group}/namespace"), marks.writer(writer)
        if not name and not wrote:
            continue
        item = f"{kind} {room}/{name}" if room else f"{kind} {name}" if name else kind
        yield Owner(
            "Flux",
            item,
            marks.told(f"{group}/name") if name else f"field manager {wrote}",
            f"Probably in the Git repository of {item}: {source}.",
            _command(f"oc get {kind.lower()}s.{group} -n {{}} {{}} -o yaml", room, name),
            f"Flux applies it again at every interval of the {kind}, by force, so the change lasts minutes. Suspend "
            f"the {kind}, or annotate the object with {_KUSTOMIZE}/reconcile: disabled in Git, first.",
        )


def _helm(marks: _Marks) -> Iterator[Owner]:
    name, wrote = marks.get(_RELEASE), marks.writer("helm")
    by_label = marks.get(_MANAGED_BY) == "Helm"
    if not (name or wrote or by_label):
        return
    name = name or (marks.get(_INSTANCE) if by_label else "")
    room, chart = marks.get(_ROOM) or marks.namespace, marks.get(_CHART)
    item = f"release {room}/{name}" if name else ""
    source = f"the values of {item}" if item else "the values of its release"
    told = marks.told(_RELEASE) if marks.get(_RELEASE) else marks.told(_MANAGED_BY)
    yield Owner(
        "Helm",
        item,
        told if marks.get(_RELEASE) or by_label else f"field manager {wrote}",
        f"Probably in {source}{f', or the chart {chart}' if chart else ''}.",
        _command("helm get values -n {} {}", room, name),
        "Helm does not look at it until the next upgrade or rollback. Then it writes the fields that the chart or the "
        "values change, or refuses because bgpui holds them; change the values too, or the difference comes back.",
    )


def _marked(marks: _Marks) -> Iterator[Owner]:
    """Tools with a single mark that names what the object belongs to."""
    for key, tool, kind in (
        ("fleet.cattle.io/bundle-id", "Rancher Fleet", "bundle"),
        ("objectset.rio.cattle.io/id", "Rancher Fleet", "set"),
        ("configmanagement.gke.io/managed", "Config Sync", ""),
        ("kapp.k14s.io/app", "kapp", "app"),
    ):
        if value := marks.get(key):
            yield _other(tool, f"{kind} {value}" if kind else "", marks.told(key))


def _olm(marks: _Marks) -> Iterator[Owner]:
    if name := marks.get(_OLM):
        kind, room = marks.get(_OLM_KIND) or "ClusterServiceVersion", marks.get(_OLM_ROOM)
        yield Owner(
            "Operator Lifecycle Manager",
            f"{kind} {name}",
            marks.told(_OLM),
            f"{kind} {name} installs it; change it in the Subscription's config or the operator's own resource.",
            _command("oc get {} -n {} {} -o yaml", kind.lower(), room or marks.namespace, name),
            "OLM writes it again when it installs or upgrades the operator.",
        )


def _named(marks: _Marks) -> Iterator[Owner]:
    """Whoever names himself in the recommended label, or wrote the spec."""
    if (tool := marks.get(_MANAGED_BY)) and not is_persons(tool):
        yield _other(tool, "", marks.told(_MANAGED_BY))
    for writer in marks.writers[:1]:
        yield _other(writer, "", f"field manager {writer}")


def _other(tool: str, item: str, evidence: str) -> Owner:
    where = f"Where {tool} takes {item or 'its objects'} from; bgpui does not know more of it."
    taken = f"{tool} may write the fields again whenever it looks at the object, or refuse because bgpui holds them."
    return Owner(tool, item, evidence, where, "", taken)


_LOOKS: tuple[Callable[[_Marks], Iterator[Owner]], ...] = (_referred, _argo, _flux, _helm, _marked, _olm, _named)
