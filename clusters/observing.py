"""How the sessions of a cluster are observed: what was chosen, what is possible, and why it is not the same."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.conf import settings

from clusters.models import Cluster, StatusObject
from clusters.watched import watching
from intent.modes import release
from intent.snapshot import Mode

Way, Choice = Cluster.Observing, Cluster.Observe
QUIET_INTERVAL = 60.0  # seconds; a node is asked at most so often in quiet mode
REPORTED = "BGPSessionState"  # what frr-k8s says of each session
_WITH_GUARDED = (0, 16, 0)  # the first release whose speakers answer no scrape without one
LABELS: Mapping[str, str] = {
    Way.SWEEP: "every speaker is asked with every sweep",
    Way.QUIET: "quiet: each speaker is asked once a minute at most",
    Way.NO_EXEC: "no exec: only what FRR-K8s reports is known",
    Way.METRICS: "native mode: only what the speakers' metrics tell is known",
    Way.NOTHING: "nothing can be known of sessions",
}
_GRANT_EXEC = "Grant get and create on pods/exec in {rooms}; the page of the cluster has the Role."
_NO_EXEC_CHOSEN = "bgpui runs no command in this cluster, as was chosen."
_NATIVE = "MetalLB runs in native mode: there is no FRR that could be asked."
_ONLY_FRR_K8S = "Nothing reports the sessions: only FRR-K8s writes BGPSessionStates (0.0.18 and newer)."
_GUARDED = (
    "From MetalLB 0.16 on the speakers' metrics ask for a token, and the API server passes none on; {version}. "
    "Use FRR-K8s mode."
)
_METRICS_RIGHT = "Allow bgpui to get pods/proxy in {room} to read the speakers' metrics, or use FRR-K8s mode."


@dataclass(frozen=True, slots=True)
class Decision:
    """A way of `Cluster.Observing`. why: what stands in the way of another one, with the way out; "" = nothing does."""

    way: str
    why: str = ""


def chosen(cluster: Cluster) -> str:
    """What was chosen for a cluster, or else by the settings."""
    return cluster.observe or str(settings.BGPUI_OBSERVE)


def decide(cluster: Cluster) -> Decision:
    """How to observe a cluster now; at most one query."""
    wanted = chosen(cluster)
    if cluster.mode == Mode.NATIVE.value:
        return _native(cluster)
    refused = exec_refused(cluster)
    if wanted == Choice.NO_EXEC or refused:
        why = _NO_EXEC_CHOSEN if wanted == Choice.NO_EXEC else refused
        missing = _unreported(cluster)
        return Decision(Way.NOTHING, f"{why} {missing}") if missing else Decision(Way.NO_EXEC, why)
    if wanted == Choice.QUIET:
        missing = _unwatched(cluster)
        return Decision(Way.SWEEP, missing) if missing else Decision(Way.QUIET)
    return Decision(Way.SWEEP)


def observing_write(cluster: Cluster) -> bool:
    """Keep how it is observed from now on; whether that is news."""
    found = decide(cluster)
    values = {"observing": found.way, "observing_why": found.why[:500]}
    if all(getattr(cluster, name) == value for name, value in values.items()):
        return False
    for name, value in values.items():
        setattr(cluster, name, value)
    Cluster.objects.filter(pk=cluster.pk).update(**values)
    return True


def exec_refused(cluster: Cluster) -> str:
    """Why no command may be run in the pods with FRR, as the API server said when it was asked; "" = it may."""
    rights = [each for each in cluster.permissions if each.get("subresource") == "exec"]
    refused = sorted({str(each.get("namespace")) for each in rights if not each.get("allowed")})
    if not refused or len(refused) < len({each.get("namespace") for each in rights}):
        return ""  # where some rooms allow it, each pod's own answer counts
    return f"bgpui may not run commands in the pods with FRR. {_GRANT_EXEC.format(rooms=', '.join(refused))}"


def interval_of(cluster: Cluster) -> float | None:
    """Seconds between two questions to a speaker at the least; None if it is asked nothing."""
    if not asks(cluster):
        return None
    interval = float(settings.BGPUI_SWEEP_INTERVAL)
    return max(QUIET_INTERVAL, interval) if cluster.observing == Way.QUIET else interval


def told_of(cluster: Cluster) -> bool:
    """Whether people have to know how it is observed."""
    return cluster.observing != Way.SWEEP or bool(cluster.observing_why)


def asks(cluster: Cluster) -> bool:
    """Whether commands are run in its pods."""
    return cluster.observing in (Way.SWEEP, Way.QUIET)


def reported_streams(cluster: Cluster) -> list[Mapping[str, Any]]:
    """The event streams of what frr-k8s says of sessions."""
    return [stream for stream in cluster.streams if str(stream.get("name", "")).startswith("bgpsessionstates")]


def reports_are_watched(cluster: Cluster) -> bool:
    """Whether these are live."""
    streams = reported_streams(cluster)
    return watching(cluster) in ("live", "partly") and bool(streams) and all(each["live"] for each in streams)


def _unreported(cluster: Cluster) -> str:
    """Why no BGPSessionState can be had."""
    if cluster.mode != Mode.FRR_K8S.value or not cluster.served.get("bgpsessionstates.frrk8s.metallb.io"):
        return _ONLY_FRR_K8S
    rights = [each for each in cluster.permissions if each.get("resource") == "bgpsessionstates"]
    if rights and not any(each.get("allowed") for each in rights if each.get("verb") == "list"):
        return "Nor may it read what FRR-K8s reports: allow it to list and watch bgpsessionstates."
    return ""


def _unwatched(cluster: Cluster) -> str:
    """Why quiet mode is not to be trusted now: nothing would say at once that a session has changed."""
    if missing := _unreported(cluster):
        return f"Quiet mode needs reports of sessions, so every sweep asks. {missing}"
    if not reports_are_watched(cluster):
        return (
            "Quiet mode needs a live event stream of BGPSessionStates, so every sweep asks until there is one. "
            "Keep manage.py watch running; the page of the cluster says which streams are live."
        )
    if not StatusObject.objects.filter(cluster=cluster, kind=REPORTED).exists():
        return "Quiet mode needs BGPSessionStates, and FRR-K8s has written none, so every sweep asks."
    return ""


def _native(cluster: Cluster) -> Decision:
    if release(cluster.metallb_version) >= _WITH_GUARDED:
        version = (
            f"this is {cluster.metallb_version}" if cluster.metallb_version else "which release this is nobody says"
        )
        return Decision(Way.NOTHING, f"{_NATIVE} {_GUARDED.format(version=version)}")
    proxy = [each for each in cluster.permissions if each.get("subresource") == "proxy"]
    if any(each.get("allowed") for each in proxy):
        return Decision(Way.METRICS, _NATIVE)
    return Decision(Way.NOTHING, f"{_NATIVE} {_METRICS_RIGHT.format(room=cluster.namespace)}")
