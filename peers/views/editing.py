"""Everything that changes a BGPPeer: form or YAML, checks while typing, Review, apply; deletion; giving an edit up.

A page sends where it stands (`from`) and where it wants to go (`step`): check, form, yaml, review or apply.
"""

from __future__ import annotations

from typing import Any, cast

from django.contrib import messages
from django.contrib.auth.decorators import permission_required
from django.contrib.auth.models import User
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST

from clusters import services
from clusters.models import Change
from clusters.pages import HttpRequest, render_page
from clusters.selectors import clusters_active
from intent.findings import Finding, Severity
from intent.modes import Mode
from intent.rules import blocking
from intent.selectors import any_matches
from peers.drafts import Draft, draft_new, draft_of_row, draft_posted, packed, revision_posted
from peers.forms import DROP_PASSWORD, KIND, form_of
from peers.models import BFDProfile, BGPPeer
from peers.sealed import seal, unseal
from peers.yaml_text import manifest_yaml

_CHANGED = "Somebody changed this peer while you looked at it. This is the difference against what stands now."
_NODES_NAMED = 6


def _row(cluster: str, namespace: str, name: str) -> BGPPeer:
    return get_object_or_404(
        BGPPeer.objects.select_related("cluster"), cluster__name=cluster, namespace=namespace, name=name
    )


@require_http_methods(["GET", "POST"])
@permission_required("peers.add_bgppeer", raise_exception=True)
def peer_new(request: HttpRequest) -> HttpResponse:
    """Add a peer."""
    if request.method != "POST":
        return _form(request, draft_new(request.GET), judged=False)
    return _step(request, draft_posted(request.POST, request.session, None))


@require_http_methods(["GET", "POST"])
@permission_required("peers.change_bgppeer", raise_exception=True)
def peer_edit(request: HttpRequest, cluster: str, namespace: str, name: str) -> HttpResponse:
    """Change a peer."""
    row = _row(cluster, namespace, name)
    if request.method != "POST":
        return _form(request, draft_of_row(row), yaml=request.GET.get("as") == "yaml")
    return _step(request, draft_posted(request.POST, request.session, row))


def _step(request: HttpRequest, draft: Draft) -> HttpResponse:
    step = request.POST.get("step", "review")
    if step == "check":
        return _form(request, draft, part="checks", yaml=request.POST.get("from") == "yaml")
    if step in {"form", "yaml"}:
        return _form(request, draft, yaml=step == "yaml" or not draft.readable)
    if step == "apply":
        return _apply(request, draft)
    return _review(request, draft)


def _found(draft: Draft, review: services.Review | None) -> list[Finding]:
    return [*draft.findings, *(review.findings if review is not None and draft.readable else ())]


def _form(
    request: HttpRequest,
    draft: Draft,
    *,
    yaml: bool = False,
    judged: bool = True,
    part: str = "",
    status: int = 200,
    trouble: str = "",
) -> HttpResponse:
    found = _found(draft, draft.review(dry_run=False)) if judged else []
    if draft.password and not part:
        found.append(_password_lost(draft))
    cluster = draft.cluster
    mode = Mode(cluster.mode) if cluster else Mode.UNKNOWN
    form = form_of(draft.manifest, found, mode=mode, texts=draft.texts, new=draft.row is None)
    stop = {finding.code for finding in blocking(found, draft.accept)}
    context: dict[str, Any] = {
        "draft": draft,
        "form": form,
        "findings": found if yaml else form.findings,
        "stops": len([finding for finding in found if finding.code in stop]),
        "cautions": sum(finding.severity is Severity.WARNING for finding in found),
        "yaml": (draft.yaml if draft.yaml is not None else manifest_yaml(draft.manifest)) if yaml else None,
        "base": packed(draft.manifest),
        "active": list(clusters_active()) if draft.row is None else [],
        "profiles": BFDProfile.objects.filter(cluster=cluster).values_list("name", flat=True)[:200],
        "vrfs": _vrfs(draft),
        "placement": _placement(draft) if judged else "",
        "drop_password": draft.password == "",
        "judged": judged,
        "trouble": trouble,
    }
    if part:
        return render_page(request, f"peers/edit.html#{part}", context)
    return render_page(request, "peers/edit.html", context, status=status)


def _password_lost(draft: Draft) -> Finding:
    """No page shows a password again, so the one that was typed is not in this one."""
    message, hint = "The password that you typed is not kept on this page.", "Type it again before Review."
    return Finding("password-not-kept", Severity.WARNING, "spec.password", "", message, "bgpui", hint, (draft.ref,))


def _vrfs(draft: Draft) -> list[str]:
    rows = BGPPeer.objects.filter(cluster=draft.cluster).exclude(vrf=None).exclude(vrf="")
    return [str(vrf) for vrf in rows.order_by("vrf").values_list("vrf", flat=True).distinct()[:200]]


def _placement(draft: Draft) -> str:
    if draft.cluster is None:
        return ""
    selectors = draft.manifest["spec"].get("nodeSelectors")
    nodes = list(draft.cluster.nodes.all())
    chosen = [node.name for node in nodes if any_matches(selectors, node.labels)]
    named = ", ".join(chosen[:_NODES_NAMED]) + (" …" if len(chosen) > _NODES_NAMED else "")
    return f"Chooses {len(chosen)} of {len(nodes)} nodes" + (f": {named}" if 0 < len(chosen) < len(nodes) else "") + "."


def _review(request: HttpRequest, draft: Draft, *, status: int = 200, trouble: str = "") -> HttpResponse:
    yaml = request.POST.get("from") == "yaml"
    if not draft.readable or draft.cluster is None:
        return _form(request, draft, yaml=yaml, status=422)
    review = draft.review(dry_run=not draft.findings)
    found = _found(draft, review)
    if review is None or blocking(found, draft.accept):
        return _form(request, draft, yaml=yaml, status=422)
    context = {
        "draft": draft,
        "review": review,
        "findings": found,
        "manifest": packed(draft.manifest),
        "sealed": _sealed(request, draft),
        "drop_password": DROP_PASSWORD if draft.password == "" else "",
        "after": manifest_yaml(review.after) if review.after else "",
        "trouble": trouble,
        "nothing": not review.diff and not review.new_password,
    }
    return render_page(request, "peers/review.html", context, status=status)


def _sealed(request: HttpRequest, draft: Draft) -> str:
    if request.POST.get("sealed") and request.POST.get("from") == "review":
        return request.POST["sealed"]
    return seal(request.session, draft.password) if draft.password else ""


def _apply(request: HttpRequest, draft: Draft) -> HttpResponse:
    if blocking(draft.findings, draft.accept) or draft.cluster is None:
        return _review(request, draft, status=422)
    try:
        row = services.resource_save(
            cluster=draft.cluster,
            kind=KIND.kind,
            namespace=draft.namespace,
            name=draft.name,
            manifest=draft.manifest,
            actor=cast("User", request.user),
            source=Change.Source.BROWSER,
            accept=draft.accept,
            base_revision=draft.revision,
            password=draft.password,
        )
    except services.Refused:
        return _review(request, draft, status=422)
    except services.RevisionMismatch as mismatch:
        draft.revision = mismatch.current
        return _review(request, draft, status=409, trouble=f"{_CHANGED} {mismatch.note}".strip())
    except services.ClusterUnreachable as away:
        return _review(request, draft, status=503, trouble=f"{away} Nothing was saved.")
    if request.POST.get("sealed"):
        unseal(request.session, request.POST["sealed"])
    messages.success(request, f"{row.name} is saved; it is on its way to the cluster.")
    return HttpResponseRedirect(cast("BGPPeer", row).get_absolute_url())


@require_http_methods(["GET", "POST"])
@permission_required("peers.delete_bgppeer", raise_exception=True)
def peer_delete(request: HttpRequest, cluster: str, namespace: str, name: str) -> HttpResponse:
    """Review of a deletion, and the deletion."""
    row = _row(cluster, namespace, name)
    stop: list[Finding] = []
    trouble = ""
    if request.method == "POST":
        revision, actor = revision_posted(request.POST) or 0, cast("User", request.user)
        try:
            services.resource_delete(row=row, actor=actor, source=Change.Source.BROWSER, base_revision=revision)
        except services.Refused as refused:
            stop = list(refused.findings)
        except services.RevisionMismatch:
            trouble = "Somebody changed this peer while you looked at it. Look again before you delete it."
        else:
            messages.success(request, f"{row.name} will be gone as soon as the cluster confirms it.")
            return redirect("peers")
        row = _row(cluster, namespace, name)
    review = services.review(cluster=row.cluster, kind=KIND.kind, namespace=namespace, name=name, manifest=None)
    context = {
        "row": row,
        "review": review,
        "findings": stop or review.findings,
        "blocked": bool(blocking([finding for finding in review.findings if finding not in review.introduced])),
        "yaml": manifest_yaml(review.before or row.manifest),
        "trouble": trouble,
    }
    return render_page(request, "peers/delete.html", context, status=409 if stop or trouble else 200)


@require_POST
@permission_required("peers.change_bgppeer", raise_exception=True)
def peer_discard(request: HttpRequest, cluster: str, namespace: str, name: str) -> HttpResponse:
    """Give up an edit that is pending, refused or in conflict: what the cluster holds counts again."""
    row = _row(cluster, namespace, name)
    revision, actor = revision_posted(request.POST) or 0, cast("User", request.user)
    try:
        left = services.resource_discard(row=row, actor=actor, base_revision=revision)
    except services.RevisionMismatch:
        messages.warning(request, "Somebody changed this peer meanwhile; nothing was given up.")
        return redirect(row.get_absolute_url())
    messages.success(request, f"The edit of {name} is given up.")
    return redirect(row.get_absolute_url() if left is not None else reverse("peers"))
