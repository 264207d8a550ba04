"""`python -m tests.deploy.walk`: installs and runs everything as docs/install.md says for compose, on a lab cluster."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path

import requests

from tests.demo import ROOT, free_port, new_database
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
    """1 where it cannot be walked; AssertionError where it leads nowhere."""
    if postgres.programs() is None:
        sys.stderr.write(f"SKIPPED: the walk. {postgres.MISSING}\n")
        return 0
    folder = Path(tempfile.mkdtemp(prefix="bgpui-walk-"))
    folder.chmod(0o755)
    with ExitStack() as stack:
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
        image = Image(folder)
        image.build()
        say("the image's steps ran: dependencies by hash, static files collected, compiled")
        _walk(folder, image, stack)
    return 0


def _walk(folder: Path, image: Image, stack: ExitStack) -> None:
    _stores(folder, stack)
    _lab(folder, stack)
    port = free_port()
    own = {name: spec for name, spec in composed(_CLUSTERS)["services"].items() if "build" in spec}
    services = {name: Service(name, spec, image, folder, port) for name, spec in own.items()}
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
    arguments = [
        "bootstrap",
        "--username",
        "admin",
        "--password-file",
        "-",
        "--token-file",
        "/run/bgpui/token",
    ]
    web.execute("python", "manage.py", *arguments, stdin="correct horse battery\n")
    _look(f"http://127.0.0.1:{port}", web.file("token").read_text().strip())
    codes = {service.name: service.stop() for service in services.values()}
    assert set(codes.values()) <= {0}, codes
    say("every service ended on SIGTERM with exit code 0")


def _stores(folder: Path, stack: ExitStack) -> None:
    server = postgres.Postgres(folder / "postgres")
    stack.callback(server.close)
    server.start()
    redis = Redis(f"redis://:a-password@127.0.0.1:{free_port()}/0")
    stack.callback(redis.stop)
    redis.start()
    secrets = folder / "secrets"
    secrets.mkdir()
    (secrets / "database_url").write_text(f"{new_database(server.url())}\n")
    (secrets / "redis_url").write_text(f"{redis.url}\n")
    subprocess.run([str(ROOT / "deploy" / "compose-secrets.sh")], cwd=folder, check=True, stdout=subprocess.DEVNULL)
    secrets.chmod(0o755)  # an engine mounts the files by themselves
    say("PostgreSQL and Redis run; deploy/compose-secrets.sh has made the other secrets")


def _lab(folder: Path, stack: ExitStack) -> None:
    """A cluster to connect to."""
    kubeconfigs = folder / "kubeconfigs"
    kubeconfigs.mkdir()
    options = ["--nodes", "3", "--mode", "frr", "--speakers", "simulated", "--seed"]
    files = ["--dir", str(folder / "lab"), "--kubeconfig", str(kubeconfigs / "lab")]
    with (folder / "lab.log").open("wb") as log:
        running = subprocess.Popen(
            [sys.executable, "-m", "lab", "serve", *files, *options], cwd=ROOT, stdout=log, stderr=log
        )
    stack.callback(running.wait)
    stack.callback(running.terminate)
    eventually((folder / "lab" / "ready").exists, timeout=60)
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
