"""What is said after an edit was saved: how far it got by the time the page is shown."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.messages import get_messages

from clusters.models import Resource, SyncState
from clusters.pages import HttpRequest

SAVED = "edit-saved"  # tag of the message that is put in words when it is shown
_WORDS = {
    SyncState.IN_SYNC: (messages.SUCCESS, "is saved, and the cluster has it."),
    SyncState.PENDING: (messages.INFO, "is saved; whether the cluster takes it shows below."),
    SyncState.REJECTED: (messages.ERROR, "is saved here only: the cluster refused the edit."),
    SyncState.CONFLICT: (messages.WARNING, "is saved here only: somebody else changed it too."),
    SyncState.DELETING: (messages.WARNING, "is on its way out of the cluster."),
}


def tell_saved(request: HttpRequest, row: Resource) -> None:
    """Put the message of an edit of this object in words, on whole pages; a part of one shows no messages."""
    if request.htmx and not request.htmx.boosted:
        return
    for message in get_messages(request):
        if message.extra_tags == SAVED:
            level, words = _WORDS[SyncState(row.sync_state)]
            message.level, message.message = level, f"{row.name} {words}"
