"""Our rules and MetalLB's own webhooks, served by its own controller to a real API server, say the same.

What we refuse and the cluster takes stands in STRICTER with the reason; what we take is taken by the cluster.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from intent.modes import Mode
from lab.control_plane import ControlPlane, Missing, find
from tests.cluster.choice import BORROWED
from tests.cluster.drawn import Draw
from tests.cluster.metallb import Webhooks, prepare
from tests.cluster.parity import MAPPED, NODES, UNREAD, Parity

SETS = int(os.environ.get("PARITY_SETS", "1500"))  # of each backend
SEED = int(os.environ.get("PARITY_SEED", "1"))
_SPEAKERS = "the webhook does not look at it; the speakers refuse their whole configuration"
_FRR = "MetalLB hands it on; FRR refuses the line"
STRICTER = {
    UNREAD: "the webhook warns and looks at nothing else; the speakers read it",
    "alias-missing": _SPEAKERS,
    "bfd-profile-missing": _SPEAKERS,
    "aggregation-wider-than-pool": "the webhook of pools does not look at advertisements; the speakers refuse both",
    "aggregation-negative": "nothing would be announced",
    "hold-time-too-long": _FRR,
    "keepalive-negative": _FRR,
    "local-asn-refused": _FRR,
    "duplicate-entry": "beside an alias that is missing the webhook reads no further; the speakers refuse it",
    "not-in-native-mode": _SPEAKERS,
    "native-ipv6-pool": "the webhook of pools does not look at advertisements; the speakers refuse both",
    MAPPED: "MetalLB compares the lengths of an IPv4 and of an IPv6 mask; the addresses are the same",
}

pytestmark = [
    pytest.mark.cluster,
    pytest.mark.skipif(BORROWED, reason="has webhooks that the API server of KUBECONFIG does not call"),
]


@pytest.fixture(scope="module")
def plane() -> Iterator[ControlPlane]:
    try:
        found = find()
    except Missing as missing:
        pytest.skip(str(missing))
    if found.metallb is None:
        pytest.skip("MetalLB's controller is not built: `make cluster-tools` does it where Go is")
    plane = ControlPlane()
    try:
        plane.load()
        prepare(plane, found.metallb)
        for name, labels in NODES.items():
            plane.store.create("nodes", {"metadata": {"name": name, "labels": labels}})
        yield plane
    finally:
        plane.close()


@pytest.mark.parametrize("mode", [Mode.FRR_K8S, Mode.FRR, Mode.NATIVE])
def test_what_we_accept_is_accepted(
    plane: ControlPlane, mode: Mode, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    metallb = find().metallb
    assert metallb is not None
    webhooks = Webhooks(plane, metallb, mode.value, tmp_path)
    try:
        tally = Parity(plane, plane.client, mode, "0.16.2").run(Draw(SEED), SETS)
    finally:
        webhooks.close()
    with capsys.disabled():
        print(f"\nparity with MetalLB 0.16.2's webhooks, {mode.value}, seed {SEED}: {tally}")
        for code, count in tally.stricter.most_common():
            print(f"  stricter {count:4} {code}: {STRICTER.get(code, '?')}")
    assert not tally.laxer, "\n".join(tally.laxer[:20])
    unknown = {code: tally.examples[code] for code in tally.stricter.keys() - STRICTER.keys()}
    assert not unknown, unknown
    assert min(tally.both_accept, tally.both_reject) > tally.tried / 20  # it tried both
