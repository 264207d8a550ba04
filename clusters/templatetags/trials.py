"""How long trials last, in words and in seconds."""

from __future__ import annotations

from datetime import timedelta

from django import template

from clusters.models import Trial
from clusters.trials import selectors
from clusters.words import duration_words

register = template.Library()
register.filter("seconds_left", selectors.seconds_left)


@register.filter
def time_left(trial: Trial) -> str:
    """Until it is reverted: "4 min 10 s"; the browser counts on."""
    return duration_words(timedelta(seconds=selectors.seconds_left(trial)))


@register.filter
def window(trial: Trial) -> str:
    """In which it has to be confirmed."""
    return duration_words(timedelta(seconds=trial.window))
