"""Which queue each task goes to, so that no kind of work waits for another, and which tasks beat sends when."""

from __future__ import annotations

from typing import Any

ROUTES: dict[str, dict[str, str]] = {
    "clusters.tasks.apply_resource": {"queue": "apply"},
    "clusters.tasks.apply_changeset": {"queue": "apply"},
    "clusters.tasks.exclude_node": {"queue": "apply"},
    "clusters.tasks.sweep_outbox": {"queue": "apply"},
    "clusters.tasks.watch_trials": {"queue": "apply"},
    "clusters.tasks.look_at_secrets": {"queue": "ask"},
    "clusters.tasks.*": {"queue": "relist"},  # a slow API server must not keep sweeps waiting
    # What people ask for, however often they click, must not keep sweeps waiting either.
    **{
        f"dashboard.tasks.{name}": {"queue": "ask"}
        for name in (
            "refresh_session",
            "show_neighbor",
            "show_next_hop",
            "show_log",
            "show_routes",
            "show_exchanged",
            "look_up",
            "ask_of_changeset",
        )
    },
    # Prefixes are compared beside the sweeps, which must not wait for that.
    "dashboard.tasks.compare_cluster": {"queue": "relist"},
    "dashboard.tasks.*": {"queue": "observe"},
    "alarms.tasks.look": {"queue": "alarm"},  # alarms must not wait for sweeps
    # Heartbeats, which take two threads at most, for seconds, must not wait for receivers of notices.
    "alarms.tasks.beats": {"queue": "alarm"},
    "alarms.tasks.*": {"queue": "notice"},  # receivers of notices may be slow or away
}


def schedule(*, sweep: float, relist: float) -> dict[str, dict[str, Any]]:
    """What beat sends. sweep, relist: seconds between two of them."""
    return {
        "sweep": _every(sweep, "dashboard.tasks.sweep_clusters"),
        "compare": _every(max(sweep, 5.0), "dashboard.tasks.compare_clusters"),
        "relist": _every(relist, "clusters.tasks.relist_clusters"),
        "outbox": _every(3.0, "clusters.tasks.sweep_outbox"),
        "trials": _every(3.0, "clusters.tasks.watch_trials"),
        "alarms": _every(sweep, "alarms.tasks.look"),
        "retention": _every(3600.0, "dashboard.tasks.history_expire"),
    }


def _every(seconds: float, task: str) -> dict[str, Any]:
    """A message that no worker has taken when the next one comes is dropped."""
    return {"task": task, "schedule": seconds, "options": {"expires": seconds}}
