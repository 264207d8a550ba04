"""A password that was typed into the form, on pages that do not take it further."""

from __future__ import annotations

import json

from django.test import Client
from django.urls import reverse

from clusters.models import Cluster
from tests.pages.rows import a_peer

FORM = {"from": "form", "name": "tor", "myASN": "64500", "peerAddress": "192.0.2.1", "password": "hunter2-canary"}
MANIFEST = """\
apiVersion: metallb.io/v1beta2
kind: BGPPeer
metadata: {name: tor}
spec: {myASN: 64500, peerASN: 64512, peerAddress: 192.0.2.1}
"""


def test_that_it_must_be_typed_again_is_said_where_it_is_not_kept(editor: Client, cluster: Cluster) -> None:
    for step in ("review", "yaml"):  # refused for want of a peer ASN; the other tab
        page = editor.post(reverse("peer-new"), {**FORM, "step": step})
        assert "is not kept on this page" in page.text
        assert "canary" not in page.text
    assert "is not kept" not in editor.post(reverse("peer-new"), {**FORM, "step": "check"}).text


def test_nobody_goes_on_without_it_who_does_not_say_so(editor: Client, cluster: Cluster) -> None:
    """The page that says so carries that one was typed; what was corrected there is something else."""
    again = {**FORM, "peerASN": "64512", "password": "", "step": "review"}
    for shown in ({"from": "form"}, {"from": "yaml", "yaml": MANIFEST}):
        page = editor.post(reverse("peer-new"), {**FORM, "step": "yaml" if "yaml" in shown else "review"})
        assert '<input type="hidden" name="typed_password" value="1">' in page.text
        refused = editor.post(reverse("peer-new"), {**again, **shown, "typed_password": "1"})
        assert (refused.status_code, "You typed a password before; it is not kept." in refused.text) == (422, True)
        assert '<input type="hidden" name="typed_password" value="1">' in refused.text
        assert 'name="no_password"' in refused.text
        without = editor.post(reverse("peer-new"), {**again, **shown, "typed_password": "1", "no_password": "1"})
        assert (without.status_code, "Apply" in without.text) == (200, True)
    typed = editor.post(reverse("peer-new"), {**again, "password": "hunter2-canary", "typed_password": "1"})
    assert (typed.status_code, "The new password is written to a Secret" in typed.text) == (200, True)
    assert "canary" not in typed.text
    assert 'name="typed_password"' not in editor.post(reverse("peer-new"), {**again, "peerASN": ""}).text


def test_no_other_way_goes_on_without_it(editor: Client, cluster: Cluster) -> None:
    """Making the object anew, and the choice of whose values it gets, lead back to the form as well."""
    row = a_peer(cluster, "tor", {"myASN": 64500, "peerASN": 64512, "peerAddress": "192.0.2.1"})
    edit, sent = f"{row.get_absolute_url()}edit/", {**FORM, "peerASN": "64513", "password": "", "typed_password": "1"}
    for way in ({"step": "recreate"}, {"from": "sides", "manifest": json.dumps(row.manifest), "step": "review"}):
        page = editor.post(edit, {**sent, **way})
        assert (page.status_code, "You typed a password before; it is not kept." in page.text) == (422, True)
