"""How each kind of receiver is told."""

from __future__ import annotations

import hashlib
import hmac
import json
import time
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.core.mail import EmailMessage

from alarms.delivery import mail
from alarms.delivery.chat import harmless
from alarms.delivery.http import TIMEOUT, TIMEOUT_OF_ALL, post
from alarms.delivery.words import lines
from alarms.models import Notice, Route
from alarms.models.route import RESENT, STALE
from alarms.secrets import Secrets
from clusters.sync.upsert import chunks
from clusters.words import bounded, utc_stamp

_PIECE = 500  # alerts of a request: some hundred kilobytes
BEAT = 5.0  # seconds, for a heartbeat: less than between two looks, so that one that is away delays none of the next
_JSON = {"Content-Type": "application/json"}


def webhook(notice: Notice, secrets: Secrets) -> None:
    """JSON, signed: HMAC-SHA256 of `<timestamp>.<body>` with the route's key."""
    body = json.dumps({"key": str(notice.key), "title": notice.title, **notice.body}, ensure_ascii=False).encode()
    at = str(int(time.time()))  # by our own clock: a receiver compares it with its own
    signed = hmac.new(secrets.key.encode(), at.encode() + b"." + body, hashlib.sha256).hexdigest()
    headers = {"X-Bgpui-Timestamp": at, "X-Bgpui-Signature": f"sha256={signed}"}
    post(secrets.url, body=body, headers={**_JSON, **_known(notice), **headers})


def slack(notice: Notice, secrets: Secrets) -> None:
    """A text, as Slack's incoming webhooks and those of Mattermost and Rocket.Chat take it."""
    text = "\n".join([f"*{harmless(notice.title)}*", *lines(notice.body, harmless)])
    post(secrets.url, body=json.dumps({"text": text}).encode(), headers={**_JSON, **_known(notice)})


def email(notice: Notice, _secrets: Secrets) -> None:
    """By the server that the settings name."""
    message = EmailMessage(
        subject=bounded(notice.title, 200),
        body="\n".join(lines(notice.body)),
        from_email=settings.DEFAULT_FROM_EMAIL,
        to=notice.route.recipients,
        headers={"Message-ID": f"<{notice.key}@bgpui>", "Auto-Submitted": "auto-generated"},
    )
    mail.post(message)


def alertmanager(notice: Notice, secrets: Secrets) -> None:
    """Its API v2: all that fires, with an end that each telling puts off, and what is over; in pieces if it is much."""
    bearer = {"Authorization": f"Bearer {secrets.token}"} if secrets.token else {}
    url, until = f"{secrets.url.rstrip('/')}/api/v2/alerts", time.monotonic() + TIMEOUT_OF_ALL
    for number, alerts in enumerate(chunks(_alerts(notice.body), _PIECE)):
        # What it took of a try that failed later it takes again: the labels are the same.
        known = {"Idempotency-Key": f"{notice.key}-{number}"} if number else _known(notice)
        post(url, body=json.dumps(alerts).encode(), headers={**_JSON, **known, **bearer}, until=until)


def _alerts(body: Mapping[str, Any]) -> list[dict[str, Any]]:
    at = datetime.fromisoformat(body["at"])  # a text that comes late opens nothing anew that may be over by now
    if body["test"]:
        ends = utc_stamp(at + timedelta(seconds=RESENT))
        return [_alert({"alertname": "BgpuiTest", "severity": "info"}, body["at"], ends)]
    ends = utc_stamp(at + STALE)
    return [_of_alarm(alarm, ends) for alarm in (*body["firing"], *body["resolved"])]


def _of_alarm(alarm: Mapping[str, Any], ends: str) -> dict[str, Any]:
    names = ("rule", "severity", "cluster", "kind", "vrf", "peer", "neighbor", "cause_kind")
    labels = {name: str(alarm[name]) for name in names if alarm[name]}
    labels |= {"alertname": "BgpuiAlarm", "alarm": str(alarm["id"])}
    found = _alert(labels, alarm["began_at"], alarm["resolved_at"] or ends)
    found["annotations"] = {"summary": alarm["title"], "description": alarm["cause"]}
    return found | ({"generatorURL": alarm["url"]} if alarm["url"] else {})


def _alert(labels: dict[str, str], starts: str, ends: str) -> dict[str, Any]:
    return {"labels": labels, "startsAt": starts, "endsAt": ends, "annotations": {}}


def heartbeat(_notice: Notice | None, secrets: Secrets) -> None:
    """A hit, without a body."""
    post(secrets.url, headers={}, method="GET", until=time.monotonic() + BEAT)


def longest(notice: Notice) -> float:
    """Seconds that a try to tell it may take."""
    if notice.route.kind == Route.Kind.EMAIL:
        return mail.TIMEOUT
    alerts = len(notice.body.get("firing", ())) + len(notice.body.get("resolved", ()))
    return TIMEOUT_OF_ALL if notice.route.kind == Route.Kind.ALERTMANAGER and alerts > _PIECE else TIMEOUT


def _known(notice: Notice) -> dict[str, str]:
    return {"Idempotency-Key": str(notice.key)}


RECEIVERS: Mapping[str, Callable[[Notice, Secrets], None]] = {
    Route.Kind.WEBHOOK: webhook,
    Route.Kind.SLACK: slack,
    Route.Kind.EMAIL: email,
    Route.Kind.ALERTMANAGER: alertmanager,
    Route.Kind.HEARTBEAT: heartbeat,
}
