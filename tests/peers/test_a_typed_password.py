"""A password that was typed into the form, on pages that do not take it further."""

from __future__ import annotations

from django.test import Client
from django.urls import reverse

from clusters.models import Cluster

FORM = {"from": "form", "name": "tor", "myASN": "64500", "peerAddress": "192.0.2.1", "password": "hunter2-canary"}


def test_that_it_must_be_typed_again_is_said_where_it_is_not_kept(editor: Client, cluster: Cluster) -> None:
    for step in ("review", "yaml"):  # refused for want of a peer ASN; the other tab
        page = editor.post(reverse("peer-new"), {**FORM, "step": step})
        assert "is not kept on this page" in page.text
        assert "canary" not in page.text
    assert "is not kept" not in editor.post(reverse("peer-new"), {**FORM, "step": "check"}).text
