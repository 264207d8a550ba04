"""Rows of the alarms room: what is watched for, what was found, when nobody is to be told, and who is told what."""

from __future__ import annotations

from alarms.models.alarm import Alarm
from alarms.models.inhibition import Inhibition
from alarms.models.notice import Notice
from alarms.models.quiet import MaintenanceWindow, Silence
from alarms.models.route import Route, Told
from alarms.models.rule import Kind, Rule, Severity

__all__ = ["Alarm", "Inhibition", "Kind", "MaintenanceWindow", "Notice", "Route", "Rule", "Severity", "Silence", "Told"]
