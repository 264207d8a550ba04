"""Trials watched: those whose time is over, and those that lost what had to stay, are reverted."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from datetime import datetime, timedelta

from django.conf import settings

from clusters import clock
from clusters.heard import Heard, heard
from clusters.models import Cluster, Trial
from clusters.selectors import snapshot_of
from clusters.trials.ending import trial_revert
from clusters.trials.selectors import running
from clusters.trials.stays import Stay, stays
from clusters.words import counted, duration_words
from intent.announcements import Announcements
from intent.announcements.groups import Layers

logger = logging.getLogger(__name__)
_NAMED = 3  # sessions in a reason


def trials_watch() -> int:
    """Revert what has to be; returns how many. May run twice, at the same time too: each is reverted once."""
    now, found = clock.now(), list(running())
    known: dict[int, Heard] = {}
    done = 0
    for trial in found:
        reason = _overdue(trial, now)
        if not reason and trial.in_force_at is not None:
            cluster = trial.change_set.cluster
            if cluster.pk not in known:
                known[cluster.pk] = heard(cluster)
            reason = _lost(trial, known[cluster.pk], now)
        if reason and trial_revert(trial=trial, reason=reason):
            logger.info("change set %s is reverted: %s", trial.pk, reason)
            done += 1
    return done


def _overdue(trial: Trial, now: datetime) -> str:
    if trial.deadline > now:
        return ""
    within = duration_words(timedelta(seconds=trial.window))
    return f"Nobody confirmed within {within}." if trial.in_force_at else f"It was not in force within {within}."


def _lost(trial: Trial, known: Heard, now: datetime) -> str:
    """What had to stay and does not; "" if all of it does, or nothing says otherwise."""
    grace = timedelta(seconds=settings.BGPUI_SAFE_APPLY_GRACE)
    settled = trial.in_force_at is not None and now >= trial.in_force_at + grace
    wanted = [stay for stay in stays(trial.stays) if settled or not stay.resets]
    gone = [stay for stay in wanted if stay.key in known.lost]
    if gone:
        noun = "session that has" if len(gone) == 1 else "sessions that have"
        named = ", ".join(f"{stay} ({known.why(stay.key).words})" for stay in gone[:_NAMED])
        return f"{len(gone)} {noun} to stay {'is' if len(gone) == 1 else 'are'} not Established: {named}."
    short = [stay for stay in wanted if settled and known.sent.get(stay.key, stay.prefixes) < stay.prefixes]
    short = list(_meant(trial.change_set.cluster, known, short)) if short else []
    if not short:
        return ""
    named = ", ".join(f"{stay} ({known.sent[stay.key]} of {stay.prefixes})" for stay in short[:_NAMED])
    return f"Prefixes that have to stay are not announced any more on {counted(len(short), 'session')}: {named}."


def _meant(cluster: Cluster, known: Heard, short: list[Stay]) -> Iterator[Stay]:
    """Those on which more is meant to be announced now: services may have gone by themselves."""
    announcements = Announcements(snapshot_of(cluster))
    for stay in short:
        node, vrf, neighbor = stay.key
        feeds = announcements.feeds_on(node)
        number = sum(_number(layers) for feed, layers in feeds.items() if (feed.vrf, feed.neighbor) == (vrf, neighbor))
        if known.sent[stay.key] < number:
            yield stay


def _number(layers: Layers) -> int:
    return len(layers.shared.keys() | layers.own.keys())
