"""Pages that join the rooms: the board of sessions, one session, peers with their sessions."""

from __future__ import annotations

from django.urls import path

from dashboard.events import events
from dashboard.views import home, password, peer, peers, session

urlpatterns = [
    path("", home.home, name="home"),
    path("events/", events, name="events"),
    path("sessions/<int:pk>/", session.session, name="session"),
    path("sessions/<int:pk>/<slug:name>/", session.ask, name="session-ask"),
    path("peers/", peers.peers, name="peers"),
    path("peers/<slug:cluster>/<str:namespace>/<str:name>/", peer.peer, name="peer"),
    path("peers/<slug:cluster>/<str:namespace>/<str:name>/password/", password.password, name="peer-password"),
]
