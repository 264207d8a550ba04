"""Notices of alarms across crashes of the real worker and of beat: at least once, each time with the same key."""

from __future__ import annotations

import signal
import sqlite3

from tests.alarms.receivers import http_receiver
from tests.demo import Demo
from tests.faults.actions import send
from tests.waiting import eventually


def test_a_celery_worker_killed_in_mid_delivery_loses_no_notice(fragile: Demo) -> None:
    """The supervisor starts another one, which takes the notice when the lease of the dead one is over."""
    with http_receiver() as receiver:

        def kill() -> None:
            if len(receiver.got) == 1:
                send(fragile, "worker-notice", signal.SIGKILL)

        receiver.first = kill
        body = {"name": "hook", "kind": "webhook", "url": f"{receiver.url}/hook", "key": "k" * 16}
        route = fragile.api("POST", "alarm-routes/", json=body).json()
        notice = fragile.api("POST", f"alarm-routes/{route['id']}/test/").json()
        eventually(lambda: receiver.got, timeout=30)

        def left_behind() -> bool:
            found = fragile.api("GET", f"notices/{notice['id']}/").json()
            return bool(found["state"] == "waiting" and found["attempts"] == 1)

        eventually(left_behind, timeout=20)
        with sqlite3.connect(fragile.folder / "bgpui.sqlite3", timeout=30) as database:  # nobody waits for a minute
            database.execute("UPDATE alarms_notice SET lease_until = NULL")
        eventually(lambda: fragile.api("GET", f"notices/{notice['id']}/").json()["state"] == "sent", timeout=60)
        assert len(receiver.got) == 2
        assert {got.json["key"] for got in receiver.got} == {notice["key"]}
