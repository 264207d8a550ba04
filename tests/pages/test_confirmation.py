"""Review asks for a tick that names the numbers, before anything is destroyed: for edits, deletions and sets."""

from __future__ import annotations

from html import unescape

import pytest
from django.test import Client
from pytest_django import Settings

from clusters.models import Change, Cluster
from tests.kinds import saved
from tests.pages.forms import fields, post
from tests.pages.rows import a_peer
from tests.pages.services import a_service

WITHDRAWN = "1 service loses its last announcement: shop/web. That is meant."


@pytest.fixture(autouse=True)
def announced(cluster: Cluster, settings: Settings) -> None:
    settings.BGPUI_CONFIRM_SESSIONS = 25.0
    a_peer(cluster, "tor")
    saved(cluster, "IPAddressPool", "blue", {"addresses": ["203.0.113.0/24"]})
    saved(cluster, "BGPAdvertisement", "all", {"ipAddressPools": ["blue"]})
    a_service(cluster, "web", "203.0.113.9", pool="blue")


def test_a_deletion_needs_the_tick(editor: Client) -> None:
    address = "/bgp-advertisements/lab/metallb-system/all/delete/"
    page = editor.get(address)
    assert WITHDRAWN in unescape(page.text)
    form = fields(page.text)
    assert "accept" not in form
    again = editor.post(address, form)
    assert (again.status_code, Change.objects.count()) == (409, 0)
    assert "Nothing was saved: tick below that this is meant." in unescape(again.text)
    assert editor.post(address, {**form, "accept": "services-withdrawn:1"}).status_code == 302
    assert Change.objects.get().accepted == ["services-withdrawn:1"]


def test_an_edit_needs_the_tick_and_keeps_what_was_typed(editor: Client) -> None:
    address = "/peers/lab/metallb-system/tor/edit/"
    form = fields(editor.get(address).text) | {"peerASN": "64999"}
    review = fields(post(editor, address, "review", form).text)
    refused = post(editor, address, "apply", review)
    assert (refused.status_code, Change.objects.count()) == (422, 0)
    assert "3 of 3 sessions reset or close. That is meant." in unescape(refused.text)
    ticked = fields(refused.text) | {"accept": "sessions-reset:3-of-3"}
    assert post(editor, address, "apply", ticked).status_code == 302


def test_a_set_needs_the_tick(editor: Client) -> None:
    recreate = editor.get("/peers/lab/metallb-system/tor/recreate/")
    form = fields(recreate.text) | {"step": "apply"}
    assert "3 of 3 sessions reset or close. That is meant." in unescape(recreate.text)
    assert editor.post("/changes/sets/new/", form).status_code == 422
    assert editor.post("/changes/sets/new/", {**form, "accept": "sessions-reset:3-of-3"}).status_code == 302
