"""What the pods of a session's node logged about it when it last changed. Asked on demand, by workers only."""

from __future__ import annotations

from collections.abc import Iterator

from django.utils import timezone

from clusters.doors import door_of
from clusters.kube.client import Door
from clusters.kube.errors import Forbidden, KubeError
from speakers import live
from speakers.frr import commands, logs
from speakers.models import Session

# Who beside FRR decides what it runs: MetalLB's speaker, the controller of frr-k8s, and who reloads FRR.
_DECIDERS = ("speaker", "controller", "reloader")
_NOTHING = (
    "no line of the last 5,000 names this neighbor; FRR says more about neighbors if MetalLB's log level is debug"
)
_DENIED = "bgpui may not read logs: it needs get on pods/log in namespace {}; the cluster's page offers the Role."


def log_answer(session: Session) -> None:
    """Keep the lines for the pages."""
    live.command_put(session.pk, "log", _answer(session))


def _answer(session: Session) -> live.CommandResult:
    speaker = session.speaker
    line = commands.oc_log(speaker.namespace, speaker.pod, speaker.container, logs.TAIL)
    now = timezone.now()
    if not speaker.pod:
        return live.CommandResult(now, "", ok=False, error="This node has no pod with FRR.")
    parts, failed = list[str](), ""
    try:
        for pod, container, found in _found(door_of(session.cluster), session):
            parts += [f"— {pod}, {container} —", *found]
    except Forbidden:
        failed = _DENIED.format(speaker.namespace)
    except KubeError as error:
        failed = error.message
    return live.CommandResult(now, line, ok=not failed, text="\n".join(parts), error=failed)


def _found(door: Door, session: Session) -> Iterator[tuple[str, str, list[str]]]:
    """Pod, container, and the lines: of FRR, then of who decides what FRR runs, if they have any."""
    speaker = session.speaker
    for namespace, pod, container in _containers(door, session):
        text = door.pod_log(namespace, pod, container, lines=logs.TAIL, limit=logs.LIMIT)
        frr = container == speaker.container
        lines = logs.concerning(text, neighbor=session.neighbor, peer=session.peer, vrf=session.vrf, frr=frr)
        if lines or frr:
            yield pod, container, logs.around(lines, session.since) or [_NOTHING]


def _containers(door: Door, session: Session) -> list[tuple[str, str, str]]:
    speaker = session.speaker
    rooms = dict.fromkeys(filter(None, (speaker.namespace, session.cluster.namespace)))
    found = [(speaker.namespace, speaker.pod, speaker.container)]
    for room in rooms:
        for pod in door.pods(room, fields=f"spec.nodeName={session.node}"):
            names = [str(each.get("name", "")) for each in (pod.get("spec") or {}).get("containers") or ()]
            if speaker.container in names or "speaker" in names:
                name = str(pod["metadata"]["name"])
                found += [(room, name, decider) for decider in _DECIDERS if decider in names]
    return found
