"""Pages that join the rooms: the board of sessions, one session, peers with their sessions."""

from __future__ import annotations

from django.urls import path

from dashboard.events import events
from dashboard.guided import checkviews as checks
from dashboard.guided import views as guided
from dashboard.views import home, nodes, password, peer, routes, session, timeline, topology, wall

urlpatterns = [
    path("", home.home, name="home"),
    path("events/", events, name="events"),
    path("sessions/<int:pk>/", session.session, name="session"),
    path("sessions/<int:pk>/<slug:name>/", session.ask, name="session-ask"),
    path("topology/", topology.topology, name="topology"),
    path("nodes/", nodes.nodes, name="nodes"),
    path("nodes/<slug:cluster>/<str:name>/", nodes.node, name="node"),
    path("nodes/<slug:cluster>/<str:name>/drain/", nodes.drain, name="drain"),
    path("nodes/<slug:cluster>/<str:name>/ask/", nodes.ask, name="node-ask"),
    path("routes/", routes.routes, name="routes"),
    path("timeline/", timeline.page, name="timeline"),
    path("wall/", wall.wall, name="wall"),
    path("guided/", guided.guides, name="guides"),
    path("guided/checks/<slug:cluster>/<str:namespace>/<str:name>/", checks.page, name="guided-checks"),
    path("guided/checks/<slug:cluster>/<str:namespace>/<str:name>/ask/", checks.ask, name="guided-ask"),
    path("guided/<slug:cluster>/remove-test/", checks.remove_test, name="guided-remove-test"),
    path("guided/<slug:slug>/", guided.guide, name="guide"),
    path("peers/<slug:cluster>/<str:namespace>/<str:name>/", peer.peer, name="peer"),
    path("peers/<slug:cluster>/<str:namespace>/<str:name>/password/", password.password, name="peer-password"),
]
