"""`safe_apply` by REST: what is accepted is a change set on trial, which is confirmed, reverted, or reverts itself."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from clusters import clock
from clusters.models import ChangeSet, Cluster, Trial
from clusters.tasks import watch_trials
from tests.api.conftest import Kube
from tests.kinds import example

PEERS, TRIALS = "/api/v1/bgppeers/", "/api/v1/trials/"
TOR = f"{PEERS}lab/metallb-system/tor-a/"
SPEC = {"myASN": 64500, "peerASN": 64501, "peerAddress": "192.0.2.1"}
pytestmark = pytest.mark.usefixtures("worker", "live_cluster")


@pytest.fixture
def tor(worker: None, api: APIClient, live_cluster: Cluster) -> None:
    """A BGPPeer in force."""
    made = api.post(f"{PEERS}?wait=10s", {**example("BGPPeer", "tor-a"), "spec": SPEC}, format="json")
    assert made.status_code == 201, made.content


def changed(api: APIClient, **query: str) -> dict[str, Any]:
    asked = "&".join(f"{name}={value}" for name, value in {"safe_apply": "5m", "wait": "10s", **query}.items())
    answer = api.patch(f"{TOR}?{asked}", {"spec": {"peerASN": 64999}}, format="json")
    assert answer.status_code == 200, answer.content
    found: dict[str, Any] = answer.json()
    return found


def asn(kube: Kube) -> int:
    return int(kube.get("bgppeers", "tor-a")["spec"]["peerASN"])


@pytest.mark.usefixtures("tor")
def test_a_single_edit_is_a_change_set_on_trial_that_is_confirmed(api: APIClient, kube: Kube) -> None:
    made = changed(api, message="new AS")
    assert (made["state"], made["size"], made["note"], asn(kube)) == ("applied", 1, "new AS", 64999)
    assert (made["trial"]["state"], made["trial"]["secondsLeft"] > 200) == ("running", True)
    one = api.get(f"{TRIALS}{made['id']}/").json()
    assert (one["state"], one["window"], one["reason"], one["endedBy"]) == ("running", 300, "", None)
    assert (one["sessions"], one["sessionsTotal"]) == ([], 0)
    assert one["changeSet"].endswith(f"/api/v1/changesets/{made['id']}/")
    kept = api.post(f"{one['changeSet'].replace('changesets', 'trials')}confirm/")
    assert (kept.status_code, kept.json()["state"], kept.json()["endedBy"]) == (200, "kept", "a-editor")
    again = api.post(f"{TRIALS}{made['id']}/revert/")
    assert (again.status_code, again.json()["trial"]["state"]) == (409, "kept")


@pytest.mark.usefixtures("tor")
def test_it_is_reverted_when_asked(api: APIClient, kube: Kube) -> None:
    made = changed(api)
    answer = api.post(f"{TRIALS}{made['id']}/revert/?wait=10s")
    assert (answer.status_code, answer.json()["state"], asn(kube)) == (200, "rolled_back", 64501)
    assert answer.json()["message"] == "Asked for by a-editor."
    assert api.get(f"{TRIALS}?state=reverted").json()["results"][0]["endedBy"] == "a-editor"


@pytest.mark.usefixtures("tor")
def test_it_reverts_itself_when_nobody_confirms(api: APIClient, kube: Kube, work: Callable[[], None]) -> None:
    made = changed(api)
    Trial.objects.update(deadline=clock.now() - timedelta(seconds=1))
    late = api.post(f"{TRIALS}{made['id']}/confirm/")
    assert (late.status_code, asn(kube)) == (409, 64999)
    watch_trials()
    work()
    assert asn(kube) == 64501
    assert api.get(f"{TRIALS}{made['id']}/").json()["reason"] == "Nobody confirmed within 5 min."
    messages = [one["message"] for one in api.get("/api/v1/changes/?name=tor-a").json()["results"]]
    assert messages[0] == "Reverted: Nobody confirmed within 5 min."


@pytest.mark.usefixtures("tor")
def test_a_deletion_an_import_and_several_new_objects_are_on_trial_too(api: APIClient, kube: Kube) -> None:
    gone = api.delete(f"{TOR}?safe_apply=1h&wait=10s")
    assert (gone.status_code, gone.json()["objects"][0]["action"]) == (200, "delete")
    assert kube.get("bgppeers", "tor-a") is None
    back = api.post(f"{TRIALS}{gone.json()['id']}/revert/?wait=10s")
    assert (back.status_code, asn(kube)) == (200, 64501)
    others = [
        {**example("BGPPeer", name), "spec": {**SPEC, "peerAddress": address}}
        for name, address in (("tor-b", "192.0.2.2"), ("tor-c", "192.0.2.3"))
    ]
    assert api.post(f"{PEERS}?safe_apply=5m&wait=10s", others, format="json").status_code == 201
    imported = api.post("/api/v1/import/?safe_apply=5m&wait=10s", [example("BFDProfile", "fast")], format="json")
    assert imported.json()["changeSet"]["trial"]["state"] == "running"
    assert Trial.objects.filter(state=Trial.State.RUNNING).count() == 2


@pytest.mark.usefixtures("tor")
def test_an_object_on_trial_is_not_edited(api: APIClient) -> None:
    changed(api)
    answer = api.patch(TOR, {"spec": {"peerASN": 65000}}, format="json")
    assert (answer.status_code, answer.json()["findings"][0]["code"]) == (409, "held-by-change-set")


@pytest.mark.usefixtures("tor")
def test_nor_is_an_object_that_is_deleted_on_trial_made_anew(api: APIClient, kube: Kube) -> None:
    made = api.delete(f"{TOR}?safe_apply=1h&wait=10s").json()
    anew = {**example("BGPPeer", "tor-a"), "spec": {**SPEC, "holdTime": "90s"}}
    for answer in (api.post(PEERS, anew, format="json"), api.put(TOR, anew, format="json")):
        assert (answer.status_code, answer.json()["findings"][0]["code"]) == (409, "held-by-change-set")
    assert api.post(f"{TRIALS}{made['id']}/confirm/").status_code == 200
    assert api.post(f"{PEERS}?wait=10s", anew, format="json").status_code == 201


@pytest.mark.usefixtures("tor")
def test_a_password_is_refused_on_trial_and_nothing_is_saved(api: APIClient) -> None:
    answer = api.patch(f"{TOR}?safe_apply=5m", {"spec": {"password": "hunter22"}}, format="json")
    assert (answer.status_code, answer.json()["findings"][0]["code"]) == (422, "password-in-list")
    assert "hunter22" not in answer.text
    assert not ChangeSet.objects.exists()


@pytest.mark.usefixtures("tor")
def test_what_stands_needs_no_trial(api: APIClient) -> None:
    assert api.patch(f"{TOR}?safe_apply=5m", {"spec": {"peerASN": 64501}}, format="json").status_code == 204


@pytest.mark.parametrize("window", ["29s", "25h", "soon", "-5m"])
def test_a_window_that_is_none(api: APIClient, window: str) -> None:
    answer = api.post(f"/api/v1/changesets/?safe_apply={window}", [], format="json")
    assert (answer.status_code, answer.json()["findings"][0]["field"]) == (400, "safe_apply")


@pytest.mark.usefixtures("tor")
def test_viewers_look_and_do_not_end_trials_and_lists_cost_the_same(
    api: APIClient, as_role: Callable[[str], APIClient]
) -> None:
    made, viewer = changed(api), as_role("viewer")
    assert viewer.post(f"{TRIALS}{made['id']}/confirm/").status_code == 403
    assert viewer.post(f"{TRIALS}{made['id']}/revert/").status_code == 403
    assert as_role("").get(TRIALS).status_code == 403
    with CaptureQueriesContext(
        connection,
    ) as one:
        assert viewer.get(f"{TRIALS}?cluster=lab").json()["count"] == 1
    for name in ("a", "b"):
        api.post("/api/v1/changesets/?safe_apply=5m", [{"manifest": example("BFDProfile", name)}], format="json")
    with CaptureQueriesContext(connection) as three:
        assert viewer.get(f"{TRIALS}?cluster=lab").json()["count"] == 3
    assert len(one) == len(three)
