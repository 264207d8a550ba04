"""The begin of a trial; of a single edit it is a change set of one."""

from __future__ import annotations

from collections.abc import Collection
from datetime import timedelta

from clusters.changesets.judge import SomeRefused
from clusters.changesets.save import changeset_save
from clusters.changesets.wanted import Wanted
from clusters.edits.overriding import NOTHING, Override
from clusters.edits.refusals import Refused
from clusters.edits.saving import Actor
from clusters.models import ChangeSet, Cluster


def edit_on_trial(
    *,
    cluster: Cluster,
    edit: Wanted,
    window: timedelta,
    actor: Actor,
    source: str,
    accept: Collection[str] = (),
    override: Override = NOTHING,
    message: str = "",
) -> ChangeSet | None:
    """Accept one edit on trial; None if the object stands as it shall.

    Raises what services.resource_save raises; a password is refused, since its Secret could not be taken back.
    """
    try:
        return changeset_save(
            cluster=cluster,
            edits=[edit],
            actor=actor,
            source=source,
            accept=accept,
            override=override,
            note=message,
            window=window,
        )
    except SomeRefused as refused:
        raise Refused(refused.findings[0]) from refused
