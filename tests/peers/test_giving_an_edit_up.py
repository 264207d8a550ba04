"""The button that gives an edit up, on the page of a peer."""

from __future__ import annotations

import re

import pytest
from django.test import Client
from django.urls import reverse

from clusters.models import Cluster, SyncState
from peers.models import BGPPeer
from tests.pages.rows import a_peer

_ADDRESS = ["lab", "metallb-system", "tor-a"]


def _rejected(cluster: Cluster) -> BGPPeer:
    return a_peer(cluster, hold_time="30s", sync_state=SyncState.REJECTED, revision=3, applied_revision=3)


def test_the_page_gives_up_the_edit_that_it_shows(editor: Client, cluster: Cluster) -> None:
    _rejected(cluster)
    form = editor.get(reverse("peer", args=_ADDRESS)).text.partition(reverse("peer-discard", args=_ADDRESS))[2]
    (shown,) = re.findall(r'name="revision" value="(\d+)"', form.partition("</form>")[0])
    editor.post(reverse("peer-discard", args=_ADDRESS), {"revision": shown})
    assert BGPPeer.objects.get().sync_state == SyncState.IN_SYNC


@pytest.mark.parametrize("data", [{"revision": "2"}, {}])
def test_an_edit_that_the_page_did_not_show_is_not_given_up(
    editor: Client, cluster: Cluster, data: dict[str, str]
) -> None:
    _rejected(cluster)
    answer = editor.post(reverse("peer-discard", args=_ADDRESS), data, follow=True)
    assert "nothing was given up" in answer.text
    assert (BGPPeer.objects.get().hold_time, BGPPeer.objects.get().sync_state) == ("30s", SyncState.REJECTED)
