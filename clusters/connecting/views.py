"""Pages for admins: add a cluster or give it other credentials, in steps; its label, off and on, and its removal."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import permission_required
from django.core.files.uploadedfile import UploadedFile
from django.db.models import F
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from clusters.connecting import services
from clusters.connecting.access import UnfitError
from clusters.connecting.asked import contexts_asked, label_asked, name_asked, trial_of
from clusters.connecting.carried import brought, carried
from clusters.connecting.kubeconfig import LARGEST, Context
from clusters.connecting.once import once
from clusters.connecting.sealing import MAKE_KEY, NO_KEY, has_key
from clusters.connecting.services import NotEditableError
from clusters.connecting.trial import Trial
from clusters.kube.connection import Access
from clusters.models import Change, ChangeSet, Cluster
from clusters.pages import HttpRequest, render_page
from clusters.registry import resource_models, rows_of
from clusters.selectors import clusters_known, is_active
from intent.modes import Mode
from intent.notices import notices


@dataclass(slots=True)
class _Step:
    """What a page shows: of the form, of contexts to choose from, or of a trial. sealed: for the next page."""

    name: str = ""
    label: str = ""
    inside: bool = False
    contexts: list[Context] = field(default_factory=list)
    current: str = ""
    sealed: str = ""
    trial: Trial | None = None
    trouble: UnfitError | None = None


@sensitive_post_parameters("kubeconfig", "sealed")
@require_http_methods(["GET", "POST"])
@permission_required("clusters.add_cluster", raise_exception=True)
def cluster_new(request: HttpRequest) -> HttpResponse:
    """Add a cluster: send a kubeconfig, choose a context, look at the trial, save."""
    return _walk(request, None)


@sensitive_post_parameters("kubeconfig", "sealed")
@require_http_methods(["GET", "POST"])
@permission_required("clusters.change_cluster", raise_exception=True)
def cluster_credentials(request: HttpRequest, name: str) -> HttpResponse:
    """The same for other credentials of a cluster that is there."""
    cluster = get_object_or_404(clusters_known(), name=name)
    try:
        services.editable(cluster)
    except NotEditableError as error:
        messages.warning(request, str(error))
        return redirect(cluster)
    return _walk(request, cluster)


def _walk(request: HttpRequest, cluster: Cluster | None) -> HttpResponse:
    step = _Step()
    if request.method != "POST":
        return _page(request, cluster, step)
    post = request.POST
    step.inside = post.get("from") == "in-cluster"
    step.name = cluster.name if cluster is not None else post.get("name", "").strip()
    step.label = cluster.label if cluster is not None else post.get("label", "")
    try:
        if cluster is None:
            step.name, step.label = name_asked(step.name), label_asked(step.label)
        access = _access(request, step, cluster)
        if step.contexts and access is None:
            return _page(request, cluster, step)
        step.trial = trial_of(step.name, access, but=cluster)
        if post.get("step") != "save":
            return _page(request, cluster, step)
        return _saved(request, cluster, step, access, step.trial)
    except UnfitError as error:
        step.trouble = error
    except NotEditableError as error:
        step.trouble = UnfitError("name", str(error), "")
    return _page(request, cluster, step, status=422)


def _access(request: HttpRequest, step: _Step, cluster: Cluster | None) -> Access | None:
    """What to connect with, None for the own cluster, and if a context is still to be chosen. Raises UnfitError."""
    if step.inside:
        once(None, but=cluster)
        return None
    if sealed := request.POST.get("sealed", ""):
        kept, wanted = brought(request.user, sealed), request.POST.get("context", "")
        if wanted not in kept:
            raise UnfitError("context", "No context was chosen.", "Choose one of them.")
        taken = Context(wanted, "", "", kept[wanted], None)
    else:
        step.contexts, step.current = contexts_asked(_text(request))
        step.sealed = carried(request.user, step.contexts)
        if len(step.contexts) > 1 or step.contexts[0].access is None:
            return None
        (taken,) = step.contexts
    step.contexts, step.current = [], taken.name
    step.sealed = carried(request.user, [taken])
    if taken.access is not None:
        once(taken.access, but=cluster)
    return taken.access


def _text(request: HttpRequest) -> str:
    """The kubeconfig, uploaded or pasted. Raises UnfitError."""
    file = request.FILES.get("file")
    text = request.POST.get("kubeconfig", "")
    if isinstance(file, UploadedFile):
        text = file.read(LARGEST + 1).decode("utf-8", "replace")
    if not text.strip():
        raise UnfitError("kubeconfig", "There is no kubeconfig.", "Paste one, or choose its file.")
    return text


def _saved(
    request: HttpRequest, cluster: Cluster | None, step: _Step, access: Access | None, trial: Trial
) -> HttpResponse:
    who: dict[str, Any] = {
        "actor": request.user,
        "source": Change.Source.BROWSER,
        "message": request.POST.get("note", "")[:400],
    }
    if cluster is None:
        cluster = services.cluster_add(name=step.name, label=step.label, access=access, trial=trial, **who)
        messages.success(request, f"Cluster {cluster.title} is added. What it holds shows within seconds.")
    else:
        services.cluster_connect(cluster=cluster, access=access, trial=trial, **who)
        messages.success(request, f"Cluster {cluster.title} is connected with the new credentials.")
    return redirect(cluster)


def _page(request: HttpRequest, cluster: Cluster | None, step: _Step, *, status: int = 200) -> HttpResponse:
    trial = step.trial if step.trouble is None else None
    facts = trial.facts if trial is not None else {}
    known = Cluster(name=step.name, label=step.label, **facts)
    context = {
        "existing": cluster,
        "step": step,
        "trial": trial,
        "tried": known,
        "notices": notices(Mode(known.mode), known.metallb_version, ()),
        "no_key": "" if has_key() else f"{NO_KEY} {MAKE_KEY}",
    }
    return render_page(request, "clusters/connect.html", context, status=status)


@require_POST
@permission_required("clusters.change_cluster", raise_exception=True)
def cluster_set(request: HttpRequest, name: str) -> HttpResponse:
    """Another label, or off, or on."""
    cluster, post = get_object_or_404(clusters_known(), name=name), request.POST
    enabled = {"on": True, "off": False}.get(post.get("switch", ""))
    try:
        label = label_asked(post["label"]) if "label" in post else None
        who: dict[str, Any] = {"actor": request.user, "source": Change.Source.BROWSER}
        services.cluster_set(cluster=cluster, label=label, enabled=enabled, **who)
    except (UnfitError, NotEditableError) as error:
        messages.error(request, str(error))
    return redirect(cluster)


@require_POST
@permission_required("clusters.change_cluster", raise_exception=True)
def cluster_observe(request: HttpRequest, name: str) -> HttpResponse:
    """Another way to observe its sessions."""
    cluster, wanted = get_object_or_404(clusters_known(), name=name), request.POST.get("observe", "")
    if wanted in {"", *Cluster.Observe.values}:
        note = request.POST.get("note", "")[:400]
        who: dict[str, Any] = {"actor": request.user, "source": Change.Source.BROWSER, "message": note}
        services.cluster_observe(cluster=cluster, observe=wanted, **who)
    else:
        messages.error(request, "There is no such way to observe sessions. Choose one of the form.")
    return redirect(cluster)


@require_http_methods(["GET", "POST"])
@permission_required("clusters.delete_cluster", raise_exception=True)
def cluster_remove(request: HttpRequest, name: str) -> HttpResponse:
    """What goes and what stays; then it goes."""
    cluster = get_object_or_404(clusters_known(), name=name)
    if cluster.source == Cluster.Source.SETTINGS and is_active(cluster):
        messages.warning(request, f"The settings name cluster {name}: take it out of BGPUI_CLUSTERS.")
        return redirect(cluster)
    if request.method == "POST":
        note = request.POST.get("note", "")[:400]
        try:
            services.cluster_remove(cluster=cluster, actor=request.user, source=Change.Source.BROWSER, message=note)
        except NotEditableError as error:
            messages.error(request, str(error))
            return redirect(cluster)
        messages.success(request, f"Cluster {cluster.title} is removed. Its history stays.")
        return redirect("clusters")
    rows = (rows_of(kind).filter(cluster=cluster) for kind in resource_models())
    pending = sum(some.exclude(revision=F("applied_revision")).count() for some in rows)
    opened = ChangeSet.objects.filter(cluster=cluster, state__in=ChangeSet.OPEN).count()
    history = f"{reverse('changes')}?cluster={cluster.name}"
    context = {"cluster": cluster, "pending": pending, "opened": opened, "history": history}
    return render_page(request, "clusters/remove.html", context)
