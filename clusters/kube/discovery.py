"""What runs in the cluster: the pods with FRR, the mode and version of MetalLB."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from clusters.kube.client import Door
from clusters.kube.errors import Forbidden
from clusters.kube.transport import Objects
from intent.modes import Mode

FRR_CONTAINER = "frr"
# One of these carries every pod with FRR that MetalLB's manifests, charts and operators make, in whatever namespace.
SELECTORS = ("component in (speaker,frr-k8s)", "app.kubernetes.io/component in (speaker,frr-k8s)")
NAMESPACES = ("metallb-system", "frr-k8s-system", "openshift-frr-k8s")
_CLEANER = "statuscleaner"
_PASSTHROUGH, _IGNORE_EXCLUDE = "frrk8s-secret-passthrough", "ignore-exclude-lb"
_TAG = re.compile(r":(?P<tag>v?\d[\w.-]{0,38})(?:@.*)?$", re.ASCII)
_MODES = {mode.value: mode for mode in (Mode.FRR, Mode.FRR_K8S, Mode.NATIVE)}


@dataclass(frozen=True, slots=True)
class FrrPod:
    """A pod with a container `frr`. ready: "4/4" containers. running: commands can be run in that container."""

    namespace: str
    name: str
    uid: str
    node: str
    container: str
    image: str
    version: str
    phase: str
    ready: str
    running: bool
    restarts: int
    started_at: datetime | None


@dataclass(frozen=True, slots=True)
class Problem:
    """What is missing for the work, and the way out."""

    text: str
    way_out: str


@dataclass(frozen=True, slots=True)
class MetalLB:
    """The MetalLB of a cluster. namespace: of its speakers; version: "v0.16.1"; both "" if not known.

    secret_passthrough: the speakers give FRR-K8s the names of Secrets instead of passwords. ignores_exclude: they
    announce from nodes that are excluded from load balancers, too.
    """

    mode: Mode
    namespace: str
    version: str
    pods: tuple[FrrPod, ...]
    problems: tuple[Problem, ...]
    secret_passthrough: bool = False
    ignores_exclude: bool = False


def find_metallb(door: Door, namespaces: Iterable[str] = ()) -> MetalLB:
    """Look for MetalLB, by label in the whole cluster; without the right to that, in usual and the given namespaces.

    One pod a node: the speaker's own FRR in FRR mode, that of FRR-K8s otherwise. Raises KubeError if the cluster does
    not answer or allows none of it.
    """
    found = _list(door, namespaces)
    # MetalLB's pods use the node's network, which the policies of a cluster keep from tenants: theirs are not asked.
    pods = [pod for pod in found if (pod.get("spec") or {}).get("hostNetwork")] or found
    speakers = [pod for pod in pods if "speaker" in _containers(pod)]
    with_frr = [pod for pod in pods if FRR_CONTAINER in _containers(pod) and not _is_cleaner(pod)]
    own = [pod for pod in with_frr if "speaker" in _containers(pod)]
    mode = _mode(speakers, own, with_frr)
    chosen = [pod for pod in with_frr if pod not in own] if mode is Mode.FRR_K8S else own or with_frr
    frr = tuple(sorted(map(_frr_pod, chosen), key=lambda pod: (pod.node, not pod.running, pod.name)))
    versions = (_version(_container(pod, "speaker").get("image")) for pod in speakers)
    return MetalLB(
        mode=mode,
        namespace=_most(str(pod["metadata"].get("namespace", "")) for pod in speakers),
        version=_most(versions),
        pods=tuple({pod.node: pod for pod in reversed(frr) if pod.node}.values())[::-1],
        problems=tuple(_problems(mode, speakers, frr)),
        secret_passthrough=any(_flagged(pod, _PASSTHROUGH) for pod in speakers),
        ignores_exclude=any(_flagged(pod, _IGNORE_EXCLUDE) for pod in speakers),
    )


def native_speakers(door: Door, namespace: str) -> dict[str, str]:
    """The pods of MetalLB's speakers that run, by node. Raises KubeError."""
    pods = [pod for selector in SELECTORS for pod in door.pods(namespace, labels=selector)]
    running = [pod for pod in pods if "speaker" in _containers(pod) and _phase(pod) == "Running"]
    return {str((pod.get("spec") or {}).get("nodeName", "")): str(pod["metadata"]["name"]) for pod in running}


def _phase(pod: dict[str, Any]) -> str:
    return str((pod.get("status") or {}).get("phase", ""))


def _list(door: Door, namespaces: Iterable[str]) -> Objects:
    try:
        found = [pod for selector in SELECTORS for pod in door.pods(labels=selector)]
        if not any(FRR_CONTAINER in _containers(pod) or "speaker" in _containers(pod) for pod in found):
            found = door.pods(fields="status.phase=Running")  # other labels than the usual ones
    except Forbidden as refusal:
        found, allowed = [], False
        for namespace in dict.fromkeys((*namespaces, *NAMESPACES)):
            try:
                found += door.pods(namespace)
                allowed = True
            except Forbidden:
                continue
        if not allowed:
            raise refusal from None
    return list({pod["metadata"].get("uid", ""): pod for pod in found}.values())


def _mode(speakers: list[Any], own: list[Any], with_frr: list[Any]) -> Mode:
    named = Counter(_named_mode(pod) for pod in speakers)
    named.pop(None, None)
    if named:
        return named.most_common(1)[0][0] or Mode.UNKNOWN
    if own:
        return Mode.FRR
    if with_frr:
        return Mode.FRR_K8S
    return Mode.NATIVE if speakers else Mode.UNKNOWN


def _named_mode(pod: dict[str, Any]) -> Mode | None:
    for variable in _container(pod, "speaker").get("env") or ():
        if variable.get("name") == "METALLB_BGP_TYPE":
            return _MODES.get(str(variable.get("value")))
    return None


def _flagged(speaker: dict[str, Any], flag: str) -> bool:
    """Whether the flag is set, as Go's package `flag` reads it."""
    container = _container(speaker, "speaker")
    words = [str(word) for name in ("command", "args") for word in container.get(name) or ()]
    values = [word.lstrip("-").partition("=") for word in words if word.startswith("-")]
    found = [value for name, _, value in values if name == flag]
    return bool(found) and found[-1].lower() not in {"false", "f", "0"}


def _problems(mode: Mode, speakers: list[Any], frr: tuple[FrrPod, ...]) -> Iterable[Problem]:
    if not speakers and not frr:
        yield Problem(
            "No MetalLB was found: no pod runs a speaker or FRR.",
            "Install MetalLB, or allow bgpui to list pods in the namespace that it runs in.",
        )
    elif mode is Mode.NATIVE:
        yield Problem(
            "MetalLB runs in native mode: there is no FRR that could be asked about sessions.",
            "Use MetalLB's FRR-K8s or FRR mode to see sessions; the speakers' metrics tell little, by pods/proxy.",
        )
    elif not frr:
        yield Problem(
            f"MetalLB runs in {mode.value} mode, but no pod with FRR was found.",
            "Look for the pods of FRR-K8s, and allow bgpui to list pods in their namespace.",
        )


def _frr_pod(pod: dict[str, Any]) -> FrrPod:
    metadata, status = pod["metadata"], pod.get("status") or {}
    states = status.get("containerStatuses") or ()
    frr: dict[str, Any] = next((state for state in states if state.get("name") == FRR_CONTAINER), {})
    image = str(_container(pod, FRR_CONTAINER).get("image", ""))[:300]
    phase = str(status.get("phase", ""))[:20]
    up = "running" in (frr.get("state") or {}) if states else True
    return FrrPod(
        namespace=str(metadata.get("namespace", "")),
        name=str(metadata.get("name", "")),
        uid=str(metadata.get("uid", "")),
        node=str((pod.get("spec") or {}).get("nodeName", "")),
        container=FRR_CONTAINER,
        image=image,
        version=_version(image),
        phase=phase,
        ready=f"{sum(bool(state.get('ready')) for state in states)}/{len(_containers(pod))}",
        running=phase == "Running" and up and not metadata.get("deletionTimestamp"),
        restarts=int(frr.get("restartCount") or 0),
        started_at=_instant(status.get("startTime")),
    )


def _containers(pod: dict[str, Any]) -> tuple[str, ...]:
    return tuple(str(entry.get("name", "")) for entry in (pod.get("spec") or {}).get("containers") or ())


def _container(pod: dict[str, Any], name: str) -> dict[str, Any]:
    containers = (pod.get("spec") or {}).get("containers") or ()
    return next((entry for entry in containers if entry.get("name") == name), {})


def _is_cleaner(pod: dict[str, Any]) -> bool:
    labels = (pod.get("metadata") or {}).get("labels") or {}
    return labels.get("app.kubernetes.io/component") == _CLEANER


def _version(image: object) -> str:
    found = _TAG.search(str(image or ""))
    return found["tag"] if found else ""


def _most(values: Iterable[str]) -> str:
    counted = Counter(value for value in values if value)
    return counted.most_common(1)[0][0] if counted else ""


def _instant(text: object) -> datetime | None:
    try:
        return datetime.fromisoformat(str(text)) if text else None
    except ValueError:
        return None
