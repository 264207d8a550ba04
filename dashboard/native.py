"""Native mode: what the speakers' metrics tell of sessions, read through the API server."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from functools import partial
from urllib.parse import urlsplit

from prometheus_client.parser import text_string_to_metric_families

from clusters import clock
from clusters.doors import door_of
from clusters.kube.client import Door
from clusters.kube.discovery import native_speakers
from clusters.kube.errors import Forbidden, KubeError, Unauthorized
from clusters.models import Cluster
from clusters.words import bounded
from intent.addresses import parse_address
from speakers.models import Session, Speaker
from speakers.reports import Report
from speakers.sweep import Observation

_LONGEST = 4 * 1024 * 1024  # bytes of one speaker's metrics
_AT_ONCE = 8
_UP, _SENT = "metallb_bgp_session_up", "metallb_bgp_announced_prefixes_total"
_PORT = 7472  # of MetalLB's manifests and charts until 0.15; from then on nobody is let in, see clusters.observing


def observations(cluster: Cluster, nodes: list[str]) -> list[Observation]:
    """What the speakers of these nodes say, one each."""
    door = door_of(cluster)
    try:
        pods = native_speakers(door, cluster.namespace)
    except KubeError as error:
        return [Observation(node, clock.now(), error=error.message, kept_out=True) for node in nodes]
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        return list(pool.map(partial(_observation, cluster, door, pods), nodes))


def _observation(cluster: Cluster, door: Door, pods: dict[str, str], node: str) -> Observation:
    at = clock.now()
    if node not in pods:
        return Observation(node, at, error="no speaker of MetalLB runs on this node")
    try:
        text = door.pod_metrics(cluster.namespace, pods[node], _PORT)
    except (Unauthorized, Forbidden) as error:
        return Observation(node, at, error=error.message, kept_out=True)
    except KubeError as error:
        return Observation(node, at, error=error.message)
    found = reports(text)
    if isinstance(found, str):
        return Observation(node, at, error=found)
    told = tuple(Report("default", neighbor, *said, seen_at=at, sent=sent, reason="only-metrics")
                 for neighbor, (said, sent) in found.items())  # fmt: skip
    return Observation(node, at, reports=told, source=Speaker.Source.METRICS.value)


def reports(text: bytes) -> dict[str, tuple[tuple[str, str], int | None]] | str:
    """State and BFD ("" = none), and announced prefixes, by neighbor; why the text cannot be read.

    Native mode tells only whether a session is Established: another one is called Idle.
    """
    if len(text) > _LONGEST:
        return "its metrics are too long"
    up, sent = dict[str, bool](), dict[str, int]()
    try:
        for family in text_string_to_metric_families(text.decode()):
            for sample in family.samples:
                neighbor = _neighbor(sample.labels.get("peer", ""))
                if sample.name == _UP and neighbor:
                    up[neighbor] = sample.value == 1
                elif sample.name == _SENT and neighbor and 0 <= sample.value < 2**31:
                    sent[neighbor] = int(sample.value)
    except (ValueError, KeyError, IndexError, TypeError) as error:
        return f"its metrics cannot be read: {bounded(error, 100)}"
    states = (str(Session.State.IDLE), str(Session.State.ESTABLISHED))
    return {neighbor: ((states[is_up], ""), sent.get(neighbor)) for neighbor, is_up in up.items()}


def _neighbor(peer: str) -> str:
    """The address of "10.0.0.1:179" or "[2001:db8::1]:179"."""
    try:
        host = urlsplit(f"//{peer}").hostname or ""
    except ValueError:
        return ""
    address = parse_address(host)
    return str(address) if address else ""
