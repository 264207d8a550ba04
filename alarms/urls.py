"""The pages of alarms."""

from __future__ import annotations

from django.urls import path

from alarms.pages import alarm, lists
from alarms.pages.forms import INHIBITION, ROUTE, RULE, SILENCE, WINDOW, write

urlpatterns = [
    path("alarms/", lists.alarms, name="alarms"),
    path("alarms/<int:pk>/", alarm.alarm, name="alarm"),
    path("alarms/<int:pk>/acknowledge/", alarm.acknowledge, name="alarm-acknowledge"),
    path("alarms/standing/", lists.standing, name="standing"),
    path("alarms/rules/", lists.rules, name="alarm-rules"),
    path("alarms/rules/new/", write, {"form": RULE}, name="alarm-rule-new"),
    path("alarms/rules/<int:pk>/", write, {"form": RULE}, name="alarm-rule"),
    path("alarms/inhibitions/new/", write, {"form": INHIBITION}, name="inhibition-new"),
    path("alarms/inhibitions/<int:pk>/", write, {"form": INHIBITION}, name="inhibition"),
    path("alarms/routes/", lists.routes, name="alarm-routes"),
    path("alarms/routes/new/", write, {"form": ROUTE}, name="alarm-route-new"),
    path("alarms/routes/<int:pk>/", write, {"form": ROUTE}, name="alarm-route"),
    path("alarms/routes/<int:pk>/test/", alarm.route_test, name="alarm-route-test"),
    path("alarms/notices/", lists.notices, name="notices"),
    path("alarms/notices/<int:pk>/resend/", alarm.notice_resend, name="notice-resend"),
    path("alarms/silences/", lists.silences, name="silences"),
    path("alarms/silences/new/", write, {"form": SILENCE}, name="silence-new"),
    path("alarms/silences/<int:pk>/", write, {"form": SILENCE}, name="silence"),
    path("alarms/windows/new/", write, {"form": WINDOW}, name="maintenance-window-new"),
    path("alarms/windows/<int:pk>/", write, {"form": WINDOW}, name="maintenance-window"),
]
