"""The Celery application: queues `apply`, `relist`, `ask` and `observe`; edits and sweeps have workers of their own."""

from __future__ import annotations

import os

from celery import Celery

from bgpui.alive import Worker

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "bgpui.settings")

app = Celery("bgpui")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks(["clusters", "dashboard"])
app.steps["worker"].add(Worker)
