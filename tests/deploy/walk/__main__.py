"""`python -m tests.deploy.walk`: installs and runs everything as docs/install.md says for compose, on a lab cluster."""

from __future__ import annotations

import shutil
import signal
import subprocess
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path

import requests

from lab.ports import free_port
from tests.demo import ROOT, new_database
from tests.deploy.programs import folder
from tests.deploy.walk.image import Image
from tests.deploy.walk.services import Service, composed
from tests.stores import postgres
from tests.stores.redis import Redis
from tests.waiting import eventually

_CLUSTERS = {"BGPUI_CLUSTERS": "lab=/etc/bgpui/kubeconfigs/lab"}


def say(text: str) -> None:
    """A line of the report."""
    print(text, flush=True)


def main() -> int:
    """0 with loud words where it cannot be walked; AssertionError where it leads nowhere."""
    missing = [] if postgres.programs() else [postgres.MISSING]
    missing += (
        [] if (folder() / "compose").exists() else ["compose is not built: make deploy-tools, with Go 1.26 on PATH"]
    )
    if missing:
        sys.stderr.write("\n  ".join(["SKIPPED: the walk.", *missing, ""]))
        return 0
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    root = Path(tempfile.mkdtemp(prefix="bgpui-walk-"))
    root.chmod(0o755)
    with ExitStack() as stack:
        stack.callback(shutil.rmtree, root, ignore_errors=True)
        image = Image(root)
        image.build()
        say("the image's steps ran: dependencies by hash, static files collected, compiled")
        _walk(root, image, stack)
    return 0


def _walk(root: Path, image: Image, stack: ExitStack) -> None:
    _stores(root, stack)
    _lab(root, stack)
    port = free_port()
    services = {name: Service(name, spec, image, root, port) for name, spec in composed(_CLUSTERS).items()}
    migrate = services.pop("migrate")
    migrate.start()
    assert migrate.wait() == 0, migrate.log.read_text()
    say("migrate: the database is up to date")
    for service in services.values():
        service.start()
    for service in services.values():
        eventually(service.healthy, timeout=90, interval=1)
        say(f"{service.name}: healthy")
    web = services["web"]
    files = ["--password-file", "-", "--token-file", "/run/bgpui/token"]
    command = ["python", "manage.py", "bootstrap", "--username", "admin", *files]
    web.execute(*command, stdin="correct horse battery\n")
    try:
        _look(f"http://127.0.0.1:{port}", web.file("token").read_text().strip())
    except AssertionError:
        for service in services.values():
            say(f"{service.name}: {service.log.read_text()[-1500:]}")
        raise
    codes = {service.name: service.stop() for service in services.values()}
    # uvicorn ends by the signal that it was sent, after it has closed everything.
    assert set(codes.values()) <= {0, -signal.SIGTERM}, codes
    say("every service ended on SIGTERM")


def _stores(root: Path, stack: ExitStack) -> None:
    server = postgres.Postgres(root / "postgres")
    stack.callback(server.close)
    server.start()
    redis = Redis(f"redis://:a-password@127.0.0.1:{free_port()}/0")
    stack.callback(redis.stop)
    redis.start()
    secrets = root / "secrets"
    secrets.mkdir()
    (secrets / "database_url").write_text(f"{new_database(server.url())}\n")
    (secrets / "redis_url").write_text(f"{redis.url}\n")
    subprocess.run([str(ROOT / "deploy" / "compose-secrets.sh")], cwd=root, check=True, stdout=subprocess.DEVNULL)
    secrets.chmod(0o755)  # an engine mounts the files by themselves
    say("PostgreSQL and Redis run; deploy/compose-secrets.sh has made the other secrets")


def _lab(root: Path, stack: ExitStack) -> None:
    """A cluster to connect to."""
    kubeconfigs = root / "kubeconfigs"
    kubeconfigs.mkdir()
    options = ["--nodes", "3", "--mode", "frr", "--speakers", "simulated", "--seed"]
    files = ["--dir", str(root / "lab"), "--kubeconfig", str(kubeconfigs / "lab")]
    with (root / "lab.log").open("wb") as log:
        running = subprocess.Popen(
            [sys.executable, "-m", "lab", "serve", *files, *options], cwd=ROOT, stdout=log, stderr=log
        )
    stack.callback(running.wait)
    stack.callback(running.terminate)
    eventually((root / "lab" / "ready").exists, timeout=60)
    (kubeconfigs / "lab").chmod(0o644)


def _look(url: str, token: str) -> None:
    page = requests.get(f"{url}/login/", timeout=10)
    assert page.status_code == 200
    assert requests.get(f"{url}/static/css/base.css", timeout=10).status_code == 200
    say("the login page and its styles are served")
    headers = {"Authorization": f"Bearer {token}"}

    def up() -> bool:
        answer = requests.get(f"{url}/api/v1/sessions/?state=Established", headers=headers, timeout=10)
        return bool(answer.status_code == 200 and answer.json()["count"])

    def watching() -> bool:
        answer = requests.get(f"{url}/api/v1/clusters/lab/", headers=headers, timeout=10).json()
        return bool(answer["watching"] == "live")

    eventually(up, timeout=90, interval=1)
    say("REST shows Established sessions of the cluster")
    eventually(watching, timeout=60, interval=1)
    say("its event streams are live")


if __name__ == "__main__":
    sys.exit(main())
