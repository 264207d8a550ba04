"""Notices reach real receivers, each in its own form, until they are taken or given up."""

from __future__ import annotations

import hashlib
import hmac
import re
import socket
import threading
import time
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from importlib import import_module
from itertools import pairwise
from typing import Any

import pytest
from django.utils import timezone
from markdown_it import MarkdownIt
from pytest_django import Settings

from alarms.delivery import heartbeats, outbox
from alarms.delivery.news import compose
from alarms.models import Alarm, Notice, Route, Rule
from alarms.retention import alarms_expire
from alarms.secrets import secrets_seal
from clusters.models import Cluster
from clusters.nudges import connection as redis_connection
from dashboard.metrics.collector import RowsCollector
from speakers.models import Session, Sweep
from tests.alarms.conftest import Look, deliver_all
from tests.alarms.receivers import MailServer, Receiver, mail_server
from tests.pages.rows import a_session, a_speaker, down

Routes = Callable[..., Route]
# What a router may say as it closes a session (RFC 9003), to those who read it in a chat.
HOSTILE = (
    "<!channel> @channel @all [reset](http://evil.example) ![](http://evil.example/t.png) [a][b] "
    "[b]: http://evil.example www.evil.example **now** *now* __now__ _now_ ~~now~~ `now` ```now # now"
)


@pytest.fixture
def mail(settings: Settings) -> Iterator[MailServer]:
    """A mail server that the settings name."""
    with mail_server() as running:
        settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", running.port
        yield running


@pytest.fixture
def told(cluster: Cluster, only: Any, look: Look) -> Callable[[], Notice]:
    """Lets a router be lost, and tells of it."""
    only("session-down")

    def tell() -> Notice:
        a_session(a_speaker(cluster), "10.0.0.1", **down(cause=f"{HOSTILE} & the hold timer expired"))
        look()
        (pk,) = compose(timezone.now())
        deliver_all()
        return Notice.objects.select_related("route").get(pk=pk)

    return tell


def test_a_webhook_is_signed(told: Any, route: Routes, receiver: Receiver, settings: Settings) -> None:
    settings.BGPUI_URL = "https://bgpui.example"
    route()
    notice = told()
    (got,) = receiver.got
    at = got.headers["X-Bgpui-Timestamp"]
    signed = hmac.new(b"sixteen characters at least", f"{at}.".encode() + got.body, hashlib.sha256).hexdigest()
    assert got.headers["X-Bgpui-Signature"] == f"sha256={signed}"
    assert abs(int(at) - time.time()) < 60
    assert got.headers["Idempotency-Key"] == str(notice.key) == got.json["key"]
    (alarm,) = got.json["firing"]
    assert (got.path, got.json["status"], alarm["sessions"]) == ("/hook/T0KEN-in-the-path", "firing", 1)
    assert alarm["url"] == f"https://bgpui.example/alarms/{alarm['id']}/"
    assert (notice.state, notice.attempts, notice.error) == ("sent", 1, "")


def test_a_slack_webhook_gets_a_text_that_calls_nobody_and_links_nowhere(
    told: Any, route: Routes, receiver: Receiver, settings: Settings
) -> None:
    """Slack has mrkdwn; Mattermost and Rocket.Chat render Markdown (CommonMark and some marks), mentions anywhere."""
    settings.BGPUI_URL = "https://bgpui.example"
    route("slack")
    Rule.objects.update(name="[x]: http://evil.example @here")
    told()
    text = receiver.got[0].json["text"]
    assert text.startswith("*[1 firing] lab: 1 session to tor-a 10.0.0.1 down on node-0*")
    assert "&lt;!channel&gt; @\u2060channel @\u2060all [reset]" in text
    assert "&amp; the hold timer expired" in text
    assert text.count("@") == text.count("@\u2060") == 3
    assert re.findall(r"\S*(?:://|www\.)\S*", text) == [f"https://bgpui.example/alarms/{Alarm.objects.get().pk}/"]
    blocks = MarkdownIt("commonmark").enable(["strikethrough", "table"]).parse(text)
    found = {token.type for block in blocks for token in (block, *(block.children or ()))}
    assert {kind for kind in found if not kind.endswith("close")} == {
        "paragraph_open", "inline", "text", "softbreak", "em_open", "bullet_list_open", "list_item_open",
    }  # fmt: skip
    assert next(token.content for token in blocks if token.type == "inline").count("*") == 2  # the title's own


def test_a_mail_has_all_recipients_and_the_key_as_its_id(told: Any, route: Routes, mail: MailServer) -> None:
    route("email", recipients=["noc@example.com", "net@example.com"])
    notice = told()
    (got,) = mail.got
    assert got["To"] == "noc@example.com, net@example.com"
    assert got["Subject"] == "[1 firing] lab: 1 session to tor-a 10.0.0.1 down on node-0"
    assert got["Message-ID"] == f"<{notice.key}@bgpui>"
    assert "the hold timer expired" in got.get_content()
    said = mail.said[0].split()  # RFC 5321, 4.1.3: a name with a domain, or the address; nobody is asked for a name
    assert said[0] == b"ehlo"
    assert b"." in said[1]


def test_a_mail_server_that_refuses_is_quoted(told: Any, route: Routes, mail: MailServer) -> None:
    mail.refuses = "550 no such user"
    route("email", recipients=["noc@example.com"])
    notice = told()
    assert (notice.state, "no such user" in notice.error) == ("waiting", True)


def test_a_mail_to_many_ends_in_time_as_a_whole(
    told: Any, route: Routes, mail: MailServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A server that is slow with each recipient is not slow with any command."""
    monkeypatch.setattr("alarms.delivery.mail.TIMEOUT", 0.5)
    mail.first = lambda: time.sleep(0.1)
    route("email", recipients=[f"n{number}@example.com" for number in range(20)])
    notice = told()
    assert (notice.state, notice.error, mail.got) == ("waiting", "no answer within 0.5 s", [])


@pytest.mark.parametrize("kind", ["webhook", "email"])
def test_a_resolver_that_is_away_is_not_waited_for(
    told: Any, route: Routes, mail: MailServer, settings: Settings, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The lease is longer than a try, so that the outcome is written by whoever tried. glibc's resolver takes five
    seconds for each server, attempt and suffix of its search list (resolv.conf(5)); here it ends when the test does."""
    real, back, ended = socket.getaddrinfo, threading.Event(), list[str]()

    def lookup(name: Any, *args: Any, **more: Any) -> Any:
        if name == "away.example" and not more["flags"] & socket.AI_NUMERICHOST:
            back.wait(10)
            ended.append(name)
            raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")
        return real(name, *args, **more)

    for module in ("http", "mail"):
        limits = vars(import_module(f"alarms.delivery.{module}"))
        longest = max(limit for name, limit in limits.items() if name.startswith("TIMEOUT"))
        assert outbox.LEASE.total_seconds() >= 2 * longest
        monkeypatch.setattr(f"alarms.delivery.{module}.TIMEOUT", 0.2)
    monkeypatch.setattr("socket.getaddrinfo", lookup)
    settings.EMAIL_HOST = "away.example"
    made = route(kind, recipients=["noc@example.com"] if kind == "email" else [])
    made.sealed = secrets_seal(made, url="http://away.example/", key="k" * 16, token="")
    made.save()
    notice = told()
    assert ended == []
    back.set()
    assert (notice.state, notice.attempts, notice.error) == ("waiting", 1, "no answer within 0.2 s")


def test_an_alertmanager_is_told_what_fires_and_what_is_over(
    told: Any, route: Routes, receiver: Receiver, look: Look
) -> None:
    """What Alertmanager's OpenAPI (api/v2/openapi.yaml) calls postableAlerts: labels and startsAt, endsAt if known."""
    route("alertmanager", path="/am/", token="bearer-token-1")
    told()
    (got,) = receiver.got
    (alert,) = got.json
    assert (got.path, got.headers["Authorization"]) == ("/am/api/v2/alerts", "Bearer bearer-token-1")
    assert {"alertname", "severity", "cluster", "rule"} <= alert["labels"].keys()
    assert all(isinstance(value, str) and value for value in alert["labels"].values())
    ends = datetime.fromisoformat(alert["endsAt"])
    assert ends > timezone.now() + timedelta(minutes=2)  # unless it is told again
    notice = Notice.objects.get()
    assert ends == datetime.fromisoformat(notice.body["at"]) + timedelta(minutes=5)  # however late it gets there
    Session.objects.update(state="Established")
    look()
    compose(timezone.now())
    deliver_all()
    (over,) = receiver.got[1].json
    assert over["labels"] == alert["labels"]
    assert datetime.fromisoformat(over["endsAt"]) <= timezone.now()


def test_a_failed_try_is_repeated_later_with_the_same_key(told: Any, route: Routes, receiver: Receiver) -> None:
    receiver.answers = [(503, {}, b"no room for /hook/T0KEN-in-the-path"), (429, {"Retry-After": "600"}, b"")]
    route()
    notice = told()
    assert (notice.state, notice.attempts) == ("waiting", 1)
    assert notice.error.startswith("503 Service Unavailable: no room for /")
    assert "T0KEN" not in notice.error + Route.objects.get().error
    deliver_all()
    assert len(receiver.got) == 1  # its time has not come
    Notice.objects.update(next_at=timezone.now() - timedelta(seconds=1))
    deliver_all()
    notice.refresh_from_db()
    assert notice.next_at - timezone.now() > timedelta(seconds=500)  # as the receiver asked
    Notice.objects.update(next_at=timezone.now() - timedelta(seconds=1))
    deliver_all()
    notice.refresh_from_db()
    assert (notice.state, notice.attempts) == ("sent", 3)
    assert {got.json["key"] for got in receiver.got} == {str(notice.key)}
    assert (notice.route.sent_total, notice.route.failed_total) == (1, 2)


def test_pauses_grow_and_differ_and_after_the_last_try_it_is_given_up(
    told: Any, route: Routes, receiver: Receiver
) -> None:
    receiver.answers = [(500, {}, b"down")] * outbox.MOST
    route()
    notice, pauses = told(), []
    for _ in range(outbox.MOST - 1):
        notice.refresh_from_db()
        pauses.append((notice.next_at - timezone.now()).total_seconds())
        Notice.objects.update(next_at=timezone.now() - timedelta(seconds=1))
        deliver_all()
    notice.refresh_from_db()
    assert (notice.state, notice.attempts, notice.error) == ("dead", outbox.MOST, "500 Internal Server Error: down")
    assert all(later > sooner * 1.2 for sooner, later in pairwise(pauses[:7]))
    assert max(pauses) <= 900 * 1.2
    deliver_all()
    assert len(receiver.got) == outbox.MOST
    assert outbox.again(notice)
    deliver_all()
    notice.refresh_from_db()
    assert notice.state == "sent"


def test_who_was_away_hears_what_is_so_now_and_not_what_was(
    told: Any, route: Routes, receiver: Receiver, look: Look
) -> None:
    receiver.answers = [(500, {}, b"")]
    route(group_interval=0)
    told()
    Session.objects.update(state="Established")
    look()
    compose(timezone.now())
    deliver_all()
    assert len(receiver.got) == 1  # its time has not come
    Notice.objects.update(next_at=timezone.now() - timedelta(seconds=1))
    deliver_all()
    first, second = (got.json for got in receiver.got)
    assert (first["status"], second["status"], Notice.objects.count()) == ("firing", "resolved", 1)
    assert first["key"] != second["key"]  # another text: nobody may drop it as known


@pytest.mark.parametrize(("kind", "pieces"), [("alertmanager", [500, 100]), ("webhook", [600]), ("slack", [200])])
def test_programs_are_told_of_all_and_people_how_many(
    cluster: Cluster, route: Routes, receiver: Receiver, as_role: Any, kind: str, pieces: list[int]
) -> None:
    """300 VRFs of two routers that died: an alarm each. An Alertmanager holds for over what it is never told."""
    now = timezone.now()
    Alarm.objects.bulk_create(
        Alarm(cluster=cluster, key=f"k{number}", kind="session-down", began_at=now, fired_at=now, state="firing",
              rule_name="r", severity="warning", title=f"t{number}", sessions=1, worst=1)
        for number in range(600)
    )  # fmt: skip
    route(kind)
    (pk,) = compose(now)
    deliver_all()
    notice = Notice.objects.get(pk=pk)
    assert (notice.state, len(receiver.got), notice.body["number_firing"]) == ("sent", len(pieces), 600)
    assert len({got.headers["Idempotency-Key"] for got in receiver.got}) == len(receiver.got)
    assert sum(pieces) == len(notice.body["firing"])
    if kind == "alertmanager":
        assert [len(got.json) for got in receiver.got] == pieces
        assert len({alert["labels"]["alarm"] for got in receiver.got for alert in got.json}) == 600
    elif kind == "slack":
        assert "and 580 more" in receiver.got[0].json["text"]
    else:
        assert len(receiver.got[0].json["firing"]) == 600
    api = as_role("viewer")
    (listed,) = api.get("/api/v1/notices/").json()["results"]
    assert len(listed["body"]["firing"]) == 200
    assert len(api.get(f"/api/v1/notices/{pk}/").json()["body"]["firing"]) == sum(pieces)


def test_an_alertmanager_is_tried_again_before_it_forgets(told: Any, route: Routes, receiver: Receiver) -> None:
    receiver.answers = [(503, {"Retry-After": "900"}, b"")]
    route("alertmanager")
    notice = told()
    assert notice.next_at <= timezone.now() + timedelta(seconds=60)


def test_notices_about_a_cluster_keep_their_order_and_leave_one_after_another(
    told: Any, route: Routes, receiver: Receiver, look: Look, redis_url: str
) -> None:
    receiver.answers = [(500, {}, b"")]
    route()
    notice = told()
    Notice.objects.update(next_at=timezone.now() - timedelta(seconds=1))
    fields = {name: getattr(notice, name) for name in ("route", "cluster", "kind", "title", "body", "created_at")}
    second = Notice.objects.create(**fields, next_at=timezone.now())
    deliver_all()
    assert [got.json["key"] for got in receiver.got] == [str(notice.key)] * 2
    assert redis_connection().llen("notice") == 1  # without waiting for the next look
    redis_connection().delete("notice")
    deliver_all()
    assert receiver.got[2].json["key"] == str(second.key)


def test_a_redirect_is_not_followed_and_silence_is_not_waited_for(
    told: Any, route: Routes, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    receiver.answers = [(302, {"Location": "http://169.254.169.254/latest/"}, b"")]
    route()
    notice = told()
    assert (len(receiver.got), notice.error) == (1, "302 a redirect, which is not followed")
    monkeypatch.setattr("alarms.delivery.http.TIMEOUT", 0.2)
    receiver.first = lambda: time.sleep(1)
    Notice.objects.update(next_at=timezone.now() - timedelta(seconds=1))
    deliver_all()
    notice.refresh_from_db()
    assert notice.error == "no answer within 0.2 s"


@pytest.mark.parametrize("host", ["169.254.169.254", "[fe80::1]", "[fd00:ec2::254]", "0xA9FEA9FE", "inner"])
def test_no_notice_goes_where_no_receiver_can_be(
    told: Any, route: Routes, receiver: Receiver, host: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also by a name whose address is another one when the notice is sent than when the route was added."""
    real = socket.getaddrinfo

    def lookup(name: Any, *args: Any, **more: Any) -> Any:
        return real("169.254.169.254" if name == "inner" else name, *args, **more)

    route()
    row = Route.objects.get()
    row.sealed = secrets_seal(row, url=f"http://{host}/latest/", key="k" * 16, token="")
    row.save()
    monkeypatch.setattr("socket.getaddrinfo", lookup)
    notice = told()
    assert (notice.state, "no receiver is at such an address" in notice.error) == ("waiting", True), notice.error
    assert not receiver.got


def test_a_route_whose_key_is_lost_says_so(told: Any, route: Routes, settings: Settings) -> None:
    route()
    settings.BGPUI_CREDENTIAL_KEYS = ()
    assert "no key in BGPUI_CREDENTIAL_KEYS opens" in told().error


def test_a_heartbeat_is_hit_once_for_each_sweep_of_all_clusters(
    cluster: Cluster, route: Routes, receiver: Receiver
) -> None:
    made = route("heartbeat", path="/ping/SECRET", group_interval=0)
    now = timezone.now()

    def beats() -> int:
        for pk, swept_at in heartbeats.due(timezone.now()):
            heartbeats.beat(pk, swept_at)
            heartbeats.beat(pk, swept_at)  # a message may come twice
        return len(receiver.got)

    assert beats() == 0  # never swept
    one = Sweep.objects.create(cluster=cluster, shard=0, began_at=now, ended_at=now)
    other = Sweep.objects.create(cluster=cluster, shard=1, began_at=now)
    assert beats() == 0  # not all of it
    Sweep.objects.filter(pk=other.pk).update(ended_at=now + timedelta(seconds=1))
    assert (beats(), beats()) == (1, 1)
    assert (receiver.got[0].method, receiver.got[0].path) == ("GET", "/ping/SECRET")
    receiver.answers = [(404, {}, b"no /ping/SECRET here")] * 2  # what was not taken is tried again
    Sweep.objects.filter(pk=one.pk).update(ended_at=now + timedelta(seconds=1))
    beats()
    made.refresh_from_db()
    assert ("404" in made.error, "SECRET" in made.error, made.failed_total, made.sent_total) == (True, False, 2, 1)
    Sweep.objects.update(ended_at=now - timedelta(minutes=11))
    Route.objects.update(beaten_at=None)
    assert beats() == 3  # an old sweep is no sign of life


def test_a_heartbeat_that_was_not_taken_is_tried_with_the_next_sweep(
    cluster: Cluster, route: Routes, receiver: Receiver
) -> None:
    route("heartbeat", group_interval=300)
    began = timezone.now() - timedelta(minutes=5)
    taken = []
    for second, answer in ((0, 200), (310, 500), (320, 200), (330, 200)):
        receiver.answers = [(answer, {}, b"")]
        at = began + timedelta(seconds=second)
        Sweep.objects.update_or_create(cluster=cluster, shard=0, defaults={"began_at": at, "ended_at": at})
        taken.append([heartbeats.beat(*one) for one in heartbeats.due(timezone.now())])
    assert taken == [[True], [False], [True], []]


def test_what_is_old_goes_and_what_waits_stays(told: Any, route: Routes, receiver: Receiver) -> None:
    route()
    told()
    future = timezone.now() + timedelta(days=1)
    alarms_expire(before=future)
    assert (Notice.objects.count(), Alarm.objects.count()) == (0, 1)  # it still fires
    Notice.objects.create(
        route=Route.objects.get(), kind="test", title="t", body={}, created_at=timezone.now(), next_at=future
    )
    alarms_expire(before=future)
    assert Notice.objects.count() == 1


def test_metrics_count_what_fires_and_what_was_sent(
    cluster: Cluster, told: Any, route: Routes, receiver: Receiver, redis_url: str
) -> None:
    receiver.answers = [(500, {}, b"")]
    route()
    told()
    Notice.objects.update(next_at=timezone.now() - timedelta(seconds=1))

    def samples() -> dict[tuple[str, ...], float]:
        families = RowsCollector().collect()
        return {(one.name, *one.labels.values()): one.value for family in families for one in family.samples}

    found, who = samples(), ("webhook", "webhook")
    assert found["bgpui_alarms_firing", "lab", "warning"] == 1
    assert found["bgpui_alarms_firing", "lab", "critical"] == 0
    assert found["bgpui_notices_failed_total", *who] == 1
    assert found["bgpui_notices_waiting", *who] == 1
    assert found["bgpui_notices_given_up", *who] == 0
    assert found["bgpui_route_failing", *who] == 1
    Route.objects.update(enabled=False)  # nobody waits for it then
    deliver_all()
    found = samples()
    assert Notice.objects.get().state == "dead"
    assert found["bgpui_notices_given_up", *who] == found["bgpui_route_failing", *who] == 0
