"""The Celery application: queues `apply`, `relist`, `ask`, `observe`, `alarm` and `notice`: none waits for another."""

from __future__ import annotations

import os

from celery import Celery
from celery.signals import before_task_publish

from bgpui.alive import Worker
from bgpui.expiry import by_the_shared_clock

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "bgpui.settings")

app = Celery("bgpui", task_cls="bgpui.expiry:SharedClockTask")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks(["clusters", "alarms", "dashboard"])
app.steps["worker"].add(Worker)
before_task_publish.connect(by_the_shared_clock)
