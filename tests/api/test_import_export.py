"""YAML in and out: every document is told what it is, everything is bounded, and what goes out comes in again."""

from __future__ import annotations

import io
import json
import tarfile
from collections.abc import Callable
from typing import Any

import pytest
import yaml
from django.core.files.uploadedfile import SimpleUploadedFile
from rest_framework.test import APIClient

from clusters.changesets.imports import LARGEST
from clusters.models import ChangeSet, Cluster
from clusters.sync.relist import relist
from lab.apiserver import Fault
from peers.models import BGPPeer
from tests.api.conftest import Kube
from tests.api.manifests import manifest, row_of, send

IMPORT, EXPORT = "/api/v1/import/", "/api/v1/export/"


def stream(*documents: Any) -> bytes:
    return yaml.safe_dump_all(documents, sort_keys=False).encode()


def post(api: APIClient, raw: bytes | str, query: str = "", media_type: str = "application/yaml") -> Any:
    return send(api, "POST", f"{IMPORT}{query}", raw, media_type)


def told(answer: Any) -> list[tuple[str, str]]:
    return [(one["name"], one["status"]) for one in answer.json()["documents"]]


def codes(answer: Any) -> list[str]:
    return [finding["code"] for finding in answer.json()["findings"]]


@pytest.mark.usefixtures("worker")
def test_each_document_is_told_and_all_are_applied(api: APIClient, live_cluster: Cluster, kube: Kube) -> None:
    first = manifest("same"), manifest("other", peerAddress="192.0.2.2")
    assert post(api, stream(*first), "?wait=10s").status_code == 200
    fast = {"apiVersion": "metallb.io/v1beta1", "kind": "BFDProfile", "metadata": {"name": "fast"}}
    changed = manifest("other", peerAddress="192.0.2.2", bfdProfile="fast")
    answer = post(api, stream(manifest("same"), changed, fast), "?wait=10s&note=from+git")
    assert (answer.status_code, told(answer)) == (200, [("same", "equal"), ("other", "changed"), ("fast", "new")])
    assert answer.json()["changeSet"]["state"] == "applied"
    assert answer.json()["documents"][1]["diff"] == [{"path": "spec.bfdProfile", "before": None, "after": "fast"}]
    assert kube.get("bgppeers", "other")["spec"]["bfdProfile"] == "fast"
    again = post(api, stream(manifest("same"), changed, fast))
    assert (again.json()["changeSet"], {state for _, state in told(again)}) == (None, {"equal"})


def test_what_cannot_be_taken_is_told_with_document_line_and_reason(api: APIClient, cluster: Cluster) -> None:
    raw = b"""
kind: BGPPeer
apiVersion: metallb.io/v1beta2
metadata: {name: a}
spec: {myASN: 64500, peerASN: 64501, peerAddress: 192.0.2.1}
---
# a comment
kind: Gateway
apiVersion: networking.istio.io/v1
metadata: {name: b}
---
kind: BGPPeer
apiVersion: metallb.io/v1beta2
metadata: {name: c}
spec: {myASN: 64500, peerASN: 0, peerAddress: 192.0.2.2}
---
kind: BGPPeer
apiVersion: metallb.io/v1beta2
metadata: {name: a}
spec: {myASN: 64500, peerASN: 64501, peerAddress: 192.0.2.3}
---
just text
"""
    answer = post(api, raw)
    assert answer.status_code == 422
    assert told(answer) == [("a", "new"), ("b", "invalid"), ("c", "invalid"), ("a", "invalid"), ("", "invalid")]
    found = {(one["document"], one["line"], one["code"]) for one in answer.json()["findings"]}
    assert {(2, 8, "unknown-kind"), (4, 17, "duplicate"), (5, 22, "shape")} <= found
    assert {(number, line) for number, line, _ in found if number == 3} == {(3, 12)}
    assert "document 2 (line 8)" in answer.json()["detail"]
    assert not ChangeSet.objects.exists()
    assert not BGPPeer.objects.exists()


@pytest.mark.parametrize(
    ("raw", "code", "line"),
    [
        (b"a: [1", "unreadable", 2),
        (b"kind: BGPPeer\n---\nb: {\n", "unreadable", 4),
        (b"a: 1\n---\na: &x [*x]\n", "unreadable", 3),
        (b"a: !!python/object 1", "unreadable", 1),
        (b"a: 1\na: 2", "unreadable", 2),
        (b"\n" + b"[" * 100 + b"]" * 100, "unreadable", 2),
        (b"\xff\xfe\x00", "unreadable", 0),
        (b"a: &a [x,x,x,x,x,x,x,x,x,x]\n" + b"".join(
            f"{chr(98 + n)}: &{chr(98 + n)} [{','.join([f'*{chr(97 + n)}'] * 10)}]\n".encode() for n in range(8)
        ), "unreadable", 6),
        (b"- kind: BGPPeer", "shape", 1),
        (b"kind: MetalLB\napiVersion: metallb.io/v1beta1\nmetadata: {name: x}\n", "unknown-kind", 1),
        (b"kind: BGPPer\napiVersion: v1\nmetadata: {name: x}\n", "unknown-kind", 1),
        (b"kind: BGPPeer\nmetadata: {name: x}\n", "shape", 1),
        (b"kind: BGPPeer\napiVersion: metallb.io/v9\nmetadata: {name: x}\nspec: {}\n", "shape", 1),
        (b"kind: BGPPeer\napiVersion: metallb.io/v1beta2\nmetadata: {name: x}\nmore: 1\n", "unknown-field", 1),
    ],
)  # fmt: skip
def test_hostile_or_broken_input_is_refused_and_changes_nothing(
    api: APIClient, cluster: Cluster, raw: bytes, code: str, line: int
) -> None:
    answer = post(api, raw)
    assert answer.status_code == 422, answer.json()
    assert code in codes(answer)
    assert line in {finding["line"] for finding in answer.json()["findings"]}
    assert not ChangeSet.objects.exists()


def test_each_document_is_read_by_itself(api: APIClient, cluster: Cluster) -> None:
    head = f"%YAML 1.1\n# all of it\n---\n{stream(manifest('a')).decode()}...\n"
    other = stream(manifest("c", peerAddress="192.0.2.3")).decode()
    raw = f'{head}---\r\nb: "\n---\n{other}---\n&x [*x]\n--- |\n ----\n'.encode()
    answer = post(api, raw)
    assert answer.status_code == 422
    states = [(one["document"], one["status"]) for one in answer.json()["documents"]]
    assert states == [(1, "new"), (2, "invalid"), (3, "new"), (4, "invalid"), (5, "invalid")]
    text = raw.decode()
    lines = [text[: text.index(mark)].count("\n") + 1 for mark in ("apiVersion", 'b: "', "name: c", "&x [*x]", " ----")]
    told = {one["document"]: one["line"] for one in answer.json()["documents"]}
    assert (told[1], told[4], told[5]) == (lines[0], lines[3], lines[4] - 1)
    assert "2 (line" in answer.json()["detail"]
    assert not ChangeSet.objects.exists()


def test_size_and_number_are_bounded(api: APIClient, cluster: Cluster) -> None:
    for raw in (b"#" * (LARGEST + 1), stream(*(manifest(f"p{number}") for number in range(1001)))):
        answer = post(api, raw)
        assert (answer.status_code, answer.json()["type"]) == (413, "urn:bgpui:problem:too-large")
    files = [SimpleUploadedFile(f"{number}.yaml", b"a: 1") for number in range(101)]
    assert api.post(IMPORT, {"files": files}, format="multipart").status_code == 413
    assert post(api, b"").status_code == 400
    assert not ChangeSet.objects.exists()


def test_ten_megabytes_of_comments_and_one_object_are_read(api: APIClient, cluster: Cluster) -> None:
    raw = b"# x\n" * ((LARGEST - 1000) // 4) + stream(manifest())
    assert post(api, raw, "?dry_run=false").status_code == 202


@pytest.mark.usefixtures("worker")
def test_files_json_and_lists_are_taken_and_a_kustomization_is_left_out(
    api: APIClient, live_cluster: Cluster, kube: Kube
) -> None:
    kustomization = {"apiVersion": "kustomize.config.k8s.io/v1beta1", "kind": "Kustomization", "resources": ["a.yaml"]}
    items = [manifest("a"), manifest("b", peerAddress="192.0.2.2")]
    files = [
        SimpleUploadedFile("kustomization.yaml", stream(kustomization)),
        SimpleUploadedFile("a.yaml", stream({"apiVersion": "v1", "kind": "List", "items": items})),
    ]
    answer = api.post(f"{IMPORT}?wait=10s", {"files": files}, format="multipart")
    assert (answer.status_code, told(answer)) == (200, [("", "skipped"), ("a", "new"), ("b", "new")])
    assert [one["file"] for one in answer.json()["documents"]] == ["kustomization.yaml", "a.yaml", "a.yaml"]
    answer = post(api, json.dumps([manifest("a")]), "?wait=10s", "application/json")
    assert told(answer) == [("a", "equal")]
    assert kube.get("bgppeers", "b")


def test_passwords_are_refused_with_the_way_out_and_told_nowhere(api: APIClient, cluster: Cluster) -> None:
    answer = post(api, stream(manifest(password="hunter2-canary"), manifest("b", peerAddress="192.0.2.2")))
    assert (answer.status_code, codes(answer)) == (422, ["password-in-list"])
    assert "passwordSecret" in answer.json()["findings"][0]["hint"]
    assert b"canary" not in answer.content


def test_an_older_version_is_upgraded_and_a_dangling_reference_refused(api: APIClient, cluster: Cluster) -> None:
    older = {**manifest(), "apiVersion": "metallb.io/v1beta1"}
    answer = post(api, stream(older))
    assert (answer.status_code, told(answer)) == (202, [("peer", "new")])
    assert answer.json()["changeSet"]["objects"][0]["after"]["apiVersion"] == "metallb.io/v1beta2"
    dangling = post(api, stream(manifest("b", peerAddress="192.0.2.2", bfdProfile="nowhere")))
    assert (dangling.status_code, "bfd-profile-missing" in codes(dangling)) == (422, True)


@pytest.mark.usefixtures("worker")
def test_one_that_the_cluster_refuses_takes_all_back(api: APIClient, live_cluster: Cluster, kube: Kube) -> None:
    kube.server.faults.add(Fault(verb="create", resource="bgppeers", delay=0.0, count=3))
    words = {"kind": "Status", "message": "admission webhook denied the request: no", "code": 403}
    kube.server.faults.add(Fault(verb="create", resource="bgppeers", code=403, status=words))
    answer = post(api, stream(manifest("a"), manifest("b", peerAddress="192.0.2.2")), "?wait=10s")
    assert (answer.status_code, answer.json()["changeSet"]["state"]) == (422, "rolled_back")
    assert (kube.get("bgppeers", "a"), kube.get("bgppeers", "b")) == (None, None)


def test_a_trial_asks_the_cluster_and_saves_nothing(api: APIClient, live_cluster: Cluster, kube: Kube) -> None:
    tried = post(api, stream(manifest()), "?dry_run=true")
    assert told(tried) == [("peer", "new")]
    assert [one["kind"] for one in tried.json()["review"]["objects"]] == ["BGPPeer"]
    words = {"kind": "Status", "message": "not on a Friday", "code": 403, "reason": "Forbidden"}
    kube.server.faults.add(Fault(verb="create", resource="bgppeers", code=403, status=words))
    answer = post(api, stream(manifest()), "?dry_run=true")
    assert (answer.status_code, codes(answer)) == (422, ["rejected"])
    assert not ChangeSet.objects.exists()


def test_a_viewer_exports_and_does_not_import(as_role: Callable[[str], APIClient], cluster: Cluster) -> None:
    row_of(cluster)
    viewer = as_role("viewer")
    assert viewer.get(EXPORT).status_code == 200
    assert post(viewer, stream(manifest())).status_code == 403
    assert as_role("").get(EXPORT).status_code == 403


def test_an_export_is_clean_and_the_same_every_time(api: APIClient, live_cluster: Cluster, kube: Kube) -> None:
    made = manifest(password="hunter2-canary", peerPort=179)
    kube.call(kube.server.store.add, made, "kubectl-create")
    relist(live_cluster)
    text = api.get(EXPORT).content.decode()
    assert "# spec.password is set in the cluster and not included\n" in text
    assert not [
        word for word in ("canary", "uid", "managedFields", "resourceVersion", "status", "peerPort") if word in text
    ]
    assert text.startswith("# spec.password")
    for form in ("yaml", "kustomize", "kustomize-tar"):
        assert api.get(f"{EXPORT}?format={form}").content == api.get(f"{EXPORT}?format={form}").content
    with tarfile.open(fileobj=io.BytesIO(api.get(f"{EXPORT}?format=kustomize-tar").content)) as archive:
        assert archive.getnames() == ["metallb-lab/kustomization.yaml", "metallb-lab/bgppeer-peer.yaml"]


def test_an_export_can_be_narrowed(api: APIClient, cluster: Cluster) -> None:
    for name in ("a", "b"):
        row = row_of(cluster, name)
        made = manifest(name)
        made["metadata"]["labels"] = {"rack": name}
        row.live = made
        row.save()

    def names(query: str) -> list[str]:
        return [one["metadata"]["name"] for one in yaml.safe_load_all(api.get(f"{EXPORT}?{query}").content)]

    assert names("kind=BGPPeer") == names("") == ["a", "b"]
    assert names("kind=BFDProfile") == []
    assert names("name=b") == names("labels=rack%3Db") == names("labels=rack+in+(b,c)") == ["b"]
    for query in ("kind=Secret", "format=xml", "labels=%3D%3D", "page=2", "x=1", "cluster=elsewhere"):
        assert api.get(f"{EXPORT}?{query}").status_code == 400, query


def test_what_people_keep_beside_is_left_out_with_the_reason(api: APIClient, cluster: Cluster) -> None:
    secret = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "pw"}, "stringData": {"password": "canary-x"}}
    others = [
        {"apiVersion": version, "kind": kind, "metadata": {"name": "x", "namespace": "shop"}}
        for version, kind in (
            ("v1", "ConfigMap"), ("v1", "Namespace"), ("apps/v1", "DaemonSet"), ("apps/v1", "Deployment"),
            ("rbac.authorization.k8s.io/v1", "Role"),
        )
    ]  # fmt: skip
    answer = post(api, stream(secret, *others, manifest()))
    assert (answer.status_code, told(answer)[-1]) == (202, ("peer", "new"))
    *beside, taken = answer.json()["documents"]
    assert [one["status"] for one in beside] == ["skipped"] * 6
    assert all("left out" in one["note"] and "oc or kubectl" in one["note"] for one in beside)
    assert (beside[1]["namespace"], taken["namespace"], b"canary" in answer.content) == (
        "shop",
        "metallb-system",
        False,
    )
    alone = post(api, stream(secret))
    assert (alone.status_code, alone.json()["changeSet"], told(alone)) == (200, None, [("pw", "skipped")])


def test_items_of_a_list_are_found_at_their_own_lines(api: APIClient, cluster: Cluster) -> None:
    raw = """\
apiVersion: v1
kind: List
items:
- kind: BGPPeer
  apiVersion: metallb.io/v1beta2
  metadata: {name: a, namespace: metallb-system}
  spec: {myASN: 64500, peerASN: 64501, peerAddress: 192.0.2.1}
- kind: List
  apiVersion: v1
  items:
  - kind: BGPPeer
    apiVersion: metallb.io/v1beta2
    metadata: {name: b, namespace: metallb-system}
    more: 1
"""
    documents = post(api, raw).json()["documents"]
    assert [(one["line"], one["status"]) for one in documents] == [(4, "new"), (11, "invalid")]
    assert [one["namespace"] for one in documents] == ["metallb-system"] * 2
    assert [finding["line"] for finding in documents[1]["findings"]] == [11]


def test_json_that_is_too_deep_says_where(api: APIClient, cluster: Cluster) -> None:
    for levels in (70, 100_000):
        deep = '["]]",\n' + "[" * levels + "]" * levels + "]"
        (one,) = post(api, deep, media_type="application/json").json()["documents"]
        assert (one["line"], one["findings"][0]["message"][-30:]) == (2, "more than 64 levels deep (line 2)"[-30:])
