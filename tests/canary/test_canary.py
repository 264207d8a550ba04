"""After a whole run of the product, passwords that went in by every way stand nowhere: not in one byte that it keeps.

Each way has a password of its own with the same core, so that a leak names its way. The same search must find words
that are meant to be found, in every place and every spelling: else it proves nothing.
"""

from __future__ import annotations

import base64
import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
import redis
import requests
import yaml

from tests.alarms.receivers import http_receiver
from tests.canary.needles import Needle, files_in, redis_dump, spellings
from tests.canary.visitor import Visitor, route_names
from tests.clusters.cluster import KEPT_TOKEN, RunningCluster
from tests.demo import ROOT, Demo, start
from tests.pages.forms import fields
from tests.waiting import eventually

NAMESPACE = "metallb-system"
CORE, CONTROL = "Zk7QvxCanary9", "Yw3Control5Rm"
CONTROL_NAME = CONTROL.lower()  # names of objects are lower case, and so is the search
PEERS = f"bgppeers/lab/{NAMESPACE}"


def password(way: int) -> str:
    """A password that every encoding changes, but for its core; what FRR takes: one word of ASCII."""
    return f'{way}"&+/{CORE}\\%{way}'


def peer(name: str, number: int, **spec: Any) -> dict[str, Any]:
    """A BGPPeer of the lab, at an address of its own."""
    fields = {"myASN": 64500, "peerASN": 64999, "peerAddress": f"10.9.8.{number}", "routerID": "10.10.10.10", **spec}
    metadata: dict[str, Any] = {"name": name, "namespace": NAMESPACE}
    return {"apiVersion": "metallb.io/v1beta2", "kind": "BGPPeer", "metadata": metadata, "spec": fields}


@pytest.fixture(scope="module")
def canary(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    demo = start(tmp_path_factory.mktemp("canary"), NODES="2", MODE="frr-k8s", BGPUI_LOG_LEVEL="DEBUG")
    yield demo
    demo.stop()


@pytest.fixture
def east(tmp_path: Path) -> Iterator[RunningCluster]:
    """Another cluster."""
    running = RunningCluster(tmp_path)
    yield running
    running.close()


def _by_browser(visitor: Visitor) -> None:
    """Form and YAML tab, through checks, Review and Apply; refused ones, too."""
    form = {"from": "form", "cluster": "lab", "namespace": NAMESPACE, "myASN": "64500", "routerID": "10.10.10.10"}
    form |= {"name": "by-form", "peerASN": "64999", "peerAddress": "10.9.8.1", "password": password(1)}
    for step in ("check", "yaml", "form"):
        visitor.post("/peers/new/", {**form, "step": step})
    visitor.post("/peers/new/", {**form, "peerASN": "0", "step": "review"})
    visitor.post("/peers/new/", {**form, "password": f"{password(1)} {password(1)}", "step": "review"})
    _applied(visitor, "/peers/new/", visitor.post("/peers/new/", {**form, "step": "review"}))
    text = {"from": "yaml", "cluster": "lab", "step": "review"}
    manifest = yaml.safe_dump(peer("by-yaml", 2, password=password(2)))
    half = json.dumps(peer("by-yaml", 2, password=password(2)))[:-1]
    block = f"spec:\n  password: |\n    {password(2)}\n    {password(2)}\n  peerASN: 1\n]:"
    for broken in (f"{manifest}]: 1", block, half, f"password: {password(2)}", f"- password: {password(2)}\n---\n- 1"):
        visitor.post("/peers/new/", {**text, "yaml": broken})
    visitor.post("/peers/new/", {**text, "yaml": manifest, "step": "check"})
    _applied(visitor, "/peers/new/", visitor.post("/peers/new/", {**text, "yaml": manifest}))
    assert visitor.api("GET", f"{PEERS}/by-yaml/").status_code == 200


def _applied(visitor: Visitor, path: str, review: str) -> None:
    assert "What the cluster says" in review, review[-3000:]
    done = visitor.post(path, {**fields(review), "step": "apply"})
    assert "is saved" in done, done[-3000:]


def _by_rest(visitor: Visitor) -> None:
    """Create, replace, patch, several at once, trials, and bodies that are refused or cannot be read."""
    made = visitor.api("POST", "bgppeers/?wait=20s", peer("by-rest", 3, password=password(3)))
    assert made.status_code == 201, made.text
    assert visitor.api("PATCH", f"{PEERS}/by-rest/?wait=20s", {"spec": {"password": password(4)}}).ok
    text = yaml.safe_dump(peer("by-put", 4, password=password(5)))
    assert visitor.api("PUT", f"{PEERS}/by-put/?wait=20s", yaml=text).ok
    assert visitor.api("PUT", f"{PEERS}/by-put/?dry_run=true", peer("by-put", 4, password=password(6))).ok
    for body in (
        [peer("many-1", 5, password=password(7)), peer("many-2", 6)],
        peer("refused", 7, password=password(8), passwordSecret={"name": "another"}),
        peer("refused", 7, password=[password(8)]),
        peer("refused", 7, password=password(8) * 9, myASN=0),
        {**peer("refused", 7), "password": password(8)},
        peer("refused", 7, passwordSecret={"name": password(8)}) | {"spec": {"password": {"x": password(8)}}},
    ):
        assert visitor.api("POST", "bgppeers/", body).status_code in (400, 422)
    for cut in (f'{{"spec": {{"password": "{password(9)}" ', f"spec: {{password: '{password(9)}'"):
        assert visitor.api("POST", "bgppeers/", yaml=cut).status_code == 400
    assert visitor.api("POST", f"{PEERS}/by-rest/password/", {"password": password(10)}).ok
    assert visitor.api("POST", f"{PEERS}/by-rest/password/", {"password": f"{password(10)} x"}).status_code == 422
    page = "/peers/lab/metallb-system/by-form/password/"
    assert "has a new password" in visitor.post(page, {"password": password(11), "step": "apply"})


def _by_change_set(visitor: Visitor) -> None:
    """Several objects at once: refused with a password in them, and taken without."""
    several = [{"manifest": peer("in-a-set", 12, password=password(18))}, {"manifest": peer("in-a-set-2", 13)}]
    for query in ("?dry_run=true", ""):
        assert visitor.api("POST", f"changesets/{query}", several).status_code in (400, 422)
    assert visitor.api("POST", "changesets/?wait=20s", several[1:]).status_code == 200
    tried = visitor.api("POST", "bgppeers/?safe_apply=5m", peer("on-trial", 61, password=password(18)))
    assert tried.status_code in (400, 422), tried.text
    assert visitor.api("POST", "bgppeers/?safe_apply=5m&wait=20s", peer("on-trial", 61)).ok


def _by_history(visitor: Visitor) -> None:
    """Objects with a password go back to what they were: one that was deleted, one that others changed, a whole set."""
    visitor.api("DELETE", f"{PEERS}/by-put/?wait=20s")
    found = visitor.api("GET", "changes/?name=by-put&action=delete").json()["results"][0]
    assert visitor.api("POST", f"changes/{found['id']}/revert/?to=before&dry_run=true").status_code in (200, 422)
    assert visitor.api("POST", f"changes/{found['id']}/revert/?to=before&wait=20s").status_code in (200, 202, 422)
    for change in visitor.api("GET", "changes/?name=copied").json()["results"]:
        for side in ("before", "after"):
            visitor.post(f"/changes/{change['id']}/revert/", {"to": side})
    visitor.post("/changes/revert/", {"since": "2026-01-01T00:00:00Z"})
    text = visitor.api("GET", "changes/export/").text
    assert all(json.loads(line)["kind"] for line in text.splitlines())


def _kubeconfig(east: RunningCluster, **user: Any) -> str:
    """That of another cluster, with another user if one is given."""
    document = yaml.safe_load(east.kubeconfig_of(KEPT_TOKEN).read_text())
    if user:
        document["users"][0]["user"] = user
    return yaml.safe_dump(document)


def _by_clusters(visitor: Visitor, east: RunningCluster) -> str:
    """Credentials of clusters: not accepted, not taken, and kept; the token that is kept."""
    for way, user in ((23, {"token": password(23)}), (24, {"exec": {"command": password(24)}})):
        text = _kubeconfig(east, **user)
        for query in ("?dry_run=true", ""):
            assert visitor.api("POST", f"clusters/{query}", {"name": "east", "kubeconfig": text}).status_code == 422, (
                way
            )
        visitor.post("/clusters/new/", {"step": "read", "from": "kubeconfig", "name": "east", "kubeconfig": text})
    broken = f"users: [{{token: '{password(25)}'"
    assert visitor.api("POST", "clusters/", {"name": "east", "kubeconfig": broken}).status_code == 422
    visitor.post("/clusters/new/", {"step": "read", "from": "kubeconfig", "name": "east", "kubeconfig": broken})
    east.add(peer("at-east", 16, password=password(30)))
    kept = _kubeconfig(east)
    page = visitor.post("/clusters/new/", {"step": "read", "from": "kubeconfig", "name": "east", "kubeconfig": kept})
    assert "is added" in visitor.post("/clusters/new/", fields(page))
    replaced = visitor.api("PATCH", "clusters/east/", {"kubeconfig": kept, "label": "East"})
    assert replaced.status_code == 200, replaced.text
    eventually(lambda: visitor.api("GET", "bgppeers/?cluster=east").json()["count"], timeout=30)
    return str(yaml.safe_load(kept)["users"][0]["user"]["token"])


def _by_alarms(visitor: Visitor) -> None:
    """Addresses, keys and tokens of routes: refused, kept, replaced, sent to receivers that repeat what they get."""
    with http_receiver() as receiver:
        hook = {"name": "hook", "kind": "webhook", "url": f"{receiver.url}/{quote(password(26), safe='')}"}
        for body in (
            {**hook, "key": password(27)[:9]},
            {**hook, "key": password(27), "url": f"ftp://{password(28)}"},
            {**hook, "key": [password(27)]},
            {**hook, "key": password(27), "kind": "slack"},
        ):
            assert visitor.api("POST", "alarm-routes/", body).status_code == 400
        made = visitor.api("POST", "alarm-routes/", {**hook, "key": password(27) * 2})
        assert made.status_code == 201, made.text
        one = f"alarm-routes/{made.json()['id']}/"
        form = {
            "name": "am",
            "kind": "alertmanager",
            "enabled": "on",
            "url": "http://127.0.0.1:9/",
            "token": password(28),
        }
        visitor.post("/alarms/routes/new/", {**form, "url": f"http://127.0.0.1:9/ {password(29)}"})
        visitor.post("/alarms/routes/new/", form)
        echo = f"no hook {password(26)}".encode()
        receiver.answers = [(404, {}, echo + receiver.url.encode())] * 2
        visitor.api("POST", f"{one}test/")
        eventually(lambda: visitor.api("GET", "notices/?route=hook").json()["results"][0]["error"], timeout=30)
        visitor.api("PATCH", one, {"key": password(29) * 2, "group_wait": 0})
        rule = {"name": "At once", "kind": "session-down", "seconds": 0}
        assert visitor.api("POST", "alarm-rules/", rule).status_code == 201
        assert visitor.api("POST", "maintenance-windows/", {
            "name": "Past", "reason": "x", "starts_at": "2020-01-01T00:00:00Z", "minutes": 1,
        }).status_code == 201  # fmt: skip
        assert visitor.api("POST", "silences/", {
            "reason": "x", "ends_at": "2027-01-01T00:00:00Z", "matchers": [{"name": "vrf", "value": "none"}],
        }).status_code == 201  # fmt: skip
        eventually(lambda: visitor.api("GET", "alarms/?state=firing").json()["count"], timeout=60)
        eventually(lambda: any(got.json["status"] == "firing" for got in receiver.got), timeout=60)


def _by_kubectl(visitor: Visitor) -> None:
    """Inline, applied and created, repeated in annotations; and in a Secret of somebody's own, applied as well."""
    demo = visitor.demo
    demo.kubectl("apply", "-f", "-", stdin=json.dumps(peer("applied", 8, password=password(12))))
    copied = peer("copied", 9, password=password(13))
    copied["metadata"]["annotations"] = {"kapp.k14s.io/original": json.dumps(copied), "note": password(13)}
    demo.kubectl("create", "-f", "-", stdin=json.dumps(copied))
    secret = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "theirs", "namespace": NAMESPACE}}
    secret |= {"type": "kubernetes.io/basic-auth", "stringData": {"password": password(14)}}
    demo.kubectl("apply", "-f", "-", stdin=json.dumps(secret))
    demo.kubectl("apply", "-f", "-", stdin=json.dumps(peer("refers", 10, passwordSecret={"name": "theirs"})))
    neighbor = {"address": "10.9.8.14", "asn": 64999, "password": password(19)}
    frr: dict[str, Any] = {"apiVersion": "frrk8s.metallb.io/v1beta1", "kind": "FRRConfiguration"}
    frr |= {"metadata": {"name": "theirs", "namespace": NAMESPACE}}
    frr |= {"spec": {"bgp": {"routers": [{"asn": 64500, "neighbors": [neighbor]}]}}}
    demo.kubectl("apply", "-f", "-", stdin=json.dumps(frr))
    encoded = base64.b64encode(CONTROL.encode()).decode()
    control = peer(CONTROL_NAME, 11)
    control["metadata"]["annotations"] = {"control": CONTROL, "encoded": encoded, "json": json.dumps({"a": CONTROL})}
    demo.kubectl("apply", "-f", "-", stdin=json.dumps(control))

    def known() -> bool:
        found = {item["metadata"]["name"]: item for item in visitor.api("GET", "bgppeers/").json()["results"]}
        there = {"applied", "copied", "refers", CONTROL_NAME} <= found.keys()
        return there and found["applied"]["inlinePassword"] and found["copied"]["inlinePassword"]

    eventually(known, timeout=30)
    patch = json.dumps({"spec": {"password": password(15)}})
    demo.kubectl("patch", "bgppeer", "copied", "-n", NAMESPACE, "--type=merge", "-p", patch)
    assert visitor.api("PATCH", f"{PEERS}/applied/?wait=20s", {"spec": {"holdTime": "90s", "keepaliveTime": "30s"}}).ok
    edit = "/peers/lab/metallb-system/applied/edit/"
    _applied(visitor, edit, visitor.post(edit, {"from": "move", "password": password(16), "step": "review"}))
    moved = visitor.api("POST", f"{PEERS}/copied/password/?wait=20s", {"password": password(17)})
    assert moved.status_code in (200, 409), moved.text  # kubectl's patch may have come between


def _by_sharing(visitor: Visitor) -> None:
    """An object that a tool looks after: a patch for it, its pages, a take-over; and a baseline of peers with one."""
    owned = peer("owned", 15, password=password(20))
    owned["metadata"]["annotations"] = {"argocd.argoproj.io/tracking-id": "net:metallb.io/BGPPeer:metallb-system/owned"}
    visitor.demo.kubectl("create", "-f", "-", stdin=json.dumps(owned))
    eventually(lambda: visitor.api("GET", f"{PEERS}/owned/").json().get("owner"), timeout=30)
    patch = visitor.api("POST", f"{PEERS}/owned/export-patch/", {"spec": {"password": password(21), "vrf": "red"}})
    assert "diff" in patch.json()["patch"], patch.text
    page = "/peers/lab/metallb-system/owned/"
    text = yaml.safe_dump({**owned, "spec": {**owned["spec"], "password": password(21), "vrf": "red"}})
    review = visitor.post(f"{page}edit/", {"from": "yaml", "yaml": text, "step": "review"})
    assert "Take this to where it lives" in review, review[-3000:]
    for form in ("manifest", "merge", "kustomize", "diff"):
        visitor.post(f"{page}edit/", {**fields(review), "step": f"patch:{form}"})
    pinned = yaml.safe_dump_all([peer("owned", 15, password=password(22)), peer("by-rest", 3, password=password(22))])
    assert visitor.api("PUT", "clusters/lab/baseline/?note=pinned", yaml=pinned).ok
    visitor.post("/clusters/lab/baseline/", {"step": "pin", "text": pinned})
    visitor.post("/clusters/lab/baseline/", {"step": "back"})
    for where in ("take-over", "resolve"):
        visitor.get(f"{page}{where}/")
    body = {"name": "owned", "reason": "a trial"}
    assert visitor.api("POST", f"{PEERS}/owned/take-over/?wait=20s", body).json()["sync"]["state"] == "in_sync"


def _asked(visitor: Visitor) -> None:
    """FRR is asked about sessions of peers with a password, and its words are kept."""
    sessions = visitor.api("GET", "sessions/?page_size=500").json()["results"]
    some = [found for found in sessions if found["peer"] in {"by-rest", "by-form", "applied"}]
    assert some
    for found in some:
        visitor.api("POST", f"sessions/{found['id']}/refresh/?wait=10s")
        for question in ("neighbor", "ipv4"):
            visitor.post(f"/sessions/{found['id']}/{question}/", {})
        visitor.api("POST", f"sessions/{found['id']}/routes/?wait=10s")


def _streamed(visitor: Visitor, into: list[bytes], end: threading.Event) -> threading.Thread:
    """Whatever the event stream says meanwhile."""

    def listen() -> None:
        with (
            suppress(requests.RequestException),
            visitor.pages.get(f"{visitor.demo.url}/events/", stream=True, timeout=120) as stream,
        ):
            for line in stream.iter_lines():
                into.append(line)
                if end.is_set():
                    return

    thread = threading.Thread(target=listen, daemon=True)
    thread.start()
    return thread


def _command_line(demo: Demo) -> bytes:
    """What `bgpui status` prints, straight from the cluster."""
    command = [sys.executable, "-m", "bgpui.cli", "status", "--kubeconfig", str(demo.kubeconfig), "--all"]
    shown = b""
    for more in ([], ["-o", "json"]):
        run = subprocess.run([*command, *more], cwd=ROOT, capture_output=True, check=False)
        shown += run.stdout + run.stderr
    return shown


@pytest.mark.e2e
def test_a_password_that_went_in_by_any_way_stands_nowhere(canary: Demo, east: RunningCluster) -> None:
    visitor, stream, end = Visitor(canary), list[bytes](), threading.Event()
    listening = _streamed(visitor, stream, end)
    _by_browser(visitor)
    _by_rest(visitor)
    _by_change_set(visitor)
    _by_kubectl(visitor)
    eventually(lambda: visitor.api("GET", "sessions/?peer=by-rest").json()["count"] or None, timeout=30)
    _asked(visitor)
    _by_sharing(visitor)
    _by_history(visitor)
    _by_alarms(visitor)
    kept = _by_clusters(visitor, east)
    missed_routes = route_names() - visitor.crawl()
    missed_operations = visitor.crawl_api()
    socket = next(canary.folder.glob("redis.sock"), None) or _socket(canary)
    _put_control_words(socket)
    end.set()
    places: dict[str, bytes] = {
        **files_in(canary.folder, leave_out="lab"),
        **{f"redis {key}": value.encode("utf-8", "surrogateescape") for key, value in redis_dump(socket).items()},
        **{f"{number} {where}": content for number, (where, content) in enumerate(visitor.answers)},
        "stream": b"\n".join(stream),
        "command line": _command_line(canary),
    }
    listening.join(5)

    _no_secret_stands_in(places, kept)
    _control_words_are_seen_in(places)
    missed = {name for name in missed_routes - NOT_PAGES if not name.endswith(_ACTIONS)}
    assert not missed, missed
    assert not set(missed_operations) - EMPTY, missed_operations


def _put_control_words(socket: Path) -> None:
    """A word in each way in which Redis may keep one, for the search to find."""
    client = redis.Redis.from_url(f"unix://{socket}")
    client.set("control", json.dumps(CONTROL))
    client.xadd("control-stream", {"a": base64.b64encode(CONTROL.encode())})
    client.rpush("control-list", CONTROL)


def _no_secret_stands_in(places: dict[str, bytes], kept: str) -> None:
    """kept: of a kubeconfig, which may stand in the file that it was taken from."""
    canaries = Needle(CORE)
    leaks = {place: hits for place, content in places.items() if (hits := canaries.found_in(content))}
    assert not leaks, "\n".join(f"{place}: {hits[:3]}" for place, hits in leaks.items())
    kubeconfigs = {place for place in places if "kubeconfig" in place}
    assert not [place for place, content in places.items() if kept.encode() in content and place not in kubeconfigs]
    for way in range(1, 31):
        for spelled in spellings(password(way)):
            assert not [place for place, content in places.items() if spelled.encode() in content]


def _control_words_are_seen_in(places: dict[str, bytes]) -> None:
    """The search would find a password, wherever one could stand."""
    control = Needle(CONTROL)
    seen = {place for place, content in places.items() if control.found_in(content)}
    for mark in (
        "bgpui.sqlite3",
        "appendonlydir",
        ".log",
        "redis b'control'",
        "redis b'control-list'",
        "redis b'control-stream'",
    ):
        assert any(mark in place for place in seen), f"the search does not see the control word in {mark}"
    pages = (f"/peers/lab/{NAMESPACE}/{CONTROL_NAME}/", f"/api/v1/{PEERS}/{CONTROL_NAME}/", "command line")
    for mark in (*pages, "/changes/export/", "/api/v1/changes/export/"):
        assert any(mark in place for place in seen), f"the search does not see the control word in {mark}"


# Sent by buttons of pages, or led to from an object in conflict or one that a tool looks after.
_ACTIONS = ("-discard", "-recreate", "-give-up", "-set", "-resolve", "-take-over")
# Routes that are no page of their own: sent by forms, streams, probes, or about what this demo has not.
NOT_PAGES = frozenset(
    {
        "login",
        "events",
        "logout",
        "session-ask",
        "trial-confirm",
        "trial-revert",
        "healthz",
        "readyz",
        "metrics",
        "api-docs",
        "guided-remove-test",
        "notice-resend",
    }
)
# What FRR-K8s reports, which does not run here, and differences, since simulated FRR does as it is told.
EMPTY = frozenset(
    {
        "prefix-differences/{id}/",
        "frrnodestates/{cluster}/{name}/",
        "bgpsessionstates/{cluster}/{namespace}/{name}/",
        "frrk8sconfigurations/{cluster}/{namespace}/{name}/",
    }
)


def _socket(demo: Demo) -> Path:
    """Redis' socket where the folder's path is too long for one: as the product is told."""
    arguments = (Path("/proc") / entry.name / "cmdline" for entry in Path("/proc").iterdir() if entry.name.isdigit())
    for path in arguments:
        try:
            words = path.read_bytes().split(b"\0")
        except OSError:
            continue
        if str(demo.folder).encode() in words and b"--unixsocket" in words:
            return Path(words[words.index(b"--unixsocket") + 1].decode())
    raise AssertionError("no Redis of this demo runs")


@pytest.mark.parametrize("spelled", spellings(password(3)))
@pytest.mark.parametrize("around", [b"", b"x", b"xy", b'{"a": "'])
def test_the_search_finds_every_spelling(spelled: str, around: bytes) -> None:
    assert Needle(CORE).found_in(around + spelled.encode() + around)
    buried = base64.b64encode(around + password(3).encode())
    assert Needle(CORE).found_in(buried)


def test_the_search_finds_nothing_where_nothing_is() -> None:
    assert Needle(CORE).found_in(b"Zk7Qvx Canary9 " * 100) == []
