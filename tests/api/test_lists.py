"""Lists: filters, order, pages, and a number of queries that does not grow."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, cast
from urllib.parse import urlsplit

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import resolve
from rest_framework.test import APIClient

from clusters import clock
from clusters.models import Cluster
from clusters.registry import resource_models
from intent.kinds import KINDS
from peers.models import BGPPeer
from speakers.models import Session, Speaker, Transition
from tests.api.manifests import LIST, NAMESPACE, manifest, row_of

LISTS = [
    LIST,
    *(f"/api/v1/{kind.plural}/" for kind in KINDS.values() if kind.plural != "bgppeers"),
    *(f"/api/v1/{name}/" for name in ("clusters", "sessions", "transitions", "speakers", "tokens")),
]
WHEN = datetime(2031, 1, 1, tzinfo=UTC)


def names(api: APIClient, query: str) -> list[str]:
    answer = api.get(f"{LIST}?{query}")
    assert answer.status_code == 200, answer.content
    return [item["metadata"]["name"] for item in answer.json()["results"]]


def test_everything_that_the_root_names_answers_without_a_parameter(
    as_role: Callable[[str], APIClient], cluster: Cluster
) -> None:
    admin = as_role("admin")
    found = {name: admin.get(url).status_code for name, url in admin.get("/api/v1/").json().items()}
    others = {"import": 405, "preview": 405, "routes": 400}  # POST alone; an address has to be asked for
    assert {name: code for name, code in found.items() if code != 200} == others


def test_no_parameter_of_any_list_takes_a_nul(as_role: Callable[[str], APIClient], cluster: Cluster) -> None:
    """PostgreSQL refuses one in a text, which would be an answer of 500."""
    admin, tried = as_role("admin"), list[str]()
    for url in admin.get("/api/v1/").json().values():
        view = cast("Any", resolve(urlsplit(url).path).func).cls
        filters = view.filterset_class.base_filters if getattr(view, "filterset_class", None) else ()
        tried += [f"{url}?{name}=a%00" for name in {*view.parameters.get("list", ()), *filters}]
    found = {url: admin.get(url) for url in tried}
    assert len({url.partition("?")[0] for url in found}) > 25
    for url in [url for url in tried if not url.partition("?")[0].endswith(("/import/", "/preview/"))]:  # POST alone
        assert (url, found[url].status_code) == (url, 400)
        assert "has a NUL in it" in found[url].json()["detail"], url


@pytest.fixture
def three(cluster: Cluster) -> Cluster:
    """Three peers that differ."""
    row_of(cluster, "a", vrf="red", peer_asn=64501, severity="error", sessions_intended=2, sessions_up=2)
    live = manifest("b", vrf="red", peerASN=64503)
    row_of(
        cluster, "b", vrf="red", peer_asn=64999, live=live, sync_state="rejected", sessions_intended=2, sessions_down=1
    )
    row_of(cluster, "c", vrf=None, peer_asn=64502, ebgp_multi_hop=True)
    return cluster


@pytest.mark.parametrize("path", LISTS)
@pytest.mark.parametrize(
    "query", ["stat=x", "vrf__=red", "page_siez=5", "wait=10s", "format=json", "%00=1", "cluster__name=x"]
)
def test_a_parameter_that_is_not_known_is_an_error_that_names_it(
    api: APIClient, cluster: Cluster, path: str, query: str
) -> None:
    answer = api.get(f"{path}?{query}")
    assert answer.status_code == 400
    assert len(answer.json()["findings"]) == 1
    assert "is not known here" in answer.json()["detail"]


@pytest.mark.parametrize(
    "query",
    [
        "vrf=", "peerASN=x", "peerASN=1.5", "ebgpMultiHop=maybe", "sync=nonsense", "severity=bad", "sessions=all",
        "name=a&name=b", "ordering=nothing", "ordering=password", "ordering=-", "page_size=0", "page_size=1001",
        "page_size=x", "name=%00",
    ],
)  # fmt: skip
def test_a_value_that_means_nothing_is_an_error_and_no_list_of_everything(
    api: APIClient, three: Cluster, query: str
) -> None:
    answer = api.get(f"{LIST}?{query}")
    assert (answer.status_code, answer["Content-Type"]) == (400, "application/problem+json")


def test_the_page_behind_the_last_one_is_not_found(api: APIClient, three: Cluster) -> None:
    assert api.get(f"{LIST}?page=2").status_code == 404
    assert api.get(f"{LIST}?page=x").status_code == 404


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("vrf=red", "ab"), ("vrf=default", "c"),
        ("peerASN=64502", "c"), ("ebgpMultiHop=true", "c"), ("sync=rejected", "b"),
        ("sync=rejected&sync=in_sync", "abc"), ("severity=error", "a"), ("sessions=up", "a"), ("sessions=down", "b"),
        ("sessions=none", "c"), ("cluster=lab", "abc"), ("name_contains=A", "a"),
        (f"namespace={NAMESPACE}&name=b", "b"), ("vrf=red&peerASN=64503", "b"), ("peerASN=99999999999999999999", ""),
    ],
)  # fmt: skip
def test_filters_narrow(api: APIClient, three: Cluster, query: str, found: str) -> None:
    assert "".join(sorted(names(api, query))) == found


@pytest.mark.parametrize(
    ("order", "found"), [("name", "abc"), ("-name", "cba"), ("peerASN", "acb"), ("vrf,-name", "bac"), ("-vrf", "abc")]
)
def test_the_order_is_the_one_asked_for_with_unset_values_last(
    api: APIClient, three: Cluster, order: str, found: str
) -> None:
    assert "".join(names(api, f"ordering={order}")) == found


def test_pages_cover_everything_once(api: APIClient, cluster: Cluster) -> None:
    for index in range(7):
        row_of(cluster, f"peer-{index}", peer_asn=64501)
    seen, path = [], f"{LIST}?page_size=3&ordering=peerASN"
    while path:
        page = api.get(path).json()
        assert page["count"] == 7
        seen += [item["metadata"]["name"] for item in page["results"]]
        path = page["next"]
    assert sorted(seen) == [f"peer-{index}" for index in range(7)]


def _fill(cluster: Cluster, number: int) -> None:
    speakers = Speaker.objects.bulk_create(
        Speaker(cluster=cluster, node=f"n{index}", observed_at=WHEN) for index in range(number)
    )
    sessions = Session.objects.bulk_create(
        Session(speaker=speaker, cluster=cluster, node=speaker.node, neighbor="192.0.2.1", since=WHEN)
        for speaker in speakers
    )
    Transition.objects.bulk_create(
        Transition(session=session, cluster=cluster, node=session.node, vrf="default", neighbor="x", at=WHEN)
        for session in sessions
    )
    BGPPeer.objects.bulk_create(
        BGPPeer(cluster=cluster, namespace=NAMESPACE, name=f"p{index}", my_asn=1) for index in range(number)
    )


@pytest.mark.parametrize("path", [LIST, "/api/v1/sessions/", "/api/v1/transitions/", "/api/v1/speakers/"])
def test_a_thousand_rows_need_no_more_queries_than_ten(
    as_role: Callable[[str], APIClient], cluster: Cluster, path: str
) -> None:
    api = as_role("viewer")
    api.get(path)  # remembers that the token is used, once a minute
    counts = []
    for number in (10, 1000):
        for model in (Transition, Speaker, BGPPeer):
            model.objects.all().delete()
        _fill(cluster, number)
        with CaptureQueriesContext(connection) as queries:
            answer = api.get(f"{path}?page_size=1000")
        assert len(answer.json()["results"]) == number
        counts.append(len(queries))
    # the token with its user, two for the user's permissions, the count, the page; for peers, their sessions; for
    # sessions, the rows of the page's keys; for speakers, the objects of each kind that break rules, and what MetalLB
    # reports
    more = {LIST: 1, "/api/v1/sessions/": 1, "/api/v1/speakers/": len(resource_models()) + 1}.get(path, 0)
    assert counts == [5 + more, 5 + more]


def test_transitions_are_found_by_time_and_newest_first(api: APIClient, cluster: Cluster) -> None:
    for index in range(3):
        at = WHEN + timedelta(hours=index)
        Transition.objects.create(cluster=cluster, node=f"n{index}", vrf="red", neighbor="x", at=at, new_state="Idle")
    path = "/api/v1/transitions/?vrf=red"
    assert [item["node"] for item in api.get(path).json()["results"]] == ["n2", "n1", "n0"]
    later = api.get(f"{path}&after=2031-01-01T01:00:00Z&before=2031-01-01T02:00:00Z").json()["results"]
    assert [item["node"] for item in later] == ["n1"]
    assert api.get(f"{path}&after=yesterday").status_code == 400


@pytest.mark.skipif(connection.vendor != "sqlite", reason="the plan is read as SQLite writes it")
def test_first_and_last_page_of_sessions_come_from_an_index(
    as_role: Callable[[str], APIClient], cluster: Cluster
) -> None:
    api = as_role("viewer")
    _fill(cluster, 1000)
    with CaptureQueriesContext(connection) as queries:
        api.get("/api/v1/sessions/")
        api.get("/api/v1/sessions/?page=last")
    first, last = (query["sql"] for query in queries if "LIMIT 100" in query["sql"])
    assert "OFFSET" not in last  # it is read from the end
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
        for page in (first, last):
            cursor.execute(f"EXPLAIN QUERY PLAN {page}")
            plan = [row[-1] for row in cursor.fetchall()]
            assert "INDEX sqlite_autoindex_speakers_session" in plan[0], plan
            assert "USE TEMP B-TREE FOR ORDER BY" not in plan, plan


def test_pages_read_from_the_end_are_those_read_from_the_start(
    as_role: Callable[[str], APIClient], cluster: Cluster
) -> None:
    api = as_role("viewer")
    _fill(cluster, 25)

    def page(number: int | str) -> list[str]:
        found = api.get(f"/api/v1/sessions/?page_size=4&ordering=-node&page={number}").json()
        assert found["count"] == 25
        return [item["node"] for item in found["results"]]

    whole = [item["node"] for item in api.get("/api/v1/sessions/?page_size=1000&ordering=-node").json()["results"]]
    assert whole == sorted(whole, reverse=True)
    assert [node for number in range(1, 8) for node in page(number)] == whole
    assert page("last") == whole[24:]


@pytest.mark.parametrize(
    "path",
    [
        "bgppeers",
        "ipaddresspools",
        "changes",
        "changesets",
        "sessions",
        "transitions",
        "speakers",
        "services",
        "problems",
    ],
)
def test_a_cluster_that_there_is_not_is_a_mistake(api: APIClient, cluster: Cluster, path: str) -> None:
    answer = api.get(f"/api/v1/{path}/?cluster=typo")
    (finding,) = answer.json()["findings"]
    assert (answer.status_code, finding["field"], finding["value"]) == (400, "cluster", "typo")
    assert "must be one of lab" in finding["message"]
    assert api.get(f"/api/v1/{path}/?cluster=lab").status_code == 200
    Cluster.objects.filter(pk=cluster.pk).update(removed_at=clock.now())
    assert api.get(f"/api/v1/{path}/?cluster=lab").status_code == 200, "its history stays"


@pytest.mark.parametrize(
    "query",
    ["changes/?kind=Foo", "services/?address=foo", "sessions/?reason=foo", "transitions/?new_state=up"],
)
def test_a_value_that_there_can_never_be_is_a_mistake(api: APIClient, cluster: Cluster, query: str) -> None:
    assert api.get(f"/api/v1/{query}").status_code == 400


@pytest.mark.parametrize(
    ("query", "known"),
    [
        ("services/?announced=xx", "yes, layer2, no, unknown"),
        ("sessions/?health=foo", "down, absent"),
        ("alarms/?inhibited=maybe", "true, false"),
    ],
)
def test_a_word_that_is_none_of_some_is_answered_with_these(
    api: APIClient, cluster: Cluster, query: str, known: str
) -> None:
    answer = api.get(f"/api/v1/{query}")
    assert answer.status_code == 400
    assert f"must be one of {known}" in answer.json()["findings"][0]["message"]


@pytest.mark.parametrize("query", ["changes/?kind=Cluster&kind=Silence", "services/?address=2001:db8:0::7"])
def test_a_value_that_there_may_be_is_none(api: APIClient, cluster: Cluster, query: str) -> None:
    assert api.get(f"/api/v1/{query}").status_code == 200
