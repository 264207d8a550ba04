"""What runs: hardened pods, whose settings the product knows, with secrets by reference."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from celery import current_app

from tests.demo import ROOT
from tests.deploy.rendered import OVERLAYS, named, overlay, pods

STORES = {"bgpui-postgresql", "bgpui-redis"}
_TYPED = {"POSTGRES_PASSWORD": "pw", "REDIS_PASSWORD": "pw", "BGPUI_SECRET_KEY": "k" * 50}


@pytest.mark.parametrize("name", OVERLAYS)
def test_nothing_is_privileged_and_no_file_system_is_written(name: str) -> None:
    """What Kubernetes' Pod Security Standard "restricted" asks for, and a read-only root beyond it."""
    found = dict(pods(overlay(name)))
    assert len(found) == 11
    for pod in found.values():
        assert pod["securityContext"]["runAsNonRoot"] is True
        assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
        assert not {"hostNetwork", "hostPID", "hostIPC"} & pod.keys()
        assert all(set(volume) <= {"name", "emptyDir"} for volume in pod["volumes"])
        for container in (*pod.get("initContainers", ()), *pod["containers"]):
            assert container["securityContext"] == {
                "allowPrivilegeEscalation": False,
                "readOnlyRootFilesystem": True,
                "capabilities": {"drop": ["ALL"]},
            }
            assert {"requests", "limits"} <= container["resources"].keys()


@pytest.mark.parametrize("name", OVERLAYS)
def test_only_who_talks_to_the_api_server_has_an_account(name: str) -> None:
    accounts = {owner: pod.get("serviceAccountName") for owner, pod in pods(overlay(name))}
    workers = {f"worker-{queue}" for queue in ("apply", "relist", "ask", "observe")}
    collectors = {f"bgpui-{process}" for process in (*workers, "watch")}
    assert {owner for owner, account in accounts.items() if account == "bgpui-collector"} == collectors
    assert {owner for owner, account in accounts.items() if account == "bgpui-web"} == {"bgpui-web"}
    for owner, pod in pods(overlay(name)):
        # Without it Kubernetes adds variables like BGPUI_WEB_SERVICE_HOST, which are no settings.
        assert pod["enableServiceLinks"] is False
        assert owner in collectors | {"bgpui-web"} or pod["automountServiceAccountToken"] is False


@pytest.mark.parametrize("name", OVERLAYS)
def test_every_process_is_probed(name: str) -> None:
    for owner, pod in pods(overlay(name)):
        (container,) = pod["containers"]
        assert "livenessProbe" in container, owner
        ports = {port["name"] for port in container.get("ports", ())}
        assert bool(ports) == ("readinessProbe" in container), owner


@pytest.mark.parametrize("name", OVERLAYS)
def test_secrets_are_referred_to_and_none_is_in_the_manifests(name: str) -> None:
    assert not [obj for obj in overlay(name) if obj["kind"] == "Secret"]
    for _, pod in pods(overlay(name)):
        for container in (*pod.get("initContainers", ()), *pod["containers"]):
            secret = [one for one in container.get("env", ()) if "PASSWORD" in one["name"]]
            assert all("valueFrom" in one for one in secret)


@pytest.mark.parametrize("name", OVERLAYS)
def test_the_product_starts_with_the_settings_of_every_process(name: str, tmp_path: Path) -> None:
    seen: list[dict[str, str]] = []
    for owner, pod in pods(overlay(name)):
        environment = _environment(pod["containers"][0])
        if owner in STORES or environment in seen:
            continue
        seen.append(environment)
        kept = {key: value for key, value in os.environ.items() if not key.startswith(("BGPUI_", "DJANGO_"))}
        own = environment | {"BGPUI_VAR_DIR": str(tmp_path)}
        command = [sys.executable, "manage.py", "diffsettings"]
        done = subprocess.run(command, cwd=ROOT, env=kept | own, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        assert "'PASSWORD': 'pw'" in done.stdout
        assert "REDIS_URL = 'redis://:pw@bgpui-redis:6379/0'" in done.stdout
    assert len(seen) == 2  # the web process has one setting more


def test_every_queue_has_a_worker_of_its_own() -> None:
    taken = list[str]()
    for _, pod in pods(overlay("metallb-system")):
        command = pod["containers"][0].get("command", [])
        if "--queues" in command:
            taken.append(command[command.index("--queues") + 1])
    assert len(taken) == len(set(taken))
    assert set(taken) == {route["queue"] for route in current_app.conf.task_routes.values()}


def test_the_only_one_of_its_kind_is_never_two() -> None:
    for process in ("bgpui-beat", "bgpui-watch", "bgpui-redis"):
        spec = named(overlay("metallb-system"), "Deployment", process)["spec"]
        assert (spec["replicas"], spec["strategy"]) == (1, {"type": "Recreate"})


def _environment(container: dict[str, Any]) -> dict[str, str]:
    """As the kubelet makes it; $(NAME) stands for a variable that was given before."""
    values: dict[str, str] = {"BGPUI_SECRET_KEY": _TYPED["BGPUI_SECRET_KEY"]} if "envFrom" in container else {}
    for one in container.get("env", ()):
        value = one.get("value", _TYPED.get(one["name"], ""))
        for name, known in values.items():
            value = value.replace(f"$({name})", known)
        values[one["name"]] = value
    return values
