"""The official Python client against the server."""

from __future__ import annotations

from typing import Any

import pytest
from kubernetes import client, dynamic, watch
from kubernetes.stream import stream

from tests.lab.apiserver.conftest import NAMESPACE, RunningServer, router

# The client's own modules are partly without annotations.
dynamic_client: Any = dynamic.DynamicClient
new_watch: Any = watch.Watch
exec_stream: Any = stream
ROUTER = ("lab.test", "v2", NAMESPACE, "routers")


def test_typed_lists_are_decoded(api: RunningServer, client_api: client.ApiClient) -> None:
    pods: Any = client.CoreV1Api(client_api).list_namespaced_pod(NAMESPACE, label_selector="component=speaker").items
    assert [container.name for container in pods[0].spec.containers] == ["frr", "speaker"]
    assert client.VersionApi(client_api).get_code().git_version.startswith("v1.")


def test_custom_objects_go_through_their_life(api: RunningServer, client_api: client.ApiClient) -> None:
    objects: Any = client.CustomObjectsApi(client_api)
    made = objects.create_namespaced_custom_object(*ROUTER, router("r1"))
    made["spec"]["asn"] = 5
    assert objects.replace_namespaced_custom_object(*ROUTER, "r1", made)["spec"]["asn"] == 5
    with pytest.raises(client.ApiException) as conflict:
        objects.replace_namespaced_custom_object(*ROUTER, "r1", made)
    assert conflict.value.status == 409
    objects.delete_namespaced_custom_object(*ROUTER, "r1")
    assert objects.list_namespaced_custom_object(*ROUTER)["items"] == []


def test_the_dynamic_client_applies(api: RunningServer, client_api: client.ApiClient) -> None:
    routers = dynamic_client(client_api).resources.get(api_version="lab.test/v2", kind="Router")
    made = routers.server_side_apply(body=router("r1"), name="r1", namespace=NAMESPACE, field_manager="a")
    assert made.metadata.managedFields[0].operation == "Apply"


def test_a_watch_yields_typed_events(api: RunningServer, client_api: client.ApiClient) -> None:
    objects: Any = client.CustomObjectsApi(client_api)
    seen = []
    version = objects.list_namespaced_custom_object(*ROUTER)["metadata"]["resourceVersion"]
    api.request("POST", f"/apis/lab.test/v2/namespaces/{NAMESPACE}/routers", router("r1"))
    watcher = new_watch()
    for event in watcher.stream(
        objects.list_namespaced_custom_object, *ROUTER, resource_version=version, timeout_seconds=5
    ):
        seen.append((event["type"], event["object"]["metadata"]["name"]))
        watcher.stop()
    assert seen == [("ADDED", "r1")]


def test_exec_by_stream_returns_output_and_code(api: RunningServer, client_api: client.ApiClient) -> None:
    options: dict[str, Any] = {"container": "frr", "stderr": True, "stdin": False, "stdout": True, "tty": False}
    answer = exec_stream(
        client.CoreV1Api(client_api).connect_get_namespaced_pod_exec,
        "speaker-1", NAMESPACE, command=["false"], _preload_content=False, **options,
    )  # fmt: skip
    answer.run_forever(timeout=10)
    assert (answer.read_stdout(), answer.read_stderr(), answer.returncode) == (
        "speaker-1/frr: false\n",
        "to stderr\n",
        3,
    )
