"""What goes over the wire: pages and fragments are compressed and small, what must go out as it is is not."""

from __future__ import annotations

import gzip

from django.test import Client

from clusters.models import Cluster
from tests.fleet import fleet
from tests.pages.rows import a_peer

GZIP = {"Accept-Encoding": "br, gzip"}
BOARD = {"HX-Request": "true", "HX-Target": "board"}


def test_home_and_its_live_part_are_small_in_an_outage(viewer: Client) -> None:
    fleet(600, down_every=2, zones=6)
    for headers, kilobytes in (({}, 60), (BOARD, 10)):
        answer = viewer.get("/", headers=GZIP | headers)
        assert answer["Content-Encoding"] == "gzip"
        assert "Accept-Encoding" in answer["Vary"]
        assert len(answer.content) < kilobytes * 1000
        assert b"300 of 2,400 intended sessions are down" in gzip.decompress(answer.content)
    assert "Content-Encoding" not in viewer.get("/").headers


def test_an_entity_tag_stays_that_of_the_bytes_so_that_it_may_be_written_with(viewer: Client, cluster: Cluster) -> None:
    peer = a_peer(cluster)
    answer = viewer.get(f"/api/v1/bgppeers/{cluster.name}/{peer.namespace}/{peer.name}/", headers=GZIP)
    assert "Content-Encoding" not in answer.headers
    assert not answer["ETag"].startswith("W/")
