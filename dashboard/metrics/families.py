"""Families of metrics under bgpui's names, with the labels that each has."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily

Family = GaugeMetricFamily | CounterMetricFamily
PREFIX = "bgpui_"


def gauge(name: str, help_text: str, *labels: str) -> GaugeMetricFamily:
    """A value that goes up and down."""
    return GaugeMetricFamily(f"{PREFIX}{name}", help_text, labels=labels)


def counter(name: str, help_text: str, *labels: str) -> CounterMetricFamily:
    """A value that only grows; its samples end with `_total`."""
    return CounterMetricFamily(f"{PREFIX}{name}", help_text, labels=labels)


def put(family: Family, labels: Iterable[object], value: float | datetime | None) -> None:
    """A sample; an instant in Unix seconds, none for None."""
    if value is not None:
        number = value.timestamp() if isinstance(value, datetime) else float(value)
        family.add_metric([str(label) for label in labels], number)
