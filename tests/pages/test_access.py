"""Who sees which page, and what every page promises to browsers."""

from __future__ import annotations

import re

import pytest
from django.test import Client

from clusters.kindpages import kind_pages
from clusters.models import Cluster
from tests.kinds import saved
from tests.pages.conftest import Browser
from tests.pages.rows import a_peer, a_session, a_speaker
from tests.pages.services import a_service
from tests.pages.test_reported import a_report

_PEER = "/peers/lab/metallb-system/tor-a/"
READ = ["/", "/sessions/{session}/", "/peers/", _PEER, "/speakers/", "/clusters/", "/clusters/lab/", "/tokens/"]
READ += [
    "/routes/",
    "/timeline/",
    "/wall/",
    "/routes/?prefix=203.0.113.7",
    "/services/",
    "/services/lab/shop/web/",
    "/pools/lab/metallb-system/one/addresses/",
]
READ += ["/status/", "/status/frrnodestates/", "/status/frrnodestates/lab/-/node-0/"]
READ += [f"/guided/checks{_PEER.removeprefix('/peers')}"]
WRITE = ["/guided/", *(f"/guided/{slug}/" for slug in ("vrf", "pools", "dual-stack", "nodes", "bfd"))]
WRITE += ["/peers/new/", f"{_PEER}edit/", f"{_PEER}edit/?as=yaml", f"{_PEER}delete/"]

for _page in kind_pages():
    if _page.many != "peers":
        _one = f"/{_page.many}/lab/metallb-system/one/"
        READ += [f"/{_page.many}/", _one]
        WRITE += [f"/{_page.many}/new/", f"{_one}edit/", f"{_one}edit/?as=yaml", f"{_one}delete/"]

_INLINE = re.compile(r"<script(?![^>]*\bsrc=)|\sstyle\s*=|<style|\son[a-z]+\s*=|javascript:", re.IGNORECASE)


@pytest.fixture
def session(cluster: Cluster) -> int:
    a_peer(cluster)
    for page in kind_pages():
        saved(cluster, page.kind.kind)
    a_service(cluster, "web", "10.0.0.53")
    a_report(cluster, "FRRNodeState", "node-0", {"status": {"runningConfig": "router bgp 1\nexit"}})
    return a_session(a_speaker(cluster)).pk


@pytest.mark.parametrize("path", READ + WRITE)
@pytest.mark.parametrize("role", ["", "viewer", "editor", "admin"])
def test_a_page_opens_for_the_roles_that_may_see_it(browser: Browser, session: int, role: str, path: str) -> None:
    allowed = {"": [], "viewer": READ, "editor": READ + WRITE, "admin": READ + WRITE}[role]
    response = browser(role).get(path.format(session=session))
    assert response.status_code == (200 if path in allowed else 403)


@pytest.mark.parametrize("path", READ + WRITE)
def test_a_stranger_is_sent_to_the_login(client: Client, session: int, path: str) -> None:
    response = client.get(path.format(session=session))
    assert response.status_code == 302
    assert response["Location"].startswith("/login/?next=")


@pytest.mark.parametrize("path", [*READ, *WRITE, "/nothing/here/"])
def test_no_page_needs_inline_script_or_style(browser: Browser, session: int, path: str) -> None:
    response = browser("admin").get(path.format(session=session))
    policy = response["Content-Security-Policy"]
    assert "script-src 'self'" in policy
    assert "style-src 'self'" in policy
    assert "unsafe" not in policy
    assert not _INLINE.search(response.content.decode())
    assert "//" not in re.sub(
        r"http://www\.w3\.org/\S+", "", " ".join(re.findall(r'(?:src|href)="([^"]*)"', response.text))
    )


@pytest.mark.parametrize(("role", "sees"), [("viewer", False), ("editor", True)])
def test_only_who_may_edit_sees_the_buttons(browser: Browser, session: int, role: str, sees: bool) -> None:
    page = browser(role).get(_PEER).text
    assert (f"{_PEER}edit/" in page) is sees
    assert (f"{_PEER}delete/" in page) is sees
    assert ("/peers/new/" in browser(role).get("/peers/").text) is sees


@pytest.mark.parametrize(
    "path", [*(path for path in WRITE if "?" not in path and path != "/guided/"), f"{_PEER}discard/"]
)
def test_a_viewer_cannot_post_either(viewer: Client, session: int, path: str) -> None:
    assert viewer.post(path, {"step": "apply"}).status_code == 403


def test_a_form_without_its_token_is_refused_with_words(browser: Browser, session: int) -> None:
    client = Client(enforce_csrf_checks=True)
    client.cookies = browser("editor").cookies
    response = client.post(f"{_PEER}delete/", {"revision": "0"})
    assert response.status_code == 403
    assert "This form is too old" in response.text


def test_a_login_opens_the_page_that_was_wanted(client: Client, cluster: Cluster) -> None:
    from django.contrib.auth.models import User

    from bgpui.roles import role_give

    user = User.objects.create_user("ana", password="correct horse")
    role_give(user=user, role="viewer")
    wrong = client.post("/login/", {"username": "ana", "password": "wrong", "next": "/speakers/"})
    assert "do not match" in wrong.text
    assert "wrong" not in wrong.text.replace("do not match", "")
    right = client.post("/login/", {"username": "ana", "password": "correct horse", "next": "/speakers/"})
    assert right["Location"] == "/speakers/"


def test_a_fragment_that_lost_its_login_reloads_the_page(client: Client, db: None) -> None:
    response = client.get("/login/?next=/", headers={"HX-Request": "true"})
    assert (response.status_code, response["HX-Refresh"]) == (204, "true")


@pytest.mark.parametrize(("wanted", "kept"), [("dark", "dark"), ("light", "light"), ("auto", "auto"), ("<b>", None)])
def test_the_theme_is_kept_in_a_cookie_and_rendered_by_the_server(
    viewer: Client, cluster: Cluster, wanted: str, kept: str | None
) -> None:
    response = viewer.post("/theme/", {"theme": wanted, "next": "//evil.example/"})
    assert response["Location"] == "/"
    assert (response.cookies["theme"].value if "theme" in response.cookies else None) == kept
    assert ('data-theme="dark"' in viewer.get("/").text) is (kept == "dark")


def test_a_token_is_shown_once_and_only_its_owner_can_revoke_it(browser: Browser) -> None:
    admin = browser("admin")
    made = admin.post("/tokens/", {"name": "ci", "days": "30", "read_only": "on"})
    key = re.search(r"bgpui_[\w-]{40,}", made.text)
    assert key
    again = admin.get("/tokens/").text
    assert key[0] not in again
    assert "ci" in again
    revoke = re.search(r"/tokens/\d+/revoke/", again)
    assert revoke
    from django.contrib.auth.models import User

    other = Client()
    other.force_login(User.objects.create_superuser("root"))
    assert other.post(revoke[0]).status_code == 404
    assert admin.post(revoke[0]).status_code == 302
    assert "ci" not in admin.get("/tokens/").text.partition("Your tokens")[2]


def test_an_open_page_whose_object_is_gone_is_loaded_anew(viewer: Client) -> None:
    address = "/peers/lab/metallb-system/gone/"
    plain, fragment = viewer.get(address), viewer.get(address, headers={"HX-Request": "true"})
    assert (plain.status_code, fragment.status_code) == (404, 404)
    assert ("HX-Refresh" in plain.headers, fragment.headers["HX-Refresh"]) == (False, "true")
    assert "It may have been deleted" in plain.text


def test_a_refusal_is_one_line_in_the_log(viewer: Client, cluster: Cluster, caplog: pytest.LogCaptureFixture) -> None:
    assert viewer.get("/peers/new/").status_code == 403
    (record,) = [one for one in caplog.records if one.name == "django.request"]
    assert "/peers/new/" in record.getMessage()
    assert record.exc_info is None
