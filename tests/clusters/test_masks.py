"""What is masked stays masked, and texts come back without their passwords."""

from __future__ import annotations

import json

import pytest

from clusters.kube.redact import without_passwords
from clusters.sync.claim import Fate
from tests.clusters.cluster import RunningCluster, peer
from tests.clusters.conftest import Office

OLD = "canary-old"


def test_an_annotation_that_repeats_a_password_stays_masked_when_the_password_is_another(
    kube: RunningCluster, office: Office
) -> None:
    manifest = peer(password=OLD)
    manifest["metadata"]["annotations"] = {"note": f"the key is {OLD}", "team": "net"}
    kube.kubectl("create", manifest=manifest)
    office.look()
    kube.patch_peer("tor-1", {"password": "new"})
    office.look()
    shall = office.row().manifest
    row = office.save({**shall, "spec": {**shall["spec"], "peerASN": 64700}}, password="newer")
    assert office.work(row) == [Fate.IN_SYNC], row.sync_message
    row = office.row()
    assert row.annotations == {"team": "net"}
    assert OLD not in json.dumps([row.live, row.base, row.annotations])


@pytest.mark.parametrize(
    ("text", "left"),
    [
        (f"spec:\n  password: {OLD}\n  peerASN: 1\n]", "spec:\n  password:\n  peerASN: 1\n]"),
        (f"  password: |\n    {OLD}\n\n    {OLD}\n  peerASN: 1", "  password:\n  peerASN: 1"),
        (f'{{"spec": {{"password": "{OLD}", "peerASN": 1', '{"spec": {"password":'),
        (f'{{\n "password" : "{OLD}",\n "peerASN": 1', '{\n "password" :\n "peerASN": 1'),
        ("passwordSecret:\n  name: mine", "passwordSecret:\n  name: mine"),
        ("", ""),
    ],
)
def test_a_text_that_cannot_be_read_comes_back_without_its_password(text: str, left: str) -> None:
    assert without_passwords(text) == left
