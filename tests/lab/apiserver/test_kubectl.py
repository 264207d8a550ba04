"""An unmodified kubectl against the server."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from typing import Any

import pytest
import yaml

from tests.lab.apiserver.conftest import CRD, NAMESPACE, RunningServer, router

Kubectl = Callable[..., subprocess.CompletedProcess[str]]


def manifest(name: str = "r1", **spec: Any) -> str:
    return yaml.safe_dump(router(name, **spec))


def test_objects_are_applied_changed_shown_and_deleted(api: RunningServer, kubectl: Kubectl) -> None:
    assert kubectl("apply", "-f", "-", input=manifest()).stdout == "router.lab.test/r1 created\n"
    assert kubectl("apply", "-f", "-", input=manifest()).stdout == "router.lab.test/r1 unchanged\n"
    assert kubectl("apply", "-f", "-", input=manifest(asn=5)).stdout == "router.lab.test/r1 configured\n"
    table = kubectl("get", "rt", "-n", NAMESPACE).stdout.splitlines()
    assert [line.split() for line in table] == [["NAME", "ADDRESS", "STATE"], ["r1", "192.0.2.1"]]
    shown = yaml.safe_load(kubectl("get", "router", "r1", "-n", NAMESPACE, "-o", "yaml").stdout)
    assert shown["spec"] == {"asn": 5, "address": "192.0.2.1", "port": 179}
    assert "deleted" in kubectl("delete", "routers", "r1", "-n", NAMESPACE).stdout
    assert "NotFound" in kubectl("get", "router", "r1", "-n", NAMESPACE).stderr


def test_server_side_apply_conflicts_until_it_is_forced(api: RunningServer, kubectl: Kubectl) -> None:
    kubectl("apply", "--server-side", "--field-manager", "one", "-f", "-", input=manifest())
    other = ("apply", "--server-side", "--field-manager", "two", "-f", "-")
    refused = kubectl(*other, input=manifest(asn=5))
    assert refused.returncode == 1
    assert 'Apply failed with 1 conflict: conflict with "one": .spec.asn' in refused.stderr
    assert (
        kubectl(*other, "--force-conflicts", input=manifest(asn=5)).stdout == "router.lab.test/r1 serverside-applied\n"
    )


def test_kubectl_moves_from_client_side_to_server_side_apply(api: RunningServer, kubectl: Kubectl) -> None:
    kubectl("apply", "-f", "-", input=manifest(address="192.0.2.7"))
    moved = kubectl("apply", "--server-side", "-f", "-", input=manifest(asn=5))
    assert moved.stdout == "router.lab.test/r1 serverside-applied\n", moved.stderr
    entries = api.request("GET", f"/apis/lab.test/v2/namespaces/{NAMESPACE}/routers/r1").body["metadata"][
        "managedFields"
    ]
    appliers = [(entry["manager"], entry["operation"]) for entry in entries]
    assert appliers == [("kubectl", "Apply"), ("kubectl-last-applied", "Apply")]


def test_a_server_dry_run_changes_nothing(api: RunningServer, kubectl: Kubectl) -> None:
    assert "created (server dry run)" in kubectl("apply", "--dry-run=server", "-f", "-", input=manifest()).stdout
    refused = kubectl("apply", "--dry-run=server", "-f", "-", input=manifest(asn=0))
    assert "spec.asn: Invalid value: 0" in refused.stderr
    assert kubectl("get", "routers", "-n", NAMESPACE, "-o", "name").stdout == ""


def test_unknown_fields_are_refused_by_default(api: RunningServer, kubectl: Kubectl) -> None:
    refused = kubectl("create", "-f", "-", input=manifest(foo=1))
    assert 'strict decoding error: unknown field "spec.foo"' in refused.stderr


def test_explain_knows_the_schema(api: RunningServer, kubectl: Kubectl) -> None:
    assert "The AS number." in kubectl("explain", "router.spec.asn").stdout
    assert "containers" not in kubectl("explain", "pods").stderr


def test_exec_keeps_output_apart_and_returns_the_code(api: RunningServer, kubectl: Kubectl) -> None:
    command = ("exec", "-n", NAMESPACE, "speaker-1", "-c", "frr", "--")
    good, bad = kubectl(*command, "show", "version"), kubectl(*command, "false")
    assert (good.returncode, good.stdout, good.stderr) == (0, "speaker-1/frr: show version\n", "to stderr\n")
    assert (bad.returncode, bad.stderr.splitlines()[-1]) == (3, "command terminated with exit code 3")


def test_exec_forwards_stdin(api: RunningServer, kubectl: Kubectl) -> None:
    got = kubectl("exec", "-i", "-n", NAMESPACE, "speaker-1", "-c", "frr", "--", "cat", input="over stdin")
    assert got.stdout == "over stdin"


@pytest.mark.parametrize(
    ("target", "words"),
    [(("none", "-c", "frr"), 'pods "none" not found'), (("speaker-1", "-c", "none"), "container none is not valid")],
)
def test_exec_says_what_is_not_there(api: RunningServer, kubectl: Kubectl, target: tuple[str, ...], words: str) -> None:
    assert words in kubectl("exec", "-n", NAMESPACE, *target, "--", "true").stderr


def test_a_definition_from_a_file_serves_its_type(api: RunningServer, kubectl: Kubectl) -> None:
    crd = (
        CRD.read_text()
        .replace("lab.test", "made.test")
        .replace("routers", "hubs")
        .replace("Router", "Hub")
        .replace("rt", "hb")
    )
    made = kubectl("create", "-f", "-", input=crd)
    assert made.stdout == "customresourcedefinition.apiextensions.k8s.io/hubs.made.test created\n", made.stderr
    assert kubectl("wait", "--for=condition=Established", "crd/hubs.made.test", "--timeout=5s").returncode == 0
    assert kubectl("get", "hubs", "-A").stderr == "No resources found\n"
    kubectl("delete", "crd", "hubs.made.test")


def test_types_that_kubectl_posts_as_protobuf_work(api: RunningServer, kubectl: Kubectl) -> None:
    secret = ("generic", "pw", "-n", NAMESPACE, "--type=kubernetes.io/basic-auth", "--from-literal=password=p")
    assert kubectl("create", "secret", *secret).stdout == "secret/pw created\n"
    shown = yaml.safe_load(kubectl("get", "secret", "pw", "-n", NAMESPACE, "-o", "yaml").stdout)
    assert (shown["type"], shown["data"]) == ("kubernetes.io/basic-auth", {"password": "cA=="})
    assert kubectl("create", "namespace", "made").returncode == 0
    assert kubectl("create", "configmap", "c", "-n", "made", "--from-literal=a=b").returncode == 0
    assert kubectl("auth", "can-i", "create", "pods", "--subresource=exec").stdout == "yes\n"
    assert kubectl("auth", "can-i", "get", "pods", "--token", "create-only-token").stdout == "no\n"
    assert "forbidden" in kubectl("create", "namespace", "x", "--token", "look-token").stderr
    assert kubectl("delete", "namespace", "made").returncode == 0
    kubectl("delete", "secret", "pw", "-n", NAMESPACE)


def test_built_in_types_have_their_columns(api: RunningServer, kubectl: Kubectl) -> None:
    pods = kubectl("get", "pods", "-n", NAMESPACE, "-o", "wide").stdout.split("\n")
    assert pods[0].split() == ["NAME", "READY", "STATUS", "RESTARTS", "AGE", "IP", "NODE"]
    assert pods[1].split()[:4] == ["speaker-1", "1/2", "Running", "0"]
    assert kubectl("get", "ns,nodes,svc,ds,deploy,cm,secrets,events,crd", "-A").returncode == 0
    assert kubectl("describe", "pod", "speaker-1", "-n", NAMESPACE).returncode == 0


def test_an_older_version_comes_with_a_warning(api: RunningServer, kubectl: Kubectl) -> None:
    kubectl("apply", "-f", "-", input=manifest())
    assert kubectl("get", "routers.v1.lab.test", "-n", NAMESPACE).stderr == "Warning: v1 is deprecated, use v2\n"
