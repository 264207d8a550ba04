"""Bodies of any quality: what is not taken is answered with a problem, and never with a 500."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rest_framework.test import APIClient

from clusters.api.documents import UnreadableError, read_json, read_yaml
from clusters.models import Cluster
from intent.kinds import KINDS
from peers.models import BGPPeer
from tests.api.manifests import LIST, NAMESPACE, manifest, send, url

NAMES = [
    "apiVersion",
    "kind",
    "metadata",
    "spec",
    "cluster",
    "sync",
    "password",
    "name",
    "namespace",
    "labels",
    "matchLabels",
]
NAMES += [field.name for field in KINDS["BGPPeer"].fields]
SCALARS = (
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=8)
)
JSON = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(NAMES) | st.text(max_size=5), inner, max_size=4)
    ),
    max_leaves=12,
)
BOMB = "a: &a [x,x,x,x,x,x,x,x,x]\n" + "".join(
    f"{new}: &{new} [{','.join([f'*{old}'] * 9)}]\n" for old, new in zip("abcdefgh", "bcdefghi", strict=True)
)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(body=JSON)
@pytest.mark.parametrize(("method", "path"), [("POST", LIST), ("PUT", url()), ("PATCH", url())])
def test_json_of_any_shape_is_answered(api: APIClient, cluster: Cluster, method: str, path: str, body: Any) -> None:
    answer = send(api, method, path, json.dumps(body).encode())
    assert answer.status_code in (202, 400, 404, 409, 422)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(spec=st.dictionaries(st.sampled_from([field.name for field in KINDS["BGPPeer"].fields]), JSON, max_size=5))
def test_specs_of_any_shape_are_answered(api: APIClient, cluster: Cluster, spec: dict[str, Any]) -> None:
    spec.pop("password", None)  # a real one would be written to the cluster
    answer = api.put(url(), {"spec": {**manifest()["spec"], **spec}})
    assert answer.status_code in (202, 400, 422)


@settings(max_examples=60)
@given(raw=st.binary(max_size=200) | st.text(alphabet="ab:-&*!{}[]?|>#%@`'\"\n 0123.~<", max_size=120).map(str.encode))
def test_bytes_of_any_kind_are_read_or_refused(raw: bytes) -> None:
    for read in (read_json, read_yaml):
        with suppress(UnreadableError):
            json.dumps(read(raw), allow_nan=False).encode()


@pytest.mark.parametrize(
    ("media_type", "raw"),
    [
        ("application/yaml", BOMB.encode()),
        ("application/yaml", b"a: &a [*a]"),
        ("application/yaml", b"[" * 10_000),
        ("application/yaml", b"!!python/object/apply:os.system [ls]"),
        ("application/yaml", b"a: 1\na: 2"),
        ("application/yaml", b"a: " + b"x" * 300_000),
        ("application/json", b"[" * 100_000),
        ("application/json", b'{"a": 1, "a": 2}'),
        ("application/json", b'{"a": NaN}'),
        ("application/json", b'{"a": 1e999}'),
        ("application/json", b'"\\ud800"'),
        ("application/json", b'"\\u0000"'),
        ("application/json", b'{"a": "' + b"x" * 3_000_000 + b'"}'),
        ("application/json", b"\xff\xfe"),
        ("application/json", b"1" * 5000),
        ("application/json", b""),
    ],
)
def test_a_body_that_cannot_be_read_is_a_problem_of_the_client(
    api: APIClient, cluster: Cluster, media_type: str, raw: bytes
) -> None:
    answer = send(api, "PUT", url(), raw, media_type)
    assert answer["Content-Type"] == "application/problem+json"
    assert answer.status_code in ((400, 422) if not raw else (400,))
    assert not BGPPeer.objects.exists()


@pytest.mark.parametrize(
    "media_type", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "text/html"]
)
def test_only_json_and_yaml_are_taken(api: APIClient, cluster: Cluster, media_type: str) -> None:
    answer = send(api, "POST", LIST, b"spec=1", media_type)
    assert (answer.status_code, answer["Content-Type"]) == (415, "application/problem+json")


def test_yaml_is_read_as_kubernetes_reads_it() -> None:
    text = b"a: 64500:10\nb: 2001-01-01\nc: yes\nd: 'yes'\ne: 010\nf: 0x10\ng: ~\nh: 1_000\ni: 1.5\n"
    (found,) = read_yaml(text)
    assert found == {
        "a": "64500:10",
        "b": "2001-01-01",
        "c": True,
        "d": "yes",
        "e": 8,
        "f": 16,
        "g": None,
        "h": 1000,
        "i": 1.5,
    }


def test_a_manifest_in_yaml_is_taken(api: APIClient, cluster: Cluster) -> None:
    text = b"""
apiVersion: metallb.io/v1beta2
kind: BGPPeer
metadata: {namespace: metallb-system, name: doc-example-peer}
spec:
  peerAddress: 10.0.0.1
  peerASN: 64501
  myASN: 64500
  routerID: 10.10.10.10
"""
    answer = send(api, "PUT", url("doc-example-peer"), text, "application/yaml")
    assert (answer.status_code, answer.json()["spec"]["routerID"]) == (202, "10.10.10.10")


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"apiVersion": "metallb.io/v1"}, "apiVersion"),
        ({"kind": "BFDProfile"}, "kind"),
        ({"specs": {}}, "specs"),
        ({"spec": []}, "spec"),
        ({"metadata": {"name": "another"}}, "metadata.name"),
        ({"metadata": {"namespace": "default"}}, "metadata.namespace"),
        ({"metadata": {"name": 5}}, "metadata.name"),
        ({"metadata": {"lables": {}}}, "metadata.lables"),
        ({"metadata": {"labels": {"a": 1}}}, "metadata.labels.a"),
        ({"metadata": []}, "metadata"),
    ],
)
def test_what_is_no_manifest_of_this_object_is_refused_with_the_field(
    api: APIClient, cluster: Cluster, change: dict[str, Any], field: str
) -> None:
    answer = api.put(url(), {**manifest(), **change})
    assert answer.status_code == 400
    assert field in [finding["field"] for finding in answer.json()["findings"]]


def test_what_kubectl_prints_is_taken_without_what_the_server_set(api: APIClient, cluster: Cluster) -> None:
    body = manifest()
    body["metadata"] |= {
        "uid": "x",
        "resourceVersion": "5",
        "generation": 2,
        "creationTimestamp": "2031-01-01T00:00:00Z",
        "managedFields": [{}],
        "annotations": {
            "kubectl.kubernetes.io/last-applied-configuration": '{"spec":{"password":"canary"}}',
            "kapp.k14s.io/original": '{"spec":{"password":"canary"}}',
            "example.com/backup": '{"spec":{"password":"canary"}}',
        },
    }
    answer = api.put(url(), {**body, "status": {}})
    assert answer.status_code == 202
    assert answer.json()["metadata"] == {"name": "peer", "namespace": NAMESPACE}


@pytest.mark.parametrize("name", ["a b", "UPPER", "a_b", "-a", "a" * 254, "%00", "%0a", "ü"])
def test_names_that_are_none_are_refused(api: APIClient, cluster: Cluster, name: str) -> None:
    body = {"spec": manifest()["spec"]}
    assert api.put(url(name), body).status_code in (400, 404, 422)
    assert api.get(url(name)).status_code == 404
