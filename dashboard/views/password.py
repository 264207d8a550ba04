"""A new password for a peer, or the way of one that stands in the object into a Secret."""

from __future__ import annotations

from typing import cast

from django.contrib import messages
from django.contrib.auth.decorators import permission_required
from django.contrib.auth.models import User
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.views.decorators.http import require_http_methods

from clusters.editing.confirming import accept_posted, asked
from clusters.edits.edit import secret_name
from clusters.edits.refusals import ClusterUnreachable, Refused, Unconfirmed
from clusters.edits.rotation import password_rotate, to_confirm
from clusters.models import Change
from clusters.pages import HttpRequest, render_page
from clusters.secrets import inline_in_force, referring, secret_in_force
from clusters.words import counted
from intent.findings import Finding
from peers.models import BGPPeer

_TICK = "Nothing was written: tick below that this is meant."


@require_http_methods(["GET", "POST"])
@permission_required("peers.change_bgppeer", raise_exception=True)
def password(request: HttpRequest, cluster: str, namespace: str, name: str) -> HttpResponse:
    """The page, which says what will happen; and the change of a Secret's password.

    Moving an inline password is an edit of the object: its form goes to Review.
    """
    rows = BGPPeer.objects.select_related("cluster")
    row = get_object_or_404(rows, cluster__name=cluster, namespace=namespace, name=name)
    found: tuple[Finding, ...] = ()
    trouble, accept = "", accept_posted(request.POST)
    if request.method == "POST":
        try:
            typed, actor = request.POST.get("password", ""), cast("User", request.user)
            rotated = password_rotate(row=row, password=typed, actor=actor, source=Change.Source.BROWSER, accept=accept)
        except Refused as refused:
            found = refused.findings
        except Unconfirmed as unconfirmed:
            trouble = f"{unconfirmed} {_TICK}"
        except ClusterUnreachable as away:
            trouble = f"{away} Nothing was written."
        else:
            peers = counted(1 + len(rotated.shared_with), "peer")
            messages.success(request, f"Secret {rotated.secret} has a new password, for {peers}.")
            return redirect(row.get_absolute_url())
    secret = "" if inline_in_force(row) else secret_in_force(row)
    sharing = [one for one in referring(row.cluster, secret, but=row) if isinstance(one, BGPPeer)] if secret else []
    context = {
        "peer": row,
        "secret": secret,
        "own": secret_name(row.name),
        "sharing": sharing,
        "resets": sum(one.sessions_intended for one in (row, *sharing)),
        "confirm": asked(to_confirm(row.cluster, (row, *sharing)) if secret else (), accept),
        "findings": found,
        "trouble": trouble,
    }
    status = 422 if found or trouble.endswith(_TICK) else 503 if trouble else 200
    return render_page(request, "dashboard/password.html", context, status=status)
