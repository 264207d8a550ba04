"""A password goes in and never comes out: not in answers, rows, the audit trail, logs or errors."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
import requests
from django.core import serializers
from rest_framework.test import APIClient

from clusters.kube.client import Door
from clusters.models import Change, Cluster
from clusters.sync.relist import relist
from lab.apiserver import Fault
from peers.models import BGPPeer
from tests.api.conftest import Kube
from tests.api.manifests import LIST, NAMESPACE, manifest, send, url

CANARY = "canary-hunter2-canary"
TRACES = (CANARY, base64.b64encode(CANARY.encode()).decode())


def leaks(*texts: object) -> bool:
    return any(trace in str(text) for trace in TRACES for text in texts)


def rows() -> str:
    return str(serializers.serialize("json", [*BGPPeer.objects.all(), *Change.objects.all()]))


@pytest.mark.usefixtures("worker")
def test_a_password_becomes_a_secret_and_is_seen_nowhere_else(
    api: APIClient, live_cluster: Cluster, kube: Kube, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    answers = [
        api.put(f"{url()}?dry_run=true", manifest(password=CANARY)),
        api.put(f"{url()}?wait=10s", manifest(password=CANARY)),
        api.get(url()),
        api.get(LIST),
        api.patch(f"{url()}?wait=10s", {"spec": {"password": f"{CANARY}2"}}),
    ]
    assert [answer.status_code for answer in answers] == [200, 201, 200, 200, 200]
    secret = kube.get("secrets", "peer-bgp-password")
    assert (secret["type"], base64.b64decode(secret["data"]["password"])) == (
        "kubernetes.io/basic-auth",
        f"{CANARY}2".encode(),
    )
    assert kube.get("bgppeers", "peer")["spec"]["passwordSecret"] == {"name": "peer-bgp-password"}
    assert "password" not in kube.get("bgppeers", "peer")["spec"]
    assert not leaks(*(answer.content for answer in answers), rows(), caplog.text)


@pytest.mark.parametrize(
    "body",
    [
        manifest(password=CANARY, passwordSecret={"name": "own"}),
        manifest(password=CANARY, myASN=0),
        manifest(password=[CANARY]),
        manifest(password={"x": CANARY}),
        manifest(password=CANARY * 5),
        manifest(password=f"{CANARY}\nneighbor 192.0.2.9 shutdown"),
        {**manifest(), "spec": [{"password": CANARY}]},
        [{"password": CANARY}],
        {"password": CANARY},
        {**manifest(), "password": CANARY},
    ],
)
def test_a_refused_password_is_not_repeated_in_the_refusal(
    api: APIClient, live_cluster: Cluster, kube: Kube, caplog: pytest.LogCaptureFixture, body: Any
) -> None:
    answer = api.put(url(), body)
    assert answer.status_code in (400, 422)
    assert kube.get("secrets", "peer-bgp-password") is None
    assert not BGPPeer.objects.exists()
    assert not leaks(answer.content, caplog.text)


def test_text_that_cannot_be_read_is_not_repeated_either(api: APIClient, cluster: Cluster) -> None:
    for media_type in ("application/json", "application/yaml"):
        answer = send(api, "PUT", url(), f'{{"spec": {{"password": "{CANARY}" '.encode(), media_type)
        assert answer.status_code == 400
        assert not leaks(answer.content)


def test_without_the_cluster_a_password_is_not_taken_and_nothing_saved(api: APIClient, cluster: Cluster) -> None:
    answer = api.put(url(), manifest(password=CANARY))
    assert (answer.status_code, answer["Retry-After"]) == (503, "5")
    assert not BGPPeer.objects.exists()
    assert not leaks(answer.content)


def test_a_secret_that_cannot_be_written_refuses_the_edit_in_the_servers_words(
    api: APIClient, live_cluster: Cluster, kube: Kube
) -> None:
    status = {"kind": "Status", "status": "Failure", "message": f"no: {TRACES[1]}", "reason": "Forbidden", "code": 403}
    kube.call(kube.server.faults.add, Fault(resource="secrets", code=403, status=status))
    answer = api.put(url(), manifest(password=CANARY))
    assert (answer.status_code, answer.json()["findings"][0]["field"]) == (422, "spec.password")
    assert not BGPPeer.objects.exists()
    assert not leaks(answer.content)


def test_who_loses_a_race_is_told_that_the_password_is_new(
    api: APIClient, live_cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    api.put(url(), manifest())
    tag, written = api.get(url())["ETag"], Door.secret_write

    def overtaken(*args: Any) -> None:
        api.put(url(), manifest(holdTime="90s"))
        written(*args)

    monkeypatch.setattr(Door, "secret_write", overtaken)
    answer = api.put(url(), manifest(password=CANARY), headers={"If-Match": tag})
    assert (answer.status_code, "Only the new password is in force" in answer.json()["detail"]) == (412, True)


@pytest.mark.usefixtures("worker")
def test_a_foreign_inline_password_is_told_of_and_survives_an_edit(
    api: APIClient, live_cluster: Cluster, kube: Kube
) -> None:
    foreign = manifest(password=CANARY)
    foreign["metadata"]["annotations"] = {
        "kubectl.kubernetes.io/last-applied-configuration": json.dumps(manifest(password=CANARY))
    }
    path = f"/apis/metallb.io/v1beta2/namespaces/{NAMESPACE}/bgppeers?fieldManager=kubectl-client-side-apply"
    requests.post(f"{kube.server.url}{path}", json=foreign, headers={"Authorization": "Bearer secret"}, timeout=10)
    relist(live_cluster)
    read = api.get(url())
    assert read.json()["inlinePassword"] is True
    edited = api.patch(f"{url()}?wait=10s", {"spec": {"holdTime": "90s"}})
    assert edited.status_code == 200
    assert kube.get("bgppeers", "peer")["spec"]["password"] == CANARY
    dropped = api.patch(f"{url()}?wait=10s", {"spec": {"password": None}})
    assert (dropped.status_code, dropped.json()["inlinePassword"]) == (200, False)
    assert "password" not in kube.get("bgppeers", "peer")["spec"]
    assert not leaks(read.content, edited.content, dropped.content, rows())
