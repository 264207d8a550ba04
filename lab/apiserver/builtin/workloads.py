"""Schemas of pods and of what makes pods (k8s.io/api core/v1 and apps/v1)."""

from __future__ import annotations

from lab.apiserver.builtin.shapes import CONDITIONS, METADATA, TEXT, atomic_map, closed, keyed, partly
from lab.apiserver.resources import Schema

_NUMBER = {"type": "integer"}
_PORT = partly(protocol={"type": "string", "default": "TCP"})
_CONTAINER = partly(
    env=keyed("name"),
    ports=keyed("containerPort", "protocol", item=_PORT),
    volumeMounts=keyed("mountPath"),
    volumeDevices=keyed("devicePath"),
)
_POD_SPEC = partly(
    containers=keyed("name", item=_CONTAINER) | {"description": "The containers of the pod."},
    initContainers=keyed("name", item=_CONTAINER),
    volumes=keyed("name"),
    imagePullSecrets=keyed("name"),
    hostAliases=keyed("ip"),
    nodeSelector=atomic_map(description="Labels that a node must have to run the pod."),
)
_TEMPLATE = partly(metadata=METADATA, spec=_POD_SPEC) | {"description": "What the pods are made from."}
_SELECTOR = atomic_map(description="Which pods belong to this object; it cannot be changed.")

POD: Schema = partly(spec=_POD_SPEC, status=CONDITIONS)
WORKLOAD: Schema = partly(spec=partly(template=_TEMPLATE, selector=_SELECTOR), status=CONDITIONS)
_REPLICAS = _NUMBER | {"minimum": 0, "description": "How many pods there should be."}
_MIN_READY = _NUMBER | {"default": 0, "description": "Seconds that a pod is ready before it counts as available."}
DEPLOYMENT: Schema = partly(
    spec=closed(
        replicas=_REPLICAS | {"default": 1},
        selector=_SELECTOR,
        template=_TEMPLATE,
        strategy=partly(type=TEXT) | {"description": "How pods are replaced by newer ones."},
        minReadySeconds=_MIN_READY,
        revisionHistoryLimit=_NUMBER | {"default": 10, "description": "How many older ReplicaSets are kept."},
        progressDeadlineSeconds=_NUMBER | {"default": 600},
        paused={"type": "boolean"},
    )
    | {"required": ["selector", "template"], "description": "What the Deployment should be."},
    status=CONDITIONS,
) | {"description": "Runs pods that are all alike and replaces them step by step."}
REPLICA_SET: Schema = partly(
    spec=closed(replicas=_REPLICAS | {"default": 1}, selector=_SELECTOR, template=_TEMPLATE, minReadySeconds=_MIN_READY)
    | {"required": ["selector"]},
    status=CONDITIONS,
) | {"description": "Keeps a number of pods that are all alike."}
