"""Deployments as the API server prepares and judges them (k8s.io/kubernetes pkg/apis/apps)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from intent.selectors import matches
from lab.apiserver.errors import INVALID, REQUIRED, FieldError
from lab.apiserver.resources import Manifest, Resource

_POD = {
    "restartPolicy": "Always",
    "terminationGracePeriodSeconds": 30,
    "dnsPolicy": "ClusterFirst",
    "securityContext": {},
    "schedulerName": "default-scheduler",
}
_CONTAINER = {
    "resources": {},
    "terminationMessagePath": "/dev/termination-log",
    "terminationMessagePolicy": "File",
}


def prepare(_resource: Resource, new: Manifest, _old: Manifest | None) -> None:
    """Defaults of a Deployment and of the pods that it describes."""
    spec = new.get("spec")
    if not isinstance(spec, dict):
        return  # the schema says what is missing
    spec.setdefault("strategy", {"type": "RollingUpdate"})
    if isinstance(spec["strategy"], dict) and spec["strategy"].get("type") == "RollingUpdate":
        spec["strategy"].setdefault("rollingUpdate", {"maxUnavailable": "25%", "maxSurge": "25%"})
    pod = (spec.get("template") or {}).get("spec")
    if not isinstance(pod, dict):
        return
    for name, value in _POD.items():
        pod.setdefault(name, value)
    for container in pod.get("containers") or ():
        if isinstance(container, dict):
            latest = ":" not in str(container.get("image", "")).rpartition("/")[2]
            container.setdefault("imagePullPolicy", "Always" if latest else "IfNotPresent")
            for name, value in _CONTAINER.items():
                container.setdefault(name, value)


def faults(new: Manifest, old: Manifest | None) -> Iterator[FieldError]:
    """Broken rules of a workload whose shape is right."""
    spec: dict[str, Any] = new["spec"]
    template = spec.get("template") or {}
    labels = (template.get("metadata") or {}).get("labels") or {}
    if not spec["selector"]:
        yield FieldError(INVALID, "spec.selector", "empty selector is invalid for deployment", spec["selector"])
    elif not matches(spec["selector"], labels):
        words = "`selector` does not match template `labels`"
        yield FieldError(INVALID, "spec.template.metadata.labels", words, labels)
    if not (template.get("spec") or {}).get("containers"):
        yield FieldError(REQUIRED, "spec.template.spec.containers")
    if old is not None and old["spec"]["selector"] != spec["selector"]:
        yield FieldError(INVALID, "spec.selector", "field is immutable", spec["selector"])
