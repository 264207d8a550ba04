"""A reviewed draft accepted: at once, or on trial."""

from __future__ import annotations

from typing import Any, cast

from django.contrib import messages
from django.contrib.auth.models import User

from clusters import services
from clusters.changesets.wanted import Wanted
from clusters.editing.drafts import Draft
from clusters.models import Change, Cluster
from clusters.pages import HttpRequest
from clusters.resources.told import SAVED
from clusters.trials.begin import edit_on_trial
from clusters.trials.window import window_posted

NOTE = 400  # characters of what is said of an edit for the history


def draft_apply(request: HttpRequest, draft: Draft, cluster: Cluster) -> str:
    """Accept it; the address to go to. Raises what services.resource_save raises, and WindowError."""
    window = window_posted(request.POST)
    consent: dict[str, Any] = {"accept": draft.accept, "override": draft.override}
    consent |= {"message": request.POST.get("note", "")[:NOTE], "source": Change.Source.BROWSER}
    kind, actor = draft.about.kind.kind, cast("User", request.user)
    if window is not None:
        manifest = draft.whole
        wanted = Wanted(kind, draft.namespace, draft.name, manifest, base_revision=draft.revision)
        made = edit_on_trial(cluster=cluster, edit=wanted, window=window, actor=actor, **consent)
        if made is not None:
            return made.get_absolute_url()
    row = services.resource_save(
        cluster=cluster,
        kind=kind,
        namespace=draft.namespace,
        name=draft.name,
        manifest=draft.manifest,
        actor=actor,
        base_revision=draft.revision,
        password=draft.password,
        **consent,
    )
    messages.info(request, f"{row.name} is saved.", extra_tags=SAVED)
    return row.get_absolute_url()
