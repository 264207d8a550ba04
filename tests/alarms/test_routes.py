"""REST of routes: who may, what is refused, and that what is secret is never read again."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import pytest
from cryptography.fernet import Fernet
from django.core.management import call_command
from pytest_django import Settings
from rest_framework.test import APIClient

from alarms.api.routes import RouteSerializer
from alarms.models import Alarm, Notice, Route
from alarms.secrets import secrets_of
from clusters import clock
from clusters.models import Change, Cluster
from tests.alarms.conftest import deliver_all
from tests.alarms.receivers import Receiver

PATH = "/api/v1/alarm-routes/"
URL, KEY, TOKEN = "https://hooks.example/services/T0/S3CRETPATH?x=S3CRETQUERY", "S3CRETKEY-sixteen", "S3CRETTOKEN"
HOOK = {"name": "hook", "kind": "webhook", "url": URL, "key": KEY}


@pytest.fixture
def admin(as_role: Callable[[str], APIClient], receiver: Receiver) -> APIClient:
    """With a key to keep secrets by."""
    return as_role("admin")


@pytest.mark.parametrize(("role", "codes"), [("", (403, 403)), ("viewer", (200, 403)), ("editor", (200, 403))])
def test_only_admins_write_routes(as_role: Callable[[str], APIClient], admin: APIClient, role: str, codes: Any) -> None:
    made, api = admin.post(PATH, HOOK).json(), as_role(role)
    assert (api.get(PATH).status_code, api.post(PATH, HOOK).status_code) == codes
    assert api.post(f"{PATH}{made['id']}/test/").status_code == codes[1]


def test_what_is_secret_is_nowhere(admin: APIClient) -> None:
    made = admin.post(PATH, HOOK)
    am = {"name": "am", "kind": "alertmanager", "url": URL, "token": TOKEN}
    assert (made.status_code, admin.post(PATH, am).status_code) == (201, 201)
    admin.patch(f"{PATH}{made.json()['id']}/", {"group_wait": 5, "key": f"{KEY}-new"})
    texts = [admin.get(path).content.decode() for path in (PATH, "/api/v1/changes/")]
    texts += [str(list(Route.objects.values())), str(list(Change.objects.values()))]
    assert made.json()["target"] == "https://hooks.example/…"
    assert not [text for text in texts if "S3CRET" in text]
    assert secrets_of(Route.objects.get(name="hook")).key == f"{KEY}-new"


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({**HOOK, "key": ""}, "key"), ({**HOOK, "key": "short"}, "key"), ({**HOOK, "token": TOKEN}, "token"),
        ({**HOOK, "url": "http://169.254.169.254/latest/"}, "url"), ({**HOOK, "url": "http://0xA9FEA9FE/"}, "url"),
        ({**HOOK, "url": "http://[fe80::1]/"}, "url"), ({**HOOK, "url": "ftp://x/"}, "url"),
        ({**HOOK, "url": "https://u:S3CRET@x/"}, "url"), ({**HOOK, "url": "file:///etc/passwd"}, "url"),
        ({**HOOK, "url": "https://x:99999/"}, "url"), ({"name": "n", "kind": "slack"}, "url"),
        ({"name": "n", "kind": "email", "recipients": []}, "recipients"),
        ({"name": "n", "kind": "email", "recipients": ["a@b.example"]}, "kind"),
        ({"name": "n", "kind": "email", "recipients": ["a@b\n.example"]}, "recipients"),
        ({"name": "n", "kind": "heartbeat", "url": URL, "matchers": [{"name": "vrf", "value": "x"}]}, "matchers"),
        ({"name": "n", "kind": "pigeon", "url": URL}, "kind"),
        ({"name": "n", "kind": "alertmanager", "url": URL, "token": "two words"}, "token"),
    ],
)  # fmt: skip
def test_what_cannot_be_a_route_is_refused(
    admin: APIClient, body: dict[str, Any], field: str, settings: Settings
) -> None:
    settings.EMAIL_HOST = ""
    answer = admin.post(PATH, body)
    assert answer.status_code == 400, answer.text
    assert answer.json()["findings"][0]["field"].startswith(field)
    assert "S3CRET" not in answer.text


def test_without_a_key_no_secret_is_kept(admin: APIClient, settings: Settings) -> None:
    settings.BGPUI_CREDENTIAL_KEYS = ()
    answer = admin.post(PATH, HOOK)
    assert answer.status_code == 400
    assert "BGPUI_CREDENTIAL_KEYS" in answer.json()["findings"][0]["message"]


def test_a_token_does_not_follow_to_another_address(admin: APIClient) -> None:
    made = admin.post(PATH, {"name": "am", "kind": "alertmanager", "url": "https://am.example/", "token": TOKEN}).json()
    one = f"{PATH}{made['id']}/"
    refused = admin.patch(one, {"url": "https://elsewhere.example/"})
    assert (refused.status_code, refused.json()["findings"][0]["field"]) == (400, "token")
    assert admin.patch(one, {"url": "https://am.example/path/"}).status_code == 200
    assert admin.patch(one, {"url": "https://elsewhere.example/", "token": ""}).status_code == 200
    assert secrets_of(Route.objects.get()).token == ""
    assert admin.patch(one, {"kind": "slack"}).status_code == 400


def test_who_changes_a_route_does_not_take_back_what_was_sent_meanwhile(admin: APIClient) -> None:
    admin.post(PATH, HOOK)
    asked = RouteSerializer(Route.objects.get(), data={"group_wait": 7}, partial=True)
    assert asked.is_valid()
    Route.objects.update(sent_total=5, error="500")
    asked.save()
    made = Route.objects.get()
    assert (made.group_wait, made.sent_total, made.error) == (7, 5, "500")


def test_another_receiver_has_heard_of_nothing(admin: APIClient, cluster: Cluster) -> None:
    """With its address, and not with what else is said of a route."""
    one = f"{PATH}{admin.post(PATH, HOOK).json()['id']}/"
    alarm = Alarm.objects.create(cluster=cluster, state="firing", began_at=clock.now())
    Route.objects.get().told_of.create(alarm=alarm, at=clock.now())
    for body, told in (({"group_wait": 1}, 1), ({"url": URL}, 1), ({"url": f"{URL}-new"}, 0)):
        assert admin.patch(one, body).status_code == 200
        assert Route.objects.get().told_of.count() == told


def test_the_text_of_one_route_opens_in_no_other(admin: APIClient) -> None:
    from alarms.secrets import ClosedError

    for name in ("one", "two"):
        admin.post(PATH, {**HOOK, "name": name})
    one, two = Route.objects.order_by("name")
    two.sealed = one.sealed
    with pytest.raises(ClosedError):
        secrets_of(two)


def test_what_no_key_opens_is_given_anew_as_a_whole(admin: APIClient, settings: Settings) -> None:
    one = f"{PATH}{admin.post(PATH, HOOK).json()['id']}/"
    settings.BGPUI_CREDENTIAL_KEYS = (Fernet.generate_key().decode(),)
    assert admin.patch(one, {"group_wait": 1}).status_code == 200
    refused = admin.patch(one, {"url": URL})
    assert (refused.status_code, refused.json()["findings"][0]["field"]) == (400, "key")
    assert admin.patch(one, {"url": URL, "key": KEY}).status_code == 200
    assert secrets_of(Route.objects.get()).key == KEY


def test_keys_are_exchanged(admin: APIClient, settings: Settings) -> None:
    admin.post(PATH, HOOK)
    new = Fernet.generate_key().decode()
    settings.BGPUI_CREDENTIAL_KEYS = (new, *settings.BGPUI_CREDENTIAL_KEYS)
    out = io.StringIO()
    call_command("rotate_keys", stdout=out)
    assert "1 encrypted anew" in out.getvalue()
    settings.BGPUI_CREDENTIAL_KEYS = (new,)
    assert secrets_of(Route.objects.get()).url == URL


def test_a_test_notice_goes_the_way_of_all_and_one_that_was_given_up_again(
    admin: APIClient, receiver: Receiver, as_role: Callable[[str], APIClient]
) -> None:
    made = admin.post(PATH, {**HOOK, "url": f"{receiver.url}/x"}).json()
    answer = admin.post(f"{PATH}{made['id']}/test/")
    assert (answer.status_code, answer.json()["state"]) == (202, "waiting")
    one = f"/api/v1/notices/{answer.json()['id']}/"
    assert admin.post(f"{one}resend/").status_code == 409
    Notice.objects.update(state="dead", attempts=12, error="500")
    assert as_role("editor").post(f"{one}resend/").status_code == 403
    assert admin.post(f"{one}resend/").json()["state"] == "waiting"
    deliver_all()
    (found,) = as_role("viewer").get("/api/v1/notices/?state=sent&route=hook").json()["results"]
    assert (found["kind"], receiver.got[0].json["status"]) == ("test", "test")
    assert "Test notice sent." in Change.objects.filter(kind="AlarmRoute").values_list("message", flat=True)
