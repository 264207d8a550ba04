"""Passwords go to the cluster and nowhere else."""

from __future__ import annotations

import base64
import json
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection

from clusters import clock
from clusters.edits.refusals import ClusterUnreachable, Refused
from clusters.kube import redact
from clusters.models import Change, SecretFact
from clusters.services import review
from clusters.sync.claim import Fate
from lab.apiserver import Fault
from peers.models import BGPPeer
from tests.clusters.cluster import NAMESPACE, RunningCluster, peer
from tests.clusters.conftest import Office

PASSWORD = "hunter2-canary"
OTHER = "s3cond-canary"


def _secret(kube: RunningCluster, name: str = "tor-1-bgp-password") -> dict[str, Any] | None:
    return kube.call(kube.server.store.get, "secrets", NAMESPACE, name)


def _text(database: str) -> str:
    """Every value of every table."""
    with connection.cursor() as cursor:
        texts = []
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f'SELECT * FROM "{table}"')  # noqa: S608
            texts.append(repr(cursor.fetchall()))
    return "\n".join(texts)


def _nowhere(caplog: pytest.LogCaptureFixture) -> bool:
    seen = _text("default") + caplog.text
    secrets = [text for word in (PASSWORD, OTHER) for text in (word, base64.b64encode(word.encode()).decode())]
    return not any(secret in seen for secret in secrets)


@pytest.mark.parametrize("way", ["password", "spec.password"])
def test_a_typed_password_becomes_a_secret_before_the_row_is_saved(
    kube: RunningCluster, office: Office, caplog: pytest.LogCaptureFixture, way: str
) -> None:
    caplog.set_level("DEBUG")
    row = office.save(peer(), password=PASSWORD) if way == "password" else office.save(peer(password=PASSWORD))
    secret = _secret(kube)
    assert secret is not None
    assert (secret["type"], base64.b64decode(secret["data"]["password"]).decode()) == (
        "kubernetes.io/basic-auth",
        PASSWORD,
    )
    assert office.work(row) == [Fate.IN_SYNC]
    assert kube.spec("tor-1") == peer(passwordSecret={"name": "tor-1-bgp-password"})["spec"]
    office.look()
    fact = SecretFact.objects.get()
    assert (fact.exists, fact.has_password, fact.length_ok, fact.trailing_newline) == (True, True, True, False)
    assert _nowhere(caplog)


def test_a_new_password_renews_the_secret_and_leaves_the_object_alone(kube: RunningCluster, office: Office) -> None:
    row = office.save(peer(), password=PASSWORD)
    office.work(row)
    office.save(row.manifest, password=OTHER)
    office.work(row)
    secret = _secret(kube)
    assert secret is not None
    assert base64.b64decode(secret["data"]["password"]).decode() == OTHER
    assert kube.peer("tor-1")["metadata"]["generation"] == 1
    assert [(change.new_password, change.message) for change in Change.objects.all()] == [(True, "")] * 2


@pytest.mark.parametrize(
    ("fault", "refusal"),
    [({"code": 500}, ClusterUnreachable), ({"drop": "before"}, ClusterUnreachable), ({"code": 403}, Refused)],
)
def test_nothing_is_saved_when_the_secret_cannot_be_written(
    kube: RunningCluster, office: Office, fault: dict[str, Any], refusal: type[Exception]
) -> None:
    kube.server.faults.add(Fault(resource="secrets", **fault))
    with pytest.raises(refusal):
        office.save(peer(), password=PASSWORD)
    assert (BGPPeer.objects.count(), Change.objects.count()) == (0, 0)


def test_a_secret_of_somebody_else_is_not_overwritten(kube: RunningCluster, office: Office) -> None:
    data = {"password": base64.b64encode(OTHER.encode()).decode()}
    metadata = {"name": "tor-1-bgp-password", "namespace": NAMESPACE}
    kube.add(
        {"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "type": "kubernetes.io/basic-auth", "data": data}
    )
    with pytest.raises(Refused) as refusal:
        office.save(peer(), password=PASSWORD)
    assert [finding.code for finding in refusal.value.findings] == ["password-not-written"]
    secret = _secret(kube)
    assert secret is not None
    assert secret["data"] == data


@pytest.mark.parametrize("password", ["x" * 81, "two\nlines", "nul\x00"])
def test_a_password_that_frr_cannot_use_is_refused(kube: RunningCluster, office: Office, password: str) -> None:
    with pytest.raises(Refused) as refusal:
        office.save(peer(), password=password)
    assert {finding.field for finding in refusal.value.findings} == {"spec.password"}
    assert _secret(kube) is None


def test_a_password_and_a_reference_to_another_secret_exclude_each_other(kube: RunningCluster, office: Office) -> None:
    with pytest.raises(Refused) as refusal:
        office.save(peer(password=PASSWORD, passwordSecret={"name": "other"}))
    assert "password-and-secret" in {finding.code for finding in refusal.value.findings}
    assert _secret(kube) is None


@pytest.mark.parametrize("write", ["apply", "create"])
def test_a_foreign_inline_password_is_never_stored_and_survives_an_edit(
    kube: RunningCluster, office: Office, caplog: pytest.LogCaptureFixture, write: str
) -> None:
    caplog.set_level("DEBUG")
    kube.kubectl(write, manifest=peer(password=PASSWORD))
    office.look()
    assert office.row().inline_password
    row = office.save(peer(peerASN=64700))
    assert office.work(row) == [Fate.IN_SYNC], row.sync_message
    assert kube.peer("tor-1")["spec"]["password"] == PASSWORD
    assert kube.peer("tor-1")["spec"]["peerASN"] == 64700
    assert row.inline_password
    assert _nowhere(caplog)


_COPIES = {
    "kapp": {"kapp.k14s.io/original": json.dumps(peer(password=OTHER))},
    "a backup": {"backup.example.com/all": f"password: {PASSWORD}"},
    "JSON in JSON": {"console.example.com/state": json.dumps(json.dumps(peer(password=OTHER)))},
    "Fleet, packed": {"objectset.rio.cattle.io/applied": "H4sIAAAAAAAA"},
}


@pytest.mark.parametrize("copy", _COPIES.values(), ids=_COPIES.keys())
def test_an_annotation_that_repeats_the_password_is_not_stored_and_survives_an_edit(
    kube: RunningCluster, office: Office, caplog: pytest.LogCaptureFixture, copy: dict[str, str]
) -> None:
    manifest = peer(password=PASSWORD)
    manifest["metadata"]["annotations"] = {**copy, "team": "net"}
    kube.kubectl("create", manifest=manifest)
    office.look()
    row = office.row()
    assert (row.annotations, set(row.live["metadata"]["annotations"])) == ({"team": "net"}, {*copy, "team"})  # type: ignore[index]
    found = office.save(peer(peerASN=64700))
    assert office.work(found) == [Fate.IN_SYNC], found.sync_message
    assert kube.peer("tor-1")["metadata"]["annotations"] == copy
    assert _nowhere(caplog)
    assert "H4sIAAAAAAAA" not in _text("default")


def test_a_password_is_found_in_any_spelling_of_json() -> None:
    for word in ('a"b', "p\u00e4ss", "1"):
        obj = peer(password=word)
        obj["metadata"]["annotations"] = {"a": json.dumps({"x": word}), "b": "other"}
        assert redact.strip(obj, b"key")["metadata"]["annotations"] == {"a": redact.MASK, "b": "other"}


def test_another_inline_password_is_seen_without_being_known(kube: RunningCluster, office: Office) -> None:
    kube.kubectl("create", manifest=peer(password=PASSWORD))
    office.look()
    kube.patch_peer("tor-1", {"password": OTHER})
    office.look()
    change = Change.objects.get()
    assert change.before == change.after
    assert PASSWORD not in _text("default")


@pytest.mark.parametrize("write", ["apply", "create"])
def test_a_new_password_drops_the_inline_one_in_the_same_apply(
    kube: RunningCluster, office: Office, write: str
) -> None:
    kube.kubectl(write, manifest=peer(password=PASSWORD))
    office.look()
    look = review(
        cluster=office.cluster, kind="BGPPeer", namespace=NAMESPACE, name="tor-1", manifest=peer(), password=OTHER
    )
    assert look.drops_inline_password
    assert look.dry_run.accepted, look.dry_run.message
    row = office.save(peer(), password=OTHER)
    assert office.work(row) == [Fate.IN_SYNC], row.sync_message
    assert kube.spec("tor-1") == peer(passwordSecret={"name": "tor-1-bgp-password"})["spec"]
    assert kube.peer("tor-1")["metadata"]["generation"] == 2
    assert not row.inline_password


def test_an_inline_password_can_be_dropped_without_a_new_one(kube: RunningCluster, office: Office) -> None:
    kube.kubectl("create", manifest=peer(password=PASSWORD))
    office.look()
    row = office.save(peer(), password="")
    assert office.work(row) == [Fate.IN_SYNC]
    assert "password" not in kube.peer("tor-1")["spec"]


@pytest.mark.parametrize(
    ("content", "facts"),
    [
        ({"password": b"fine"}, (True, True, True, False)),
        ({"password": b"fine\n"}, (True, True, True, True)),
        ({"password": b"x" * 81}, (True, True, False, False)),
        ({"username": b"u"}, (True, False, False, False)),
        (None, (False, False, False, False)),
    ],
)
def test_facts_about_secrets_are_kept_and_not_the_secrets(
    kube: RunningCluster, office: Office, content: dict[str, bytes] | None, facts: tuple[bool, ...]
) -> None:
    if content is not None:
        data = {key: base64.b64encode(value).decode() for key, value in content.items()}
        metadata = {"name": "shared", "namespace": NAMESPACE}
        secret = {"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "type": "kubernetes.io/basic-auth"}
        kube.add(secret | {"data": data})
    kube.add(peer(passwordSecret={"name": "shared"}))
    office.look()
    fact = SecretFact.objects.get()
    assert (fact.exists, fact.has_password, fact.length_ok, fact.trailing_newline) == facts
    assert not fact.exists or fact.type == "kubernetes.io/basic-auth"
    assert not fact.has_password or "fine" not in _text("default")


def test_facts_of_secrets_that_nobody_refers_to_are_dropped(kube: RunningCluster, office: Office) -> None:
    kube.add(peer(passwordSecret={"name": "shared"}))
    office.look()
    kube.patch_peer("tor-1", {"passwordSecret": None})
    office.look()
    assert SecretFact.objects.count() == 0


def test_nothing_is_known_of_a_secret_that_may_not_be_looked_at_any_more(kube: RunningCluster, office: Office) -> None:
    kube.add(*(peer(f"tor-{n}", peerAddress=f"192.0.2.{n}", passwordSecret={"name": f"s-{n}"}) for n in (1, 2)))
    office.look()
    assert SecretFact.objects.filter(exists=False).count() == 2
    SecretFact.objects.update(checked_at=clock.now() - timedelta(minutes=2))
    kube.server.faults.add(Fault(resource="secrets", name="s-1", code=403))
    office.look()
    office.cluster.refresh_from_db()
    known = {fact.name: (fact.readable, fact.exists) for fact in SecretFact.objects.all()}
    assert known == {"s-1": (False, False), "s-2": (True, False)}
    assert "Secret s-1 may not be looked at" in str(office.cluster.problems)
    codes = {finding["code"] for finding in office.row().findings}
    assert ("secret-missing" in codes, "secret-not-checked" in codes) == (False, True)
