"""What the pods of a session's node logged about it when it last changed. Asked on demand, by workers only."""

from __future__ import annotations

from clusters import clock
from clusters.doors import door_of
from clusters.kube.client import Door
from clusters.kube.errors import Forbidden, KubeError
from clusters.selectors import is_silent
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
    now = clock.now()
    if is_silent(session.cluster):
        return live.CommandResult(now, line, ok=False, error=session.cluster.error)
    if not speaker.pod:
        return live.CommandResult(now, "", ok=False, error="This node has no pod with FRR.")
    parts, failed = list[str](), ""
    try:
        door = door_of(session.cluster)
        parts += _read(door, session, speaker.namespace, speaker.pod, speaker.container)
        parts += _of_deciders(door, session)
    except Forbidden:
        failed = _DENIED.format(speaker.namespace)
    except KubeError as error:
        failed = error.message
    return live.CommandResult(now, line, ok=not failed, text="\n".join(parts), error=failed)


def _read(door: Door, session: Session, namespace: str, pod: str, container: str) -> list[str]:
    """The lines of one container under its name; FRR has always something to say, others only if it is of use."""
    text = door.pod_log(namespace, pod, container, lines=logs.TAIL, limit=logs.LIMIT)
    frr = container == session.speaker.container
    lines = logs.concerning(text, neighbor=session.neighbor, peer=session.peer, vrf=session.vrf, frr=frr)
    if not lines and not frr:
        return []
    return [f"— {pod}, {container} —", *(logs.around(lines, session.since) or [_NOTHING])]


def _of_deciders(door: Door, session: Session) -> list[str]:
    """What those said who decide what FRR runs: on FRR's own pod, and on that of MetalLB's speaker."""
    parts = []
    for room in dict.fromkeys(filter(None, (session.speaker.namespace, session.cluster.namespace))):
        try:
            for pod in door.pods(room, fields=f"spec.nodeName={session.node}"):
                names = [str(each.get("name", "")) for each in (pod.get("spec") or {}).get("containers") or ()]
                if session.speaker.container in names or "speaker" in names:
                    name = str(pod["metadata"]["name"])
                    for decider in (each for each in _DECIDERS if each in names):
                        parts += _read(door, session, room, name, decider)
        except Forbidden:  # FRR's own log is worth showing without
            parts.append(_DENIED.format(room))
    return parts
