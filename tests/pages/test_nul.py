"""A NUL in a request: PostgreSQL takes none, so none gets as far as a query."""

from __future__ import annotations

import pytest
from django.test import Client

from clusters.models import Cluster
from tests.pages.rows import a_peer

_PAGES = ["/?cluster=%00", "/peers/?vrf=a%00", "/peers/?a%00=1", "/speakers/?cluster=%00", "/peers/lab/%00/tor-a/"]


@pytest.mark.parametrize("path", _PAGES)
def test_a_page_refuses_it(viewer: Client, cluster: Cluster, path: str) -> None:
    answer = viewer.get(path)
    assert answer.status_code == 400
    assert "bgpui does not understand this address" in answer.text
    assert "css/components" in answer.text


@pytest.mark.parametrize("data", [{"metadata.name": "a\x00"}, {"step\x00": "check"}, {"cluster": "\x00"}])
def test_a_form_refuses_it(editor: Client, cluster: Cluster, data: dict[str, str]) -> None:
    assert editor.post("/peers/new/", {"step": "check", **data}).status_code == 400


@pytest.mark.parametrize("path", ["/", "/api/v1/bgppeers/"])
def test_a_session_of_that_name_is_not_looked_for(client: Client, cluster: Cluster, path: str) -> None:
    client.cookies["bgpui"] = "abcdefgh\x00"
    assert client.get(path).status_code == 400


def test_other_requests_come_through(editor: Client, cluster: Cluster) -> None:
    a_peer(cluster)
    assert editor.get("/peers/?q=tor%01").status_code == 200
    assert editor.post("/peers/new/", {"step": "check"}).status_code == 200
