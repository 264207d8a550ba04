"""Everything that changes a resource: form or YAML, checks while typing, Review, apply.

A page sends where it stands (`from`) and where it wants to go (`step`): check, form, yaml, review or apply; add:LIST
for one more row of a list, drop:ROW for one less; upgrade from an older version of the kind; recreate for the Review of
what deletes the object first.
"""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.views.decorators.http import require_http_methods

from clusters import services
from clusters.changesets.pages import set_review
from clusters.changesets.recreation import recreation, recreation_offered
from clusters.editing.applying import NOTE, draft_apply
from clusters.editing.confirming import TICK, asked, plain_codes
from clusters.editing.drafts import Draft, draft_new, draft_of_row, packed
from clusters.editing.forms import Sketch, form_of
from clusters.editing.inputs import DROP_PASSWORD, Form, Stop
from clusters.editing.meanwhile import meanwhile
from clusters.editing.overrides import override_context, override_posted
from clusters.editing.patches import FORMS, patch_download, patch_of
from clusters.editing.posted import draft_posted
from clusters.editing.reading import Layout
from clusters.editing.sealed import seal, unseal
from clusters.editing.surroundings import surroundings_of
from clusters.editing.yaml_text import manifest_yaml
from clusters.edits.dryrun import UNASKED, DryRun
from clusters.edits.judging import OWNED
from clusters.edits.trials import sealed
from clusters.kindpages import KindPage, page_of_kind
from clusters.models import Resource
from clusters.pages import HttpRequest, render_page
from clusters.selectors import clusters_active, resource_list
from clusters.trials.window import WindowError, window_context
from intent.findings import Finding, Severity
from intent.rules import blocking

UNPROCESSABLE = 422


def row_of(kind: str, cluster: str, namespace: str, name: str) -> Resource:
    """The row that an address names. Raises Http404."""
    return get_object_or_404(resource_list(kind), cluster__name=cluster, namespace=namespace, name=name)


@require_http_methods(["GET", "POST"])
def resource_new(request: HttpRequest, kind: str) -> HttpResponse:
    """Add an object."""
    about = page_of_kind(kind)
    about.require(request, "add")
    if request.method != "POST":
        return _form(request, draft_new(about, request.GET), judged=False)
    return _step(request, _posted(request, about, None))


@require_http_methods(["GET", "POST"])
def resource_edit(request: HttpRequest, kind: str, cluster: str, namespace: str, name: str) -> HttpResponse:
    """Change an object."""
    about = page_of_kind(kind)
    about.require(request, "change")
    row = row_of(kind, cluster, namespace, name)
    if request.method != "POST":
        return _form(request, draft_of_row(about, row), yaml=request.GET.get("as") == "yaml")
    return _step(request, _posted(request, about, row))


def _posted(request: HttpRequest, about: KindPage, row: Resource | None) -> Draft:
    draft = draft_posted(about, request.POST, request.session, row)
    draft.override = override_posted(request)
    return draft


def _step(request: HttpRequest, draft: Draft) -> HttpResponse:
    step = request.POST.get("step", "review")
    if step == "check":
        return _form(request, draft, part="checks", yaml=request.POST.get("from") == "yaml")
    if step in {"form", "yaml"} or step.startswith(("add:", "drop:")):
        return _form(request, draft, yaml=step == "yaml" or not draft.readable)
    if step == "upgrade":
        draft.manifest["apiVersion"] = draft.about.kind.api_version
        return _form(request, draft, yaml=True)
    if step == "apply":
        return _apply(request, draft)
    wrong = not draft.readable or bool(blocking(draft.findings, draft.accept))
    if step == "recreate" and draft.cluster is not None and not wrong:
        return set_review(request, recreation(draft.cluster, draft.row, draft.whole, draft.accept))
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
    asked_of: DryRun = UNASKED,
) -> HttpResponse:
    review = draft.review(dry_run=False) if judged else None
    found = _found(draft, review) if judged else []
    stop = {finding.code for finding in draft.stops(review)} if judged else set()
    if draft.password and not part:
        found.append(_password_lost(draft))
    sketch = Sketch(draft.texts, _layouts(request, draft, part), new=draft.row is None)
    form = form_of(draft.about, draft.manifest, found, surroundings_of(draft), sketch)
    context = (
        _context(draft)
        | {
            "form": form,
            "findings": found if yaml else form.findings,
            "stops": len([finding for finding in found if finding.code in stop]),
            "cautions": sum(finding.severity is Severity.WARNING for finding in found),
            "yaml": (draft.yaml if draft.yaml is not None else manifest_yaml(draft.manifest)) if yaml else None,
            "added": request.POST.get("step", "").partition("add:")[2],
            "recreate": recreation_offered(found, draft.row),
            "judged": judged,
            "trouble": trouble,
            "summary": _summary(form, found, stop, yaml=yaml) if status == UNPROCESSABLE else (),
        }
        | override_context(request, [(found, asked_of)], draft.override)
    )
    if part:
        return render_page(request, f"resources/edit.html#{part}", context)
    return render_page(request, "resources/edit.html", context, status=status)


def _context(draft: Draft) -> dict[str, Any]:
    """What the page says of the draft, however it is judged."""
    return {
        "about": draft.about,
        "draft": draft,
        "base": packed(draft.manifest),
        "origin": packed(draft.origin),
        "began": [packed(side) for side in draft.began],
        "meanwhile": meanwhile(draft),
        "active": list(clusters_active()) if draft.row is None else [],
        "older": draft.readable and draft.manifest.get("apiVersion") not in {None, draft.about.kind.api_version},
        "drop_password": draft.password == "",
    }


def _summary(form: Form, found: list[Finding], codes: set[str], *, yaml: bool) -> list[Stop]:
    """What keeps a refused page from Review, with the way to each field."""
    if not yaml:
        return form.stops(codes)
    return [Stop("yaml", finding.field, finding) for finding in found if finding.code in codes]


def _layouts(request: HttpRequest, draft: Draft, part: str) -> dict[str, Layout]:
    """The rows of lists: as the page shows them while it is checked, or one more where that was asked for."""
    if part:
        return draft.layouts
    name = request.POST.get("step", "").partition("add:")[2]
    return {path: [*layout, None] for path, layout in draft.layouts.items() if path == name}


def _password_lost(draft: Draft) -> Finding:
    """No page shows a password again, so the one that was typed is not in this one."""
    message, hint = "The password that you typed is not kept on this page.", "Type it again before Review."
    return Finding("password-not-kept", Severity.WARNING, "spec.password", "", message, "bgpui", hint, (draft.ref,))


def _review(request: HttpRequest, draft: Draft, *, status: int = 200, trouble: str = "") -> HttpResponse:
    yaml = request.POST.get("from") == "yaml"
    if not draft.readable or draft.cluster is None:
        return _form(request, draft, yaml=yaml, status=UNPROCESSABLE)
    draft.rebase()
    review = draft.review(dry_run=not draft.findings)
    found = _found(draft, review)
    if review is None or draft.stops(review):
        told = review.dry_run if review is not None else UNASKED
        return _form(request, draft, yaml=yaml, status=UNPROCESSABLE, asked_of=told)
    owned = any(finding.code == OWNED for finding in found)
    patch = patch_of(draft.row, review.after) if owned and draft.row and review.after else None
    wanted = request.POST.get("step", "").partition("patch:")[2]
    if patch is not None and wanted in FORMS:
        return patch_download(patch, wanted)
    context = {
        "about": draft.about,
        "draft": draft,
        "review": review,
        "findings": found,
        "manifest": packed(draft.manifest),
        "origin": packed(draft.origin),
        "sealed": _sealed(request, draft),
        "tried": sealed(draft.cluster, [(draft.ref, review.after, review.dry_run)]),
        "note": request.POST.get("note", "")[:NOTE],
        **window_context(request.POST),
        "drop_password": DROP_PASSWORD if draft.password == "" else "",
        "after": manifest_yaml(review.after) if review.after else "",
        "trouble": trouble,
        "meanwhile": meanwhile(draft),
        "began": [packed(side) for side in draft.began],
        "recreate": recreation_offered(found, draft.row),
        "patch": patch,
        "confirm": asked(review.meaning.confirm, draft.accept),
        "accepted": plain_codes(draft.accept),
        "nothing": review.before is not None and not review.diff and not review.new_password,
    } | override_context(request, [(found, review.dry_run)], draft.override)
    return render_page(request, "resources/review.html", context, status=status)


def _sealed(request: HttpRequest, draft: Draft) -> str:
    if request.POST.get("sealed") and request.POST.get("from") == "review":
        return request.POST["sealed"]
    return seal(request.session, draft.password) if draft.password else ""


def _apply(request: HttpRequest, draft: Draft) -> HttpResponse:
    if blocking(draft.findings, draft.accept) or draft.cluster is None:
        return _review(request, draft, status=UNPROCESSABLE)
    try:
        address = draft_apply(request, draft, draft.cluster)
    except (services.Refused, services.Unconfirmed, WindowError) as error:
        return _review(request, draft, status=UNPROCESSABLE, trouble=_trouble(request, error))
    except services.RevisionMismatch as mismatch:
        draft.revision = mismatch.current
        if draft.row is not None:  # it is older than what was saved while this one was judged
            rows = resource_list(draft.about.kind.kind).filter(pk=draft.row.pk)
            draft.row = rows.first() or draft.row
        changed = f"Somebody changed this {draft.about.noun} while you looked at it."
        trouble = f"{changed} This is the difference against what stands now. {mismatch.note}"
        return _review(request, draft, status=409, trouble=trouble.strip())
    except services.ClusterUnreachable as away:
        return _review(request, draft, status=503, trouble=f"{away} Nothing was saved.")
    if request.POST.get("sealed"):
        unseal(request.session, request.POST["sealed"])
    return HttpResponseRedirect(address)


def _trouble(request: HttpRequest, error: Exception) -> str:
    """What is not among the findings of the Review."""
    if isinstance(error, services.Unconfirmed):
        return f"{error} {TICK}"
    told = isinstance(error, WindowError) or request.POST.get("safe_apply")
    return f"{error} Nothing was saved." if told else ""
