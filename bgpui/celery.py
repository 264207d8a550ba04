"""The Celery application: queues `apply`, `relist` and `observe`, each with workers of its own."""

from __future__ import annotations

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "bgpui.settings")

app = Celery("bgpui")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks(["clusters", "dashboard"])
