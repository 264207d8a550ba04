"""Settings of a neighbor that only FRR's recorded answers show as they are printed: restart modes and ports."""

from __future__ import annotations

from typing import Any

import pytest

from speakers.comparison.settings import differing
from speakers.frr import parse
from speakers.frr.neighbor import GracefulRestart, Neighbor
from tests.speakers import samples
from tests.speakers.seen import intended

_RESTARTS = "the graceful restart mode is Restart, enableGracefulRestart false means Helper"
_HELPS = "the graceful restart mode is Helper, enableGracefulRestart true means Restart"


def of(version: str, vrf: str, address: str) -> Neighbor:
    found = parse.neighbors((samples.OWN / f"frr{version}-show-bgp-vrf-all-neighbors.json").read_bytes())
    assert isinstance(found, list)
    return next(one for one in found if (one.vrf, one.key) == (vrf, address))


def words(neighbor: Neighbor, about: str, **values: Any) -> list[str]:
    said = differing(neighbor, intended("node-1", neighbor.key, neighbor.vrf, **values))
    return [one for one in said.split("; ") if about in one]


@pytest.mark.parametrize("version", ["8.4.4", "10.3"])
def test_the_mode_of_graceful_restart_is_compared(version: str) -> None:
    """localGrMode of bgpd/bgp_vty.c; 172.18.0.5 was given `neighbor 172.18.0.5 graceful-restart`, the other nothing."""
    restarts, helps = (of(version, "default", address) for address in ("172.18.0.5", "172.18.0.6"))
    assert words(restarts, "graceful") == [_RESTARTS]
    assert words(helps, "graceful", graceful_restart=True) == [_HELPS]
    assert words(restarts, "graceful", graceful_restart=True) == words(helps, "graceful") == []
    helps.graceful_restart = GracefulRestart("Disable")
    assert words(helps, "graceful") == [_RESTARTS.replace("Restart,", "Disable,")]
    helps.graceful_restart = None
    assert words(helps, "graceful", graceful_restart=True) == []


@pytest.mark.parametrize(
    ("version", "vrf", "dialled"), [("8.4.4", "red", "172.18.2.5"), ("10.3", "default", "172.18.0.5")]
)
def test_the_port_of_a_session_that_the_node_opened_is_compared(version: str, vrf: str, dialled: str) -> None:
    """portForeign is the router's port then; of a session that the router opened it says nothing."""
    opened, taken = of(version, vrf, dialled), of(version, "default", "172.18.0.6")
    (said,) = words(opened, "port", port=1179)
    assert said.startswith("the session runs to port 179, peerPort 1179")
    assert words(opened, "port") == words(taken, "port") == words(taken, "port", port=1179) == []
    opened.state = "Active"  # what is left of the last attempt
    assert words(opened, "port", port=1179) == []
