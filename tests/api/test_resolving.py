"""A conflict over REST: the three sides of every field, and the choices that settle it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from rest_framework.test import APIClient

from clusters.models import Cluster
from clusters.sync.relist import relist
from lab.apiserver import Fault
from peers.models import BGPPeer
from tests.api.conftest import Kube
from tests.api.manifests import manifest, row_of, url
from tests.api.test_others_write_too import WAIT, held, others

pytestmark = pytest.mark.usefixtures("worker")
RESOLVE = f"{url()}resolve/"


@pytest.fixture
def refused(worker: None, api: APIClient, live_cluster: Cluster, kube: Kube) -> Any:
    """A conflict: both changed holdTime, the edit connectTime, others vrf and a password; the answer to the edit."""
    api.put(f"{url()}{WAIT}", manifest(holdTime="90s"))
    others(kube, {"holdTime": "78s", "vrf": "red", "password": "hunter2-theirs"})
    return api.patch(f"{url()}{WAIT}", {"spec": {"holdTime": "60s", "connectTime": "20s"}})


def side(path: str, base: Any, mine: Any, theirs: Any, by: str) -> dict[str, Any]:
    return {"path": path, "base": base, "mine": mine, "theirs": theirs, "changedBy": by}


SIDES = [
    side("spec.holdTime", "90s", "60s", "78s", "both"),
    side("spec.connectTime", None, "20s", None, "mine"),
    side("spec.vrf", None, None, "red", "theirs"),
    side("spec.password", None, None, "set", "theirs"),
]


def by_path(sides: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    return {one["path"]: one for one in sides}


def test_the_problem_names_the_three_sides_of_each_field_and_the_way_out(api: APIClient, refused: Any) -> None:
    assert refused.status_code == 409
    assert by_path(refused.json()["fields"]) == by_path(SIDES)
    assert refused.json()["resolve"].endswith(RESOLVE)
    assert by_path(api.get(RESOLVE).json()["fields"]) == by_path(SIDES)
    assert "hunter2" not in refused.text + api.get(RESOLVE).text


@pytest.mark.parametrize(
    ("body", "left"),
    [
        ({"choices": {"spec.holdTime": "theirs"}}, ("78s", "20s", "red")),
        ({"choices": {"spec.holdTime": "mine", "spec.vrf": "mine"}}, ("60s", "20s", None)),
        ({"choices": {"spec.holdTime": "theirs", "spec.connectTime": "theirs"}}, ("78s", None, "red")),
        ({"patch": {"spec": {"holdTime": "66s"}}}, ("66s", "20s", "red")),
    ],
    ids=["theirs", "mine", "all theirs", "merged by hand"],
)
@pytest.mark.usefixtures("refused")
def test_each_field_gets_what_is_chosen(api: APIClient, kube: Kube, body: Any, left: tuple[Any, ...]) -> None:
    answer = api.post(f"{RESOLVE}{WAIT}", body)
    assert (answer.status_code, answer.json()["sync"]["state"]) == (200, "in_sync"), answer.json()
    found = held(kube, "holdTime", "connectTime", "vrf", "password")
    assert tuple(found.values()) == (*left, "hunter2-theirs")


@pytest.mark.usefixtures("refused")
def test_what_is_left_open_or_unknown_settles_nothing(api: APIClient, kube: Kube) -> None:
    still_open = api.post(RESOLVE, {"choices": {"spec.vrf": "theirs"}})
    assert (still_open.status_code, by_path(still_open.json()["fields"])) == (409, by_path(SIDES))
    bodies: list[Any] = [{"choices": {"spec.mtu": "mine"}}, {"choices": {"spec.vrf": "ours"}}, {"choice": {}}, []]
    for body in bodies:
        assert api.post(RESOLVE, body).status_code == 400
    assert api.post(f"{RESOLVE}?dry_run=true", {"choices": {"spec.holdTime": "theirs"}}).status_code == 200
    assert held(kube, "holdTime") == {"holdTime": "78s"}


def test_without_a_conflict_there_is_nothing_to_resolve(
    api: APIClient, as_role: Callable[[str], APIClient], cluster: Cluster
) -> None:
    row_of(cluster)
    assert api.get(RESOLVE).json()["fields"] == []
    assert api.post(RESOLVE, {"choices": {}}).status_code == 409
    viewer = as_role("viewer")
    assert (viewer.get(RESOLVE).status_code, viewer.post(RESOLVE, {}).status_code) == (200, 403)


@pytest.mark.parametrize("method", ["put", "patch"])
def test_an_edit_that_was_overtaken_is_told_what_differs(
    api: APIClient, live_cluster: Cluster, kube: Kube, method: str
) -> None:
    seen = api.put(f"{url()}{WAIT}", manifest(holdTime="90s"))["ETag"]
    others(kube, {"holdTime": "78s", "vrf": "red"})
    relist(live_cluster)
    body = manifest(holdTime="60s") if method == "put" else {"spec": {"holdTime": "60s"}}
    late = getattr(api, method)(url(), body, HTTP_IF_MATCH=seen)
    told = by_path(late.json()["fields"])
    assert (late.status_code, told["spec.holdTime"]) == (412, SIDES[0])
    assert ("spec.vrf" in told) is (method == "put")
    BGPPeer.objects.update(uid="another")  # nothing that the writer may have seen is known of this one
    unknown = getattr(api, method)(url(), body, HTTP_IF_MATCH=seen).json()["fields"]
    assert by_path(unknown)["spec.holdTime"] == side("spec.holdTime", None, "60s", "78s", "both")


@pytest.mark.usefixtures("refused")
def test_beside_a_refused_edit_the_object_is_told_as_the_cluster_holds_it(api: APIClient) -> None:
    told = api.get(url()).json()
    assert {name: told["spec"].get(name) for name in ("holdTime", "connectTime", "vrf")} == {
        "holdTime": "78s", "connectTime": None, "vrf": "red"
    }  # fmt: skip
    assert told["inlinePassword"] is True
    assert (told["edit"]["state"], told["edit"]["manifest"]["spec"]["holdTime"]) == ("conflict", "60s")
    assert "Changed in the cluster meanwhile" in told["edit"]["message"]
    (listed,) = api.get("/api/v1/bgppeers/?holdTime=78s&vrf=red").json()["results"]
    assert (listed["spec"], listed["edit"]) == (told["spec"], told["edit"])
    assert api.get("/api/v1/bgppeers/?holdTime=60s").json()["count"] == 0
    assert api.get("/api/v1/bgppeers/?vrf=default").json()["count"] == 0


def test_an_edit_that_is_in_force_or_on_its_way_stands_beside_nothing(api: APIClient, live_cluster: Cluster) -> None:
    pending = api.put(url(), manifest(holdTime="90s"))
    assert (pending.status_code, pending.json()["edit"], pending.json()["spec"]["holdTime"]) == (202, None, "90s")


@pytest.mark.parametrize("by", ["others", "a webhook"])
def test_a_deletion_that_was_refused_is_told_as_one_and_has_no_fields(
    api: APIClient, live_cluster: Cluster, kube: Kube, by: str
) -> None:
    api.put(f"{url()}{WAIT}", manifest(holdTime="90s"))
    if by == "others":
        others(kube, {"holdTime": "78s"})
    else:
        kube.call(kube.server.faults.add, Fault(verb="delete", resource="bgppeers", code=422))
    answer = api.delete(f"{url()}{WAIT}")
    state, code = ("conflict", 409) if by == "others" else ("rejected", 422)
    assert (answer.status_code, answer.json()["edit"]["manifest"], "resolve" in answer.json()) == (code, None, False)
    assert api.get(url()).json()["edit"] == answer.json()["edit"]
    assert api.get(RESOLVE).json() == {"sync": {"state": state, "message": answer.json()["detail"]}, "fields": []}
    refused = api.post(RESOLVE, {"choices": {}})
    assert (refused.status_code, "DELETE the object again" in refused.json()["detail"]) == (409, True)
    assert api.patch(f"{url()}{WAIT}", {"spec": {"connectTime": "20s"}}).json()["edit"] is None
    left = {"holdTime": "78s" if by == "others" else "90s", "connectTime": "20s"}
    assert held(kube, *left) == left
    assert (api.delete(f"{url()}{WAIT}").status_code, kube.get("bgppeers", "peer")) == (204, None)
