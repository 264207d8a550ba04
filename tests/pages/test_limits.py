"""How often one may ask FRR: pages and REST count together, and look-ups of a cluster are few at once."""

from __future__ import annotations

import pytest
from django.test import Client
from rest_framework.test import APIClient

from clusters.models import Cluster
from clusters.nudges import connection
from dashboard import limited, lookup
from dashboard.lookup import kept
from speakers.models import Session
from tests.pages.conftest import Browser
from tests.pages.rows import a_peer, a_session, a_speaker

pytestmark = pytest.mark.usefixtures("few")


@pytest.fixture
def few(redis_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Three questions a minute, none of them asked yet."""
    monkeypatch.setattr(limited, "MOST", 3)


@pytest.fixture
def session(cluster: Cluster) -> Session:
    a_peer(cluster)
    return a_session(a_speaker(cluster))


def api_of(browser: Client) -> APIClient:
    """REST in the same browser."""
    api = APIClient()
    api.cookies = browser.cookies
    return api


def test_pages_and_rest_count_together(viewer: Client, browser: Browser, session: Session) -> None:
    api = api_of(viewer)
    viewer.post(f"/sessions/{session.pk}/neighbor/")
    viewer.post("/routes/", {"prefix": "203.0.113.7"})
    assert api.post(f"/api/v1/sessions/{session.pk}/refresh/").status_code == 202
    for answer in (
        api.post(f"/api/v1/sessions/{session.pk}/log/"),
        api.post("/api/v1/routes/?prefix=203.0.113.8"),
        viewer.post("/routes/", {"prefix": "203.0.113.8"}),
        viewer.post(f"/sessions/{session.pk}/log/"),
        viewer.post("/nodes/lab/node-0/ask/"),
        viewer.post("/guided/checks/lab/metallb-system/tor-a/ask/"),
    ):
        assert answer.status_code == 429
        assert 1 <= int(answer["Retry-After"]) <= 60
    assert viewer.get("/routes/?prefix=203.0.113.7").status_code == 200, "what is only looked at is not counted"
    assert browser("editor").post("/routes/", {"prefix": "203.0.113.8"}).status_code == 302, "others are not kept out"
    connection().delete(*connection().keys("bgpui:limit:*"))  # the minute is over
    assert api.post(f"/api/v1/sessions/{session.pk}/log/").status_code == 202


def test_a_fragment_has_its_page_say_how_long_to_wait(viewer: Client, session: Session) -> None:
    for _ in range(3):
        viewer.post(f"/sessions/{session.pk}/neighbor/")
    refused = viewer.post(f"/sessions/{session.pk}/log/")
    assert "Ask again in" in refused.text
    page = session.get_absolute_url()
    headers = {"HX-Request": "true", "HX-Current-URL": f"http://testserver{page}#answers"}
    fragment = viewer.post(f"/sessions/{session.pk}/log/", headers=headers)
    assert (fragment.status_code, fragment["HX-Redirect"]) == (429, page)
    assert "Ask again in" in viewer.get(page).text


def test_few_prefixes_of_a_cluster_are_looked_up_at_once(
    browser: Browser, cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limited, "MOST", 100)
    viewer = browser("viewer")
    for number in range(kept.MOST):
        assert viewer.post("/routes/", {"prefix": f"203.0.113.{number}"}).status_code == 302
    told = "3 other prefixes are being looked up in this cluster: ask again in a moment."
    assert told in viewer.post("/routes/", {"prefix": "203.0.113.9"}).text
    refused = api_of(viewer).post("/api/v1/routes/?prefix=203.0.113.9")
    assert (refused.status_code, refused["Retry-After"], refused.json()["detail"]) == (429, "5", told)
    assert not lookup.pending(cluster, "203.0.113.9")
    assert viewer.post("/routes/", {"prefix": "203.0.113.0"}).status_code == 302, "it is under way, and no other one"
    lookup.look_up(cluster, "203.0.113.0")
    assert not lookup.pending(cluster, "203.0.113.0")
    assert viewer.post("/routes/", {"prefix": "203.0.113.9"}).status_code == 302
    assert lookup.pending(cluster, "203.0.113.9")


def test_a_look_up_that_no_worker_took_makes_room_in_the_end(
    viewer: Client, cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kept, "MOST", 1)
    assert lookup.ask(cluster, "203.0.113.7")
    (marks,) = connection().keys("bgpui:lookup:*:pending")
    connection().zadd(marks, {"203.0.113.7": connection().time()[0] - 1})  # its time is over
    assert not lookup.pending(cluster, "203.0.113.7")
    assert viewer.post("/routes/", {"prefix": "203.0.113.9"}).status_code == 302
