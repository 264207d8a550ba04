"""Review of a way back: what becomes of passwords, and objects that are left out by a tick; no script."""

from __future__ import annotations

from typing import Any

from django.test import Client

from clusters.models import Change, ChangeSet, Cluster
from clusters.services import resource_save
from clusters.sync.relist import relist
from tests.clusters.cluster import NAMESPACE, RunningCluster, peer
from tests.clusters.sets import carry, some_peer
from tests.pages.forms import Work, fields, post
from tests.pages.test_resources import text

TRACKED = {"argocd.argoproj.io/tracking-id": f"net:metallb.io/BGPPeer:{NAMESPACE}/owned"}
SETS = "/changes/sets/new/"


def save(cluster: Cluster, work: Work, manifest: dict[str, Any], password: str | None = None) -> Change:
    where = {"namespace": NAMESPACE, "name": manifest["metadata"]["name"], "kind": "BGPPeer"}
    resource_save(cluster=cluster, manifest=manifest, actor=None, source="api", password=password, **where)
    work(cluster)
    return Change.objects.latest("pk")


def test_review_says_what_becomes_of_a_typed_password_and_its_secret(
    editor: Client, live_cluster: Cluster, kube: RunningCluster, work: Work
) -> None:
    save(live_cluster, work, some_peer(1))
    typed = save(live_cluster, work, some_peer(1), "hunter2-typed")
    said = text(editor.post(f"/changes/{typed.pk}/revert/", {"to": "before"}).text)
    assert "Passwords are not kept in the history" in said
    assert "passwordSecret tor-1-bgp-password is taken off, so the session has no password any more" in said
    assert f"stays in {NAMESPACE}, and no peer refers to it then" in said
    assert f"oc delete secret -n {NAMESPACE} tor-1-bgp-password" in said


def test_objects_are_left_out_by_a_tick_and_those_of_a_tool_are_at_first(
    editor: Client, live_cluster: Cluster, kube: RunningCluster, work: Work
) -> None:
    owned = peer("owned", peerAddress="192.0.2.9")
    owned["metadata"]["annotations"] = TRACKED
    kube.add(owned, manager="argocd-controller")
    relist(live_cluster)
    save(live_cluster, work, some_peer(1))
    save(live_cluster, work, some_peer(2))
    since = Change.objects.latest("pk").pk
    save(live_cluster, work, some_peer(1, peerASN=64700))
    save(live_cluster, work, some_peer(2, peerASN=64700))
    kube.kubectl("patch", "bgppeer", "owned", "--type=merge", "-p", '{"spec":{"peerASN":64701}}')
    live_cluster.refresh_from_db()
    relist(live_cluster)
    review = editor.post("/changes/revert/", {"change": since + 1})
    said = text(review.text)
    assert "2 objects in cluster lab" in said
    assert "1 object is left out now" in said
    assert "BGPPeer owned Argo CD (application net) looks after it" in said
    sent = fields(review.text)
    assert sent["take"] == ["0", "1"], "what a tool looks after is not ticked"
    other = post(editor, SETS, "apply", {**sent, "take": ["0", "2"]})
    assert "You chose other objects" in text(other.text)
    assert "Argo CD (application net) looks after this object" in text(other.text), "ticked, it is refused by name"
    assert not ChangeSet.objects.exists(), "what was not reviewed is not applied"
    one = post(editor, SETS, "review", {**fields(review.text), "take": "0"})
    assert "2 objects are left out now" in text(one.text)
    assert post(editor, SETS, "apply", fields(one.text)).status_code == 302
    assert carry(ChangeSet.objects.get()) == "applied"
    assert [kube.spec(name)["peerASN"] for name in ("tor-1", "tor-2", "owned")] == [64600, 64700, 64701]
    none = post(editor, SETS, "review", {**fields(one.text), "take": []})
    assert "Nothing would change" in text(none.text)
