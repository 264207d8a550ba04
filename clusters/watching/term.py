"""One watcher at a time: whoever holds the lease in the database works, others wait for it to fall silent."""

from __future__ import annotations

import os
import socket
import time

from django.db.models import F

from clusters import clock
from clusters.models import Lease

WATCH = "watch"


class Term:
    """A process' part in a lease. lasting: seconds of silence after which others take it.

    Whether the holder lives is judged by whether its beats move, on the own monotonic clock: clocks that are set
    differently, or set anew, take nobody's lease away. All methods are queries, and raise DatabaseError.
    """

    def __init__(self, name: str, lasting: float, holder: str = "") -> None:
        self.lasting = lasting
        self.holder = holder or f"{socket.gethostname()[:150]}:{os.getpid()}"
        self._name = name
        self._renewed = float("-inf")
        self._heard: tuple[str, int] | None = None
        self._heard_at = 0.0

    @property
    def pause(self) -> float:
        """Seconds between two beats, or two looks at those of others."""
        return self.lasting / 5

    @property
    def over(self) -> bool:
        """Whether others may have it by now, had the own beats not come through."""
        return time.monotonic() - self._renewed > self.lasting * 2 / 3

    def take(self) -> bool:
        """Take it, if nobody has it, or its holder has fallen silent; whether it is ours."""
        began = time.monotonic()
        row, _made = Lease.objects.get_or_create(name=self._name)
        heard = (row.holder, row.beats)
        if row.holder and heard != self._heard:
            self._heard, self._heard_at = heard, began
            return False
        if row.holder and began - self._heard_at < self.lasting:
            return False
        free = Lease.objects.filter(name=self._name, holder=row.holder, beats=row.beats)
        return self._beaten(began, free.update(holder=self.holder, beats=F("beats") + 1, beaten_at=clock.now()))

    def renew(self) -> bool:
        """Hold on to it; False if others have taken it."""
        began = time.monotonic()
        mine = Lease.objects.filter(name=self._name, holder=self.holder)
        return self._beaten(began, mine.update(beats=F("beats") + 1, beaten_at=clock.now()))

    def give_up(self) -> None:
        """Let others have it at once."""
        Lease.objects.filter(name=self._name, holder=self.holder).update(holder="")

    def _beaten(self, began: float, rows: int) -> bool:
        if rows:
            self._renewed = began
        return bool(rows)


def watcher() -> Lease | None:
    """The lease of the process that watches, None if there was never one."""
    return Lease.objects.filter(name=WATCH).first()
