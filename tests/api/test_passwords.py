"""POST …/password/: into the same Secret, or out of the object into one."""

from __future__ import annotations

import base64
import json
from typing import Any, Literal

import pytest
from django.contrib.auth.models import User
from pytest_django import Settings
from rest_framework.test import APIClient

from clusters.models import Change, Cluster, Node, SecretFact
from clusters.sync.relist import relist
from lab.apiserver import Fault
from peers.models import BGPPeer
from tests.api.conftest import Kube
from tests.api.manifests import NAMESPACE, manifest, url

CANARY = "canary-r0tated-canary"
SHARED = {"passwordSecret": {"name": "shared"}}


def _secret(name: str, password: str, **metadata: Any) -> dict[str, Any]:
    data = {"password": base64.b64encode(password.encode()).decode(), "username": "eA=="}
    head = {"apiVersion": "v1", "kind": "Secret", "type": "kubernetes.io/basic-auth"}
    return {**head, "metadata": {"name": name, "namespace": NAMESPACE, **metadata}, "data": data}


def _password(kube: Kube, name: str) -> str:
    return base64.b64decode(kube.get("secrets", name)["data"]["password"]).decode()


@pytest.fixture
def shared(live_cluster: Cluster, kube: Kube) -> Cluster:
    """Two peers that take their password from one Secret that kubectl made, and a third with its own."""
    kube.call(kube.server.store.add, _secret("shared", "old"), "kubectl-create")
    for name, address, spec in (
        ("peer", "192.0.2.1", SHARED),
        ("two", "192.0.2.2", SHARED),
        ("three", "192.0.2.3", {}),
    ):
        kube.call(kube.server.store.add, manifest(name, peerAddress=address, **spec), "kubectl-create")
    relist(live_cluster)
    return live_cluster


def test_a_new_password_goes_into_the_same_secret_and_says_who_shares_it(
    api: APIClient, shared: Cluster, kube: Kube
) -> None:
    tried = api.post(f"{url()}password/?dry_run=true", {"password": CANARY})
    assert (tried.status_code, _password(kube, "shared")) == (200, "old")
    answer = api.post(f"{url()}password/", {"password": CANARY})
    assert answer.status_code == 200
    told = {"secret": "shared", "namespace": NAMESPACE, "sharedWith": ["two"], "confirm": []}
    assert answer.json() == tried.json() == told
    assert _password(kube, "shared") == CANARY
    assert kube.get("secrets", "shared")["data"]["username"] == "eA=="
    notes = {change.name: change.message for change in Change.objects.filter(message__contains="New password")}
    assert notes == {
        "peer": "New password in Secret shared.",
        "two": "New password in Secret shared, by way of peer.",
    }
    assert set(Change.objects.filter(message__contains="New").values_list("actor__username", flat=True)) == {"a-editor"}
    assert CANARY not in str(list(Change.objects.values())) + str(answer.content)


@pytest.mark.parametrize(("drop", "stands"), [("before", "old"), ("after", CANARY)])
def test_a_password_of_which_nobody_knows_whether_it_was_written_is_told_as_such(
    api: APIClient, shared: Cluster, kube: Kube, drop: Literal["before", "after"], stands: str
) -> None:
    kube.call(kube.server.faults.add, Fault(verb="patch", resource="secrets", drop=drop))
    assert api.post(f"{url()}password/", {"password": CANARY}).status_code == 503
    assert _password(kube, "shared") == stands
    unknown = "New password in Secret shared. It is not known whether it was written."
    assert Change.objects.get(name="peer", message__contains="New password").message == unknown
    assert api.post(f"{url()}password/", {"password": CANARY}).status_code == 200
    told = list(Change.objects.filter(name="peer", message__contains="New").order_by("pk").values_list("message"))
    assert told == [(unknown,), ("New password in Secret shared.",)]


def test_a_password_that_is_refused_leaves_no_entry(api: APIClient, shared: Cluster, kube: Kube) -> None:
    kube.call(kube.server.faults.add, Fault(verb="patch", resource="secrets", code=403))
    assert api.post(f"{url()}password/", {"password": CANARY}).status_code == 422
    assert not Change.objects.filter(message__contains="New password").exists()


def test_it_needs_no_right_to_read_secrets(api: APIClient, shared: Cluster, kube: Kube) -> None:
    for verb in ("get", "list"):
        kube.call(kube.server.faults.add, Fault(verb=verb, resource="secrets", code=403))
    assert api.post(f"{url()}password/", {"password": CANARY}).status_code == 200
    kube.call(kube.server.faults.clear)
    assert _password(kube, "shared") == CANARY


def test_what_a_tool_looks_after_is_renewed_there(api: APIClient, shared: Cluster, kube: Kube) -> None:
    owner = {"apiVersion": "external-secrets.io/v1", "kind": "ExternalSecret", "name": "bgp", "uid": "1"}
    kube.call(
        kube.server.store.patch, "secrets", NAMESPACE, "shared", {"metadata": {"ownerReferences": [owner]}}, "eso"
    )
    Cluster.objects.update(discovered_at=None)
    shared.refresh_from_db()
    relist(shared)
    answer = api.post(f"{url()}password/", {"password": CANARY})
    assert (answer.status_code, answer.json()["findings"][0]["code"]) == (422, "managed-elsewhere")
    assert "ExternalSecret bgp" in answer.json()["detail"]
    assert _password(kube, "shared") == "old"


@pytest.mark.parametrize("body", [{}, {"password": ""}, {"password": [CANARY]}, [CANARY], {"password": CANARY, "x": 1}])
def test_a_body_that_is_none_is_refused_without_repeating_it(api: APIClient, shared: Cluster, body: Any) -> None:
    answer = api.post(f"{url()}password/", body)
    assert answer.status_code == 400
    assert CANARY not in answer.content.decode()


@pytest.mark.parametrize("password", ["two words", f"{CANARY * 5}", "new\nline", "\n", "\r\n", f"{CANARY}\n"])
def test_what_frr_does_not_take_is_refused(api: APIClient, shared: Cluster, kube: Kube, password: str) -> None:
    answer = api.post(f"{url()}password/", {"password": password})
    assert (answer.status_code, answer.json()["findings"][0]["field"]) == (422, "spec.password")
    assert _password(kube, "shared") == "old"
    assert not password.strip() or password.strip() not in answer.content.decode()


@pytest.mark.usefixtures("worker")
def test_an_inline_password_becomes_a_secret_in_one_reviewed_edit(
    api: APIClient, live_cluster: Cluster, kube: Kube
) -> None:
    applied = manifest(password=CANARY)
    copied = {"kubectl.kubernetes.io/last-applied-configuration": json.dumps(applied), "note": "stays"}
    applied["metadata"]["annotations"] = copied
    kube.call(kube.server.store.add, applied, "kubectl-client-side-apply")
    relist(live_cluster)
    tried = api.post(f"{url()}password/?dry_run=true", {"password": CANARY})
    assert tried.json()["dryRun"] == {"ok": True, "message": ""}
    assert {diff["path"] for diff in tried.json()["diff"]} == {"spec.passwordSecret", "spec.password"}
    answer = api.post(f"{url()}password/?wait=10s", {"password": CANARY})
    assert (answer.status_code, answer.json()["inlinePassword"]) == (200, False)
    spec = kube.get("bgppeers", "peer")["spec"]
    assert ("password" in spec, spec["passwordSecret"]) == (False, {"name": "peer-bgp-password"})
    assert kube.get("bgppeers", "peer")["metadata"]["annotations"] == {"note": "stays"}  # kubectl's copy repeats it
    assert _password(kube, "peer-bgp-password") == CANARY
    again = api.post(f"{url()}password/", {"password": "another"})
    assert again.json()["secret"] == "peer-bgp-password"
    assert _password(kube, "peer-bgp-password") == "another"
    assert CANARY not in tried.content.decode() + answer.content.decode()


def test_a_secret_that_was_made_here_is_made_again_if_it_is_gone(
    api: APIClient, live_cluster: Cluster, kube: Kube
) -> None:
    body = manifest(passwordSecret={"name": "peer-bgp-password"})
    kube.call(kube.server.store.add, body, "bgpui")
    relist(live_cluster)
    assert api.post(f"{url()}password/", {"password": CANARY}).status_code == 200
    assert _password(kube, "peer-bgp-password") == CANARY


def test_one_of_others_that_is_gone_is_said(api: APIClient, shared: Cluster, kube: Kube) -> None:
    kube.call(kube.server.store.delete, "secrets", NAMESPACE, "shared")
    answer = api.post(f"{url()}password/", {"password": CANARY})
    assert (answer.status_code, answer.json()["findings"][0]["code"]) == (422, "secret-missing")


def test_only_who_may_change_the_object_may(as_role: Any, shared: Cluster, kube: Kube, user: Any) -> None:
    assert as_role("viewer").post(f"{url()}password/", {"password": CANARY}).status_code == 403
    assert _password(kube, "shared") == "old"
    assert not User.objects.filter(username="a-editor").exists()


def test_a_secret_that_is_known_and_gone_is_said_before_anything_is_saved(
    api: APIClient, shared: Cluster, kube: Kube
) -> None:
    relist(shared)
    kube.call(kube.server.store.delete, "secrets", NAMESPACE, "shared")
    changed = {"spec": {"holdTime": "90s"}}
    for query in ("", "?dry_run=true"):
        answer = api.patch(f"{url()}{query}", changed)
        codes = [finding["code"] for finding in answer.json()["findings"]]
        assert (answer.status_code, codes) == (422, ["secret-missing"])


def test_an_edit_looks_at_the_secret_that_it_names(api: APIClient, live_cluster: Cluster, kube: Kube) -> None:
    def codes(secret: str) -> set[str]:
        answer = api.put(f"{url()}?dry_run=true", manifest(passwordSecret={"name": secret}))
        return {finding["code"] for finding in answer.json()["findings"] if "ecret" in finding["field"]}

    assert SecretFact.objects.count() == 0
    assert codes("shared") == {"secret-missing"}
    kube.call(kube.server.store.add, _secret("shared", "fine"))
    assert codes("shared") == set()
    kube.call(kube.server.store.add, _secret("lines", "fine\n"))
    assert codes("lines") == {"secret-trailing-newline"}
    kube.call(kube.server.store.add, _secret("long", "x" * 81))
    assert codes("long") == {"secret-password-length"}
    kube.call(kube.server.store.add, _secret("opaque", "x") | {"type": "Opaque"})
    assert codes("opaque") == {"secret-type"}
    assert SecretFact.objects.count() == 0


def test_sessions_that_it_resets_are_confirmed_with_the_numbers(
    api: APIClient, shared: Cluster, kube: Kube, settings: Settings
) -> None:
    """FRR ends a session whose password changes (bgpd, `peer_password_set`); two peers of three, on every node."""
    settings.BGPUI_CONFIRM_SESSIONS = 25.0
    Node.objects.create(cluster=shared, name="node-0", uid="0")
    code = "sessions-reset:2-of-3"
    assert api.post(f"{url()}password/?dry_run=true", {"password": CANARY}).json()["confirm"] == [code]
    refused = api.post(f"{url()}password/", {"password": CANARY})
    assert (refused.status_code, refused.json()["confirm"], _password(kube, "shared")) == (422, [code], "old")
    assert api.post(f"{url()}password/?accept={code}", {"password": CANARY}).status_code == 200
    assert _password(kube, "shared") == CANARY
    assert [change.accepted for change in Change.objects.filter(message__contains="New password")] == [[code]] * 2
    settings.BGPUI_CONFIRM_SESSIONS = 70.0
    assert api.post(f"{url()}password/", {"password": CANARY}).status_code == 200


# FRR takes 1 to 80 bytes (TCP_MD5SIG_MAXKEYLEN), and its configuration has a line for each password
@pytest.mark.parametrize(
    ("password", "found"),
    [
        ("x" * 80, {}),
        (CANARY * 4, {"password-too-long": "error"}),
        (f"{CANARY}\n", {"password-trailing-newline": "error"}),
        (f"{CANARY} two", {"password-not-one-word": "error"}),
    ],
)
def test_an_inline_password_of_others_and_one_that_is_typed_are_judged_alike(
    api: APIClient, live_cluster: Cluster, kube: Kube, password: str, found: dict[str, str]
) -> None:
    def told(answer: Any) -> dict[str, str]:
        known = {one["code"]: one["severity"] for one in answer.json()["findings"] if one["field"] == "spec.password"}
        return {code: severity for code, severity in known.items() if code != "password-inline"}

    typed = api.put(f"{url()}?dry_run=true", manifest(password=password))
    kube.call(kube.server.store.add, manifest(password=password), "kubectl-edit")
    relist(live_cluster)
    there = api.patch(f"{url()}?dry_run=true", {"spec": {"connectTime": "9s"}})
    assert told(typed) == found
    assert told(there) == {code: "warning" if "newline" in code else severity for code, severity in found.items()}
    # No edit but one of the password itself can mend what the object holds already.
    assert (typed.status_code, there.status_code) == (422 if found else 200, 200)
    assert CANARY not in str(list(BGPPeer.objects.values()))
