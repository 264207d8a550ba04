"""Each kind of receiver gets what it understands."""

from __future__ import annotations

import hashlib
import hmac
import re
import time
from datetime import datetime, timedelta
from typing import Any

import pytest
from markdown_it import MarkdownIt
from pytest_django import Settings

from alarms.delivery.news import compose
from alarms.models import Alarm, Notice, Rule
from clusters import clock
from clusters.models import Cluster
from speakers.models import Session
from tests.alarms.conftest import Look, Routes, deliver_all
from tests.alarms.receivers import MailServer, Receiver


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
    assert text.startswith("*[1 new] lab: 1 session to tor-a 10.0.0.1 down on node-0*")
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
    assert got["Subject"] == "[1 new] lab: 1 session to tor-a 10.0.0.1 down on node-0"
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
    assert ends > clock.now() + timedelta(minutes=2)  # unless it is told again
    notice = Notice.objects.get()
    assert ends == datetime.fromisoformat(notice.body["at"]) + timedelta(minutes=5)  # however late it gets there
    Session.objects.update(state="Established")
    look()
    compose(clock.now())
    deliver_all()
    (over,) = receiver.got[1].json
    assert over["labels"] == alert["labels"]
    assert datetime.fromisoformat(over["endsAt"]) <= clock.now()


@pytest.mark.parametrize(("kind", "pieces"), [("alertmanager", [500, 100]), ("webhook", [600]), ("slack", [200])])
def test_programs_are_told_of_all_and_people_how_many(
    cluster: Cluster, route: Routes, receiver: Receiver, as_role: Any, kind: str, pieces: list[int]
) -> None:
    """300 VRFs of two routers that died: an alarm each. An Alertmanager holds for over what it is never told."""
    now = clock.now()
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


@pytest.mark.parametrize(("kind", "longest"), [("slack", 16_383), ("email", 16_383)])
def test_texts_and_titles_are_bounded_and_keep_their_numbers(
    cluster: Cluster, route: Routes, receiver: Receiver, mail: MailServer, *, kind: str, longest: int
) -> None:
    """Mattermost refuses or splits posts that are longer; a mail's subject is one line that people read."""
    now = clock.now()
    Alarm.objects.bulk_create(
        Alarm(cluster=cluster, key=f"k{number}", kind="session-down", began_at=now, fired_at=now, state="firing",
              rule_name="r", severity="warning", title="&" * 300, cause="_" * 500, sessions=1, worst=1)
        for number in range(50)
    )  # fmt: skip
    route(kind, recipients=["noc@example.com"] if kind == "email" else [])
    compose(now)
    title = Notice.objects.get().title
    assert (len(title), title[:13], title[-12:]) == (200, "[50 new] lab:", " and 49 more")
    deliver_all()
    text = receiver.got[0].json["text"] if kind == "slack" else mail.got[0].get_content()
    assert len(text) < longest
    told = text.count("- [warning]")
    assert 0 < told < 20
    assert f"and {50 - told} more" in text
