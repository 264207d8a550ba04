"""Rows of the alarms room: what is watched for, what was found, and when nobody is to be told."""

from __future__ import annotations

from alarms.models.alarm import Alarm
from alarms.models.quiet import MaintenanceWindow, Silence
from alarms.models.rule import Kind, Rule, Severity

__all__ = ["Alarm", "Kind", "MaintenanceWindow", "Rule", "Severity", "Silence"]
