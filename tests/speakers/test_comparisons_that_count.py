"""Which comparisons are written and count: those of a session that is up, made since it came up, and not long ago."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

from django.db import connection
from django.template.loader import render_to_string
from django.test.utils import CaptureQueriesContext

from clusters import clock
from clusters.heard import over
from clusters.models import Cluster
from dashboard.cells import Column, cells_of
from dashboard.differing import differing
from dashboard.filters import Filters
from speakers.comparison.prefixes import Compared, Difference, Kind
from speakers.comparison.selectors import comparison_of, differences_now
from speakers.comparison.services import Looked, comparisons_write
from speakers.counts import NodeCount
from speakers.heard import heard_of
from speakers.models import Comparison, PrefixDifference, Session
from speakers.selectors import sessions
from tests.pages.conftest import cluster
from tests.pages.rows import a_session, a_speaker, down

__all__ = ["cluster"]
PREFIX = "203.0.113.1/32"


def write(row: Session, **columns: Any) -> None:
    """A look that found one prefix missing."""
    found = Compared(1, 0, (Difference(PREFIX, Kind.MISSING, "by hand"),), {Kind.MISSING: 1})
    look = Looked(**{"session": row.pk, "since": row.since, "digest": "", "sent": 0, "compared": found, **columns})
    comparisons_write(row.cluster_id, [look], clock.now())


def told(row: Session) -> list[bool]:
    """Whether REST, what is said of pools and services, the matrix, and the session's page say it."""
    node = NodeCount(row.cluster_id, row.node)
    cells, _ = cells_of(sessions(), [node], [Column(row.vrf, row.neighbor)])
    (cell,) = cells.values()
    looked = comparison_of(row)
    assert looked is not None
    elsewhere = differences_now().exists(), bool(heard_of(row.cluster).differing), cell.differs
    return [*elsewhere, not looked.late(clock.now())]


def test_a_difference_counts_while_it_is_current_and_of_the_session_that_is_up(cluster: Cluster) -> None:
    row = a_session(a_speaker(cluster))
    write(row)
    assert told(row) == [True] * 4
    Comparison.objects.update(compared_at=clock.now() - timedelta(hours=1))
    assert told(row) == [False] * 4
    Comparison.objects.update(compared_at=clock.now() - timedelta(seconds=20))
    Session.objects.update(since=clock.now() - timedelta(seconds=10))
    assert told(row) == [False] * 4


def test_a_session_that_is_set_otherwise_counts_no_prefixes_of_before_it_was_up(cluster: Cluster) -> None:
    row = a_session(a_speaker(cluster), differs="hold time 30 s instead of 90 s", differs_since=clock.now())
    write(row)
    (found,) = differing(Filters(), {cluster.pk: cluster})
    assert (found.cause, found.detail) == (
        "1 prefix missing, 1 neighbor set otherwise than the BGPPeer says", f"{PREFIX}: by hand"
    )  # fmt: skip
    Session.objects.update(since=clock.now() + timedelta(seconds=1))
    (found,) = differing(Filters(), {cluster.pk: cluster})
    assert (found.cause, found.detail, found.since) == (
        "1 neighbor set otherwise than the BGPPeer says", row.differs, row.differs_since
    )  # fmt: skip


def test_prefixes_that_are_not_kept_are_not_known_to_be_as_meant(cluster: Cluster) -> None:
    row = a_session(a_speaker(cluster))
    write(row)
    asked = [("tor-a", (row.node, row.vrf, row.neighbor))]
    found = over(heard_of(cluster), asked, lambda _peer, prefix: prefix == "203.0.113.2/32")
    assert (found.differing, found.unclear) == (0, 0)
    Comparison.objects.update(missing=150)
    found = over(heard_of(cluster), asked, lambda _peer, prefix: prefix == "203.0.113.2/32")
    assert (found.differing, found.unclear) == (0, 1)
    found = over(heard_of(cluster), asked)
    assert (found.differing, found.unclear) == (1, 0)
    words = render_to_string("over.html", {"over": replace(found, unclear=1)})
    assert "not known whether as meant over 1 of them" in words


def test_a_difference_begins_anew_with_the_session(cluster: Cluster) -> None:
    row = a_session(a_speaker(cluster))
    write(row)
    PrefixDifference.objects.update(since=clock.now() - timedelta(hours=2))
    Comparison.objects.update(compared_at=clock.now() - timedelta(hours=1))
    write(row)
    assert PrefixDifference.objects.get().since < clock.now() - timedelta(hours=1)
    Comparison.objects.update(compared_at=clock.now() - timedelta(hours=1))
    row.since = clock.now() - timedelta(minutes=1)
    row.save()
    write(row, compared=None, error="no answer")
    assert PrefixDifference.objects.get().since < clock.now() - timedelta(hours=1)
    write(row)
    assert PrefixDifference.objects.get().since > clock.now() - timedelta(hours=1)


def test_sessions_that_went_down_or_came_up_meanwhile_are_left_out(cluster: Cluster) -> None:
    row = a_session(a_speaker(cluster))
    write(row, since=row.since - timedelta(hours=1))
    assert not Comparison.objects.exists()
    Session.objects.update(**down(since=row.since))
    write(row)
    assert not Comparison.objects.exists()


def test_speakers_are_locked_first_as_by_a_sweep_and_sessions_never(cluster: Cluster) -> None:
    row = a_session(a_speaker(cluster))
    with CaptureQueriesContext(
        connection,
    ) as seen:
        write(row)
    reads = [query["sql"] for query in seen if query["sql"].startswith("SELECT")]
    assert 'FROM "speakers_speaker"' in reads[0]
    assert not [sql for sql in reads[1:] if "FOR UPDATE" in sql]
