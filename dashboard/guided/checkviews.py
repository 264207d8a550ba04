"""The documentation's checks of a peer, in their order and live: speakers run, sessions stand, services go out."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import permission_required
from django.core.exceptions import PermissionDenied
from django.db.models import Q, QuerySet
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST

from clusters.changesets.drafts import SetDraft
from clusters.changesets.pages import set_review
from clusters.kube.plain import MANAGED_BY, PLAIN_KINDS
from clusters.kube.writing import FIELD_MANAGER
from clusters.models import ChangeSet, Cluster, Service
from clusters.observing import asks
from clusters.pages import HttpRequest, page_of, render_page
from clusters.words import DEFAULT_VRF
from clusters.workloads import workloads_refused
from dashboard import facts, observe
from dashboard.guided import workload
from dashboard.guided.advertised import Meant, SessionRoutes, families
from dashboard.guided.asking import NODES
from dashboard.guided.left import objects_left, set_of
from dashboard.guided.wayback import way_back
from dashboard.limited import limited
from dashboard.tallies import tallies
from intent.modes import Mode
from peers.models import BGPPeer
from speakers.models import Session, Speaker
from speakers.selectors import sessions

_WORDS = {"yes": "passed", "no": "failed", "unknown": "not known"}


@require_GET
@permission_required(("peers.view_bgppeer", "speakers.view_session"), raise_exception=True)
def page(request: HttpRequest, cluster: str, namespace: str, name: str) -> HttpResponse:
    """The page, or its live part; of a peer that is gone what is left of the change set that it came with."""
    made = set_of(cluster, namespace, name)
    peer = _peers().filter(cluster__name=cluster, namespace=namespace, name=name).first()
    if peer is None:
        return _gone(request, made, name)
    shown = page_of(request, _sessions(peer), NODES)
    meant = Meant(peer.cluster, name, [session.node for session in shown])
    routes = [meant.on(session) for session in shown]
    vrf = peer.vrf or DEFAULT_VRF
    nodes = set(_sessions(peer).order_by().values_list("node", flat=True))
    refusal = workloads_refused(request.user, peer.cluster)
    context = {
        "peer": peer,
        "vrf": vrf,
        "tally": tallies([peer])[0],
        "page": shown,
        "speakers": [(session.speaker, *_speaker(session.speaker)) for session in shown],
        "sessions": [(session, facts.neighbor_command(session)) for session in shown],
        "routes": routes,
        "may_ask": asks(peer.cluster),
        "asking": any(one.asking for one in routes),
        "steps": _steps(shown, routes),
        "pods_command": _pods_command(peer.cluster),
        "back": way_back(peer.cluster, vrf, peer.peer_address or "", nodes) if peer.vrf else None,
        "may_remove": _is_for(peer, meant) and not refusal,
        "made": made,
        "may_revert": request.user.has_perm("clusters.add_changeset"),
    }
    return render_page(request, "guided/checks.html", context, part="live")


def _gone(request: HttpRequest, made: ChangeSet | None, name: str) -> HttpResponse:
    if made is None:
        raise Http404
    objects = objects_left(made)
    plain = any(item.kind in PLAIN_KINDS for item, _ in objects)
    refusal = workloads_refused(request.user, made.cluster) if plain else ""
    context = {
        "change_set": made,
        "name": name,
        "objects": objects,
        "may_remove": plain and not refusal,
        "refusal": refusal,
        "may_revert": request.user.has_perm("clusters.add_changeset"),
    }
    return render_page(request, "guided/left.html", context, part="live")


@require_POST
@permission_required(("peers.view_bgppeer", "speakers.view_session"), raise_exception=True)
@limited
def ask(request: HttpRequest, cluster: str, namespace: str, name: str) -> HttpResponse:
    """Let workers ask the FRR of the nodes on this page for its tables; the answers arrive there."""
    peer = _peer(cluster, namespace, name)
    for session in page_of(request, _sessions(peer), NODES):
        for family in families(session):
            observe.ask(session, family)
    number = request.GET.get("page", "")
    where = reverse("guided-checks", args=[cluster, namespace, name])
    return redirect(f"{where}?page={number}" if number.isascii() and number.isdigit() else where)


@require_GET
def remove_test(request: HttpRequest, cluster: str) -> HttpResponse:
    """Review of the removal of the workload for a test."""
    row = get_object_or_404(Cluster, name=cluster)
    if refusal := workloads_refused(request.user, row):
        raise PermissionDenied(refusal)
    if not workload.is_there(row):
        messages.info(request, f"There is no test workload that bgpui made in cluster {row.name}.")
        return redirect("guides")
    draft = SetDraft(row, workload.removal(), "Remove the test workload", note="Remove the test workload")
    return set_review(request, draft)


def _is_for(peer: BGPPeer, meant: Meant) -> bool:
    """Whether the workload was made for a test of this peer: by its pool, or by the change set if it has no address."""
    cluster, room = peer.cluster, workload.NAMESPACE
    test = Service.objects.filter(cluster=cluster, namespace=room, name=workload.SERVICE).first()
    found = test or cluster.namespaces.filter(name=room).first()
    if found is None or found.labels.get(MANAGED_BY) != FIELD_MANAGER:
        return False
    if test is not None and test.pool:
        return test.pool in meant.pools
    own = Q(items__kind="Namespace", items__name=room) | Q(items__kind="Service", items__namespace=room)
    last = ChangeSet.objects.filter(own, cluster=cluster).order_by("-pk").first()
    return last is not None and last.items.filter(kind="BGPPeer", namespace=peer.namespace, name=peer.name).exists()


def _peers() -> QuerySet[BGPPeer]:
    return BGPPeer.objects.select_related("cluster")


def _peer(cluster: str, namespace: str, name: str) -> BGPPeer:
    return get_object_or_404(_peers(), cluster__name=cluster, namespace=namespace, name=name)


def _sessions(peer: BGPPeer) -> QuerySet[Any]:
    return sessions(cluster=peer.cluster).filter(peer=peer.name, intended=True).order_by("node", "vrf", "neighbor")


def _speaker(speaker: Speaker) -> tuple[str, str, str]:
    """State, word, and what is wrong."""
    if not speaker.pod:
        return "no", "no pod", "No pod with FRR runs on this node."
    ready, _, number = speaker.ready.partition("/")
    if speaker.phase != "Running" or ready != number:
        return "no", speaker.phase or "not ready", f"{speaker.ready or '0'} of its containers are ready."
    if speaker.error:
        return "unknown", "Running", f"It runs, and did not answer last time: {speaker.error}"
    return "yes", "Running", ""


def _steps(shown: Sequence[Session], routes: Sequence[SessionRoutes]) -> dict[str, tuple[str, str]]:
    """The state of each check and its word: yes if all are, no if one is not, else unknown."""
    standing = ["yes" if session.state == Session.State.ESTABLISHED else "no" for session in shown]
    out = [one.state for each in routes for one in each.prefixes] + ["no" for each in routes if each.why]
    found = {
        "speakers": _all([_speaker(session.speaker)[0] for session in shown]),
        "sessions": _all(standing),
        "routes": _all(out),
    }
    return {name: (state, _WORDS[state]) for name, state in found.items()}


def _all(states: Sequence[str]) -> str:
    return next((state for state in ("no", "unknown") if state in states), "yes" if states else "unknown")


def _pods_command(cluster: Cluster) -> str:
    rooms = cluster.frr_namespaces if cluster.mode == Mode.FRR_K8S else [cluster.namespace]
    component = "frr-k8s" if cluster.mode == Mode.FRR_K8S else "speaker"
    return shlex.join(["oc", "get", "-n", (rooms or [cluster.namespace])[0], "pods", "-l", f"component={component}"])
